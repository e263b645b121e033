/* What is mutable in an execution. */
#ifndef DENSEBLOCK_HOST_CONTEXT_H
#define DENSEBLOCK_HOST_CONTEXT_H

#include "denseblock.h"

struct dblk_backend;
struct dblk_device;
struct dblk_queue;

struct denseblock_context {
    const struct dblk_backend *backend;
    int device;
    struct dblk_queue *queue;      /* of that device */
    void *state;                   /* of the backend: struct dblk_backend's open */
    denseblock_progress *progress; /* NULL: nobody asks */
    void *progress_user;
    double *layer_seconds; /* receives the time of every layer; NULL: nobody asks */
    /* Of the execution that is running: */
    double flops, flops_done;
    int64_t first_layer; /* the number of the first layer of the plan that is being walked */
    bool launched;       /* the cuda backend's: the last thing that it enqueued is a kernel */
};

/* The kind of device that it computes on. */
const struct dblk_device *dblk_context_device(const denseblock_context *context);

/* Makes the context's device the current one of the calling thread, and back again. */
denseblock_status dblk_context_enter(const denseblock_context *context, int *previous);
void dblk_context_leave(const denseblock_context *context, int previous);

/* DENSEBLOCK_INVALID_ARGUMENT unless both are there and made for the same backend and device.
 * `function` begins the message. */
denseblock_status dblk_context_check(const denseblock_context *context,
                                     const denseblock_plan *plan, const char *function);

/* Tells who asked that so many operations are done, beside context->flops_done. */
void dblk_context_report(const denseblock_context *context, double flops);

/* DENSEBLOCK_INVALID_ARGUMENT unless `pointer` is a multiple of `alignment`, and not NULL when
 * `bytes` are needed. */
denseblock_status dblk_pointer_check(const void *pointer, size_t bytes, size_t alignment,
                                     const char *function, const char *name);

#endif
