/* The cublas backend: matrix products of cuBLAS, and kernels of ours before and after them. */
#include <stdlib.h>

#include "backends/algorithm.h"
#include "backends/backend.h"
#include "backends/cublas/cublas_layers.h"
#include "backends/device_tensor.h"
#include "device/device.h"
#include "status/fail.h"

static denseblock_status cublas_backend_check(struct dblk_problem *problem) {
    struct dblk_cublas cublas;
    return dblk_cublas_load(&cublas, problem);
}

static denseblock_status cublas_open(denseblock_context *context) {
    struct dblk_cublas_handle *handle = calloc(1, sizeof *handle);
    if (handle == NULL)
        return dblk_fail(DENSEBLOCK_OUT_OF_MEMORY, "no memory for a context");
    const denseblock_status status =
        dblk_cublas_handle_open(handle, denseblock_context_stream(context));
    if (status != DENSEBLOCK_OK)
        free(handle);
    else
        context->state = handle;
    return status;
}

static void cublas_close(denseblock_context *context) {
    dblk_cublas_handle_close(context->state);
    free(context->state);
    context->state = NULL;
}

/* The kernel as it came is what a direct layer multiplies with, and what a Winograd layer computes
 * with where its sums are not finite. */
static denseblock_status cublas_prepare_layer(denseblock_context *context,
                                              const denseblock_plan *plan, int64_t l,
                                              const void *kernel, void *prepared) {
    const denseblock_status status = dblk_device_keep_kernel(context, plan, l, kernel, prepared);
    if (status != DENSEBLOCK_OK ||
        !dblk_algorithm_is_winograd(dblk_cublas_plan_of(plan)->layers[l].algorithm))
        return status;
    return dblk_cublas_winograd_prepare(denseblock_context_stream(context), plan, l, kernel,
                                        prepared);
}

static denseblock_status
cublas_forward_layer(denseblock_context *context, const denseblock_plan *plan, int64_t l,
                     const struct dblk_region *region, const void *prepared,
                     const struct dblk_tensors *tensors, void *workspace) {
    const struct dblk_cublas_call call = {
        .context = context,
        .plan = plan,
        .handle = context->state,
        .l = l,
        .region = region,
        .prepared = prepared,
        .tensors = tensors,
        .workspace = workspace,
    };
    const struct dblk_winograd_call winograd = dblk_cublas_winograd_call(&call);
    denseblock_status status = dblk_cublas_set_workspace(call.handle, plan, workspace);
    if (status == DENSEBLOCK_OK)
        status = dblk_winograd_keep_before(&winograd, l);
    if (status != DENSEBLOCK_OK)
        return status;
    if (dblk_algorithm_is_winograd(dblk_cublas_plan_of(plan)->layers[l].algorithm))
        return dblk_cublas_winograd_forward(&call);
    status = dblk_cublas_direct_forward(&call);
    return status == DENSEBLOCK_OK ? dblk_winograd_keep_after(&winograd, l) : status;
}

static void cublas_group(const denseblock_plan *plan, int64_t l, int64_t *first, int64_t *count) {
    const struct dblk_group *group = &dblk_cublas_plan_of(plan)->layers[l].group;
    *first = group->first;
    *count = group->size;
}

const struct dblk_backend dblk_backend_cublas = {
    .id = DENSEBLOCK_BACKEND_CUBLAS,
    .name = "cublas",
    .method = "ReLU and im2col or Winograd transforms, then GEMM",
    .device = &dblk_cuda_device,
    .check = cublas_backend_check,
    .plan = dblk_cublas_plan_make,
    .open = cublas_open,
    .close = cublas_close,
    .prepare_layer = cublas_prepare_layer,
    .place_input = dblk_device_place_input,
    .forward_layer = cublas_forward_layer,
    .group = cublas_group,
    .describe = dblk_cublas_plan_describe,
};
