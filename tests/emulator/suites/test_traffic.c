/* Sectors and bank conflicts of kernels for which they are known. */
#include "arena.h"
#include "suite.h"
#include "traffic_kernels.h"

enum { LANES = 32, FILL = 64 }; /* the accesses that fill shared memory */

static float *out;
static const float *in;

static void begin(void) {
    emulator_clear();
    emulator_clear_counters();
    out = device_memory(LANES * sizeof(float));
    in = device_filled(4096 * sizeof(float), 0);
}

static struct emulator_counters end(void) {
    struct emulator_counters counters;
    emulator_count_work(&counters);
    ck_assert_msg(emulator_count(EMULATOR_FINDINGS) == 0, "%s", emulator_reports());
    device_reset();
    return counters;
}

START_TEST(words_fall_into_banks) {
    static const struct {
        int stride, period;
        unsigned wavefronts;
    } cases[] = {{0, 32, 1},   {1, 32, 1},   {2, 32, 2},  {3, 32, 1}, {8, 32, 8},
                 {16, 32, 16}, {32, 32, 32}, {33, 32, 1}, {32, 2, 2}, {32, 5, 5}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin();
        traffic_shared_words(out, cases[i].stride, cases[i].period, 1);
        const struct emulator_counters counters = end();
        ck_assert_uint_eq(counters.shared_accesses, FILL + 1);
        ck_assert_uint_eq(counters.shared_wavefronts, FILL + cases[i].wavefronts);
        ck_assert_uint_eq(counters.shared_conflicts, cases[i].wavefronts - 1);
    }
}
END_TEST

/* More accesses between two barriers than are kept for a lane at once. */
START_TEST(long_stretches) {
    begin();
    traffic_shared_words(out, 2, 32, 2000);
    const struct emulator_counters counters = end();
    ck_assert_uint_eq(counters.shared_accesses, FILL + 2000);
    ck_assert_uint_eq(counters.shared_conflicts, 2000);
}
END_TEST

START_TEST(vectors_go_in_phases) {
    static const struct {
        int bytes, stride;
        unsigned wavefronts, conflicts;
    } cases[] = {{8, 8, 2, 0},   {8, 16, 4, 2},     {8, 0, 2, 0},
                 {16, 16, 4, 0}, {16, 128, 32, 28}, {16, 80, 4, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin();
        traffic_shared_vectors(out, cases[i].bytes, cases[i].stride);
        const struct emulator_counters counters = end();
        ck_assert_uint_eq(counters.shared_wavefronts, FILL + cases[i].wavefronts);
        ck_assert_uint_eq(counters.shared_conflicts, cases[i].conflicts);
    }
}
END_TEST

START_TEST(matrices_read_eight_rows_at_once) {
    static const struct {
        int stride;
        unsigned conflicts;
    } cases[] = {{16, 0}, {32, 4}, {64, 12}, {128, 28}, {80, 0}, {144, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin();
        traffic_shared_matrices(out, cases[i].stride);
        const struct emulator_counters counters = end();
        ck_assert_uint_eq(counters.shared_accesses, FILL + 4);
        ck_assert_uint_eq(counters.shared_conflicts, cases[i].conflicts);
        ck_assert_uint_eq(counters.matrix_instructions, 1);
    }
}
END_TEST

START_TEST(device_memory_comes_in_sectors) {
    static const struct {
        int offset, stride, lanes;
        unsigned sectors;
    } cases[] = {{0, 1, 32, 4},  {1, 1, 32, 5},   {0, 0, 32, 1}, {0, 2, 32, 8},
                 {0, 8, 32, 32}, {0, 64, 32, 32}, {7, 1, 2, 2},  {0, 1, 0, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin();
        traffic_global_words(out, in, cases[i].offset, cases[i].stride, cases[i].lanes);
        const struct emulator_counters counters = end();
        ck_assert_uint_eq(counters.global_load_sectors, cases[i].sectors);
        ck_assert_uint_eq(counters.global_loads, cases[i].lanes);
        ck_assert_uint_eq(counters.global_load_bytes, cases[i].lanes * 4);
        ck_assert_uint_eq(counters.global_stores, LANES);
        ck_assert_uint_eq(counters.global_store_bytes, LANES * 4);
        ck_assert_uint_eq(counters.global_store_sectors, 4);
    }
    begin();
    traffic_global_vectors(out, in, 4);
    ck_assert_uint_eq(end().global_load_sectors, 16);
    begin();
    traffic_global_vectors(out, in, 8);
    ck_assert_uint_eq(end().global_load_sectors, 32);
}
END_TEST

/* Lanes that went different ways do not load together, and then they do again. (An optimiser may
 * make one load of the two of the branches: 4 sectors less.) */
START_TEST(branches_come_apart_and_together) {
    begin();
    traffic_branches(out, in);
    const struct emulator_counters counters = end();
    ck_assert_uint_eq(counters.global_loads, 64);
    ck_assert(counters.global_load_sectors == 4 + 4 + 4 || counters.global_load_sectors == 4 + 4);
}
END_TEST

/* A lane that skips something is waited for, however the compiler lays out the code. */
START_TEST(lanes_meet_again) {
    enum { LOOPS = 100 };
    begin();
    traffic_guarded_loop(out, in, LOOPS);
    const struct emulator_counters counters = end();
    ck_assert_uint_eq(counters.global_loads, 2 * LANES * LOOPS - LOOPS / 2);
    ck_assert_uint_eq(counters.global_load_sectors, 2 * 4 * LOOPS);
    begin();
    traffic_rare_branch(out, in, LOOPS);
    ck_assert_uint_eq(end().global_load_sectors, (1 + 4) * LOOPS);
}
END_TEST

START_TEST(traffic_can_be_left_out) {
    const struct emulator_settings settings = {.skip_traffic = true};
    emulator_set(&settings);
    begin();
    traffic_global_words(out, in, 0, 1, 32);
    const struct emulator_counters counters = end();
    ck_assert_uint_eq(counters.global_loads, 32);
    ck_assert_uint_eq(counters.global_load_sectors, 0);
    const struct emulator_settings usual = {.seed = 0};
    emulator_set(&usual);
}
END_TEST

struct traced {
    size_t loads, stores;
    uint64_t first_load, first_store;
    uint32_t written; /* of the first store */
};

static void note(void *tracer, const struct emulator_sector *sector) {
    struct traced *traced = tracer;
    ck_assert_uint_eq(sector->launch, 1);
    ck_assert_uint_eq(sector->block, 0);
    if (sector->written == 0 && traced->loads++ == 0)
        traced->first_load = sector->number;
    if (sector->written != 0 && traced->stores++ == 0) {
        traced->first_store = sector->number;
        traced->written = sector->written;
    }
}

/* Two lanes load the last word of a sector and the first of the next, and all store a word each. */
START_TEST(sectors_can_be_traced) {
    struct traced traced = {0};
    const struct emulator_settings settings = {.trace = note, .tracer = &traced};
    emulator_set(&settings);
    begin();
    traffic_global_words(out, in, 7, 1, 2);
    const uint64_t out_sector = (uintptr_t)out / 32, in_sector = (uintptr_t)in / 32;
    (void)end();
    const struct emulator_settings usual = {.seed = 0};
    emulator_set(&usual);
    ck_assert_uint_eq(traced.loads, 2);
    ck_assert_uint_eq(traced.first_load, in_sector);
    ck_assert_uint_eq(traced.stores, 4);
    ck_assert_uint_eq(traced.first_store, out_sector);
    ck_assert_uint_eq(traced.written, UINT32_MAX);
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {words_fall_into_banks,
                                  long_stretches,
                                  vectors_go_in_phases,
                                  matrices_read_eight_rows_at_once,
                                  device_memory_comes_in_sectors,
                                  branches_come_apart_and_together,
                                  lanes_meet_again,
                                  traffic_can_be_left_out,
                                  sectors_can_be_traced,
                                  NULL};
    return suite_of("traffic", tests);
}
