/* Suite: the tensor-core convolution, in the emulator. */
#include "device_case.h"
#include "direct_case.h"
#include "emulator.h"
#include "suite.h"

static void check_cases(enum dblk_tensor_form form, enum dblk_tensor_instructions instructions,
                        uint64_t cases) {
    for (uint64_t seed = 1; seed <= cases; seed++) {
        const struct direct_case c = random_tensor_case(seed, form, instructions);
        check_direct_case(&c);
    }
}

enum { MMA_CASES = 50, WGMMA_CASES = 30 }; /* of each form */

START_TEST(f16_agrees_with_plain_loops) {
    check_cases(DBLK_TENSOR_F16, DBLK_TENSOR_MMA, MMA_CASES);
}
END_TEST

START_TEST(bf16_agrees_with_plain_loops) {
    check_cases(DBLK_TENSOR_BF16, DBLK_TENSOR_MMA, MMA_CASES);
}
END_TEST

START_TEST(tf32_agrees_with_plain_loops) {
    check_cases(DBLK_TENSOR_TF32, DBLK_TENSOR_MMA, MMA_CASES);
}
END_TEST

START_TEST(three_products_of_tf32_agree_nearly_as_f32_does) {
    check_cases(DBLK_TENSOR_TF32X3, DBLK_TENSOR_MMA, MMA_CASES);
}
END_TEST

START_TEST(by_wgmma_f16_agrees_with_plain_loops) {
    check_cases(DBLK_TENSOR_F16, DBLK_TENSOR_WGMMA, WGMMA_CASES);
}
END_TEST

START_TEST(by_wgmma_bf16_agrees_with_plain_loops) {
    check_cases(DBLK_TENSOR_BF16, DBLK_TENSOR_WGMMA, WGMMA_CASES);
}
END_TEST

START_TEST(by_wgmma_tf32_agrees_with_plain_loops) {
    check_cases(DBLK_TENSOR_TF32, DBLK_TENSOR_WGMMA, WGMMA_CASES);
}
END_TEST

START_TEST(by_wgmma_three_products_of_tf32_agree_nearly_as_f32_does) {
    check_cases(DBLK_TENSOR_TF32X3, DBLK_TENSOR_WGMMA, WGMMA_CASES);
}
END_TEST

/* A plain layer in the way that a large GPU has. */
static struct direct_case plain_tensor_case(enum dblk_tensor_form form,
                                            enum dblk_tensor_instructions instructions,
                                            int64_t height, int64_t width, int64_t kernel,
                                            int64_t columns) {
    struct direct_case c = plain_direct_case(form == DBLK_TENSOR_F16    ? DENSEBLOCK_F16
                                             : form == DBLK_TENSOR_BF16 ? DENSEBLOCK_BF16
                                                                        : DENSEBLOCK_F32,
                                             2, height, width, kernel, columns);
    c.on_tensor_cores = true;
    ck_assert(dblk_tensor_find_way(form, instructions, kernel, kernel, width, columns, 227 << 10,
                                   &c.way));
    return c;
}

static void check_conflicts(enum dblk_tensor_instructions instructions) {
    static const struct {
        int64_t height, width, kernel, columns;
    } layers[] = {
        {7, 7, 3, 128}, {14, 14, 3, 32}, {28, 28, 3, 128}, {14, 14, 1, 128}, {16, 16, 5, 32}};
    for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++)
        for (enum dblk_tensor_form form = DBLK_TENSOR_F16; form <= DBLK_TENSOR_TF32X3; form++) {
            const struct direct_case c =
                plain_tensor_case(form, instructions, layers[i].height, layers[i].width,
                                  layers[i].kernel, layers[i].columns);
            emulator_clear_counters();
            check_direct_case(&c);
            struct emulator_counters counters;
            emulator_count_work(&counters);
            ck_assert_uint_gt(counters.matrix_instructions, 0);
            ck_assert_msg(counters.shared_conflicts == 0, "layer %zu, form %d: %llu of %llu", i,
                          (int)form, (unsigned long long)counters.shared_conflicts,
                          (unsigned long long)counters.shared_accesses);
        }
}

START_TEST(shared_memory_is_used_without_bank_conflicts) {
    check_conflicts(DBLK_TENSOR_MMA);
}
END_TEST

START_TEST(by_wgmma_shared_memory_is_used_without_bank_conflicts) {
    check_conflicts(DBLK_TENSOR_WGMMA);
}
END_TEST

START_TEST(a_plane_too_wide_for_a_halo_of_three_rows_takes_one_row_at_a_time) {
    struct dblk_tensor_way way;
    ck_assert(
        dblk_tensor_find_way(DBLK_TENSOR_F16, DBLK_TENSOR_MMA, 3, 3, 56, 128, 227 << 10, &way));
    ck_assert(way.window == DBLK_TENSOR_3X3 && way.tile_columns == 128 && way.stages == 3);
    ck_assert(
        dblk_tensor_find_way(DBLK_TENSOR_F16, DBLK_TENSOR_MMA, 3, 3, 56, 128, 150 << 10, &way));
    ck_assert(way.window == DBLK_TENSOR_3X3 && way.tile_columns == 128 && way.stages == 2);
    ck_assert(
        dblk_tensor_find_way(DBLK_TENSOR_F16, DBLK_TENSOR_MMA, 3, 3, 5000, 128, 163 << 10, &way));
    ck_assert(way.window == DBLK_TENSOR_ROW && way.tile_columns == 128);
    ck_assert_uint_le(dblk_tensor_shared_bytes(&way, 5000), 163 << 10);
    ck_assert(
        !dblk_tensor_find_way(DBLK_TENSOR_F16, DBLK_TENSOR_MMA, 3, 3, 56, 128, 20 << 10, &way));
}
END_TEST

START_TEST(what_is_too_large_is_refused) {
    struct direct_case c = plain_tensor_case(DBLK_TENSOR_F16, DBLK_TENSOR_MMA, 14, 14, 3, 32);
    c.way.stages = 1;
    ck_fails(dblk_tensor_launch(NULL, &c.convolution, &c.way, NULL), DENSEBLOCK_INVALID_ARGUMENT,
             "1 stages");
    c.way.stages = 2;
    c.convolution.images = INT64_C(1) << 31;
    ck_fails(dblk_tensor_launch(NULL, &c.convolution, &c.way, NULL), DENSEBLOCK_UNSUPPORTED,
             "pixels");
    const int64_t most = INT64_MAX / 4;
    ck_assert(dblk_tensor_weights_bytes(&c.way, 3, 3, most, 12) == SIZE_MAX);
    c.way.splits = 2;
    ck_assert(dblk_tensor_parts_bytes(&c.way, most, 12) == SIZE_MAX);
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {
        f16_agrees_with_plain_loops,
        bf16_agrees_with_plain_loops,
        tf32_agrees_with_plain_loops,
        three_products_of_tf32_agree_nearly_as_f32_does,
        by_wgmma_f16_agrees_with_plain_loops,
        by_wgmma_bf16_agrees_with_plain_loops,
        by_wgmma_tf32_agrees_with_plain_loops,
        by_wgmma_three_products_of_tf32_agree_nearly_as_f32_does,
        shared_memory_is_used_without_bank_conflicts,
        by_wgmma_shared_memory_is_used_without_bank_conflicts,
        a_plane_too_wide_for_a_halo_of_three_rows_takes_one_row_at_a_time,
        what_is_too_large_is_refused,
        NULL,
    };
    return suite_of("tensor", tests);
}
