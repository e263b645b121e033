/* The layer loop, the same for all backends. */
#include "backends/backend.h"
#include "block/context.h"
#include "block/plan.h"
#include "status/fail.h"

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
    if (status == DENSEBLOCK_OK && !in_place)
        status = plan->backend->place_input(context, plan, x, y);
    for (int64_t l = 0; status == DENSEBLOCK_OK && l < plan->layer_count; l++) {
        status = plan->backend->forward_layer(context, plan, l, prepared, y, workspace);
        if (status == DENSEBLOCK_OK)
            dblk_context_report(context, plan, l, 1);
    }
    return status;
}
