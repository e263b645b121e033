/* Mistakes of what the lanes of a warp do together. */
#include "seeded.h"

#include "ptx.h"
#include "vector_access.h"

enum { LANES = 32 };

struct line {
    int values[LANES];
};
struct rows {
    uint4 values[LANES + 1];
};

static int *make_output(void) {
    return (int *)device_memory(LANES * 4 * sizeof(int));
}

#define LAUNCH_ONE_OF(kernel, wrong, shared_bytes, ...)                             \
    do {                                                                            \
        if (wrong)                                                                  \
            LAUNCH((kernel<true>), 1, LANES, (shared_bytes), NULL, ##__VA_ARGS__);  \
        else                                                                        \
            LAUNCH((kernel<false>), 1, LANES, (shared_bytes), NULL, ##__VA_ARGS__); \
    } while (0)

template <bool WRONG> __global__ void exchange_kernel(int *out) {
    SHARED_MEMORY(line, shared);
    int value = (int)threadIdx.x;
    for (int i = 0; i < 3; i++) {
        shared.values[threadIdx.x] = value;
        if (!WRONG)
            __syncwarp();
        value += shared.values[threadIdx.x ^ 1];
        __syncwarp();
    }
    out[threadIdx.x] = value;
}

extern "C" void seeded_no_warp_barrier(bool wrong) {
    LAUNCH_ONE_OF(exchange_kernel, wrong, sizeof(line), make_output());
}

/* A chain of barriers of some lanes: from those of the first half to those of the second. */
template <bool WRONG> __global__ void chain_kernel(int *out) {
    SHARED_MEMORY(line, shared);
    const unsigned lane = threadIdx.x;
    if (lane == 0)
        shared.values[0] = 1;
    if (lane < 16)
        __syncwarp(0xFFFF);
    if (!WRONG && (lane == 15 || lane >= 16))
        __syncwarp(0xFFFF8000);
    out[lane] = lane >= 16 ? shared.values[0] : 0;
}

extern "C" void seeded_warp_barrier_of_half(bool wrong) {
    LAUNCH_ONE_OF(chain_kernel, wrong, sizeof(line), make_output());
}

template <bool WRONG> __global__ void early_kernel(int *out) {
    SHARED_MEMORY(line, shared);
    if (threadIdx.x >= 2)
        return;
    if (WRONG)
        __syncwarp(3);
    if (threadIdx.x == 0)
        shared.values[0] = 1;
    if (!WRONG)
        __syncwarp(3);
    out[threadIdx.x] = shared.values[0];
}

extern "C" void seeded_warp_barrier_too_early(bool wrong) {
    LAUNCH_ONE_OF(early_kernel, wrong, sizeof(line), make_output());
}

/* Lanes that have ended are not waited for, but they have no value either. */
template <bool WRONG> __global__ void ended_kernel(int *out) {
    const unsigned lane = threadIdx.x;
    if (lane >= 20)
        return;
    __syncwarp();
    const int other = (int)lane + 4;
    const int value = __shfl_sync(0xFFFFFFFF, (int)lane, WRONG ? other : other % 20);
    out[lane] = value;
}

extern "C" void seeded_shuffle_from_a_lane_that_ended(bool wrong) {
    LAUNCH_ONE_OF(ended_kernel, wrong, 0, make_output());
}

template <bool WRONG> __global__ void mask_kernel(int *out) {
    const unsigned mask = WRONG ? 0x7FFFFFFF : 0xFFFFFFFF;
    out[threadIdx.x] = __shfl_xor_sync(mask, (int)threadIdx.x, 2);
}

extern "C" void seeded_mask_without_the_caller(bool wrong) {
    LAUNCH_ONE_OF(mask_kernel, wrong, 0, make_output());
}

template <bool WRONG> __global__ void outside_kernel(int *out) {
    int value = (int)threadIdx.x;
    if (threadIdx.x < 16)
        value = __shfl_sync(0xFFFF, value, WRONG ? (int)threadIdx.x + 1 : (int)threadIdx.x ^ 1);
    out[threadIdx.x] = value;
}

extern "C" void seeded_shuffle_from_outside_the_mask(bool wrong) {
    LAUNCH_ONE_OF(outside_kernel, wrong, 0, make_output());
}

template <bool WRONG> __global__ void branch_kernel(int *out) {
    int value = (int)threadIdx.x;
    if (!WRONG || threadIdx.x < 16)
        value = __shfl_down_sync(0xFFFFFFFF, value, 1);
    if (WRONG)
        __syncthreads();
    out[threadIdx.x] = value;
}

extern "C" void seeded_shuffle_in_a_branch(bool wrong) {
    LAUNCH_ONE_OF(branch_kernel, wrong, 0, make_output());
}

/* Lanes store their own rows, and read all of them as matrices. Reading stores of others takes a
 * barrier of the warp: the instruction orders nothing. */
template <bool WRONG> __global__ void matrix_kernel(int *out) {
    SHARED_MEMORY(rows, shared);
    store_vector(&shared.values[threadIdx.x], make_uint4(threadIdx.x, 1, 2, 3));
    if (!WRONG)
        __syncwarp();
    uint32_t fragments[4];
    ldmatrix_x4(fragments, &shared.values[threadIdx.x]);
    for (int i = 0; i < 4; i++)
        out[4 * threadIdx.x + i] = (int)fragments[i];
}

extern "C" void seeded_ldmatrix_of_unordered_stores(bool wrong) {
    LAUNCH_ONE_OF(matrix_kernel, wrong, sizeof(rows), make_output());
}

template <bool WRONG> __global__ void rows_kernel(int *out, int offset) {
    SHARED_MEMORY(rows, shared);
    store_vector(&shared.values[threadIdx.x], make_uint4(threadIdx.x, 1, 2, 3));
    if (threadIdx.x == 0)
        store_vector(&shared.values[LANES], make_uint4(0, 0, 0, 0));
    __syncwarp();
    uint32_t fragments[1];
    const char *row = (const char *)&shared.values[threadIdx.x] + (WRONG ? offset : 0);
    ldmatrix_x1_trans(fragments, row);
    out[threadIdx.x] = (int)fragments[0];
}

extern "C" void seeded_ldmatrix_misaligned(bool wrong) {
    LAUNCH_ONE_OF(rows_kernel, wrong, sizeof(rows), make_output(), 8);
}

extern "C" void seeded_ldmatrix_past_the_end(bool wrong) {
    LAUNCH_ONE_OF(rows_kernel, wrong, sizeof(rows), make_output(), 32);
}

template <bool WRONG> __global__ void product_kernel(float *out, unsigned count) {
    if (WRONG && threadIdx.x >= count)
        return;
    const uint32_t a[4] = {}, b[2] = {};
    float d[4] = {};
    mma_m16n8k16_bf16(d, a, b);
    if (threadIdx.x < count)
        out[threadIdx.x] = d[0];
}

extern "C" void seeded_mma_after_an_exit(bool wrong) {
    LAUNCH_ONE_OF(product_kernel, wrong, 0, (float *)make_output(), 31u);
}
