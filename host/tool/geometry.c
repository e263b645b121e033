#include "geometry.h"

int64_t output_channels(const denseblock_desc *desc) {
    int64_t channels = desc->channels;

    for (int64_t l = 0; l < desc->layer_count; l++)
        channels += desc->layers[l].growth;
    return channels;
}

void input_shape(const denseblock_desc *desc, int64_t shape[4]) {
    shape[0] = desc->batch;
    shape[1] = desc->height;
    shape[2] = desc->width;
    shape[3] = desc->channels;
}

void output_shape(const denseblock_desc *desc, int64_t shape[4]) {
    input_shape(desc, shape);
    shape[3] = output_channels(desc);
}

int64_t layer_of_channel(const denseblock_desc *desc, int64_t channel) {
    int64_t end = desc->channels;
    int64_t layer = -1;

    while (channel >= end)
        end += desc->layers[++layer].growth;
    return layer;
}
