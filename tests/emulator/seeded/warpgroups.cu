/* Mistakes with wgmma. */
#include "seeded.h"

#include "ptx.h"
#include "ptx_sm90.h"
#include "vector_access.h"

enum { GROUP = 128, TILES = 2, BYTES = TILES * 256 };

struct group_room {
    uint64_t full;
    alignas(16) uint4 b[BYTES / 16];
};

static float *make_output(void) {
    return (float *)device_memory(2 * GROUP * TILES * 4 * sizeof(float));
}

static const uint4 *make_input(void) {
    return (const uint4 *)device_filled(BYTES, 0x3F803F80);
}

#define LAUNCH_ONE_OF(kernel, wrong, ...)                                               \
    do {                                                                                \
        if (wrong)                                                                      \
            LAUNCH((kernel<true>), 1, GROUP, sizeof(group_room), NULL, ##__VA_ARGS__);  \
        else                                                                            \
            LAUNCH((kernel<false>), 1, GROUP, sizeof(group_room), NULL, ##__VA_ARGS__); \
    } while (0)

/* Some of b, by a bulk copy, for which all or only some warps wait. */
template <bool SOME_WAIT = false>
__device__ static void load(group_room &shared, const uint4 *in, unsigned bytes = BYTES) {
    if (threadIdx.x == 0) {
        mbarrier_init(&shared.full, 1);
        mbarrier_init_fence();
    }
    __syncthreads();
    if (threadIdx.x == 0) {
        mbarrier_arrive_expect(&shared.full, bytes);
        bulk_copy(shared.b, in, bytes, &shared.full);
    }
    if (!SOME_WAIT || threadIdx.x < 96)
        mbarrier_wait(&shared.full, 0);
}

__device__ static uint64_t right(const group_room &shared) {
    return wgmma_descriptor(shared.b, TILES * 128, 128);
}

__device__ static void store(float *out, const float (&sums)[TILES][4]) {
    for (int i = 0; i < TILES * 4; i++)
        out[TILES * 4 * threadIdx.x + i] = sums[i / 4][i % 4];
}

/* One product with b, as it should be. */
__device__ static void multiply_once(float *out, uint64_t b) {
    float sums[TILES][4] = {};
    const uint32_t a[4] = {};
    wgmma_fence();
    wgmma_bf16(sums, a, b);
    wgmma_commit();
    wgmma_wait<0>();
    store(out, sums);
}

template <bool WRONG> __global__ void no_fence_kernel(float *out, const uint4 *in) {
    SHARED_MEMORY(group_room, shared);
    load(shared, in);
    float sums[TILES][4] = {};
    uint32_t a[4] = {};
    wgmma_fence();
    wgmma_bf16(sums, a, right(shared));
    wgmma_commit();
    wgmma_wait<0>();
    if (!WRONG)
        wgmma_fence();
    wgmma_bf16(sums, a, right(shared));
    wgmma_commit();
    wgmma_wait<0>();
    store(out, sums);
}

extern "C" void seeded_wgmma_without_a_fence(bool wrong) {
    LAUNCH_ONE_OF(no_fence_kernel, wrong, make_output(), make_input());
}

/* The fence is there, and then a register is loaded. */
template <bool WRONG> __global__ void early_fence_kernel(float *out, const uint4 *in) {
    SHARED_MEMORY(group_room, shared);
    load(shared, in);
    float sums[TILES][4] = {};
    uint32_t a[4] = {1, 2, 3, 4}, b[4] = {1, 2, 3, 4};
    wgmma_fence();
    wgmma_bf16(sums, a, right(shared));
    wgmma_commit();
    if (!WRONG)
        b[1] = threadIdx.x;
    wgmma_fence();
    if (WRONG)
        b[1] = threadIdx.x;
    wgmma_bf16(sums, b, right(shared));
    wgmma_commit();
    wgmma_wait<0>();
    store(out, sums);
}

extern "C" void seeded_wgmma_fence_too_early(bool wrong) {
    LAUNCH_ONE_OF(early_fence_kernel, wrong, make_output(), make_input());
}

template <bool WRONG> __global__ void no_commit_kernel(float *out, const uint4 *in) {
    SHARED_MEMORY(group_room, shared);
    load(shared, in);
    float sums[TILES][4] = {};
    const uint32_t a[4] = {};
    wgmma_fence();
    wgmma_bf16(sums, a, right(shared));
    if (!WRONG)
        wgmma_commit();
    wgmma_wait<0>();
    store(out, sums);
}

extern "C" void seeded_wgmma_not_committed(bool wrong) {
    LAUNCH_ONE_OF(no_commit_kernel, wrong, make_output(), make_input());
}

template <bool WRONG> __global__ void weak_wait_kernel(float *out, const uint4 *in) {
    SHARED_MEMORY(group_room, shared);
    load(shared, in);
    float sums[TILES][4] = {}, others[TILES][4] = {};
    const uint32_t a[4] = {};
    wgmma_fence();
    wgmma_bf16(sums, a, right(shared));
    wgmma_commit();
    wgmma_bf16(others, a, right(shared));
    wgmma_commit();
    if (WRONG)
        wgmma_wait<2>();
    else
        wgmma_wait<1>();
    store(out, sums);
    wgmma_wait<0>();
    store(out + GROUP * TILES * 4, others);
}

extern "C" void seeded_wgmma_wait_too_weak(bool wrong) {
    LAUNCH_ONE_OF(weak_wait_kernel, wrong, make_output(), make_input());
}

template <bool WRONG> __global__ void not_written_kernel(float *out, const uint4 *in) {
    SHARED_MEMORY(group_room, shared);
    load(shared, in, WRONG ? BYTES - 16 : BYTES);
    multiply_once(out, right(shared));
}

extern "C" void seeded_wgmma_of_what_is_not_written(bool wrong) {
    LAUNCH_ONE_OF(not_written_kernel, wrong, make_output(), make_input());
}

/* All warps have to have waited for what they read together. */
template <bool WRONG> __global__ void some_wait_kernel(float *out, const uint4 *in) {
    SHARED_MEMORY(group_room, shared);
    load<WRONG>(shared, in);
    multiply_once(out, right(shared));
}

extern "C" void seeded_wgmma_of_some_who_wait(bool wrong) {
    LAUNCH_ONE_OF(some_wait_kernel, wrong, make_output(), make_input());
}

template <bool WRONG> __global__ void past_the_end_kernel(float *out, const uint4 *in) {
    SHARED_MEMORY(group_room, shared);
    load(shared, in);
    multiply_once(out, wgmma_descriptor(shared.b, WRONG ? 512 : 256, 128));
}

extern "C" void seeded_wgmma_past_the_end(bool wrong) {
    LAUNCH_ONE_OF(past_the_end_kernel, wrong, make_output(), make_input());
}

/* Stores reach what reads asynchronously only through a proxy fence. */
template <bool WRONG> __global__ void stored_kernel(float *out, const uint4 *in) {
    SHARED_MEMORY(group_room, shared);
    if (WRONG)
        store_vector(&shared.b[0], make_uint4(0, 0, 0, 0));
    else
        load(shared, in);
    if (WRONG) {
        __syncthreads();
        if (threadIdx.x > 0 && threadIdx.x < BYTES / 16)
            store_vector(&shared.b[threadIdx.x], make_uint4(0, 0, 0, 0));
        __syncthreads();
    }
    multiply_once(out, right(shared));
}

extern "C" void seeded_wgmma_of_ordinary_stores(bool wrong) {
    LAUNCH_ONE_OF(stored_kernel, wrong, make_output(), make_input());
}

/* And so do those of cp.async. */
template <bool WRONG> __global__ void copied_kernel(float *out, const uint4 *in) {
    SHARED_MEMORY(group_room, shared);
    if (WRONG) {
        if (threadIdx.x < BYTES / 16)
            cp_async_16(&shared.b[threadIdx.x], in + threadIdx.x);
        cp_async_commit();
        cp_async_wait<0>();
        __syncthreads();
    } else {
        load(shared, in);
    }
    multiply_once(out, right(shared));
}

extern "C" void seeded_wgmma_of_cp_async(bool wrong) {
    LAUNCH_ONE_OF(copied_kernel, wrong, make_output(), make_input());
}

template <bool WRONG> __global__ void places_kernel(float *out, const uint4 *in) {
    SHARED_MEMORY(group_room, shared);
    load(shared, in);
    float sums[TILES][4] = {};
    const uint32_t a[4] = {};
    wgmma_fence();
    if (WRONG && threadIdx.x >= 96)
        wgmma_bf16(sums, a, right(shared));
    else
        wgmma_bf16(sums, a, right(shared));
    wgmma_commit();
    wgmma_wait<0>();
    store(out, sums);
}

extern "C" void seeded_wgmma_in_two_branches(bool wrong) {
    LAUNCH_ONE_OF(places_kernel, wrong, make_output(), make_input());
}

template <bool WRONG> __global__ void descriptors_kernel(float *out, const uint4 *in) {
    SHARED_MEMORY(group_room, shared);
    load(shared, in);
    float sums[1][4] = {};
    const uint32_t a[4] = {};
    const unsigned half = WRONG ? threadIdx.x / 96 : 0;
    wgmma_fence();
    wgmma_bf16(sums, a, wgmma_descriptor(&shared.b[16 * half], 128, 128));
    wgmma_commit();
    wgmma_wait<0>();
    out[threadIdx.x] = sums[0][0];
}

extern "C" void seeded_wgmma_of_two_matrices(bool wrong) {
    LAUNCH_ONE_OF(descriptors_kernel, wrong, make_output(), make_input());
}

template <bool WRONG> __global__ void half_group_kernel(float *out, const uint4 *in) {
    SHARED_MEMORY(group_room, shared);
    load(shared, in);
    if (WRONG && threadIdx.x >= 64)
        return;
    multiply_once(out, right(shared));
}

extern "C" void seeded_wgmma_of_half_a_group(bool wrong) {
    LAUNCH_ONE_OF(half_group_kernel, wrong, make_output(), make_input());
}

/* A copy over b begins before the product is complete; the last one that there is. */
template <bool WRONG> __global__ void overwritten_kernel(float *out, const uint4 *in) {
    SHARED_MEMORY(group_room, shared);
    load(shared, in);
    float sums[TILES][4] = {};
    const uint32_t a[4] = {};
    wgmma_fence();
    wgmma_bf16(sums, a, right(shared));
    wgmma_commit();
    if (!WRONG)
        wgmma_wait<0>();
    __syncthreads();
    if (threadIdx.x == 0) {
        mbarrier_arrive_expect(&shared.full, BYTES);
        bulk_copy(shared.b, in, BYTES, &shared.full);
    }
    wgmma_wait<0>();
    mbarrier_wait(&shared.full, 1);
    store(out, sums);
}

extern "C" void seeded_wgmma_overwritten(bool wrong) {
    LAUNCH_ONE_OF(overwritten_kernel, wrong, make_output(), make_input());
}

template <bool WRONG> __global__ void registers_kernel(void) {
    if (!WRONG || threadIdx.x < 96)
        registers_give<40>();
}

extern "C" void seeded_registers_of_some_warps(bool wrong) {
    LAUNCH_ONE_OF(registers_kernel, wrong);
}

template <bool WRONG> __global__ void direction_kernel(void) {
    registers_give<40>();
    if (WRONG)
        registers_give<48>();
    else
        registers_take<48>();
}

extern "C" void seeded_registers_in_the_wrong_direction(bool wrong) {
    LAUNCH_ONE_OF(direction_kernel, wrong);
}
