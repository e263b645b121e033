/* Mistakes of who writes and who reads device memory, and of launches. */
#include "seeded.h"

#include "vector_access.h"

enum { BLOCK = 64, BLOCKS = 3, COUNT = BLOCK * BLOCKS };

/* Tiles of BLOCK elements, `step` apart. */
__global__ void tiles_kernel(int *out, int step) {
    const int i = (int)(blockIdx.x * step + threadIdx.x);
    out[i] = i;
}

extern "C" void seeded_two_blocks_write(bool wrong) {
    int *out = (int *)device_memory(COUNT * sizeof(int));
    LAUNCH(tiles_kernel, BLOCKS, BLOCK, 0, NULL, out, wrong ? BLOCK - 1 : BLOCK);
}

__global__ void threads_kernel(int *out, unsigned columns) {
    out[threadIdx.y * columns + threadIdx.x] = (int)threadIdx.x;
    __syncthreads(); /* changes nothing */
}

extern "C" void seeded_two_threads_write(bool wrong) {
    int *out = (int *)device_memory(BLOCK * sizeof(int));
    LAUNCH(threads_kernel, 1, dim3(8, 8), 0, NULL, out, wrong ? 7u : 8u);
}

/* Every block writes its elements, and reads one of a block: its own, or the next. */
__global__ void neighbour_kernel(int *out, int *sums, unsigned away) {
    const unsigned i = blockIdx.x * BLOCK + threadIdx.x;
    out[i] = (int)i;
    __syncthreads();
    const unsigned other = (blockIdx.x + away) % BLOCKS;
    sums[i] = out[other * BLOCK + (threadIdx.x + 1) % BLOCK];
}

extern "C" void seeded_read_of_another_block(bool wrong) {
    int *out = (int *)device_filled(COUNT * sizeof(int), 0);
    int *sums = (int *)device_memory(COUNT * sizeof(int));
    LAUNCH(neighbour_kernel, BLOCKS, BLOCK, 0, NULL, out, sums, wrong ? 1u : 0u);
}

/* In place: each thread reads its own element and one more, and replaces its own. */
template <bool WRONG> __global__ void in_place_kernel(int *values) {
    const unsigned i = threadIdx.x;
    const int sum = values[i] + values[(i + 1) % BLOCK];
    if (!WRONG)
        __syncthreads();
    values[i] = sum;
}

extern "C" void seeded_write_under_a_reader(bool wrong) {
    int *values = (int *)device_filled(BLOCK * sizeof(int), 1);
    if (wrong)
        LAUNCH((in_place_kernel<true>), 1, BLOCK, 0, NULL, values);
    else
        LAUNCH((in_place_kernel<false>), 1, BLOCK, 0, NULL, values);
}

/* Threads 0 and 32 read one place, and thread 0 writes there. The barrier of its warp lets the others
 * come before it. */
template <bool WRONG> __global__ void two_warps_kernel(int *value, int *out) {
    if (threadIdx.x % 32 == 0)
        out[threadIdx.x / 32] = *value;
    if (WRONG)
        __syncwarp();
    else
        __syncthreads();
    if (threadIdx.x == 0)
        *value = 2;
}

extern "C" void seeded_write_under_two_warps(bool wrong) {
    int *value = (int *)device_filled(sizeof(int), 1);
    int *out = (int *)device_memory(BLOCK / 32 * sizeof(int));
    if (wrong)
        LAUNCH((two_warps_kernel<true>), 1, BLOCK, 0, NULL, value, out);
    else
        LAUNCH((two_warps_kernel<false>), 1, BLOCK, 0, NULL, value, out);
}

/* Lanes 0 and 1 read a byte, lane 0 meets lane 2, and writes there: lane 1 may still read. */
template <bool WRONG> __global__ void lanes_kernel(char *value, char *out) {
    if (threadIdx.x < 2)
        out[threadIdx.x] = *value;
    const unsigned mask = WRONG ? 5 : 7;
    if (mask >> threadIdx.x & 1)
        __syncwarp(mask);
    if (threadIdx.x == 0)
        *value = 2;
}

extern "C" void seeded_write_under_a_lane(bool wrong) {
    char *value = (char *)device_filled(sizeof(int), 1);
    char *out = (char *)device_memory(2);
    if (wrong)
        LAUNCH((lanes_kernel<true>), 1, 32, 0, NULL, value, out);
    else
        LAUNCH((lanes_kernel<false>), 1, 32, 0, NULL, value, out);
}

/* All blocks read one place, and then one of them writes there: after its own barrier, but the
 * others may still read. */
template <bool WRONG> __global__ void all_read_kernel(int *value, int *out) {
    if (threadIdx.x == 0)
        out[blockIdx.x] = *value;
    __syncthreads();
    if (WRONG && threadIdx.x == 0 && blockIdx.x == BLOCKS - 1)
        *value = 2;
}

extern "C" void seeded_write_after_an_earlier_block(bool wrong) {
    int *value = (int *)device_filled(sizeof(int), 1);
    int *out = (int *)device_memory(BLOCKS * sizeof(int));
    if (wrong)
        LAUNCH((all_read_kernel<true>), BLOCKS, BLOCK, 0, NULL, value, out);
    else
        LAUNCH((all_read_kernel<false>), BLOCKS, BLOCK, 0, NULL, value, out);
}

template <bool WRONG> __global__ void count_kernel(int *count) {
    if (WRONG && blockIdx.x == 0 && threadIdx.x == 0)
        *count = 0;
    atomicAdd(count, 1);
}

/* For its own block it is early enough. */
template <bool WRONG> __global__ void count_after_barrier_kernel(int *count) {
    if (WRONG && blockIdx.x == 0 && threadIdx.x == 0)
        *count = 0;
    __syncthreads();
    atomicAdd(count, 1);
}

extern "C" void seeded_plain_in_an_earlier_block(bool wrong) {
    int *count = (int *)device_filled(sizeof(int), 0);
    if (wrong)
        LAUNCH((count_after_barrier_kernel<true>), BLOCKS, BLOCK, 0, NULL, count);
    else
        LAUNCH((count_after_barrier_kernel<false>), BLOCKS, BLOCK, 0, NULL, count);
}

extern "C" void seeded_plain_before_atomic(bool wrong) {
    int *count = (int *)device_filled(sizeof(int), 0);
    if (wrong)
        LAUNCH((count_kernel<true>), 1, BLOCK, 0, NULL, count);
    else
        LAUNCH((count_after_barrier_kernel<true>), 1, BLOCK, 0, NULL, count);
}

extern "C" void seeded_plain_beside_atomic(bool wrong) {
    int *count = (int *)device_filled(sizeof(int), 0);
    if (wrong)
        LAUNCH((count_kernel<true>), BLOCKS, BLOCK, 0, NULL, count);
    else
        LAUNCH((count_kernel<false>), BLOCKS, BLOCK, 0, NULL, count);
}

__global__ void copy_kernel(int *out, const int *in) {
    out[threadIdx.x] = in[threadIdx.x];
}

extern "C" void seeded_device_read_before_write(bool wrong) {
    int *out = (int *)device_memory(BLOCK * sizeof(int));
    int *in = (int *)device_memory(BLOCK * sizeof(int));
    emulator_memory_written(in, (BLOCK - wrong) * sizeof(int));
    LAUNCH(copy_kernel, 1, BLOCK, 0, NULL, out, in);
}

template <bool WRONG> __global__ void sum_kernel(int *out) {
    struct sums {
        int values[BLOCK];
    };
    SHARED_MEMORY(sums, shared);
    if (!WRONG)
        shared.values[threadIdx.x] = 0;
    shared.values[threadIdx.x] += 1;
    out[threadIdx.x] = shared.values[threadIdx.x];
}

extern "C" void seeded_shared_read_before_write(bool wrong) {
    int *out = (int *)device_memory(BLOCK * sizeof(int));
    if (wrong)
        LAUNCH((sum_kernel<true>), 1, BLOCK, BLOCK * sizeof(int), NULL, out);
    else
        LAUNCH((sum_kernel<false>), 1, BLOCK, BLOCK * sizeof(int), NULL, out);
}

__global__ void empty_kernel(void) {
}

extern "C" void seeded_too_much_shared_memory(bool wrong) {
    LAUNCH(empty_kernel, 1, 32, (size_t)227 * 1024 + (wrong ? 16 : 0), NULL);
}

extern "C" void seeded_too_many_threads(bool wrong) {
    LAUNCH(empty_kernel, 1, dim3(32, 32, wrong ? 2 : 1), 0, NULL);
}

extern "C" void seeded_grid_too_high(bool wrong) {
    LAUNCH(empty_kernel, dim3(1, wrong ? 65536 : 65535), 1, 0, NULL);
}

extern "C" void seeded_empty_grid(bool wrong) {
    LAUNCH(empty_kernel, wrong ? 0 : 1, 1, 0, NULL);
}

/* A grid that is too small by what a division left over. */
extern "C" void *seeded_unwritten_output(bool wrong, size_t *bytes) {
    const int count = COUNT - BLOCK / 2;
    *bytes = COUNT * sizeof(int);
    int *out = (int *)device_memory(*bytes);
    LAUNCH(tiles_kernel, wrong ? count / BLOCK : (count + BLOCK - 1) / BLOCK, BLOCK, 0, NULL, out,
           BLOCK);
    return out;
}
