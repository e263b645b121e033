/* What only the cublas backend does: pixels in pieces, TF32. */
#include <inttypes.h>
#include <stdio.h>

#include "against_reference.h"
#include "backends.h"
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
    compare_with_tf32(&fixture);
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

/* Kernels of all sizes, 1x1 among them; pixels all at once, or few at a time; NaN and Inf in some. */
START_TEST(direct_residual_blocks_equal_the_reference) {
    for (uint64_t seed = 0; seed < 48; seed++) {
        struct fixture fixture;
        fixture_random_residual(&fixture, seed, (denseblock_type)(seed % 4));
        for (int64_t l = 0; seed % 6 == 5 && l < fixture.desc.layer_count; l++)
            fixture.layers[l].kernel_height = fixture.layers[l].kernel_width = 1;
        fixture_make(&fixture, seed, NULL);
        uint64_t state = seed;
        fixture_strew_specials(&fixture, &state, (int64_t)(seed / 16));
        denseblock_plan_options options = {.algorithm = DENSEBLOCK_ALGORITHM_DIRECT};
        denseblock_plan *plan = NULL;
        for (size_t limit = 16384; seed % 2 == 0 && plan == NULL; limit += 512) {
            options.workspace_limit = limit;
            (void)described_plan_create(&fixture.desc, true, tested, &options, &plan);
        }
        denseblock_plan_destroy(plan);
        char what[32];
        snprintf(what, sizeof what, "seed %" PRIu64 ", %s", seed,
                 denseblock_type_name(fixture.desc.type));
        compare(what, &fixture, &options, seed % 3 == 0, seed % 5 == 0, seed % 7 == 0 ? 1 : 0);
        fixture_free(&fixture);
    }
}
END_TEST

START_TEST(residual_blocks_without_images_or_units_work) {
    for (int64_t units = 0; units < 2; units++) {
        struct fixture fixture = {.desc = {.batch = 1 - units,
                                           .height = 3,
                                           .width = 2,
                                           .channels = 5,
                                           .type = DENSEBLOCK_F32}};
        fixture_describe_residual(&fixture, units, 3, 3, 3);
        fixture_make(&fixture, 1, NULL);
        compare(units == 0 ? "no units" : "no images", &fixture, NULL, units == 1, units == 0, 0);
        fixture_free(&fixture);
    }
}
END_TEST

Suite *suite(void) {
    const TTest *const none[] = {NULL};
    const TTest *const of_cublas[] = {
        a_small_workspace_cuts_the_pixels_and_changes_nothing,
        tf32_is_used_where_it_is_asked_for,
        a_direct_layer_takes_no_more_pixels_than_a_slice_has,
        a_row_of_a_direct_layer_has_room_beside_the_stack,
        direct_residual_blocks_equal_the_reference,
        residual_blocks_without_images_or_units_work,
        NULL,
    };
    return suite_of_backends("cublas_block", none, none, of_cublas, none);
}
