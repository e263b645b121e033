#include "backends.h"

#include <stdio.h>

denseblock_backend tested;

static void test_cuda(void) {
    tested = DENSEBLOCK_BACKEND_CUDA;
}

static void test_cublas(void) {
    tested = DENSEBLOCK_BACKEND_CUBLAS;
}

static void add_tests(TCase *tcase, const TTest *const *tests) {
    for (; *tests != NULL; tests++)
        tcase_add_test(tcase, *tests);
}

/* The double has cuBLAS where the build has its backend; other machines may lack it. */
static bool has_cublas(void) {
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

Suite *suite_of_backends(const char *name, const TTest *const *both, const TTest *const *of_cuda,
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

void check_description(const denseblock_desc *desc, const denseblock_plan_options *options,
                       const char *has, const char *has_not) {
    denseblock_plan *plan;
    ck_ok(denseblock_plan_create(desc, tested, options, &plan));
    const char *text = denseblock_plan_describe(plan);
    ck_assert_msg(strstr(text, has) != NULL, "no '%s' in: %s", has, text);
    ck_assert_msg(has_not == NULL || strstr(text, has_not) == NULL, "'%s' in: %s", has_not, text);
    denseblock_plan_destroy(plan);
}
