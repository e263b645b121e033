#include "backends/cublas/cublas_layers.h"
#include "trace/trace.h"

struct dblk_winograd_call dblk_cublas_winograd_call(const struct dblk_cublas_call *call) {
    return (struct dblk_winograd_call){
        .stream = denseblock_context_stream(call->context),
        .plan = call->plan,
        .stack = &dblk_cublas_plan_of(call->plan)->stack,
        .region = call->region,
        .tensors = call->tensors,
        .workspace = call->workspace,
    };
}

static denseblock_status multiply(const struct dblk_cublas_call *call,
                                  const struct dblk_winograd_products *products) {
    const struct dblk_cublas_layer *planned = &dblk_cublas_plan_of(call->plan)->layers[call->l];
    const struct dblk_cublas_product product = {
        .rows = products->rows,
        .inner = products->inner,
        .columns = products->columns,
        .a = products->a,
        .b = call->prepared + (products->outer ? planned->outer_offset : planned->inner_offset),
        .c = products->c,
        .c_type = dblk_winograd_products_type(call->plan),
        .a_stride = products->a_stride,
        .b_stride = products->columns,
        .c_stride = products->c_stride,
        .batch = products->points,
        .a_step = products->a_step,
        .b_step = products->inner * products->columns,
        .c_step = products->c_step,
        .add = !products->outer,
    };
    return dblk_cublas_multiply(call->handle, call->plan, &product);
}

denseblock_status dblk_cublas_winograd_forward(const struct dblk_cublas_call *call) {
    const struct dblk_winograd_call winograd = dblk_cublas_winograd_call(call);
    const struct dblk_group *group = &dblk_cublas_plan_of(call->plan)->layers[call->l].group;
    const struct dblk_winograd_products products =
        dblk_winograd_products_of(&winograd, group, call->l);
    dblk_trace_product(call->plan, call->l, call->region, group);
    denseblock_status status = multiply(call, &products);
    dblk_trace_end();
    if (status != DENSEBLOCK_OK)
        return status;
    dblk_trace_part(DBLK_TRACE_COMPLETE, call->plan, call->l,
                    dblk_trace_pixels(call->plan, call->region), 0,
                    call->plan->layers[call->l].growth);
    status = dblk_winograd_complete(&winograd, group, call->l,
                                    call->prepared + call->plan->layers[call->l].weights_offset);
    dblk_trace_end();
    return status;
}

denseblock_status dblk_cublas_winograd_prepare(void *stream, const denseblock_plan *plan,
                                               int64_t l, const void *kernel, void *prepared) {
    const struct dblk_cublas_layer *planned = &dblk_cublas_plan_of(plan)->layers[l];
    const struct dblk_winograd_preparation preparation = {
        .plan = plan,
        .stack = &dblk_cublas_plan_of(plan)->stack,
        .group = &planned->group,
        .l = l,
        .kernel = kernel,
        .outer = (char *)prepared + planned->outer_offset,
        .inner = (char *)prepared + planned->inner_offset,
    };
    return dblk_winograd_prepare(stream, &preparation);
}
