/* The real cuBLAS, where it is installed: no call of it needs a GPU here. */
#include <stdio.h>

#include "backends/cublas/cublas_library.h"
#include "device/device.h"
#include "device/library.h"
#include "suite.h"

START_TEST(all_its_functions_are_found) {
    struct dblk_cublas cublas;
    struct dblk_problem problem;
    ck_assert_msg(dblk_cublas_load(&cublas, &problem) == DENSEBLOCK_OK, "%s", problem.text);
    ck_assert_ptr_nonnull(cublas.cublasGetStatusString(CUBLAS_STATUS_ALLOC_FAILED));
    ck_fails(dblk_cublas_check(&cublas, CUBLAS_STATUS_ALLOC_FAILED, "cublasGemmEx"),
             DENSEBLOCK_OUT_OF_MEMORY, "cublasGemmEx failed: ");
    ck_fails(dblk_cublas_check(&cublas, CUBLAS_STATUS_ARCH_MISMATCH, "cublasGemmEx"),
             DENSEBLOCK_UNAVAILABLE, cublas.cublasGetStatusString(CUBLAS_STATUS_ARCH_MISMATCH));
    ck_fails(dblk_cublas_check(&cublas, CUBLAS_STATUS_NOT_INITIALIZED, "cublasCreate"),
             DENSEBLOCK_DEVICE_FAILED, "cublasCreate failed: ");
    ck_ok(dblk_cublas_check(&cublas, CUBLAS_STATUS_SUCCESS, "cublasGemmEx"));
}
END_TEST

START_TEST(its_version_is_told) {
    denseblock_cuda cuda;
    denseblock_cuda_query(&cuda);
    ck_assert_int_ge(cuda.cublas_version, 120000);
}
END_TEST

START_TEST(what_is_missing_is_no_library_and_no_function) {
    static const char *const none[] = {"libcublas.so.0", "libdenseblock_has_none.so", NULL};
    static const char *const second[] = {"libcublas.so.0", "libm.so.6", NULL};
    void (*function)(void) = NULL;
    ck_assert_ptr_null(dblk_library_open(none));
    void *library = dblk_library_open(second);
    ck_assert_ptr_nonnull(library);
    dblk_library_function(library, "cos", (void *)&function);
    ck_assert(function != NULL);
    dblk_library_function(library, "cublasGemmEx", (void *)&function);
    ck_assert(function == NULL);
    dblk_library_close(library);
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {
        what_is_missing_is_no_library_and_no_function,
        all_its_functions_are_found,
        its_version_is_told,
        NULL,
    };
    const TTest *const without[] = {what_is_missing_is_no_library_and_no_function, NULL};
    struct dblk_cublas cublas;
    struct dblk_problem problem;
    if (dblk_cublas_load(&cublas, &problem) == DENSEBLOCK_OK)
        return suite_of("cublas_library", tests);
    printf("SKIP the rest: %s\n", problem.text);
    return suite_of("cublas_library", without);
}
