/* Residual blocks: their plan has a plan for either convolution of a unit, as a layer of its own. */
#ifndef DENSEBLOCK_HOST_RESIDUAL_H
#define DENSEBLOCK_HOST_RESIDUAL_H

#include "block/forward.h"

struct dblk_residual {
    denseblock_plan
        *convolutions[2]; /* for the images of a slice: the first one from y to what is
                                         hidden, the second one from there, added to y */
    size_t
        hidden_bytes; /* of what is between the two, first in the workspace; theirs is behind it */
};

/* NULL is allowed. */
void dblk_residual_destroy(struct dblk_residual *residual);

/* Enqueues all units of a plan that has residual. */
denseblock_status dblk_residual_forward(denseblock_context *context, const denseblock_plan *plan,
                                        const struct dblk_walk *walk);

/* prepare_layer of struct dblk_backend, for such a plan. */
denseblock_status dblk_residual_prepare_layer(denseblock_context *context,
                                              const denseblock_plan *plan, int64_t l,
                                              const void *kernel, void *prepared);

#endif
