/* How weights lie in memory, which tile suits a plane, and what is too large. */
#include "direct_shape.h"

#include <stdlib.h>

#include "status/fail.h"

static int64_t divide_up(int64_t a, int64_t b) {
    return a / b + (a % b != 0);
}

/* A tile of 64 columns reads a third less of shared memory for a product than one of 32: it is worth
 * being filled with an eighth of padding. */
static int tile_columns(denseblock_type type, int64_t columns) {
    if (type == DENSEBLOCK_F64 || columns <= 32)
        return 32;
    return 8 * divide_up(columns, 32) < 7 * 2 * divide_up(columns, 64) ? 32 : 64;
}

static bool multiply(size_t *product, int64_t factor) {
    return !__builtin_mul_overflow(*product, (size_t)factor, product);
}

struct dblk_direct_layout dblk_direct_layout(denseblock_type type, int64_t kernel_height,
                                             int64_t kernel_width, int64_t channels,
                                             int64_t columns) {
    const enum dblk_direct_window window = dblk_direct_window_of(kernel_height, kernel_width);
    struct dblk_direct_layout layout = {
        .chunk_channels = dblk_direct_chunk(type, window),
        .tile_columns = tile_columns(type, columns),
    };
    layout.chunks = divide_up(channels, layout.chunk_channels);
    layout.column_tiles = divide_up(columns, layout.tile_columns);
    layout.bytes = type == DENSEBLOCK_F64 ? sizeof(double) : sizeof(float);
    if (!multiply(&layout.bytes, layout.chunk_channels) ||
        !multiply(&layout.bytes, layout.tile_columns) ||
        !multiply(&layout.bytes, kernel_height) || !multiply(&layout.bytes, kernel_width) ||
        !multiply(&layout.bytes, layout.chunks) || !multiply(&layout.bytes, layout.column_tiles))
        layout.bytes = SIZE_MAX;
    return layout;
}

struct dblk_direct_tile dblk_direct_tile(int64_t images, int64_t height, int64_t width,
                                         int64_t kernel_height, int64_t kernel_width) {
    const enum dblk_direct_window window = dblk_direct_window_of(kernel_height, kernel_width);
    if (dblk_direct_has_one_tap(window))
        return (struct dblk_direct_tile){.rows = 1, .column_groups = DBLK_DIRECT_RUNS};
    struct dblk_direct_tile best = {.rows = 1, .column_groups = 1};
    int64_t best_blocks = INT64_MAX, best_halo = INT64_MAX;
    for (int groups = 1; groups <= DBLK_DIRECT_RUNS; groups++)
        for (int rows = 1; rows * groups <= DBLK_DIRECT_RUNS; rows++) {
            const int64_t halo = dblk_direct_halo_rows(window, rows, images, height) *
                                 dblk_direct_row_stride(window, groups);
            if (halo > dblk_direct_positions(window))
                continue;
            const int64_t blocks = divide_up(images * height, rows) *
                                   divide_up(divide_up(width, DBLK_DIRECT_RUN), groups);
            if (blocks < best_blocks || (blocks == best_blocks && halo < best_halo)) {
                best = (struct dblk_direct_tile){.rows = rows, .column_groups = groups};
                best_blocks = blocks;
                best_halo = halo;
            }
        }
    return best;
}

struct dblk_direct_convolution dblk_direct_of_product(const struct dblk_direct_product *p) {
    return (struct dblk_direct_convolution){
        .type = p->type,
        .images = 1,
        .height = 1,
        .width = p->rows,
        .features = p->a,
        .feature_pitch = p->a_stride,
        .kernel_height = 1,
        .kernel_width = 1,
        .channels = p->inner,
        .weights = p->b,
        .columns = p->columns,
        .sums = p->c,
        .sums_stride = p->c_stride,
        .sums_from = p->add ? 0 : -1,
        .tile = dblk_direct_tile(1, 1, p->rows, 1, 1),
        .dependent = p->dependent,
    };
}

/* Sizes up to this leave room for what the kernel computes from them in 32 bits. */
enum { LARGEST = DBLK_DIRECT_MOST_PIXELS };

static denseblock_status check_size(const char *what, int64_t count) {
    if (count <= LARGEST)
        return DENSEBLOCK_OK;
    return dblk_fail(DENSEBLOCK_UNSUPPORTED,
                     "the cuda backend convolves at most %d %s at once: these are more", LARGEST,
                     what);
}

/* The products cannot overflow: all of the tensors are memory. */
denseblock_status dblk_direct_check(const struct dblk_direct_convolution *c) {
    const int64_t pixels = c->images * c->height * c->width;
    denseblock_status status = check_size("pixels", pixels + c->images);
    if (status == DENSEBLOCK_OK)
        status = check_size("channels", c->channels + c->columns);
    if (status == DENSEBLOCK_OK)
        status = check_size("rows of a kernel", c->kernel_height);
    if (status == DENSEBLOCK_OK)
        status = check_size("columns of a kernel", c->kernel_width);
    return status;
}
