/* What the cpu backend plans, and what it refuses. */
#include <stdlib.h>

#include "cpu_case.h"

static bool plan_uses(const struct fixture *block, const denseblock_plan_options *options,
                      const char *words) {
    denseblock_plan *plan;
    ck_ok(denseblock_plan_create(&block->desc, DENSEBLOCK_BACKEND_CPU, options, &plan));
    const bool found = strstr(denseblock_plan_describe(plan), words) != NULL;
    denseblock_plan_destroy(plan);
    return found;
}

START_TEST(a_block_that_no_transform_fits_in_the_limit_runs_directly) {
    struct fixture block;
    uniform_3x3(&block, 1, 40, 300, 4, 3, 6);
    const denseblock_plan_options options = {.workspace_limit = 300 << 10, .thread_count = 2};
    struct pair pair;
    pair_make(&pair, &block, 3, &options);
    ck_assert_ptr_null(strstr(denseblock_plan_describe(pair.cpu.plan), "Winograd F"));
    pair_check(&pair, 1e-6, "direct");
    pair_free(&pair);

    denseblock_plan *plan;
    const denseblock_plan_options asked = {.workspace_limit = 300 << 10,
                                           .algorithm = DENSEBLOCK_ALGORITHM_WINOGRAD4};
    ck_fails(denseblock_plan_create(&block.desc, DENSEBLOCK_BACKEND_CPU, &asked, &plan),
             DENSEBLOCK_UNSUPPORTED, "workspace limit of 307200");
}
END_TEST

START_TEST(the_plan_chooses_what_suits_the_block_and_obeys_the_options) {
    struct fixture block;
    denseblock_plan_options options = {0};
    uniform_3x3(&block, 1, 56, 56, 64, 6, 32);
    ck_assert(plan_uses(&block, &options, "layer 5: Winograd F(4x4) 3x3, channels 0..223"));
    options.accuracy = DENSEBLOCK_ACCURACY_HIGH;
    ck_assert(plan_uses(&block, &options, "layer 5: Winograd F(2x2)"));
    options.algorithm = DENSEBLOCK_ALGORITHM_DIRECT;
    ck_assert(plan_uses(&block, &options, "layer 5: direct 3x3"));
    options.group_size = 4;
    ck_assert(plan_uses(&block, &options,
                        "layers 4..5 as a group: direct 3x3, channels 0..191 -> "
                        "192..255"));
    /* Kernels of another size are direct, beside 3x3 ones in Winograd. */
    options = (denseblock_plan_options){0};
    block.layers[3].kernel_width = 1;
    ck_assert(plan_uses(&block, &options, "layer 3: direct 3x1"));
    ck_assert(plan_uses(&block, &options, "layer 4: Winograd F(4x4)"));
    block.layers[3].kernel_width = 3;
    block.desc.type = DENSEBLOCK_F64;
    ck_assert(plan_uses(&block, &options, "layer 0: direct 3x3"));
}
END_TEST

/* A plan takes fewer threads before it takes another algorithm, whose results would differ. */
START_TEST(threads_that_do_not_fit_or_have_nothing_to_do_are_left_out) {
    struct fixture block;
    denseblock_plan *plan;
    denseblock_plan_options options = {.thread_count = 1024, .workspace_limit = 16 << 20};
    uniform_3x3(&block, 1, 56, 56, 64, 4, 32);
    ck_ok(denseblock_plan_create(&block.desc, DENSEBLOCK_BACKEND_CPU, &options, &plan));
    ck_assert_ptr_nonnull(strstr(denseblock_plan_describe(plan), "Winograd F(4x4)"));
    ck_assert_uint_le(denseblock_plan_workspace_bytes(plan), options.workspace_limit);
    ck_assert_int_lt(denseblock_plan_thread_count(plan), 1024);
    denseblock_plan_destroy(plan);
    uniform_3x3(&block, 1, 4, 4, 2, 3, 2);
    ck_ok(denseblock_plan_create(&block.desc, DENSEBLOCK_BACKEND_CPU, &options, &plan));
    ck_assert_int_eq(denseblock_plan_thread_count(plan), 1);
    denseblock_plan_destroy(plan);
}
END_TEST

/* What a plan chooses for speed must not make it refuse a block that it could run. */
START_TEST(plans_of_extreme_sizes_are_made_and_fit) {
    struct fixture block;
    denseblock_plan *plan;
    denseblock_plan_options options = {.group_size = INT64_MAX, .thread_count = 2};
    uniform_3x3(&block, 1, 8, 8, 4, 3, 5);
    ck_assert(plan_uses(&block, &options, "layers 0..2 as a group"));
    options.algorithm = DENSEBLOCK_ALGORITHM_DIRECT;
    options.group_size = 0;
    uniform_3x3(&block, INT64_C(1) << 40, 8, 8, 12, 4, 12);
    ck_ok(denseblock_plan_create(&block.desc, DENSEBLOCK_BACKEND_CPU, &options, &plan));
    denseblock_plan_destroy(plan);
    for (int a = 0; a < 3; a++)
        for (int64_t growth = 4; growth <= 28; growth += 8) {
            options.algorithm = algorithms[a];
            uniform_3x3(&block, 1, 1200, 1200, 16, 6, growth);
            ck_ok(denseblock_plan_create(&block.desc, DENSEBLOCK_BACKEND_CPU, &options, &plan));
            ck_assert_uint_le(denseblock_plan_workspace_bytes(plan), 64 << 20);
            denseblock_plan_destroy(plan);
        }
}
END_TEST

START_TEST(what_the_options_ask_for_in_vain_is_refused) {
    struct fixture block;
    denseblock_plan *plan;
    uniform_3x3(&block, 1, 8, 8, 4, 3, 5);
    denseblock_plan_options options = {.algorithm = DENSEBLOCK_ALGORITHM_WINOGRAD4,
                                       .accuracy = DENSEBLOCK_ACCURACY_HIGH};
    ck_fails(denseblock_plan_create(&block.desc, DENSEBLOCK_BACKEND_CPU, &options, &plan),
             DENSEBLOCK_UNSUPPORTED, "exclude each other");
    options.accuracy = DENSEBLOCK_ACCURACY_DEFAULT;
    block.layers[1].kernel_height = 5;
    ck_fails(denseblock_plan_create(&block.desc, DENSEBLOCK_BACKEND_CPU, &options, &plan),
             DENSEBLOCK_UNSUPPORTED, "layer 1: Winograd algorithms are for 3x3 kernels, not 5x3");
    block.layers[1].kernel_height = 3;
    block.desc.type = DENSEBLOCK_F64;
    ck_fails(denseblock_plan_create(&block.desc, DENSEBLOCK_BACKEND_CPU, &options, &plan),
             DENSEBLOCK_UNSUPPORTED, "not for f64");
    options = (denseblock_plan_options){0};
    ck_assert_int_eq(setenv("DENSEBLOCK_ISA", "mmx", 1), 0);
    ck_fails(denseblock_plan_create(&block.desc, DENSEBLOCK_BACKEND_CPU, &options, &plan),
             DENSEBLOCK_INVALID_ARGUMENT, "DENSEBLOCK_ISA is 'mmx': there are avx512");
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {
        a_block_that_no_transform_fits_in_the_limit_runs_directly,
        the_plan_chooses_what_suits_the_block_and_obeys_the_options,
        threads_that_do_not_fit_or_have_nothing_to_do_are_left_out,
        plans_of_extreme_sizes_are_made_and_fit,
        what_the_options_ask_for_in_vain_is_refused,
        NULL,
    };
    return cpu_suite("cpu_plan", tests);
}
