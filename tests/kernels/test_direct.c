/* Suite: the kernels of the direct convolution, in the emulator. */
#include "device_case.h"
#include "direct_case.h"
#include "direct_shape.h"
#include "emulator.h"
#include "suite.h"

enum { CASES = 40 }; /* of each type */

static void check_cases(denseblock_type type) {
    for (uint64_t seed = 1; seed <= CASES; seed++) {
        const struct direct_case c = random_direct_case(seed, type);
        check_direct_case(&c);
    }
}

START_TEST(f32_agrees_with_plain_loops) {
    check_cases(DENSEBLOCK_F32);
}
END_TEST

START_TEST(f64_agrees_with_plain_loops) {
    check_cases(DENSEBLOCK_F64);
}
END_TEST

START_TEST(f16_agrees_with_plain_loops) {
    check_cases(DENSEBLOCK_F16);
}
END_TEST

START_TEST(bf16_agrees_with_plain_loops) {
    check_cases(DENSEBLOCK_BF16);
}
END_TEST

static bool is_tile(const struct dblk_direct_convolution *c) {
    const enum dblk_direct_window window =
        dblk_direct_window_of(c->kernel_height, c->kernel_width);
    return c->tile.rows >= 1 && c->tile.column_groups >= 1 &&
           c->tile.rows * c->tile.column_groups <= DBLK_DIRECT_RUNS &&
           dblk_direct_halo_rows(window, c->tile.rows, c->images, c->height) *
                   dblk_direct_row_stride(window, c->tile.column_groups) <=
               dblk_direct_positions(window);
}

START_TEST(tiles_of_every_shape_agree_or_are_refused) {
    for (int rows = 0; rows <= DBLK_DIRECT_RUNS; rows++)
        for (int groups = 0; groups <= DBLK_DIRECT_RUNS; groups++) {
            struct direct_case c = plain_direct_case(DENSEBLOCK_F32, 3, 5, 19, 3, 12);
            c.convolution.tile = (struct dblk_direct_tile){rows, groups};
            if (is_tile(&c.convolution))
                check_direct_case(&c);
            else
                ck_fails(dblk_direct_launch(NULL, &c.convolution), DENSEBLOCK_INVALID_ARGUMENT,
                         "tile");
        }
}
END_TEST

START_TEST(the_tile_is_one_that_keeps_threads_busy) {
    static const struct {
        int64_t images, height, width;
        int rows, groups;
    } planes[] = {
        {64, 7, 7, 16, 1},   {64, 14, 14, 8, 2}, {64, 28, 28, 4, 4},
        {64, 56, 56, 16, 1}, {1, 7, 7, 7, 1},    {1, 1, 1, 1, 1},
    };
    for (size_t i = 0; i < sizeof planes / sizeof planes[0]; i++) {
        const struct dblk_direct_tile tile =
            dblk_direct_tile(planes[i].images, planes[i].height, planes[i].width, 3, 3);
        ck_assert_msg(tile.rows == planes[i].rows && tile.column_groups == planes[i].groups,
                      "%zu: %d x %d", i, tile.rows, tile.column_groups);
    }
    uint64_t seed = 1;
    for (int i = 0; i < 1000; i++) {
        struct dblk_direct_convolution c = {
            .images = random_size(&seed, 1, 300),
            .height = random_size(&seed, 1, 300),
            .width = random_size(&seed, 1, 300),
            .kernel_height = random_size(&seed, 1, 4),
            .kernel_width = random_size(&seed, 1, 4),
        };
        c.tile = dblk_direct_tile(c.images, c.height, c.width, c.kernel_height, c.kernel_width);
        ck_assert(is_tile(&c));
    }
}
END_TEST

START_TEST(shared_memory_is_used_without_bank_conflicts) {
    static const struct {
        int64_t height, width, kernel, columns;
    } layers[] = {
        {7, 7, 3, 64}, {14, 14, 3, 32}, {28, 28, 3, 64}, {14, 14, 1, 64}, {16, 16, 5, 32}};
    for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++)
        for (denseblock_type type = DENSEBLOCK_F32; type <= DENSEBLOCK_BF16; type++) {
            const struct direct_case c = plain_direct_case(
                type, 2, layers[i].height, layers[i].width, layers[i].kernel, layers[i].columns);
            emulator_clear_counters();
            check_direct_case(&c);
            struct emulator_counters counters;
            emulator_count_work(&counters);
            ck_assert_uint_gt(counters.shared_accesses, 0);
            ck_assert_msg(counters.shared_conflicts == 0, "layer %zu, %s: %llu", i,
                          denseblock_type_name(type),
                          (unsigned long long)counters.shared_conflicts);
        }
}
END_TEST

START_TEST(what_is_too_large_is_refused) {
    struct dblk_direct_convolution c =
        plain_direct_case(DENSEBLOCK_F16, 1, 1, INT64_C(1) << 31, 1, 12).convolution;
    ck_fails(dblk_direct_launch(NULL, &c), DENSEBLOCK_UNSUPPORTED, "pixels");
    c = plain_direct_case(DENSEBLOCK_F16, INT64_C(1) << 31, 1, 1, 3, 12).convolution;
    ck_fails(dblk_direct_launch(NULL, &c), DENSEBLOCK_UNSUPPORTED, "pixels");
    c = plain_direct_case(DENSEBLOCK_F16, 1 << 29, 1, 2, 3, 12)
            .convolution; /* with rows of zeros */
    ck_fails(dblk_direct_launch(NULL, &c), DENSEBLOCK_UNSUPPORTED, "pixels");
    c = plain_direct_case(DENSEBLOCK_F16, 1, 1, 1, INT64_C(1) << 31, 12).convolution;
    ck_fails(dblk_direct_launch(NULL, &c), DENSEBLOCK_UNSUPPORTED, "kernel");
    c = plain_direct_case(DENSEBLOCK_F16, 1, 1, 1, 3, INT64_C(1) << 31).convolution;
    ck_fails(dblk_direct_launch(NULL, &c), DENSEBLOCK_UNSUPPORTED, "channels");
    c = plain_direct_case(DENSEBLOCK_F16, 1, 1 << 14, 1 << 15, 3, 1 << 16).convolution;
    ck_fails(dblk_direct_launch(NULL, &c), DENSEBLOCK_UNSUPPORTED, "launch");
    c = plain_direct_case(DENSEBLOCK_F16, 0, 7, 7, 3, 12).convolution; /* nothing to do */
    ck_ok(dblk_direct_launch(NULL, &c));

    const int64_t most = INT64_MAX / 4;
    ck_assert(dblk_direct_layout(DENSEBLOCK_F16, 3, 3, most, 12).bytes == SIZE_MAX);
    ck_assert(dblk_direct_layout(DENSEBLOCK_F64, 1, 1, 1, most).bytes == SIZE_MAX);
    ck_assert_uint_eq(dblk_direct_layout(DENSEBLOCK_F32, 3, 3, 0, 12).bytes, 0);
    ck_assert_uint_eq(dblk_direct_layout(DENSEBLOCK_F16, 3, 3, 17, 65).bytes,
                      (size_t)3 * 9 * 8 * 96 * 4);
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {
        f32_agrees_with_plain_loops,
        f64_agrees_with_plain_loops,
        f16_agrees_with_plain_loops,
        bf16_agrees_with_plain_loops,
        tiles_of_every_shape_agree_or_are_refused,
        the_tile_is_one_that_keeps_threads_busy,
        shared_memory_is_used_without_bank_conflicts,
        what_is_too_large_is_refused,
        NULL,
    };
    return suite_of("direct", tests);
}
