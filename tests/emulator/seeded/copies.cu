/* Mistakes of asynchronous copies. */
#include "seeded.h"

#include "ptx.h"
#include "vector_access.h"

enum { BLOCK = 64, STAGES = 2 };

struct stages {
    float4 values[STAGES][BLOCK];
};

static float4 *make_output(void) {
    return (float4 *)device_memory(BLOCK * sizeof(float4));
}

static const float4 *make_input(size_t pieces) {
    return (const float4 *)device_filled(pieces * BLOCK * sizeof(float4), 0x3F800000);
}

#define LAUNCH_ONE_OF(kernel, wrong, ...)                                           \
    do {                                                                            \
        if (wrong)                                                                  \
            LAUNCH((kernel<true>), 1, BLOCK, sizeof(stages), NULL, ##__VA_ARGS__);  \
        else                                                                        \
            LAUNCH((kernel<false>), 1, BLOCK, sizeof(stages), NULL, ##__VA_ARGS__); \
    } while (0)

/* Two groups, of which the first is used while the second is on its way. */
template <bool WRONG> __global__ void groups_kernel(float4 *out, const float4 *in) {
    SHARED_MEMORY(stages, shared);
    for (int i = 0; i < STAGES; i++) {
        cp_async_16(&shared.values[i][threadIdx.x], in + i * BLOCK + threadIdx.x);
        cp_async_commit();
    }
    if (WRONG)
        cp_async_wait<2>();
    else
        cp_async_wait<1>();
    store_vector(out + threadIdx.x, load_vector<float4>(&shared.values[0][threadIdx.x]));
}

extern "C" void seeded_wait_too_weak(bool wrong) {
    LAUNCH_ONE_OF(groups_kernel, wrong, make_output(), make_input(STAGES));
}

template <bool WRONG> __global__ void commit_kernel(float4 *out, const float4 *in) {
    SHARED_MEMORY(stages, shared);
    cp_async_16(&shared.values[0][threadIdx.x], in + threadIdx.x);
    if (!WRONG)
        cp_async_commit();
    cp_async_wait<0>();
    store_vector(out + threadIdx.x, load_vector<float4>(&shared.values[0][threadIdx.x]));
}

extern "C" void seeded_no_commit(bool wrong) {
    LAUNCH_ONE_OF(commit_kernel, wrong, make_output(), make_input(1));
}

template <bool WRONG> __global__ void store_kernel(float4 *out, const float4 *in) {
    SHARED_MEMORY(stages, shared);
    cp_async_16(&shared.values[0][threadIdx.x], in + threadIdx.x);
    cp_async_commit();
    if (!WRONG)
        cp_async_wait<0>();
    shared.values[0][threadIdx.x].x = 0.0f;
    cp_async_wait<0>();
    store_vector(out + threadIdx.x, load_vector<float4>(&shared.values[0][threadIdx.x]));
}

extern "C" void seeded_store_in_flight(bool wrong) {
    LAUNCH_ONE_OF(store_kernel, wrong, make_output(), make_input(1));
}

template <bool WRONG> __global__ void exchange_kernel(float4 *out, const float4 *in) {
    SHARED_MEMORY(stages, shared);
    cp_async_16(&shared.values[0][threadIdx.x], in + threadIdx.x);
    cp_async_commit();
    cp_async_wait<0>();
    if (!WRONG)
        __syncthreads();
    const unsigned other = BLOCK - 1 - threadIdx.x;
    store_vector(out + threadIdx.x, load_vector<float4>(&shared.values[0][other]));
}

extern "C" void seeded_no_barrier_after_wait(bool wrong) {
    LAUNCH_ONE_OF(exchange_kernel, wrong, make_output(), make_input(1));
}

template <bool WRONG> __global__ void order_kernel(float4 *out, const float4 *in) {
    SHARED_MEMORY(stages, shared);
    cp_async_16(&shared.values[0][threadIdx.x], in + threadIdx.x);
    cp_async_commit();
    if (WRONG)
        __syncthreads();
    cp_async_wait<0>();
    if (!WRONG)
        __syncthreads();
    store_vector(out + threadIdx.x,
                 load_vector<float4>(&shared.values[0][BLOCK - 1 - threadIdx.x]));
}

extern "C" void seeded_barrier_before_wait(bool wrong) {
    LAUNCH_ONE_OF(order_kernel, wrong, make_output(), make_input(1));
}

template <bool WRONG> __global__ void reuse_kernel(float4 *out, const float4 *in) {
    SHARED_MEMORY(stages, shared);
    float sum = 0.0f;
    for (int i = 0; i < 3; i++) {
        cp_async_16(&shared.values[0][threadIdx.x], in + i * BLOCK + threadIdx.x);
        cp_async_commit();
        cp_async_wait<0>();
        __syncthreads();
        sum += load_vector<float4>(&shared.values[0][BLOCK - 1 - threadIdx.x]).x;
        if (!WRONG)
            __syncthreads();
    }
    store_vector(out + threadIdx.x, make_float4(sum, 0.0f, 0.0f, 0.0f));
}

extern "C" void seeded_copy_over_what_is_read(bool wrong) {
    LAUNCH_ONE_OF(reuse_kernel, wrong, make_output(), make_input(3));
}

template <bool WRONG> __global__ void aligned_kernel(float4 *out, const float4 *in) {
    SHARED_MEMORY(stages, shared);
    const char *from = (const char *)(in + threadIdx.x) + (WRONG ? 8 : 16);
    cp_async_16(&shared.values[0][threadIdx.x], from);
    cp_async_commit();
    cp_async_wait<0>();
    store_vector(out + threadIdx.x, load_vector<float4>(&shared.values[0][threadIdx.x]));
}

extern "C" void seeded_copy_misaligned(bool wrong) {
    LAUNCH_ONE_OF(aligned_kernel, wrong, make_output(), make_input(2));
}

/* Reads a piece whose second half the copy left alone. */
template <bool WRONG> __global__ void half_kernel(float4 *out, const float4 *in) {
    SHARED_MEMORY(stages, shared);
    if (WRONG)
        cp_async_8(&shared.values[0][threadIdx.x], in + threadIdx.x);
    else
        cp_async_16(&shared.values[0][threadIdx.x], in + threadIdx.x, 8);
    cp_async_commit();
    cp_async_wait<0>();
    store_vector(out + threadIdx.x, load_vector<float4>(&shared.values[0][threadIdx.x]));
}

extern "C" void seeded_copy_half_written(bool wrong) {
    LAUNCH_ONE_OF(half_kernel, wrong, make_output(), make_input(1));
}
