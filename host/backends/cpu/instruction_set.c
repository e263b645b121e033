#include "backends/cpu/instruction_set.h"

#include <stdlib.h>
#include <string.h>

#include "status/fail.h"

struct instruction_set {
    const char *name;
    bool (*runs_here)(void);
    const struct dblk_kernels *f32, *f64;
};

#if defined(__x86_64__)
/* What the flags in host/CMakeLists.txt let the compiler use. The compiler's library has also asked
 * whether the operating system keeps the registers. */
static bool has_avx512(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("fma");
}

static bool has_avx2(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#else
static bool never(void) {
    return false;
}
#endif

static bool always(void) {
    return true;
}

/* The first that runs here is taken. */
static const struct instruction_set sets[] = {
#if defined(__x86_64__)
    {"avx512", has_avx512, &dblk_kernels_avx512_f32, &dblk_kernels_avx512_f64},
    {"avx2", has_avx2, &dblk_kernels_avx2_f32, &dblk_kernels_avx2_f64},
#else
    {"avx512", never, NULL, NULL},
    {"avx2", never, NULL, NULL},
#endif
    {"portable", always, &dblk_kernels_portable_f32, &dblk_kernels_portable_f64},
};

enum { SET_COUNT = sizeof sets / sizeof sets[0] };

denseblock_status dblk_kernels_find(denseblock_type type, const struct dblk_kernels **kernels) {
    const char *asked = getenv("DENSEBLOCK_ISA");
    if (asked != NULL && *asked == '\0')
        asked = NULL;
    for (int i = 0; i < SET_COUNT; i++) {
        if (asked != NULL && strcmp(asked, sets[i].name) != 0)
            continue;
        if (sets[i].runs_here()) {
            *kernels = type == DENSEBLOCK_F64 ? sets[i].f64 : sets[i].f32;
            return DENSEBLOCK_OK;
        }
        if (asked != NULL)
            return dblk_fail(DENSEBLOCK_UNAVAILABLE,
                             "DENSEBLOCK_ISA is %s, which this processor does not have", asked);
    }
    return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,
                     "DENSEBLOCK_ISA is '%s': there are avx512, avx2 and portable", asked);
}
