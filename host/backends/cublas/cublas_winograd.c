#include "backends/cublas/cublas_layers.h"
#include "winograd.h"

static struct dblk_winograd_images images_of(const struct dblk_cublas_call *call) {
    const denseblock_plan *plan = call->plan;
    const int64_t first = call->region->image * plan->height * plan->width;
    return (struct dblk_winograd_images){
        .type = plan->type,
        .tile = dblk_cublas_plan_of(plan)->tile,
        .y = call->y + (size_t)(first * plan->output_channels) * denseblock_type_size(plan->type),
        .images = call->region->images,
        .height = plan->height,
        .width = plan->width,
        .pixel_stride = plan->output_channels,
    };
}

denseblock_status dblk_cublas_winograd_keep(const struct dblk_cublas_call *call,
                                            int64_t first_channel, int64_t channels) {
    const struct dblk_cublas_plan *cublas = dblk_cublas_plan_of(call->plan);
    const struct dblk_winograd_input input = {
        .images = images_of(call),
        .first_channel = first_channel,
        .channels = channels,
        .stack = call->workspace,
        .stack_stride = cublas->stack_stride,
        .stack_plane = cublas->slice_tiles * cublas->stack_stride,
        .tf32 = dblk_cublas_uses_tf32(call->plan),
    };
    return dblk_winograd_input(denseblock_context_stream(call->context), &input);
}

/* For the first layer of a group the outer products, for others the inner ones are added. */
static denseblock_status multiply(const struct dblk_cublas_call *call) {
    const denseblock_plan *plan = call->plan;
    const struct dblk_cublas_plan *cublas = dblk_cublas_plan_of(plan);
    const struct dblk_cublas_layer *planned = &cublas->layers[call->l];
    const struct dblk_layer *layer = &plan->layers[call->l];
    const struct dblk_winograd_images images = images_of(call);
    const bool outer = call->l == planned->group_first;
    const int64_t first = outer ? 0 : planned->group_channels;
    const int64_t columns = outer ? planned->group_columns : layer->growth;
    const denseblock_type sums = dblk_cublas_products_type(plan);
    const size_t column = (size_t)planned->column * denseblock_type_size(sums);
    const struct dblk_cublas_product product = {
        .rows = dblk_winograd_tiles(cublas->tile, images.images, images.height, images.width),
        .inner = layer->channels - first,
        .columns = columns,
        .a = call->workspace + (size_t)first * denseblock_type_size(plan->type),
        .b = call->prepared + (outer ? planned->outer_offset : planned->inner_offset),
        .c = call->workspace + cublas->stack_bytes + column,
        .c_type = sums,
        .a_stride = cublas->stack_stride,
        .b_stride = columns,
        .c_stride = cublas->products_stride,
        .batch = dblk_winograd_points(cublas->tile),
        .a_step = cublas->slice_tiles * cublas->stack_stride,
        .b_step = (layer->channels - first) * columns,
        .c_step = cublas->slice_tiles * cublas->products_stride,
        .add = !outer,
    };
    return dblk_cublas_multiply(call->handle, plan, &product);
}

denseblock_status dblk_cublas_winograd_forward(const struct dblk_cublas_call *call) {
    const denseblock_plan *plan = call->plan;
    const struct dblk_cublas_plan *cublas = dblk_cublas_plan_of(plan);
    const struct dblk_layer *layer = &plan->layers[call->l];
    const struct dblk_winograd_output output = {
        .images = images_of(call),
        .channels = layer->channels,
        .growth = layer->growth,
        .products = call->workspace + cublas->stack_bytes,
        .column = cublas->layers[call->l].column,
        .products_stride = cublas->products_stride,
        .products_plane = cublas->slice_tiles * cublas->products_stride,
        .kernel = call->prepared + layer->weights_offset,
    };
    const denseblock_status status = multiply(call);
    if (status != DENSEBLOCK_OK)
        return status;
    return dblk_winograd_output(denseblock_context_stream(call->context), &output);
}

denseblock_status dblk_cublas_winograd_prepare(void *stream, const denseblock_plan *plan,
                                               int64_t l, const void *kernel, char *prepared) {
    const struct dblk_cublas_layer *planned = &dblk_cublas_plan_of(plan)->layers[l];
    const struct dblk_layer *layer = &plan->layers[l];
    struct dblk_winograd_weights weights = {
        .type = plan->type,
        .tile = dblk_cublas_plan_of(plan)->tile,
        .kernel = kernel,
        .kernel_channels = layer->channels,
        .growth = layer->growth,
        .channels = planned->group_channels,
        .transformed = prepared + planned->outer_offset,
        .column = planned->column,
        .columns = planned->group_columns,
        .tf32 = dblk_cublas_uses_tf32(plan),
    };
    const denseblock_status status = dblk_winograd_weights(stream, &weights);
    if (status != DENSEBLOCK_OK || l == planned->group_first)
        return status;
    weights.first_channel = planned->group_channels;
    weights.channels = layer->channels - planned->group_channels;
    weights.transformed = prepared + planned->inner_offset;
    weights.column = 0;
    weights.columns = layer->growth;
    return dblk_winograd_weights(stream, &weights);
}
