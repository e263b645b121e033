/* Residual blocks against the formula, computed once more in another way. */
#include <math.h>
#include <stdlib.h>

#include "elements/elements.h"
#include "fixture.h"
#include "suite.h"

static const denseblock_type all_types[] = {DENSEBLOCK_F32, DENSEBLOCK_F64, DENSEBLOCK_F16,
                                            DENSEBLOCK_BF16};

static const denseblock_backend backends[] = {DENSEBLOCK_BACKEND_REFERENCE,
                                              DENSEBLOCK_BACKEND_CPU};
enum { BACKENDS = sizeof backends / sizeof backends[0] };

/* Room for the hidden channels of an image or two, and for little else. */
static denseblock_plan_options in_slices(const struct fixture *fixture) {
    const denseblock_desc *desc = &fixture->desc;
    const size_t hidden = (size_t)(desc->height * desc->width * fixture->layers[0].growth) *
                          denseblock_type_size(desc->type);
    return (denseblock_plan_options){.thread_count = 2, .workspace_limit = 4 * hidden + 4096};
}

static double *zeros(size_t count) {
    double *memory = calloc(count + 1, sizeof *memory);
    ck_assert_ptr_nonnull(memory);
    return memory;
}

/* Adds the convolution of layer l to `sums`, tap after tap: each moves the whole image. */
static void add_convolution(const struct fixture *fixture, int64_t l, const double *features,
                            double *sums) {
    const denseblock_desc *desc = &fixture->desc;
    const denseblock_layer *layer = &desc->layers[l];
    const int64_t channels = described_inputs(desc, true, l), outputs = layer->growth;
    for (int64_t tap = 0; tap < layer->kernel_height * layer->kernel_width; tap++) {
        const int64_t down = tap / layer->kernel_width - (layer->kernel_height - 1) / 2;
        const int64_t right = tap % layer->kernel_width - (layer->kernel_width - 1) / 2;
        for (int64_t p = 0; p < desc->batch * desc->height * desc->width; p++) {
            const int64_t row = p / desc->width % desc->height + down;
            const int64_t column = p % desc->width + right;
            if (row < 0 || row >= desc->height || column < 0 || column >= desc->width)
                continue;
            const double *pixel = features + (p + down * desc->width + right) * channels;
            for (int64_t o = 0; o < outputs; o++)
                for (int64_t c = 0; c < channels; c++)
                    sums[p * outputs + o] +=
                        (pixel[c] < 0 ? 0 : pixel[c]) *
                        dblk_element_load(desc->type, fixture->kernels[l],
                                          (size_t)((tap * channels + c) * outputs + o));
        }
    }
}

static void round_all(denseblock_type type, double *values, size_t count) {
    unsigned char rounded[8];
    for (size_t i = 0; i < count; i++) {
        dblk_element_store(type, rounded, 0, values[i]);
        values[i] = dblk_element_load(type, rounded, 0);
    }
}

/* y of the formula, in f64, the hidden channels and each sum rounded to the type; of malloc. */
static double *expected_output(const struct fixture *fixture) {
    const denseblock_desc *desc = &fixture->desc;
    const size_t count = fixture_x_count(fixture);
    const size_t hidden_count = count / (size_t)desc->channels * (size_t)desc->layers[0].growth;
    double *y = zeros(count);
    denseblock_convert(DENSEBLOCK_F64, y, desc->type, fixture->x, count);
    for (int64_t l = 0; l < desc->layer_count; l += 2) {
        double *hidden = zeros(hidden_count);
        add_convolution(fixture, l, y, hidden);
        round_all(desc->type, hidden, hidden_count);
        add_convolution(fixture, l + 1, hidden, y);
        round_all(desc->type, y, count);
        free(hidden);
    }
    return y;
}

static void check_against_formula(const struct fixture *fixture, unsigned long seed) {
    double *expected = expected_output(fixture);
    /* The sums are added in another order, which may tip roundings: some units of the type. */
    fixture_check_formula(fixture, expected, 4, seed);
    free(expected);
}

START_TEST(random_blocks_of_every_type_follow_the_formula) {
    for (unsigned long seed = 0; seed < 60; seed++)
        for (int t = 0; t < 4; t++) {
            struct fixture fixture;
            fixture_random_residual(&fixture, seed, all_types[t]);
            const denseblock_plan_options options = in_slices(&fixture);
            fixture_make(&fixture, seed, seed % 2 == 0 ? NULL : &options);
            fixture_forward(&fixture);
            check_against_formula(&fixture, seed);
            fixture_free(&fixture);
        }
}
END_TEST

/* [6,23,25,3], two units of 4 hidden channels. */
enum { HIDDEN_BYTES = 23 * 25 * 4 * sizeof(float) }; /* of an image */
static const denseblock_plan_options sliced = {.thread_count = 2,
                                               .workspace_limit = 6 * HIDDEN_BYTES};

static void make_block(struct fixture *fixture, denseblock_backend backend,
                       const denseblock_plan_options *options) {
    *fixture = (struct fixture){.backend = backend,
                                .desc = {.batch = 6, .height = 23, .width = 25, .channels = 3}};
    fixture_describe_residual(fixture, 2, 4, 3, 3);
    fixture_make(fixture, 1, options);
}

/* The result of the fixture's plan, of malloc. */
static void *output_of(struct fixture *fixture) {
    fixture_forward(fixture);
    const size_t bytes = denseblock_plan_output_bytes(fixture->plan);
    void *copy = aligned_memory(bytes);
    memcpy(copy, fixture->y, bytes);
    return copy;
}

static void check_that_x_may_lie_in_y(denseblock_backend backend) {
    struct fixture fixture;
    make_block(&fixture, backend, NULL);
    const size_t bytes = denseblock_plan_output_bytes(fixture.plan);
    void *x = aligned_memory(bytes);
    memcpy(x, fixture.x, bytes);
    void *apart = output_of(&fixture);
    ck_assert_mem_eq(fixture.x, x, bytes); /* which is only read */
    for (int way = 0; way < 2; way++) {
        memcpy(fixture.y, x, bytes);
        ck_ok(denseblock_forward(fixture.context, fixture.plan, fixture.prepared,
                                 way == 0 ? NULL : fixture.y, fixture.y, fixture.workspace));
        ck_assert_mem_eq(fixture.y, apart, bytes);
    }
    free(x);
    free(apart);
    fixture_free(&fixture);
}

START_TEST(x_may_lie_in_y_already) {
    for (int b = 0; b < BACKENDS; b++)
        check_that_x_may_lie_in_y(backends[b]);
}
END_TEST

/* The cpu backend may cut a batch by the number of threads, and compute it in other ways. */
START_TEST(slices_and_threads_do_not_change_a_bit_of_the_reference) {
    void *first = NULL;
    for (int threads = 1; threads <= 3; threads++)
        for (size_t images = 1; images <= 6; images++) {
            struct fixture fixture;
            const denseblock_plan_options options = {
                .thread_count = threads, .workspace_limit = 2 * HIDDEN_BYTES * images};
            make_block(&fixture, DENSEBLOCK_BACKEND_REFERENCE, &options);
            void *found = output_of(&fixture);
            if (first != NULL)
                ck_assert_mem_eq(found, first, denseblock_plan_output_bytes(fixture.plan));
            free(first);
            first = found;
            fixture_free(&fixture);
        }
    free(first);
}
END_TEST

/* In slices too, of which the last one ends where y does. */
static void check_bounds(denseblock_backend backend, const denseblock_plan_options *options) {
    enum { GUARD = 256, PATTERN = 0xA5 };
    struct fixture fixture;
    make_block(&fixture, backend, options);
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

START_TEST(nothing_outside_y_and_the_workspace_is_written) {
    for (int b = 0; b < BACKENDS; b++) {
        check_bounds(backends[b], NULL);
        check_bounds(backends[b], &sliced);
    }
}
END_TEST

START_TEST(a_block_without_units_is_a_copy) {
    for (int b = 0; b < BACKENDS; b++) {
        struct fixture fixture = {.backend = backends[b],
                                  .desc = {.batch = 2, .height = 3, .width = 5, .channels = 7}};
        fixture_describe_residual(&fixture, 0, 4, 3, 3);
        fixture_make(&fixture, 1, NULL);
        double seconds = -1;
        denseblock_context_time_layers(fixture.context, &seconds);
        ck_ok(denseblock_weights_prepare(fixture.context, fixture.plan, NULL, NULL));
        ck_ok(
            denseblock_forward(fixture.context, fixture.plan, NULL, fixture.x, fixture.y, NULL));
        ck_assert_mem_eq(fixture.x, fixture.y, denseblock_plan_output_bytes(fixture.plan));
        ck_assert_double_eq(seconds, -1); /* there is no layer to count for */
        fixture_free(&fixture);
    }
}
END_TEST

START_TEST(an_empty_batch_is_valid_and_touches_nothing) {
    struct fixture fixture = {.desc = {.height = 3, .width = 5, .channels = 7}};
    fixture_describe_residual(&fixture, 2, 4, 3, 3);
    fixture_make(&fixture, 1, NULL);
    ck_ok(denseblock_forward(fixture.context, fixture.plan, fixture.prepared, NULL, NULL, NULL));
    fixture_free(&fixture);
}
END_TEST

/* Layer 2u + 1 is [3,3,4,3]. */
START_TEST(a_kernel_that_is_not_finite_is_refused_with_its_place) {
    struct fixture fixture;
    make_block(&fixture, DENSEBLOCK_BACKEND_REFERENCE, NULL);
    static const struct {
        int layer;
        size_t element;
        const char *words;
    } cases[] = {
        {2, ((2 * 3 + 1) * 3 + 2) * 4 + 3, "layer 2: the kernel's value at [2,1,2,3] is NaN"},
        {3, ((1 * 3 + 2) * 4 + 3) * 3 + 1, "layer 3: the kernel's value at [1,2,3,1] is NaN"},
    };
    for (int i = 0; i < 2; i++) {
        float *value = (float *)fixture.kernels[cases[i].layer] + cases[i].element;
        const float before = *value;
        *value = NAN;
        ck_fails(denseblock_weights_prepare(fixture.context, fixture.plan,
                                            (const void *const *)fixture.kernels,
                                            fixture.prepared),
                 DENSEBLOCK_INVALID_ARGUMENT, cases[i].words);
        *value = before;
    }
    fixture_free(&fixture);
}
END_TEST

START_TEST(null_and_misaligned_pointers_are_refused_by_name) {
    struct fixture f;
    make_block(&f, DENSEBLOCK_BACKEND_REFERENCE, NULL);
    const denseblock_status wrong = DENSEBLOCK_INVALID_ARGUMENT;
    ck_fails(denseblock_forward(f.context, f.plan, f.prepared, f.x, f.y, NULL), wrong,
             "workspace is NULL");
    ck_fails(denseblock_forward(f.context, f.plan, NULL, f.x, f.y, f.workspace), wrong,
             "prepared is NULL");
    ck_fails(
        denseblock_forward(f.context, f.plan, f.prepared, (float *)f.y + 1, f.y, f.workspace),
        wrong, "x overlaps y");
    const size_t last = fixture_y_count(&f) - 1;
    ck_fails(
        denseblock_forward(f.context, f.plan, f.prepared, (float *)f.y + last, f.y, f.workspace),
        wrong, "x overlaps y");
    ck_fails(
        denseblock_forward(f.context, f.plan, f.prepared, (float *)f.y - last, f.y, f.workspace),
        wrong, "x overlaps y");
    const void *kernels[] = {f.kernels[0], f.kernels[1], f.kernels[2], NULL};
    ck_fails(denseblock_weights_prepare(f.context, f.plan, kernels, f.prepared), wrong,
             "kernels[3] is NULL");
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

START_TEST(progress_grows_to_one_through_slices_and_units) {
    for (int b = 0; b < BACKENDS; b++) {
        struct fixture fixture;
        make_block(&fixture, backends[b], &sliced);
        for (int i = 0; i < 2; i++) {
            struct reports reports = {0};
            denseblock_context_set_progress(fixture.context, remember, &reports);
            fixture_forward(&fixture);
            ck_assert_double_eq_tol(reports.last, 1, 1e-12);
            ck_assert_int_ge(reports.count, 8); /* two slices of four layers, or more */
        }
        fixture_free(&fixture);
    }
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {
        random_blocks_of_every_type_follow_the_formula,
        x_may_lie_in_y_already,
        slices_and_threads_do_not_change_a_bit_of_the_reference,
        nothing_outside_y_and_the_workspace_is_written,
        a_block_without_units_is_a_copy,
        an_empty_batch_is_valid_and_touches_nothing,
        a_kernel_that_is_not_finite_is_refused_with_its_place,
        null_and_misaligned_pointers_are_refused_by_name,
        progress_grows_to_one_through_slices_and_units,
        NULL,
    };
    return suite_of("residual", tests);
}
