/* Suite: the double of cuBLAS takes arguments as NVIDIA documents them, and refuses others. */
#include <cublas_v2.h>

#include "test_kernels.h"

enum { WORKSPACE = 16 * 1024 };

/* Two matrices of 2x3 and 3x2, and a third of 4x2, of which the first two rows are the product's. */
struct with {
    cublasHandle_t handle;
    cudaStream_t stream;
    float *a, *b, *c, *workspace;
};

static float *new_floats(size_t count) {
    void *memory = NULL;
    ck_cuda(cudaMalloc(&memory, count * sizeof(float)));
    return memory;
}

static void fill(float *to, const float *from, size_t count) {
    ck_cuda(cudaMemcpy(to, from, count * sizeof *from, cudaMemcpyHostToDevice));
}

#define ck_cublas(call, expected) ck_assert_int_eq((int)(call), (int)(expected))

static void prepare(struct with *with) {
    static const float a[] = {1, 2, 3, 4, 5, 6}, b[] = {1, 0, 2, 1.00048828125F, 1, 0};
    static const float c[] = {7, 7, 7, 7, 7, 7, 7, 7};
    cuda_double_begin(NULL);
    with->stream = new_stream(cudaStreamNonBlocking);
    with->a = new_floats(6);
    with->b = new_floats(6);
    with->c = new_floats(8);
    with->workspace = new_floats(WORKSPACE / sizeof(float));
    fill(with->a, a, 6);
    fill(with->b, b, 6);
    fill(with->c, c, 8);
    ck_cuda(cudaDeviceSynchronize()); /* the stream does not wait for the copies */
    ck_cublas(cublasCreate_v2(&with->handle), CUBLAS_STATUS_SUCCESS);
    ck_cublas(cublasSetStream_v2(with->handle, with->stream), CUBLAS_STATUS_SUCCESS);
    ck_cublas(cublasSetWorkspace_v2(with->handle, with->workspace, WORKSPACE),
              CUBLAS_STATUS_SUCCESS);
}

/* C = op(A) op(B) + beta C, f32. */
static cublasStatus_t multiply(const struct with *with, cublasOperation_t a, cublasOperation_t b,
                               const int strides[3], float beta, cublasComputeType_t sums) {
    const float one = 1;
    return cublasGemmEx(with->handle, a, b, 2, 2, 3, &one, with->a, CUDA_R_32F, strides[0],
                        with->b, CUDA_R_32F, strides[1], &beta, with->c, CUDA_R_32F, strides[2],
                        sums, CUBLAS_GEMM_DEFAULT);
}

static void check_c(const struct with *with, const float expected[8]) {
    float c[8];
    ck_cuda(cudaStreamSynchronize(with->stream));
    ck_cuda(cudaMemcpy(c, with->c, sizeof c, cudaMemcpyDeviceToHost));
    for (int i = 0; i < 8; i++)
        ck_assert_msg(c[i] == expected[i], "element %d is %g, expected %g", i, (double)c[i],
                      (double)expected[i]);
}

static const int usual[] = {2, 3, 4}, transposed[] = {3, 2, 4};

START_TEST(matrices_lie_column_by_column) {
    struct with with;
    prepare(&with);
    ck_cublas(multiply(&with, CUBLAS_OP_N, CUBLAS_OP_N, usual, 0, CUBLAS_COMPUTE_32F_PEDANTIC),
              CUBLAS_STATUS_SUCCESS);
    check_c(&with, (float[]){11, 14, 7, 7, 4.00048828125F, 6.0009765625F, 7, 7});
    ck_cublas(multiply(&with, CUBLAS_OP_N, CUBLAS_OP_N, usual, 2, CUBLAS_COMPUTE_32F),
              CUBLAS_STATUS_SUCCESS);
    check_c(&with, (float[]){33, 42, 7, 7, 12.00146484375F, 18.0029296875F, 7, 7});
    /* A is now [1 2 3; 4 5 6], B [1 0; 2 1.0005; 1 0]. */
    ck_cublas(multiply(&with, CUBLAS_OP_T, CUBLAS_OP_T, transposed, 0, CUBLAS_COMPUTE_32F),
              CUBLAS_STATUS_SUCCESS);
    check_c(&with, (float[]){8, 20, 7, 7, 2.0009765625F, 5.00244140625F, 7, 7});
    ck_no_mistakes();
}
END_TEST

/* 2048 is what f16 has beside 2050: 2049.0005 is nearer to that, but 2049 would be a tie. */
START_TEST(what_is_added_to_is_of_its_type_and_rounded_with_the_product) {
    static const uint16_t a = 0x3C01, b = 0x3BFF,
                          c[] = {0x6800, 0x7E00}; /* 1 + 2^-10, 1 - 2^-11 */
    const float one = 1;
    uint16_t after[2];
    struct with with;
    prepare(&with);
    ck_cuda(cudaMemcpy(with.a, &a, sizeof a, cudaMemcpyHostToDevice));
    ck_cuda(cudaMemcpy(with.b, &b, sizeof b, cudaMemcpyHostToDevice));
    ck_cuda(cudaMemcpy(with.c, c, sizeof c, cudaMemcpyHostToDevice));
    ck_cuda(cudaDeviceSynchronize());
    for (int column = 0; column < 2; column++)
        ck_cublas(cublasGemmEx(with.handle, CUBLAS_OP_N, CUBLAS_OP_N, 1, 1, 1, &one, with.a,
                               CUDA_R_16F, 1, with.b, CUDA_R_16F, 1, &one,
                               (uint16_t *)(void *)with.c + column, CUDA_R_16F, 1,
                               CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT),
                  CUBLAS_STATUS_SUCCESS);
    ck_cuda(cudaStreamSynchronize(with.stream));
    ck_cuda(cudaMemcpy(after, with.c, sizeof after, cudaMemcpyDeviceToHost));
    ck_assert_uint_eq(after[0], 0x6801);
    ck_assert_uint_gt(after[1] & 0x7FFF, 0x7C00); /* NaN */
    ck_no_mistakes();
    with.c = new_floats(8);
    ck_cublas(multiply(&with, CUBLAS_OP_N, CUBLAS_OP_N, usual, 1, CUBLAS_COMPUTE_32F),
              CUBLAS_STATUS_SUCCESS);
    ck_cuda(cudaStreamSynchronize(with.stream));
    ck_assert_ptr_nonnull(strstr(cuda_double_mistakes(), "of C, of which not all was written"));
}
END_TEST

START_TEST(products_at_equal_distances_are_one_call) {
    struct with with;
    const float one = 1, zero = 0;
    prepare(&with);
    ck_cublas(cublasGemmStridedBatchedEx(with.handle, CUBLAS_OP_N, CUBLAS_OP_N, 2, 1, 1, &one,
                                         with.a, CUDA_R_32F, 2, 0, with.b, CUDA_R_32F, 1, 2,
                                         &zero, with.c, CUDA_R_32F, 2, 4, 2, CUBLAS_COMPUTE_32F,
                                         CUBLAS_GEMM_DEFAULT),
              CUBLAS_STATUS_SUCCESS);
    check_c(&with, (float[]){1, 2, 7, 7, 2, 4, 7, 7});
    ck_cublas(cublasGemmStridedBatchedEx(with.handle, CUBLAS_OP_N, CUBLAS_OP_N, 3, 1, 1, &one,
                                         with.a, CUDA_R_32F, 3, 3, with.b, CUDA_R_32F, 1, 1,
                                         &zero, with.c, CUDA_R_32F, 3, 4, 2, CUBLAS_COMPUTE_32F,
                                         CUBLAS_GEMM_DEFAULT),
              CUBLAS_STATUS_SUCCESS);
    check_c(&with, (float[]){1, 2, 3, 7, 0, 0, 0, 7});
    ck_no_mistakes();
    ck_cublas(cublasGemmStridedBatchedEx(with.handle, CUBLAS_OP_N, CUBLAS_OP_N, 3, 1, 1, &one,
                                         with.a, CUDA_R_32F, 3, 3, with.b, CUDA_R_32F, 1, 1,
                                         &zero, with.c, CUDA_R_32F, 3, 2, 2, CUBLAS_COMPUTE_32F,
                                         CUBLAS_GEMM_DEFAULT),
              CUBLAS_STATUS_EXECUTION_FAILED);
    ck_assert_ptr_nonnull(strstr(cuda_double_mistakes(), "a C overlaps the next one"));
    /* The second C lies behind the memory of the first. */
    ck_cublas(cublasGemmStridedBatchedEx(with.handle, CUBLAS_OP_N, CUBLAS_OP_N, 3, 1, 1, &one,
                                         with.a, CUDA_R_32F, 3, 3, with.b, CUDA_R_32F, 1, 1,
                                         &zero, with.c, CUDA_R_32F, 3, 6, 2, CUBLAS_COMPUTE_32F,
                                         CUBLAS_GEMM_DEFAULT),
              CUBLAS_STATUS_EXECUTION_FAILED);
}
END_TEST

START_TEST(tf32_rounds_operands_where_it_is_allowed) {
    struct with with;
    const float full[] = {11, 14, 7, 7, 4.00048828125F, 6.0009765625F, 7, 7};
    const float rounded[] = {11, 14, 7, 7, 4, 6, 7, 7}; /* the tie goes to even */
    prepare(&with);
    ck_cublas(multiply(&with, CUBLAS_OP_N, CUBLAS_OP_N, usual, 0, CUBLAS_COMPUTE_32F_FAST_TF32),
              CUBLAS_STATUS_SUCCESS);
    check_c(&with, rounded);
    ck_cublas(cublasSetMathMode(with.handle, CUBLAS_TF32_TENSOR_OP_MATH), CUBLAS_STATUS_SUCCESS);
    ck_cublas(multiply(&with, CUBLAS_OP_N, CUBLAS_OP_N, usual, 0, CUBLAS_COMPUTE_32F),
              CUBLAS_STATUS_SUCCESS);
    check_c(&with, rounded);
    ck_cublas(multiply(&with, CUBLAS_OP_N, CUBLAS_OP_N, usual, 0, CUBLAS_COMPUTE_32F_PEDANTIC),
              CUBLAS_STATUS_SUCCESS);
    check_c(&with, full);
    ck_cublas(cublasSetMathMode(with.handle, CUBLAS_DEFAULT_MATH), CUBLAS_STATUS_SUCCESS);
    ck_cublas(multiply(&with, CUBLAS_OP_N, CUBLAS_OP_N, usual, 0, CUBLAS_COMPUTE_32F),
              CUBLAS_STATUS_SUCCESS);
    check_c(&with, full);
}
END_TEST

START_TEST(strides_too_short_and_types_that_do_not_go_together_are_refused) {
    static const int wrong[][3] = {{1, 3, 4}, {2, 2, 4}, {2, 3, 1}, {2, 3, 0}};
    struct with with;
    const double one = 1, zero = 0;
    prepare(&with);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        ck_cublas(multiply(&with, CUBLAS_OP_N, CUBLAS_OP_N, wrong[i], 0, CUBLAS_COMPUTE_32F),
                  CUBLAS_STATUS_INVALID_VALUE);
    ck_cublas(multiply(&with, CUBLAS_OP_T, CUBLAS_OP_N, usual, 0, CUBLAS_COMPUTE_32F),
              CUBLAS_STATUS_INVALID_VALUE);
    ck_cublas(cublasGemmEx(with.handle, CUBLAS_OP_N, CUBLAS_OP_N, 2, 2, 3, &one, with.a,
                           CUDA_R_32F, 2, with.b, CUDA_R_32F, 3, &zero, with.c, CUDA_R_32F, 4,
                           CUBLAS_COMPUTE_64F, CUBLAS_GEMM_DEFAULT),
              CUBLAS_STATUS_NOT_SUPPORTED);
    ck_cublas(cublasGemmEx(with.handle, CUBLAS_OP_N, CUBLAS_OP_N, 2, 2, 3, &one, with.a,
                           CUDA_R_16F, 2, with.b, CUDA_R_16BF, 3, &zero, with.c, CUDA_R_16F, 4,
                           CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT),
              CUBLAS_STATUS_NOT_SUPPORTED);
    ck_cublas(cublasSetWorkspace_v2(with.handle, with.workspace + 1, WORKSPACE / 2),
              CUBLAS_STATUS_INVALID_VALUE);
    ck_no_mistakes();
}
END_TEST

static void check_mistake(const char *words) {
    ck_assert_msg(strstr(cuda_double_mistakes(), words) != NULL, "'%s', without '%s'",
                  cuda_double_mistakes(), words);
}

START_TEST(a_workspace_is_asked_for_after_the_stream) {
    struct with with;
    prepare(&with);
    ck_cublas(cublasSetWorkspace_v2(with.handle, with.workspace, WORKSPACE / 2),
              CUBLAS_STATUS_SUCCESS);
    ck_cublas(multiply(&with, CUBLAS_OP_N, CUBLAS_OP_N, usual, 0, CUBLAS_COMPUTE_32F),
              CUBLAS_STATUS_ALLOC_FAILED);
    ck_no_mistakes();
    ck_cublas(cublasSetStream_v2(with.handle, with.stream), CUBLAS_STATUS_SUCCESS);
    ck_cublas(multiply(&with, CUBLAS_OP_N, CUBLAS_OP_N, usual, 0, CUBLAS_COMPUTE_32F),
              CUBLAS_STATUS_EXECUTION_FAILED);
    check_mistake("no workspace was set");
}
END_TEST

START_TEST(what_is_out_of_bounds_or_was_never_written_is_a_mistake) {
    struct with with;
    const int long_stride[] = {2, 3, 7};
    prepare(&with);
    ck_cublas(multiply(&with, CUBLAS_OP_N, CUBLAS_OP_N, long_stride, 0, CUBLAS_COMPUTE_32F),
              CUBLAS_STATUS_EXECUTION_FAILED);
    check_mistake("bytes 0 to 36 of device memory");
    prepare(&with);
    with.b = new_floats(6);
    ck_cublas(multiply(&with, CUBLAS_OP_N, CUBLAS_OP_N, usual, 0, CUBLAS_COMPUTE_32F),
              CUBLAS_STATUS_SUCCESS);
    ck_cuda(cudaStreamSynchronize(with.stream));
    check_mistake("column 0 of B, of which not all was written");
    prepare(&with);
    with.c = with.workspace;
    ck_cublas(multiply(&with, CUBLAS_OP_N, CUBLAS_OP_N, usual, 0, CUBLAS_COMPUTE_32F),
              CUBLAS_STATUS_EXECUTION_FAILED);
    check_mistake("the workspace overlaps a matrix");
}
END_TEST

START_TEST(handles_are_given_back_once) {
    struct with with;
    prepare(&with);
    ck_assert_ptr_nonnull(strstr(cuda_double_leaks(), "handle of cuBLAS 1, of cublasCreate_v2"));
    cuda_double_fail("cublasDestroy_v2", 1, cudaErrorUnknown);
    ck_cublas(cublasDestroy_v2(with.handle), CUBLAS_STATUS_EXECUTION_FAILED);
    ck_assert_ptr_null(strstr(cuda_double_leaks(), "handle"));
    ck_cublas(cublasDestroy_v2(with.handle), CUBLAS_STATUS_SUCCESS);
    ck_no_mistakes();
    ck_cublas(cublasDestroy_v2(with.handle), CUBLAS_STATUS_NOT_INITIALIZED);
    check_mistake("the handle of cuBLAS was destroyed");
    ck_cuda(cudaPeekAtLastError()); /* which cuBLAS does not touch */
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {
        matrices_lie_column_by_column,
        what_is_added_to_is_of_its_type_and_rounded_with_the_product,
        products_at_equal_distances_are_one_call,
        tf32_rounds_operands_where_it_is_allowed,
        strides_too_short_and_types_that_do_not_go_together_are_refused,
        a_workspace_is_asked_for_after_the_stream,
        what_is_out_of_bounds_or_was_never_written_is_a_mistake,
        handles_are_given_back_once,
        NULL,
    };
    return suite_of("double.cublas", tests);
}
