/* Twins with a mistake in each of them, such as a hasty reader of the PTX document makes. The
 * test has to find them all. */
/* Launches of this file, apart from those of others and from the runtime double's, with which the
 * rehearsal is linked. */
#define emulator_enqueue    CONFORMANCE_ENQUEUE
#define emulated_launch     conformance_launch_wrong_twins
#define CONFORMANCE_ENQUEUE conformance_enqueue_wrong_twins
#include "kernel_language.h"
#include "ptx.h"

#define WRONG_COPY(bytes)                                                                     \
    static inline void wrong_cp_async_##bytes(void *shared, const void *global,               \
                                              unsigned = bytes) { /* ignores what is valid */ \
        cp_async_##bytes(shared, global);                                                     \
    }
WRONG_COPY(4)
WRONG_COPY(8)
WRONG_COPY(16)
#define cp_async_4(...)  wrong_cp_async_4(__VA_ARGS__)
#define cp_async_8(...)  wrong_cp_async_8(__VA_ARGS__)
#define cp_async_16(...) wrong_cp_async_16(__VA_ARGS__)

/* Waits for one group too few. */
template <int N> static inline void wrong_cp_async_wait(void) {
    cp_async_wait<N + 1>();
}

template <int COUNT> static inline void wrong_exchange(uint32_t (&fragments)[COUNT]) {
    const uint32_t kept = fragments[COUNT / 2 - 1];
    fragments[COUNT / 2 - 1] = fragments[COUNT / 2];
    fragments[COUNT / 2] = kept;
}

static inline void wrong_ldmatrix_x1(uint32_t (&fragments)[1], const void *row) {
    ldmatrix_x1_trans(fragments, row);
}
static inline void wrong_ldmatrix_x1_trans(uint32_t (&fragments)[1], const void *row) {
    ldmatrix_x1(fragments, row);
}
#define WRONG_LDMATRIX(name, count)                                                 \
    static inline void wrong_##name(uint32_t(&fragments)[count], const void *row) { \
        name(fragments, row);                                                       \
        wrong_exchange(fragments);                                                  \
    }
WRONG_LDMATRIX(ldmatrix_x2, 2)
WRONG_LDMATRIX(ldmatrix_x4, 4)
WRONG_LDMATRIX(ldmatrix_x2_trans, 2)
WRONG_LDMATRIX(ldmatrix_x4_trans, 4)
#define ldmatrix_x1(...)       wrong_ldmatrix_x1(__VA_ARGS__)
#define ldmatrix_x2(...)       wrong_ldmatrix_x2(__VA_ARGS__)
#define ldmatrix_x4(...)       wrong_ldmatrix_x4(__VA_ARGS__)
#define ldmatrix_x1_trans(...) wrong_ldmatrix_x1_trans(__VA_ARGS__)
#define ldmatrix_x2_trans(...) wrong_ldmatrix_x2_trans(__VA_ARGS__)
#define ldmatrix_x4_trans(...) wrong_ldmatrix_x4_trans(__VA_ARGS__)

/* Quarters of a in another order. */
#define WRONG_MMA(name)                                                  \
    static inline void wrong_##name(float(&d)[4], const uint32_t(&a)[4], \
                                    const uint32_t(&b)[2]) {             \
        const uint32_t exchanged[4] = {a[0], a[2], a[1], a[3]};          \
        name(d, exchanged, b);                                           \
    }
WRONG_MMA(mma_m16n8k16_f16)
WRONG_MMA(mma_m16n8k16_bf16)
WRONG_MMA(mma_m16n8k8_tf32)
#define mma_m16n8k16_f16(...)  wrong_mma_m16n8k16_f16(__VA_ARGS__)
#define mma_m16n8k16_bf16(...) wrong_mma_m16n8k16_bf16(__VA_ARGS__)
#define mma_m16n8k8_tf32(...)  wrong_mma_m16n8k8_tf32(__VA_ARGS__)

/* Ties to even. */
static inline uint32_t wrong_f32_to_tf32(float v) {
    const uint32_t bits = __float_as_uint(v);
    const bool finite = (bits & 0x7F800000u) != 0x7F800000u;
    return finite ? (bits + 0xFFFu + (bits >> 13 & 1)) & ~0x1FFFu : bits;
}
#define f32_to_tf32(...) wrong_f32_to_tf32(__VA_ARGS__)

/* As fmaxf. */
static inline float wrong_max_keep_nan(float a, float b) {
    return fmaxf(a, b);
}
#define max_keep_nan(...) wrong_max_keep_nan(__VA_ARGS__)

/* A negative NaN becomes 0. */
static inline uint32_t wrong_relu(uint32_t v) {
    return (v & 0x8000u ? 0 : v & 0xFFFFu) | (v & 0x80000000u ? 0 : v & 0xFFFF0000u);
}
#define relu_keep_nan_f16x2(...)  wrong_relu(__VA_ARGS__)
#define relu_keep_nan_bf16x2(...) wrong_relu(__VA_ARGS__)

#define cp_async_wait wrong_cp_async_wait
#include "conformance_emulated.h"

static const char *run(enum conformance_function function, unsigned fragments, const uint32_t *in,
                       uint32_t *out) {
    return run_emulated(function, fragments, in, out, false);
}

extern const struct conformance_side conformance_wrong_twins = {"wrong twins", run};
