#include "block/context.h"

#include <math.h>
#include <stdlib.h>

#include "backends/backend.h"
#include "block/plan.h"
#include "status/fail.h"

denseblock_status dblk_device_check(const struct dblk_backend *backend, int device) {
    if (device != 0)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,
                         "device %d: the %s backend runs on the CPU, device 0", device,
                         backend->name);
    return DENSEBLOCK_OK;
}

denseblock_status denseblock_context_create(denseblock_backend backend, int device,
                                            denseblock_context **context) {
    if (context == NULL)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,
                         "denseblock_context_create: context is NULL");
    *context = NULL;
    const struct dblk_backend *found = NULL;
    const denseblock_status status = dblk_backend_find(backend, &found);
    if (status != DENSEBLOCK_OK)
        return status;
    const denseblock_status checked = dblk_device_check(found, device);
    if (checked != DENSEBLOCK_OK)
        return checked;
    denseblock_context *made = calloc(1, sizeof *made);
    if (made == NULL)
        return dblk_fail(DENSEBLOCK_OUT_OF_MEMORY, "no memory for a context");
    made->backend = found;
    made->device = device;
    *context = made;
    return DENSEBLOCK_OK;
}

void denseblock_context_destroy(denseblock_context *context) {
    free(context);
}

void *denseblock_context_stream(const denseblock_context *context) {
    (void)context; /* the backends there are run on the CPU, which has no streams */
    return NULL;
}

denseblock_status denseblock_context_synchronize(denseblock_context *context) {
    if (context == NULL)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,
                         "denseblock_context_synchronize: context is NULL");
    return DENSEBLOCK_OK;
}

void denseblock_context_set_progress(denseblock_context *context, denseblock_progress *progress,
                                     void *user) {
    context->progress = progress;
    context->progress_user = user;
}

void dblk_context_report(const denseblock_context *context, const denseblock_plan *plan,
                         double flops) {
    if (context->progress != NULL)
        context->progress(fmin((context->flops_done + flops) / plan->flops, 1),
                          context->progress_user);
}

denseblock_status dblk_context_check(const denseblock_context *context,
                                     const denseblock_plan *plan, const char *function) {
    if (context == NULL || plan == NULL)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT, "%s: %s is NULL", function,
                         context == NULL ? "context" : "plan");
    if (context->backend != plan->backend)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,
                         "%s: the plan is for the %s backend, the context for %s", function,
                         plan->backend->name, context->backend->name);
    if (context->device != plan->device)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,
                         "%s: the plan is for device %d, the context for device %d", function,
                         plan->device, context->device);
    return DENSEBLOCK_OK;
}

denseblock_status dblk_pointer_check(const void *pointer, size_t bytes, size_t alignment,
                                     const char *function, const char *name) {
    if (bytes == 0)
        return DENSEBLOCK_OK;
    if (pointer == NULL)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT, "%s: %s is NULL, %zu bytes are needed",
                         function, name, bytes);
    if ((uintptr_t)pointer % alignment != 0)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,
                         "%s: %s is at %p, which is no multiple of %zu bytes", function, name,
                         pointer, alignment);
    return DENSEBLOCK_OK;
}
