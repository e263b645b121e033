#include "device_case.h"

#include <cuda_runtime_api.h>
#include <stdlib.h>

#include "cuda_double.h"
#include "elements/elements.h"
#include "emulator.h"
#include "suite.h"

uint64_t next_random(uint64_t *state) {
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

int64_t random_size(uint64_t *state, int64_t low, int64_t high) {
    return low + (int64_t)(next_random(state) % (uint64_t)(high - low + 1));
}

bool one_in(uint64_t *state, int64_t n) {
    return random_size(state, 1, n) == 1;
}

void *host_memory(size_t bytes) {
    void *memory = malloc(bytes > 0 ? bytes : 1);
    ck_assert_ptr_nonnull(memory);
    return memory;
}

void *random_elements(uint64_t *state, denseblock_type type, size_t count) {
    void *elements = host_memory(count * denseblock_type_size(type));
    for (size_t i = 0; i < count; i++)
        dblk_element_store(type, elements, i,
                           (double)(int64_t)next_random(state) / (double)INT64_MAX);
    return elements;
}

static void ck_cuda(cudaError_t error) {
    ck_assert_msg(error == cudaSuccess, "%s\n%s%s", cudaGetErrorString(error), emulator_reports(),
                  cuda_double_mistakes());
}

void *device_space(size_t bytes) {
    void *device = NULL;
    ck_cuda(cudaMalloc(&device, bytes > 0 ? bytes : 1));
    return device;
}

void *to_device(const void *host, size_t bytes) {
    void *device = device_space(bytes);
    if (bytes > 0)
        ck_cuda(cudaMemcpy(device, host, bytes, cudaMemcpyHostToDevice));
    return device;
}

void from_device(void *host, const void *device, size_t bytes) {
    if (bytes > 0)
        ck_cuda(cudaMemcpy(host, device, bytes, cudaMemcpyDeviceToHost));
}

void free_device(void *device) {
    ck_cuda(cudaDeviceSynchronize()); /* nothing uses it any more */
    ck_cuda(cudaFree(device));
}

void begin_device(uint64_t seed) {
    cuda_double_begin(NULL);
    emulator_clear();
    const struct emulator_settings settings = {.seed = seed, .early_copies = seed % 2 == 0};
    emulator_set(&settings);
}

void end_device(void) {
    ck_cuda(cudaDeviceSynchronize());
    ck_assert_msg(emulator_count(EMULATOR_FINDINGS) == 0, "%s", emulator_reports());
    ck_assert_str_eq(cuda_double_mistakes(), "");
    ck_assert_str_eq(cuda_double_leaks(), "");
}
