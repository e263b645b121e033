#include "block/plan.h"

#include <inttypes.h>
#include <stdlib.h>

#include "backends/backend.h"
#include "backends/host_tensor.h"
#include "block/description.h"
#include "block/descriptor.h"
#include "block/residual.h"
#include "memory/size.h"
#include "status/fail.h"

static const size_t default_workspace_limit = (size_t)64 << 20;

denseblock_status dblk_options_complete(const denseblock_plan_options *given,
                                        denseblock_plan_options *options) {
    *options = given != NULL ? *given : (denseblock_plan_options){0};
    if (options->workspace_limit == 0)
        options->workspace_limit = default_workspace_limit;
    if ((unsigned)options->algorithm > DENSEBLOCK_ALGORITHM_WINOGRAD4)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT, "algorithm %d is none",
                         (int)options->algorithm);
    if ((unsigned)options->accuracy > DENSEBLOCK_ACCURACY_HIGH)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT, "accuracy %d is none",
                         (int)options->accuracy);
    if ((unsigned)options->instructions > DENSEBLOCK_INSTRUCTIONS_WGMMA)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT, "instructions %d are none",
                         (int)options->instructions);
    if (options->group_size < 0)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,
                         "group size is %" PRId64 ": it must be at least 1, or 0 for the plan's "
                         "own choice",
                         options->group_size);
    if (options->thread_count < 0 || options->thread_count > DBLK_MAX_THREADS)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,
                         "thread count is %" PRId64 ": it must be 1 to %d, or 0 for what the "
                         "environment says",
                         options->thread_count, DBLK_MAX_THREADS);
    return DENSEBLOCK_OK;
}

denseblock_status dblk_plan_allocate(int64_t layer_count, denseblock_plan **plan) {
    size_t bytes = sizeof(struct dblk_layer);
    if (dblk_size_multiply(&bytes, layer_count) && dblk_size_add(&bytes, sizeof **plan))
        *plan = calloc(1, bytes);
    if (*plan == NULL)
        return dblk_fail(DENSEBLOCK_OUT_OF_MEMORY, "no memory for a plan of %" PRId64 " layers",
                         layer_count);
    return DENSEBLOCK_OK;
}

/* `taken` of the caller's limit is not in `limit`. */
static denseblock_status check_workspace(const denseblock_plan *plan, size_t limit,
                                         size_t taken) {
    if (plan->workspace_bytes > limit)
        return dblk_fail(DENSEBLOCK_UNSUPPORTED,
                         "the %s backend needs a workspace of %zu bytes for this block: raise "
                         "the workspace limit of %zu",
                         plan->backend->name, plan->workspace_bytes + taken, limit + taken);
    return DENSEBLOCK_OK;
}

static void place_layer(denseblock_plan *plan, const struct dblk_placement *placement) {
    plan->feature_pitch = placement->feature_pitch;
    plan->output_pitch = placement->output_pitch;
    plan->adds = placement->adds;
    plan->whole_batch = placement->whole_batch;
    plan->layers[0].output_channel = 0;
}

denseblock_status dblk_plan_make(const denseblock_desc *desc, denseblock_backend backend,
                                 const denseblock_plan_options *options,
                                 const struct dblk_placement *placement, denseblock_plan **plan) {
    denseblock_plan *made = NULL;
    const struct dblk_backend *chosen = NULL;
    denseblock_status status = dblk_descriptor_check(desc);
    *plan = NULL;
    if (status == DENSEBLOCK_OK)
        status = dblk_backend_find(backend, options->device, &chosen);
    if (status == DENSEBLOCK_OK)
        status = dblk_plan_allocate(desc->layer_count, &made);
    if (status != DENSEBLOCK_OK)
        goto exit;

    made->backend = chosen;
    made->device = options->device;
    made->slice_images = desc->batch;
    made->step_rows = desc->height;
    status = dblk_descriptor_lay_out(desc, made);
    if (status == DENSEBLOCK_OK) {
        if (placement != NULL)
            place_layer(made, placement);
        status = chosen->plan(made, options);
    }
    if (status == DENSEBLOCK_OK)
        status = check_workspace(made, options->workspace_limit,
                                 placement == NULL ? 0 : placement->taken);

exit:
    if (status != DENSEBLOCK_OK) {
        denseblock_plan_destroy(made);
        return status;
    }
    *plan = made;
    return DENSEBLOCK_OK;
}

denseblock_status denseblock_plan_create(const denseblock_desc *desc, denseblock_backend backend,
                                         const denseblock_plan_options *options,
                                         denseblock_plan **plan) {
    if (plan != NULL)
        *plan = NULL;
    if (desc == NULL || plan == NULL)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT, "denseblock_plan_create: %s is NULL",
                         desc == NULL ? "desc" : "plan");
    denseblock_plan_options complete;
    denseblock_plan *made = NULL;
    denseblock_status status = dblk_options_complete(options, &complete);
    if (status == DENSEBLOCK_OK)
        status = dblk_plan_make(desc, backend, &complete, NULL, &made);
    if (status == DENSEBLOCK_OK)
        status = dblk_description_make(made);
    if (status != DENSEBLOCK_OK) {
        denseblock_plan_destroy(made);
        return status;
    }
    *plan = made;
    return DENSEBLOCK_OK;
}

void denseblock_plan_destroy(denseblock_plan *plan) {
    if (plan == NULL)
        return;
    if (plan->details != NULL && plan->backend->discard != NULL)
        plan->backend->discard(plan);
    dblk_residual_destroy(plan->residual);
    free(plan->description);
    free(plan->details);
    free(plan);
}

denseblock_backend denseblock_plan_backend(const denseblock_plan *plan) {
    return plan->backend->id;
}

int64_t denseblock_plan_output_channels(const denseblock_plan *plan) {
    return plan->output_channels;
}

size_t denseblock_plan_output_bytes(const denseblock_plan *plan) {
    return plan->output_bytes;
}

size_t denseblock_plan_weights_bytes(const denseblock_plan *plan) {
    return plan->weights_bytes;
}

size_t denseblock_plan_workspace_bytes(const denseblock_plan *plan) {
    return plan->workspace_bytes;
}

double denseblock_plan_flops(const denseblock_plan *plan) {
    return plan->flops;
}

double denseblock_plan_bytes_moved(const denseblock_plan *plan) {
    return plan->bytes_moved;
}

double denseblock_plan_predicted_seconds(const denseblock_plan *plan) {
    return plan->predicted_seconds;
}

int denseblock_plan_thread_count(const denseblock_plan *plan) {
    return plan->thread_count;
}

const char *denseblock_plan_describe(const denseblock_plan *plan) {
    return plan->description;
}
