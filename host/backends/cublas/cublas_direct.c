#include "backends/cublas/cublas_layers.h"
#include "elementwise.h"
#include "memory/integer.h"
#include "trace/trace.h"

denseblock_status dblk_cublas_direct_forward(const struct dblk_cublas_call *call) {
    const denseblock_plan *plan = call->plan;
    const struct dblk_cublas_plan *cublas = dblk_cublas_plan_of(plan);
    const struct dblk_layer *layer = &plan->layers[call->l];
    const struct dblk_cublas_layer *planned = &cublas->layers[call->l];
    const int64_t image_pixels = plan->height * plan->width;
    const int64_t end = (call->region->image + call->region->images) * image_pixels;
    const size_t size = denseblock_type_size(plan->type);
    struct dblk_im2col im2col = {
        .type = plan->type,
        .y = call->tensors->features,
        .height = plan->height,
        .width = plan->width,
        .pixel_stride = plan->feature_pitch,
        .kernel_height = layer->kernel_height,
        .kernel_width = layer->kernel_width,
        .channels = layer->channels,
        .dst = call->workspace + cublas->stack.bytes,
        .dst_stride = planned->row_stride,
    };
    struct dblk_cublas_product product = {
        .inner = planned->row,
        .columns = layer->growth,
        .a = im2col.dst,
        .b = call->prepared + layer->weights_offset,
        .c_type = plan->type,
        .a_stride = planned->row_stride,
        .b_stride = layer->growth,
        .c_stride = plan->output_pitch,
        .batch = 1,
        .add = plan->adds,
    };
    denseblock_status status = DENSEBLOCK_OK;
    for (int64_t first = call->region->image * image_pixels;
         status == DENSEBLOCK_OK && first < end; first += planned->pixels) {
        im2col.first_pixel = first;
        im2col.pixels = dblk_smaller(planned->pixels, end - first);
        product.rows = im2col.pixels;
        product.c = (char *)call->tensors->outputs +
                    (size_t)(first * plan->output_pitch + layer->output_channel) * size;
        dblk_trace_part(DBLK_TRACE_IM2COL, plan, call->l, im2col.pixels, layer->channels, 0);
        status = dblk_im2col(denseblock_context_stream(call->context), &im2col);
        dblk_trace_end();
        if (status != DENSEBLOCK_OK)
            break;
        dblk_trace_part(DBLK_TRACE_OUTER, plan, call->l, im2col.pixels, layer->channels,
                        layer->growth);
        status = dblk_cublas_multiply(call->handle, plan, &product);
        dblk_trace_end();
    }
    return status;
}
