/* Every seeded mistake is reported, with its kind; the same kernel without it is not, whatever the
 * order of blocks and threads, and whenever copies arrive. */
#include "seeded/seeded.h"
#include "suite.h"

static const struct {
    const char *name;
    enum emulator_finding finding;
    void (*launch)(bool wrong);
} bugs[] = {
#define BUG_ENTRY(name, finding) {#name, finding, seeded_##name},
    SEEDED_BUGS(BUG_ENTRY)};

enum { BUGS = sizeof bugs / sizeof *bugs, SEEDS = 4 };

static void run(void (*launch)(bool wrong), bool wrong, uint64_t seed, bool early) {
    const struct emulator_settings settings = {.seed = seed, .early_copies = early};
    emulator_set(&settings);
    emulator_clear();
    launch(wrong);
    device_reset();
}

START_TEST(right_form_is_silent) {
    for (uint64_t seed = 0; seed < 2 * SEEDS; seed++) {
        run(bugs[_i].launch, false, seed / 2, seed % 2 != 0);
        ck_assert_msg(emulator_count(EMULATOR_FINDINGS) == 0, "%s: seed %u: %s", bugs[_i].name,
                      (unsigned)(seed / 2), emulator_reports());
        ck_assert_str_eq(emulator_reports(), "");
    }
}
END_TEST

START_TEST(mistake_is_reported) {
    for (uint64_t seed = 0; seed < 2 * SEEDS; seed++) {
        run(bugs[_i].launch, true, seed / 2, seed % 2 != 0);
        ck_assert_msg(emulator_count(bugs[_i].finding) > 0, "%s: seed %u: %s", bugs[_i].name,
                      (unsigned)(seed / 2), emulator_reports());
    }
}
END_TEST

START_TEST(unwritten_output_shows) {
    const struct emulator_settings settings = {.seed = 1};
    emulator_set(&settings);
    size_t bytes = 0;
    const void *output = seeded_unwritten_output(false, &bytes);
    ck_assert(emulator_memory_is_written(output, bytes));
    output = seeded_unwritten_output(true, &bytes);
    ck_assert(!emulator_memory_is_written(output, bytes));
    device_reset();
}
END_TEST

/* A report is one line, and says kernel, kind, block, thread and line. */
START_TEST(report_says_where) {
    run(seeded_write_past_the_end, true, 0, false);
    const char *report = emulator_reports();
    ck_assert_msg(strstr(report, "write_kernel: out of bounds: store of 4 bytes at 0x") == report,
                  "%s", report);
    ck_assert_msg(strstr(report, "0 bytes past the end of device memory of 764 bytes; "
                                 "block (2,0,0), thread (63,0,0); bounds.cu:") != NULL,
                  "%s", report);
    ck_assert_int_eq(report[strlen(report) - 1], '\n');
}
END_TEST

/* Bounds end a launch, unless it is asked to go on with the other blocks. */
START_TEST(keeps_going_if_asked) {
    run(seeded_no_padding_predicate, true, 0, false);
    ck_assert_uint_eq(emulator_count(EMULATOR_OUT_OF_BOUNDS), 1);
    const struct emulator_settings settings = {.keep_going = true};
    emulator_set(&settings);
    emulator_clear();
    emulator_clear_counters();
    seeded_no_padding_predicate(true);
    device_reset();
    struct emulator_counters counters;
    emulator_count_work(&counters);
    ck_assert_uint_eq(counters.blocks, 3);
    ck_assert_uint_eq(emulator_count(EMULATOR_OUT_OF_BOUNDS), 1);
}
END_TEST

/* The text is limited; the counts are not. */
START_TEST(reports_are_limited) {
    const struct emulator_settings settings = {.most_reports = 1};
    emulator_set(&settings);
    emulator_clear();
    seeded_no_barrier_before_reuse(true);
    device_reset();
    ck_assert_uint_gt(emulator_count(EMULATOR_RACE), 1);
    const char *report = emulator_reports();
    ck_assert_ptr_eq(strchr(report, '\n'), report + strlen(report) - 1);
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {unwritten_output_shows, report_says_where, keeps_going_if_asked,
                                  reports_are_limited, NULL};
    Suite *result = suite_of("bugs", tests);
    TCase *each = tcase_create("each");
    tcase_add_loop_test(each, right_form_is_silent, 0, BUGS);
    tcase_add_loop_test(each, mistake_is_reported, 0, BUGS);
    suite_add_tcase(result, each);
    return result;
}
