/* What the tensor-core convolution needs of memory. */
#include <stdlib.h>

#include "tensor_shape.h"
#include "tensor_share.h"

static int64_t divide_up(int64_t a, int64_t b) {
    return a / b + (a % b != 0);
}

size_t dblk_tensor_weights_bytes(const struct dblk_tensor_way *way, int64_t kernel_height,
                                 int64_t kernel_width, int64_t channels, int64_t columns) {
    const int64_t factors[] = {kernel_height, kernel_width,
                               divide_up(channels, dblk_tensor_chunk(way->form, way->window)),
                               divide_up(columns, way->tile_columns)};
    size_t bytes = (size_t)dblk_tensor_tap_bytes(way->form, way->window, way->tile_columns);
    for (size_t i = 0; i < sizeof factors / sizeof factors[0]; i++)
        if (__builtin_mul_overflow(bytes, (size_t)factors[i], &bytes))
            return SIZE_MAX;
    return bytes;
}

int64_t dblk_tensor_chunks(const struct dblk_tensor_way *way, int64_t channels) {
    const int64_t chunks = divide_up(channels, dblk_tensor_chunk(way->form, way->window));
    return chunks > 0 ? chunks : 1;
}

int64_t dblk_tensor_tiles(const struct dblk_tensor_way *way, int64_t pixels, int64_t columns) {
    return divide_up(pixels, DBLK_TENSOR_PIXELS) * divide_up(columns, way->tile_columns);
}

size_t dblk_tensor_parts_bytes(const struct dblk_tensor_way *way, int64_t pixels,
                               int64_t columns) {
    const int64_t tiles = dblk_tensor_tiles(way, pixels, columns);
    if (way->blocks == 0 || tiles == 0)
        return 0;
    return (size_t)dblk_tensor_share_slots(tiles, way->blocks) *
           dblk_tensor_part_floats(way->tile_columns) * sizeof(float);
}

static size_t stage_bytes(const struct dblk_tensor_way *way, int64_t width) {
    return (size_t)dblk_tensor_positions(way->window, width) *
               (size_t)dblk_tensor_pitch(way->window) +
           (size_t)dblk_tensor_taps(way->window) *
               (size_t)dblk_tensor_tap_bytes(way->form, way->window, way->tile_columns);
}

size_t dblk_tensor_shared_bytes(const struct dblk_tensor_way *way, int64_t width) {
    const size_t barriers = way->instructions == DBLK_TENSOR_WGMMA ? TENSOR_BARRIERS : 0;
    return TENSOR_ZEROS + barriers + (size_t)way->stages * stage_bytes(way, width);
}

/* Sets the tile for so many columns, and stages; false where shared memory does not suffice. */
static bool find_tile(int64_t columns, int64_t width, size_t shared_bytes,
                      struct dblk_tensor_way *way) {
    way->stages = 2;
    way->blocks = 0;
    way->tile_columns =
        columns > DBLK_TENSOR_NARROW ? dblk_tensor_wide(way->form) : DBLK_TENSOR_NARROW;
    if (dblk_tensor_shared_bytes(way, width) > shared_bytes)
        way->tile_columns = DBLK_TENSOR_NARROW;
    if (dblk_tensor_shared_bytes(way, width) > shared_bytes)
        return false;
    /* Where a multiprocessor has registers for one block only, the memory is for further windows. */
    const bool wgmma = way->instructions == DBLK_TENSOR_WGMMA;
    if (wgmma || way->tile_columns != DBLK_TENSOR_NARROW) {
        way->stages = wgmma ? 4 : 3;
        while (dblk_tensor_shared_bytes(way, width) > shared_bytes)
            way->stages--;
    }
    return true;
}

bool dblk_tensor_find_way(enum dblk_tensor_form form, enum dblk_tensor_instructions instructions,
                          int64_t kernel_height, int64_t kernel_width, int64_t width,
                          int64_t columns, size_t shared_bytes, struct dblk_tensor_way *way) {
    const enum dblk_direct_window window = dblk_direct_window_of(kernel_height, kernel_width);
    way->form = form;
    way->instructions = instructions;
    way->window = window == DBLK_WINDOW_1X1   ? DBLK_TENSOR_1X1
                  : window == DBLK_WINDOW_3X3 ? DBLK_TENSOR_3X3
                                              : DBLK_TENSOR_ROW;
    if (way->window != DBLK_TENSOR_3X3)
        return find_tile(columns, width, shared_bytes, way);
    /* Of a wide plane a halo of three rows may not fit, but one row at a time does. */
    enum { WIDEST = DBLK_DIRECT_MOST_PIXELS / 4 };
    if (width <= WIDEST && find_tile(columns, width, shared_bytes, way) &&
        (columns <= DBLK_TENSOR_NARROW || way->tile_columns != DBLK_TENSOR_NARROW))
        return true;
    way->window = DBLK_TENSOR_ROW;
    return find_tile(columns, width, shared_bytes, way);
}

bool dblk_tensor_find_product_way(enum dblk_tensor_form form,
                                  enum dblk_tensor_instructions instructions, int64_t columns,
                                  size_t shared_bytes, struct dblk_tensor_way *way) {
    way->form = form;
    way->instructions = instructions;
    way->window = DBLK_TENSOR_PRODUCT;
    return find_tile(columns, 1, shared_bytes, way);
}
