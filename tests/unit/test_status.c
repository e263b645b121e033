#include <pthread.h>

#include "status/fail.h"
#include "suite.h"

START_TEST(every_status_has_a_text_of_its_own) {
    for (int a = 0; a <= DENSEBLOCK_DEVICE_FAILED; a++) {
        const char *text = denseblock_status_string((denseblock_status)a);
        ck_assert_str_ne(text, "unknown status");
        for (int b = 0; b < a; b++)
            ck_assert_str_ne(text, denseblock_status_string((denseblock_status)b));
    }
    ck_assert_str_eq(denseblock_status_string((denseblock_status)1234), "unknown status");
}
END_TEST

static void *other_thread(void *sees_our_error) {
    *(bool *)sees_our_error = denseblock_last_error()[0] != 0;
    dblk_keep_message("of the other thread");
    return NULL;
}

START_TEST(the_last_error_belongs_to_its_thread) {
    ck_assert_int_eq((int)dblk_fail(DENSEBLOCK_BAD_FILE, "value %d", 5), DENSEBLOCK_BAD_FILE);
    pthread_t thread;
    bool sees_our_error = true;
    ck_assert_int_eq(pthread_create(&thread, NULL, other_thread, &sees_our_error), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert(!sees_our_error);
    ck_assert_str_eq(denseblock_last_error(), "value 5");
}
END_TEST

START_TEST(an_error_may_quote_the_one_before) {
    dblk_keep_message("inner");
    dblk_keep_message("outer: %s", denseblock_last_error());
    ck_assert_str_eq(denseblock_last_error(), "outer: inner");
}
END_TEST

START_TEST(a_long_message_is_cut) {
    char text[5000];
    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = 0;
    dblk_keep_message("%s", text);
    ck_assert_uint_eq(strlen(denseblock_last_error()), 1023);
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {
        every_status_has_a_text_of_its_own,
        the_last_error_belongs_to_its_thread,
        an_error_may_quote_the_one_before,
        a_long_message_is_cut,
        NULL,
    };
    return suite_of("status", tests);
}
