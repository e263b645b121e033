/* Suite: the machine that the double plays, and what it can launch. */
#include "test_kernels.h"

static int attribute(enum cudaDeviceAttr name) {
    int value = -1;
    ck_cuda(cudaDeviceGetAttribute(&value, name, 0));
    return value;
}

START_TEST(a_machine_by_default) {
    cuda_double_begin(NULL);
    int count = 0, runtime = 0, driver = 0, device = 7;
    struct cudaDeviceProp properties;
    ck_cuda(cudaGetDeviceCount(&count));
    ck_assert_int_eq(count, 1);
    ck_cuda(cudaRuntimeGetVersion(&runtime));
    ck_cuda(cudaDriverGetVersion(&driver));
    ck_assert_int_eq(runtime, CUDART_VERSION);
    ck_assert_int_eq(driver, runtime);
    ck_cuda(cudaGetDevice(&device));
    ck_assert_int_eq(device, 0);
    ck_cuda(cudaGetDeviceProperties(&properties, 0));
    ck_assert_str_eq(properties.name, "runtime double");
    ck_assert_int_eq(properties.major * 10 + properties.minor, 90);
    ck_assert_uint_eq(properties.totalGlobalMem, (size_t)1 << 30);
    ck_assert_uint_eq(properties.sharedMemPerBlockOptin, (size_t)227 * 1024);
    ck_assert_int_eq(attribute(cudaDevAttrMultiProcessorCount), properties.multiProcessorCount);
    ck_assert_int_eq(attribute(cudaDevAttrL2CacheSize), properties.l2CacheSize);
    ck_assert_int_eq(attribute(cudaDevAttrMemoryPoolsSupported), 1);
    ck_error(cudaGetDeviceProperties(&properties, 1), cudaErrorInvalidDevice);
    ck_error(cudaSetDevice(1), cudaErrorInvalidDevice);
    ck_error(cudaSetDevice(-1), cudaErrorInvalidDevice);
}
END_TEST

START_TEST(machines_without_devices) {
    int count = 7, driver = 7;
    void *memory = NULL;
    cuda_double_begin(&(struct cuda_double_machine){.devices = -1});
    ck_error(cudaGetDeviceCount(&count), cudaErrorNoDevice);
    ck_assert_int_eq(count, 0);
    ck_error(cudaMalloc(&memory, 1), cudaErrorNoDevice);
    ck_cuda(cudaDriverGetVersion(&driver));
    ck_assert_int_eq(driver, CUDART_VERSION);

    cuda_double_begin(&(struct cuda_double_machine){.driver_version = -1});
    ck_error(cudaGetDeviceCount(&count), cudaErrorInsufficientDriver);
    ck_cuda(cudaDriverGetVersion(&driver));
    ck_assert_int_eq(driver, 0);
    launch_store(NULL, 0, 0, NULL);
    ck_error(cudaGetLastError(), cudaErrorInsufficientDriver);

    cuda_double_begin(&(struct cuda_double_machine){.driver_version = 11080});
    ck_error(cudaSetDevice(0), cudaErrorInsufficientDriver);
    ck_assert_int_eq(closures, 0);
}
END_TEST

START_TEST(devices_are_apart) {
    cuda_double_begin(&(struct cuda_double_machine){.devices = 3});
    int count = 0, device = 0;
    ck_cuda(cudaGetDeviceCount(&count));
    ck_assert_int_eq(count, 3);
    cudaStream_t stream = new_stream(cudaStreamNonBlocking);
    ck_cuda(cudaSetDevice(2));
    ck_cuda(cudaGetDevice(&device));
    ck_assert_int_eq(device, 2);
    launch_store(NULL, 0, 0, stream);
    ck_error(cudaGetLastError(), cudaErrorInvalidResourceHandle);
    ck_mistake("the stream is of device 0, the current one is 2");
    cudaEvent_t event = NULL;
    ck_cuda(cudaEventCreate(&event));
    ck_error(cudaEventRecord(event, stream), cudaErrorInvalidResourceHandle);
    ck_mistake("event and stream are of different devices");
}
END_TEST

START_TEST(kernels_for_other_machines) {
    cuda_double_begin(&(struct cuda_double_machine){.no_image = true, .compute_capability = 75});
    struct cudaFuncAttributes attributes;
    launch_store(NULL, 0, 0, NULL);
    ck_error(cudaGetLastError(), cudaErrorNoKernelImageForDevice);
    ck_error(cudaFuncGetAttributes(&attributes, kernel_with), cudaErrorNoKernelImageForDevice);
    ck_assert_int_eq(attribute(cudaDevAttrComputeCapabilityMajor), 7);
    ck_assert_int_eq(attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin), 64 * 1024);
    ck_assert_int_eq(closures, 0);
    ck_no_mistakes();
}
END_TEST

static cudaError_t launch(unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by,
                          unsigned bz, size_t shared_bytes) {
    launch_with((unsigned[]){gx, gy, gz}, (unsigned[]){bx, by, bz}, shared_bytes, NULL);
    return cudaGetLastError();
}

START_TEST(launches_have_limits) {
    cuda_double_begin(NULL);
    ck_cuda(launch(0x7FFFFFFF, 65535, 65535, 1024, 1, 1, 0));
    ck_cuda(launch(1, 1, 1, 16, 1, 64, 48 * 1024));
    ck_error(launch(0x80000000, 1, 1, 1, 1, 1, 0), cudaErrorInvalidConfiguration);
    ck_error(launch(1, 65536, 1, 1, 1, 1, 0), cudaErrorInvalidConfiguration);
    ck_error(launch(1, 1, 65536, 1, 1, 1, 0), cudaErrorInvalidConfiguration);
    ck_error(launch(1, 1, 1, 1025, 1, 1, 0), cudaErrorInvalidConfiguration);
    ck_error(launch(1, 1, 1, 512, 3, 1, 0), cudaErrorInvalidConfiguration);
    ck_error(launch(1, 1, 1, 1, 1, 65, 0), cudaErrorInvalidConfiguration);
    ck_error(launch(0, 1, 1, 1, 1, 1, 0), cudaErrorInvalidConfiguration);
    ck_error(launch(1, 1, 1, 1, 0, 1, 0), cudaErrorInvalidConfiguration);
    ck_cuda(cudaDeviceSynchronize());
    ck_assert_int_eq(closures, 0);
}
END_TEST

START_TEST(shared_memory_has_to_be_raised) {
    const enum cudaFuncAttribute most = cudaFuncAttributeMaxDynamicSharedMemorySize;
    cuda_double_begin(NULL);
    ck_error(launch(1, 1, 1, 1, 1, 1, 48 * 1024 + 1), cudaErrorInvalidValue);
    ck_error(cudaFuncSetAttribute(kernel_with, most, 227 * 1024 + 1), cudaErrorInvalidValue);
    ck_error(cudaFuncSetAttribute(kernel_with, most, -1), cudaErrorInvalidValue);
    ck_cuda(cudaFuncSetAttribute(kernel_with, most, 227 * 1024));
    ck_cuda(cudaGetLastError() == cudaErrorInvalidValue ? cudaSuccess : cudaErrorUnknown);
    ck_cuda(launch(1, 1, 1, 1, 1, 1, 227 * 1024));
    struct cudaFuncAttributes attributes;
    ck_cuda(cudaFuncGetAttributes(&attributes, kernel_with));
    ck_assert_int_eq(attributes.maxDynamicSharedSizeBytes, 227 * 1024);
    cuda_double_begin(NULL);
    ck_error(launch(1, 1, 1, 1, 1, 1, 227 * 1024), cudaErrorInvalidValue);
}
END_TEST

START_TEST(blocks_that_fit) {
    cuda_double_begin(NULL);
    int blocks = -1;
    ck_cuda(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, kernel_with, 256, 0));
    ck_assert_int_eq(blocks, 4); /* by registers */
    ck_cuda(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, kernel_with, 128, 48 * 1024));
    ck_assert_int_eq(blocks, 4); /* by shared memory */
    ck_cuda(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, kernel_with, 128, 49 * 1024));
    ck_assert_int_eq(blocks, 0); /* not raised */
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {
        a_machine_by_default, machines_without_devices,
        devices_are_apart,    kernels_for_other_machines,
        launches_have_limits, shared_memory_has_to_be_raised,
        blocks_that_fit,      NULL,
    };
    return suite_of("double.devices", tests);
}
