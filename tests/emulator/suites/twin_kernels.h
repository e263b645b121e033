/* Single instructions of ptx.h, run by one warp on registers that the caller chooses. The same
 * kernels can show on a GPU whether the emulator's twins are right. */
#ifndef TESTS_EMULATOR_TWIN_KERNELS_H
#define TESTS_EMULATOR_TWIN_KERNELS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum twin_matrix { TWIN_F16, TWIN_BF16, TWIN_TF32 };

/* All memory is the device's. Registers of lane i are at [i].
 *
 *   d[32][4] += a[32][4] * b[32][2] */
void twin_mma(enum twin_matrix kind, float *d, const uint32_t *a, const uint32_t *b);

/* fragments[32][matrices] out of `bytes` bytes of shared memory, which are `image`; lane i names
 * the row at byte rows[i]. */
void twin_ldmatrix(int matrices, int transposed, uint32_t *fragments, const uint32_t *image,
                   uint32_t bytes, const uint32_t *rows);

/* Lane i copies valid[i] of `bytes` (4, 8, 16) bytes from source + 16 i; what is in shared memory
 * then, 16 bytes for each lane, filled with 0xEE before. */
void twin_cp_async(int bytes, uint32_t *result, const uint32_t *source, const uint32_t *valid);

/* result[i] = f(operands[i]), as bits; max_keep_nan takes two operands. */
enum twin_function { TWIN_TO_TF32, TWIN_RELU_F16X2, TWIN_RELU_BF16X2, TWIN_MAX };
void twin_map(enum twin_function function, uint32_t *result, const uint32_t *first,
              const uint32_t *second, int count);

/* Lane i gets from __shfl_..._sync what it gets with operand operands[i]. */
enum twin_direction { TWIN_INDEX, TWIN_UP, TWIN_DOWN, TWIN_XOR };
void twin_shuffle(enum twin_direction how, int width, uint32_t *result, const uint32_t *values,
                  const uint32_t *operands);

/* Whom __ballot_sync, __any_sync, __all_sync name: result[3 i] of lane i. */
void twin_vote(uint32_t *result, const uint32_t *conditions);

#ifdef __cplusplus
}
#endif

#endif
