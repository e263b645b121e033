/* Suite: failures on purpose, and errors that stick. */
#include <pthread.h>

#include "stub_emulator.h"
#include "test_kernels.h"

/* What the calls below are made with. */
static struct {
    void *device, *pinned, *pooled;
    int host[4];
    size_t size, other_size;
    int number;
    float milliseconds;
    uint64_t value;
    cudaStream_t stream, destroyed, captured;
    cudaEvent_t event, destroyed_event;
    cudaGraph_t graph;
    cudaGraphExec_t executable;
    cudaMemPool_t pool;
    enum cudaStreamCaptureStatus status;
    enum cudaStreamCaptureMode mode;
    struct cudaDeviceProp properties;
    struct cudaFuncAttributes attributes;
    struct cudaPointerAttributes pointer;
} with;

static void prepare(void) {
    cuda_double_begin(NULL);
    memset(&with, 0, sizeof with);
    with.device = new_device(4);
    with.pinned = new_pinned(4);
    ck_cuda(cudaMemset(with.device, 0, 16));
    with.stream = new_stream(cudaStreamNonBlocking);
    with.destroyed = new_stream(cudaStreamNonBlocking);
    with.captured = new_stream(cudaStreamNonBlocking);
    ck_cuda(cudaEventCreate(&with.event));
    ck_cuda(cudaEventCreate(&with.destroyed_event));
    ck_cuda(cudaEventRecord(with.event, with.stream));
    ck_cuda(cudaMallocAsync(&with.pooled, 16, with.stream));
    ck_cuda(cudaDeviceGetDefaultMemPool(&with.pool, 0));
    ck_cuda(cudaStreamBeginCapture(with.captured, cudaStreamCaptureModeGlobal));
    ck_cuda(cudaStreamEndCapture(with.captured, &with.graph));
    ck_cuda(cudaGraphInstantiate(&with.executable, with.graph, 0));
    ck_cuda(cudaDeviceSynchronize());
    with.mode = cudaStreamCaptureModeGlobal;
}

/* Each function with arguments with which it succeeds, but for cudaStreamEndCapture. */
#define EACH_CALL(X)                                                                             \
    X(cudaMalloc, (void **)&with.device, 16)                                                     \
    X(cudaFree, with.device)                                                                     \
    X(cudaMallocAsync, &with.pooled, 16, with.stream)                                            \
    X(cudaFreeAsync, with.pooled, with.stream)                                                   \
    X(cudaMallocHost, &with.pinned, 16)                                                          \
    X(cudaHostAlloc, &with.pinned, 16, 0)                                                        \
    X(cudaFreeHost, with.pinned)                                                                 \
    X(cudaMemcpy, with.device, with.host, 16, cudaMemcpyHostToDevice)                            \
    X(cudaMemcpyAsync, with.device, with.host, 16, cudaMemcpyHostToDevice, with.stream)          \
    X(cudaMemcpy2D, with.device, 8, with.host, 8, 4, 2, cudaMemcpyHostToDevice)                  \
    X(cudaMemcpy2DAsync, with.device, 8, with.host, 8, 4, 2, cudaMemcpyHostToDevice,             \
      with.stream)                                                                               \
    X(cudaMemset, with.device, 0, 16)                                                            \
    X(cudaMemsetAsync, with.device, 0, 16, with.stream)                                          \
    X(cudaMemset2D, with.device, 8, 0, 4, 2)                                                     \
    X(cudaMemset2DAsync, with.device, 8, 0, 4, 2, with.stream)                                   \
    X(cudaMemGetInfo, &with.size, &with.other_size)                                              \
    X(cudaStreamCreate, &with.stream)                                                            \
    X(cudaStreamCreateWithFlags, &with.stream, cudaStreamNonBlocking)                            \
    X(cudaStreamCreateWithPriority, &with.stream, cudaStreamNonBlocking, 0)                      \
    X(cudaStreamDestroy, with.destroyed)                                                         \
    X(cudaStreamSynchronize, with.stream)                                                        \
    X(cudaStreamQuery, with.stream)                                                              \
    X(cudaStreamWaitEvent, with.stream, with.event, 0)                                           \
    X(cudaStreamBeginCapture, with.captured, cudaStreamCaptureModeGlobal)                        \
    X(cudaStreamIsCapturing, with.stream, &with.status)                                          \
    X(cudaThreadExchangeStreamCaptureMode, &with.mode)                                           \
    X(cudaGraphInstantiate, &with.executable, with.graph, 0)                                     \
    X(cudaGraphInstantiateWithFlags, &with.executable, with.graph, 0)                            \
    X(cudaGraphLaunch, with.executable, with.stream)                                             \
    X(cudaGraphGetNodes, with.graph, NULL, &with.size)                                           \
    X(cudaGraphDestroy, with.graph)                                                              \
    X(cudaGraphExecDestroy, with.executable)                                                     \
    X(cudaEventCreate, &with.event)                                                              \
    X(cudaEventCreateWithFlags, &with.event, 0)                                                  \
    X(cudaEventRecord, with.event, with.stream)                                                  \
    X(cudaEventSynchronize, with.event)                                                          \
    X(cudaEventQuery, with.event)                                                                \
    X(cudaEventElapsedTime, &with.milliseconds, with.event, with.event)                          \
    X(cudaEventDestroy, with.destroyed_event)                                                    \
    X(cudaDeviceSynchronize, )                                                                   \
    X(cudaSetDevice, 0)                                                                          \
    X(cudaGetDevice, &with.number)                                                               \
    X(cudaGetDeviceCount, &with.number)                                                          \
    X(cudaGetDeviceProperties, &with.properties, 0)                                              \
    X(cudaDeviceGetAttribute, &with.number, cudaDevAttrWarpSize, 0)                              \
    X(cudaDeviceGetDefaultMemPool, &with.pool, 0)                                                \
    X(cudaMemPoolSetAttribute, with.pool, cudaMemPoolAttrReleaseThreshold, &with.value)          \
    X(cudaMemPoolGetAttribute, with.pool, cudaMemPoolAttrReleaseThreshold, &with.value)          \
    X(cudaMemPoolTrimTo, with.pool, 0)                                                           \
    X(cudaDriverGetVersion, &with.number)                                                        \
    X(cudaRuntimeGetVersion, &with.number)                                                       \
    X(cudaFuncSetAttribute, kernel_with, cudaFuncAttributeMaxDynamicSharedMemorySize, 1)         \
    X(cudaFuncGetAttributes, &with.attributes, kernel_with)                                      \
    X(cudaOccupancyMaxActiveBlocksPerMultiprocessor, &with.number, kernel_with, 128, 0)          \
    X(cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags, &with.number, kernel_with, 128, 0, \
      0)                                                                                         \
    X(cudaPointerGetAttributes, &with.pointer, with.device)                                      \
    X(cudaLaunchHostFunc, with.stream, nothing, NULL)

static void nothing(void *data) {
    (void)data;
}

#define DEFINE(function, ...)                  \
    static cudaError_t call_##function(void) { \
        return function(__VA_ARGS__);          \
    }
EACH_CALL(DEFINE)

static const struct call {
    const char *name;
    cudaError_t (*call)(void);
} calls[] = {
#define ROW(function, ...) {#function, call_##function},
    EACH_CALL(ROW)};

START_TEST(every_function_fails_when_asked_to) {
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        prepare();
        const long before = cuda_double_calls(calls[i].name), all = cuda_double_calls(NULL);
        cuda_double_fail(calls[i].name, 2, cudaErrorUnknown);
        const cudaError_t first = calls[i].call();
        ck_assert_msg(first == cudaSuccess, "%s: %s", calls[i].name, cudaGetErrorName(first));
        ck_error(cudaPeekAtLastError(), cudaSuccess);
        ck_assert_msg(calls[i].call() == cudaErrorUnknown, "%s", calls[i].name);
        ck_error(cudaGetLastError(), cudaErrorUnknown);
        ck_cuda(cudaGetLastError());
        ck_assert_int_eq((int)(cuda_double_calls(calls[i].name) - before), 2);
        ck_assert_int_eq((int)(cuda_double_calls(NULL) - all), 2);
        ck_no_mistakes();
    }
}
END_TEST

START_TEST(a_failure_does_nothing) {
    prepare();
    const size_t before = cuda_double_memory();
    void *memory = NULL;
    cuda_double_fail("cudaMalloc", 1, cudaErrorMemoryAllocation);
    ck_error(cudaMalloc(&memory, 16), cudaErrorMemoryAllocation);
    ck_assert_ptr_null(memory);
    ck_assert_uint_eq(cuda_double_memory(), before);
    cuda_double_fail("cudaMemcpy", 1, cudaErrorUnknown);
    ck_error(cudaMemcpy(with.host, with.device, 16, cudaMemcpyDeviceToHost), cudaErrorUnknown);
    cuda_double_fail("launch", 1, cudaErrorLaunchOutOfResources);
    launch_store(with.device, 4, 1, with.stream);
    ck_error(cudaGetLastError(), cudaErrorLaunchOutOfResources);
    ck_assert_int_eq(closures, 0);
    cuda_double_fail("launch", 5, cudaErrorUnknown);
    cuda_double_fail("launch", 0, cudaErrorUnknown); /* ends it */
    cuda_double_fail("cudaMalloc", 1, cudaErrorUnknown);
    cuda_double_fail(NULL, 1, cudaErrorUnknown);
    cuda_double_fail(NULL, 0, cudaErrorUnknown); /* ends both */
    for (int i = 0; i < 6; i++)
        launch_store(with.device, 4, 1, with.stream);
    ck_cuda(cudaGetLastError());
    ck_assert_int_eq((int)cuda_double_calls("launch"), 7);
    ck_no_mistakes();
}
END_TEST

START_TEST(any_call_fails) {
    prepare();
    cuda_double_fail(NULL, 3, cudaErrorUnknown);
    ck_cuda(cudaStreamSynchronize(with.stream));
    launch_store(with.device, 4, 1, with.stream);
    ck_cuda(cudaGetLastError()); /* cannot fail, and is no third call */
    ck_error(cudaDeviceSynchronize(), cudaErrorUnknown);
    ck_cuda(cudaDeviceSynchronize());
}
END_TEST

/* The host can do no more. */
START_TEST(a_failed_freeing_is_no_leak) {
    cuda_double_begin(NULL);
    int *x = new_device(4);
    cudaStream_t stream = new_stream(cudaStreamDefault);
    cuda_double_fail("cudaFree", 1, cudaErrorUnknown);
    cuda_double_fail("cudaStreamDestroy", 1, cudaErrorUnknown);
    ck_error(cudaFree(x), cudaErrorUnknown);
    ck_error(cudaStreamDestroy(stream), cudaErrorUnknown);
    ck_assert_str_eq(cuda_double_leaks(), "");
    ck_assert_uint_eq(cuda_double_memory(), 16);
    ck_cuda(cudaFree(x)); /* nor is it an error to try again */
    ck_no_mistakes();
}
END_TEST

START_TEST(a_capture_that_fails_to_end_is_over) {
    prepare();
    ck_cuda(cudaStreamBeginCapture(with.stream, cudaStreamCaptureModeGlobal));
    launch_store(with.device, 4, 1, with.stream);
    cuda_double_fail("cudaStreamEndCapture", 1, cudaErrorUnknown);
    cudaGraph_t graph = with.graph;
    ck_error(cudaStreamEndCapture(with.stream, &graph), cudaErrorUnknown);
    ck_assert_ptr_null(graph);
    ck_assert_int_eq(closures, 0);
    ck_cuda(cudaFree(with.device));
    ck_no_mistakes();
}
END_TEST

/* From now on everything that uses the device fails. */
static void ck_stuck(cudaError_t error) {
    int count = 0;
    void *memory = NULL;
    ck_error(cudaStreamSynchronize(with.stream), error);
    ck_error(cudaGetLastError(), error);
    ck_error(cudaGetLastError(), error);
    ck_error(cudaMalloc(&memory, 1), error);
    ck_error(cudaMemcpy(with.host, with.device, 16, cudaMemcpyDeviceToHost), error);
    launch_store(with.device, 4, 1, NULL);
    ck_assert_int_eq(closures, 0);
    ck_error(cudaFree(with.device), error);
    ck_error(cudaEventQuery(with.event), error);
    ck_cuda(cudaGetDeviceCount(&count));
    ck_assert_ptr_null(strstr(cuda_double_leaks(), "device memory 1,"));
}

START_TEST(an_error_in_execution_sticks) {
    prepare();
    cuda_double_fail("execution", 2, cudaErrorLaunchFailure);
    launch_store(with.device, 4, 1, with.stream);
    launch_store(with.device, 4, 1, with.stream);
    launch_store(with.device, 4, 1, with.stream);
    ck_cuda(cudaGetLastError()); /* nobody knows yet */
    ck_stuck(cudaErrorLaunchFailure);
    ck_no_mistakes();
    prepare(); /* and all is well */
    ck_cuda(cudaDeviceSynchronize());
}
END_TEST

START_TEST(a_kernel_out_of_bounds_sticks) {
    prepare();
    stub_emulator_fails = true;
    launch_store(with.device, 4, 1, with.stream);
    ck_cuda(cudaGetLastError());
    ck_error(cudaDeviceSynchronize(), cudaErrorIllegalAddress);
    stub_emulator_fails = false;
    ck_stuck(cudaErrorIllegalAddress);
}
END_TEST

START_TEST(an_error_of_a_broken_device_sticks) {
    prepare();
    cuda_double_fail("cudaMemGetInfo", 1, cudaErrorECCUncorrectable);
    ck_error(cudaMemGetInfo(&with.size, &with.other_size), cudaErrorECCUncorrectable);
    ck_stuck(cudaErrorECCUncorrectable);
}
END_TEST

static void *last_error(void *unused) {
    static cudaError_t error;
    error = cudaGetLastError();
    (void)unused;
    return &error;
}

START_TEST(the_last_error_is_of_the_thread) {
    cuda_double_begin(NULL);
    ck_error(cudaMalloc(NULL, 1), cudaErrorInvalidValue);
    pthread_t thread;
    void *error = NULL;
    ck_assert_int_eq(pthread_create(&thread, NULL, last_error, NULL), 0);
    ck_assert_int_eq(pthread_join(thread, &error), 0);
    ck_assert_int_eq((int)*(cudaError_t *)error, cudaSuccess);
    ck_cuda(cudaDeviceSynchronize()); /* a success does not touch it */
    ck_error(cudaPeekAtLastError(), cudaErrorInvalidValue);
    ck_error(cudaGetLastError(), cudaErrorInvalidValue);
    ck_cuda(cudaPeekAtLastError());
    ck_assert_str_eq(cudaGetErrorName(cudaErrorInvalidValue), "cudaErrorInvalidValue");
    ck_assert_str_eq(cudaGetErrorString(cudaErrorInvalidValue), "invalid argument");
    ck_assert_str_eq(cudaGetErrorString((cudaError_t)12345), "unrecognized error code");
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {
        every_function_fails_when_asked_to,
        a_failure_does_nothing,
        any_call_fails,
        a_failed_freeing_is_no_leak,
        a_capture_that_fails_to_end_is_over,
        an_error_in_execution_sticks,
        a_kernel_out_of_bounds_sticks,
        an_error_of_a_broken_device_sticks,
        the_last_error_is_of_the_thread,
        NULL,
    };
    return suite_of("double.failures", tests);
}
