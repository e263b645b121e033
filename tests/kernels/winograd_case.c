#include "winograd_case.h"

#include <stdlib.h>

#include "device_case.h"

const struct form forms[FORMS] = {
    {DENSEBLOCK_F64, 2, 1e-14}, {DENSEBLOCK_F32, 2, 1e-6},  {DENSEBLOCK_F32, 4, 4e-6},
    {DENSEBLOCK_F16, 2, 4e-3},  {DENSEBLOCK_BF16, 2, 3e-2},
};

size_t size_of(const struct layer *layer) {
    return denseblock_type_size(layer->images.type);
}

denseblock_type real_type(denseblock_type type) {
    return type == DENSEBLOCK_F64 ? DENSEBLOCK_F64 : DENSEBLOCK_F32;
}

void layer_fill(uint64_t *seed, struct layer *layer) {
    const struct dblk_winograd_images *images = &layer->images;
    layer->tiles =
        dblk_winograd_tiles(images->tile, images->images, images->height, images->width);
    layer->y_count =
        (size_t)(images->images * images->height * images->width * images->feature_pitch);
    layer->y = random_elements(seed, images->type, layer->y_count);
    layer->kernel =
        random_elements(seed, images->type, (size_t)(9 * layer->channels * layer->growth));
}

struct layer layer_make(uint64_t *seed, denseblock_type type, int tile) {
    const int64_t unit = INT64_C(1) << random_size(seed, 0, 2);
    struct layer layer = {
        .images = {.type = type,
                   .tile = tile,
                   .images = random_size(seed, 1, 3),
                   .height = random_size(seed, 1, 7),
                   .width = random_size(seed, 1, 11)},
        .channels = unit * random_size(seed, 1, 5),
        .growth = unit * random_size(seed, 1, 5),
        .points = dblk_winograd_points(tile),
    };
    layer.images.feature_pitch = layer.channels + layer.growth + unit * random_size(seed, 0, 3);
    layer.stack_stride = layer.channels + unit * random_size(seed, 0, 2);
    layer.column = unit * random_size(seed, 0, 3);
    layer.columns = layer.column + layer.growth + unit * random_size(seed, 0, 3);
    layer.products_stride = layer.columns + unit * random_size(seed, 0, 2);
    layer_fill(seed, &layer);
    return layer;
}

void layer_free(struct layer *layer) {
    free(layer->y);
    free(layer->kernel);
}
