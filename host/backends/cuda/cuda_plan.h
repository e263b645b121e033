/* What the cuda backend adds to a plan: groups of layers, where their weights are, tiles.
 *
 * A group is computed in two parts, since a convolution is linear in its channels. The outer
 * convolution goes from all channels that were there before the group to the columns of all its
 * layers: it completes the first layer, and leaves partial sums of the others in the workspace. Then
 * for each other layer the inner convolution adds what comes from the group's own channels.
 *
 * Workspace: partial sums [pixels of a slice][sums_stride], f64 for f64 tensors and f32 otherwise; then
 * what the splits of one convolution at a time sum up.
 * Prepared weights: for each group those of the outer convolution, then those of each inner one. */
#ifndef DENSEBLOCK_HOST_CUDA_PLAN_H
#define DENSEBLOCK_HOST_CUDA_PLAN_H

#include "block/plan.h"
#include "direct.h"
#include "tensor.h"

struct dblk_cuda_layer {
    int64_t group_first, group_size;     /* the group that it belongs to */
    int64_t group_channels;              /* those before the group */
    int64_t group_columns;               /* of the outer convolution, padding included */
    int64_t column;                      /* this layer's first one among them */
    size_t outer_offset;                 /* bytes, in the prepared weights */
    struct dblk_direct_tile tile;        /* on ordinary cores */
    struct dblk_tensor_way outer, inner; /* on tensor cores */
};

struct dblk_cuda_plan {
    bool tensor;                /* on tensor cores */
    enum dblk_tensor_form form; /* there */
    size_t parts_offset;        /* bytes, in the workspace: sums of splits, on tensor cores */
    size_t parts_bytes;

    /* What the model says that an execution takes; and at the least, for the products, and to read the
     * weights and x and write y. */
    double microseconds, products_microseconds, memory_microseconds;
    int64_t sums_stride; /* from one pixel's partial sums to the next's */
    struct dblk_cuda_layer layers[];
};

static inline const struct dblk_cuda_plan *dblk_cuda_plan_of(const denseblock_plan *plan) {
    return (const struct dblk_cuda_plan *)plan->details;
}

/* Columns of the layer, with the padding to where the next one's begin. */
static inline int64_t dblk_cuda_padded(int64_t growth) {
    return (growth + DBLK_DIRECT_COLUMN_ALIGNMENT - 1) / DBLK_DIRECT_COLUMN_ALIGNMENT *
           DBLK_DIRECT_COLUMN_ALIGNMENT;
}

/* plan and describe of struct dblk_backend. */
denseblock_status dblk_cuda_plan_make(denseblock_plan *plan,
                                      const denseblock_plan_options *options);
struct dblk_text;
void dblk_cuda_plan_describe(struct dblk_text *text, const denseblock_plan *plan);

#endif
