/* The layer loop, the same for all backends.
 *
 * A slice of the batch goes through all layers before the next one begins, so that its features
 * stay in the caches. An image too large for that is taken in steps of some rows: in each step,
 * layer l does as many rows as the step has, but `delay` rows above those of the input. Then the
 * rows below, which a convolution looks at, are there already, and nothing is computed twice. */
#include "block/forward.h"

#include "backends/backend.h"
#include "block/context.h"
#include "block/residual.h"
#include "device/device.h"
#include "status/fail.h"
#include "trace/trace.h"

/* DENSEBLOCK_INVALID_ARGUMENT if the two share a byte. */
static denseblock_status check_apart(const denseblock_plan *plan, const void *x, const void *y) {
    const size_t x_bytes =
        plan->output_bytes / (size_t)plan->output_channels * (size_t)plan->channels;
    const uintptr_t x_start = (uintptr_t)x, y_start = (uintptr_t)y;
    if (x_start < y_start + plan->output_bytes && y_start < x_start + x_bytes)
        return dblk_fail(
            DENSEBLOCK_INVALID_ARGUMENT,
            "denseblock_forward: x overlaps y: pass NULL for an x that lies in y, or "
            "one apart from it");
    return DENSEBLOCK_OK;
}

/* Rows [start - delay, start + step - delay), as far as the image has them. */
static struct dblk_region step_region(const denseblock_plan *plan, struct dblk_region slice,
                                      int64_t start, int64_t delay) {
    const int64_t first = start < delay ? 0 : start - delay;
    const int64_t end = start + plan->step_rows - delay;
    slice.row = first < plan->height ? first : plan->height;
    slice.rows = (end < plan->height ? end : plan->height) - slice.row;
    return slice;
}

denseblock_status dblk_walk_time_begin(denseblock_context *context) {
    if (context->layer_seconds == NULL)
        return DENSEBLOCK_OK;
    return dblk_context_device(context)->timer_start(context->queue);
}

denseblock_status dblk_walk_time_end(denseblock_context *context, int64_t l) {
    if (context->layer_seconds == NULL)
        return DENSEBLOCK_OK;
    double seconds;
    const denseblock_status status =
        dblk_context_device(context)->timer_stop(context->queue, &seconds);
    context->layer_seconds[context->first_layer + l] += seconds;
    return status;
}

static denseblock_status place_input(denseblock_context *context, const denseblock_plan *plan,
                                     const struct dblk_region *region,
                                     const struct dblk_walk *walk) {
    const int64_t copied = walk->x == NULL ? 0 : plan->channels;
    denseblock_status status = dblk_walk_time_begin(context);
    if (status != DENSEBLOCK_OK)
        return status;
    dblk_trace_part(DBLK_TRACE_PLACE_INPUT, plan, 0, dblk_trace_pixels(plan, region), copied,
                    copied);
    status = plan->backend->place_input(context, plan, region, walk->x, walk->tensors.features,
                                        walk->workspace);
    dblk_trace_end();
    /* A block without layers has no time of layers. */
    return status == DENSEBLOCK_OK && plan->layer_count > 0 ? dblk_walk_time_end(context, 0)
                                                            : status;
}

static denseblock_status forward_layer(denseblock_context *context, const denseblock_plan *plan,
                                       int64_t l, const struct dblk_region *region,
                                       const struct dblk_walk *walk) {
    const struct dblk_layer *layer = &plan->layers[l];
    denseblock_status status = dblk_walk_time_begin(context);
    if (status != DENSEBLOCK_OK)
        return status;
    dblk_trace_layer(plan, l, region);
    status = plan->backend->forward_layer(context, plan, l, region, walk->prepared,
                                          &walk->tensors, walk->workspace);
    dblk_trace_end();
    if (status == DENSEBLOCK_OK)
        status = dblk_walk_time_end(context, l);
    context->flops_done += layer->flops / (double)plan->batch / (double)plan->height *
                           (double)(region->images * region->rows);
    if (status == DENSEBLOCK_OK)
        dblk_context_report(context, 0);
    return status;
}

static denseblock_status forward_slice(denseblock_context *context, const denseblock_plan *plan,
                                       int64_t image, const struct dblk_walk *walk) {
    const struct dblk_backend *backend = plan->backend;
    const int64_t left = walk->images - image;
    const struct dblk_region slice = {
        .image = image,
        .images = left < plan->slice_images ? left : plan->slice_images,
        .rows = plan->height,
    };
    const int64_t last_delay =
        plan->layer_count == 0 ? 0 : plan->layers[plan->layer_count - 1].delay;
    denseblock_status status = DENSEBLOCK_OK;

    for (int64_t start = 0; start < plan->height + last_delay; start += plan->step_rows) {
        struct dblk_region region = step_region(plan, slice, start, 0);
        int64_t open_group = -1;
        if (status == DENSEBLOCK_OK && region.rows > 0)
            status = place_input(context, plan, &region, walk);
        for (int64_t l = 0; status == DENSEBLOCK_OK && l < plan->layer_count; l++) {
            region = step_region(plan, slice, start, plan->layers[l].delay);
            if (region.rows <= 0)
                continue;
            dblk_trace_group(plan, l, &region, &open_group);
            status = forward_layer(context, plan, l, &region, walk);
        }
        dblk_trace_group_end(open_group);
    }
    if (status == DENSEBLOCK_OK && backend->finish_slice != NULL)
        status = backend->finish_slice(context, plan, &slice, walk->prepared, &walk->tensors,
                                       walk->workspace);
    return status;
}

denseblock_status dblk_walk_layers(denseblock_context *context, const denseblock_plan *plan,
                                   const struct dblk_walk *walk) {
    denseblock_status status = DENSEBLOCK_OK;
    for (int64_t n = 0; status == DENSEBLOCK_OK && n < walk->images; n += plan->slice_images)
        status = forward_slice(context, plan, n, walk);
    return status;
}

denseblock_status denseblock_forward(denseblock_context *context, const denseblock_plan *plan,
                                     const void *prepared, const void *x, void *y,
                                     void *workspace) {
    static const char function[] = "denseblock_forward";
    denseblock_status status = dblk_context_check(context, plan, function);
    if (status != DENSEBLOCK_OK)
        return status;
    if (plan->output_bytes == 0) /* an empty batch */
        return DENSEBLOCK_OK;

    const size_t element_size = denseblock_type_size(plan->type);
    const bool in_place = x == NULL || x == y;
    status = dblk_pointer_check(y, plan->output_bytes, element_size, function, "y");
    if (status == DENSEBLOCK_OK && !in_place)
        status = dblk_pointer_check(x, 1, element_size, function, "x");
    if (status == DENSEBLOCK_OK && !in_place)
        status = check_apart(plan, x, y);
    if (status == DENSEBLOCK_OK)
        status = dblk_pointer_check(prepared, plan->weights_bytes, DENSEBLOCK_ALIGNMENT, function,
                                    "prepared");
    if (status == DENSEBLOCK_OK)
        status = dblk_pointer_check(workspace, plan->workspace_bytes, DENSEBLOCK_ALIGNMENT,
                                    function, "workspace");

    int previous;
    if (status == DENSEBLOCK_OK)
        status = dblk_context_enter(context, &previous);
    if (status != DENSEBLOCK_OK)
        return status;

    const struct dblk_walk walk = {
        .images = plan->batch,
        .prepared = prepared,
        .x = in_place ? NULL : x,
        .tensors = {.features = y, .outputs = y},
        .workspace = workspace,
    };
    dblk_trace_block(DBLK_TRACE_FORWARD, plan);
    context->flops = plan->flops;
    context->flops_done = 0;
    context->first_layer = 0;
    context->launched = false;
    status = plan->residual != NULL ? dblk_residual_forward(context, plan, &walk)
                                    : dblk_walk_layers(context, plan, &walk);
    dblk_trace_end();
    dblk_context_leave(context, previous);
    return status;
}
