/* A product of matrices through asynchronous copies, ldmatrix and mma: right, it is silent and its
 * numbers agree; of its mistakes, each is reported, or the numbers show it. */
#include <math.h>
#include <stdlib.h>

#include "seeded/seeded.h"
#include "suite.h"

/* Rows that are no multiple of the tile, and more chunks than stages. */
enum { M = 150, N = 64, K = 160, SEEDS = 3 };

static uint16_t a[M * K], b[K * N];
static float c[M * N];

static float widened(uint16_t bits) {
    const uint32_t wide = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &wide, sizeof value);
    return value;
}

static uint16_t random_bf16(uint64_t *state) {
    const float value = random_float(state);
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (uint16_t)(bits >> 16);
}

/* Runs it, and returns the largest difference from sums in f64, or INFINITY where something is no
 * number or was not written. */
static double run(enum pipeline_mistake mistake, uint64_t seed, bool early) {
    const struct emulator_settings settings = {.seed = seed, .early_copies = early};
    emulator_set(&settings);
    emulator_clear();
    uint64_t state = seed + 1;
    for (size_t i = 0; i < M * K; i++)
        a[i] = random_bf16(&state);
    for (size_t i = 0; i < K * N; i++)
        b[i] = random_bf16(&state);
    float *result = device_memory(sizeof c);
    pipeline_multiply(mistake, result, device_copy(a, sizeof a), device_copy(b, sizeof b), M, N,
                      K);
    double largest = emulator_memory_is_written(result, sizeof c) ? 0.0 : (double)INFINITY;
    memcpy(c, result, sizeof c);
    device_reset();
    for (size_t i = 0; i < M; i++)
        for (size_t j = 0; j < N; j++) {
            double sum = 0.0;
            for (size_t k = 0; k < K; k++)
                sum += (double)widened(a[i * K + k]) * (double)widened(b[k * N + j]);
            const double difference = fabs((double)c[i * N + j] - sum);
            if (!(difference <= largest))
                largest = isnan(difference) ? (double)INFINITY : difference;
        }
    return largest;
}

/* Of sums of 160 products below 1, in f32. */
static const double TOLERANCE = 160 * 160 * 0x1p-24;

START_TEST(right_one_is_silent_and_right) {
    for (uint64_t seed = 0; seed < 2 * SEEDS; seed++) {
        const double difference = run(PIPELINE_RIGHT, seed / 2, seed % 2 != 0);
        ck_assert_msg(emulator_count(EMULATOR_FINDINGS) == 0, "%s", emulator_reports());
        ck_assert_double_le(difference, TOLERANCE);
    }
}
END_TEST

static const struct expectation {
    enum pipeline_mistake mistake;
    enum emulator_finding finding;
} reported[] = {{PIPELINE_WEAK_WAIT, EMULATOR_IN_FLIGHT},
                {PIPELINE_NO_BARRIER, EMULATOR_RACE},
                {PIPELINE_LOAD_TOO_EARLY, EMULATOR_RACE},
                {PIPELINE_NO_PREDICATE, EMULATOR_OUT_OF_BOUNDS},
                {PIPELINE_NO_ZEROS, EMULATOR_NOT_WRITTEN}};

static void check_reported(const struct expectation *expected, uint64_t seed, bool early) {
    (void)run(expected->mistake, seed, early);
    ck_assert_msg(emulator_count(expected->finding) > 0, "mistake %d: %s", expected->mistake,
                  emulator_reports());
}

START_TEST(mistake_is_reported) {
    for (uint64_t seed = 0; seed < 2 * SEEDS; seed++)
        check_reported(&reported[_i], seed / 2, seed % 2 != 0);
}
END_TEST

START_TEST(numbers_show_what_is_not_reported) {
    static const enum pipeline_mistake mistakes[] = {PIPELINE_SWAPPED_HALVES,
                                                     PIPELINE_WRONG_ACCUMULATOR};
    for (size_t i = 0; i < 2; i++) {
        const double difference = run(mistakes[i], 1, false);
        ck_assert_uint_eq(emulator_count(EMULATOR_FINDINGS), 0);
        ck_assert_double_gt(difference, 0.1);
    }
}
END_TEST

/* What it asks of the machine can be told from the sizes. */
START_TEST(work_is_counted) {
    emulator_clear_counters();
    (void)run(PIPELINE_RIGHT, 1, false);
    struct emulator_counters counters;
    emulator_count_work(&counters);
    const uint64_t blocks = 2 * 3, chunks = K / 32;
    ck_assert_uint_eq(counters.launches, 1);
    ck_assert_uint_eq(counters.blocks, blocks);
    ck_assert_uint_eq(counters.barriers, blocks * chunks);
    ck_assert_uint_eq(counters.async_copies, blocks * chunks * (256 + 128));
    /* Of each of 4 warps, for 16 of k: 4 products, 1 matrix of A and 2 of B. */
    ck_assert_uint_eq(counters.matrix_instructions, blocks * chunks * 4 * 2 * (4 + 1 + 2));
    ck_assert_uint_eq(counters.global_store_bytes, sizeof c);
    ck_assert_uint_eq(counters.global_load_bytes,
                      2 * sizeof a + 3 * sizeof b); /* every tile reads its rows and columns */
    ck_assert_uint_eq(counters.global_load_sectors, counters.global_load_bytes / 32);
    /* Rows are 80 bytes apart. Eight of them, as ldmatrix reads them, fall into all banks once; two
     * halves of 64 bytes, as a quarter of a warp copies them, meet in four banks. */
    ck_assert_uint_eq(counters.shared_conflicts, blocks * chunks * (256 + 128) / 8);
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {right_one_is_silent_and_right,
                                  numbers_show_what_is_not_reported, work_is_counted, NULL};
    Suite *result = suite_of("pipeline", tests);
    TCase *each = tcase_create("each");
    tcase_add_loop_test(each, mistake_is_reported, 0, sizeof reported / sizeof *reported);
    suite_add_tcase(result, each);
    return result;
}
