#include "device/cuda_devices.h"

#include <cuda_runtime_api.h>

#include "answer.h"
#include "cuda_check.h"
#include "device/energy.h"
#include "status/fail.h"

int dblk_cuda_runtime_version(void) {
    int version = 0;
    return cudaRuntimeGetVersion(&version) == cudaSuccess ? version : 0;
}

int dblk_cuda_driver_version(void) {
    int version = 0;
    return cudaDriverGetVersion(&version) == cudaSuccess ? version : 0;
}

int dblk_cuda_devices(struct dblk_problem *condition) {
    const int runtime = dblk_cuda_runtime_version(), driver = dblk_cuda_driver_version();
    const int major = runtime / 1000, minor = runtime % 1000 / 10;
    int count = 0;
    cudaError_t error = cudaErrorNoDevice;
    if (driver != 0)
        error = cudaGetDeviceCount(&count);
    if (error != cudaSuccess) {
        (void)cudaGetLastError(); /* it stays until it is read */
        count = 0;
    }
    if (driver == 0)
        (void)snprintf(condition->text, sizeof condition->text,
                       "CUDA %d.%d build, but this machine has no NVIDIA driver", major, minor);
    else if (driver / 1000 < major)
        (void)snprintf(
            condition->text, sizeof condition->text,
            "CUDA %d.%d build, but the driver is for CUDA %d.%d: install a newer driver", major,
            minor, driver / 1000, driver % 1000 / 10);
    else if (count == 0)
        (void)snprintf(condition->text, sizeof condition->text,
                       "CUDA %d.%d build, driver found, but no GPU: %s", major, minor,
                       cudaGetErrorString(error == cudaSuccess ? cudaErrorNoDevice : error));
    else
        (void)snprintf(condition->text, sizeof condition->text,
                       "CUDA %d.%d build, %d GPU%s found", major, minor, count,
                       count == 1 ? "" : "s");
    return count;
}

/* Calls `action` with the device as the current one, and makes the previous one current again. */
static cudaError_t on_device(int number, cudaError_t (*action)(void *), void *argument) {
    int previous = 0;
    cudaError_t error = cudaGetDevice(&previous);
    if (error == cudaSuccess)
        error = cudaSetDevice(number);
    if (error != cudaSuccess)
        return error;
    error = action(argument);
    /* Another program may have the previous one for itself: that says nothing about this one. */
    if (previous != number && cudaSetDevice(previous) != cudaSuccess)
        (void)cudaGetLastError();
    return error;
}

static cudaError_t look_for_code(void *capability) {
    return dblk_answer_code(capability);
}

denseblock_status dblk_cuda_device_check(int number, struct dblk_problem *problem) {
    const int count = dblk_cuda_devices(problem);
    if (count == 0)
        return DENSEBLOCK_UNAVAILABLE;
    if (number < 0 || number >= count) {
        (void)snprintf(problem->text, sizeof problem->text,
                       "no device %d: this machine has GPUs 0 to %d", number, count - 1);
        return DENSEBLOCK_INVALID_ARGUMENT;
    }
    int capability;
    const cudaError_t error = on_device(number, look_for_code, &capability);
    if (error == cudaSuccess)
        return DENSEBLOCK_OK;
    (void)cudaGetLastError();
    int major = 0, minor = 0;
    (void)cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, number);
    (void)cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, number);
    if (error == cudaErrorNoKernelImageForDevice || error == cudaErrorInvalidDeviceFunction)
        (void)snprintf(problem->text, sizeof problem->text,
                       "GPU %d is sm_%d%d, and this build has code for %s: build with "
                       "-DCMAKE_CUDA_ARCHITECTURES=%d%d",
                       number, major, minor, DENSEBLOCK_BUILD_CUDA_ARCHITECTURES, major, minor);
    else
        (void)snprintf(problem->text, sizeof problem->text, "GPU %d cannot be used: %s", number,
                       cudaGetErrorString(error));
    return DENSEBLOCK_UNAVAILABLE;
}

denseblock_status dblk_cuda_device_limits(int number, struct dblk_cuda_limits *limits) {
    enum { MAJOR, MINOR, MULTIPROCESSORS, SHARED, CACHE, KILOHERTZ, BITS, COUNT };
    static const enum cudaDeviceAttr attributes[COUNT] = {
        [MAJOR] = cudaDevAttrComputeCapabilityMajor,
        [MINOR] = cudaDevAttrComputeCapabilityMinor,
        [MULTIPROCESSORS] = cudaDevAttrMultiProcessorCount,
        [SHARED] = cudaDevAttrMaxSharedMemoryPerBlockOptin,
        [CACHE] = cudaDevAttrL2CacheSize,
        [KILOHERTZ] = cudaDevAttrMemoryClockRate,
        [BITS] = cudaDevAttrGlobalMemoryBusWidth,
    };
    int values[COUNT] = {0};
    for (int i = 0; i < COUNT; i++) {
        const cudaError_t error = cudaDeviceGetAttribute(&values[i], attributes[i], number);
        if (error == cudaErrorInvalidValue && (i == KILOHERTZ || i == BITS))
            (void)cudaGetLastError(); /* not told, and then 0 */
        else if (error != cudaSuccess)
            return dblk_cuda_check(error, "cudaDeviceGetAttribute");
    }
    int code;
    const denseblock_status status =
        dblk_cuda_check(on_device(number, look_for_code, &code), "cudaFuncGetAttributes");
    if (status != DENSEBLOCK_OK)
        return status;
    const int capability = values[MAJOR] * 10 + values[MINOR];
    *limits = (struct dblk_cuda_limits){
        .compute_capability = code < capability ? code : capability,
        .multiprocessors = values[MULTIPROCESSORS],
        .shared_bytes = (size_t)values[SHARED],
        .cache_bytes = (size_t)values[CACHE],
        .memory_rate = 2 * (values[KILOHERTZ] / 1e3) * (values[BITS] / 8.0),
    };
    return DENSEBLOCK_OK;
}

/* NULL if the kernel ran on the current device and wrote what it should; else why not. */
static const char *try_kernel(void) {
    enum { VALUE = 0x0DB0 };
    void *answer = NULL;
    int copied = 0;
    cudaError_t error = cudaMalloc(&answer, sizeof copied);
    if (error != cudaSuccess) {
        (void)cudaGetLastError();
        return cudaGetErrorString(error);
    }
    const denseblock_status launched = dblk_answer(NULL, answer, VALUE);
    if (launched == DENSEBLOCK_OK)
        error = cudaMemcpy(&copied, answer, sizeof copied, cudaMemcpyDeviceToHost);
    const cudaError_t freed = cudaFree(answer);
    if (error == cudaSuccess)
        error = freed;
    (void)cudaGetLastError();
    if (launched != DENSEBLOCK_OK)
        return denseblock_last_error();
    if (error != cudaSuccess)
        return cudaGetErrorString(error);
    return copied == VALUE ? NULL : "a kernel wrote a wrong value";
}

static cudaError_t describe_current(void *argument) {
    denseblock_device *info = argument;
    struct cudaDeviceProp properties;
    int number = 0;
    cudaError_t error = cudaGetDevice(&number);
    if (error == cudaSuccess)
        error = cudaGetDeviceProperties(&properties, number);
    if (error != cudaSuccess)
        return error;
    (void)snprintf(info->name, sizeof info->name, "%.*s", (int)sizeof info->name - 1,
                   properties.name);
    info->compute_capability = properties.major * 10 + properties.minor;
    info->multiprocessors = properties.multiProcessorCount;
    info->memory_bytes = properties.totalGlobalMem;
    info->l2_bytes = (size_t)properties.l2CacheSize;
    const char *problem = try_kernel();
    info->usable = problem == NULL;
    (void)snprintf(info->problem, sizeof info->problem, "%.*s", (int)sizeof info->problem - 1,
                   problem == NULL ? "" : problem);
    return cudaSuccess;
}

/* Whether it counts its energy: by reading it. */
static void describe_energy(int number, denseblock_device *info) {
    struct dblk_energy energy = {.board = NULL};
    struct dblk_problem problem = {""};
    double joules;
    info->energy_counted = dblk_energy_read(&energy, number, &joules, &problem) == DENSEBLOCK_OK;
    dblk_energy_close(&energy);
    (void)snprintf(info->energy_problem, sizeof info->energy_problem, "%s", problem.text);
}

denseblock_status dblk_cuda_device_describe(int number, denseblock_device *info) {
    const denseblock_status status =
        dblk_cuda_check(on_device(number, describe_current, info), "describing a GPU");
    if (status == DENSEBLOCK_OK)
        describe_energy(number, info);
    return status;
}
