/* The kernels on the GPU. The rehearsal compiles this for the runtime double. */
#define sm90_wgmma        sm90_device_wgmma
#define sm90_wgmma_groups sm90_device_wgmma_groups
#define sm90_copy         sm90_device_copy
#define sm90_pairs        sm90_device_pairs
#include "sm90_kernels.cu"

#include "conformance_gpu.h"
#include "conformance_sm90.h"

enum { MOST_PIECES = 8 };
static void *pieces[MOST_PIECES];
static int piece_count;
static cudaError_t failure; /* the first one */

static bool fine(cudaError_t error) {
    if (failure == cudaSuccess)
        failure = error;
    return error == cudaSuccess;
}

static void *give(const void *from, size_t bytes) {
    void *memory = NULL;
    if (piece_count == MOST_PIECES || !fine(cudaMalloc(&memory, bytes)))
        return NULL;
    pieces[piece_count++] = memory;
    (void)fine(cudaMemcpy(memory, from, bytes, cudaMemcpyHostToDevice));
    return memory;
}

static const char *finish(void) {
    (void)fine(cudaGetLastError());
    (void)fine(cudaDeviceSynchronize());
    return failure == cudaSuccess ? NULL : cudaGetErrorString(failure);
}

static void take(void *to, const void *memory, size_t bytes) {
    (void)fine(cudaMemcpy(to, memory, bytes, cudaMemcpyDeviceToHost));
}

static void clear(void) {
    while (piece_count > 0)
        (void)fine(cudaFree(pieces[--piece_count]));
}

extern "C" {
struct sm90_side sm90_device = {"no GPU",          give,      finish,    take, clear, sm90_wgmma,
                                sm90_wgmma_groups, sm90_copy, sm90_pairs};
}

extern "C" const char *sm90_device_begin(void) {
    struct cudaDeviceProp properties;
    const char *problem = first_gpu(&properties);
    if (problem != NULL)
        return problem;
    if (properties.major != 9 || properties.minor != 0)
        return "the GPU is not of sm_90, which alone has the instructions of sm_90a";
    sm90_device.name = gpu_name;
    return NULL;
}
