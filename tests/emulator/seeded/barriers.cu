/* Mistakes of barriers of the block. */
#include "seeded.h"

#include "kernel_language.h"

enum { BLOCK = 96 };

struct line {
    int values[BLOCK];
};

static int *make_output(void) {
    return (int *)device_memory(BLOCK * sizeof(int));
}

#define LAUNCH_ONE_OF(kernel, wrong, ...)                                         \
    do {                                                                          \
        if (wrong)                                                                \
            LAUNCH((kernel<true>), 1, BLOCK, sizeof(line), NULL, ##__VA_ARGS__);  \
        else                                                                      \
            LAUNCH((kernel<false>), 1, BLOCK, sizeof(line), NULL, ##__VA_ARGS__); \
    } while (0)

template <bool WRONG> __global__ void reverse_kernel(int *out) {
    SHARED_MEMORY(line, shared);
    shared.values[threadIdx.x] = (int)threadIdx.x;
    if (!WRONG)
        __syncthreads();
    out[threadIdx.x] = shared.values[BLOCK - 1 - threadIdx.x];
}

extern "C" void seeded_no_barrier_after_store(bool wrong) {
    LAUNCH_ONE_OF(reverse_kernel, wrong, make_output());
}

template <bool WRONG> __global__ void rounds_kernel(int *out) {
    SHARED_MEMORY(line, shared);
    int sum = 0;
    for (int round = 0; round < 3; round++) {
        shared.values[threadIdx.x] = (int)threadIdx.x + round;
        __syncthreads();
        sum += shared.values[(threadIdx.x + 40) % BLOCK];
        if (!WRONG)
            __syncthreads();
    }
    out[threadIdx.x] = sum;
}

extern "C" void seeded_no_barrier_before_reuse(bool wrong) {
    LAUNCH_ONE_OF(rounds_kernel, wrong, make_output());
}

/* Threads of different warps write the two bytes of one cell: no conflict, unless they reach into
 * each other's. */
template <bool WRONG> __global__ void bytes_kernel(int *out) {
    SHARED_MEMORY(line, shared);
    unsigned char *bytes = (unsigned char *)&shared;
    const unsigned place = threadIdx.x % 48 * 2 + threadIdx.x / 48;
    if (WRONG && threadIdx.x == 50)
        *(uint16_t *)(bytes + place - 1) = 0;
    else
        bytes[place] = (unsigned char)threadIdx.x;
    __syncthreads();
    out[threadIdx.x] = bytes[BLOCK - 1 - threadIdx.x];
}

extern "C" void seeded_neighbouring_halves(bool wrong) {
    LAUNCH_ONE_OF(bytes_kernel, wrong, make_output());
}

template <bool WRONG> __global__ void exit_kernel(int *out, unsigned count) {
    SHARED_MEMORY(line, shared);
    if (WRONG && threadIdx.x >= count)
        return;
    shared.values[threadIdx.x] = 1;
    __syncthreads();
    if (threadIdx.x < count)
        out[threadIdx.x] = shared.values[count - 1 - threadIdx.x];
}

extern "C" void seeded_early_exit(bool wrong) {
    LAUNCH_ONE_OF(exit_kernel, wrong, make_output(), BLOCK - 5u);
}

template <bool WRONG> __global__ void branches_kernel(int *out) {
    const bool first = WRONG ? threadIdx.x < 64 : blockIdx.x == 0;
    if (first) {
        __syncthreads();
        out[threadIdx.x] = 1;
    } else {
        __syncthreads();
        out[threadIdx.x] = 2;
    }
}

extern "C" void seeded_barriers_in_two_branches(bool wrong) {
    LAUNCH_ONE_OF(branches_kernel, wrong, make_output());
}

template <bool WRONG> __global__ void half_kernel(int *out) {
    if (!WRONG || threadIdx.x < BLOCK / 2)
        __syncthreads();
    out[threadIdx.x] = 1;
}

extern "C" void seeded_barrier_of_half_the_block(bool wrong) {
    LAUNCH_ONE_OF(half_kernel, wrong, make_output());
}

/* The loop runs longer for some. */
template <bool WRONG> __global__ void loop_kernel(int *out) {
    const unsigned rounds = WRONG ? 3 + threadIdx.x / 90 : 3;
    for (unsigned i = 0; i < rounds; i++)
        __syncthreads();
    out[threadIdx.x] = (int)rounds;
}

extern "C" void seeded_one_barrier_more(bool wrong) {
    LAUNCH_ONE_OF(loop_kernel, wrong, make_output());
}
