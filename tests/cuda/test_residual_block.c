/* Residual blocks of the backends of GPUs against the reference. */
#include <stdlib.h>

#include "against_reference.h"
#include "backends.h"
#include "on_double.h"

/* Slices by a workspace that has no room for the hidden channels of all images. */
START_TEST(it_equals_the_reference_on_random_residual_blocks) {
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct fixture fixture;
        const denseblock_type type = (denseblock_type)(seed % 4);
        fixture_random_residual(&fixture, seed, type);
        fixture_make(&fixture, seed, NULL);
        const denseblock_desc *desc = &fixture.desc;
        const size_t hidden = (size_t)(desc->height * desc->width * fixture.layers[0].growth) *
                              denseblock_type_size(type);
        const denseblock_plan_options options = {
            .workspace_limit = seed % 2 == 0 ? 0 : 2 * hidden + DENSEBLOCK_ALIGNMENT};
        char what[64];
        snprintf(what, sizeof what, "residual block, seed %llu, %s", (unsigned long long)seed,
                 denseblock_type_name(type));
        compare(what, &fixture, &options, seed % 3 == 0, seed % 5 == 0, seed % 7 == 0 ? 1 : 0);
        fixture_free(&fixture);
    }
}
END_TEST

START_TEST(nan_and_inf_come_out_where_the_formula_puts_them) {
    for (uint64_t seed = 0; seed < 16; seed++) {
        struct fixture fixture;
        uint64_t state = seed;
        fixture_random_residual(&fixture, seed, (denseblock_type)(seed % 4));
        fixture_make(&fixture, seed, NULL);
        fixture_strew_specials(&fixture, &state, 3);
        char what[32];
        snprintf(what, sizeof what, "special values, seed %d", (int)seed);
        compare(what, &fixture, NULL, seed % 2 == 0, false, 0);
        fixture_free(&fixture);
    }
}
END_TEST

START_TEST(an_empty_batch_and_a_block_without_units_work) {
    struct fixture fixture = {
        .desc = {.height = 3, .width = 2, .channels = 5, .type = DENSEBLOCK_F32}};
    fixture_describe_residual(&fixture, 2, 3, 3, 3);
    fixture_make(&fixture, 1, NULL);
    compare("empty batch", &fixture, NULL, true, false, 0);
    fixture_free(&fixture);
    fixture = (struct fixture){
        .desc = {.batch = 2, .height = 3, .width = 2, .channels = 5, .type = DENSEBLOCK_F32}};
    fixture_describe_residual(&fixture, 0, 4, 3, 3);
    fixture_make(&fixture, 1, NULL);
    compare("no units", &fixture, NULL, false, true, 0);
    fixture_free(&fixture);
}
END_TEST

/* ---- Of the cuda backend: its direct kernels ---- */

static void check_direct(denseblock_type type, denseblock_arithmetic arithmetic,
                         denseblock_instructions instructions, uint64_t seeds) {
    for (uint64_t seed = 0; seed < seeds; seed++) {
        struct fixture fixture;
        fixture_random_residual(&fixture, seed, type);
        fixture.desc.arithmetic = arithmetic;
        fixture_make(&fixture, seed, NULL);
        const denseblock_plan_options options = {.algorithm = DENSEBLOCK_ALGORITHM_DIRECT,
                                                 .instructions = instructions};
        char what[64];
        snprintf(what, sizeof what, "%s, instructions %d, seed %d", denseblock_type_name(type),
                 (int)instructions, (int)seed);
        compare(what, &fixture, &options, seed % 2 == 0, seed % 5 == 0, seed % 3 == 0 ? 1 : 0);
        fixture_free(&fixture);
    }
}

START_TEST(three_products_of_tf32_equal_the_reference) {
    check_direct(DENSEBLOCK_F32, DENSEBLOCK_ARITHMETIC_TF32X3, DENSEBLOCK_INSTRUCTIONS_DEFAULT,
                 20);
}
END_TEST

START_TEST(tf32_rounds_products_and_not_what_they_are_added_to) {
    for (int64_t width = 4; width < 10; width++) {
        struct fixture fixture = {.desc = {.batch = 2,
                                           .height = 5,
                                           .width = width,
                                           .channels = 8 + width,
                                           .type = DENSEBLOCK_F32}};
        fixture_describe_residual(&fixture, 2, 3 * width, 3, 1);
        fixture_make(&fixture, (uint64_t)width, NULL);
        compare_with_tf32(&fixture);
        fixture_free(&fixture);
    }
}
END_TEST

/* Channels of more than one tile and chunk; odd numbers of them fit no vector. */
static void check_sizes(denseblock_type type, int64_t channels, int64_t hidden, int64_t kernel,
                        const denseblock_plan_options *options, const char *has) {
    struct fixture fixture = {.desc = {.batch = 2,
                                       .height = 6,
                                       .width = 5,
                                       .channels = channels,
                                       .type = type,
                                       .arithmetic = type == DENSEBLOCK_F32
                                                         ? DENSEBLOCK_ARITHMETIC_TF32X3
                                                         : DENSEBLOCK_ARITHMETIC_FULL}};
    fixture_describe_residual(&fixture, 1, hidden, kernel, 1);
    fixture_make(&fixture, 1, NULL);
    denseblock_plan *plan;
    begin_quietly();
    ck_ok(described_plan_create(&fixture.desc, true, tested, options, &plan));
    const char *text = denseblock_plan_describe(plan);
    const char *adding = strstr(text, "the second one");
    ck_assert_msg(adding != NULL && strstr(adding, has) != NULL, "no '%s' in: %s", has, text);
    denseblock_plan_destroy(plan);
    char what[64];
    snprintf(what, sizeof what, "%s, %d and %d channels", denseblock_type_name(type),
             (int)channels, (int)hidden);
    compare(what, &fixture, options, true, false, 0);
    compare(what, &fixture, options, false, false, 1);
    fixture_free(&fixture);
}

START_TEST(tiles_that_blocks_share_are_added_once) {
    check_sizes(DENSEBLOCK_F16, 256, 256, 9, NULL, " shares");
    check_sizes(DENSEBLOCK_BF16, 131, 257, 9, NULL, " shares");
    check_sizes(DENSEBLOCK_F32, 67, 130, 9, NULL, " shares");
}
END_TEST

START_TEST(wide_tiles_are_added_once) {
    static const int64_t sizes[][2] = {{256, 40}, {131, 33}, {68, 65}};
    const denseblock_plan_options none = {.workspace_limit = 2 * 2 * 6 * 5 * 68 * 4};
    for (denseblock_type type = DENSEBLOCK_F32; type <= DENSEBLOCK_BF16; type++)
        for (int i = 0; i < 3 && type != DENSEBLOCK_F64; i++)
            check_sizes(type, sizes[i][0], sizes[i][1], 3, &none, "tiles of 256 x");
}
END_TEST

#ifdef WITH_DOUBLE
START_TEST(ordinary_cores_do_where_there_are_no_tensor_cores) {
    ck_assert_int_eq(setenv("CUDA_DOUBLE_CAPABILITY", "75", 1), 0);
    for (int type = 0; type < 4; type++)
        check_direct((denseblock_type)type, DENSEBLOCK_ARITHMETIC_FULL,
                     DENSEBLOCK_INSTRUCTIONS_DEFAULT, 15);
    ck_assert_int_eq(unsetenv("CUDA_DOUBLE_CAPABILITY"), 0);
}
END_TEST

START_TEST(launches_that_do_not_overlap_give_the_same) {
    ck_assert_int_eq(setenv("CUDA_DOUBLE_CAPABILITY", "80", 1), 0);
    check_direct(DENSEBLOCK_BF16, DENSEBLOCK_ARITHMETIC_FULL, DENSEBLOCK_INSTRUCTIONS_DEFAULT,
                 10);
    ck_assert_int_eq(unsetenv("CUDA_DOUBLE_CAPABILITY"), 0);
    ck_assert_int_eq(setenv("DENSEBLOCK_OVERLAP", "off", 1), 0);
    check_direct(DENSEBLOCK_F16, DENSEBLOCK_ARITHMETIC_FULL, DENSEBLOCK_INSTRUCTIONS_DEFAULT, 10);
    ck_assert_int_eq(unsetenv("DENSEBLOCK_OVERLAP"), 0);
}
END_TEST

/* On the double alone: no GPU has run these kernels. */
START_TEST(by_wgmma_blocks_equal_the_reference) {
    const denseblock_instructions wgmma = DENSEBLOCK_INSTRUCTIONS_WGMMA;
    check_direct(DENSEBLOCK_F16, DENSEBLOCK_ARITHMETIC_FULL, wgmma, 12);
    check_direct(DENSEBLOCK_BF16, DENSEBLOCK_ARITHMETIC_FULL, wgmma, 12);
    check_direct(DENSEBLOCK_F32, DENSEBLOCK_ARITHMETIC_TF32X3, wgmma, 12);
}
END_TEST
#endif

Suite *suite(void) {
    const TTest *const none[] = {NULL};
    const TTest *const of_cuda[] = {
        it_equals_the_reference_on_random_residual_blocks,
        nan_and_inf_come_out_where_the_formula_puts_them,
        an_empty_batch_and_a_block_without_units_work,
        three_products_of_tf32_equal_the_reference,
        tf32_rounds_products_and_not_what_they_are_added_to,
        tiles_that_blocks_share_are_added_once,
        wide_tiles_are_added_once,
#ifdef WITH_DOUBLE
        ordinary_cores_do_where_there_are_no_tensor_cores,
        launches_that_do_not_overlap_give_the_same,
        by_wgmma_blocks_equal_the_reference,
#endif
        NULL,
    };
    return suite_of_backends("residual_block", none, of_cuda, none, none);
}
