/* Winograd layers with a kept transform (cuda/winograd.h) in plans of the backends of GPUs: where the
 * stack and the products lie, and all that is done beside the matrix products, which each backend
 * computes its own way.
 *
 * The transformed features of a slice of the batch, the stack, are kept for all layers of the block.
 * The outer products of a group (backends/algorithm.h) are computed with its first layer; for each other
 * one the inner products are added to them. Then the output transform completes the layer, and the input
 * transform of what it has added follows, in the same kernel where that pays.
 *
 * Workspace: the stack, and behind it, at a multiple of DENSEBLOCK_ALIGNMENT, a group's products. */
#ifndef DENSEBLOCK_HOST_WINOGRAD_STACK_H
#define DENSEBLOCK_HOST_WINOGRAD_STACK_H

#include "backends/algorithm.h"
#include "winograd.h"

struct dblk_winograd_stack {
    int tile;                /* of the Winograd layers; 0: there is none */
    bool tf32;               /* the stack is rounded to TF32 */
    int64_t last_layer;      /* the last Winograd layer: later features are not transformed */
    int64_t stride;          /* elements from tile to tile: channels */
    int64_t products_stride; /* likewise: columns of the largest group */
    int64_t slice_tiles;     /* of plan->slice_images */
    size_t bytes;            /* of a slice's stack: the products follow */
    int64_t strip_rows;      /* of dblk_winograd_between; 0: two launches */
};

/* ---- The plan ---- */

/* The type of products, which are sums. */
static inline denseblock_type dblk_winograd_products_type(const denseblock_plan *plan) {
    return plan->type == DENSEBLOCK_F64 ? DENSEBLOCK_F64 : DENSEBLOCK_F32;
}

/* DENSEBLOCK_UNSUPPORTED for an algorithm that was asked for and that no backend of GPUs has. */
denseblock_status dblk_winograd_stack_check(const denseblock_plan *plan,
                                            const denseblock_plan_options *options);

/* Elements of a row, with what is left free behind them so that the next one begins where a GPU loads 16
 * bytes at once. */
int64_t dblk_aligned_row(const denseblock_plan *plan, int64_t elements);

/* A stack without layers; then one that is also for the layers of a Winograd group, which come in
 * order. */
void dblk_winograd_stack_clear(struct dblk_winograd_stack *stack);
void dblk_winograd_stack_add(struct dblk_winograd_stack *stack, const denseblock_plan *plan,
                             const struct dblk_group *group, denseblock_algorithm algorithm);

/* A stack of plan->slice_images for all 3x3 layers of the block, each by itself; none for DIRECT.
 * False where its bytes overflow, or where a launch could not take so many images. */
bool dblk_winograd_stack_reserve(struct dblk_winograd_stack *stack, const denseblock_plan *plan,
                                 denseblock_algorithm algorithm);

/* Bytes of the products of a group of so many columns, of plan->slice_images; false where they
 * overflow. */
bool dblk_winograd_products_bytes(const struct dblk_winograd_stack *stack,
                                  const denseblock_plan *plan, int64_t columns, size_t *bytes);

/* Bytes for so many images; false where they overflow, or where no launch could take one image. */
bool dblk_winograd_stack_bytes(const struct dblk_winograd_stack *stack,
                               const denseblock_plan *plan, int64_t images, size_t *stack_bytes,
                               size_t *products_bytes);

/* Images of one launch, at the most. */
int64_t dblk_winograd_most_images(const struct dblk_winograd_stack *stack,
                                  const denseblock_plan *plan);

/* Sets what follows from plan->slice_images, one or more, whose stack has so many bytes. */
void dblk_winograd_stack_set_slice(struct dblk_winograd_stack *stack, const denseblock_plan *plan,
                                   size_t bytes);

/* Whether one kernel completes Winograd layer l and transforms what it has added. */
bool dblk_winograd_is_fused(const struct dblk_winograd_stack *stack, int64_t l);

/* How many times its products are read then, on average. */
double dblk_winograd_stack_times_read(const struct dblk_winograd_stack *stack,
                                      const denseblock_plan *plan);

/* A line, if transforms are fused: in which strips. */
struct dblk_text;
void dblk_winograd_stack_describe(struct dblk_text *text,
                                  const struct dblk_winograd_stack *stack);

/* ---- Its execution ---- */

/* Transforms of layer l's kernel: its part of the outer weights, and unless it is the first of its group
 * its inner weights. */
struct dblk_winograd_preparation {
    const denseblock_plan *plan;
    const struct dblk_winograd_stack *stack;
    const struct dblk_group *group;
    int64_t l;
    const void *kernel;
    void *outer, *inner; /* weights */
    enum dblk_winograd_order order;
    const struct dblk_tensor_way *outer_way, *inner_way; /* see struct dblk_winograd_weights */
};
denseblock_status dblk_winograd_prepare(void *stream,
                                        const struct dblk_winograd_preparation *preparation);

/* A region, its tensors, and the workspace. */
struct dblk_winograd_call {
    void *stream;
    const denseblock_plan *plan;
    const struct dblk_winograd_stack *stack;
    const struct dblk_region *region; /* whole images */
    const struct dblk_tensors *tensors;
    void *workspace;

    /* See struct dblk_winograd_images; false between the kernels of libraries, which are launched
     * when all before them has ended. */
    bool dependent;
};

/* Transform what Winograd layers will read: before layer l the block's input, if it is the first; after
 * it, if it is direct, what it has added. */
denseblock_status dblk_winograd_keep_before(const struct dblk_winograd_call *call, int64_t l);
denseblock_status dblk_winograd_keep_after(const struct dblk_winograd_call *call, int64_t l);

/* What is to be multiplied for layer l, with outer or inner weights [points][inner][columns]: c = a * b,
 * or c += a * b, for every point. Strides in elements from row to row, steps from point to point. */
struct dblk_winograd_products {
    bool outer;
    int64_t rows, inner, columns;
    const void *a; /* in the stack */
    void *c;       /* in the products */
    int64_t a_stride, c_stride, a_step, c_step;
    int points;
};
struct dblk_winograd_products dblk_winograd_products_of(const struct dblk_winograd_call *call,
                                                        const struct dblk_group *group,
                                                        int64_t l);

/* Completes layer l, whose kernel as it came is there for sums that are not finite, and transforms what
 * it has added if Winograd layers will read it. */
denseblock_status dblk_winograd_complete(const struct dblk_winograd_call *call,
                                         const struct dblk_group *group, int64_t l,
                                         const void *kernel);

#endif
