/* The cuda backend: our own kernels. */
#include <cuda_runtime_api.h>

#include "backends/backend.h"
#include "backends/cuda/cuda_plan.h"
#include "backends/device_tensor.h"
#include "block/context.h"
#include "cuda_check.h"
#include "device/device.h"

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

static denseblock_status cuda_prepare_layer(denseblock_context *context,
                                            const denseblock_plan *plan, int64_t l,
                                            const void *kernel, void *prepared) {
    const struct dblk_layer *layer = &plan->layers[l];
    const struct dblk_cuda_layer *planned = &dblk_cuda_plan_of(plan)->layers[l];
    const int64_t before = planned->group_channels;
    denseblock_status status = DENSEBLOCK_OK;
    if (l == 0) /* what pads columns and channels has to be zero */
        status = dblk_cuda_check(
            cudaMemsetAsync(prepared, 0, plan->weights_bytes, denseblock_context_stream(context)),
            "cudaMemsetAsync");
    if (status == DENSEBLOCK_OK)
        status = pack(context, plan, layer, &planned->outer, kernel, 0, before, planned->column,
                      planned->group_columns, (char *)prepared + planned->outer_offset);
    if (status == DENSEBLOCK_OK && l > planned->group_first)
        status =
            pack(context, plan, layer, &planned->inner, kernel, before, layer->channels - before,
                 0, layer->growth, (char *)prepared + layer->weights_offset);
    return status;
}

/* The outer convolution of a group is done with its first layer. */
static denseblock_status cuda_forward_layer(denseblock_context *context,
                                            const denseblock_plan *plan, int64_t l,
                                            const struct dblk_region *region,
                                            const void *prepared, void *y, void *workspace) {
    const struct dblk_cuda_plan *cuda = dblk_cuda_plan_of(plan);
    const struct dblk_cuda_layer *planned = &cuda->layers[l];
    const struct dblk_layer *layer = &plan->layers[l];
    const bool outer = l == planned->group_first;
    const int64_t first_sums = dblk_cuda_padded(plan->layers[planned->group_first].growth);
    const size_t pixel_bytes = (size_t)plan->output_channels * denseblock_type_size(plan->type);
    const struct dblk_direct_convolution convolution = {
        .type = plan->type,
        .y = (char *)y + (size_t)(region->image * plan->height * plan->width) * pixel_bytes,
        .images = region->images,
        .height = plan->height,
        .width = plan->width,
        .pixel_stride = plan->output_channels,
        .kernel_height = layer->kernel_height,
        .kernel_width = layer->kernel_width,
        .first_channel = outer ? 0 : planned->group_channels,
        .channels = outer ? layer->channels : layer->channels - planned->group_channels,
        .weights =
            (const char *)prepared + (outer ? planned->outer_offset : layer->weights_offset),
        .columns = outer ? planned->group_columns : layer->growth,
        .sums = workspace,
        .sums_stride = cuda->sums_stride,
        .sums_from = outer ? -1 : planned->column - first_sums,
        .output_channel = layer->channels,
        .finished = layer->growth,
        .unfinished = outer ? first_sums : layer->growth,
        .tile = planned->tile,
    };
    void *stream = denseblock_context_stream(context);
    if (cuda->tensor)
        return dblk_tensor_launch(stream, &convolution, outer ? &planned->outer : &planned->inner,
                                  (char *)workspace + cuda->parts_offset);
    return dblk_direct_launch(stream, &convolution);
}

const struct dblk_backend dblk_backend_cuda = {
    .id = DENSEBLOCK_BACKEND_CUDA,
    .name = "cuda",
    .method = "fused kernels, in place",
    .device = &dblk_cuda_device,
    .plan = dblk_cuda_plan_make,
    .prepare_layer = cuda_prepare_layer,
    .place_input = dblk_device_place_input,
    .forward_layer = cuda_forward_layer,
    .describe = dblk_cuda_plan_describe,
};
