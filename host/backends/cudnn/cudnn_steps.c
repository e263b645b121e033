#include "backends/cudnn/cudnn_steps.h"

#include <inttypes.h>
#include <limits.h>

#include "memory/integer.h"
#include "status/fail.h"

enum { GAP = DBLK_CUDNN_ALIGNMENT - DENSEBLOCK_ALIGNMENT };

/* The features after the ReLU, and outputs that are added, get two fifths of the workspace: engines
 * that make copies of their own need as much for the input, and more for the output and the
 * kernel. */
enum { COPIES_PARTS = 2, ALL_PARTS = 5 };

static int64_t align(int64_t bytes, int64_t alignment) {
    return dblk_quotient_up(bytes, alignment) * alignment;
}

static int64_t size_of(const denseblock_plan *plan) {
    return (int64_t)denseblock_type_size(plan->type);
}

static int64_t image_pixels(const denseblock_plan *plan) {
    return plan->height * plan->width;
}

/* What is known of the address of channels in any slice of a tensor with pixels so many elements
 * apart, if it begins at a multiple of DBLK_CUDNN_Y_ALIGNMENT. */
static int64_t alignment_of(const denseblock_plan *plan, int64_t pitch, int64_t channel) {
    const int64_t image = image_pixels(plan) * pitch * size_of(plan);
    const int64_t sliced = plan->slice_images < plan->batch ? image : 0;
    const int64_t all = DBLK_CUDNN_Y_ALIGNMENT | sliced | (channel * size_of(plan));
    return all & -all; /* the lowest bit that is set in any */
}

/* The copies begin at multiples of more than any engine wants; the tensors, where nothing else is
 * said, at that of an element. */
static struct dblk_cudnn_convolution convolution_of(const denseblock_plan *plan, int64_t l,
                                                    enum dblk_cudnn_form form, int64_t images) {
    const struct dblk_layer *layer = &plan->layers[l];
    struct dblk_cudnn_convolution convolution = {
        .type = plan->type,
        .images = images,
        .height = plan->height,
        .width = plan->width,
        .kernel_height = layer->kernel_height,
        .kernel_width = layer->kernel_width,
        .channels = layer->channels,
        .growth = layer->growth,
        .input_stride = layer->channels,
        .input_alignment = DBLK_CUDNN_Y_ALIGNMENT,
        .output_stride = plan->output_pitch,
        .output_alignment = size_of(plan),
    };
    switch (form) {
    case DBLK_CUDNN_FUSED:
        convolution.relu = true;
        convolution.input_stride = plan->feature_pitch;
        convolution.input_alignment = alignment_of(plan, plan->feature_pitch, 0);
        convolution.output_alignment =
            alignment_of(plan, plan->output_pitch, layer->output_channel);
        break;
    case DBLK_CUDNN_RECTIFIED:
        convolution.input_stride = dblk_cudnn_plan_of(plan)->rectified_stride;
        break;
    case DBLK_CUDNN_PACKED:
        break;
    }
    if (dblk_cudnn_writes_apart(plan, form)) {
        convolution.output_stride = layer->growth;
        convolution.output_alignment = DBLK_CUDNN_Y_ALIGNMENT;
    }
    return convolution;
}

/* What the engine may use beside the copies: nothing, if these are too large already. */
static size_t room(const denseblock_plan *plan, size_t limit, size_t copies) {
    const size_t others = dblk_cudnn_plan_of(plan)->rectified_bytes + copies + GAP;
    return limit > others ? limit - others : 0;
}

static denseblock_status find_step(const denseblock_plan *plan, int64_t l,
                                   enum dblk_cudnn_form form, int64_t images, size_t limit,
                                   struct dblk_cudnn_step *step,
                                   struct dblk_cudnn_search *search) {
    const struct dblk_cudnn_plan *cudnn = dblk_cudnn_plan_of(plan);
    const struct dblk_layer *layer = &plan->layers[l];
    const struct dblk_cudnn_convolution convolution = convolution_of(plan, l, form, images);
    step->form = form;
    step->images = images;
    const int64_t row = images * image_pixels(plan) * size_of(plan);
    const int64_t input = form == DBLK_CUDNN_PACKED ? row * layer->channels : 0;
    const int64_t output = dblk_cudnn_writes_apart(plan, form) ? row * layer->growth : 0;
    step->output_offset = (size_t)align(input, DENSEBLOCK_ALIGNMENT);
    step->engine_offset = step->output_offset + (size_t)align(output, DENSEBLOCK_ALIGNMENT);
    const struct dblk_cudnn_wish wish = {
        .handle = cudnn->handle,
        .arithmetic = plan->arithmetic,
        .workspace = room(plan, limit, step->engine_offset),
    };
    return dblk_cudnn_find_engine(&cudnn->library, &wish, &convolution, &step->engine, search);
}

/* With its spare, or not at all. */
static denseblock_status find_fused(denseblock_plan *plan, int64_t l, size_t limit,
                                    struct dblk_cudnn_search *search) {
    struct dblk_cudnn_layer *planned = &dblk_cudnn_plan_of(plan)->layers[l];
    denseblock_status status =
        find_step(plan, l, DBLK_CUDNN_FUSED, plan->slice_images, limit, &planned->step, search);
    if (status != DENSEBLOCK_OK || planned->step.engine.plan == NULL)
        return status;
    status = find_step(plan, l, DBLK_CUDNN_PACKED, 1, limit, &planned->spare, search);
    if (status != DENSEBLOCK_OK || planned->spare.engine.plan == NULL ||
        planned->spare.engine_offset > limit) {
        dblk_cudnn_destroy(&planned->step.engine.set);
        dblk_cudnn_destroy(&planned->spare.engine.set);
        planned->step.engine.plan = planned->spare.engine.plan = NULL;
    }
    return status;
}

static denseblock_status refuse(const denseblock_plan *plan, int64_t l,
                                const struct dblk_cudnn_search *search) {
    const struct dblk_layer *layer = &plan->layers[l];
    return dblk_fail(
        DENSEBLOCK_UNSUPPORTED,
        "layer %" PRId64 ": cuDNN has no engine for %s, %" PRId64 " images of %" PRId64
        "x%" PRId64 ", %" PRId64 " -> %" PRId64 " channels, %" PRId64 "x%" PRId64
        ", neither with the ReLU nor of features after it, into y or packed: of %d "
        "that it offers packed, %d are less exact, %d want more workspace, %d refused%s%s",
        l, denseblock_type_name(plan->type), plan->slice_images, plan->height, plan->width,
        layer->channels, layer->growth, layer->kernel_height, layer->kernel_width,
        search->offered, search->unfit, search->too_large, search->failed,
        search->words[0] == 0 ? "" : ": ", search->words);
}

static denseblock_status find_any(denseblock_plan *plan, int64_t l, size_t limit) {
    static const enum dblk_cudnn_form others[] = {DBLK_CUDNN_RECTIFIED, DBLK_CUDNN_PACKED};
    struct dblk_cudnn_step *step = &dblk_cudnn_plan_of(plan)->layers[l].step;
    struct dblk_cudnn_search search;
    denseblock_status status = find_fused(plan, l, limit, &search);
    for (int i = 0; status == DENSEBLOCK_OK && step->engine.plan == NULL && i < 2; i++)
        status = find_step(plan, l, others[i], plan->slice_images, limit, step, &search);
    if (status == DENSEBLOCK_OK && step->engine.plan == NULL)
        return refuse(plan, l, &search);
    return status;
}

/* Of equal size, with as many images as the engines take, which count a tensor's elements, gaps
 * included, in 32 bits, and as the workspace has room for, with copies of so many bytes of an
 * image. The last slice begins early enough. */
static void cut_slices(denseblock_plan *plan, int64_t copies, size_t limit) {
    const int64_t pitch = dblk_larger(plan->feature_pitch, plan->output_pitch);
    const int64_t for_copies = (int64_t)(limit / ALL_PARTS * COPIES_PARTS);
    int64_t most = dblk_smaller(plan->batch, INT_MAX / (image_pixels(plan) * pitch));
    if (copies > 0)
        most = dblk_larger(1, dblk_smaller(most, for_copies / copies));
    plan->slice_images = dblk_quotient_up(plan->batch, dblk_quotient_up(plan->batch, most));
}

/* Bytes of an image's outputs before they are added: the plan has one layer then. */
static int64_t added_bytes(const denseblock_plan *plan) {
    return plan->adds ? image_pixels(plan) * plan->layers[0].growth * size_of(plan) : 0;
}

static void cut_slices_for_rectified(denseblock_plan *plan, size_t limit) {
    struct dblk_cudnn_plan *cudnn = dblk_cudnn_plan_of(plan);
    const int64_t whole = DBLK_CUDNN_Y_ALIGNMENT / size_of(plan);
    cudnn->rectified_stride = align(plan->layers[plan->layer_count - 1].channels, whole);
    const int64_t image = image_pixels(plan) * cudnn->rectified_stride * size_of(plan);
    cut_slices(plan, image + added_bytes(plan), limit);
    cudnn->rectified_bytes = (size_t)align(plan->slice_images * image, DENSEBLOCK_ALIGNMENT);
}

/* Whether every layer is fused: then nothing but what is added has to be kept for a slice. */
static denseblock_status fuse_all(denseblock_plan *plan, size_t limit, bool *all) {
    struct dblk_cudnn_search search;
    denseblock_status status = DENSEBLOCK_OK;
    cut_slices(plan, added_bytes(plan), limit);
    *all = true;
    for (int64_t l = 0; status == DENSEBLOCK_OK && *all && l < plan->layer_count; l++) {
        status = find_fused(plan, l, limit, &search);
        *all = dblk_cudnn_plan_of(plan)->layers[l].step.engine.plan != NULL;
    }
    return status;
}

/* Which channels each rectified layer adds to the copy; without any there is no copy. */
static void share_rectified(denseblock_plan *plan) {
    struct dblk_cudnn_plan *cudnn = dblk_cudnn_plan_of(plan);
    int64_t done = 0;
    for (int64_t l = 0; l < plan->layer_count; l++)
        if (cudnn->layers[l].step.form == DBLK_CUDNN_RECTIFIED) {
            cudnn->layers[l].step.first_new = done;
            done = plan->layers[l].channels;
        }
    if (done == 0)
        cudnn->rectified_bytes = 0;
}

denseblock_status dblk_cudnn_plan_steps(denseblock_plan *plan, size_t workspace_limit) {
    bool fused = false;
    denseblock_status status = fuse_all(plan, workspace_limit, &fused);
    if (status != DENSEBLOCK_OK || fused)
        return status;
    dblk_cudnn_discard_steps(plan);
    cut_slices_for_rectified(plan, workspace_limit);
    for (int64_t l = 0; status == DENSEBLOCK_OK && l < plan->layer_count; l++)
        status = find_any(plan, l, workspace_limit);
    share_rectified(plan);
    return status;
}

void dblk_cudnn_discard_steps(denseblock_plan *plan) {
    for (int64_t l = 0; l < plan->layer_count; l++) {
        struct dblk_cudnn_layer *layer = &dblk_cudnn_plan_of(plan)->layers[l];
        dblk_cudnn_destroy(&layer->step.engine.set);
        dblk_cudnn_destroy(&layer->spare.engine.set);
    }
}
