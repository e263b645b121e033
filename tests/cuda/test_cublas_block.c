/* What only the cublas backend does: pixels in pieces, TF32, Winograd. */
#include <math.h>
#include <stdlib.h>

#include "against_reference.h"
#include "backends.h"
#include "elements/elements.h"
#include "on_double.h"

START_TEST(a_small_workspace_cuts_the_pixels_and_changes_nothing) {
    struct fixture fixture;
    make_batch_of_five(&fixture);
    /* What cuBLAS needs, with its alignment, and one row of 9 * 18 elements. */
    const size_t least = 16384 + 192 + 704;
    denseblock_plan_options options = {.algorithm = DENSEBLOCK_ALGORITHM_DIRECT,
                                       .workspace_limit = least};
    compare("one pixel at a time", &fixture, &options, true, false, 0);
    options.workspace_limit = 20000;
    compare("five pixels at a time", &fixture, &options, false, true, 0);
    options.workspace_limit = 100000;
    compare("a hundred pixels at a time", &fixture, &options, true, false, 1);
    denseblock_plan *plan;
    for (size_t limit = least; limit < 400000; limit += 777) {
        options.algorithm =
            limit % 2 == 0 ? DENSEBLOCK_ALGORITHM_AUTO : DENSEBLOCK_ALGORITHM_DIRECT;
        options.workspace_limit = limit;
        ck_ok(denseblock_plan_create(&fixture.desc, tested, &options, &plan));
        ck_assert_uint_le(denseblock_plan_workspace_bytes(plan), limit);
        denseblock_plan_destroy(plan);
    }
    options.workspace_limit = least - 1;
    ck_fails(denseblock_plan_create(&fixture.desc, tested, &options, &plan),
             DENSEBLOCK_UNSUPPORTED, "raise the workspace limit of 17279");
    options.algorithm = DENSEBLOCK_ALGORITHM_AUTO;
    ck_fails(denseblock_plan_create(&fixture.desc, tested, &options, &plan),
             DENSEBLOCK_UNSUPPORTED, "needs a workspace of 17280 bytes");
    fixture_free(&fixture);
}
END_TEST

START_TEST(tf32_is_used_where_it_is_asked_for) {
    struct fixture fixture = {.desc = {.batch = 1,
                                       .height = 5,
                                       .width = 4,
                                       .channels = 8,
                                       .layer_count = 2,
                                       .type = DENSEBLOCK_F32}};
    fixture.desc.layers = fixture.layers;
    denseblock_layers_fill(fixture.layers, 2, 3, 3, 8);
    fixture_make(&fixture, 1, NULL);
    const size_t count = fixture_y_count(&fixture);
    float *y = aligned_memory(count * sizeof *y);
    denseblock_desc desc = fixture.desc;
    desc.arithmetic = DENSEBLOCK_ARITHMETIC_TF32;
    begin_quietly();
    ck_ok(cuda_case_run(&(struct cuda_case){.backend = tested,
                                            .desc = &desc,
                                            .kernels = (const void *const *)fixture.kernels,
                                            .x = fixture.x,
                                            .y = y}));
    check_quiet("TF32");
    fixture_forward(&fixture);
    double largest = 0, error = 0;
    for (size_t i = 0; i < count; i++) {
        const double wanted = dblk_element_load(DENSEBLOCK_F32, fixture.y, i);
        largest = fmax(largest, fabs(wanted));
        error = fmax(error, fabs((double)y[i] - wanted));
    }
    ck_assert_msg(error < 4e-3 * largest, "error %g, the largest value is %g", error, largest);
#ifdef WITH_DOUBLE /* whether a GPU does is its own choice */
    ck_assert_msg(error > 1e-5 * largest, "error %g, the largest value is %g", error, largest);
#endif
    free(y);
    fixture_free(&fixture);
}
END_TEST

/* A random block of 3x3 kernels. */
static void make_3x3(struct fixture *fixture, uint64_t seed, denseblock_type type) {
    fixture_random_desc(fixture, seed, type);
    for (int64_t l = 0; l < fixture->desc.layer_count; l++)
        fixture->layers[l].kernel_height = fixture->layers[l].kernel_width = 3;
    fixture_make(fixture, seed, NULL);
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
    static const double specials[] = {NAN, INFINITY, -INFINITY};
    for (uint64_t seed = 0; seed < 24; seed++) {
        struct fixture fixture;
        uint64_t state = seed;
        make_3x3(&fixture, seed, (denseblock_type)(seed % 4));
        for (int i = 0; i < 3; i++)
            dblk_element_store(fixture.desc.type, fixture.x,
                               (size_t)random_size(&state, 0, INT64_MAX - 1) %
                                   fixture_x_count(&fixture),
                               specials[i]);
        const denseblock_plan_options options = {.algorithm = winograd_of(seed),
                                                 .group_size = random_size(&state, 1, 4)};
        char what[32];
        snprintf(what, sizeof what, "special values, seed %d", (int)seed);
        compare(what, &fixture, &options, seed % 2 == 0, false, 0);
        fixture_free(&fixture);
    }
}
END_TEST

/* Groups of two leave 3x3 layers no other algorithm. */
START_TEST(layers_of_other_sizes_are_direct_between_winograd_layers) {
    static const int64_t sizes[][4] = {{3, 1, 3, 3}, {5, 3, 3, 3}, {3, 3, 2, 3}, {1, 3, 3, 1}};
    for (size_t i = 0; i < 8; i++) {
        struct fixture fixture;
        fixture_random_desc(&fixture, i, (denseblock_type)(i % 4));
        fixture.desc.layer_count = 4;
        for (int l = 0; l < 4; l++)
            fixture.layers[l] = (denseblock_layer){.kernel_height = sizes[i / 2][l],
                                                   .kernel_width = sizes[i / 2][l],
                                                   .growth = 3 + l};
        fixture_make(&fixture, i, NULL);
        const denseblock_plan_options options = {.group_size = 2};
        denseblock_plan *plan;
        ck_ok(denseblock_plan_create(&fixture.desc, tested, &options, &plan));
        ck_assert_ptr_nonnull(strstr(denseblock_plan_describe(plan), "Winograd F("));
        ck_assert_ptr_nonnull(strstr(denseblock_plan_describe(plan), "direct"));
        denseblock_plan_destroy(plan);
        char what[32];
        snprintf(what, sizeof what, "sizes %d", (int)i);
        compare(what, &fixture, &options, i % 2 == 0, false, 0);
        fixture_free(&fixture);
    }
}
END_TEST

START_TEST(winograd_takes_as_many_images_as_the_workspace_has_room_for) {
    struct fixture fixture;
    make_batch_of_five(&fixture);
    /* 12 tiles of 16 points, for 20 channels of the stack and 20 columns of products. */
    const size_t image = 12 * 16 * (20 + 20) * sizeof(float);
    denseblock_plan_options options = {.algorithm = DENSEBLOCK_ALGORITHM_WINOGRAD2,
                                       .group_size = 4,
                                       .workspace_limit = 16384 + 192 + image};
    denseblock_plan *plan;
    ck_ok(denseblock_plan_create(&fixture.desc, tested, &options, &plan));
    ck_assert_ptr_nonnull(strstr(denseblock_plan_describe(plan), "1 image at a time"));
    denseblock_plan_destroy(plan);
    compare("one image at a time", &fixture, &options, true, false, 0);
    for (int more = 0; more < 50000; more += 99) {
        options.workspace_limit = 16384 + 192 + image + (size_t)more;
        ck_ok(denseblock_plan_create(&fixture.desc, tested, &options, &plan));
        denseblock_plan_destroy(plan);
    }
    options.workspace_limit = 2 * (16384 + 192 + 3 * image);
    ck_ok(denseblock_plan_create(&fixture.desc, tested, &options, &plan));
    ck_assert_ptr_nonnull(strstr(denseblock_plan_describe(plan), "3 images at a time"));
    denseblock_plan_destroy(plan);
    compare("three images, then two", &fixture, &options, false, true, 0);
    options.workspace_limit = 16384 + 192 + image - 1;
    ck_fails(denseblock_plan_create(&fixture.desc, tested, &options, &plan),
             DENSEBLOCK_UNSUPPORTED, "raise the workspace limit");
    fixture_free(&fixture);
}
END_TEST

START_TEST(a_direct_layer_takes_no_more_pixels_than_a_slice_has) {
    struct fixture fixture = {.desc = {.batch = 5,
                                       .height = 6,
                                       .width = 7,
                                       .channels = 3,
                                       .layer_count = 4,
                                       .type = DENSEBLOCK_F32}};
    fixture.desc.layers = fixture.layers;
    denseblock_layers_fill(fixture.layers, 4, 3, 3, 5);
    fixture.layers[1].kernel_height = fixture.layers[1].kernel_width = 1;
    fixture_make(&fixture, 1, NULL);
    /* An image's stack and products, and of the layer of 1x1 rows of 8 elements. */
    const size_t image = 12 * 16 * (20 + 12) * sizeof(float);
    const denseblock_plan_options options = {.group_size = 2,
                                             .accuracy = DENSEBLOCK_ACCURACY_HIGH,
                                             .workspace_limit = 16384 + 192 + image};
    check_description(&fixture.desc, &options, ", 42 pixels at a time", NULL);
    check_description(&fixture.desc, &options, "1 image at a time", NULL);
    compare("a direct layer in slices", &fixture, &options, false, false, 0);
#ifdef WITH_DOUBLE
    ck_assert_int_eq(cuda_double_calls("cublasGemmEx"), 5); /* one for each image */
#endif
    fixture_free(&fixture);
}
END_TEST

/* Even where it is longer than the products of an image. */
START_TEST(a_row_of_a_direct_layer_has_room_beside_the_stack) {
    struct fixture fixture = {.desc = {.batch = 2,
                                       .height = 1,
                                       .width = 2,
                                       .channels = 30,
                                       .layer_count = 2,
                                       .type = DENSEBLOCK_F32}};
    fixture.desc.layers = fixture.layers;
    denseblock_layers_fill(fixture.layers, 2, 3, 3, 2);
    fixture.layers[1].kernel_height = fixture.layers[1].kernel_width = 7;
    fixture_make(&fixture, 1, NULL);
    /* A tile of 16 points, 32 channels; 49 taps of as many. */
    const size_t needed = (16 * 32 + 49 * 32) * sizeof(float);
    for (size_t more = 0; more < 100000; more += 1111) {
        const denseblock_plan_options options = {.group_size = 2,
                                                 .accuracy = DENSEBLOCK_ACCURACY_HIGH,
                                                 .workspace_limit = 16384 + 192 + needed + more};
        check_description(&fixture.desc, &options, "Winograd F(2x2)", NULL);
        if (more == 0)
            compare("one row", &fixture, &options, true, false, 0);
    }
    fixture_free(&fixture);
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
    fixture_make(&fixture, 1, NULL);
    const denseblock_plan_options options = {.algorithm = DENSEBLOCK_ALGORITHM_WINOGRAD2};
    compare("an odd address", &fixture, &options, true, false, 1);
    fixture_free(&fixture);
}
END_TEST

/* Of the layers' outputs, against the reference in f64. */
static double relative_error(const struct fixture *fixture, const void *y) {
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
        {DENSEBLOCK_F16, DENSEBLOCK_ARITHMETIC_FULL, DENSEBLOCK_ALGORITHM_DIRECT, 1e-3},
        {DENSEBLOCK_F16, DENSEBLOCK_ARITHMETIC_FULL, DENSEBLOCK_ALGORITHM_WINOGRAD2, 1e-3},
        {DENSEBLOCK_BF16, DENSEBLOCK_ARITHMETIC_FULL, DENSEBLOCK_ALGORITHM_DIRECT, 8e-3},
        {DENSEBLOCK_BF16, DENSEBLOCK_ARITHMETIC_FULL, DENSEBLOCK_ALGORITHM_WINOGRAD2, 8e-3},
    };
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
               rows[i].arithmetic == DENSEBLOCK_ARITHMETIC_TF32 ? " in tf32" : "",
               (int)rows[i].algorithm, error);
        ck_assert_msg(error <= rows[i].most, "row %zu: error %g", i, error);
        free(y);
        fixture_free(&fixture);
    }
}
END_TEST

Suite *suite(void) {
    const TTest *const none[] = {NULL};
    const TTest *const of_cublas[] = {
        a_small_workspace_cuts_the_pixels_and_changes_nothing,
        tf32_is_used_where_it_is_asked_for,
        winograd_equals_the_reference_on_random_blocks,
        winograd_puts_nan_and_inf_where_the_formula_does,
        layers_of_other_sizes_are_direct_between_winograd_layers,
        winograd_takes_as_many_images_as_the_workspace_has_room_for,
        a_direct_layer_takes_no_more_pixels_than_a_slice_has,
        a_row_of_a_direct_layer_has_room_beside_the_stack,
        the_stack_may_be_aligned_otherwise_than_y,
        errors_stay_within_what_each_type_and_algorithm_allows,
        NULL,
    };
    return suite_of_backends("cublas_block", none, none, of_cublas);
}
