/* A residual block's execution, in place: a unit's second convolution adds to y. */
#include "block/residual.h"

#include <stdlib.h>

#include "backends/backend.h"
#include "block/context.h"
#include "device/device.h"
#include "trace/trace.h"

void dblk_residual_destroy(struct dblk_residual *residual) {
    if (residual == NULL)
        return;
    denseblock_plan_destroy(residual->convolutions[0]);
    denseblock_plan_destroy(residual->convolutions[1]);
    free(residual);
}

denseblock_status dblk_residual_prepare_layer(denseblock_context *context,
                                              const denseblock_plan *plan, int64_t l,
                                              const void *kernel, void *prepared) {
    const denseblock_plan *convolution = plan->residual->convolutions[l % 2];
    return convolution->backend->prepare_layer(context, convolution, 0, kernel,
                                               (char *)prepared + plan->layers[l].weights_offset);
}

/* Its time is layer 0's, if there is one. */
static denseblock_status copy_slice(denseblock_context *context, const denseblock_plan *plan,
                                    const void *x, void *y, size_t bytes) {
    if (x == NULL)
        return DENSEBLOCK_OK;
    context->first_layer = 0;
    denseblock_status status = dblk_walk_time_begin(context);
    if (status != DENSEBLOCK_OK)
        return status;
    dblk_trace_part(DBLK_TRACE_PLACE_INPUT, plan, 0,
                    plan->slice_images * plan->height * plan->width, plan->channels,
                    plan->channels);
    status = dblk_context_device(context)->copy(context->queue, DENSEBLOCK_WITHIN, y, bytes, x,
                                                bytes, bytes, 1);
    dblk_trace_end();
    context->launched = false;
    return status == DENSEBLOCK_OK && plan->layer_count > 0 ? dblk_walk_time_end(context, 0)
                                                            : status;
}

/* A slice of the batch, whose first pixel `y` is. */
static denseblock_status forward_units(denseblock_context *context, const denseblock_plan *plan,
                                       const struct dblk_walk *walk, void *y) {
    const struct dblk_residual *residual = plan->residual;
    void *hidden = walk->workspace;
    denseblock_status status = DENSEBLOCK_OK;
    for (int64_t l = 0; status == DENSEBLOCK_OK && l < plan->layer_count; l++) {
        const bool first = l % 2 == 0;
        const struct dblk_walk convolution = {
            .images = plan->slice_images,
            .prepared = (const char *)walk->prepared + plan->layers[l].weights_offset,
            .tensors = {.features = first ? y : hidden, .outputs = first ? hidden : y},
            .workspace = (char *)hidden + residual->hidden_bytes,
        };
        context->first_layer = l;
        dblk_trace_number_layers(l);
        status = dblk_walk_layers(context, residual->convolutions[l % 2], &convolution);
    }
    dblk_trace_number_layers(0);
    return status;
}

denseblock_status dblk_residual_forward(denseblock_context *context, const denseblock_plan *plan,
                                        const struct dblk_walk *walk) {
    const size_t slice_bytes =
        plan->output_bytes / (size_t)plan->batch * (size_t)plan->slice_images;
    denseblock_status status = DENSEBLOCK_OK;
    for (int64_t i = 0; status == DENSEBLOCK_OK && i < plan->batch / plan->slice_images; i++) {
        const size_t offset = (size_t)i * slice_bytes;
        char *y = (char *)walk->tensors.outputs + offset;
        const char *x = walk->x == NULL ? NULL : (const char *)walk->x + offset;
        status = copy_slice(context, plan, x, y, slice_bytes);
        if (status == DENSEBLOCK_OK)
            status = forward_units(context, plan, walk, y);
    }
    return status;
}
