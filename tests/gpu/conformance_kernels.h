/* A kernel for every function of ptx.h, one warp for each fragment. Included by those who run
 * them; conformance.h has the list.
 *
 *   cp_async_4, _8, _16   in: [0,4) what to copy, [4,8) what is there before, [8] valid bytes.
 *                         out: [0,4) what is there afterwards
 *   cp_async_groups       in: [0,12) three groups of one copy. out: [0,12) each, read when it has
 *                         been waited for, and [12,16) what is left in the way of it
 *   ldmatrix...           in: [0,4) a row of shared memory, [4] the row that the lane points to.
 *                         out: the fragments
 *   mma...                in: [0,4) a, [4,6) b, [6,10) the accumulator. out: [0,4)
 *   f32_to_tf32, relu...  in: [0,16) values. out: [0,16)
 *   max_keep_nan          in: [0,8) and [8,16) values. out: [0,8) */
#ifndef TESTS_GPU_CONFORMANCE_KERNELS_H
#define TESTS_GPU_CONFORMANCE_KERNELS_H

#include "conformance.h"
#include "kernel_language.h"
#include "ptx.h"

struct conformance_shared {
    uint4 rows[3 * LANES];
};

#define CONFORMANCE_KERNEL(name)                                                           \
    static __global__ void conformance_##name(const uint32_t *all_in, uint32_t *all_out) { \
        const unsigned lane = threadIdx.x;                                                 \
        const size_t first = (size_t)blockIdx.x * FRAGMENT_WORDS + lane * LANE_WORDS;      \
        conformance_##name##_lane(lane, all_in + first, all_out + first);                  \
    }
#define CONFORMANCE_LANE(name)                                                          \
    static __device__ void conformance_##name##_lane(unsigned lane, const uint32_t *in, \
                                                     uint32_t *out);                    \
    CONFORMANCE_KERNEL(name)                                                            \
    static __device__ void conformance_##name##_lane(unsigned lane, const uint32_t *in, \
                                                     uint32_t *out)

/* ---- Asynchronous copies ---- */

#define CONFORMANCE_COPY(name)                                           \
    CONFORMANCE_LANE(name) {                                             \
        SHARED_MEMORY(conformance_shared, shared);                       \
        uint32_t *to = reinterpret_cast<uint32_t *>(&shared.rows[lane]); \
        for (int i = 0; i < 4; i++)                                      \
            to[i] = in[4 + i];                                           \
        __syncthreads();                                                 \
        name(to, in, in[8]);                                             \
        cp_async_commit();                                               \
        cp_async_wait<0>();                                              \
        for (int i = 0; i < 4; i++)                                      \
            out[i] = to[i];                                              \
    }
CONFORMANCE_COPY(cp_async_4)
CONFORMANCE_COPY(cp_async_8)
CONFORMANCE_COPY(cp_async_16)

static __device__ void conformance_row(const uint4 *row, uint32_t *out) {
    const uint32_t *from = reinterpret_cast<const uint32_t *>(row);
    for (int i = 0; i < 4; i++)
        out[i] = from[i];
}

CONFORMANCE_LANE(cp_async_groups) {
    SHARED_MEMORY(conformance_shared, shared);
    uint4 *to = &shared.rows[3 * lane];
    for (int i = 0; i < 3; i++) {
        cp_async_16(&to[i], in + 4 * i);
        cp_async_commit();
    }
    cp_async_wait<2>();
    conformance_row(&to[0], out);
    cp_async_wait<1>();
    conformance_row(&to[1], out + 4);
    cp_async_wait<0>();
    conformance_row(&to[2], out + 8);
    conformance_row(&to[0], out + 12);
}

/* ---- Matrices ---- */

#define CONFORMANCE_LDMATRIX(name, count)                                 \
    CONFORMANCE_LANE(name) {                                              \
        SHARED_MEMORY(conformance_shared, shared);                        \
        uint32_t *row = reinterpret_cast<uint32_t *>(&shared.rows[lane]); \
        for (int i = 0; i < 4; i++)                                       \
            row[i] = in[i];                                               \
        __syncthreads();                                                  \
        uint32_t fragments[count];                                        \
        name(fragments, &shared.rows[in[4]]);                             \
        for (int i = 0; i < count; i++)                                   \
            out[i] = fragments[i];                                        \
    }
CONFORMANCE_LDMATRIX(ldmatrix_x1, 1)
CONFORMANCE_LDMATRIX(ldmatrix_x2, 2)
CONFORMANCE_LDMATRIX(ldmatrix_x4, 4)
CONFORMANCE_LDMATRIX(ldmatrix_x1_trans, 1)
CONFORMANCE_LDMATRIX(ldmatrix_x2_trans, 2)
CONFORMANCE_LDMATRIX(ldmatrix_x4_trans, 4)

#define CONFORMANCE_MMA(name)                               \
    CONFORMANCE_LANE(name) {                                \
        (void)lane;                                         \
        const uint32_t a[4] = {in[0], in[1], in[2], in[3]}; \
        const uint32_t b[2] = {in[4], in[5]};               \
        float d[4];                                         \
        for (int i = 0; i < 4; i++)                         \
            d[i] = __uint_as_float(in[6 + i]);              \
        name(d, a, b);                                      \
        for (int i = 0; i < 4; i++)                         \
            out[i] = __float_as_uint(d[i]);                 \
    }
CONFORMANCE_MMA(mma_m16n8k16_f16)
CONFORMANCE_MMA(mma_m16n8k16_bf16)
CONFORMANCE_MMA(mma_m16n8k8_tf32)

/* ---- One thread alone ---- */

CONFORMANCE_LANE(f32_to_tf32) {
    (void)lane;
    for (int i = 0; i < LANE_WORDS; i++)
        out[i] = f32_to_tf32(__uint_as_float(in[i]));
}

CONFORMANCE_LANE(max_keep_nan) {
    (void)lane;
    for (int i = 0; i < 8; i++)
        out[i] =
            __float_as_uint(max_keep_nan(__uint_as_float(in[i]), __uint_as_float(in[8 + i])));
}

CONFORMANCE_LANE(relu_keep_nan_f16x2) {
    (void)lane;
    for (int i = 0; i < LANE_WORDS; i++)
        out[i] = relu_keep_nan_f16x2(in[i]);
}

CONFORMANCE_LANE(relu_keep_nan_bf16x2) {
    (void)lane;
    for (int i = 0; i < LANE_WORDS; i++)
        out[i] = relu_keep_nan_bf16x2(in[i]);
}

/* ---- All of them ---- */

static void conformance_launch(enum conformance_function function, unsigned fragments,
                               const uint32_t *in, uint32_t *out) {
    switch (function) {
#define CONFORMANCE_CASE(name)                                                                \
    case CONFORMANCE_##name:                                                                  \
        LAUNCH(conformance_##name, fragments, LANES, sizeof(conformance_shared), 0, in, out); \
        break;
        CONFORMANCE_LIST(CONFORMANCE_CASE)
    case CONFORMANCE_FUNCTIONS:
        break;
    }
}

#endif
