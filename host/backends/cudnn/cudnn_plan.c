#include "backends/cudnn/cudnn_plan.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

#include "backends/algorithm.h"
#include "backends/backend.h"
#include "backends/cudnn/cudnn_steps.h"
#include "device/device.h"
#include "memory/integer.h"
#include "memory/size.h"
#include "status/fail.h"
#include "text/text.h"

static denseblock_status check_options(const denseblock_plan_options *options) {
    if (options->algorithm != DENSEBLOCK_ALGORITHM_AUTO &&
        options->algorithm != DENSEBLOCK_ALGORITHM_DIRECT)
        return dblk_fail(DENSEBLOCK_UNSUPPORTED,
                         "the cudnn backend has only the direct algorithm: use auto or direct");
    if (options->group_size > 1)
        return dblk_fail(DENSEBLOCK_UNSUPPORTED,
                         "the cudnn backend computes one layer at a time, not groups of %" PRId64,
                         options->group_size);
    return DENSEBLOCK_OK;
}

/* cuDNN counts elements in 32 bits. */
static denseblock_status check_sizes(const denseblock_plan *plan) {
    const int64_t channels = dblk_larger(plan->feature_pitch, plan->output_pitch);
    int64_t image = channels;
    if (__builtin_mul_overflow(image, plan->height, &image) ||
        __builtin_mul_overflow(image, plan->width, &image) || image > INT_MAX)
        return dblk_fail(DENSEBLOCK_UNSUPPORTED,
                         "an image, %" PRId64 "x%" PRId64 " pixels of %" PRId64
                         " channels, is more than the %d elements that the cudnn backend takes",
                         plan->height, plan->width, channels, INT_MAX);
    for (int64_t l = 0; l < plan->layer_count; l++) {
        const int64_t count = dblk_layer_kernel_count(&plan->layers[l]);
        if (count > INT_MAX)
            return dblk_fail(DENSEBLOCK_UNSUPPORTED,
                             "layer %" PRId64 ": a kernel of %" PRId64
                             " elements; the cudnn backend takes at most %d",
                             l, count, INT_MAX);
    }
    return DENSEBLOCK_OK;
}

static bool lay_out_weights(denseblock_plan *plan) {
    bool fits = true;
    for (int64_t l = 0; l < plan->layer_count; l++) {
        plan->layers[l].weights_offset = plan->weights_bytes;
        const size_t count = (size_t)dblk_layer_kernel_count(&plan->layers[l]);
        fits = fits &&
               dblk_size_add(&plan->weights_bytes, count * denseblock_type_size(plan->type)) &&
               dblk_size_align(&plan->weights_bytes);
    }
    return fits;
}

/* Bytes that the step uses beside the shared copy. */
static size_t step_bytes(const struct dblk_cudnn_step *step) {
    if (step->engine.plan == NULL)
        return 0;
    const size_t gap =
        step->engine.workspace == 0 ? 0 : DBLK_CUDNN_ALIGNMENT - DENSEBLOCK_ALIGNMENT;
    return step->engine_offset + gap + step->engine.workspace;
}

static bool add_up_workspace(denseblock_plan *plan) {
    const struct dblk_cudnn_plan *cudnn = dblk_cudnn_plan_of(plan);
    size_t most = 0;
    for (int64_t l = 0; l < plan->layer_count; l++) {
        const size_t step = step_bytes(&cudnn->layers[l].step);
        const size_t spare = step_bytes(&cudnn->layers[l].spare);
        most = step > most ? step : most;
        most = spare > most ? spare : most;
    }
    plan->workspace_bytes = cudnn->rectified_bytes;
    return dblk_size_add(&plan->workspace_bytes, most);
}

/* On the plan's device. */
static denseblock_status find_engines(denseblock_plan *plan, size_t limit) {
    struct dblk_cudnn_plan *cudnn = dblk_cudnn_plan_of(plan);
    cudnnHandle_t handle = NULL;
    const denseblock_status status =
        dblk_cudnn_check(&cudnn->library, cudnn->library.cudnnCreate(&handle), "cudnnCreate");
    if (status != DENSEBLOCK_OK)
        return status;
    cudnn->handle = handle;
    return dblk_cudnn_plan_steps(plan, limit);
}

static denseblock_status make_details(denseblock_plan *plan) {
    /* As many layers fit in memory a moment ago, in plan itself; a descriptor has its own size. */
    size_t bytes = sizeof(struct dblk_cudnn_layer);
    struct dblk_cudnn_plan *cudnn = NULL;
    if (dblk_size_multiply(&bytes, plan->layer_count) && dblk_size_add(&bytes, sizeof *cudnn))
        cudnn = calloc(1, bytes);
    if (cudnn == NULL)
        return dblk_fail(DENSEBLOCK_OUT_OF_MEMORY, "no memory for a plan of %" PRId64 " layers",
                         plan->layer_count);
    (void)pthread_mutex_init(&cudnn->gate, NULL); /* cannot fail without attributes */
    plan->details = cudnn;
    plan->thread_count = 1;
    return DENSEBLOCK_OK;
}

denseblock_status dblk_cudnn_plan_make(denseblock_plan *plan,
                                       const denseblock_plan_options *options) {
    denseblock_status status = check_options(options);
    if (status == DENSEBLOCK_OK)
        status = check_sizes(plan);
    if (status == DENSEBLOCK_OK)
        status = make_details(plan);
    if (status != DENSEBLOCK_OK)
        return status;
    struct dblk_cudnn_plan *cudnn = dblk_cudnn_plan_of(plan);
    bool fits = lay_out_weights(plan);
    status = dblk_cudnn_load_or_fail(&cudnn->library);
    if (status != DENSEBLOCK_OK)
        return status;
    cudnn->version = cudnn->library.cudnnGetVersion();
    if (fits && plan->layer_count > 0 && plan->batch > 0) {
        int previous;
        status = plan->backend->device->enter(plan->device, &previous);
        if (status != DENSEBLOCK_OK)
            return status;
        status = find_engines(plan, options->workspace_limit);
        plan->backend->device->leave(plan->device, previous);
        fits = status == DENSEBLOCK_OK && add_up_workspace(plan);
    }
    if (status == DENSEBLOCK_OK && !fits)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,
                         "what the block needs beside y is too large to address");
    return status;
}

/* Also where the device cannot be entered, what can be is given back. */
void dblk_cudnn_plan_discard(denseblock_plan *plan) {
    struct dblk_cudnn_plan *cudnn = dblk_cudnn_plan_of(plan);
    if (cudnn == NULL)
        return;
    if (cudnn->handle != NULL) {
        int previous;
        const denseblock_status entered = plan->backend->device->enter(plan->device, &previous);
        dblk_cudnn_discard_steps(plan);
        (void)cudnn->library.cudnnDestroy(cudnn->handle);
        if (entered == DENSEBLOCK_OK)
            plan->backend->device->leave(plan->device, previous);
    }
    (void)pthread_mutex_destroy(&cudnn->gate);
}

static const char *form_text(const denseblock_plan *plan, enum dblk_cudnn_form form) {
    switch (form) {
    case DBLK_CUDNN_FUSED:
        return plan->adds ? "with the ReLU, into the workspace, then added"
                          : "with the ReLU, in place";
    case DBLK_CUDNN_RECTIFIED:
        return plan->adds ? "from features after the ReLU, into the workspace, then added"
                          : "from features after the ReLU, in place";
    case DBLK_CUDNN_PACKED:
        break;
    }
    return plan->adds ? "from a copy after the ReLU, into the workspace, then added"
                      : "from a copy after the ReLU, then copied to its channels";
}

static void describe_layer(struct dblk_text *text, const denseblock_plan *plan, int64_t l) {
    const struct dblk_cudnn_layer *planned = &dblk_cudnn_plan_of(plan)->layers[l];
    dblk_describe_group(text, plan, l, 1, DENSEBLOCK_ALGORITHM_DIRECT);
    if (planned->step.engine.plan != NULL)
        dblk_text_append(text, ", %s: engine %" PRId64 ", workspace %zu bytes",
                         form_text(plan, planned->step.form), planned->step.engine.index,
                         planned->step.engine.workspace);
    if (planned->spare.engine.plan != NULL)
        dblk_text_append(text,
                         "; if %s is not at a multiple of %d bytes, image by image %s: engine "
                         "%" PRId64 ", workspace %zu bytes",
                         plan->adds ? "what it reads" : "y", DBLK_CUDNN_Y_ALIGNMENT,
                         form_text(plan, planned->spare.form), planned->spare.engine.index,
                         planned->spare.engine.workspace);
    dblk_text_append(text, "\n");
}

void dblk_cudnn_plan_describe(struct dblk_text *text, const denseblock_plan *plan) {
    const struct dblk_cudnn_plan *cudnn = dblk_cudnn_plan_of(plan);
    dblk_text_append(text, "convolutions of cuDNN %zu.%zu.%zu, sums in %s%s\n",
                     cudnn->version / 10000, cudnn->version / 100 % 100, cudnn->version % 100,
                     plan->type == DENSEBLOCK_F64 ? "f64" : "f32",
                     plan->arithmetic == DENSEBLOCK_ARITHMETIC_TF32 ? ", operands may be TF32"
                                                                    : "");
    for (int64_t l = 0; l < plan->layer_count; l++)
        describe_layer(text, plan, l);
    if (plan->layer_count > 0)
        dblk_describe_slices(text, plan);
}
