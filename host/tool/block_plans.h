/* The plans by which a block is run in one way of holding its features: one for all of it in place,
 * or one for every step from a tensor to the next; and the sizes of what they work on, so that
 * whoever runs them need not know what kind of block it is. */
#ifndef TOOL_BLOCK_PLANS_H
#define TOOL_BLOCK_PLANS_H

#include "concatenation.h"
#include "denseblock.h"

/* Layers that are computed by one plan. */
typedef struct planned_layers {
    denseblock_plan *plan;
    int64_t first, count;
} planned_layers;

typedef struct block_plans {
    concatenation how;
    planned_layers *parts;
    int64_t count;          /* 1 in place, else `steps` */
    size_t weights_bytes;   /* of all of them */
    size_t workspace_bytes; /* the largest, which all can use in turns */
    int64_t steps;          /* from X_0 to the last X: layers, or units of a residual block */
    size_t *features;       /* bytes of X_0 .. X_steps */
    size_t *kernels;        /* bytes of every layer's kernel */
    size_t pixels;          /* N * H * W */
    size_t x_pixel;         /* bytes of x's channels in one of them */
} block_plans;

/* What denseblock_plan_create says of the first plan that cannot be made; without a detail where
 * there is no memory for the list of them: see block_plans_fail.
 *
 *   options   a group size is for layers in place only: a layer alone is a group of one
 *   made      receives them, for block_plans_free; nothing on error */
denseblock_status block_plans_create(const denseblock_desc *desc, denseblock_backend backend,
                                     const denseblock_plan_options *options, concatenation how,
                                     block_plans *made);

/* The same for a residual block, whose layers are never in groups. */
denseblock_status residual_plans_create(const denseblock_residual_desc *desc,
                                        denseblock_backend backend,
                                        const denseblock_plan_options *options, concatenation how,
                                        block_plans *made);

/* Prints why, and returns the outcome that belongs to it. */
outcome block_plans_fail(denseblock_status status);

/* A zeroed struct is allowed. */
void block_plans_free(block_plans *plans);

/* Bytes of X_l, 0 <= l <= L, for a block that a plan has accepted. */
size_t features_bytes(const denseblock_desc *desc, int64_t l);

#endif
