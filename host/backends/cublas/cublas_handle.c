#include "backends/cublas/cublas_handle.h"

#include "device/device.h"
#include "status/fail.h"

/* Scalars lie on the host; sums are kept in the type that the product asks for, and TF32 is nobody's
 * choice but the product's. */
static denseblock_status set_up(const struct dblk_cublas_handle *handle, void *stream) {
    const struct dblk_cublas *cublas = &handle->cublas;
    denseblock_status status = dblk_cublas_check(
        cublas, cublas->cublasSetStream_v2(handle->handle, stream), "cublasSetStream");
    if (status == DENSEBLOCK_OK)
        status = dblk_cublas_check(
            cublas, cublas->cublasSetPointerMode_v2(handle->handle, CUBLAS_POINTER_MODE_HOST),
            "cublasSetPointerMode");
    const cublasMath_t mode =
        (cublasMath_t)(CUBLAS_DEFAULT_MATH | CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION);
    if (status == DENSEBLOCK_OK)
        status = dblk_cublas_check(cublas, cublas->cublasSetMathMode(handle->handle, mode),
                                   "cublasSetMathMode");
    return status;
}

denseblock_status dblk_cublas_handle_open(struct dblk_cublas_handle *handle, void *stream) {
    struct dblk_problem problem;
    handle->handle = NULL;
    denseblock_status status = dblk_cublas_load(&handle->cublas, &problem);
    if (status != DENSEBLOCK_OK)
        return dblk_fail(status, "cublas backend: %s", problem.text);
    status = dblk_cublas_check(&handle->cublas, handle->cublas.cublasCreate_v2(&handle->handle),
                               "cublasCreate");
    if (status != DENSEBLOCK_OK) {
        handle->handle = NULL;
        return status;
    }
    status = set_up(handle, stream);
    if (status != DENSEBLOCK_OK)
        dblk_cublas_handle_close(handle);
    return status;
}

void dblk_cublas_handle_close(struct dblk_cublas_handle *handle) {
    if (handle->handle != NULL) /* nobody is left to be told of an error */
        (void)handle->cublas.cublasDestroy_v2(handle->handle);
    handle->handle = NULL;
}

denseblock_status dblk_cublas_set_workspace(const struct dblk_cublas_handle *handle,
                                            const denseblock_plan *plan, void *workspace) {
    const struct dblk_cublas_plan *planned = dblk_cublas_plan_of(plan);
    char *scratch = (char *)workspace + planned->stack.bytes + planned->matrix_bytes;
    const size_t over = (uintptr_t)scratch % DBLK_CUBLAS_ALIGNMENT;
    if (over != 0)
        scratch += DBLK_CUBLAS_ALIGNMENT - over;
    return dblk_cublas_check(
        &handle->cublas,
        handle->cublas.cublasSetWorkspace_v2(handle->handle, scratch, planned->scratch_bytes),
        "cublasSetWorkspace");
}

static cudaDataType_t cuda_type(denseblock_type type) {
    switch (type) {
    case DENSEBLOCK_F64:
        return CUDA_R_64F;
    case DENSEBLOCK_F16:
        return CUDA_R_16F;
    case DENSEBLOCK_BF16:
        return CUDA_R_16BF;
    case DENSEBLOCK_F32:
        break;
    }
    return CUDA_R_32F;
}

/* f32 pedantic: whatever the environment lets cuBLAS do otherwise, such as to emulate f32. */
static cublasComputeType_t sums_of(const denseblock_plan *plan) {
    switch (plan->type) {
    case DENSEBLOCK_F64:
        return CUBLAS_COMPUTE_64F;
    case DENSEBLOCK_F16:
    case DENSEBLOCK_BF16:
        return CUBLAS_COMPUTE_32F;
    case DENSEBLOCK_F32:
        break;
    }
    return dblk_cublas_uses_tf32(plan) ? CUBLAS_COMPUTE_32F_FAST_TF32
                                       : CUBLAS_COMPUTE_32F_PEDANTIC;
}

/* cuBLAS has its matrices column by column, so that each of ours is a transposed one to it:
 * c^T [columns][rows] = b^T [columns][inner] * a^T [inner][rows]. With beta 0 it does not read c. */
denseblock_status dblk_cublas_multiply(const struct dblk_cublas_handle *handle,
                                       const denseblock_plan *plan,
                                       const struct dblk_cublas_product *p) {
    const struct dblk_cublas *cublas = &handle->cublas;
    const cudaDataType_t type = cuda_type(plan->type);
    const double one = 1, beta = p->add ? 1 : 0;
    const float one_f32 = 1, beta_f32 = p->add ? 1 : 0;
    const bool is_f64 = plan->type == DENSEBLOCK_F64;
    const void *alpha_at = is_f64 ? (const void *)&one : &one_f32;
    const void *beta_at = is_f64 ? (const void *)&beta : &beta_f32;
    if (p->batch == 1)
        return dblk_cublas_check(
            cublas,
            cublas->cublasGemmEx(handle->handle, CUBLAS_OP_N, CUBLAS_OP_N, (int)p->columns,
                                 (int)p->rows, (int)p->inner, alpha_at, p->b, type,
                                 (int)p->b_stride, p->a, type, (int)p->a_stride, beta_at, p->c,
                                 cuda_type(p->c_type), (int)p->c_stride, sums_of(plan),
                                 CUBLAS_GEMM_DEFAULT),
            "cublasGemmEx");
    return dblk_cublas_check(cublas,
                             cublas->cublasGemmStridedBatchedEx(
                                 handle->handle, CUBLAS_OP_N, CUBLAS_OP_N, (int)p->columns,
                                 (int)p->rows, (int)p->inner, alpha_at, p->b, type,
                                 (int)p->b_stride, p->b_step, p->a, type, (int)p->a_stride,
                                 p->a_step, beta_at, p->c, cuda_type(p->c_type), (int)p->c_stride,
                                 p->c_step, p->batch, sums_of(plan), CUBLAS_GEMM_DEFAULT),
                             "cublasGemmStridedBatchedEx");
}
