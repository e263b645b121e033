/* The kernels for AVX-512, compiled for AVX2, so that their logic runs on processors without
 * AVX-512: the compiler makes two narrower vectors of each. test_cpu_wide finds them, and no
 * others, in place of what the processor would choose. */
#define ISA wide
#include "backends/cpu/kernels_avx512.c" // NOLINT(bugprone-suspicious-include)

#include <stdio.h>
#include <stdlib.h>

#include "backends/cpu/instruction_set.h"
#include "status/fail.h"

denseblock_status __wrap_dblk_kernels_find(denseblock_type type,
                                           const struct dblk_kernels **kernels);

/* Before any test runs. */
__attribute__((constructor)) static void skip_without_avx2(void) {
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return;
    (void)puts("SKIP: this processor does not have AVX2");
    exit(77);
}

denseblock_status __wrap_dblk_kernels_find(denseblock_type type,
                                           const struct dblk_kernels **kernels) {
    const char *asked = getenv("DENSEBLOCK_ISA");
    if (asked != NULL && strcmp(asked, "wide") != 0)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,
                         "DENSEBLOCK_ISA is '%s': there are avx512, avx2 and portable", asked);
    *kernels = type == DENSEBLOCK_F64 ? &dblk_kernels_wide_f64 : &dblk_kernels_wide_f32;
    return DENSEBLOCK_OK;
}
