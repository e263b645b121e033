#include "block/context.h"

#include <math.h>
#include <stdlib.h>

#include "backends/backend.h"
#include "block/plan.h"
#include "device/device.h"
#include "status/fail.h"
#include "trace/trace.h"

/* Between enter and leave. */
static denseblock_status open_parts(denseblock_context *context) {
    const struct dblk_backend *backend = context->backend;
    denseblock_status status = backend->device->open(context->device, &context->queue);
    if (status != DENSEBLOCK_OK || backend->open == NULL)
        return status;
    status = backend->open(context);
    if (status != DENSEBLOCK_OK)
        backend->device->close(context->queue);
    return status;
}

denseblock_status denseblock_context_create(denseblock_backend backend, int device,
                                            denseblock_context **context) {
    if (context == NULL)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,
                         "denseblock_context_create: context is NULL");
    *context = NULL;
    const struct dblk_backend *found = NULL;
    denseblock_status status = dblk_backend_find(backend, device, &found);
    if (status != DENSEBLOCK_OK)
        return status;
    denseblock_context *made = calloc(1, sizeof *made);
    if (made == NULL)
        return dblk_fail(DENSEBLOCK_OUT_OF_MEMORY, "no memory for a context");
    made->backend = found;
    made->device = device;
    int previous;
    status = dblk_context_enter(made, &previous);
    if (status == DENSEBLOCK_OK) {
        status = open_parts(made);
        dblk_context_leave(made, previous);
    }
    if (status != DENSEBLOCK_OK) {
        free(made);
        return status;
    }
    dblk_trace_attach(); /* here, since compute-sanitizer wants CUDA to come before NVTX */
    dblk_trace_stream(denseblock_context_stream(made), found->name);
    *context = made;
    return DENSEBLOCK_OK;
}

const struct dblk_device *dblk_context_device(const denseblock_context *context) {
    return context->backend->device;
}

denseblock_status dblk_context_enter(const denseblock_context *context, int *previous) {
    return context->backend->device->enter(context->device, previous);
}

void dblk_context_leave(const denseblock_context *context, int previous) {
    context->backend->device->leave(context->device, previous);
}

void denseblock_context_destroy(denseblock_context *context) {
    if (context == NULL)
        return;
    int previous;
    /* Also where this fails, everything that can be is given back. */
    const denseblock_status entered = dblk_context_enter(context, &previous);
    if (context->backend->close != NULL)
        context->backend->close(context);
    context->backend->device->close(context->queue);
    if (entered == DENSEBLOCK_OK)
        dblk_context_leave(context, previous);
    free(context);
}

void *denseblock_context_stream(const denseblock_context *context) {
    return context->backend->device->stream(context->queue);
}

denseblock_status denseblock_context_synchronize(denseblock_context *context) {
    if (context == NULL)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,
                         "denseblock_context_synchronize: context is NULL");
    int previous;
    denseblock_status status = dblk_context_enter(context, &previous);
    if (status != DENSEBLOCK_OK)
        return status;
    status = context->backend->device->synchronize(context->queue);
    dblk_context_leave(context, previous);
    return status;
}

denseblock_status denseblock_timer_start(denseblock_context *context) {
    if (context == NULL)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT, "denseblock_timer_start: context is NULL");
    int previous;
    denseblock_status status = dblk_context_enter(context, &previous);
    if (status != DENSEBLOCK_OK)
        return status;
    status = context->backend->device->timer_start(context->queue);
    dblk_context_leave(context, previous);
    return status;
}

denseblock_status denseblock_timer_stop(denseblock_context *context, double *seconds) {
    if (context == NULL || seconds == NULL)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT, "denseblock_timer_stop: %s is NULL",
                         context == NULL ? "context" : "seconds");
    *seconds = 0;
    int previous;
    denseblock_status status = dblk_context_enter(context, &previous);
    if (status != DENSEBLOCK_OK)
        return status;
    status = context->backend->device->timer_stop(context->queue, seconds);
    dblk_context_leave(context, previous);
    return status;
}

denseblock_status denseblock_context_energy(denseblock_context *context, double *joules) {
    if (context == NULL || joules == NULL)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT, "denseblock_context_energy: %s is NULL",
                         context == NULL ? "context" : "joules");
    *joules = 0;
    if (dblk_context_device(context)->energy == NULL)
        return dblk_fail(DENSEBLOCK_UNSUPPORTED,
                         "energy is counted on NVIDIA GPUs only: the %s backend runs on the CPU",
                         context->backend->name);
    int previous;
    denseblock_status status = dblk_context_enter(context, &previous);
    if (status != DENSEBLOCK_OK)
        return status;
    status = dblk_context_device(context)->energy(context->queue, joules);
    dblk_context_leave(context, previous);
    return status;
}

denseblock_status denseblock_context_free_memory(denseblock_context *context, size_t *bytes) {
    if (context == NULL || bytes == NULL)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,
                         "denseblock_context_free_memory: %s is NULL",
                         context == NULL ? "context" : "bytes");
    *bytes = 0;
    int previous;
    denseblock_status status = dblk_context_enter(context, &previous);
    if (status != DENSEBLOCK_OK)
        return status;
    status = context->backend->device->free_memory(context->queue, bytes);
    dblk_context_leave(context, previous);
    return status;
}

void denseblock_context_set_progress(denseblock_context *context, denseblock_progress *progress,
                                     void *user) {
    context->progress = progress;
    context->progress_user = user;
}

void denseblock_context_time_layers(denseblock_context *context, double *seconds) {
    context->layer_seconds = seconds;
}

void dblk_context_report(const denseblock_context *context, double flops) {
    if (context->progress != NULL && context->backend->device->memory == DENSEBLOCK_MEMORY_HOST)
        context->progress(fmin((context->flops_done + flops) / context->flops, 1),
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
