/* The cases that programs in NumPy computed, through the library. */
#include "fixture.h"
#include "golden.h"
#include "suite.h"

/* A backend, and how it shall compute. */
struct way {
    denseblock_backend backend;
    denseblock_algorithm algorithm;
};
static const struct way ways[] = {
    {DENSEBLOCK_BACKEND_REFERENCE, DENSEBLOCK_ALGORITHM_DIRECT},
    {DENSEBLOCK_BACKEND_CPU, DENSEBLOCK_ALGORITHM_DIRECT},
    {DENSEBLOCK_BACKEND_CPU, DENSEBLOCK_ALGORITHM_AUTO},
};
enum { WAYS = sizeof ways / sizeof ways[0] };

static void check_golden(struct golden *golden, const void *user) {
    const struct way *way = user;
    struct fixture fixture = {
        .backend = way->backend, .desc = golden->desc, .residual = golden->residual};
    fixture_make(&fixture, 1, &(denseblock_plan_options){.algorithm = way->algorithm});
    ck_assert_uint_eq(fixture_y_count(&fixture), denseblock_array_count(&golden->output));
    ck_ok(denseblock_weights_prepare(fixture.context, fixture.plan, golden->kernels,
                                     fixture.prepared));
    memcpy(fixture.x, golden->input.data,
           fixture_x_count(&fixture) * denseblock_type_size(golden->desc.type));
    fixture_forward(&fixture);
    const double error = golden_error(golden, fixture.y);
    const double tolerance = golden->desc.type == DENSEBLOCK_F64 ? 1e-12 : 1e-5;
    ck_assert_msg(error <= tolerance, "%s: relative error %g\n%s", golden->name, error,
                  denseblock_plan_describe(fixture.plan));
    fixture_free(&fixture);
}

START_TEST(every_backend_reproduces_every_case) {
    for (int w = 0; w < WAYS; w++)
        ck_assert_int_eq(golden_for_each(false, check_golden, &ways[w]), 10);
}
END_TEST

START_TEST(every_backend_reproduces_every_residual_case) {
    for (int w = 0; w < WAYS; w++) {
        ck_assert_int_eq(golden_for_each(true, check_golden, &ways[w]), 9);
    }
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {every_backend_reproduces_every_case,
                                  every_backend_reproduces_every_residual_case, NULL};
    return suite_of("goldens", tests);
}
