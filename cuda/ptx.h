/* Instructions that CUDA C++ has no function for, as functions. The names and the layouts of
 * fragments are those of the PTX ISA document. tests/emulator/emulated_ptx.h has a twin of each for
 * the emulator, which follows the same document.
 *
 * Copies that the thread does not wait for; before sm_80 they are made at once:
 *
 *   cp_async_4, _8, _16(shared, global, valid)
 *       Copies `valid` bytes (default: all 4, 8 or 16) and fills the rest with zeros. Where valid
 *       is 0, nothing is read; both addresses are multiples of 4, 8, 16 all the same.
 *   cp_async_commit()    what the thread has begun since the last one is a group
 *   cp_async_wait<N>()   until all its groups but the latest N have arrived. Then the thread itself
 *                        can read them; others after a barrier.
 *
 * Matrices, by whole warps; 16-bit elements are two in a register, the first in the low half:
 *
 *   ldmatrix_x1, _x2, _x4, and _trans(fragments, row)
 *       8x8 matrices of 16-bit elements from shared memory. Lanes 8i to 8i+7 point to the rows of
 *       matrix i, 16 bytes each at a multiple of 16; the pointers of other lanes are not used,
 *       but before sm_80 they have to be valid.
 *   mma_m16n8k16_f16, _bf16, mma_m16n8k8_tf32(d, a, b)
 *       d += a * b, summed in f32. sm_80 and later; before, it traps.
 *
 * Launches that overlap (kernel_language.h, LAUNCH_DEPENDENT); before sm_90, where there are none, nothing:
 *
 *   griddepcontrol_wait()                until the kernel launched before this one has ended, and its
 *                                        stores can be seen. Every thread, ahead of what that kernel,
 *                                        or one before it, may write, and of all stores.
 *   griddepcontrol_launch_dependents()   the next kernel's blocks may begin where there is room, once
 *                                        every block has said so or ended. It promises nothing of
 *                                        stores: those the next kernel waits for.
 *
 * One thread alone:
 *
 *   f32_to_tf32(v)                      rounded to nearest, ties away from zero
 *   max_keep_nan(a, b)                  NaN if one of them is
 *   relu_keep_nan_f16x2, _bf16x2(v)     two elements; a NaN stays NaN */
#ifndef DENSEBLOCK_CUDA_PTX_H
#define DENSEBLOCK_CUDA_PTX_H

#include <stdint.h>

#include "kernel_language.h"

#ifdef DENSEBLOCK_EMULATED
#include "emulated_ptx.h"
#else

#define DBLK_DEVICE static __device__ __forceinline__

/* ---- Asynchronous copies ---- */

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 800

/* The same without the instruction. */
template <typename V>
DBLK_DEVICE void dblk_copy_now(void *shared, const void *global, unsigned valid) {
    if (valid == sizeof(V)) {
        *static_cast<V *>(shared) = *static_cast<const V *>(global);
        return;
    }
    unsigned char *to = static_cast<unsigned char *>(shared);
    const unsigned char *from = static_cast<const unsigned char *>(global);
    for (unsigned i = 0; i < sizeof(V); i++)
        to[i] = i < valid ? from[i] : 0;
}

DBLK_DEVICE void cp_async_4(void *shared, const void *global, unsigned valid = 4) {
    dblk_copy_now<uint32_t>(shared, global, valid);
}

DBLK_DEVICE void cp_async_8(void *shared, const void *global, unsigned valid = 8) {
    dblk_copy_now<uint2>(shared, global, valid);
}

DBLK_DEVICE void cp_async_16(void *shared, const void *global, unsigned valid = 16) {
    dblk_copy_now<uint4>(shared, global, valid);
}

DBLK_DEVICE void cp_async_commit(void) {
}

template <int N> DBLK_DEVICE void cp_async_wait(void) {
}

#else

DBLK_DEVICE unsigned dblk_shared_address(const void *shared) {
    return static_cast<unsigned>(__cvta_generic_to_shared(shared));
}

DBLK_DEVICE void cp_async_4(void *shared, const void *global, unsigned valid = 4) {
    asm volatile(
        "cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(dblk_shared_address(shared)),
        "l"(__cvta_generic_to_global(global)), "r"(valid)
        : "memory");
}

DBLK_DEVICE void cp_async_8(void *shared, const void *global, unsigned valid = 8) {
    asm volatile(
        "cp.async.ca.shared.global [%0], [%1], 8, %2;" ::"r"(dblk_shared_address(shared)),
        "l"(__cvta_generic_to_global(global)), "r"(valid)
        : "memory");
}

/* Past the L1 cache: what goes to shared memory is not wanted there too. */
DBLK_DEVICE void cp_async_16(void *shared, const void *global, unsigned valid = 16) {
    asm volatile(
        "cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(dblk_shared_address(shared)),
        "l"(__cvta_generic_to_global(global)), "r"(valid)
        : "memory");
}

DBLK_DEVICE void cp_async_commit(void) {
    asm volatile("cp.async.commit_group;" ::: "memory");
}

template <int N> DBLK_DEVICE void cp_async_wait(void) {
    asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory");
}

#endif

/* ---- Matrices ---- */

#define DBLK_LDMATRIX(name, count, type, registers, ...)                                     \
    DBLK_DEVICE void name(uint32_t(&fragments)[count], const void *row) {                    \
        const unsigned address = static_cast<unsigned>(__cvta_generic_to_shared(row));       \
        asm volatile("ldmatrix.sync.aligned.m8n8." type ".shared.b16 " registers:__VA_ARGS__ \
                     : "r"(address)                                                          \
                     : "memory");                                                            \
    }
#define DBLK_LDMATRICES(suffix, type)                                                       \
    DBLK_LDMATRIX(ldmatrix_x1##suffix, 1, "x1" type, "{%0}, [%1];", "=r"(fragments[0]))     \
    DBLK_LDMATRIX(ldmatrix_x2##suffix, 2, "x2" type, "{%0, %1}, [%2];", "=r"(fragments[0]), \
                  "=r"(fragments[1]))                                                       \
    DBLK_LDMATRIX(ldmatrix_x4##suffix, 4, "x4" type, "{%0, %1, %2, %3}, [%4];",             \
                  "=r"(fragments[0]), "=r"(fragments[1]), "=r"(fragments[2]),               \
                  "=r"(fragments[3]))
DBLK_LDMATRICES(, "")
DBLK_LDMATRICES(_trans, ".trans")

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
#define DBLK_MMA(name, type)                                                              \
    DBLK_DEVICE void name(float(&d)[4], const uint32_t(&a)[4], const uint32_t(&b)[2]) {   \
        asm volatile("mma.sync.aligned." type " {%0, %1, %2, %3}, {%4, %5, %6, %7}, "     \
                     "{%8, %9}, {%0, %1, %2, %3};"                                        \
                     : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])                     \
                     : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1])); \
    }
#else
#define DBLK_MMA(name, type)                                                         \
    DBLK_DEVICE void name(float(&)[4], const uint32_t(&)[4], const uint32_t(&)[2]) { \
        __trap();                                                                    \
    }
#endif
DBLK_MMA(mma_m16n8k16_f16, "m16n8k16.row.col.f32.f16.f16.f32")
DBLK_MMA(mma_m16n8k16_bf16, "m16n8k16.row.col.f32.bf16.bf16.f32")
DBLK_MMA(mma_m16n8k8_tf32, "m16n8k8.row.col.f32.tf32.tf32.f32")

/* ---- Launches that overlap ---- */

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900

DBLK_DEVICE void griddepcontrol_wait(void) {
    asm volatile("griddepcontrol.wait;" ::: "memory");
}

DBLK_DEVICE void griddepcontrol_launch_dependents(void) {
    asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
}

#else

DBLK_DEVICE void griddepcontrol_wait(void) {
}

DBLK_DEVICE void griddepcontrol_launch_dependents(void) {
}

#endif

/* ---- One thread alone ---- */

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800

DBLK_DEVICE uint32_t f32_to_tf32(float v) {
    uint32_t result;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(result) : "f"(v));
    return result;
}

DBLK_DEVICE float max_keep_nan(float a, float b) {
    float result;
    asm("max.NaN.f32 %0, %1, %2;" : "=f"(result) : "f"(a), "f"(b));
    return result;
}

DBLK_DEVICE uint32_t relu_keep_nan_f16x2(uint32_t v) {
    uint32_t result;
    asm("max.NaN.f16x2 %0, %1, %2;" : "=r"(result) : "r"(v), "r"(0));
    return result;
}

DBLK_DEVICE uint32_t relu_keep_nan_bf16x2(uint32_t v) {
    uint32_t result;
    asm("max.NaN.bf16x2 %0, %1, %2;" : "=r"(result) : "r"(v), "r"(0));
    return result;
}

#else

DBLK_DEVICE uint32_t f32_to_tf32(float v) {
    const uint32_t bits = __float_as_uint(v);
    const bool finite = (bits & 0x7F800000u) != 0x7F800000u;
    return finite ? (bits + 0x1000u) & ~0x1FFFu : bits;
}

/* Of two zeros, the positive one. */
DBLK_DEVICE float max_keep_nan(float a, float b) {
    if (a == b)
        return __int_as_float(__float_as_int(a) & __float_as_int(b));
    return a != a || a > b ? a : b;
}

/* Where the sign is set, and it is no NaN, 0: `infinity` in both halves. */
DBLK_DEVICE uint32_t dblk_relu_halves(uint32_t v, uint32_t infinity) {
    uint32_t result = v;
    if ((v & 0xFFFFu) - 0x8000u <= (infinity & 0xFFFFu))
        result &= 0xFFFF0000u;
    if ((v >> 16) - 0x8000u <= infinity >> 16)
        result &= 0x0000FFFFu;
    return result;
}

DBLK_DEVICE uint32_t relu_keep_nan_f16x2(uint32_t v) {
    return dblk_relu_halves(v, 0x7C007C00u);
}

DBLK_DEVICE uint32_t relu_keep_nan_bf16x2(uint32_t v) {
    return dblk_relu_halves(v, 0x7F807F80u);
}

#endif
#endif
#endif
