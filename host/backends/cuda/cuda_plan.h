/* What the cuda backend adds to a plan: groups of layers, their algorithms, where their weights are,
 * tiles.
 *
 * The outer product of a direct group is a convolution that completes the first layer, and leaves partial
 * sums of the others in the workspace. Then for each other layer the inner convolution adds what comes
 * from the group's own channels. Winograd groups, which are there on tensor cores, and for f32 and f64 on
 * ordinary ones: see backends/winograd_stack.h.
 *
 * Workspace: the stack of Winograd layers; then a group's products, or its partial sums [pixels of a
 * slice][sums_stride], f64 for f64 tensors and f32 otherwise; then what is summed up of tiles that
 * several blocks of threads share, of one convolution at a time.
 * Prepared weights: for each group those of the outer product, then those of each inner one; of Winograd
 * layers also the kernel as it came. */
#ifndef DENSEBLOCK_HOST_CUDA_PLAN_H
#define DENSEBLOCK_HOST_CUDA_PLAN_H

#include "backends/cuda/cuda_model.h"
#include "backends/winograd_stack.h"
#include "device/cuda_devices.h"
#include "direct.h"
#include "tensor.h"

struct dblk_cuda_layer {
    denseblock_algorithm algorithm; /* never AUTO */
    struct dblk_group group;        /* its columns with padding */
    int64_t sums_stride;            /* from one pixel's partial sums of the group to the next's */
    size_t parts_offset;            /* bytes, in the workspace: parts of shared tiles */
    size_t outer_offset, inner_offset;   /* bytes, in the prepared weights */
    struct dblk_direct_tile tile;        /* on ordinary cores, if direct */
    struct dblk_tensor_way outer, inner; /* on tensor cores */
};

struct dblk_cuda_plan {
    struct dblk_cuda_limits gpu;
    bool overlaps;                              /* launches, where the GPU has that */
    bool tensor;                                /* on tensor cores */
    enum dblk_tensor_form form;                 /* there */
    enum dblk_tensor_instructions instructions; /* there */
    struct dblk_winograd_stack stack;
    size_t room; /* bytes behind the stack, while groups are chosen */

    /* Of an execution, by the model: what it takes, what it computes and moves, and what it takes
     * at the least for the former. */
    double microseconds, multiply_adds, products_microseconds;
    struct dblk_cuda_traffic traffic;
    struct dblk_cuda_layer layers[];
};

static inline const struct dblk_cuda_plan *dblk_cuda_plan_of(const denseblock_plan *plan) {
    return (const struct dblk_cuda_plan *)plan->details;
}

/* The way of layer l's product, on tensor cores: the outer one for the first of a group. */
static inline struct dblk_tensor_way *dblk_cuda_way_of(const denseblock_plan *plan, int64_t l) {
    struct dblk_cuda_layer *planned = &((struct dblk_cuda_plan *)plan->details)->layers[l];
    return l == planned->group.first ? &planned->outer : &planned->inner;
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
