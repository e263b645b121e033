/* The suites of the cuda backend run on the runtime double and the emulator where WITH_DOUBLE is
 * defined, and on a GPU otherwise. What both report is part of every test. */
#ifndef DENSEBLOCK_TESTS_ON_DOUBLE_H
#define DENSEBLOCK_TESTS_ON_DOUBLE_H

#include "suite.h"

#ifdef WITH_DOUBLE
#include "cuda_double.h"
#include "emulator.h"

static inline void begin_quietly(void) {
    cuda_double_begin(NULL);
    emulator_clear();
}

/* Neither kernels nor host made a mistake, and all was given back. */
static inline void check_quiet(const char *what) {
    ck_assert_msg(emulator_count(EMULATOR_FINDINGS) == 0, "%s: kernels:\n%s", what,
                  emulator_reports());
    ck_assert_msg(cuda_double_mistakes()[0] == 0, "%s: host:\n%s", what, cuda_double_mistakes());
    ck_assert_msg(cuda_double_leaks()[0] == 0, "%s: left over:\n%s", what, cuda_double_leaks());
}
#else
static inline void begin_quietly(void) {
}
static inline void check_quiet(const char *what) {
    (void)what; /* compute-sanitizer looks at what runs on a GPU */
}
#endif

#endif
