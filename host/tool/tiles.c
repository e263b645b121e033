#include "tiles.h"

#include <stdlib.h>

#include "minmax.h"

static size_t divide_up(size_t a, size_t b) {
    return a / b + (a % b != 0);
}

/* Adds one row of the image to the sums of the boxes it lies in. y holds the channels of a pixel
 * together, so all maps are summed at once. */
static void add_row(const denseblock_array *y, size_t row, size_t box, float *pixel,
                    tiles *made) {
    const size_t width = (size_t)y->shape[2];
    const size_t channels = (size_t)y->shape[3];
    const size_t pixel_bytes = channels * denseblock_type_size(y->type);
    const char *const data = y->data;

    for (size_t column = 0; column < width; column++) {
        const size_t at = row / box * made->width + column / box;

        denseblock_convert(DENSEBLOCK_F32, pixel, y->type,
                           data + (row * width + column) * pixel_bytes, made->count);
        for (size_t map = 0; map < made->count; map++)
            made->values[map * made->height * made->width + at] += pixel[map];
    }
}

/* Sums to averages. Boxes at the right and lower edge may be cut. */
static void average(size_t height, size_t width, size_t box, tiles *made) {
    float *value = made->values;

    for (size_t map = 0; map < made->count; map++) {
        for (size_t row = 0; row < made->height; row++) {
            for (size_t column = 0; column < made->width; column++) {
                const size_t box_height = smaller(box, height - row * box);
                const size_t box_width = smaller(box, width - column * box);

                *value++ /= (float)(box_height * box_width);
            }
        }
    }
}

outcome tiles_create(const denseblock_array *y, size_t count, size_t longest, tiles *made) {
    const size_t height = (size_t)y->shape[1];
    const size_t width = (size_t)y->shape[2];
    const size_t box = divide_up(larger(height, width), longest);
    float *pixel = calloc(count, sizeof *pixel);

    *made =
        (tiles){.count = count, .height = divide_up(height, box), .width = divide_up(width, box)};
    made->values = calloc(count * made->height * made->width, sizeof *made->values);
    if (pixel == NULL || made->values == NULL) {
        free(pixel);
        return fail_out_of_memory();
    }
    for (size_t row = 0; row < height; row++)
        add_row(y, row, box, pixel, made);
    average(height, width, box, made);
    free(pixel);
    return OUTCOME_SUCCESS;
}

const float *tiles_map(const tiles *maps, size_t map) {
    return maps->values + map * maps->height * maps->width;
}

void tiles_free(tiles *maps) {
    free(maps->values);
    *maps = (tiles){0};
}
