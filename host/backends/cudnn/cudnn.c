/* The cudnn backend: every layer is a convolution of cuDNN on strided views of y, with the ReLU in
 * the same operation graph where cuDNN has an engine for that. What a layer adds to its outputs,
 * cuDNN writes to the workspace first. */
#include <stdlib.h>

#include "backends/backend.h"
#include "backends/cudnn/cudnn_library.h"
#include "backends/cudnn/cudnn_plan.h"
#include "backends/device_tensor.h"
#include "block/context.h"
#include "device/device.h"
#include "elementwise.h"
#include "memory/integer.h"
#include "status/fail.h"
#include "trace/trace.h"

/* What a context has. */
struct state {
    struct dblk_cudnn cudnn;
    cudnnHandle_t handle;
};

static denseblock_status cudnn_backend_check(struct dblk_problem *problem) {
    struct dblk_cudnn cudnn;
    return dblk_cudnn_load(&cudnn, problem);
}

static void cudnn_close(denseblock_context *context) {
    struct state *state = context->state;
    if (state->handle != NULL) /* nobody is left to be told of an error */
        (void)state->cudnn.cudnnDestroy(state->handle);
    free(state);
    context->state = NULL;
}

static denseblock_status make_handle(struct state *state, void *stream) {
    cudnnHandle_t handle = NULL;
    denseblock_status status =
        dblk_cudnn_check(&state->cudnn, state->cudnn.cudnnCreate(&handle), "cudnnCreate");
    if (status != DENSEBLOCK_OK)
        return status;
    state->handle = handle;
    return dblk_cudnn_check(&state->cudnn, state->cudnn.cudnnSetStream(handle, stream),
                            "cudnnSetStream");
}

static denseblock_status cudnn_open(denseblock_context *context) {
    struct state *state = calloc(1, sizeof *state);
    if (state == NULL)
        return dblk_fail(DENSEBLOCK_OUT_OF_MEMORY, "no memory for a context");
    context->state = state;
    denseblock_status status = dblk_cudnn_load_or_fail(&state->cudnn);
    if (status == DENSEBLOCK_OK)
        status = make_handle(state, denseblock_context_stream(context));
    if (status != DENSEBLOCK_OK)
        cudnn_close(context);
    return status;
}

/* From [kh,kw,C_l,g_l] to [g_l,kh,kw,C_l], the order that the engines read: a copy for each output
 * channel. */
static denseblock_status cudnn_prepare_layer(denseblock_context *context,
                                             const denseblock_plan *plan, int64_t l,
                                             const void *kernel, void *prepared) {
    const struct dblk_layer *layer = &plan->layers[l];
    const size_t size = denseblock_type_size(plan->type);
    const int64_t taps = layer->kernel_height * layer->kernel_width * layer->channels;
    denseblock_status status = DENSEBLOCK_OK;
    for (int64_t g = 0; status == DENSEBLOCK_OK && g < layer->growth; g++) {
        const struct dblk_channel_copy copy = {
            .type = plan->type,
            .dst = (char *)prepared + layer->weights_offset + (size_t)(g * taps) * size,
            .dst_stride = 1,
            .src = (const char *)kernel + (size_t)g * size,
            .src_stride = layer->growth,
            .pixels = taps,
            .channels = 1,
        };
        status = dblk_copy_channels(denseblock_context_stream(context), &copy);
    }
    return status;
}

/* Where a layer's step reads and writes. */
struct place {
    const char *features; /* of the first of its images */
    char *outputs;        /* likewise */
    int64_t done;         /* its first images, which the slice before has computed */
    char *scratch;        /* what one layer uses of the workspace */
    const void *kernel;
    const void *input;
    void *output;
};

static denseblock_status enqueue(const struct state *state, struct dblk_cudnn_plan *cudnn,
                                 const struct dblk_cudnn_step *step,
                                 cudnnBackendDescriptor_t pack) {
    (void)pthread_mutex_lock(&cudnn->gate);
    const cudnnStatus_t status =
        state->cudnn.cudnnBackendExecute(state->handle, step->engine.plan, pack);
    (void)pthread_mutex_unlock(&cudnn->gate);
    return dblk_cudnn_check(&state->cudnn, status, "cudnnBackendExecute");
}

static denseblock_status convolve(const struct state *state, struct dblk_cudnn_plan *cudnn,
                                  const struct dblk_cudnn_step *step, const struct place *place) {
    static const int64_t ids[] = {DBLK_CUDNN_INPUT, DBLK_CUDNN_KERNEL, DBLK_CUDNN_OUTPUT};
    const void *const tensors[] = {place->input, place->kernel, place->output};
    char *workspace = NULL;
    if (step->engine.workspace > 0) {
        workspace = place->scratch + step->engine_offset;
        const size_t over = (uintptr_t)workspace % DBLK_CUDNN_ALIGNMENT;
        workspace += over == 0 ? 0 : DBLK_CUDNN_ALIGNMENT - over;
    }
    struct dblk_cudnn_descriptors set = {.cudnn = &state->cudnn};
    cudnnBackendDescriptor_t pack = dblk_cudnn_add(&set, CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
    dblk_cudnn_set(&set, pack, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, 3, ids);
    dblk_cudnn_set(&set, pack, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, 3,
                   (const void *)tensors);
    dblk_cudnn_set(&set, pack, CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1,
                   (const void *)&workspace);
    dblk_cudnn_finalize(&set, pack);
    denseblock_status status = dblk_cudnn_status(&set);
    if (status == DENSEBLOCK_OK)
        status = enqueue(state, cudnn, step, pack);
    dblk_cudnn_destroy(&set);
    return status;
}

/* A copy of channels [first, C_l) after the ReLU, to the same channels of pixels that are so many
 * elements apart. */
static denseblock_status rectify(denseblock_context *context, const denseblock_plan *plan,
                                 int64_t l, int64_t images, int64_t first, const char *features,
                                 void *copy, int64_t stride) {
    const size_t offset = (size_t)first * denseblock_type_size(plan->type);
    const struct dblk_im2col rows = {
        .type = plan->type,
        .y = features + offset,
        .height = plan->height,
        .width = plan->width,
        .pixel_stride = plan->feature_pitch,
        .kernel_height = 1,
        .kernel_width = 1,
        .channels = plan->layers[l].channels - first,
        .pixels = images * plan->height * plan->width,
        .dst = (char *)copy + offset,
        .dst_stride = stride,
    };
    dblk_trace_part(DBLK_TRACE_RECTIFY, plan, l, rows.pixels, rows.channels, 0);
    const denseblock_status status = dblk_im2col(denseblock_context_stream(context), &rows);
    dblk_trace_end();
    return status;
}

/* What was computed apart from the outputs, to its channels there: of the images that are new,
 * since what is added may be added only once. */
static denseblock_status complete(denseblock_context *context, const denseblock_plan *plan,
                                  int64_t l, const struct dblk_cudnn_step *step,
                                  const struct place *place) {
    const size_t size = denseblock_type_size(plan->type);
    const int64_t growth = plan->layers[l].growth;
    const int64_t done = place->done * plan->height * plan->width;
    const struct dblk_channel_copy copy = {
        .type = plan->type,
        .dst = place->outputs + (size_t)(done * plan->output_pitch) * size,
        .dst_stride = plan->output_pitch,
        .src = (const char *)place->output + (size_t)(done * growth) * size,
        .src_stride = growth,
        .pixels = step->images * plan->height * plan->width - done,
        .channels = growth,
        .adds = plan->adds,
    };
    dblk_trace_part(DBLK_TRACE_COMPLETE, plan, l, copy.pixels, plan->adds ? growth : 0, growth);
    const denseblock_status status =
        dblk_copy_channels(denseblock_context_stream(context), &copy);
    dblk_trace_end();
    return status;
}

/* The images of a step, in its form. */
static denseblock_status run_step(denseblock_context *context, const denseblock_plan *plan,
                                  int64_t l, const struct dblk_cudnn_step *step,
                                  struct place place, char *rectified) {
    struct dblk_cudnn_plan *cudnn = dblk_cudnn_plan_of(plan);
    const int64_t channels = plan->layers[l].channels;
    const bool apart = dblk_cudnn_writes_apart(plan, step->form);
    denseblock_status status = DENSEBLOCK_OK;
    place.input = place.features;
    place.output = apart ? place.scratch + step->output_offset : place.outputs;
    if (step->form == DBLK_CUDNN_RECTIFIED) {
        place.input = rectified;
        status = rectify(context, plan, l, step->images, step->first_new, place.features,
                         rectified, cudnn->rectified_stride);
    } else if (step->form == DBLK_CUDNN_PACKED) {
        place.input = place.scratch;
        status =
            rectify(context, plan, l, step->images, 0, place.features, place.scratch, channels);
    }
    if (status != DENSEBLOCK_OK)
        return status;
    dblk_trace_part(DBLK_TRACE_OUTER, plan, l, step->images * plan->height * plan->width,
                    channels, plan->layers[l].growth);
    status = convolve(context->state, cudnn, step, &place);
    dblk_trace_end();
    return status == DENSEBLOCK_OK && apart ? complete(context, plan, l, step, &place) : status;
}

/* The step of a layer for tensors that begin there. */
static const struct dblk_cudnn_step *choose_step(const denseblock_plan *plan, int64_t l,
                                                 const struct dblk_tensors *tensors) {
    const struct dblk_cudnn_layer *planned = &dblk_cudnn_plan_of(plan)->layers[l];
    const uintptr_t features = (uintptr_t)tensors->features;
    const uintptr_t outputs = plan->adds ? 0 : (uintptr_t)tensors->outputs; /* ours to write */
    const bool aligned = (features | outputs) % DBLK_CUDNN_Y_ALIGNMENT == 0;
    return aligned || planned->spare.engine.plan == NULL ? &planned->step : &planned->spare;
}

/* All slices have the same size, for which the engines were found: the last one begins where it
 * needs to, and computes some images a second time, to the same result. */
static denseblock_status
cudnn_forward_layer(denseblock_context *context, const denseblock_plan *plan, int64_t l,
                    const struct dblk_region *region, const void *prepared,
                    const struct dblk_tensors *tensors, void *workspace) {
    const struct dblk_cudnn_step *step = choose_step(plan, l, tensors);
    const struct dblk_layer *layer = &plan->layers[l];
    const size_t size = denseblock_type_size(plan->type);
    const size_t pixels = (size_t)(plan->height * plan->width);
    denseblock_status status = DENSEBLOCK_OK;
    for (int64_t i = 0; status == DENSEBLOCK_OK && i < plan->slice_images; i += step->images) {
        const int64_t first = region->image + region->images - plan->slice_images + i;
        const size_t pixel = (size_t)first * pixels;
        const struct place place = {
            .features = (char *)tensors->features + pixel * (size_t)plan->feature_pitch * size,
            .outputs =
                (char *)tensors->outputs +
                (pixel * (size_t)plan->output_pitch + (size_t)layer->output_channel) * size,
            .done = dblk_larger(0, region->image - first),
            .scratch = (char *)workspace + dblk_cudnn_plan_of(plan)->rectified_bytes,
            .kernel = (const char *)prepared + layer->weights_offset,
        };
        if (place.done < step->images)
            status = run_step(context, plan, l, step, place, workspace);
    }
    return status;
}

const struct dblk_backend dblk_backend_cudnn = {
    .id = DENSEBLOCK_BACKEND_CUDNN,
    .name = "cudnn",
    .method = "cuDNN's convolutions on strided views of y",
    .device = &dblk_cuda_device,
    .check = cudnn_backend_check,
    .plan = dblk_cudnn_plan_make,
    .discard = dblk_cudnn_plan_discard,
    .open = cudnn_open,
    .close = cudnn_close,
    .prepare_layer = cudnn_prepare_layer,
    .place_input = dblk_device_place_input,
    .forward_layer = cudnn_forward_layer,
    .describe = dblk_cudnn_plan_describe,
};
