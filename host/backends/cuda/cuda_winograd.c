#include "backends/cuda/cuda_winograd.h"

#include "backends/device_tensor.h"
#include "trace/trace.h"

denseblock_status dblk_cuda_winograd_prepare(denseblock_context *context,
                                             const denseblock_plan *plan, int64_t l,
                                             const void *kernel, char *prepared) {
    const struct dblk_cuda_layer *planned = &dblk_cuda_plan_of(plan)->layers[l];
    const struct dblk_winograd_preparation preparation = {
        .plan = plan,
        .stack = &dblk_cuda_plan_of(plan)->stack,
        .group = &planned->group,
        .l = l,
        .kernel = kernel,
        .outer = prepared + planned->outer_offset,
        .inner = prepared + planned->inner_offset,
        .order = dblk_cuda_plan_of(plan)->tensor ? DBLK_WINOGRAD_TENSOR : DBLK_WINOGRAD_DIRECT,
        .outer_way = &planned->outer,
        .inner_way = &planned->inner,
    };
    const denseblock_status status = dblk_device_keep_kernel(context, plan, l, kernel, prepared);
    if (status != DENSEBLOCK_OK)
        return status;
    return dblk_winograd_prepare(denseblock_context_stream(context), &preparation);
}

static denseblock_status multiply(const struct dblk_winograd_call *call, int64_t l,
                                  const struct dblk_winograd_products *products,
                                  const char *prepared) {
    const struct dblk_cuda_layer *planned = &dblk_cuda_plan_of(call->plan)->layers[l];
    const struct dblk_direct_product product = {
        .type = call->plan->type,
        .rows = products->rows,
        .inner = products->inner,
        .columns = products->columns,
        .a = products->a,
        .b = prepared + (products->outer ? planned->outer_offset : planned->inner_offset),
        .c = products->c,
        .a_stride = products->a_stride,
        .c_stride = products->c_stride,
        .a_step = products->a_step,
        .c_step = products->c_step,
        .batch = products->points,
        .add = !products->outer,
        .dependent = call->dependent,
    };
    return dblk_cuda_plan_of(call->plan)->tensor
               ? dblk_tensor_multiply(call->stream, &product, dblk_cuda_way_of(call->plan, l))
               : dblk_direct_multiply(call->stream, &product);
}

denseblock_status dblk_cuda_winograd_forward(const struct dblk_winograd_call *call, int64_t l,
                                             const char *prepared) {
    const struct dblk_group *group = &dblk_cuda_plan_of(call->plan)->layers[l].group;
    const struct dblk_winograd_products products = dblk_winograd_products_of(call, group, l);
    dblk_trace_product(call->plan, l, call->region, group);
    denseblock_status status = multiply(call, l, &products, prepared);
    dblk_trace_end();
    if (status != DENSEBLOCK_OK)
        return status;
    dblk_trace_part(DBLK_TRACE_COMPLETE, call->plan, l,
                    dblk_trace_pixels(call->plan, call->region), 0, call->plan->layers[l].growth);
    status =
        dblk_winograd_complete(call, group, l, prepared + call->plan->layers[l].weights_offset);
    dblk_trace_end();
    return status;
}
