/* The twins of ptx_sm90.h's functions. */
#ifndef TESTS_EMULATED_PTX_SM90_H
#define TESTS_EMULATED_PTX_SM90_H

#include <stdint.h>

#include "emulated_access.h"

/* ---- Barriers in shared memory ---- */

EMULATED_INLINE void mbarrier_init(uint64_t *barrier, unsigned arrivals) {
    emulator_mbarrier_init(barrier, arrivals);
}

EMULATED_INLINE void mbarrier_init_fence(void) {
    emulator_mbarrier_init_fence();
}

EMULATED_INLINE void mbarrier_arrive(uint64_t *barrier) {
    emulator_mbarrier_arrive(barrier, 0);
}

EMULATED_INLINE void mbarrier_arrive_expect(uint64_t *barrier, unsigned bytes) {
    emulator_mbarrier_arrive(barrier, bytes);
}

EMULATED_INLINE void mbarrier_wait(uint64_t *barrier, unsigned parity,
                                   int line = __builtin_LINE()) {
    emulator_mbarrier_wait(line, barrier, parity);
}

EMULATED_INLINE void cp_async_arrive(uint64_t *barrier) {
    emulator_async_arrive(barrier);
}

EMULATED_INLINE void bulk_copy(void *shared, const void *global, unsigned bytes,
                               uint64_t *barrier) {
    emulator_bulk_copy(shared, global, bytes, barrier);
}

/* ---- Warps and warpgroups ---- */

template <int ID> EMULATED_INLINE void named_barrier(unsigned threads) {
    static_assert(ID >= 1 && ID <= 15, "0 is that of __syncthreads");
    emulator_named_barrier(ID, threads);
}

#define EMULATED_REGISTERS(name, take)                                                      \
    template <int N> EMULATED_INLINE void name(int line = __builtin_LINE()) {               \
        static_assert(N >= 24 && N <= 256 && N % 8 == 0, "a multiple of 8 from 24 to 256"); \
        emulator_registers(line, N, take);                                                  \
    }
EMULATED_REGISTERS(registers_take, true)
EMULATED_REGISTERS(registers_give, false)

EMULATED_INLINE uint64_t wgmma_descriptor(const void *shared, unsigned leading_bytes,
                                          unsigned stride_bytes) {
    return emulator_group_descriptor(shared, leading_bytes, stride_bytes);
}

EMULATED_INLINE void wgmma_fence(int line = __builtin_LINE()) {
    emulator_group_fence(line);
}

EMULATED_INLINE void wgmma_commit(int line = __builtin_LINE()) {
    emulator_group_commit(line);
}

template <int N> EMULATED_INLINE void wgmma_wait(int line = __builtin_LINE()) {
    static_assert(N >= 0 && N <= 7, "groups in flight");
    emulator_group_wait(line, N);
}

/* For the real compiler: here sums are in memory. */
template <int T> EMULATED_INLINE void wgmma_keep(float (&)[T][4]) {
}

#define EMULATED_WGMMA(name, kind)                                                \
    template <int T>                                                              \
    EMULATED_INLINE void name(float(&d)[T][4], const uint32_t(&a)[4], uint64_t b, \
                              int line = __builtin_LINE()) {                      \
        static_assert(T >= 1 && T <= 32, "8 to 256 columns");                     \
        emulator_group_multiply(kind, line, T, &d[0][0], a, b);                   \
    }
EMULATED_WGMMA(wgmma_f16, EMULATOR_M16N8K16_F16)
EMULATED_WGMMA(wgmma_bf16, EMULATOR_M16N8K16_BF16)
EMULATED_WGMMA(wgmma_tf32, EMULATOR_M16N8K8_TF32)

#endif
