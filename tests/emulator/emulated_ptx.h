/* The twins of ptx.h's functions. */
#ifndef TESTS_EMULATED_PTX_H
#define TESTS_EMULATED_PTX_H

#include <stdint.h>

#include "emulated_access.h"

EMULATED_INLINE void cp_async_4(void *shared, const void *global, unsigned valid = 4) {
    emulator_async_copy(shared, global, 4, valid);
}

EMULATED_INLINE void cp_async_8(void *shared, const void *global, unsigned valid = 8) {
    emulator_async_copy(shared, global, 8, valid);
}

EMULATED_INLINE void cp_async_16(void *shared, const void *global, unsigned valid = 16) {
    emulator_async_copy(shared, global, 16, valid);
}

EMULATED_INLINE void cp_async_commit(void) {
    emulator_async_commit();
}

template <int N> EMULATED_INLINE void cp_async_wait(void) {
    static_assert(N >= 0, "groups in flight");
    emulator_async_wait(N);
}

/* Whole warps have to be at one place of the source, and the line is that of the caller. */
#define EMULATED_LDMATRIX(name, count, transposed)                          \
    EMULATED_INLINE void name(uint32_t(&fragments)[count], const void *row, \
                              int line = __builtin_LINE()) {                \
        emulator_load_matrices(line, count, transposed, fragments, row);    \
    }
EMULATED_LDMATRIX(ldmatrix_x1, 1, false)
EMULATED_LDMATRIX(ldmatrix_x2, 2, false)
EMULATED_LDMATRIX(ldmatrix_x4, 4, false)
EMULATED_LDMATRIX(ldmatrix_x1_trans, 1, true)
EMULATED_LDMATRIX(ldmatrix_x2_trans, 2, true)
EMULATED_LDMATRIX(ldmatrix_x4_trans, 4, true)

#define EMULATED_MMA(name, kind)                                                          \
    EMULATED_INLINE void name(float(&d)[4], const uint32_t(&a)[4], const uint32_t(&b)[2], \
                              int line = __builtin_LINE()) {                              \
        emulator_multiply(kind, line, d, a, b);                                           \
    }
EMULATED_MMA(mma_m16n8k16_f16, EMULATOR_M16N8K16_F16)
EMULATED_MMA(mma_m16n8k16_bf16, EMULATOR_M16N8K16_BF16)
EMULATED_MMA(mma_m16n8k8_tf32, EMULATOR_M16N8K8_TF32)

EMULATED_INLINE void griddepcontrol_wait(void) {
    emulator_dependency_wait();
}

/* When the next kernel begins is not for this one to notice. */
EMULATED_INLINE void griddepcontrol_launch_dependents(void) {
}

EMULATED_INLINE uint32_t f32_to_tf32(float v) {
    const uint32_t bits = emulated_value<uint32_t>(emulated_bits(v));
    if ((bits & 0x7F800000u) == 0x7F800000u)
        return bits & 0x007FFFFFu ? 0x7FFFFFFFu : bits;
    return (bits + 0x1000u) & ~0x1FFFu;
}

EMULATED_INLINE float max_keep_nan(float a, float b) {
    if (a != a || b != b)
        return __builtin_nanf("");
    if (a == b && signbit(a)) /* of two zeros, the positive one */
        return b;
    return a >= b ? a : b;
}

EMULATED_INLINE uint32_t emulated_relu_half(uint32_t v, uint32_t infinity) {
    if ((v & 0x7FFFu) > infinity)
        return 0x7FFFu;
    return v & 0x8000u ? 0 : v;
}

EMULATED_INLINE uint32_t relu_keep_nan_f16x2(uint32_t v) {
    return emulated_relu_half(v & 0xFFFFu, 0x7C00u) | emulated_relu_half(v >> 16, 0x7C00u) << 16;
}

EMULATED_INLINE uint32_t relu_keep_nan_bf16x2(uint32_t v) {
    return emulated_relu_half(v & 0xFFFFu, 0x7F80u) | emulated_relu_half(v >> 16, 0x7F80u) << 16;
}

#endif
