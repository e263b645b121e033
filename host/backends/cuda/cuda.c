/* The cuda backend: our own kernels. */
#include <cuda_runtime_api.h>

#include "backends/backend.h"
#include "backends/cuda/cuda_winograd.h"
#include "backends/device_tensor.h"
#include "block/context.h"
#include "cuda_check.h"
#include "device/device.h"
#include "trace/trace.h"

static denseblock_status pack(denseblock_context *context, const denseblock_plan *plan,
                              const struct dblk_layer *layer, const struct dblk_tensor_way *way,
                              const void *kernel, int64_t first_channel, int64_t channels,
                              int64_t column, int64_t columns, void *packed) {
    const struct dblk_direct_packing packing = {
        .type = plan->type,
        .kernel = kernel,
        .kernel_height = layer->kernel_height,
        .kernel_width = layer->kernel_width,
        .kernel_channels = layer->channels,
        .growth = layer->growth,
        .first_channel = first_channel,
        .channels = channels,
        .column = column,
        .columns = columns,
        .packed = packed,
    };
    void *stream = denseblock_context_stream(context);
    return dblk_cuda_plan_of(plan)->tensor ? dblk_tensor_pack(stream, &packing, way)
                                           : dblk_direct_pack(stream, &packing);
}

static denseblock_status prepare_direct(denseblock_context *context, const denseblock_plan *plan,
                                        int64_t l, const void *kernel, char *prepared) {
    const struct dblk_layer *layer = &plan->layers[l];
    const struct dblk_cuda_layer *planned = &dblk_cuda_plan_of(plan)->layers[l];
    const struct dblk_group *group = &planned->group;
    const denseblock_status status =
        pack(context, plan, layer, &planned->outer, kernel, 0, group->channels, group->column,
             group->columns, prepared + planned->outer_offset);
    if (status != DENSEBLOCK_OK || l == group->first)
        return status;
    return pack(context, plan, layer, &planned->inner, kernel, group->channels,
                layer->channels - group->channels, 0, layer->growth,
                prepared + planned->inner_offset);
}

static bool is_winograd(const denseblock_plan *plan, int64_t l) {
    return dblk_algorithm_is_winograd(dblk_cuda_plan_of(plan)->layers[l].algorithm);
}

static denseblock_status cuda_prepare_layer(denseblock_context *context,
                                            const denseblock_plan *plan, int64_t l,
                                            const void *kernel, void *prepared) {
    denseblock_status status = DENSEBLOCK_OK;
    if (l == 0) /* what pads columns and channels has to be zero */
        status = dblk_cuda_check(
            cudaMemsetAsync(prepared, 0, plan->weights_bytes, denseblock_context_stream(context)),
            "cudaMemsetAsync");
    if (status != DENSEBLOCK_OK)
        return status;
    return is_winograd(plan, l) ? dblk_cuda_winograd_prepare(context, plan, l, kernel, prepared)
                                : prepare_direct(context, plan, l, kernel, prepared);
}

/* The launches of a forward overlap, on GPUs that have that, but for the first kernel or, where x lies in
 * y, those of the first layer, and those behind a copy: with an ordinary launch a forward begins when all
 * that the stream had before has ended, and so have the caller's work on x and the packing of weights,
 * which no later launch writes. Weights may then be read before what is launched ahead has ended. The
 * caller's next launch is an ordinary one, and comes after all of ours.
 *
 * A residual block's convolutions read what the one before writes, and write what it reads: all after
 * they have waited, as the kernels of dense layers. */
static bool is_dependent(const denseblock_context *context, const denseblock_plan *plan) {
    return context->launched && dblk_cuda_plan_of(plan)->overlaps;
}

static denseblock_status cuda_place_input(denseblock_context *context,
                                          const denseblock_plan *plan,
                                          const struct dblk_region *region, const void *x,
                                          void *features, void *workspace) {
    if (x != NULL)
        context->launched = true;
    return dblk_device_place_input(context, plan, region, x, features, workspace);
}

/* The first pixel of the region. */
static void *find_region(const denseblock_plan *plan, const struct dblk_region *region,
                         void *tensor, int64_t pitch) {
    return (char *)tensor + (size_t)(region->image * plan->height * plan->width * pitch) *
                                denseblock_type_size(plan->type);
}

/* The outer convolution of a group is done with its first layer. */
static denseblock_status launch_direct(const denseblock_context *context,
                                       const denseblock_plan *plan, int64_t l,
                                       const struct dblk_region *region, const char *prepared,
                                       const struct dblk_tensors *tensors, char *workspace) {
    void *stream = denseblock_context_stream(context);
    const struct dblk_cuda_plan *cuda = dblk_cuda_plan_of(plan);
    const struct dblk_cuda_layer *planned = &cuda->layers[l];
    const struct dblk_group *group = &planned->group;
    const struct dblk_layer *layer = &plan->layers[l];
    const bool outer = l == group->first;
    const int64_t first_sums = dblk_cuda_padded(plan->layers[group->first].growth);
    const struct dblk_direct_convolution convolution = {
        .type = plan->type,
        .images = region->images,
        .height = plan->height,
        .width = plan->width,
        .features = find_region(plan, region, tensors->features, plan->feature_pitch),
        .outputs = find_region(plan, region, tensors->outputs, plan->output_pitch),
        .feature_pitch = plan->feature_pitch,
        .output_pitch = plan->output_pitch,
        .kernel_height = layer->kernel_height,
        .kernel_width = layer->kernel_width,
        .first_channel = outer ? 0 : group->channels,
        .channels = outer ? layer->channels : layer->channels - group->channels,
        .weights = prepared + (outer ? planned->outer_offset : planned->inner_offset),
        .columns = outer ? group->columns : layer->growth,
        .sums = workspace + cuda->stack.bytes,
        .sums_stride = planned->sums_stride,
        .sums_from = outer ? -1 : group->column - first_sums,
        .output_channel = layer->output_channel,
        .finished = layer->growth,
        .unfinished = outer ? first_sums : layer->growth,
        .adds = plan->adds,
        .tile = planned->tile,
        .dependent = is_dependent(context, plan),
    };
    if (cuda->tensor)
        return dblk_tensor_launch(stream, &convolution, dblk_cuda_way_of(plan, l),
                                  workspace + planned->parts_offset);
    return dblk_direct_launch(stream, &convolution);
}

static denseblock_status forward_direct(const denseblock_context *context,
                                        const denseblock_plan *plan, int64_t l,
                                        const struct dblk_region *region, const char *prepared,
                                        const struct dblk_tensors *tensors, char *workspace) {
    dblk_trace_product(plan, l, region, &dblk_cuda_plan_of(plan)->layers[l].group);
    const denseblock_status status =
        launch_direct(context, plan, l, region, prepared, tensors, workspace);
    dblk_trace_end();
    return status;
}

static denseblock_status cuda_forward_layer(denseblock_context *context,
                                            const denseblock_plan *plan, int64_t l,
                                            const struct dblk_region *region,
                                            const void *prepared,
                                            const struct dblk_tensors *tensors, void *workspace) {
    const struct dblk_winograd_call winograd = {
        .stream = denseblock_context_stream(context),
        .plan = plan,
        .stack = &dblk_cuda_plan_of(plan)->stack,
        .region = region,
        .tensors = tensors,
        .workspace = workspace,
        .dependent = is_dependent(context, plan),
    };
    denseblock_status status = dblk_winograd_keep_before(&winograd, l);
    if (status == DENSEBLOCK_OK && is_winograd(plan, l)) {
        status = dblk_cuda_winograd_forward(&winograd, l, prepared);
    } else if (status == DENSEBLOCK_OK) {
        status = forward_direct(context, plan, l, region, prepared, tensors, workspace);
        if (status == DENSEBLOCK_OK)
            status = dblk_winograd_keep_after(&winograd, l);
    }
    context->launched = true;
    return status;
}

static void cuda_group(const denseblock_plan *plan, int64_t l, int64_t *first, int64_t *count) {
    const struct dblk_group *group = &dblk_cuda_plan_of(plan)->layers[l].group;
    *first = group->first;
    *count = group->size;
}

const struct dblk_backend dblk_backend_cuda = {
    .id = DENSEBLOCK_BACKEND_CUDA,
    .name = "cuda",
    .method = "fused kernels, in place",
    .device = &dblk_cuda_device,
    .plan = dblk_cuda_plan_make,
    .prepare_layer = cuda_prepare_layer,
    .place_input = cuda_place_input,
    .forward_layer = cuda_forward_layer,
    .group = cuda_group,
    .describe = dblk_cuda_plan_describe,
};
