/* What a suite gives to main.c, and the short cuts that suites share. */
#ifndef DENSEBLOCK_TESTS_SUITE_H
#define DENSEBLOCK_TESTS_SUITE_H

#include <check.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "denseblock.h"

Suite *suite(void);

/* A suite of one test case with these tests, ended by NULL. */
static inline Suite *suite_of(const char *name, const TTest *const *tests) {
    Suite *result = suite_create(name);
    TCase *tcase = tcase_create(name);
    for (; *tests != NULL; tests++)
        tcase_add_test(tcase, *tests);
    suite_add_tcase(result, tcase);
    return result;
}

/* Both are NaN, both the same Inf, or both finite. */
static inline bool same_kind(double a, double b) {
    return isnan(a) == isnan(b) && isinf(a) == isinf(b) && (!isinf(a) || a == b);
}

/* The call succeeds; otherwise the library's message is the test's. */
#define ck_ok(call)                                                                  \
    do {                                                                             \
        const denseblock_status ck_status = (call);                                  \
        ck_assert_msg(ck_status == DENSEBLOCK_OK, "%s: %s: %s", #call,               \
                      denseblock_status_string(ck_status), denseblock_last_error()); \
    } while (0)

/* The call fails with this status, and the message has `words` in it. */
#define ck_fails(call, expected, words)                                                        \
    do {                                                                                       \
        const denseblock_status ck_status = (call);                                            \
        ck_assert_msg(ck_status == (expected), "%s: got '%s'", #call,                          \
                      denseblock_status_string(ck_status));                                    \
        ck_assert_msg(strstr(denseblock_last_error(), (words)) != NULL,                        \
                      "%s: the message is '%s', without '%s'", #call, denseblock_last_error(), \
                      (words));                                                                \
    } while (0)

#endif
