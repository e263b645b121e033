#include <inttypes.h>
#include <math.h>

#include "backends/backend.h"
#include "block/context.h"
#include "block/residual.h"
#include "device/device.h"
#include "status/fail.h"
#include "trace/trace.h"

/* A NaN or Inf in a kernel would spread over every pixel, padding included, where a tap that is
 * left out and one multiplied by zero differ: it is refused here, once, so that backends may
 * leave taps out. */
static denseblock_status check_finite(denseblock_context *context, const denseblock_plan *plan,
                                      int64_t l, const void *kernel) {
    const struct dblk_device *device = dblk_context_device(context);
    const struct dblk_layer *layer = &plan->layers[l];
    const int64_t count = dblk_layer_kernel_count(layer);
    int64_t i;
    double value;
    const denseblock_status status =
        device->first_not_finite(context->queue, plan->type, kernel, count, &i, &value);
    if (status != DENSEBLOCK_OK || i == count)
        return status;
    const int64_t o = i % layer->growth;
    const int64_t c = i / layer->growth % layer->channels;
    const int64_t column = i / layer->growth / layer->channels % layer->kernel_width;
    const int64_t row = i / layer->growth / layer->channels / layer->kernel_width;
    return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,
                     "layer %" PRId64 ": the kernel's value at [%" PRId64 ",%" PRId64 ",%" PRId64
                     ",%" PRId64 "] is %s: kernels must be finite",
                     l, row, column, c, o,
                     isnan(value) ? "NaN"
                     : value > 0  ? "Inf"
                                  : "-Inf");
}

static denseblock_status prepare_layers(denseblock_context *context, const denseblock_plan *plan,
                                        const void *const *kernels, void *prepared) {
    denseblock_status status = DENSEBLOCK_OK;
    for (int64_t l = 0; status == DENSEBLOCK_OK && l < plan->layer_count; l++) {
        dblk_trace_part(DBLK_TRACE_PREPARE_LAYER, plan, l, 0, plan->layers[l].channels,
                        plan->layers[l].growth);
        status = check_finite(context, plan, l, kernels[l]);
        if (status == DENSEBLOCK_OK)
            status = plan->residual != NULL
                         ? dblk_residual_prepare_layer(context, plan, l, kernels[l], prepared)
                         : plan->backend->prepare_layer(context, plan, l, kernels[l], prepared);
        dblk_trace_end();
    }
    /* It is complete for all streams; and after an error nothing still reads the kernels. */
    const denseblock_status finished = dblk_context_device(context)->synchronize(context->queue);
    return status == DENSEBLOCK_OK ? finished : status;
}

denseblock_status denseblock_weights_prepare(denseblock_context *context,
                                             const denseblock_plan *plan,
                                             const void *const *kernels, void *prepared) {
    static const char function[] = "denseblock_weights_prepare";
    denseblock_status status = dblk_context_check(context, plan, function);
    if (status != DENSEBLOCK_OK)
        return status;
    if (kernels == NULL && plan->layer_count > 0)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,
                         "%s: kernels is NULL, the plan has %" PRId64 " layers", function,
                         plan->layer_count);
    status = dblk_pointer_check(prepared, plan->weights_bytes, DENSEBLOCK_ALIGNMENT, function,
                                "prepared");
    const size_t element_size = denseblock_type_size(plan->type);
    for (int64_t l = 0; status == DENSEBLOCK_OK && l < plan->layer_count; l++) {
        char name[32];
        (void)snprintf(name, sizeof name, "kernels[%" PRId64 "]", l);
        const size_t bytes = (size_t)dblk_layer_kernel_count(&plan->layers[l]) * element_size;
        status = dblk_pointer_check(kernels[l], bytes, element_size, function, name);
    }
    int previous;
    if (status == DENSEBLOCK_OK)
        status = dblk_context_enter(context, &previous);
    if (status != DENSEBLOCK_OK)
        return status;
    dblk_trace_block(DBLK_TRACE_PREPARE, plan);
    status = prepare_layers(context, plan, kernels, prepared);
    dblk_trace_end();
    dblk_context_leave(context, previous);
    return status;
}
