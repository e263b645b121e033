/* Kernels of few instructions each. */
#include "sm90_kernels.h"

#include "ptx.h"
#include "ptx_sm90.h"
#include "vector_access.h"

/* ---- wgmma ---- */

struct group_shared {
    uint64_t full;
    uint4 image[1];
};

/* The image into shared memory, by one bulk copy. */
__device__ static void load_image(group_shared &shared, const uint32_t *image, uint32_t bytes) {
    if (threadIdx.x == 0) {
        mbarrier_init(&shared.full, 1);
        mbarrier_init_fence();
    }
    __syncthreads();
    if (threadIdx.x == 0) {
        mbarrier_arrive_expect(&shared.full, bytes);
        bulk_copy(shared.image, image, bytes, &shared.full);
    }
    mbarrier_wait(&shared.full, 0);
}

template <int T> __device__ static void load_sums(float (&sums)[T][4], const float *d) {
    for (int i = 0; i < 4 * T; i++)
        sums[i / 4][i % 4] = d[4 * T * threadIdx.x + i];
}

template <int T> __device__ static void store_sums(float *d, const float (&sums)[T][4]) {
    for (int i = 0; i < 4 * T; i++)
        d[4 * T * threadIdx.x + i] = sums[i / 4][i % 4];
}

__device__ static void load_left(uint32_t (&left)[4], const uint32_t *a) {
    for (int r = 0; r < 4; r++)
        left[r] = a[4 * threadIdx.x + r];
}

template <twin_matrix KIND, int T>
__device__ static void multiply(float (&sums)[T][4], const uint32_t (&left)[4], uint64_t right) {
    if (KIND == TWIN_F16)
        wgmma_f16(sums, left, right);
    else if (KIND == TWIN_BF16)
        wgmma_bf16(sums, left, right);
    else
        wgmma_tf32(sums, left, right);
}

template <twin_matrix KIND, int T>
static __global__ void __launch_bounds__(SM90_GROUP)
    wgmma_kernel(sm90_product product, float *d, const uint32_t *a, const uint32_t *image,
                 uint32_t bytes) {
    SHARED_MEMORY(group_shared, shared);
    load_image(shared, image, bytes);
    float sums[T][4];
    uint32_t left[4];
    load_sums(sums, d);
    load_left(left, a);
    const char *b = reinterpret_cast<const char *>(shared.image) + product.offset;
    wgmma_fence();
    multiply<KIND>(sums, left, wgmma_descriptor(b, product.leading, product.stride));
    wgmma_commit();
    wgmma_wait<0>();
    store_sums(d, sums);
}

template <twin_matrix KIND>
static void launch_wgmma(const sm90_product &product, float *d, const uint32_t *a,
                         const uint32_t *image, uint32_t bytes) {
    const size_t shared_bytes = sizeof(group_shared) + bytes;
#define LAUNCH_TILES(T)                                                                          \
    case T:                                                                                      \
        LAUNCH((wgmma_kernel<KIND, T>), 1, SM90_GROUP, shared_bytes, NULL, product, d, a, image, \
               bytes);                                                                           \
        break
    switch (product.tiles) {
        LAUNCH_TILES(4);
        LAUNCH_TILES(8);
        LAUNCH_TILES(16);
    default:
        break;
    }
}

extern "C" void sm90_wgmma(const struct sm90_product *product, float *d, const uint32_t *a,
                           const uint32_t *image, uint32_t bytes) {
    if (product->kind == TWIN_F16)
        launch_wgmma<TWIN_F16>(*product, d, a, image, bytes);
    else if (product->kind == TWIN_BF16)
        launch_wgmma<TWIN_BF16>(*product, d, a, image, bytes);
    else
        launch_wgmma<TWIN_TF32>(*product, d, a, image, bytes);
}

enum { GROUPS_TILES = 8, GROUPS_BYTES = 2 * GROUPS_TILES * 128 };

static __global__ void __launch_bounds__(SM90_GROUP)
    groups_kernel(float *d0, float *d1, const uint32_t *a0, const uint32_t *a1,
                  const uint32_t *image) {
    SHARED_MEMORY(group_shared, shared);
    load_image(shared, image, GROUPS_BYTES);
    const uint64_t right = wgmma_descriptor(shared.image, GROUPS_BYTES / 2, 128);
    float sums0[GROUPS_TILES][4], sums1[GROUPS_TILES][4];
    uint32_t left0[4], left1[4];
    load_sums(sums0, d0);
    load_left(left0, a0);
    load_sums(sums1, d1);
    load_left(left1, a1);
    wgmma_fence();
    wgmma_bf16(sums0, left0, right);
    wgmma_bf16(sums1, left1, right);
    wgmma_commit();
    wgmma_bf16(sums0, left1, right);
    wgmma_commit();
    wgmma_wait<1>();
    store_sums(d1, sums1);
    wgmma_wait<0>();
    store_sums(d0, sums0);
}

extern "C" void sm90_wgmma_groups(float *d0, float *d1, const uint32_t *a0, const uint32_t *a1,
                                  const uint32_t *image) {
    LAUNCH(groups_kernel, 1, SM90_GROUP, sizeof(group_shared) + GROUPS_BYTES, NULL, d0, d1, a0,
           a1, image);
}

/* ---- Copies ---- */

enum { COPY_STAGES = 2 };

struct copy_shared {
    uint64_t full[COPY_STAGES], empty[COPY_STAGES];
    uint4 pieces[COPY_STAGES][SM90_COPIERS];
};

template <bool BY_THREADS>
__device__ static void fill(copy_shared &shared, int stage, const uint4 *from) {
    const int lane = (int)threadIdx.x % 32;
    if (BY_THREADS) {
        for (int i = lane; i < SM90_COPIERS; i += 32)
            cp_async_16(&shared.pieces[stage][i], from + i);
        cp_async_arrive(&shared.full[stage]);
    } else if (lane == 0) {
        mbarrier_arrive_expect(&shared.full[stage], sizeof shared.pieces[stage]);
        bulk_copy(shared.pieces[stage], from, sizeof shared.pieces[stage] / 4,
                  &shared.full[stage]);
        bulk_copy(&shared.pieces[stage][SM90_COPIERS / 4], from + SM90_COPIERS / 4,
                  sizeof shared.pieces[stage] / 4 * 3, &shared.full[stage]);
    }
}

template <bool BY_THREADS>
static __global__ void copy_kernel(int rounds, uint4 *to, const uint4 *from) {
    SHARED_MEMORY(copy_shared, shared);
    if (threadIdx.x == 0) {
        for (int stage = 0; stage < COPY_STAGES; stage++) {
            mbarrier_init(&shared.full[stage], BY_THREADS ? 32 : 1);
            mbarrier_init(&shared.empty[stage], SM90_COPIERS);
        }
        mbarrier_init_fence();
    }
    __syncthreads();
    const int reader = (int)threadIdx.x - 32;
    for (int i = 0; i < rounds; i++) {
        const int stage = i % COPY_STAGES;
        const unsigned parity = (unsigned)(i / COPY_STAGES) % 2;
        if (reader < 0) {
            mbarrier_wait(&shared.empty[stage], parity ^ 1);
            fill<BY_THREADS>(shared, stage, from + i * SM90_COPIERS);
        } else {
            mbarrier_wait(&shared.full[stage], parity);
            store_vector(to + i * SM90_COPIERS + reader,
                         load_vector<uint4>(&shared.pieces[stage][SM90_COPIERS - 1 - reader]));
            mbarrier_arrive(&shared.empty[stage]);
        }
    }
}

extern "C" void sm90_copy(int by_threads, int rounds, uint32_t *to, const uint32_t *from) {
    uint4 *const pieces_to = reinterpret_cast<uint4 *>(to);
    const uint4 *const pieces_from = reinterpret_cast<const uint4 *>(from);
    if (by_threads)
        LAUNCH((copy_kernel<true>), 1, 32 + SM90_COPIERS, sizeof(copy_shared), NULL, rounds,
               pieces_to, pieces_from);
    else
        LAUNCH((copy_kernel<false>), 1, 32 + SM90_COPIERS, sizeof(copy_shared), NULL, rounds,
               pieces_to, pieces_from);
}

/* ---- Named barriers ---- */

struct pairs_shared {
    uint32_t values[SM90_PAIRS][64];
};

template <int PAIR>
__device__ static uint32_t exchange(pairs_shared &shared, int rounds, uint32_t value) {
    uint32_t sum = 0;
    const unsigned in_pair = threadIdx.x % 64;
    for (int i = 0; i < rounds; i++) {
        shared.values[PAIR][in_pair] = value + (uint32_t)i;
        named_barrier<PAIR + 1>(64);
        sum += shared.values[PAIR][in_pair ^ 32];
        named_barrier<PAIR + 1>(64);
    }
    return sum;
}

static __global__ void pairs_kernel(int rounds, uint32_t *result, const uint32_t *values) {
    SHARED_MEMORY(pairs_shared, shared);
    const uint32_t value = values[threadIdx.x];
    uint32_t sum;
    if (threadIdx.x < 64)
        sum = exchange<0>(shared, rounds, value);
    else if (threadIdx.x < 128)
        sum = exchange<1>(shared, rounds + 1, value);
    else if (threadIdx.x < 192)
        sum = exchange<2>(shared, rounds + 2, value);
    else
        sum = exchange<3>(shared, rounds + 3, value);
    result[threadIdx.x] = sum;
}

extern "C" void sm90_pairs(int rounds, uint32_t *result, const uint32_t *values) {
    LAUNCH(pairs_kernel, 1, 64 * SM90_PAIRS, sizeof(pairs_shared), NULL, rounds, result, values);
}
