/* Suite: the tensor-core convolution, in the emulator. */
#include <limits.h>
#include <stdlib.h>

#include "device_case.h"
#include "direct_case.h"
#include "emulator.h"
#include "suite.h"
#include "tensor_shape.h"
#include "tensor_share.h"

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

/* ---- Shares ---- */

/* Shares are equal, and follow one another: every unit is computed once, in order, and what is not
 * a whole tile has a slot of its own. */
static void check_shares(struct dblk_tensor_shares shares) {
    const int units = shares.tiles * shares.chunks;
    const int64_t slots = dblk_tensor_share_slots(shares.tiles, shares.blocks);
    bool *used = calloc((size_t)slots + 1, sizeof *used);
    ck_assert_ptr_nonnull(used);
    int unit = 0;
    for (int block = 0; block < shares.blocks; block++) {
        const int end = dblk_tensor_share_begin(shares, block + 1);
        ck_assert_int_eq(unit, dblk_tensor_share_begin(shares, block));
        ck_assert_int_ge(end - unit, units / shares.blocks);
        ck_assert_int_le(end - unit, (units - 1) / shares.blocks + 1);
        while (unit < end) {
            const struct dblk_tensor_piece piece = dblk_tensor_piece_at(shares, unit, end);
            ck_assert_int_eq(piece.tile * shares.chunks + piece.chunk, unit);
            ck_assert(piece.chunks >= 1 && piece.chunk + piece.chunks <= shares.chunks);
            for (int i = 0; i < piece.chunks; i++)
                ck_assert_int_eq(dblk_tensor_share_block(shares, unit++), block);
            if (piece.chunks == shares.chunks)
                continue;
            const int slot = dblk_tensor_share_slot(shares, block, piece.tile);
            ck_assert_msg(slot >= 0 && slot < slots && !used[slot],
                          "%d tiles of %d chunks, %d blocks: slot %d", shares.tiles,
                          shares.chunks, shares.blocks, slot);
            used[slot] = true;
        }
        ck_assert_int_eq(unit, end);
    }
    ck_assert_int_eq(unit, units);
    free(used);
}

START_TEST(every_chunk_of_every_tile_is_in_one_share) {
    for (int tiles = 1; tiles <= 12; tiles++)
        for (int chunks = 1; chunks <= 7; chunks++)
            for (int blocks = 1; blocks <= tiles * chunks; blocks++)
                check_shares((struct dblk_tensor_shares){tiles, chunks, blocks});
    check_shares((struct dblk_tensor_shares){160, 64, 132});
    check_shares((struct dblk_tensor_shares){1, 1 << 20, 64});
    /* Where numbers are largest. */
    const struct dblk_tensor_shares most = {INT_MAX / 2, 2, INT_MAX - 1};
    ck_assert_int_eq(dblk_tensor_share_begin(most, most.blocks), INT_MAX - 1);
    ck_assert_int_eq(dblk_tensor_share_block(most, INT_MAX - 2), INT_MAX - 2);
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

/* Two layers, one of which is finished: six narrow tiles of three chunks, the last ragged. */
static struct direct_case case_with_shares(enum dblk_tensor_form form,
                                           enum dblk_tensor_instructions instructions) {
    enum { GROWTH = 22, PADDED = 24, COLUMNS = PADDED + GROWTH };
    struct direct_case c = plain_tensor_case(form, instructions, 16, 17, 3, DBLK_TENSOR_NARROW);
    struct dblk_direct_convolution *convolution = &c.convolution;
    convolution->channels = 3 * dblk_tensor_chunk(form, c.way.window) - 3;
    convolution->output_channel = c.kernel_channels = convolution->channels;
    convolution->feature_pitch = convolution->channels + GROWTH;
    convolution->output_pitch = convolution->feature_pitch;
    c.layers = 2;
    c.growth[0] = c.growth[1] = convolution->finished = GROWTH;
    c.column[1] = convolution->unfinished = PADDED;
    convolution->columns = COLUMNS;
    convolution->sums_from = PADDED;
    convolution->sums_stride = 3 * PADDED;
    return c;
}

enum { SHARED_UNITS = 18 };

static void check_all_shares(enum dblk_tensor_form form,
                             enum dblk_tensor_instructions instructions, int step) {
    struct direct_case c = case_with_shares(form, instructions);
    for (c.way.blocks = 0; c.way.blocks <= SHARED_UNITS; c.way.blocks += step)
        check_direct_case(&c);
    ck_fails(dblk_tensor_launch(NULL, &c.convolution, &c.way, NULL), DENSEBLOCK_INVALID_ARGUMENT,
             "18 chunks");
}

START_TEST(shares_of_all_sizes_agree_with_plain_loops) {
    check_all_shares((enum dblk_tensor_form)_i, DBLK_TENSOR_MMA, 1);
}
END_TEST

START_TEST(by_wgmma_shares_agree_with_plain_loops) {
    check_all_shares((enum dblk_tensor_form)_i, DBLK_TENSOR_WGMMA, 3);
}
END_TEST

START_TEST(shares_give_the_same_bits_in_every_order_of_blocks) {
    struct direct_case c = case_with_shares((enum dblk_tensor_form)_i, DBLK_TENSOR_MMA);
    for (c.way.blocks = 4; c.way.blocks <= SHARED_UNITS; c.way.blocks += 7)
        check_direct_case_repeats(&c);
}
END_TEST

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
    c.convolution.images = 1;
    c.way.blocks = 2; /* of a tile with one chunk */
    ck_fails(dblk_tensor_launch(NULL, &c.convolution, &c.way, NULL), DENSEBLOCK_INVALID_ARGUMENT,
             "by 2 blocks");
    c.way.blocks = -1;
    ck_fails(dblk_tensor_launch(NULL, &c.convolution, &c.way, NULL), DENSEBLOCK_INVALID_ARGUMENT,
             "by -1 blocks");
    const int64_t most = INT64_MAX / 4;
    ck_assert(dblk_tensor_weights_bytes(&c.way, 3, 3, most, 12) == SIZE_MAX);
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
        every_chunk_of_every_tile_is_in_one_share,
        NULL,
    };
    Suite *result = suite_of("tensor", tests);
    TCase *shares = tcase_create("shares");
    tcase_set_timeout(shares, 120);
    tcase_add_loop_test(shares, shares_of_all_sizes_agree_with_plain_loops, DBLK_TENSOR_F16,
                        DBLK_TENSOR_TF32X3 + 1);
    tcase_add_loop_test(shares, by_wgmma_shares_agree_with_plain_loops, DBLK_TENSOR_F16,
                        DBLK_TENSOR_TF32X3 + 1);
    tcase_add_loop_test(shares, shares_give_the_same_bits_in_every_order_of_blocks,
                        DBLK_TENSOR_F16, DBLK_TENSOR_TF32X3 + 1);
    suite_add_tcase(result, shares);
    return result;
}
