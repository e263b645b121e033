/* The cublas backend: the pixels of a layer, a slice at a time, become the rows of a matrix, after
 * the ReLU; its product with the kernel is written straight into y. */
#include <stdlib.h>

#include "backends/backend.h"
#include "backends/cublas/cublas_library.h"
#include "backends/cublas/cublas_plan.h"
#include "backends/device_tensor.h"
#include "block/context.h"
#include "device/device.h"
#include "elementwise.h"
#include "memory/integer.h"
#include "status/fail.h"

/* What a context has. */
struct state {
    struct dblk_cublas cublas;
    cublasHandle_t handle;
};

static denseblock_status cublas_backend_check(struct dblk_problem *problem) {
    struct dblk_cublas cublas;
    return dblk_cublas_load(&cublas, problem);
}

/* Scalars lie on the host; sums are kept in the type that the product asks for, and TF32 is nobody's
 * choice but the product's. */
static denseblock_status set_up(const struct state *state, void *stream) {
    const struct dblk_cublas *cublas = &state->cublas;
    denseblock_status status = dblk_cublas_check(
        cublas, cublas->cublasSetStream_v2(state->handle, stream), "cublasSetStream");
    if (status == DENSEBLOCK_OK)
        status = dblk_cublas_check(
            cublas, cublas->cublasSetPointerMode_v2(state->handle, CUBLAS_POINTER_MODE_HOST),
            "cublasSetPointerMode");
    const cublasMath_t mode =
        (cublasMath_t)(CUBLAS_DEFAULT_MATH | CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION);
    if (status == DENSEBLOCK_OK)
        status = dblk_cublas_check(cublas, cublas->cublasSetMathMode(state->handle, mode),
                                   "cublasSetMathMode");
    return status;
}

static void cublas_close(denseblock_context *context) {
    struct state *state = context->state;
    if (state->handle != NULL) /* nobody is left to be told of an error */
        (void)state->cublas.cublasDestroy_v2(state->handle);
    free(state);
    context->state = NULL;
}

static denseblock_status cublas_open(denseblock_context *context) {
    struct state *state = calloc(1, sizeof *state);
    if (state == NULL)
        return dblk_fail(DENSEBLOCK_OUT_OF_MEMORY, "no memory for a context");
    context->state = state;
    struct dblk_problem problem;
    denseblock_status status = dblk_cublas_load(&state->cublas, &problem);
    if (status != DENSEBLOCK_OK) {
        status = dblk_fail(status, "cublas backend: %s", problem.text);
    } else {
        status = dblk_cublas_check(&state->cublas, state->cublas.cublasCreate_v2(&state->handle),
                                   "cublasCreate");
        if (status == DENSEBLOCK_OK)
            status = set_up(state, denseblock_context_stream(context));
        else
            state->handle = NULL;
    }
    if (status != DENSEBLOCK_OK)
        cublas_close(context);
    return status;
}

static denseblock_status cublas_prepare_layer(denseblock_context *context,
                                              const denseblock_plan *plan, int64_t l,
                                              const void *kernel, void *prepared) {
    const struct dblk_layer *layer = &plan->layers[l];
    const size_t bytes =
        (size_t)dblk_layer_kernel_count(layer) * denseblock_type_size(plan->type);
    return plan->backend->device->copy(context->queue, DENSEBLOCK_WITHIN,
                                       (char *)prepared + layer->weights_offset, bytes, kernel,
                                       bytes, bytes, 1);
}

/* Types, and how to add. */
struct arithmetic {
    cudaDataType_t type;
    cublasComputeType_t sums;
};

static struct arithmetic arithmetic_of(const denseblock_plan *plan) {
    switch (plan->type) {
    case DENSEBLOCK_F64:
        return (struct arithmetic){CUDA_R_64F, CUBLAS_COMPUTE_64F};
    case DENSEBLOCK_F16:
        return (struct arithmetic){CUDA_R_16F, CUBLAS_COMPUTE_32F};
    case DENSEBLOCK_BF16:
        return (struct arithmetic){CUDA_R_16BF, CUBLAS_COMPUTE_32F};
    case DENSEBLOCK_F32:
        break;
    }
    /* Pedantic: whatever the environment lets cuBLAS do otherwise, such as to emulate f32. */
    return (struct arithmetic){CUDA_R_32F, plan->arithmetic == DENSEBLOCK_ARITHMETIC_TF32
                                               ? CUBLAS_COMPUTE_32F_FAST_TF32
                                               : CUBLAS_COMPUTE_32F_PEDANTIC};
}

/* cuBLAS has its matrices column by column, so that each of ours is a transposed one to it:
 * y^T [g][pixels] = K^T [g][row] * matrix^T [row][pixels]. With beta 0 it does not read y. */
static denseblock_status multiply(const struct state *state, const denseblock_plan *plan,
                                  int64_t l, const void *kernel, const void *matrix,
                                  int64_t pixels, void *y) {
    const struct dblk_cublas_layer *planned = &dblk_cublas_plan_of(plan)->layers[l];
    const struct arithmetic arithmetic = arithmetic_of(plan);
    const int growth = (int)plan->layers[l].growth;
    const double one = 1, zero = 0;
    const float one_f32 = 1, zero_f32 = 0;
    const bool is_f64 = plan->type == DENSEBLOCK_F64;
    return dblk_cublas_check(
        &state->cublas,
        state->cublas.cublasGemmEx(
            state->handle, CUBLAS_OP_N, CUBLAS_OP_N, growth, (int)pixels, (int)planned->row,
            is_f64 ? (const void *)&one : &one_f32, kernel, arithmetic.type, growth, matrix,
            arithmetic.type, (int)planned->row_stride, is_f64 ? (const void *)&zero : &zero_f32,
            y, arithmetic.type, (int)plan->output_channels, arithmetic.sums, CUBLAS_GEMM_DEFAULT),
        "cublasGemmEx");
}

/* What cuBLAS computes in comes from the caller, so that a product allocates nothing and a graph can
 * hold it. */
static denseblock_status set_workspace(const struct state *state, const denseblock_plan *plan,
                                       void *workspace) {
    const struct dblk_cublas_plan *planned = dblk_cublas_plan_of(plan);
    char *scratch = (char *)workspace + planned->matrix_bytes;
    const size_t over = (uintptr_t)scratch % DBLK_CUBLAS_ALIGNMENT;
    if (over != 0)
        scratch += DBLK_CUBLAS_ALIGNMENT - over;
    return dblk_cublas_check(
        &state->cublas,
        state->cublas.cublasSetWorkspace_v2(state->handle, scratch, planned->scratch_bytes),
        "cublasSetWorkspace");
}

static denseblock_status cublas_forward_layer(denseblock_context *context,
                                              const denseblock_plan *plan, int64_t l,
                                              const struct dblk_region *region,
                                              const void *prepared, void *y, void *workspace) {
    const struct dblk_layer *layer = &plan->layers[l];
    const struct dblk_cublas_layer *planned = &dblk_cublas_plan_of(plan)->layers[l];
    const int64_t image_pixels = plan->height * plan->width;
    const int64_t end = (region->image + region->images) * image_pixels;
    const size_t size = denseblock_type_size(plan->type);
    struct dblk_im2col im2col = {
        .type = plan->type,
        .y = y,
        .height = plan->height,
        .width = plan->width,
        .pixel_stride = plan->output_channels,
        .kernel_height = layer->kernel_height,
        .kernel_width = layer->kernel_width,
        .channels = layer->channels,
        .dst = workspace,
        .dst_stride = planned->row_stride,
    };
    denseblock_status status = set_workspace(context->state, plan, workspace);
    for (int64_t first = region->image * image_pixels; status == DENSEBLOCK_OK && first < end;
         first += planned->pixels) {
        im2col.first_pixel = first;
        im2col.pixels = dblk_smaller(planned->pixels, end - first);
        status = dblk_im2col(denseblock_context_stream(context), &im2col);
        const size_t out = (size_t)(first * plan->output_channels + layer->channels) * size;
        if (status == DENSEBLOCK_OK)
            status =
                multiply(context->state, plan, l, (const char *)prepared + layer->weights_offset,
                         workspace, im2col.pixels, (char *)y + out);
    }
    return status;
}

const struct dblk_backend dblk_backend_cublas = {
    .id = DENSEBLOCK_BACKEND_CUBLAS,
    .name = "cublas",
    .method = "ReLU and im2col, then GEMM into y",
    .device = &dblk_cuda_device,
    .check = cublas_backend_check,
    .plan = dblk_cublas_plan_make,
    .open = cublas_open,
    .close = cublas_close,
    .prepare_layer = cublas_prepare_layer,
    .place_input = dblk_device_place_input,
    .forward_layer = cublas_forward_layer,
    .describe = dblk_cublas_plan_describe,
};
