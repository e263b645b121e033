/* Where the transforms between two layers are one kernel, and in which strips. */
#include "winograd.h"
#include "winograd_strip.h"

static int64_t divide_up(int64_t a, int64_t b) {
    return a / b + (a % b != 0);
}

static int64_t tile_rows_of(const struct dblk_winograd_images *images) {
    return dblk_winograd_tiles(images->tile, 1, images->height, 1);
}

double dblk_winograd_times_read(const struct dblk_winograd_images *images, int64_t strip_rows) {
    const int64_t rows = tile_rows_of(images);
    return (double)(rows + 2 * (divide_up(rows, strip_rows) - 1)) / (double)rows;
}

/* Bytes of all products of `growth` columns, and of the outputs. */
static double products_bytes(const struct dblk_winograd_images *images, int64_t growth) {
    const size_t size = images->type == DENSEBLOCK_F64 ? sizeof(double) : sizeof(float);
    return (double)dblk_winograd_tiles(images->tile, images->images, images->height,
                                       images->width) *
           dblk_winograd_points(images->tile) * (double)growth * (double)size;
}

static double outputs_bytes(const struct dblk_winograd_images *images, int64_t growth) {
    return (double)(images->images * images->height * images->width) * (double)growth *
           (double)denseblock_type_size(images->type);
}

int64_t dblk_winograd_strip_rows(const struct dblk_winograd_images *images, int64_t growth) {
    /* What is written into the stack is the same for all. A second launch reads the outputs, and their
     * rows that two rows of tiles share twice; it takes as long as so many bytes more. Fewer blocks than
     * keep a GPU busy are slower in proportion. */
    static const double LAUNCH_BYTES = 4e6, BUSY_BLOCKS = 128;
    const double read_again = (images->tile + 2.0) / images->tile;
    const int64_t rows = tile_rows_of(images);
    const int64_t columns = dblk_winograd_tiles(images->tile, 1, 1, images->width);
    const double groups =
        (double)divide_up(growth * (int64_t)denseblock_type_size(images->type), DBLK_STRIP_PIXEL);
    const double products = products_bytes(images, growth);
    const double outputs = outputs_bytes(images, growth);
    double least = products + (1 + read_again) * outputs + LAUNCH_BYTES;
    int64_t best = 0;
    if (images->images == 0)
        return 0;
    for (int64_t strip = 1; strip <= rows; strip++) {
        if (dblk_strip_bytes(images->tile, columns, strip) > DBLK_STRIP_MOST_BYTES)
            break;
        const double blocks = (double)images->images * (double)divide_up(rows, strip) * groups;
        const double idle = blocks < BUSY_BLOCKS ? BUSY_BLOCKS / blocks : 1;
        const double bytes =
            idle * (products * dblk_winograd_times_read(images, strip) + outputs);
        if (bytes < least) {
            least = bytes;
            best = strip;
        }
    }
    return best;
}
