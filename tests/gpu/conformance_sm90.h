/* The conformance test of ptx_sm90.h: the kernels of tests/emulator/suites/sm90_kernels.cu on a GPU
 * of sm_90, beside the emulator. */
#ifndef TESTS_GPU_CONFORMANCE_SM90_H
#define TESTS_GPU_CONFORMANCE_SM90_H

#include <stddef.h>

#include "sm90_kernels.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Somebody who runs the kernels. */
struct sm90_side {
    const char *name;
    /* A copy in the side's memory. */
    void *(*give)(const void *from, size_t bytes);
    /* Waits for what was launched. NULL, or what went wrong. */
    const char *(*finish)(void);
    void (*take)(void *to, const void *memory, size_t bytes);
    /* Frees all that was given. */
    void (*clear)(void);

    void (*wgmma)(const struct sm90_product *product, float *d, const uint32_t *a,
                  const uint32_t *image, uint32_t bytes);
    void (*wgmma_groups)(float *d0, float *d1, const uint32_t *a0, const uint32_t *a1,
                         const uint32_t *image);
    void (*copy)(int by_threads, int rounds, uint32_t *to, const uint32_t *from);
    void (*pairs)(int rounds, uint32_t *result, const uint32_t *values);
};

/* The GPU. sm90_device_begin, which comes first, finds its name; NULL, or why there is none. */
extern struct sm90_side sm90_device;
const char *sm90_device_begin(void);

extern const struct sm90_side sm90_twins;

#ifdef __cplusplus
}
#endif

#endif
