/* The walk through a plan's layers. */
#ifndef DENSEBLOCK_HOST_FORWARD_H
#define DENSEBLOCK_HOST_FORWARD_H

#include "block/plan.h"

/* What is walked, beside the plan: its first images. */
struct dblk_walk {
    int64_t images; /* not more than the plan's batch */
    const void *prepared;
    const void *x; /* to be placed in the features; NULL: it is there */
    struct dblk_tensors tensors;
    void *workspace;
};

/* Enqueues all layers, between the context's enter and leave. */
denseblock_status dblk_walk_layers(denseblock_context *context, const denseblock_plan *plan,
                                   const struct dblk_walk *walk);

/* For denseblock_context_time_layers: if somebody asks, the second one waits for what was enqueued between
 * the two, and adds its time to that of layer l of the plan that is being walked. */
denseblock_status dblk_walk_time_begin(denseblock_context *context);
denseblock_status dblk_walk_time_end(denseblock_context *context, int64_t l);

#endif
