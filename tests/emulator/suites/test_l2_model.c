/* The model of the L2 cache on accesses for which the traffic is known, and the order in which blocks are
 * replayed. */
#include "l2_model.h"

#include "l2_replay.h"
#include "suite.h"

enum { SECTOR = L2_SECTOR_BYTES, LINE = L2_LINE_BYTES, WHOLE = -1 };

static struct l2_model *l2;

static void check(uint64_t read, uint64_t written) {
    const struct l2_traffic traffic = l2_traffic(l2);
    ck_assert_uint_eq(traffic.read, read);
    ck_assert_uint_eq(traffic.written, written);
}

static void read_sectors(uint64_t first, uint64_t count) {
    for (uint64_t s = first; s < first + count; s++)
        l2_access(l2, s, 0);
}

static void write_sectors(uint64_t first, uint64_t count) {
    for (uint64_t s = first; s < first + count; s++)
        l2_access(l2, s, (uint32_t)WHOLE);
}

START_TEST(what_fits_is_read_once) {
    l2 = l2_create(10 * LINE);
    read_sectors(100, 40);
    read_sectors(100, 40);
    check(40 * SECTOR, 0);
    l2_destroy(l2);
}
END_TEST

/* As long as the least recently used line gives way, a stream that is one line too long for the
 * cache leaves nothing for the next time. */
START_TEST(a_stream_larger_than_the_cache_is_read_again) {
    l2 = l2_create(10 * LINE);
    read_sectors(0, 44);
    read_sectors(0, 44);
    check(88 * SECTOR, 0);
    l2_destroy(l2);
}
END_TEST

START_TEST(what_is_used_again_within_the_stream_stays) {
    l2 = l2_create(10 * LINE);
    for (uint64_t line = 1; line <= 30; line++) {
        read_sectors(4 * line, 4);
        read_sectors(0, 4);
    }
    check(30 * LINE + LINE, 0);
    l2_destroy(l2);
}
END_TEST

START_TEST(only_the_sectors_asked_for_are_read) {
    l2 = l2_create(10 * LINE);
    for (uint64_t line = 0; line < 5; line++)
        read_sectors(4 * line + 2, 1);
    check(5 * SECTOR, 0);
    read_sectors(0, 4);
    check(8 * SECTOR, 0);
    l2_destroy(l2);
}
END_TEST

START_TEST(whole_sectors_are_written_without_being_read) {
    l2 = l2_create(10 * LINE);
    write_sectors(0, 40);
    write_sectors(0, 40);
    check(0, 0);
    ck_assert_uint_eq(l2_unwritten(l2), 40 * SECTOR);
    read_sectors(40, 40);
    check(40 * SECTOR, 40 * SECTOR);
    ck_assert_uint_eq(l2_unwritten(l2), 0);
    l2_destroy(l2);
}
END_TEST

START_TEST(parts_of_sectors_are_read_before_they_go_to_memory) {
    l2 = l2_create(LINE);
    l2_access(l2, 0, 0x0000FFFF); /* half of it */
    l2_access(l2, 1, 0x0000FFFF); /* and here, both */
    l2_access(l2, 1, 0xFFFF0000);
    check(0, 0);
    l2_write_back(l2, 0, 4);
    check(SECTOR, 2 * SECTOR);
    l2_access(l2, 2, 1);
    l2_access(l2, 2, 0); /* the rest is wanted */
    check(2 * SECTOR, 2 * SECTOR);
    l2_destroy(l2);
}
END_TEST

START_TEST(what_is_written_back_stays) {
    l2 = l2_create(10 * LINE);
    write_sectors(0, 12);
    l2_write_back(l2, 4, 4);
    check(0, 4 * SECTOR);
    ck_assert_uint_eq(l2_unwritten(l2), 8 * SECTOR);
    l2_write_back(l2, 4, 4);
    read_sectors(0, 12);
    check(0, 4 * SECTOR);
    l2_destroy(l2);
}
END_TEST

/* ---- Replaying ---- */

static void trace(struct l2_replay *replay, uint64_t launch, uint64_t block, uint64_t number,
                  uint32_t written) {
    l2_replay_trace(replay, &(struct emulator_sector){launch, block, number, written});
}

/* Four blocks read the same 20 lines: two at a time share what they read, one after the other not. */
START_TEST(blocks_that_run_together_share_what_they_read) {
    for (size_t resident = 1; resident <= 4; resident++) {
        l2 = l2_create(10 * LINE);
        struct l2_replay *replay = l2_replay_create(resident, &l2, 1);
        for (uint64_t block = 0; block < 4; block++)
            for (uint64_t line = 0; line < 20; line++)
                trace(replay, 1, block, 4 * line, 0);
        l2_replay_finish(replay);
        l2_replay_destroy(replay);
        const uint64_t rounds = (4 + resident - 1) / resident;
        /* With three at a time, the fourth begins when they have ended. */
        check(rounds * 20 * SECTOR, 0);
        l2_destroy(l2);
    }
}
END_TEST

START_TEST(launches_follow_one_another) {
    l2 = l2_create(10 * LINE);
    struct l2_replay *replay = l2_replay_create(2, &l2, 1);
    trace(replay, 1, 0, 0, (uint32_t)WHOLE);
    trace(replay, 1, 7, 4, (uint32_t)WHOLE);
    trace(replay, 2, 0, 0, 0);
    check(0, 0);
    ck_assert_uint_eq(l2_unwritten(l2), 2 * SECTOR); /* the first has been replayed */
    trace(replay, 2, 1, 8, 0);
    l2_replay_finish(replay);
    check(SECTOR, 0);
    l2_replay_finish(replay); /* nothing is left */
    check(SECTOR, 0);
    l2_replay_destroy(replay);
    l2_destroy(l2);
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {what_fits_is_read_once,
                                  a_stream_larger_than_the_cache_is_read_again,
                                  what_is_used_again_within_the_stream_stays,
                                  only_the_sectors_asked_for_are_read,
                                  whole_sectors_are_written_without_being_read,
                                  parts_of_sectors_are_read_before_they_go_to_memory,
                                  what_is_written_back_stays,
                                  blocks_that_run_together_share_what_they_read,
                                  launches_follow_one_another,
                                  NULL};
    return suite_of("l2_model", tests);
}
