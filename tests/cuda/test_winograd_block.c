/* Winograd with a kept transform, on the backends of GPUs, against the reference. */
#include <math.h>
#include <stdlib.h>

#include "against_reference.h"
#include "backends.h"
#include "elements/elements.h"
#include "goldens.h"
#include "on_double.h"

/* The cuda backend computes f32 on ordinary cores, or on tensor cores in three products of TF32. */
static denseblock_arithmetic other_arithmetic_of_f32(void) {
    return tested == DENSEBLOCK_BACKEND_CUDA ? DENSEBLOCK_ARITHMETIC_TF32X3
                                             : DENSEBLOCK_ARITHMETIC_FULL;
}

/* Fills a fixture, for the tested backend: eight seeds in the one arithmetic, eight in the other. */
static void make(struct fixture *fixture, uint64_t seed) {
    fixture_make(fixture, seed, NULL);
    if (fixture->desc.type == DENSEBLOCK_F32 && seed / 8 % 2 != 0)
        fixture->desc.arithmetic = other_arithmetic_of_f32();
}

/* A random block of 3x3 kernels. */
static void make_3x3(struct fixture *fixture, uint64_t seed, denseblock_type type) {
    fixture_random_desc(fixture, seed, type);
    for (int64_t l = 0; l < fixture->desc.layer_count; l++)
        fixture->layers[l].kernel_height = fixture->layers[l].kernel_width = 3;
    make(fixture, seed);
}

/* F(4x4) for every other block of f32. */
static denseblock_algorithm winograd_of(uint64_t seed) {
    return seed % 8 == DENSEBLOCK_F32 ? DENSEBLOCK_ALGORITHM_WINOGRAD4
                                      : DENSEBLOCK_ALGORITHM_WINOGRAD2;
}

START_TEST(winograd_equals_the_reference_on_random_blocks) {
    for (uint64_t seed = 0; seed < 80; seed++) {
        struct fixture fixture;
        uint64_t state = seed;
        make_3x3(&fixture, seed, (denseblock_type)(seed % 4));
        const denseblock_plan_options options = {.algorithm = winograd_of(seed),
                                                 .group_size = random_size(&state, 0, 4)};
        char what[64];
        snprintf(what, sizeof what, "seed %d, %s, group %d", (int)seed,
                 denseblock_type_name(fixture.desc.type), (int)options.group_size);
        compare(what, &fixture, &options, seed % 3 == 0, seed % 5 == 0, seed % 7 == 0 ? 1 : 0);
        fixture_free(&fixture);
    }
}
END_TEST

START_TEST(winograd_puts_nan_and_inf_where_the_formula_does) {
    for (uint64_t seed = 0; seed < 32; seed++) {
        struct fixture fixture;
        uint64_t state = seed;
        make_3x3(&fixture, seed, (denseblock_type)(seed % 4));
        fixture_strew_specials(&fixture, &state, 3);
        const denseblock_plan_options options = {.algorithm = winograd_of(seed),
                                                 .group_size = random_size(&state, 1, 4)};
        char what[32];
        snprintf(what, sizeof what, "special values, seed %d", (int)seed);
        compare(what, &fixture, &options, seed % 2 == 0, false, 0);
        fixture_free(&fixture);
    }
}
END_TEST

static bool suits_winograd(const denseblock_desc *desc) {
    for (int64_t l = 0; l < desc->layer_count; l++)
        if (desc->layers[l].kernel_height != 3 || desc->layers[l].kernel_width != 3)
            return false;
    return true;
}

START_TEST(winograd_reproduces_the_golden_cases_of_3x3_kernels) {
    const denseblock_plan_options options = {.algorithm = DENSEBLOCK_ALGORITHM_WINOGRAD2};
    struct golden_choice choice = {.suits = suits_winograd, .options = &options};
    ck_assert_int_ge(check_goldens(&choice), 5);
    choice.of_f32 = other_arithmetic_of_f32();
    ck_assert_int_ge(check_goldens(&choice), 5);
}
END_TEST

/* Few multiprocessors leave little time to launches: Winograd pays where the planes are not yet large.
 * Only the double has as few. */
static void begin_few_multiprocessors(void) {
    ck_assert_int_eq(setenv("CUDA_DOUBLE_MULTIPROCESSORS", "1", 1), 0);
}

static void end_few_multiprocessors(void) {
    ck_assert_int_eq(unsetenv("CUDA_DOUBLE_MULTIPROCESSORS"), 0);
}

/* Groups of two leave 3x3 layers of the cublas backend no other algorithm. In cuda direct layers form
 * groups too, whose partial sums lie beside the stack. */
START_TEST(layers_of_other_sizes_are_direct_between_winograd_layers) {
    static const int64_t sizes[][4] = {
        {3, 1, 1, 3}, {3, 1, 3, 3}, {5, 3, 3, 3}, {3, 3, 2, 3}, {1, 3, 3, 1}};
    const bool cuda = tested == DENSEBLOCK_BACKEND_CUDA;
    begin_few_multiprocessors();
    for (size_t i = 0; i < (cuda ? 5 : 10); i++) {
        struct fixture fixture;
        fixture_random_desc(&fixture, i, (denseblock_type)(i % 4));
        if (cuda) {
            fixture.desc.type = DENSEBLOCK_F32;
            fixture.desc.batch = 1;
            fixture.desc.height = 32;
            fixture.desc.width = 31;
            fixture.desc.channels = 33;
        }
        fixture.desc.layer_count = 4;
        for (int l = 0; l < 4; l++)
            fixture.layers[l] = (denseblock_layer){.kernel_height = sizes[i % 5][l],
                                                   .kernel_width = sizes[i % 5][l],
                                                   .growth = (cuda ? 16 : 3) + l};
        make(&fixture, 8 * i);
        const denseblock_plan_options options = {.group_size = cuda && i > 0 ? 1 : 2};
#ifndef WITH_DOUBLE
        if (!cuda)
#endif
        {
            begin_quietly();
            check_description(&fixture.desc, &options, "Winograd F(", NULL);
            check_description(&fixture.desc, &options, "direct", NULL);
        }
        char what[32];
        snprintf(what, sizeof what, "sizes %d", (int)i);
        compare(what, &fixture, &options, i % 2 == 0, false, 0);
        fixture_free(&fixture);
    }
    end_few_multiprocessors();
}
END_TEST

/* A layer that reads few channels is direct, unless all are asked to be otherwise; those that
 * follow read the transforms of its output, too. */
START_TEST(direct_groups_of_3x3_layers_may_precede_winograd_groups) {
    struct fixture fixture = {.desc = {.batch = 2,
                                       .height = 20,
                                       .width = 21,
                                       .channels = 3,
                                       .layer_count = 4,
                                       .type = DENSEBLOCK_F32}};
    fixture.desc.layers = fixture.layers;
    denseblock_layers_fill(fixture.layers, 4, 3, 3, 24);
    fixture_make(&fixture, 1, NULL);
    fixture.desc.arithmetic = DENSEBLOCK_ARITHMETIC_TF32X3;
    begin_few_multiprocessors();
#ifdef WITH_DOUBLE
    begin_quietly();
    check_description(&fixture.desc, NULL, "layer 0: direct 3x3", "layer 1: direct");
    check_description(&fixture.desc, NULL, "Winograd F(", NULL);
#endif
    compare("mixed", &fixture, NULL, true, false, 0);
    dblk_element_store(DENSEBLOCK_F32, fixture.x, fixture_x_count(&fixture) / 2, NAN);
    compare("mixed, a NaN, x apart, in a graph", &fixture, NULL, false, true, 0);
    end_few_multiprocessors();
    fixture_free(&fixture);
}
END_TEST

static void check_room(denseblock_arithmetic arithmetic) {
    struct fixture fixture;
    make_batch_of_five(&fixture);
    fixture.desc.arithmetic = arithmetic;
    /* 12 tiles of 16 points, for 20 channels of the stack and 4 layers' columns of products, of which
     * cuda pads each. What cuBLAS computes in lies beside them, and takes half of a larger limit. */
    const bool cuda = tested == DENSEBLOCK_BACKEND_CUDA;
    const size_t image = 12 * 16 * (20 + (cuda ? 4 * 8 : 4 * 5)) * sizeof(float);
    const size_t beside = cuda ? 0 : 16384 + 192;
    denseblock_plan_options options = {.algorithm = DENSEBLOCK_ALGORITHM_WINOGRAD2,
                                       .group_size = 4,
                                       .workspace_limit = beside + image};
    denseblock_plan *plan;
    ck_ok(denseblock_plan_create(&fixture.desc, tested, &options, &plan));
    ck_assert_ptr_nonnull(strstr(denseblock_plan_describe(plan), "1 image at a time"));
    denseblock_plan_destroy(plan);
    compare("one image at a time", &fixture, &options, true, false, 0);
    for (int more = 0; more < 50000; more += 99) {
        options.workspace_limit = beside + image + (size_t)more;
        ck_ok(denseblock_plan_create(&fixture.desc, tested, &options, &plan));
        denseblock_plan_destroy(plan);
    }
    options.workspace_limit = cuda ? 3 * image : 2 * (beside + 3 * image);
    ck_ok(denseblock_plan_create(&fixture.desc, tested, &options, &plan));
    ck_assert_ptr_nonnull(strstr(denseblock_plan_describe(plan), "3 images at a time"));
    denseblock_plan_destroy(plan);
    compare("three images, then two", &fixture, &options, false, true, 0);
    options.workspace_limit = beside + image - 1;
    ck_fails(denseblock_plan_create(&fixture.desc, tested, &options, &plan),
             DENSEBLOCK_UNSUPPORTED, "raise the workspace limit");
    fixture_free(&fixture);
}

START_TEST(winograd_takes_as_many_images_as_the_workspace_has_room_for) {
    check_room(DENSEBLOCK_ARITHMETIC_FULL);
    check_room(other_arithmetic_of_f32());
}
END_TEST

/* Channels 3 and 4 of y then lie at a multiple of 4 bytes, and those of the stack do not. */
START_TEST(the_stack_may_be_aligned_otherwise_than_y) {
    struct fixture fixture = {.desc = {.batch = 1,
                                       .height = 3,
                                       .width = 4,
                                       .channels = 3,
                                       .layer_count = 2,
                                       .type = DENSEBLOCK_F16}};
    fixture.desc.layers = fixture.layers;
    denseblock_layers_fill(fixture.layers, 2, 3, 3, 2);
    fixture.layers[1].growth = 1;
    make(&fixture, 1);
    const denseblock_plan_options options = {.algorithm = DENSEBLOCK_ALGORITHM_WINOGRAD2};
    compare("an odd address", &fixture, &options, true, false, 1);
    fixture_free(&fixture);
}
END_TEST

START_TEST(errors_stay_within_what_each_type_and_algorithm_allows) {
    static const struct {
        denseblock_type type;
        denseblock_arithmetic arithmetic;
        denseblock_algorithm algorithm;
        double most;
    } rows[] = {
        {DENSEBLOCK_F64, DENSEBLOCK_ARITHMETIC_FULL, DENSEBLOCK_ALGORITHM_DIRECT, 1e-12},
        {DENSEBLOCK_F64, DENSEBLOCK_ARITHMETIC_FULL, DENSEBLOCK_ALGORITHM_WINOGRAD2, 1e-12},
        {DENSEBLOCK_F32, DENSEBLOCK_ARITHMETIC_FULL, DENSEBLOCK_ALGORITHM_DIRECT, 1e-6},
        {DENSEBLOCK_F32, DENSEBLOCK_ARITHMETIC_FULL, DENSEBLOCK_ALGORITHM_WINOGRAD2, 1e-6},
        {DENSEBLOCK_F32, DENSEBLOCK_ARITHMETIC_FULL, DENSEBLOCK_ALGORITHM_WINOGRAD4, 1e-5},
        {DENSEBLOCK_F32, DENSEBLOCK_ARITHMETIC_TF32, DENSEBLOCK_ALGORITHM_DIRECT, 1e-3},
        {DENSEBLOCK_F32, DENSEBLOCK_ARITHMETIC_TF32, DENSEBLOCK_ALGORITHM_WINOGRAD2, 1e-3},
        {DENSEBLOCK_F32, DENSEBLOCK_ARITHMETIC_TF32X3, DENSEBLOCK_ALGORITHM_DIRECT, 1e-6},
        {DENSEBLOCK_F32, DENSEBLOCK_ARITHMETIC_TF32X3, DENSEBLOCK_ALGORITHM_WINOGRAD2, 2e-6},
        {DENSEBLOCK_F32, DENSEBLOCK_ARITHMETIC_TF32X3, DENSEBLOCK_ALGORITHM_WINOGRAD4, 1e-5},
        {DENSEBLOCK_F32, DENSEBLOCK_ARITHMETIC_TF32, DENSEBLOCK_ALGORITHM_WINOGRAD4, 1e-5},
        {DENSEBLOCK_F16, DENSEBLOCK_ARITHMETIC_FULL, DENSEBLOCK_ALGORITHM_DIRECT, 1e-3},
        {DENSEBLOCK_F16, DENSEBLOCK_ARITHMETIC_FULL, DENSEBLOCK_ALGORITHM_WINOGRAD2, 1e-3},
        {DENSEBLOCK_BF16, DENSEBLOCK_ARITHMETIC_FULL, DENSEBLOCK_ALGORITHM_DIRECT, 8e-3},
        {DENSEBLOCK_BF16, DENSEBLOCK_ARITHMETIC_FULL, DENSEBLOCK_ALGORITHM_WINOGRAD2, 8e-3},
    };
    static const char *const arithmetics[] = {"", " in tf32", " in tf32x3"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture fixture = {.desc = {.batch = 1,
                                           .height = 10,
                                           .width = 9,
                                           .channels = 48,
                                           .layer_count = 6,
                                           .type = rows[i].type}};
        fixture.desc.layers = fixture.layers;
        denseblock_layers_fill(fixture.layers, 6, 3, 3, 24);
        fixture_make(&fixture, 1, NULL);
        denseblock_desc desc = fixture.desc;
        desc.arithmetic = rows[i].arithmetic;
        void *y = aligned_memory(denseblock_plan_output_bytes(fixture.plan));
        begin_quietly();
        ck_ok(cuda_case_run(&(struct cuda_case){
            .backend = tested,
            .desc = &desc,
            .options = &(denseblock_plan_options){.algorithm = rows[i].algorithm},
            .kernels = (const void *const *)fixture.kernels,
            .x = fixture.x,
            .y = y}));
        check_quiet("errors");
        const double error = relative_error(&fixture, y);
        printf("%s%s, algorithm %d: relative L2 error %.1e\n", denseblock_type_name(rows[i].type),
               arithmetics[rows[i].arithmetic], (int)rows[i].algorithm, error);
        ck_assert_msg(error <= rows[i].most, "row %zu: error %g", i, error);
        free(y);
        fixture_free(&fixture);
    }
}
END_TEST

Suite *suite(void) {
    const TTest *const none[] = {NULL};
    const TTest *const tests[] = {
        direct_groups_of_3x3_layers_may_precede_winograd_groups, /* which cublas needs more for */
        winograd_equals_the_reference_on_random_blocks,
        winograd_reproduces_the_golden_cases_of_3x3_kernels,
        winograd_puts_nan_and_inf_where_the_formula_does,
        layers_of_other_sizes_are_direct_between_winograd_layers,
        winograd_takes_as_many_images_as_the_workspace_has_room_for,
        the_stack_may_be_aligned_otherwise_than_y,
        errors_stay_within_what_each_type_and_algorithm_allows,
        NULL,
    };
    return suite_of_backends("winograd_block", none, tests, tests + 1, none);
}
