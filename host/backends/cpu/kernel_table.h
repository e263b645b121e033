/* Makes the tables of kernels.h for one instruction set. Before it are defined:
 *
 *   ISA            the name, such as avx2
 *   VECTOR_BYTES   the width of a vector
 *   MOST_PIXELS_1, _2, _3   pixels of a block whose sums, with a panel of 1, 2 or 3 vectors, fill
 *                  the registers */
#include <stdint.h>
#include <string.h>

#include "backends/cpu/kernels.h"
#include "backends/cpu/small_float_kernels.h"

#define INLINE static inline __attribute__((always_inline))
/* A loop over what is in registers: it has to be unrolled. */
// NOLINTBEGIN(bugprone-macro-parentheses): i is declared here
#if defined(__clang__)
#define EACH(i, COUNT) _Pragma("clang loop unroll(full)") for (int i = 0; i < (COUNT); i++)
#else
#define EACH(i, COUNT) _Pragma("GCC unroll 36") for (int i = 0; i < (COUNT); i++)
#endif
// NOLINTEND(bugprone-macro-parentheses)
#define PASTE_(a, b)      a##b
#define PASTE(a, b)       PASTE_(a, b)
#define TEXT_(a)          #a
#define TEXT(a)           TEXT_(a)
#define TABLE_(isa, type) dblk_kernels_##isa##_##type
#define TABLE(isa, type)  TABLE_(isa, type)

enum { LINE_BYTES = 64, PART_BYTES = 12 << 10 /* of a panel of two vectors */ };

/* The order matters. */
/* clang-format off */
#define REAL       float
#define MASK       int32_t
#define LANES      (VECTOR_BYTES / 4)
#define NAME(name) PASTE(f32_, name)
#include "backends/cpu/kernel_vector.h"
#include "backends/cpu/kernel_gemm.h"
#include "backends/cpu/kernel_winograd.h"
/* clang-format on */

INLINE void rectify_reals(float *to, const float *from, int64_t count) {
    int64_t c = 0;
    for (; c + LANES <= count; c += LANES) {
        const f32_vector v = f32_load(from + c), zero = {0};
        f32_store(to + c, (f32_vector)((f32_mask)v & ~(f32_mask)(v < zero)));
    }
    for (; c < count; c++)
        to[c] = dblk_relu_f32(from[c]);
}

static void f32_rectify(denseblock_type type, void *dst, ptrdiff_t dst_stride, const void *src,
                        ptrdiff_t src_stride, int64_t pixels, int64_t count) {
    const size_t size = type == DENSEBLOCK_F32 ? sizeof(float) : sizeof(uint16_t);
    for (int64_t p = 0; p < pixels; p++) {
        float *to = (float *)dst + p * dst_stride;
        const void *from = (const char *)src + p * src_stride * (ptrdiff_t)size;
        const uint16_t *bits = from;
        if (type == DENSEBLOCK_F32)
            rectify_reals(to, from, count);
        else if (type == DENSEBLOCK_F16)
            for (int64_t c = 0; c < count; c++)
                to[c] = dblk_relu_f32(dblk_widen_f16(bits[c]));
        else
            for (int64_t c = 0; c < count; c++)
                to[c] = dblk_relu_f32(dblk_widen_bf16(bits[c]));
    }
}

static void f32_round(denseblock_type type, void *dst, const void *src, int64_t count) {
    const float *from = src;
    if (type == DENSEBLOCK_F16)
        for (int64_t i = 0; i < count; i++)
            ((uint16_t *)dst)[i] = dblk_round_f16(from[i]);
    else if (type == DENSEBLOCK_BF16)
        for (int64_t i = 0; i < count; i++)
            ((uint16_t *)dst)[i] = dblk_round_bf16(from[i]);
    else
        memcpy(dst, src, (size_t)count * sizeof(float));
}

static void f32_add(denseblock_type type, void *dst, const void *src, int64_t count) {
    const float *from = src;
    float *reals = dst;
    uint16_t *bits = dst;
    if (type == DENSEBLOCK_F16)
        for (int64_t i = 0; i < count; i++)
            bits[i] = dblk_round_f16(dblk_widen_f16(bits[i]) + from[i]);
    else if (type == DENSEBLOCK_BF16)
        for (int64_t i = 0; i < count; i++)
            bits[i] = dblk_round_bf16(dblk_widen_bf16(bits[i]) + from[i]);
    else
        for (int64_t i = 0; i < count; i++)
            reals[i] += from[i];
}

const struct dblk_kernels TABLE(ISA, f32) = {
    .name = TEXT(ISA),
    .lanes = LANES,
    .gemm = {NULL, f32_gemm1, f32_gemm2, f32_gemm3},
    .rectify = f32_rectify,
    .round = f32_round,
    .add = f32_add,
    .winograd2 = &winograd2,
    .winograd4 = &winograd4,
};

/* clang-format off */
#undef REAL
#undef STRIP
#undef PART
#undef MOST_PIXELS
#undef MASK
#undef LANES
#undef NAME
#define REAL       double
#define MASK       int64_t
#define LANES      (VECTOR_BYTES / 8)
#define NAME(name) PASTE(f64_, name)
#include "backends/cpu/kernel_vector.h"
#include "backends/cpu/kernel_gemm.h"
/* clang-format on */

static void f64_rectify(denseblock_type type, void *dst, ptrdiff_t dst_stride, const void *src,
                        ptrdiff_t src_stride, int64_t pixels, int64_t count) {
    (void)type; /* f64 tensors */
    for (int64_t p = 0; p < pixels; p++) {
        double *to = (double *)dst + p * dst_stride;
        const double *from = (const double *)src + p * src_stride;
        for (int64_t c = 0; c < count; c++)
            to[c] = from[c] < 0 ? 0 : from[c];
    }
}

static void f64_round(denseblock_type type, void *dst, const void *src, int64_t count) {
    (void)type;
    memcpy(dst, src, (size_t)count * sizeof(double));
}

static void f64_add(denseblock_type type, void *dst, const void *src, int64_t count) {
    (void)type;
    for (int64_t i = 0; i < count; i++)
        ((double *)dst)[i] += ((const double *)src)[i];
}

const struct dblk_kernels TABLE(ISA, f64) = {
    .name = TEXT(ISA),
    .lanes = LANES,
    .gemm = {NULL, f64_gemm1, f64_gemm2, f64_gemm3},
    .rectify = f64_rectify,
    .round = f64_round,
    .add = f64_add,
};
