/* Mistakes of addresses. */
#include "seeded.h"

#include <stdlib.h>

#include "ptx.h"
#include "vector_access.h"

enum { BLOCK = 64, BLOCKS = 3, COUNT = BLOCK * BLOCKS };

/* Sums of three neighbours. */
template <bool WRONG> __global__ void halo_kernel(float *out, const float *in, int count) {
    struct tile {
        float values[BLOCK + 2];
    };
    SHARED_MEMORY(tile, shared);
    const int first = (int)(blockIdx.x * BLOCK) - 1;
    for (int i = (int)threadIdx.x; i < BLOCK + 2; i += BLOCK) {
        const int from = first + i;
        const bool inside = WRONG ? from >= 0 && from <= count : from >= 0 && from < count;
        shared.values[i] = inside ? in[from] : 0.0f;
    }
    __syncthreads();
    const float *at = &shared.values[threadIdx.x];
    out[first + 1 + (int)threadIdx.x] = at[0] + at[1] + at[2];
}

extern "C" void seeded_halo_off_by_one(bool wrong) {
    float *out = (float *)device_memory(COUNT * sizeof(float));
    const float *in = (const float *)device_filled(COUNT * sizeof(float), 0);
    const size_t shared_bytes = (BLOCK + 2) * sizeof(float);
    if (wrong)
        LAUNCH((halo_kernel<true>), BLOCKS, BLOCK, shared_bytes, NULL, out, in, COUNT);
    else
        LAUNCH((halo_kernel<false>), BLOCKS, BLOCK, shared_bytes, NULL, out, in, COUNT);
}

__global__ void write_kernel(float *out, int count) {
    const int i = (int)(blockIdx.x * BLOCK + threadIdx.x);
    if (i < count)
        out[i] = 1.0f;
}

extern "C" void seeded_write_past_the_end(bool wrong) {
    const int count = COUNT - 1;
    float *out = (float *)device_memory((size_t)count * sizeof(float));
    LAUNCH(write_kernel, BLOCKS, BLOCK, 0, NULL, out, wrong ? COUNT : count);
}

/* A pixel and the one above it. */
template <bool WRONG> __global__ void padding_kernel(float *out, const float *in, int width) {
    const int x = (int)threadIdx.x, y = (int)blockIdx.x;
    const float above = WRONG || y > 0 ? in[(y - 1) * width + x] : 0.0f;
    out[y * width + x] = in[y * width + x] + above;
}

extern "C" void seeded_no_padding_predicate(bool wrong) {
    float *out = (float *)device_memory(COUNT * sizeof(float));
    const float *in = (const float *)device_filled(COUNT * sizeof(float), 0);
    if (wrong)
        LAUNCH((padding_kernel<true>), BLOCKS, BLOCK, 0, NULL, out, in, BLOCK);
    else
        LAUNCH((padding_kernel<false>), BLOCKS, BLOCK, 0, NULL, out, in, BLOCK);
}

__global__ void shared_kernel(float *out) {
    struct tile {
        float values[BLOCK];
    };
    SHARED_MEMORY(tile, shared);
    shared.values[threadIdx.x] = (float)threadIdx.x;
    __syncthreads();
    out[threadIdx.x] = shared.values[BLOCK - 1 - threadIdx.x];
}

extern "C" void seeded_shared_past_the_end(bool wrong) {
    float *out = (float *)device_memory(BLOCK * sizeof(float));
    LAUNCH(shared_kernel, 1, BLOCK, (BLOCK - wrong) * sizeof(float), NULL, out);
}

template <typename I> __global__ void overflow_kernel(char *out, int stride) {
    const I pixel = (I)threadIdx.x * (I)1024;
    out[pixel * (I)stride] = 1;
}

extern "C" void seeded_index_overflow(bool wrong) {
    char *out = (char *)device_memory(((size_t)1 << 31) + 4096);
    const int stride = (1 << 21) / 31;
    if (wrong)
        LAUNCH((overflow_kernel<int>), 1, 32, 0, NULL, out, stride + 70000);
    else
        LAUNCH((overflow_kernel<int64_t>), 1, 32, 0, NULL, out, stride);
}

extern "C" void seeded_use_after_free(bool wrong) {
    float *out = (float *)device_memory(COUNT * sizeof(float));
    LAUNCH(write_kernel, BLOCKS, BLOCK, 0, NULL, out, COUNT);
    if (wrong)
        emulator_memory_remove(out);
    LAUNCH(write_kernel, BLOCKS, BLOCK, 0, NULL, out, COUNT);
}

template <bool WRONG> __global__ void local_kernel(int *out) {
    struct exchange {
        const int *pointers[BLOCK];
        int values[BLOCK];
    };
    SHARED_MEMORY(exchange, shared);
    volatile int local[2] = {(int)threadIdx.x, 1};
    shared.pointers[threadIdx.x] = (const int *)&local[0];
    shared.values[threadIdx.x] = local[0];
    __syncthreads();
    const unsigned other = threadIdx.x ^ 1;
    out[threadIdx.x] = WRONG ? *shared.pointers[other] : shared.values[other];
    __syncthreads();
}

extern "C" void seeded_local_memory_of_another(bool wrong) {
    int *out = (int *)device_memory(BLOCK * sizeof(int));
    const size_t shared_bytes = BLOCK * (sizeof(int *) + sizeof(int));
    if (wrong)
        LAUNCH((local_kernel<true>), 1, BLOCK, shared_bytes, NULL, out);
    else
        LAUNCH((local_kernel<false>), 1, BLOCK, shared_bytes, NULL, out);
}

__global__ void local_array_kernel(int *out, int last) {
    int squares[8];
    for (int i = 0; i < 8; i++)
        squares[i] = i * i;
    out[threadIdx.x] = squares[(int)threadIdx.x % (last + 1)];
}

extern "C" void seeded_local_array_too_short(bool wrong) {
    int *out = (int *)device_memory(BLOCK * sizeof(int));
    LAUNCH(local_array_kernel, 1, BLOCK, 0, NULL, out, wrong ? 8 : 7);
}

/* Tables that are constants of the program are there on a GPU too. */
static __device__ const float table[4] = {1.0f, 2.0f, 3.0f, 4.0f};
static float variable[BLOCK];

__global__ void read_kernel(float *out, const float *in) {
    out[threadIdx.x] = in[threadIdx.x] + table[threadIdx.x % 4];
}

extern "C" void seeded_host_heap(bool wrong) {
    float *out = (float *)device_memory(BLOCK * sizeof(float));
    float *heap = (float *)calloc(BLOCK, sizeof(float));
    const float *in = (const float *)device_filled(BLOCK * sizeof(float), 0);
    LAUNCH(read_kernel, 1, BLOCK, 0, NULL, out, wrong ? heap : in);
    free(heap);
}

extern "C" void seeded_host_variable(bool wrong) {
    float *out = (float *)device_memory(BLOCK * sizeof(float));
    const float *in = (const float *)device_filled(BLOCK * sizeof(float), 0);
    LAUNCH(read_kernel, 1, BLOCK, 0, NULL, wrong ? variable : out, in);
}

/* Copies 8 channels of each pixel, from a first one on. */
__global__ void vector_kernel(uint4 *out, const uint16_t *in, int stride, int first) {
    const uint16_t *from = in + (size_t)threadIdx.x * stride + first;
    store_vector(out + threadIdx.x, load_vector<uint4>(from));
}

extern "C" void seeded_misaligned_vector(bool wrong) {
    uint4 *out = (uint4 *)device_memory(BLOCK * sizeof(uint4));
    const uint16_t *in = (const uint16_t *)device_filled(BLOCK * 32 * sizeof(uint16_t), 0);
    LAUNCH(vector_kernel, 1, BLOCK, 0, NULL, out, in, 32, wrong ? 12 : 16);
}

__global__ void scalar_kernel(float *out, const char *in, int offset) {
    out[threadIdx.x] = *(const float *)(in + 4 * threadIdx.x + offset);
}

extern "C" void seeded_misaligned_scalar(bool wrong) {
    float *out = (float *)device_memory(BLOCK * sizeof(float));
    const char *in = (const char *)device_filled((BLOCK + 1) * sizeof(float), 0);
    LAUNCH(scalar_kernel, 1, BLOCK, 0, NULL, out, in, wrong ? 2 : 4);
}

/* The last piece has fewer bytes than the others. */
template <bool WRONG>
__global__ void ragged_kernel(uint16_t *out, const uint16_t *in, int count) {
    struct tile {
        uint16_t values[BLOCK * 8];
    };
    SHARED_MEMORY(tile, shared);
    const int first = (int)threadIdx.x * 8;
    const int left = count - first;
    const int valid = left >= 8 ? 8 : left > 0 ? left : 0;
    cp_async_16(&shared.values[first], valid > 0 ? in + first : in, WRONG ? 16 : 2 * valid);
    cp_async_commit();
    cp_async_wait<0>();
    for (int i = first; i < first + 8; i++)
        out[i] = shared.values[i];
}

extern "C" void seeded_copy_past_the_end(bool wrong) {
    const int count = BLOCK * 8 - 3;
    const size_t bytes = BLOCK * 8 * sizeof(uint16_t);
    uint16_t *out = (uint16_t *)device_memory(bytes);
    const uint16_t *in = (const uint16_t *)device_memory((size_t)count * sizeof(uint16_t));
    emulator_memory_written(in, (size_t)count * sizeof(uint16_t));
    if (wrong)
        LAUNCH((ragged_kernel<true>), 1, BLOCK, bytes, NULL, out, in, count);
    else
        LAUNCH((ragged_kernel<false>), 1, BLOCK, bytes, NULL, out, in, count);
}
