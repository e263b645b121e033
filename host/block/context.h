/* What is mutable in an execution. */
#ifndef DENSEBLOCK_HOST_CONTEXT_H
#define DENSEBLOCK_HOST_CONTEXT_H

#include "denseblock.h"

struct dblk_backend;

struct denseblock_context {
    const struct dblk_backend *backend;
    int device;
    denseblock_progress *progress; /* NULL: nobody asks */
    void *progress_user;
    double flops_done; /* of the execution that is running */
};

/* DENSEBLOCK_INVALID_ARGUMENT unless the backend can run on the device of that number. */
denseblock_status dblk_device_check(const struct dblk_backend *backend, int device);

/* DENSEBLOCK_INVALID_ARGUMENT unless both are there and made for the same backend and device.
 * `function` begins the message. */
denseblock_status dblk_context_check(const denseblock_context *context,
                                     const denseblock_plan *plan, const char *function);

/* Tells who asked that so many operations are done, beside context->flops_done. */
void dblk_context_report(const denseblock_context *context, const denseblock_plan *plan,
                         double flops);

/* DENSEBLOCK_INVALID_ARGUMENT unless `pointer` is a multiple of `alignment`, and not NULL when
 * `bytes` are needed. */
denseblock_status dblk_pointer_check(const void *pointer, size_t bytes, size_t alignment,
                                     const char *function, const char *name);

#endif
