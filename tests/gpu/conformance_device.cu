/* The functions of ptx.h on the GPU. The rehearsal compiles this for the runtime double. */
#include "conformance_gpu.h"
#include "conformance_kernels.h"

static const char *run(enum conformance_function function, unsigned fragments, const uint32_t *in,
                       uint32_t *out) {
    const size_t bytes = fragments * sizeof(uint32_t) * FRAGMENT_WORDS;
    void *device_in = NULL, *device_out = NULL;
    cudaError_t error = cudaMalloc(&device_in, bytes);
    if (error == cudaSuccess)
        error = cudaMalloc(&device_out, bytes);
    if (error == cudaSuccess)
        error = cudaMemcpy(device_in, in, bytes, cudaMemcpyHostToDevice);
    if (error == cudaSuccess)
        error = cudaMemcpy(device_out, out, bytes, cudaMemcpyHostToDevice);
    if (error == cudaSuccess) {
        conformance_launch(function, fragments, static_cast<const uint32_t *>(device_in),
                           static_cast<uint32_t *>(device_out));
        error = cudaGetLastError();
    }
    if (error == cudaSuccess)
        error = cudaDeviceSynchronize();
    if (error == cudaSuccess)
        error = cudaMemcpy(out, device_out, bytes, cudaMemcpyDeviceToHost);
    (void)cudaFree(device_out);
    (void)cudaFree(device_in);
    return error == cudaSuccess ? NULL : cudaGetErrorString(error);
}

struct conformance_side conformance_device = {"no GPU", run};

const char *conformance_device_begin(void) {
    struct cudaDeviceProp properties;
    const char *problem = first_gpu(&properties);
    if (problem != NULL)
        return problem;
    if (properties.major < 8)
        return "the GPU is older than sm_80, and ptx.h has another way there";
    conformance_device.name = gpu_name;
    return NULL;
}
