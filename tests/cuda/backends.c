#include "backends.h"

#include <stdio.h>

denseblock_backend tested;

static void test_cuda(void) {
    tested = DENSEBLOCK_BACKEND_CUDA;
}

static void test_cublas(void) {
    tested = DENSEBLOCK_BACKEND_CUBLAS;
}

static void test_cudnn(void) {
    tested = DENSEBLOCK_BACKEND_CUDNN;
}

static void add_tests(TCase *tcase, const TTest *const *tests) {
    for (; *tests != NULL; tests++)
        tcase_add_test(tcase, *tests);
}

/* What the build has. */
#ifdef WITH_CUBLAS
enum { HAS_CUBLAS = true };
#else
enum { HAS_CUBLAS = false };
#endif
#ifdef WITH_CUDNN
enum { HAS_CUDNN = true };
#else
enum { HAS_CUDNN = false };
#endif

/* The double has the library of a backend that the build has; other machines may lack it. */
static bool is_here(denseblock_backend backend, bool is_built) {
    if (!is_built) {
        printf("SKIP: this build has no %s backend\n", denseblock_backend_name(backend));
        return false;
    }
#ifndef WITH_DOUBLE
    if (denseblock_backend_check(backend) != DENSEBLOCK_OK) {
        printf("SKIP: %s\n", denseblock_last_error());
        return false;
    }
#endif
    return true;
}

static void add_case(Suite *suite, const char *name, SFun test, const TTest *const *all,
                     const TTest *const *of_one) {
    TCase *tcase = tcase_create(name);
    tcase_add_checked_fixture(tcase, test, NULL);
    add_tests(tcase, all);
    add_tests(tcase, of_one);
    suite_add_tcase(suite, tcase);
}

Suite *suite_of_backends(const char *name, const TTest *const *all, const TTest *const *of_cuda,
                         const TTest *const *of_cublas, const TTest *const *of_cudnn) {
    Suite *result = suite_create(name);
    add_case(result, "cuda", test_cuda, all, of_cuda);
    if (is_here(DENSEBLOCK_BACKEND_CUBLAS, HAS_CUBLAS))
        add_case(result, "cublas", test_cublas, all, of_cublas);
    if (is_here(DENSEBLOCK_BACKEND_CUDNN, HAS_CUDNN))
        add_case(result, "cudnn", test_cudnn, all, of_cudnn);
    return result;
}

void check_description(const denseblock_desc *desc, const denseblock_plan_options *options,
                       const char *has, const char *has_not) {
    denseblock_plan *plan;
    ck_ok(denseblock_plan_create(desc, tested, options, &plan));
    const char *text = denseblock_plan_describe(plan);
    ck_assert_msg(strstr(text, has) != NULL, "no '%s' in: %s", has, text);
    ck_assert_msg(has_not == NULL || strstr(text, has_not) == NULL, "'%s' in: %s", has_not, text);
    denseblock_plan_destroy(plan);
}
