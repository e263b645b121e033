/* The block against the formula, computed once more in another way: from a padded copy. */
#include <math.h>
#include <stdlib.h>

#include "elements/elements.h"
#include "fixture.h"
#include "suite.h"

static const denseblock_type all_types[] = {DENSEBLOCK_F32, DENSEBLOCK_F64, DENSEBLOCK_F16,
                                            DENSEBLOCK_BF16};

static double *zeros(size_t count) {
    double *memory = calloc(count + 1, sizeof *memory);
    ck_assert_ptr_nonnull(memory);
    return memory;
}

/* relu(X_l) of image n with the zeros around it: [H + kh - 1, W + kw - 1, C_l]. */
static double *padded_image(const denseblock_desc *desc, const denseblock_layer *layer,
                            const double *y, int64_t stride, int64_t channels, int64_t n) {
    const int64_t above = (layer->kernel_height - 1) / 2, left = (layer->kernel_width - 1) / 2;
    const int64_t width = desc->width + layer->kernel_width - 1;
    const int64_t height = desc->height + layer->kernel_height - 1;
    double *padded = zeros((size_t)(height * width * channels));
    for (int64_t h = 0; h < desc->height; h++)
        for (int64_t w = 0; w < desc->width; w++)
            for (int64_t c = 0; c < channels; c++) {
                const double v = y[((n * desc->height + h) * desc->width + w) * stride + c];
                padded[((h + above) * width + w + left) * channels + c] = v < 0 ? 0 : v;
            }
    return padded;
}

/* y of the formula, in f64, each output rounded to the type; of malloc. */
static double *expected_output(const struct fixture *fixture) {
    const denseblock_desc *desc = &fixture->desc;
    const int64_t stride = denseblock_plan_output_channels(fixture->plan);
    const int64_t pixels = desc->batch * desc->height * desc->width;
    double *y = zeros((size_t)(pixels * stride));
    for (int64_t p = 0; p < pixels; p++)
        for (int64_t c = 0; c < desc->channels; c++)
            y[p * stride + c] =
                dblk_element_load(desc->type, fixture->x, (size_t)(p * desc->channels + c));
    int64_t channels = desc->channels;
    for (int64_t l = 0; l < desc->layer_count; l++) {
        const denseblock_layer *layer = &desc->layers[l];
        const int64_t kh = layer->kernel_height, kw = layer->kernel_width, g = layer->growth;
        const int64_t padded_width = desc->width + kw - 1;
        for (int64_t n = 0; n < desc->batch; n++) {
            double *padded = padded_image(desc, layer, y, stride, channels, n);
            for (int64_t o = 0; o < g; o++)
                for (int64_t h = 0; h < desc->height; h++)
                    for (int64_t w = 0; w < desc->width; w++) {
                        double sum = 0;
                        for (int64_t c = channels - 1; c >= 0; c--)
                            for (int64_t i = kh - 1; i >= 0; i--)
                                for (int64_t j = kw - 1; j >= 0; j--)
                                    sum +=
                                        padded[((h + i) * padded_width + w + j) * channels + c] *
                                        dblk_element_load(
                                            desc->type, fixture->kernels[l],
                                            (size_t)(((i * kw + j) * channels + c) * g + o));
                        double rounded;
                        unsigned char stored[8];
                        dblk_element_store(desc->type, stored, 0, sum);
                        rounded = dblk_element_load(desc->type, stored, 0);
                        y[((n * desc->height + h) * desc->width + w) * stride + channels + o] =
                            rounded;
                    }
            free(padded);
        }
        channels += g;
    }
    return y;
}

static void check_against_formula(const struct fixture *fixture, unsigned long seed) {
    double *expected = expected_output(fixture);
    /* The sums are added in another order, which may tip a rounding: two units of the type. */
    fixture_check_formula(fixture, expected, 2, seed);
    free(expected);
}

START_TEST(random_blocks_of_every_type_follow_the_formula) {
    enum { TRIALS = 100 };
    for (unsigned long seed = 0; seed < TRIALS; seed++)
        for (int t = 0; t < 4; t++) {
            struct fixture fixture;
            fixture_random_desc(&fixture, seed, all_types[t]);
            fixture_make(&fixture, seed, NULL);
            fixture_forward(&fixture);
            check_against_formula(&fixture, seed);
            fixture_free(&fixture);
        }
}
END_TEST

/* x as a separate array, x == y, and x == NULL: the same bits. */
START_TEST(x_may_lie_in_y_already) {
    for (unsigned long seed = 0; seed < 20; seed++) {
        struct fixture fixture;
        fixture_random_desc(&fixture, seed, DENSEBLOCK_F32);
        fixture_make(&fixture, seed, NULL);
        fixture_forward(&fixture);
        const size_t bytes = denseblock_plan_output_bytes(fixture.plan);
        void *first = aligned_memory(bytes);
        memcpy(first, fixture.y, bytes);
        for (int way = 0; way < 2; way++) {
            const int64_t stride = denseblock_plan_output_channels(fixture.plan);
            float *y = fixture.y;
            for (size_t i = 0; i < fixture_y_count(&fixture); i++)
                if ((int64_t)i % stride >= fixture.desc.channels)
                    y[i] = NAN;
            ck_ok(denseblock_forward(fixture.context, fixture.plan, fixture.prepared,
                                     way == 0 ? NULL : y, y, fixture.workspace));
            ck_assert_mem_eq(y, first, bytes);
        }
        free(first);
        fixture_free(&fixture);
    }
}
END_TEST

START_TEST(the_number_of_threads_does_not_change_a_bit) {
    for (unsigned long seed = 0; seed < 10; seed++) {
        unsigned char *first = NULL;
        for (int threads = 1; threads <= 5; threads++) {
            struct fixture fixture;
            fixture_random_desc(&fixture, seed, DENSEBLOCK_F32);
            fixture_make(&fixture, seed, &(denseblock_plan_options){.thread_count = threads});
            fixture_forward(&fixture);
            const size_t bytes = denseblock_plan_output_bytes(fixture.plan);
            if (first == NULL) {
                first = aligned_memory(bytes);
                memcpy(first, fixture.y, bytes);
            }
            ck_assert_mem_eq(first, fixture.y, bytes);
            fixture_free(&fixture);
        }
        free(first);
    }
}
END_TEST

START_TEST(nothing_outside_y_and_the_workspace_is_written) {
    enum { GUARD = 256, PATTERN = 0xA5 };
    for (unsigned long seed = 0; seed < 20; seed++) {
        struct fixture fixture;
        fixture_random_desc(&fixture, seed, DENSEBLOCK_F16);
        fixture_make(&fixture, seed, &(denseblock_plan_options){.thread_count = 3});
        const size_t sizes[] = {denseblock_plan_output_bytes(fixture.plan),
                                denseblock_plan_workspace_bytes(fixture.plan)};
        unsigned char *guarded[2];
        for (int b = 0; b < 2; b++) {
            guarded[b] = aligned_memory(sizes[b] + 2 * GUARD);
            memset(guarded[b], PATTERN, sizes[b] + 2 * GUARD);
        }
        ck_ok(denseblock_forward(fixture.context, fixture.plan, fixture.prepared, fixture.x,
                                 guarded[0] + GUARD, guarded[1] + GUARD));
        for (int b = 0; b < 2; b++) {
            for (int i = 0; i < GUARD; i++) {
                ck_assert_uint_eq(guarded[b][i], PATTERN);
                ck_assert_uint_eq(guarded[b][GUARD + sizes[b] + (size_t)i], PATTERN);
            }
            free(guarded[b]);
        }
        fixture_free(&fixture);
    }
}
END_TEST

/* One NaN pixel reaches, with a 3x3 kernel, its neighbours and no other; -Inf is cut to 0. */
START_TEST(nan_and_infinity_go_where_the_formula_puts_them) {
    struct fixture fixture = {0};
    denseblock_layers_fill(fixture.layers, 1, 3, 3, 1);
    fixture.desc = (denseblock_desc){.batch = 1,
                                     .height = 5,
                                     .width = 7,
                                     .channels = 1,
                                     .layer_count = 1,
                                     .layers = fixture.layers};
    fixture_make(&fixture, 1, NULL);
    float *x = fixture.x;
    memset(x, 0, 35 * sizeof *x);
    x[1 * 7 + 1] = NAN;
    x[3 * 7 + 5] = -INFINITY;
    float *kernel = fixture.kernels[0];
    for (int i = 0; i < 9; i++)
        kernel[i] = 0; /* 0 * NaN is NaN */
    ck_ok(denseblock_weights_prepare(fixture.context, fixture.plan,
                                     (const void *const *)fixture.kernels, fixture.prepared));
    fixture_forward(&fixture);
    const float *y = fixture.y;
    for (int h = 0; h < 5; h++)
        for (int w = 0; w < 7; w++) {
            const float output = y[(h * 7 + w) * 2 + 1];
            const bool near = h <= 2 && w <= 2;
            ck_assert_msg(near ? isnan(output) : output == 0, "row %d, column %d: %g", h, w,
                          (double)output);
        }
    ck_assert(isinf(y[(3 * 7 + 5) * 2]));
    fixture_free(&fixture);
}
END_TEST

START_TEST(a_block_without_layers_is_a_copy) {
    struct fixture fixture;
    fixture_random_desc(&fixture, 3, DENSEBLOCK_F64);
    fixture.desc.layer_count = 0;
    fixture.desc.layers = NULL;
    fixture_make(&fixture, 3, NULL);
    ck_assert_uint_eq(denseblock_plan_weights_bytes(fixture.plan), 0);
    ck_assert_uint_eq(denseblock_plan_workspace_bytes(fixture.plan), 0);
    ck_ok(denseblock_weights_prepare(fixture.context, fixture.plan, NULL, NULL));
    ck_ok(denseblock_forward(fixture.context, fixture.plan, NULL, fixture.x, fixture.y, NULL));
    ck_assert_mem_eq(fixture.x, fixture.y, denseblock_plan_output_bytes(fixture.plan));
    fixture_free(&fixture);
}
END_TEST

START_TEST(an_empty_batch_is_valid_and_touches_nothing) {
    struct fixture fixture;
    fixture_random_desc(&fixture, 4, DENSEBLOCK_F32);
    fixture.desc.batch = 0;
    fixture_make(&fixture, 4, NULL);
    ck_assert_uint_eq(denseblock_plan_output_bytes(fixture.plan), 0);
    ck_ok(denseblock_forward(fixture.context, fixture.plan, fixture.prepared, NULL, NULL, NULL));
    fixture_free(&fixture);
}
END_TEST

START_TEST(a_kernel_that_is_not_finite_is_refused_with_its_place) {
    const struct {
        double value;
        const char *name;
    } cases[] = {{(double)NAN, "NaN"}, {(double)INFINITY, "is Inf"}, {(double)-INFINITY, "-Inf"}};
    for (int t = 0; t < 4; t++)
        for (int i = 0; i < 3; i++) {
            struct fixture fixture = {0};
            fixture.layers[0] =
                (denseblock_layer){.kernel_height = 2, .kernel_width = 3, .growth = 5};
            fixture.layers[1] =
                (denseblock_layer){.kernel_height = 3, .kernel_width = 4, .growth = 2};
            fixture.desc = (denseblock_desc){.batch = 1,
                                             .height = 2,
                                             .width = 2,
                                             .channels = 1,
                                             .layer_count = 2,
                                             .layers = fixture.layers,
                                             .type = all_types[t]};
            fixture_make(&fixture, 5, NULL);
            const size_t place = ((2 * 4 + 1) * 6 + 4) * 2 + 1; /* [2,1,4,1] */
            dblk_element_store(all_types[t], fixture.kernels[1], place, cases[i].value);
            const denseblock_status status = denseblock_weights_prepare(
                fixture.context, fixture.plan, (const void *const *)fixture.kernels,
                fixture.prepared);
            ck_fails(status, DENSEBLOCK_INVALID_ARGUMENT, "layer 1");
            ck_fails(status, DENSEBLOCK_INVALID_ARGUMENT, "[2,1,4,1]");
            ck_fails(status, DENSEBLOCK_INVALID_ARGUMENT, cases[i].name);
            fixture_free(&fixture);
        }
}
END_TEST

START_TEST(null_and_misaligned_pointers_are_refused_by_name) {
    struct fixture f;
    fixture_random_desc(&f, 6, DENSEBLOCK_F32);
    fixture_make(&f, 6, NULL);
    char *odd_y = (char *)f.y + 1, *odd_prepared = (char *)f.prepared + 8;
    const denseblock_status wrong = DENSEBLOCK_INVALID_ARGUMENT;
    ck_fails(denseblock_forward(NULL, f.plan, f.prepared, f.x, f.y, f.workspace), wrong,
             "context is NULL");
    ck_fails(denseblock_forward(f.context, NULL, f.prepared, f.x, f.y, f.workspace), wrong,
             "plan is NULL");
    ck_fails(denseblock_forward(f.context, f.plan, NULL, f.x, f.y, f.workspace), wrong,
             "prepared is NULL");
    ck_fails(denseblock_forward(f.context, f.plan, f.prepared, f.x, NULL, f.workspace), wrong,
             "y is NULL");
    ck_fails(denseblock_forward(f.context, f.plan, f.prepared, f.x, f.y, NULL), wrong,
             "workspace is NULL");
    ck_fails(denseblock_forward(f.context, f.plan, f.prepared, f.x, odd_y, f.workspace), wrong,
             "y is at");
    ck_fails(denseblock_forward(f.context, f.plan, odd_prepared, f.x, f.y, f.workspace), wrong,
             "prepared is at");
    char *odd_x = (char *)f.x + 1, *odd_workspace = (char *)f.workspace + 8;
    ck_fails(denseblock_forward(f.context, f.plan, f.prepared, odd_x, f.y, f.workspace), wrong,
             "x is at");
    ck_fails(denseblock_forward(f.context, f.plan, f.prepared, f.x, f.y, odd_workspace), wrong,
             "workspace is at");
    ck_fails(
        denseblock_forward(f.context, f.plan, f.prepared, (float *)f.y + 1, f.y, f.workspace),
        wrong, "x overlaps y");
    ck_fails(
        denseblock_forward(f.context, f.plan, f.prepared, (float *)f.y - 1, f.y, f.workspace),
        wrong, "x overlaps y");
    ck_fails(denseblock_weights_prepare(f.context, f.plan, (const void *const *)f.kernels,
                                        odd_prepared),
             wrong, "prepared is at");
    const void *odd_kernels[FIXTURE_MAX_LAYERS] = {(char *)f.kernels[0] + 1};
    ck_fails(denseblock_weights_prepare(f.context, f.plan, odd_kernels, f.prepared), wrong,
             "kernels[0] is at");
    ck_fails(denseblock_weights_prepare(f.context, f.plan, NULL, f.prepared), wrong,
             "kernels is NULL");
    const void *const no_kernels[FIXTURE_MAX_LAYERS] = {NULL};
    ck_fails(denseblock_weights_prepare(f.context, f.plan, no_kernels, f.prepared), wrong,
             "kernels[0] is NULL");
    ck_fails(denseblock_weights_prepare(f.context, f.plan, (const void *const *)f.kernels, NULL),
             wrong, "prepared is NULL");
    fixture_free(&f);
}
END_TEST

struct reports {
    double last;
    int count;
};

static void remember(double done, void *user) {
    struct reports *reports = user;
    ck_assert_msg(done > reports->last && done <= 1, "%g after %g", done, reports->last);
    reports->last = done;
    reports->count++;
}

START_TEST(progress_grows_to_one_within_layers_too) {
    struct fixture fixture = {0};
    denseblock_layers_fill(fixture.layers, 2, 1, 1, 1);
    fixture.desc = (denseblock_desc){.batch = 1,
                                     .height = 100,
                                     .width = 100,
                                     .channels = 1,
                                     .layer_count = 2,
                                     .layers = fixture.layers};
    fixture_make(&fixture, 7, NULL);
    struct reports reports = {0};
    denseblock_context_set_progress(fixture.context, remember, &reports);
    fixture_forward(&fixture);
    ck_assert_double_eq(reports.last, 1);
    ck_assert_int_gt(reports.count, 4);
    check_against_formula(&fixture, 7);
    denseblock_context_set_progress(fixture.context, NULL, NULL);
    fixture_forward(&fixture);
    fixture_free(&fixture);
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {
        random_blocks_of_every_type_follow_the_formula,
        x_may_lie_in_y_already,
        the_number_of_threads_does_not_change_a_bit,
        nothing_outside_y_and_the_workspace_is_written,
        nan_and_infinity_go_where_the_formula_puts_them,
        a_block_without_layers_is_a_copy,
        an_empty_batch_is_valid_and_touches_nothing,
        a_kernel_that_is_not_finite_is_refused_with_its_place,
        null_and_misaligned_pointers_are_refused_by_name,
        progress_grows_to_one_within_layers_too,
        NULL,
    };
    return suite_of("block", tests);
}
