#include "against_reference.h"

#include <math.h>
#include <stdlib.h>

#include "backends.h"
#include "elements/elements.h"
#include "on_double.h"

double tolerance(denseblock_type type) {
    switch (type) {
    case DENSEBLOCK_F64:
        return 1e-12;
    case DENSEBLOCK_F32:
        return 1e-5;
    case DENSEBLOCK_F16:
        return 4e-3;
    case DENSEBLOCK_BF16:
        return 3e-2;
    }
    return 0;
}

/* NaN and Inf in the same places, and finite values close. */
static void check_equal(const char *what, denseblock_type type, size_t count,
                        const void *expected, const void *found) {
    double largest = 0, error = 0;
    for (size_t i = 0; i < count; i++) {
        const double wanted = dblk_element_load(type, expected, i);
        const double value = dblk_element_load(type, found, i);
        if (!same_kind(wanted, value))
            ck_abort_msg("%s: element %zu is %g, expected %g", what, i, value, wanted);
        if (!isfinite(wanted))
            continue;
        largest = fmax(largest, fabs(wanted));
        error = fmax(error, fabs(value - wanted));
    }
    if (!(error <= tolerance(type) * fmax(largest, 1e-30)))
        ck_abort_msg("%s: error %g, the largest value is %g", what, error, largest);
}

void compare(const char *what, struct fixture *fixture, const denseblock_plan_options *options,
             bool in_place, bool graph, size_t y_shift) {
    const size_t size = denseblock_type_size(fixture->desc.type);
    const size_t count = fixture_y_count(fixture);
    void *y = aligned_memory(count * size);
    memset(y, 0xff, count * size);
    begin_quietly();
    ck_ok(cuda_case_run(&(struct cuda_case){
        .backend = tested,
        .desc = &fixture->desc,
        .residual = fixture->residual,
        .options = options,
        .kernels = (const void *const *)fixture->kernels,
        .x = fixture->x,
        .y = y,
        .in_place = in_place,
        .graph = graph,
        .y_shift = y_shift,
    }));
    check_quiet(what);
    fixture_forward(fixture);
    check_equal(what, fixture->desc.type, count, fixture->y, y);
    free(y);
}

void compare_with_tf32(struct fixture *fixture) {
    const size_t count = fixture_y_count(fixture);
    float *y = aligned_memory(count * sizeof *y);
    denseblock_desc desc = fixture->desc;
    desc.arithmetic = DENSEBLOCK_ARITHMETIC_TF32;
    begin_quietly();
    ck_ok(cuda_case_run(&(struct cuda_case){.backend = tested,
                                            .desc = &desc,
                                            .residual = fixture->residual,
                                            .kernels = (const void *const *)fixture->kernels,
                                            .x = fixture->x,
                                            .y = y}));
    check_quiet("TF32");
    fixture_forward(fixture);
    double largest = 0, error = 0;
    for (size_t i = 0; i < count; i++) {
        const double wanted = dblk_element_load(DENSEBLOCK_F32, fixture->y, i);
        largest = fmax(largest, fabs(wanted));
        error = fmax(error, fabs((double)y[i] - wanted));
    }
    ck_assert_msg(error < 4e-3 * largest, "error %g, the largest value is %g", error, largest);
#ifdef WITH_DOUBLE /* whether a GPU does is its own choice */
    ck_assert_msg(error > 1e-5 * largest, "error %g, the largest value is %g", error, largest);
#endif
    free(y);
}

void make_batch_of_five(struct fixture *fixture) {
    *fixture = (struct fixture){.desc = {.batch = 5,
                                         .height = 6,
                                         .width = 7,
                                         .channels = 3,
                                         .layer_count = 4,
                                         .layers = fixture->layers,
                                         .type = DENSEBLOCK_F32}};
    denseblock_layers_fill(fixture->layers, 4, 3, 3, 5);
    fixture_make(fixture, 1, NULL);
}

double relative_error(const struct fixture *fixture, const void *y) {
    double *x = aligned_memory(fixture_x_count(fixture) * sizeof *x);
    denseblock_convert(DENSEBLOCK_F64, x, fixture->desc.type, fixture->x,
                       fixture_x_count(fixture));
    struct fixture exact = {.desc = fixture->desc};
    exact.desc.type = DENSEBLOCK_F64;
    exact.desc.arithmetic = DENSEBLOCK_ARITHMETIC_FULL;
    fixture_make(&exact, 1, NULL);
    memcpy(exact.x, x, fixture_x_count(fixture) * sizeof *x);
    int64_t channels = fixture->desc.channels;
    for (int64_t l = 0; l < fixture->desc.layer_count; l++) {
        const denseblock_layer *layer = &fixture->desc.layers[l];
        denseblock_convert(
            DENSEBLOCK_F64, exact.kernels[l], fixture->desc.type, fixture->kernels[l],
            (size_t)(layer->kernel_height * layer->kernel_width * channels * layer->growth));
        channels += layer->growth;
    }
    ck_ok(denseblock_weights_prepare(exact.context, exact.plan,
                                     (const void *const *)exact.kernels, exact.prepared));
    fixture_forward(&exact);
    double errors = 0, values = 0;
    for (size_t i = 0; i < fixture_y_count(fixture); i++) {
        if ((int64_t)i % channels < fixture->desc.channels)
            continue;
        const double wanted = ((const double *)exact.y)[i];
        const double found = dblk_element_load(fixture->desc.type, y, i);
        errors += (found - wanted) * (found - wanted);
        values += wanted * wanted;
    }
    fixture_free(&exact);
    free(x);
    return sqrt(errors / values);
}
