/* Instructions of sm_90a as functions, beside those of ptx.h: barriers in memory, bulk copies, and
 * the matrix instructions of a warpgroup, which are 128 threads that begin at a multiple of 128. The
 * names and layouts are those of the PTX ISA document. tests/emulator/emulated_ptx_sm90.h has the
 * twins. Only for files that are compiled for sm_90a and nothing else.
 *
 * Barriers in shared memory, which other functions must not touch. A phase of a barrier is over when
 * so many threads have arrived and so many bytes have come as were announced; the next one begins
 * at once. Phases have the parities 0, 1, 0, 1 and so on:
 *
 *   mbarrier_init(barrier, arrivals)         by one thread, before the block meets
 *   mbarrier_init_fence()                    by the same, after its last one: for bulk copies
 *   mbarrier_arrive(barrier)
 *   mbarrier_arrive_expect(barrier, bytes)   announces bytes of bulk copies, and arrives
 *   mbarrier_wait(barrier, parity)           until the phase of that parity is over. Of a barrier
 *                                            that is new, the phase "before", of parity 1, is
 *   cp_async_arrive(barrier)                 arrives when what this thread has copied by cp_async has
 *                                            come; it counts as one of the arrivals
 *
 * Copies that one thread begins, of whole pieces of 16 bytes, and that end at a barrier:
 *
 *   bulk_copy(shared, global, bytes, barrier)
 *
 *   named_barrier<ID>(threads)               as __syncthreads, but for so many threads, whole warps
 *
 * Matrices. D += A * B, where D is f32 and 64 x 8 T, and A has rows of 32 bytes: 16 elements of
 * 16 bits, or 8 of TF32. The warps of the group have 16 rows each, in the order of fragments of
 * mma_m16n8k16 and mma_m16n8k8. B is in shared memory by pieces of 8 columns x 16 bytes, 128 bytes
 * each, one column after the other: `leading` bytes lie from the first 16 bytes of the columns to the
 * second ones, `stride` bytes from 8 columns to the next 8.
 *
 *   wgmma_descriptor(shared, leading, stride)
 *   wgmma_f16<T>, _bf16<T>, _tf32<T>(d, a, descriptor)
 *   wgmma_fence()      before the first one, and when registers have been written since
 *   wgmma_commit()     those since the last one are a group
 *   wgmma_wait<N>()    until all groups but the latest N are done. Before, a thread touches neither
 *                      their sums nor their operands
 *   wgmma_keep(d)      holds the compiler to that: after the wait, before the sums are looked at
 *
 *   registers_take<N>(), registers_give<N>()    what a thread may have from now on, by a warpgroup */
#ifndef DENSEBLOCK_CUDA_PTX_SM90_H
#define DENSEBLOCK_CUDA_PTX_SM90_H

#include "ptx.h"

#ifdef DENSEBLOCK_EMULATED
#include "emulated_ptx_sm90.h"
#else

/* ---- Barriers ---- */

DBLK_DEVICE void mbarrier_init(uint64_t *barrier, unsigned arrivals) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(dblk_shared_address(barrier)),
                 "r"(arrivals)
                 : "memory");
}

DBLK_DEVICE void mbarrier_init_fence(void) {
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}

DBLK_DEVICE void mbarrier_arrive(uint64_t *barrier) {
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(dblk_shared_address(barrier))
                 : "memory");
}

DBLK_DEVICE void mbarrier_arrive_expect(uint64_t *barrier, unsigned bytes) {
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(
                     dblk_shared_address(barrier)),
                 "r"(bytes)
                 : "memory");
}

DBLK_DEVICE void mbarrier_wait(uint64_t *barrier, unsigned parity) {
    unsigned over = 0;
    while (over == 0)
        asm volatile("{\n"
                     ".reg .pred over;\n"
                     "mbarrier.try_wait.parity.shared::cta.b64 over, [%1], %2;\n"
                     "selp.u32 %0, 1, 0, over;\n"
                     "}"
                     : "=r"(over)
                     : "r"(dblk_shared_address(barrier)), "r"(parity)
                     : "memory");
}

DBLK_DEVICE void cp_async_arrive(uint64_t *barrier) {
    asm volatile(
        "cp.async.mbarrier.arrive.noinc.shared::cta.b64 [%0];" ::"r"(dblk_shared_address(barrier))
        : "memory");
}

DBLK_DEVICE void bulk_copy(void *shared, const void *global, unsigned bytes, uint64_t *barrier) {
    asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], "
                 "%2, [%3];" ::"r"(dblk_shared_address(shared)),
                 "l"(__cvta_generic_to_global(global)), "r"(bytes),
                 "r"(dblk_shared_address(barrier))
                 : "memory");
}

template <int ID> DBLK_DEVICE void named_barrier(unsigned threads) {
    static_assert(ID > 0 && ID < 16, "barrier 0 is that of __syncthreads");
    asm volatile("bar.sync %0, %1;" ::"n"(ID), "r"(threads) : "memory");
}

/* ---- Registers ---- */

template <int N> DBLK_DEVICE void registers_take(void) {
    asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(N));
}

template <int N> DBLK_DEVICE void registers_give(void) {
    asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(N));
}

/* ---- Matrices ---- */

DBLK_DEVICE uint64_t wgmma_descriptor(const void *shared, unsigned leading, unsigned stride) {
    return static_cast<uint64_t>(dblk_shared_address(shared) >> 4 & 0x3FFF) |
           static_cast<uint64_t>(leading >> 4) << 16 | static_cast<uint64_t>(stride >> 4) << 32;
}

DBLK_DEVICE void wgmma_fence(void) {
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}

DBLK_DEVICE void wgmma_commit(void) {
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}

template <int N> DBLK_DEVICE void wgmma_wait(void) {
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(N) : "memory");
}

template <int T> DBLK_DEVICE void wgmma_keep(float (&d)[T][4]) {
#pragma unroll
    for (int t = 0; t < T; t++)
        asm volatile("" : "+f"(d[t][0]), "+f"(d[t][1]), "+f"(d[t][2]), "+f"(d[t][3])::"memory");
}

/* The sums of four matrices of 8 columns. */
#define DBLK_FOUR(t)                                                                        \
    "+f"(d[t][0]), "+f"(d[t][1]), "+f"(d[t][2]), "+f"(d[t][3]), "+f"(d[(t) + 1][0]),        \
        "+f"(d[(t) + 1][1]), "+f"(d[(t) + 1][2]), "+f"(d[(t) + 1][3]), "+f"(d[(t) + 2][0]), \
        "+f"(d[(t) + 2][1]), "+f"(d[(t) + 2][2]), "+f"(d[(t) + 2][3]), "+f"(d[(t) + 3][0]), \
        "+f"(d[(t) + 3][1]), "+f"(d[(t) + 3][2]), "+f"(d[(t) + 3][3])
#define DBLK_SUMS_32     "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15}, "
#define DBLK_OPERANDS_32 "{%16, %17, %18, %19}, %20"
#define DBLK_ALL_32      DBLK_FOUR(0)
#define DBLK_SUMS_64                                                          \
    "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, " \
    "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31}, "
#define DBLK_OPERANDS_64 "{%32, %33, %34, %35}, %36"
#define DBLK_ALL_64      DBLK_FOUR(0), DBLK_FOUR(4)
#define DBLK_SUMS_128                                                                  \
    "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "          \
    "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, " \
    "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, " \
    "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63}, "
#define DBLK_OPERANDS_128 "{%64, %65, %66, %67}, %68"
#define DBLK_ALL_128      DBLK_FOUR(0), DBLK_FOUR(4), DBLK_FOUR(8), DBLK_FOUR(12)

#define DBLK_WGMMA_COLUMNS(columns, depth, types, end)                             \
    asm volatile("{\n"                                                             \
                 ".reg .pred add;\n"                                               \
                 "setp.eq.u32 add, 0, 0;\n"                                        \
                 "wgmma.mma_async.sync.aligned.m64n" #columns depth ".f32" types   \
                 " " DBLK_SUMS_##columns DBLK_OPERANDS_##columns ", add" end ";\n" \
                                                                 "}"               \
                 : DBLK_ALL_##columns                                              \
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b))
#define DBLK_WGMMA(name, depth, types, end)                                                      \
    template <int T> DBLK_DEVICE void name(float(&d)[T][4], const uint32_t(&a)[4], uint64_t b) { \
        static_assert(T == 4 || T == 8 || T == 16, "32, 64 or 128 columns");                     \
        if constexpr (T == 4)                                                                    \
            DBLK_WGMMA_COLUMNS(32, depth, types, end);                                           \
        else if constexpr (T == 8)                                                               \
            DBLK_WGMMA_COLUMNS(64, depth, types, end);                                           \
        else                                                                                     \
            DBLK_WGMMA_COLUMNS(128, depth, types, end);                                          \
    }
DBLK_WGMMA(wgmma_f16, "k16", ".f16.f16", ", 1, 1, 0")
DBLK_WGMMA(wgmma_bf16, "k16", ".bf16.bf16", ", 1, 1, 0")
DBLK_WGMMA(wgmma_tf32, "k8", ".tf32.tf32", ", 1, 1")

#endif
#endif
