#include "backends/device_tensor.h"

#include "backends/backend.h"
#include "block/context.h"
#include "device/device.h"
#include "elementwise.h"

denseblock_status dblk_device_place_input(denseblock_context *context,
                                          const denseblock_plan *plan,
                                          const struct dblk_region *region, const void *x,
                                          void *features, void *workspace) {
    (void)workspace;
    if (x == NULL)
        return DENSEBLOCK_OK;
    const size_t size = denseblock_type_size(plan->type);
    const int64_t image_pixels = plan->height * plan->width;
    const size_t first = (size_t)(region->image * image_pixels);
    const struct dblk_channel_copy copy = {
        .type = plan->type,
        .dst = (char *)features + first * (size_t)plan->feature_pitch * size,
        .dst_stride = plan->feature_pitch,
        .src = (const char *)x + first * (size_t)plan->channels * size,
        .src_stride = plan->channels,
        .pixels = region->images * image_pixels,
        .channels = plan->channels,
    };
    return dblk_copy_channels(denseblock_context_stream(context), &copy);
}

denseblock_status dblk_device_keep_kernel(denseblock_context *context,
                                          const denseblock_plan *plan, int64_t l,
                                          const void *kernel, void *prepared) {
    const struct dblk_layer *layer = &plan->layers[l];
    const size_t bytes =
        (size_t)dblk_layer_kernel_count(layer) * denseblock_type_size(plan->type);
    return plan->backend->device->copy(context->queue, DENSEBLOCK_WITHIN,
                                       (char *)prepared + layer->weights_offset, bytes, kernel,
                                       bytes, bytes, 1);
}
