/* The cases that the original NumPy program computed, through the library. */
#include <dirent.h>
#include <math.h>
#include <stdlib.h>

#include "elements/elements.h"
#include "fixture.h"
#include "suite.h"

struct golden {
    denseblock_array input, output;
    denseblock_array kernels[FIXTURE_MAX_LAYERS];
    denseblock_layer layers[FIXTURE_MAX_LAYERS];
    denseblock_desc desc;
};

static void golden_read(const char *name, struct golden *golden) {
    char path[512];
    *golden = (struct golden){0};
    snprintf(path, sizeof path, CASES_FOLDER "/%s/input.npy", name);
    ck_ok(denseblock_npy_read(path, &golden->input));
    snprintf(path, sizeof path, CASES_FOLDER "/%s/output.npy", name);
    ck_ok(denseblock_npy_read(path, &golden->output));
    int count = 0;
    for (; count < FIXTURE_MAX_LAYERS; count++) {
        snprintf(path, sizeof path, CASES_FOLDER "/%s/kernel_%03d.npy", name, count);
        if (denseblock_npy_read(path, &golden->kernels[count]) != DENSEBLOCK_OK)
            break;
        const int64_t *shape = golden->kernels[count].shape;
        golden->layers[count] = (denseblock_layer){
            .kernel_height = shape[0], .kernel_width = shape[1], .growth = shape[3]};
    }
    golden->desc = (denseblock_desc){
        .batch = golden->input.shape[0],
        .height = golden->input.shape[1],
        .width = golden->input.shape[2],
        .channels = golden->input.shape[3],
        .layer_count = count,
        .layers = golden->layers,
        .type = golden->input.type,
    };
}

static void golden_free(struct golden *golden) {
    denseblock_array_free(&golden->input);
    denseblock_array_free(&golden->output);
    for (int l = 0; l < FIXTURE_MAX_LAYERS; l++)
        denseblock_array_free(&golden->kernels[l]);
}

/* The largest difference of finite values, in parts of the largest expected value. */
static double relative_error(const char *name, const denseblock_array *expected,
                             denseblock_type type, const void *y) {
    double largest = 0, error = 0;
    const size_t count = denseblock_array_count(expected);
    for (size_t i = 0; i < count; i++) {
        const double wanted = dblk_element_load(expected->type, expected->data, i);
        const double found = dblk_element_load(type, y, i);
        ck_assert_msg(isnan(wanted) == isnan(found) && isinf(wanted) == isinf(found),
                      "%s: element %zu is %g, expected %g", name, i, found, wanted);
        if (isinf(wanted))
            ck_assert_double_eq(found, wanted);
        if (!isfinite(wanted))
            continue;
        largest = fmax(largest, fabs(wanted));
        error = fmax(error, fabs(found - wanted));
    }
    return largest > 0 ? error / largest : error;
}

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
    const double error = relative_error(name, &golden.output, golden.desc.type, fixture.y);
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
