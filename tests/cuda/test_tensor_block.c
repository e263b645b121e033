/* Blocks of the cuda backend on tensor cores: what f16 and bf16 take where they are, and f32 where its
 * products may be rounded. */
#include <stdlib.h>

#include "against_reference.h"
#include "backends.h"
#include "on_double.h"

START_TEST(three_products_of_tf32_equal_the_reference_on_random_blocks) {
    for (uint64_t seed = 0; seed < 30; seed++) {
        struct fixture fixture;
        uint64_t state = seed;
        fixture_random_desc(&fixture, seed, DENSEBLOCK_F32);
        fixture.desc.arithmetic = DENSEBLOCK_ARITHMETIC_TF32X3;
        fixture_make(&fixture, seed, NULL);
        const denseblock_plan_options options = {.group_size = random_size(&state, 0, 4)};
        char what[32];
        snprintf(what, sizeof what, "seed %d", (int)seed);
        compare(what, &fixture, &options, seed % 3 == 0, seed % 5 == 0, seed % 7 == 0 ? 1 : 0);
        fixture_free(&fixture);
    }
}
END_TEST

START_TEST(they_put_nan_and_inf_where_the_formula_does) {
    for (uint64_t seed = 0; seed < 10; seed++) {
        struct fixture fixture;
        uint64_t state = seed;
        fixture_random_desc(&fixture, seed, DENSEBLOCK_F32);
        fixture.desc.arithmetic = DENSEBLOCK_ARITHMETIC_TF32X3;
        fixture_make(&fixture, seed, NULL);
        fixture_strew_specials(&fixture, &state, 3);
        char what[32];
        snprintf(what, sizeof what, "special values, seed %d", (int)seed);
        compare(what, &fixture, NULL, seed % 2 == 0, false, 0);
        fixture_free(&fixture);
    }
}
END_TEST

START_TEST(tf32_rounds_products_and_no_more_than_that) {
    for (uint64_t seed = 0; seed < 8; seed++) {
        struct fixture fixture = {.desc = {.batch = 1,
                                           .height = 5,
                                           .width = 4 + (int64_t)seed,
                                           .channels = 8,
                                           .layer_count = 2,
                                           .type = DENSEBLOCK_F32}};
        fixture.desc.layers = fixture.layers;
        denseblock_layers_fill(fixture.layers, 2, 3, 3, 8 + (int64_t)seed);
        fixture_make(&fixture, seed, NULL);
        compare_with_tf32(&fixture);
        fixture_free(&fixture);
    }
}
END_TEST

/* y of the block of `fixture`, with that arithmetic. */
static void *run(const struct fixture *fixture, denseblock_arithmetic arithmetic,
                 const denseblock_plan_options *options) {
    denseblock_desc desc = fixture->desc;
    void *y = aligned_memory(denseblock_plan_output_bytes(fixture->plan));
    desc.arithmetic = arithmetic;
    begin_quietly();
    ck_ok(cuda_case_run(&(struct cuda_case){.backend = tested,
                                            .desc = &desc,
                                            .options = options,
                                            .kernels = (const void *const *)fixture->kernels,
                                            .x = fixture->x,
                                            .y = y}));
    check_quiet("a block");
    return y;
}

/* Planes of DenseNets made smaller, with channels as they are there. */
static void make_block(struct fixture *fixture, denseblock_type type) {
    *fixture = (struct fixture){.desc = {.batch = 1,
                                         .height = 9,
                                         .width = 10,
                                         .channels = 128,
                                         .layer_count = 5,
                                         .layers = fixture->layers,
                                         .type = type}};
    denseblock_layers_fill(fixture->layers, 5, 3, 3, 32);
    fixture_make(fixture, 1, NULL);
}

static double error_of(denseblock_type type, denseblock_arithmetic arithmetic) {
    struct fixture fixture;
    make_block(&fixture, type);
    const denseblock_plan_options direct = {.algorithm = DENSEBLOCK_ALGORITHM_DIRECT};
    void *y = run(&fixture, arithmetic, &direct);
    const double error = relative_error(&fixture, y);
    printf("%s, arithmetic %d: relative L2 error %.1e\n", denseblock_type_name(type),
           (int)arithmetic, error);
    free(y);
    fixture_free(&fixture);
    return error;
}

START_TEST(errors_stay_within_what_each_arithmetic_allows) {
    ck_assert(error_of(DENSEBLOCK_F16, DENSEBLOCK_ARITHMETIC_FULL) <= 1e-3);
    ck_assert(error_of(DENSEBLOCK_BF16, DENSEBLOCK_ARITHMETIC_FULL) <= 8e-3);
    ck_assert(error_of(DENSEBLOCK_F32, DENSEBLOCK_ARITHMETIC_TF32) <= 1e-3);
    const double of_three = error_of(DENSEBLOCK_F32, DENSEBLOCK_ARITHMETIC_TF32X3);
    ck_assert(of_three <= 2e-6);
    ck_assert(of_three <= 4 * error_of(DENSEBLOCK_F32, DENSEBLOCK_ARITHMETIC_FULL));
}
END_TEST

/* Few tiles are shared by several blocks, as far as the workspace has room for the parts. */
START_TEST(shares_keep_to_the_workspace_limit_and_change_nothing_but_rounding) {
    struct fixture fixture;
    make_block(&fixture, DENSEBLOCK_F16);
    check_description(&fixture.desc, NULL, " shares", "SIMT");
    const size_t sums = (size_t)9 * 10 * 96 * sizeof(float);
    const denseblock_plan_options none = {.workspace_limit = sums};
    check_description(&fixture.desc, &none, "as a group", " shares");
    denseblock_plan *plan;
    for (size_t limit = sums; limit < 40 * sums; limit += sums / 3 + 1) {
        const denseblock_plan_options options = {.workspace_limit = limit};
        ck_ok(denseblock_plan_create(&fixture.desc, tested, &options, &plan));
        ck_assert_uint_le(denseblock_plan_workspace_bytes(plan), limit);
        denseblock_plan_destroy(plan);
    }
    compare("shared", &fixture, NULL, true, true, 0);
    compare("whole", &fixture, &none, true, false, 0);
    fixture_free(&fixture);
}
END_TEST

#ifdef WITH_DOUBLE
START_TEST(a_gpu_without_matrix_instructions_computes_on_ordinary_cores) {
    struct fixture fixture;
    make_block(&fixture, DENSEBLOCK_BF16);
    const struct cuda_double_machine turing = {.compute_capability = 75};
    cuda_double_begin(&turing);
    check_description(&fixture.desc, NULL, "SIMT", "tensor");
    begin_quietly();
    check_description(&fixture.desc, NULL, "tensor cores, bf16", "SIMT");
    fixture.desc.type = DENSEBLOCK_F32;
    check_description(&fixture.desc, NULL, "SIMT", "tensor");
    fixture.desc.arithmetic = DENSEBLOCK_ARITHMETIC_TF32;
    check_description(&fixture.desc, NULL, "tensor cores, TF32", "three");
    fixture.desc.arithmetic = DENSEBLOCK_ARITHMETIC_TF32X3;
    check_description(&fixture.desc, NULL, "three products of TF32", "SIMT");
    fixture_free(&fixture);
}
END_TEST

static void check_wgmma(denseblock_type type, denseblock_arithmetic arithmetic) {
    for (uint64_t seed = 0; seed < 12; seed++) {
        struct fixture fixture;
        uint64_t state = seed;
        fixture_random_desc(&fixture, seed, type);
        fixture.desc.arithmetic = arithmetic;
        fixture_make(&fixture, seed, NULL);
        const denseblock_plan_options options = {.group_size = random_size(&state, 0, 4),
                                                 .instructions = DENSEBLOCK_INSTRUCTIONS_WGMMA};
        char what[32];
        snprintf(what, sizeof what, "wgmma, seed %d", (int)seed);
        compare(what, &fixture, &options, seed % 3 == 0, seed % 5 == 0, seed % 7 == 0 ? 1 : 0);
        fixture_free(&fixture);
    }
}

/* On the double alone: no GPU has run these kernels. */
START_TEST(by_wgmma_blocks_equal_the_reference) {
    check_wgmma(DENSEBLOCK_F16, DENSEBLOCK_ARITHMETIC_FULL);
    check_wgmma(DENSEBLOCK_BF16, DENSEBLOCK_ARITHMETIC_FULL);
    check_wgmma(DENSEBLOCK_F32, DENSEBLOCK_ARITHMETIC_TF32X3);
}
END_TEST

START_TEST(wgmma_is_for_who_asks_for_it_and_has_it) {
    struct fixture fixture;
    make_block(&fixture, DENSEBLOCK_F16);
    denseblock_plan *plan;
    const denseblock_plan_options wgmma = {.instructions = DENSEBLOCK_INSTRUCTIONS_WGMMA};
    begin_quietly();
    check_description(&fixture.desc, NULL, "tensor cores, f16", "wgmma");
    check_description(&fixture.desc, &wgmma, "wgmma (kernels that have not run on a GPU yet)",
                      "SIMT");
    fixture.desc.type = DENSEBLOCK_F32;
    ck_fails(denseblock_plan_create(&fixture.desc, tested, &wgmma, &plan), DENSEBLOCK_UNSUPPORTED,
             "for f32");
    fixture.desc.type = DENSEBLOCK_F16;
    const struct cuda_double_machine blackwell = {.compute_capability = 100};
    cuda_double_begin(&blackwell);
    ck_fails(denseblock_plan_create(&fixture.desc, tested, &wgmma, &plan), DENSEBLOCK_UNSUPPORTED,
             "10.0");
    begin_quietly();
    fixture_free(&fixture);
}
END_TEST
#endif

Suite *suite(void) {
    const TTest *const none[] = {NULL};
    const TTest *const of_cuda[] = {
        three_products_of_tf32_equal_the_reference_on_random_blocks,
        they_put_nan_and_inf_where_the_formula_does,
        tf32_rounds_products_and_no_more_than_that,
        errors_stay_within_what_each_arithmetic_allows,
        shares_keep_to_the_workspace_limit_and_change_nothing_but_rounding,
#ifdef WITH_DOUBLE
        a_gpu_without_matrix_instructions_computes_on_ordinary_cores,
        by_wgmma_blocks_equal_the_reference,
        wgmma_is_for_who_asks_for_it_and_has_it,
#endif
        NULL,
    };
    return suite_of_backends("tensor_block", none, of_cuda, none, none);
}
