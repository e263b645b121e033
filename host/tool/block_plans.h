/* The plans by which a way of concatenation runs a block: one of all layers in place, or one for
 * every layer. */
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
    planned_layers *parts;
    int64_t count;          /* 1, or the number of layers */
    size_t weights_bytes;   /* of all of them */
    size_t workspace_bytes; /* the largest, which all can use in turns */
} block_plans;

/* What denseblock_plan_create says of the first plan that cannot be made; without a detail where
 * there is no memory for the list of them: see block_plans_fail.
 *
 *   options   a group size is for layers in place only: a layer alone is a group of one
 *   made      receives them, for block_plans_free; nothing on error */
denseblock_status block_plans_create(const denseblock_desc *desc, denseblock_backend backend,
                                     const denseblock_plan_options *options, concatenation how,
                                     block_plans *made);

/* Prints why, and returns the outcome that belongs to it. */
outcome block_plans_fail(denseblock_status status);

/* A zeroed struct is allowed. */
void block_plans_free(block_plans *plans);

/* Bytes of X_l, 0 <= l <= L, for a block that a plan has accepted. */
size_t features_bytes(const denseblock_desc *desc, int64_t l);

/* Bytes of layer l's kernel, likewise. */
size_t layer_kernel_bytes(const denseblock_desc *desc, int64_t l);

#endif
