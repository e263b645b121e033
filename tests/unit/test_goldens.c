/* The cases that the original NumPy program computed, through the library. */
#include <dirent.h>
#include <stdlib.h>

#include "fixture.h"
#include "golden.h"
#include "suite.h"

static void check_golden(const char *name, denseblock_backend backend,
                         denseblock_algorithm algorithm) {
    struct golden golden;
    golden_read(name, &golden);
    struct fixture fixture = {.backend = backend, .desc = golden.desc};
    fixture_make(&fixture, 1, &(denseblock_plan_options){.algorithm = algorithm});
    const void *kernels[FIXTURE_MAX_LAYERS];
    for (int l = 0; l < FIXTURE_MAX_LAYERS; l++)
        kernels[l] = golden.kernels[l].data;
    ck_ok(denseblock_weights_prepare(fixture.context, fixture.plan, kernels, fixture.prepared));
    ck_ok(denseblock_forward(fixture.context, fixture.plan, fixture.prepared, golden.input.data,
                             fixture.y, fixture.workspace));
    ck_assert_uint_eq(fixture_y_count(&fixture), denseblock_array_count(&golden.output));
    const double error = golden_error(name, &golden.output, golden.desc.type, fixture.y);
    const double tolerance = golden.desc.type == DENSEBLOCK_F64 ? 1e-12 : 1e-5;
    ck_assert_msg(error <= tolerance, "%s: relative error %g\n%s", name, error,
                  denseblock_plan_describe(fixture.plan));
    fixture_free(&fixture);
    golden_free(&golden);
}

START_TEST(every_backend_reproduces_every_case) {
    struct dirent **entries;
    const int count = scandir(CASES_FOLDER, &entries, NULL, alphasort);
    ck_assert_int_gt(count, 2);
    int cases = 0;
    for (int i = 0; i < count; i++) {
        if (entries[i]->d_name[0] != '.') {
            check_golden(entries[i]->d_name, DENSEBLOCK_BACKEND_REFERENCE,
                         DENSEBLOCK_ALGORITHM_DIRECT);
            check_golden(entries[i]->d_name, DENSEBLOCK_BACKEND_CPU, DENSEBLOCK_ALGORITHM_DIRECT);
            check_golden(entries[i]->d_name, DENSEBLOCK_BACKEND_CPU, DENSEBLOCK_ALGORITHM_AUTO);
            cases++;
        }
        free(entries[i]);
    }
    free(entries);
    ck_assert_int_eq(cases, 10);
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {every_backend_reproduces_every_case, NULL};
    return suite_of("goldens", tests);
}
