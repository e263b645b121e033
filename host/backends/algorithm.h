/* What backends say of algorithms and groups, in the same words. */
#ifndef DENSEBLOCK_HOST_ALGORITHM_H
#define DENSEBLOCK_HOST_ALGORITHM_H

#include "block/plan.h"

struct dblk_text;

/* "direct", "Winograd F(2x2)", "Winograd F(4x4)". */
const char *dblk_algorithm_name(denseblock_algorithm algorithm);

static inline bool dblk_algorithm_is_winograd(denseblock_algorithm algorithm) {
    return algorithm == DENSEBLOCK_ALGORITHM_WINOGRAD2 ||
           algorithm == DENSEBLOCK_ALGORITHM_WINOGRAD4;
}

static inline bool dblk_layer_is_3x3(const struct dblk_layer *layer) {
    return layer->kernel_height == 3 && layer->kernel_width == 3;
}

static inline bool dblk_layers_same_kernel_size(const struct dblk_layer *a,
                                                const struct dblk_layer *b) {
    return a->kernel_height == b->kernel_height && a->kernel_width == b->kernel_width;
}

/* Layers that are computed together, since products are linear in the channels: first from all channels
 * that were there before the group to the columns of all its layers, the outer product; then for each
 * layer but the first the inner product adds what comes from the group's own channels. And a layer's
 * place among them. */
struct dblk_group {
    int64_t first, size; /* layers */
    int64_t channels;    /* those before the group */
    int64_t columns;     /* of the outer product */
    int64_t column;      /* this layer's first one among them */
};

/* DENSEBLOCK_UNSUPPORTED for a Winograd algorithm that was asked for and does not suit the layers, or
 * the accuracy. */
denseblock_status dblk_algorithm_check(const denseblock_plan *plan,
                                       const denseblock_plan_options *options);

/* The beginning of a line on layers [first, first + size): "layer 3: ", "layers 4..7 as a group: ";
 * then the algorithm, the kernel and the channels, without an end of the line. */
void dblk_describe_group(struct dblk_text *text, const denseblock_plan *plan, int64_t first,
                         int64_t size, denseblock_algorithm algorithm);

/* A line: how many images the layer loop takes at a time. */
void dblk_describe_slices(struct dblk_text *text, const denseblock_plan *plan);

#endif
