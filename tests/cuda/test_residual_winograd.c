/* Residual blocks by Winograd, on the backends of GPUs, against the reference. */
#include <inttypes.h>
#include <stdio.h>

#include "against_reference.h"
#include "backends.h"
#include "on_double.h"

/* On tensor cores (cuda) or by another library's products; the cuda backend computes f64 and f32 on
 * ordinary ones, f32 also in three products of TF32. */
static void make(struct fixture *fixture, uint64_t seed) {
    fixture_make(fixture, seed, NULL);
    if (fixture->desc.type == DENSEBLOCK_F32 && seed / 8 % 2 != 0 &&
        tested == DENSEBLOCK_BACKEND_CUDA)
        fixture->desc.arithmetic = DENSEBLOCK_ARITHMETIC_TF32X3;
}

/* Planes of 1 to 9 rows and columns, and some larger ones; ragged channels, and some that are not. */
static void describe(struct fixture *fixture, uint64_t seed) {
    uint64_t state = seed;
    const int64_t largest = seed % 5 == 4 ? 19 : 9;
    const int64_t unit = INT64_C(1) << random_size(&state, 0, 3);
    *fixture = (struct fixture){0};
    fixture->desc = (denseblock_desc){
        .batch = random_size(&state, 1, 4),
        .height = random_size(&state, 1, largest),
        .width = random_size(&state, 1, largest),
        .channels = unit * random_size(&state, 1, 20 / unit),
        .type = (denseblock_type)(seed % 4),
    };
    const int64_t units = random_size(&state, 1, 2);
    fixture_describe_residual(fixture, units, unit * random_size(&state, 1, 20 / unit), 3, 3);
}

/* F(4x4) for every other block of f32. */
static denseblock_algorithm winograd_of(uint64_t seed) {
    return seed % 8 == DENSEBLOCK_F32 ? DENSEBLOCK_ALGORITHM_WINOGRAD4
                                      : DENSEBLOCK_ALGORITHM_WINOGRAD2;
}

START_TEST(winograd_equals_the_reference_on_random_residual_blocks) {
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct fixture fixture;
        describe(&fixture, seed);
        make(&fixture, seed);
        const denseblock_plan_options options = {.algorithm = winograd_of(seed)};
        char what[64];
        snprintf(what, sizeof what, "seed %" PRIu64 ", %s", seed,
                 denseblock_type_name(fixture.desc.type));
        compare(what, &fixture, &options, seed % 3 == 0, seed % 5 == 0, seed % 7 == 0 ? 1 : 0);
        fixture_free(&fixture);
    }
}
END_TEST

/* Both in what the convolutions read and in what they are added to. */
START_TEST(nan_and_inf_come_out_where_the_formula_puts_them) {
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct fixture fixture;
        uint64_t state = seed;
        describe(&fixture, seed);
        make(&fixture, seed);
        fixture_strew_specials(&fixture, &state, 1 + (int64_t)(seed % 3));
        const denseblock_plan_options options = {.algorithm = winograd_of(seed)};
        char what[32];
        snprintf(what, sizeof what, "special values, seed %" PRIu64, seed);
        compare(what, &fixture, &options, seed % 2 == 0, false, 0);
        fixture_free(&fixture);
    }
}
END_TEST

/* Whether the block is cut into slices of 13 images, and a convolution of those again: by two, of which
 * the last slice has one, or one by one. */
static bool is_cut_twice(const struct fixture *fixture, const denseblock_plan_options *options) {
    denseblock_plan *plan;
    if (described_plan_create(&fixture->desc, true, tested, options, &plan) != DENSEBLOCK_OK)
        return false;
    const char *text = denseblock_plan_describe(plan);
    const bool is_cut = strstr(text, "units, 13 images at a time") != NULL &&
                        (strstr(text, "\n2 images at a time") != NULL ||
                         strstr(text, "\n1 image at a time") != NULL);
    denseblock_plan_destroy(plan);
    return is_cut;
}

START_TEST(a_small_workspace_cuts_the_batch_twice) {
    static const denseblock_type types[] = {DENSEBLOCK_F32, DENSEBLOCK_F32, DENSEBLOCK_BF16,
                                            DENSEBLOCK_F64};
    for (int i = 0; i < 4; i++) {
        struct fixture fixture = {
            .desc = {.batch = 26, .height = 7, .width = 6, .channels = 6, .type = types[i]}};
        fixture_describe_residual(&fixture, 2, 11, 3, 3);
        make(&fixture, 8 * (uint64_t)i);
        denseblock_plan_options options = {.algorithm = i == 0 ? DENSEBLOCK_ALGORITHM_WINOGRAD4
                                                               : DENSEBLOCK_ALGORITHM_WINOGRAD2,
                                           .workspace_limit = 10000};
        while (!is_cut_twice(&fixture, &options)) {
            options.workspace_limit += 500;
            ck_assert_msg(options.workspace_limit < 1000000, "there is no such plan");
        }
        char what[32];
        snprintf(what, sizeof what, "slices of %s, F(%d)", denseblock_type_name(types[i]),
                 i == 0 ? 4 : 2);
        compare(what, &fixture, &options, i % 2 == 0, i % 2 != 0, 0);
        fixture_free(&fixture);
    }
}
END_TEST

Suite *suite(void) {
    const TTest *const none[] = {NULL};
    const TTest *const tests[] = {
        winograd_equals_the_reference_on_random_residual_blocks,
        nan_and_inf_come_out_where_the_formula_puts_them,
        a_small_workspace_cuts_the_batch_twice,
        NULL,
    };
    return suite_of_backends("residual_winograd", none, tests, tests, none);
}
