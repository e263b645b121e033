#include "backends/device_tensor.h"

#include "elementwise.h"

denseblock_status dblk_device_place_input(denseblock_context *context,
                                          const denseblock_plan *plan,
                                          const struct dblk_region *region, const void *x,
                                          void *y, void *workspace) {
    (void)workspace;
    if (x == NULL)
        return DENSEBLOCK_OK;
    const size_t size = denseblock_type_size(plan->type);
    const int64_t image_pixels = plan->height * plan->width;
    const size_t first = (size_t)(region->image * image_pixels);
    const struct dblk_channel_copy copy = {
        .type = plan->type,
        .dst = (char *)y + first * (size_t)plan->output_channels * size,
        .dst_stride = plan->output_channels,
        .src = (const char *)x + first * (size_t)plan->channels * size,
        .src_stride = plan->channels,
        .pixels = region->images * image_pixels,
        .channels = plan->channels,
    };
    return dblk_copy_channels(denseblock_context_stream(context), &copy);
}
