/* The suites of this folder run once for each backend that computes on GPUs. */
#ifndef DENSEBLOCK_TESTS_BACKENDS_H
#define DENSEBLOCK_TESTS_BACKENDS_H

#include <stdio.h>

#include "suite.h"

/* The one that runs now. */
static denseblock_backend tested;

static void test_cuda(void) {
    tested = DENSEBLOCK_BACKEND_CUDA;
}

static void test_cublas(void) {
    tested = DENSEBLOCK_BACKEND_CUBLAS;
}

static inline void add_tests(TCase *tcase, const TTest *const *tests) {
    for (; *tests != NULL; tests++)
        tcase_add_test(tcase, *tests);
}

/* The double has cuBLAS where the build has its backend; other machines may lack it. */
static inline bool has_cublas(void) {
#if !defined WITH_CUBLAS
    printf("SKIP: this build has no cublas backend\n");
    return false;
#elif defined WITH_DOUBLE
    return true;
#else
    if (denseblock_backend_check(DENSEBLOCK_BACKEND_CUBLAS) == DENSEBLOCK_OK)
        return true;
    printf("SKIP: %s\n", denseblock_last_error());
    return false;
#endif
}

/* Each list ends with NULL: the tests of both, and those of one. */
static inline Suite *suite_of_backends(const char *name, const TTest *const *both,
                                       const TTest *const *of_cuda,
                                       const TTest *const *of_cublas) {
    Suite *result = suite_create(name);
    TCase *cuda = tcase_create("cuda");
    tcase_add_checked_fixture(cuda, test_cuda, NULL);
    add_tests(cuda, both);
    add_tests(cuda, of_cuda);
    suite_add_tcase(result, cuda);
    if (!has_cublas())
        return result;
    TCase *cublas = tcase_create("cublas");
    tcase_add_checked_fixture(cublas, test_cublas, NULL);
    add_tests(cublas, both);
    add_tests(cublas, of_cublas);
    suite_add_tcase(result, cublas);
    return result;
}

#endif
