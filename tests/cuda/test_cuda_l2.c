/* What reaches memory while a block runs, by a model of the L2 cache: as much as there is to read and
 * write, or how many times as much. The figures are printed, as JSON. */
#include <stdio.h>

#include "l2_traffic.h"
#include "suite.h"

/* Planes and types of practice, with fewer images and layers, on so much smaller devices: of the blocks
 * of threads of a launch they run as large a part at a time as an H100 does of 64 images: a sixth for
 * 56x56, two thirds for 28x28, and all for 14x14. */
static const struct l2_block blocks[] = {
    {"56x56", 1, 56, 64, 6, 32, DENSEBLOCK_F16, .multiprocessors = 2},
    {"28x28", 2, 28, 128, 6, 32, DENSEBLOCK_F16, .multiprocessors = 5},
    {"14x14", 6, 14, 256, 4, 32, DENSEBLOCK_F16, .multiprocessors = 5},
    {"14x14, f32", 2, 14, 32, 4, 32, DENSEBLOCK_F32, .multiprocessors = 8},
};

enum { CASES = 7, H100_L2_BYTES = 50 << 20 };

/* x lies in y: it is read, and the rest of y is written. */
static double of_ideal(const struct l2_sizes *sizes, const struct l2_traffic *traffic) {
    return (double)(traffic->read + traffic->written) / (double)(sizes->y + sizes->weights);
}

static void print(const struct l2_block *block, const struct l2_sizes *sizes,
                  const struct l2_case *cases) {
    printf("{\"block\": \"%s\", \"batch\": %d, \"channels\": %d, \"layers\": %d,"
           " \"growth\": %d, \"multiprocessors\": %d,\n"
           " \"y\": %zu, \"weights\": %zu, \"workspace\": %zu, \"caches\": [",
           block->name, (int)block->batch, (int)block->channels, (int)block->layers,
           (int)block->growth, block->multiprocessors, sizes->y, sizes->weights,
           sizes->workspace);
    for (size_t c = 0; c < CASES; c++)
        printf("%s\n  {\"bytes\": %zu, \"of_y_and_workspace\": %.2f, \"read\": %llu,"
               " \"written\": %llu, \"left\": %llu, \"of_ideal\": %.3f}",
               c == 0 ? "" : ",", cases[c].bytes,
               (double)cases[c].bytes / (double)(sizes->y + sizes->workspace),
               (unsigned long long)cases[c].traffic.read,
               (unsigned long long)cases[c].traffic.written, (unsigned long long)cases[c].left,
               of_ideal(sizes, &cases[c].traffic));
    printf("]}\n");
    (void)fflush(stdout);
}

START_TEST(a_slice_that_the_cache_holds_moves_little_more_than_it_has_to) {
    struct l2_sizes sizes;
    struct l2_case cases[CASES] = {
        {.bytes = H100_L2_BYTES}, {.times = 1.5}, {.times = 1.26}, {.times = 1},
        {.times = 0.75},          {.times = 0.5}, {.times = 0.25}};
    const struct l2_block *block = &blocks[_i];
    l2_traffic_of(block, cases, CASES, &sizes);
    print(block, &sizes, cases);
    for (size_t c = 0; c < CASES; c++)
        if ((double)cases[c].bytes >= 1.25 * (double)(sizes.y + sizes.workspace))
            ck_assert_msg(of_ideal(&sizes, &cases[c].traffic) <= 1.3, "%s: cache of %zu bytes",
                          block->name, cases[c].bytes);
    /* And what is too small for it shows. */
    ck_assert_double_ge(of_ideal(&sizes, &cases[CASES - 1].traffic), 1.5);
}
END_TEST

/* The same replay, against what the plan says of itself: it counts on the cache that it is replayed
 * with. Caches that hold all, nothing, and a part of what there is. */
static const struct l2_block predicted[] = {
    {"28x28", 2, 28, 128, 6, 32, DENSEBLOCK_F16, .multiprocessors = 5, .l2_bytes = 900000},
    {"28x28", 2, 28, 128, 6, 32, DENSEBLOCK_F16, .multiprocessors = 5, .l2_bytes = 1400000},
    {"28x28", 2, 28, 128, 6, 32, DENSEBLOCK_F16, .multiprocessors = 5, .l2_bytes = 2000000},
    {"14x14", 6, 14, 256, 4, 32, DENSEBLOCK_F16, .multiprocessors = 5, .l2_bytes = 500000},
    {"14x14", 6, 14, 256, 4, 32, DENSEBLOCK_F16, .multiprocessors = 5, .l2_bytes = 1300000},
    {"14x14, f32", 2, 14, 32, 4, 32, DENSEBLOCK_F32, .multiprocessors = 8, .l2_bytes = 200000},
    {"14x14, f32", 2, 14, 32, 4, 32, DENSEBLOCK_F32, .multiprocessors = 8, .l2_bytes = 450000},
    {"1x1", 8, 28, 64, 6, 32, DENSEBLOCK_F16, .multiprocessors = 2, .l2_bytes = 2400000,
     .kernel = 1},
    {"slow memory", 6, 28, 64, 4, 32, DENSEBLOCK_F16, .multiprocessors = 5, .l2_bytes = 1400000,
     .slowness = 4},
    {"1x1, slow memory", 8, 28, 64, 6, 32, DENSEBLOCK_F16, .multiprocessors = 2,
     .l2_bytes = 3000000, .slowness = 3, .kernel = 1},
    {"Winograd", 1, 28, 64, 4, 32, DENSEBLOCK_F16, .multiprocessors = 5, .l2_bytes = 700000,
     .options = {.algorithm = DENSEBLOCK_ALGORITHM_WINOGRAD2}},
    {"Winograd", 1, 28, 64, 4, 32, DENSEBLOCK_F16, .multiprocessors = 5, .l2_bytes = 4000000,
     .options = {.algorithm = DENSEBLOCK_ALGORITHM_WINOGRAD2}},
};

START_TEST(a_plan_says_about_what_memory_moves) {
    struct l2_sizes sizes;
    const struct l2_block *block = &predicted[_i];
    struct l2_case cache = {.bytes = block->l2_bytes};
    l2_traffic_of(block, &cache, 1, &sizes);
    const double moved = (double)(cache.traffic.read + cache.traffic.written);
    printf(
        "%s, %zu bytes of L2, %d slices: %.4g bytes of memory, %.3f of those predicted; %.3f of "
        "y and weights\n",
        block->name, block->l2_bytes, sizes.slices, moved, moved / sizes.predicted,
        of_ideal(&sizes, &cache.traffic));
    ck_assert_double_le(moved, 1.3 * sizes.predicted);
    ck_assert_double_ge(moved, 0.75 * sizes.predicted);
    /* What it takes to fit does fit. */
    if (sizes.predicted <= 1.15 * (double)(sizes.y + sizes.weights))
        ck_assert_double_le(of_ideal(&sizes, &cache.traffic), 1.3);
}
END_TEST

/* Where memory is what they wait for, with a cache that holds half of the batch, and is counted
 * on. */
static const struct l2_block cut[] = {
    {"1x1", 8, 28, 64, 6, 32, DENSEBLOCK_F16, .multiprocessors = 2, .l2_bytes = 2640000,
     .kernel = 1},
    {"slow memory", 6, 28, 64, 4, 32, DENSEBLOCK_F16, .multiprocessors = 5, .l2_bytes = 2080000,
     .slowness = 4},
};

START_TEST(a_batch_that_the_cache_does_not_hold_is_cut_where_that_pays) {
    struct l2_sizes sizes;
    struct l2_block block = cut[_i];
    struct l2_case cache = {.bytes = block.l2_bytes};
    l2_traffic_of(&block, &cache, 1, &sizes);
    ck_assert_int_gt(sizes.slices, 1);
    ck_assert_double_le(of_ideal(&sizes, &cache.traffic), 1.3);
    /* One that counts on a larger cache is not cut, and moves more. */
    block.l2_bytes = H100_L2_BYTES;
    l2_traffic_of(&block, &cache, 1, &sizes);
    ck_assert_int_eq(sizes.slices, 1);
    ck_assert_double_ge(of_ideal(&sizes, &cache.traffic), 1.5);
}
END_TEST

Suite *suite(void) {
    Suite *result = suite_create("cuda_l2");
    TCase *tcase = tcase_create("cuda_l2");
    tcase_add_loop_test(tcase, a_slice_that_the_cache_holds_moves_little_more_than_it_has_to, 0,
                        sizeof blocks / sizeof blocks[0]);
    tcase_add_loop_test(tcase, a_plan_says_about_what_memory_moves, 0,
                        sizeof predicted / sizeof predicted[0]);
    tcase_add_loop_test(tcase, a_batch_that_the_cache_does_not_hold_is_cut_where_that_pays, 0,
                        sizeof cut / sizeof cut[0]);
    suite_add_tcase(result, tcase);
    return result;
}
