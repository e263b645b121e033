/* Instructions of ptx_sm90.h in small kernels, on data that the caller chooses. The same kernels
 * can show on a GPU whether the emulator's twins are right. */
#ifndef TESTS_EMULATOR_SM90_KERNELS_H
#define TESTS_EMULATOR_SM90_KERNELS_H

#include <stdint.h>

#include "twin_kernels.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { SM90_GROUP = 128, SM90_COPIERS = 64, SM90_PAIRS = 4 };

/* How many groups of 8 columns: 4, 8 or 16. All memory is the device's.
 *
 *   d[128][tiles][4] += a[128][4] * b
 *
 * b is in shared memory, which is `image`, `bytes` long, a multiple of 16. */
struct sm90_product {
    enum twin_matrix kind;
    int tiles;
    uint32_t offset, leading, stride;
};
void sm90_wgmma(const struct sm90_product *product, float *d, const uint32_t *a,
                const uint32_t *image, uint32_t bytes);

/* d0[128][8][4] and d1 likewise, in bf16: three products of two groups, in flight together:
 * d0 += a0 * b, d1 += a1 * b, and then d0 += a1 * b. b is 64 columns of 16, as `image`: core
 * matrices of the first half of k, of the second. */
void sm90_wgmma_groups(float *d0, float *d1, const uint32_t *a0, const uint32_t *a1,
                       const uint32_t *image);

/* Copies `rounds` pieces of 16 * SM90_COPIERS bytes through shared memory in two stages: one warp
 * fills them, with bulk copies or (by_threads) cp.async, and two warps empty them. */
void sm90_copy(int by_threads, int rounds, uint32_t *to, const uint32_t *from);

/* SM90_PAIRS pairs of warps, each with a barrier of its own. The threads of one lane of both give
 * each other values[i], values[i] + 1 and so on, `rounds` of them, one more in each pair than in
 * the one before: result[i] is the sum of what thread i is given. */
void sm90_pairs(int rounds, uint32_t *result, const uint32_t *values);

#ifdef __cplusplus
}
#endif

#endif
