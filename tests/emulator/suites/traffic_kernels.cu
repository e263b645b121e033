/* Kernels whose traffic can be told in advance. */
#include "traffic_kernels.h"

#include "ptx.h"
#include "vector_access.h"

enum { LANES = 32, WORDS = 2048 };

struct words {
    float values[WORDS];
};

/* One store for every word: 64 of the whole warp, without conflicts. */
static __device__ void fill(words &shared) {
    for (int i = (int)threadIdx.x; i < WORDS; i += LANES)
        shared.values[i] = (float)i;
    __syncthreads();
}

__global__ void shared_words_kernel(float *out, int stride, int period, int rounds) {
    SHARED_MEMORY(words, shared);
    fill(shared);
    float sum = 0.0f;
    for (int i = 0; i < rounds; i++)
        sum += shared.values[(int)threadIdx.x % period * stride + i % 64];
    out[threadIdx.x] = sum;
}

extern "C" void traffic_shared_words(float *out, int stride, int period, int rounds) {
    LAUNCH(shared_words_kernel, 1, LANES, sizeof(words), NULL, out, stride, period, rounds);
}

template <typename V> __global__ void shared_vectors_kernel(float *out, int stride) {
    SHARED_MEMORY(words, shared);
    fill(shared);
    const char *from = (const char *)&shared + (int)threadIdx.x * stride;
    out[threadIdx.x] = load_vector<V>(from).x;
}

extern "C" void traffic_shared_vectors(float *out, int bytes, int stride) {
    if (bytes == 8)
        LAUNCH((shared_vectors_kernel<float2>), 1, LANES, sizeof(words), NULL, out, stride);
    else
        LAUNCH((shared_vectors_kernel<float4>), 1, LANES, sizeof(words), NULL, out, stride);
}

__global__ void shared_matrices_kernel(float *out, int stride) {
    SHARED_MEMORY(words, shared);
    fill(shared);
    uint32_t fragments[4];
    ldmatrix_x4(fragments, (const char *)&shared + (int)threadIdx.x * stride);
    out[threadIdx.x] = (float)fragments[0];
}

extern "C" void traffic_shared_matrices(float *out, int stride) {
    LAUNCH(shared_matrices_kernel, 1, LANES, sizeof(words), NULL, out, stride);
}

__global__ void global_words_kernel(float *out, const float *in, int offset, int stride,
                                    int lanes) {
    float value = 0.0f;
    if ((int)threadIdx.x < lanes)
        value = in[offset + stride * (int)threadIdx.x];
    out[threadIdx.x] = value;
}

extern "C" void traffic_global_words(float *out, const float *in, int offset, int stride,
                                     int lanes) {
    LAUNCH(global_words_kernel, 1, LANES, 0, NULL, out, in, offset, stride, lanes);
}

__global__ void global_vectors_kernel(float *out, const float *in, int stride) {
    out[threadIdx.x] = load_vector<float4>(in + stride * (int)threadIdx.x).x;
}

extern "C" void traffic_global_vectors(float *out, const float *in, int stride) {
    LAUNCH(global_vectors_kernel, 1, LANES, 0, NULL, out, in, stride);
}

__global__ void branches_kernel(float *out, const float *in) {
    float value;
    if (threadIdx.x % 2 == 0)
        value = in[threadIdx.x] + 1.0f;
    else
        value = in[threadIdx.x] - 1.0f;
    value += in[threadIdx.x + LANES];
    out[threadIdx.x] = value;
}

extern "C" void traffic_branches(float *out, const float *in) {
    LAUNCH(branches_kernel, 1, LANES, 0, NULL, out, in);
}

__global__ void guarded_loop_kernel(float *out, const float *in, int rounds) {
    float sum = 0.0f;
    for (int i = 0; i < rounds; i++) {
        if (threadIdx.x != 5 || i % 2 == 0)
            sum += in[i * LANES + (int)threadIdx.x];
        sum += in[(i + 1) * LANES + (int)threadIdx.x];
    }
    out[threadIdx.x] = sum;
}

extern "C" void traffic_guarded_loop(float *out, const float *in, int rounds) {
    LAUNCH(guarded_loop_kernel, 1, LANES, 0, NULL, out, in, rounds);
}

__global__ void rare_branch_kernel(float *out, const float *in, int rounds) {
    float sum = 0.0f;
    for (int i = 0; i < rounds; i++) {
        if (__builtin_expect(threadIdx.x == 5, 0))
            sum = 2.0f * sum + in[i * LANES + (int)threadIdx.x];
        sum += in[(i + 1) * LANES + (int)threadIdx.x];
    }
    out[threadIdx.x] = sum;
}

extern "C" void traffic_rare_branch(float *out, const float *in, int rounds) {
    LAUNCH(rare_branch_kernel, 1, LANES, 0, NULL, out, in, rounds);
}
