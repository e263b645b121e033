#include "tiles.h"

#include <stdlib.h>

#include "minmax.h"

static size_t divide_up(size_t a, size_t b) {
    return a / b + (a % b != 0);
}

/* Adds one row of the image to the sums of the boxes it lies in. y holds the channels of a pixel
 * together, so all maps are summed at once. The sums are in double: large floats have none in
 * float. */
static void add_row(const denseblock_array *y, const channel_range *ranges, size_t row,
                    size_t box, double *pixel, tiles *made) {
    const size_t width = (size_t)y->shape[2];
    const size_t size = denseblock_type_size(y->type);
    const size_t pixel_bytes = (size_t)y->shape[3] * size;
    const char *const data = y->data;

    for (size_t column = 0; column < width; column++) {
        const size_t at = row / box * made->width + column / box;
        const char *const elements = data + (row * width + column) * pixel_bytes;

        denseblock_convert(DENSEBLOCK_F64, pixel, y->type, elements + ranges[0].first * size,
                           ranges[0].count);
        denseblock_convert(DENSEBLOCK_F64, pixel + ranges[0].count, y->type,
                           elements + ranges[1].first * size, ranges[1].count);
        for (size_t map = 0; map < made->count; map++)
            made->values[map * made->height * made->width + at] += pixel[map];
    }
}

/* Sums to averages. Boxes at the right and lower edge may be cut. */
static void average(size_t height, size_t width, size_t box, tiles *made) {
    double *value = made->values;

    for (size_t map = 0; map < made->count; map++) {
        for (size_t row = 0; row < made->height; row++) {
            for (size_t column = 0; column < made->width; column++) {
                const size_t box_height = smaller(box, height - row * box);
                const size_t box_width = smaller(box, width - column * box);

                *value++ /= (double)(box_height * box_width);
            }
        }
    }
}

outcome tiles_create(const denseblock_array *y, const channel_range ranges[2], size_t longest,
                     tiles *made) {
    const size_t count = ranges[0].count + ranges[1].count;
    const size_t height = (size_t)y->shape[1];
    const size_t width = (size_t)y->shape[2];
    const size_t box = divide_up(larger(height, width), longest);
    double *pixel = calloc(count, sizeof *pixel);

    *made =
        (tiles){.count = count, .height = divide_up(height, box), .width = divide_up(width, box)};
    made->values = calloc(count * made->height * made->width, sizeof *made->values);
    if (pixel == NULL || made->values == NULL) {
        free(pixel);
        return fail_out_of_memory();
    }
    for (size_t row = 0; row < height; row++)
        add_row(y, ranges, row, box, pixel, made);
    average(height, width, box, made);
    free(pixel);
    return OUTCOME_SUCCESS;
}

const double *tiles_map(const tiles *maps, size_t map) {
    return maps->values + map * maps->height * maps->width;
}

void tiles_free(tiles *maps) {
    free(maps->values);
    *maps = (tiles){0};
}
