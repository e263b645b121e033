/* What kernels call, through the words of emulated_language.h, ptx.h and ptx_sm90.h: the side of
 * the emulator that faces the device. */
#ifndef TESTS_EMULATED_DEVICE_H
#define TESTS_EMULATED_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Memory ---- */

/* The block's dynamic shared memory. */
void *emulator_shared_memory(void);

/* Checked accesses of so many bytes, as one instruction. The value is in the low bytes. */
struct emulator_bits {
    uint64_t low, high;
};
struct emulator_bits emulator_load(const void *from, size_t bytes);
void emulator_store(void *to, size_t bytes, struct emulator_bits value);

/* An atomic operation: what is there, and what shall be. Nothing comes between the two. */
uint64_t emulator_atomic_begin(void *address, size_t bytes);
void emulator_atomic_end(void *address, size_t bytes, uint64_t value);

void emulator_copy(void *to, const void *from, size_t bytes);
void emulator_fill(void *to, int value, size_t bytes);

/* ---- Threads that wait for each other ---- */

/* `site` tells one barrier of the source from another. The number of threads of the block for which
 * the condition holds. */
unsigned emulator_barrier(int site, bool condition);

void emulator_warp_barrier(int site, unsigned mask);
unsigned emulator_ballot(int site, unsigned mask, bool condition);

enum emulator_shuffle {
    EMULATOR_SHUFFLE_INDEX,
    EMULATOR_SHUFFLE_UP,
    EMULATOR_SHUFFLE_DOWN,
    EMULATOR_SHUFFLE_XOR
};
uint64_t emulator_shuffle(enum emulator_shuffle how, int site, unsigned mask, uint64_t value,
                          unsigned operand, unsigned width);

/* ---- Launches that overlap ---- */

void emulator_dependency_wait(void);

/* ---- Instructions of ptx.h ---- */

/* `valid` bytes are copied, the rest of `bytes` becomes zeros. */
void emulator_async_copy(void *shared, const void *global, size_t bytes, size_t valid);
void emulator_async_commit(void);
void emulator_async_wait(unsigned groups_in_flight);

/* `matrices` 8x8 matrices of 16-bit elements; lanes 8i to 8i+7 name the rows of matrix i. */
void emulator_load_matrices(int site, unsigned matrices, bool transposed, uint32_t *fragments,
                            const void *row);

enum emulator_matrix { EMULATOR_M16N8K16_F16, EMULATOR_M16N8K16_BF16, EMULATOR_M16N8K8_TF32 };
void emulator_multiply(enum emulator_matrix kind, int site, float accumulator[4],
                       const uint32_t a[4], const uint32_t b[2]);

/* ---- Instructions of ptx_sm90.h ---- */

void emulator_mbarrier_init(uint64_t *barrier, unsigned arrivals);
void emulator_mbarrier_init_fence(void);
/* `bytes` more are expected, if any, and one arrival fewer. */
void emulator_mbarrier_arrive(uint64_t *barrier, unsigned bytes);
void emulator_mbarrier_wait(int site, uint64_t *barrier, unsigned parity);
void emulator_async_arrive(uint64_t *barrier);
void emulator_bulk_copy(void *shared, const void *global, size_t bytes, uint64_t *barrier);

void emulator_named_barrier(unsigned id, unsigned count);
void emulator_registers(int site, unsigned count, bool take);

uint64_t emulator_group_descriptor(const void *shared, unsigned leading, unsigned stride);
void emulator_group_fence(int site);
void emulator_group_commit(int site);
void emulator_group_wait(int site, unsigned groups_in_flight);
/* d[tiles][4] += a * b, with fragments as those of emulator_multiply. */
void emulator_group_multiply(enum emulator_matrix kind, int site, unsigned tiles, float *d,
                             const uint32_t a[4], uint64_t b);

/* ---- Indices ---- */

/* Where the calling thread is; what threadIdx and its like are. */
struct emulator_index {
    unsigned x, y, z;
};

#ifdef __cplusplus
}
#endif

#endif
