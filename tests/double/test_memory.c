/* Suite: device memory and pinned memory. */
#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stub_emulator.h"
#include "test_kernels.h"

enum { N = 5 };
static const size_t bytes = N * sizeof(int);

/* Whether a process that reads or writes there ends by the signal. */
static bool faults(volatile int *address, bool write) {
    const pid_t child = fork();
    if (child == 0) {
        (void)signal(SIGSEGV, SIG_DFL);
        if (write)
            *address = 1;
        else
            (void)*address;
        _exit(0);
    }
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
}

START_TEST(the_host_cannot_touch_device_memory) {
    cuda_double_begin(NULL);
    int *x = new_device(N);
    ck_assert_uint_eq((uintptr_t)x % 256, 0);
    ck_assert(faults(x, false));
    ck_assert(faults(x, true));
    ck_cuda(cudaMemset(x, 0, bytes));
    ck_cuda(cudaDeviceSynchronize());
    ck_assert(faults(x + N - 1, false));
}
END_TEST

START_TEST(pinned_memory_ends_with_its_freeing) {
    cuda_double_begin(NULL);
    void *pinned = NULL;
    ck_error(cudaHostAlloc(&pinned, bytes, 0x1000), cudaErrorInvalidValue);
    ck_cuda(cudaHostAlloc(&pinned, bytes, cudaHostAllocPortable));
    ck_assert(!faults(pinned, true));
    ck_cuda(cudaFreeHost(pinned));
    ck_assert(faults(pinned, true));
    ck_cuda(cudaFreeHost(NULL));
    ck_error(cudaFreeHost(pinned), cudaErrorInvalidValue);
    ck_mistake("was freed before");
}
END_TEST

START_TEST(kernels_may_use_what_is_allocated) {
    cuda_double_begin(NULL);
    int *x = new_device(N);
    ck_assert(stub_emulator_has(x));
    ck_assert(stub_emulator_has(x + N - 1));
    ck_assert(!stub_emulator_has(x + N));
    ck_cuda(cudaFree(x));
    ck_assert(!stub_emulator_has(x));
    int *next = new_device(N);
    ck_assert_ptr_ne(next, x);
    ck_no_mistakes();
}
END_TEST

START_TEST(memory_ends) {
    cuda_double_begin(&(struct cuda_double_machine){.memory_bytes = 1000, .devices = 2});
    void *a = NULL, *b = NULL;
    size_t left = 0, all = 0;
    ck_error(cudaMalloc(&a, 1001), cudaErrorMemoryAllocation);
    ck_error(cudaMalloc(&a, SIZE_MAX), cudaErrorMemoryAllocation);
    ck_assert_ptr_null(a);
    ck_error(cudaGetLastError(), cudaErrorMemoryAllocation);
    ck_cuda(cudaGetLastError());
    ck_cuda(cudaMalloc(&a, 600));
    ck_error(cudaMalloc(&b, 401), cudaErrorMemoryAllocation);
    ck_cuda(cudaMallocAsync(&b, 400, NULL));
    ck_cuda(cudaMemGetInfo(&left, &all));
    ck_assert_uint_eq(left, 0);
    ck_assert_uint_eq(all, 1000);
    ck_assert_uint_eq(cuda_double_memory(), 1000);
    ck_cuda(cudaFreeAsync(b, NULL));
    ck_cuda(cudaMemGetInfo(&left, &all));
    ck_assert_uint_eq(left, 400);
    ck_cuda(cudaSetDevice(1)); /* which has memory of its own */
    ck_cuda(cudaMalloc(&b, 1000));
    ck_cuda(cudaFree(b));
    ck_cuda(cudaFree(a));
    ck_assert_uint_eq(cuda_double_memory(), 0);
    ck_assert_uint_eq(cuda_double_memory_peak(), 1600);
    ck_cuda(cudaMalloc(&a, 0));
    ck_assert_ptr_null(a);
    ck_no_mistakes();
}
END_TEST

START_TEST(what_is_not_freed_is_a_leak) {
    cuda_double_begin(NULL);
    ck_assert_str_eq(cuda_double_leaks(), "");
    int *x = new_device(N), *pinned = new_pinned(N);
    cudaStream_t stream = new_stream(cudaStreamNonBlocking);
    cudaEvent_t event = NULL;
    ck_cuda(cudaEventCreate(&event));
    ck_assert_str_eq(cuda_double_leaks(), "event 1, of cudaEventCreate\n"
                                          "stream 1, of cudaStreamCreateWithFlags\n"
                                          "pinned memory 1, of cudaMallocHost, 20 bytes\n"
                                          "device memory 1, of cudaMalloc, 20 bytes\n");
    ck_cuda(cudaEventDestroy(event));
    ck_cuda(cudaStreamDestroy(stream));
    ck_cuda(cudaFreeHost(pinned));
    ck_cuda(cudaFree(x));
    ck_assert_str_eq(cuda_double_leaks(), "");
    ck_no_mistakes();
    ck_error(cudaStreamSynchronize(stream), cudaErrorInvalidResourceHandle);
    ck_mistake("cudaStreamSynchronize: the stream was destroyed");
    ck_error(cudaEventRecord(event, NULL), cudaErrorInvalidResourceHandle);
    ck_mistake("cudaEventRecord: the event was destroyed");
}
END_TEST

START_TEST(wrong_pointers_are_mistakes) {
    cuda_double_begin(NULL);
    int *x = new_device(N), *pinned = new_pinned(N), host[N] = {0};
    ck_cuda(cudaFree(NULL));
    ck_no_mistakes();
    ck_error(cudaFree(host), cudaErrorInvalidValue);
    ck_mistake("was never allocated");
    ck_error(cudaFree(x + 1), cudaErrorInvalidValue);
    ck_mistake("is no beginning of memory");
    ck_error(cudaFree(pinned), cudaErrorInvalidValue);
    ck_mistake("is pinned memory");
    ck_error(cudaMemset(host, 0, bytes), cudaErrorInvalidValue);
    ck_mistake("is memory of the host");
    ck_error(cudaMemset(x, 0, bytes + 1), cudaErrorInvalidValue);
    ck_mistake("bytes 0 to 21 of device memory 1, which has 20");
    ck_error(cudaMemcpy(x + 1, host, bytes, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
    ck_mistake("bytes 4 to 24");
    ck_error(cudaMemcpy(x + 200, host, bytes, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
    ck_mistake("is in no memory");
    ck_error(cudaMemcpy(x, host, bytes, cudaMemcpyDeviceToDevice), cudaErrorInvalidValue);
    ck_mistake("the direction is not that of the pointers");
    ck_error(cudaMemcpy(NULL, host, bytes, cudaMemcpyDeviceToDevice), cudaErrorInvalidValue);
    ck_cuda(cudaFree(x));
    ck_error(cudaFree(x), cudaErrorInvalidValue);
    ck_mistake("was freed before");
    ck_error(cudaMemset(x, 0, bytes), cudaErrorInvalidValue);
    ck_mistake("device memory 1 was freed");
}
END_TEST

START_TEST(copies_of_what_was_never_written_are_mistakes) {
    cuda_double_begin(NULL);
    int *x = new_device(N), host[N] = {0};
    ck_cuda(cudaMemcpy(x, host, bytes - 1, cudaMemcpyHostToDevice));
    ck_cuda(cudaMemcpy(host, x, bytes - 1, cudaMemcpyDeviceToHost));
    ck_no_mistakes();
    ck_cuda(cudaMemcpy(host, x, bytes, cudaMemcpyDeviceToHost));
    ck_mistake("cudaMemcpy: copies device memory 1, of which not all was written");
    ck_assert_int_eq(((unsigned char *)host)[bytes - 1], 0xFF);
}
END_TEST

START_TEST(freeing_waits_for_nothing) {
    cuda_double_begin(NULL);
    int *x = new_device(N);
    cudaStream_t stream = new_stream(cudaStreamNonBlocking);
    ck_cuda(cudaMemsetAsync(x, 0, bytes, stream));
    ck_cuda(cudaFree(x));
    ck_mistake("cudaFree: memory that cudaMemsetAsync is still to use");
    ck_error(cudaStreamSynchronize(stream), cudaErrorIllegalAddress);
    ck_mistake("runs with device memory 1, which is not there any more");
}
END_TEST

START_TEST(memory_of_the_pool_belongs_to_its_stream) {
    cuda_double_begin(NULL);
    void *x = NULL;
    int host = 0;
    cudaStream_t stream = new_stream(cudaStreamNonBlocking),
                 other = new_stream(cudaStreamNonBlocking);
    cudaEvent_t event = NULL;
    ck_cuda(cudaEventCreate(&event));
    ck_cuda(cudaMallocAsync(&x, sizeof host, stream));
    ck_assert(!stub_emulator_has(x));
    ck_cuda(cudaMemsetAsync(x, 0, sizeof host, stream));
    ck_cuda(cudaEventRecord(event, stream));
    ck_cuda(cudaStreamWaitEvent(other, event, 0));
    ck_cuda(cudaMemcpyAsync(&host, x, sizeof host, cudaMemcpyDeviceToHost, other));
    ck_assert(stub_emulator_has(x));
    ck_cuda(cudaFreeAsync(x, stream));
    ck_assert(stub_emulator_has(x));
    ck_assert_uint_eq(cuda_double_memory(), 0);
    ck_cuda(cudaStreamSynchronize(stream));
    ck_assert(!stub_emulator_has(x));
    ck_assert_ptr_null(strstr(cuda_double_leaks(), "memory"));
    ck_no_mistakes();
}
END_TEST

START_TEST(memory_of_the_pool_is_not_there_for_other_streams) {
    cuda_double_begin(NULL);
    void *x = NULL;
    cudaStream_t stream = new_stream(cudaStreamNonBlocking),
                 other = new_stream(cudaStreamNonBlocking);
    ck_cuda(cudaMallocAsync(&x, bytes, stream));
    ck_cuda(cudaMemsetAsync(x, 0, bytes, other));
    ck_mistake("uses device memory 1, which another stream allocates");
    ck_error(cudaDeviceSynchronize(), cudaErrorIllegalAddress);
    ck_mistake("which is not there yet");

    cuda_double_begin(NULL);
    stream = new_stream(cudaStreamNonBlocking), other = new_stream(cudaStreamNonBlocking);
    ck_cuda(cudaMallocAsync(&x, bytes, stream));
    ck_cuda(cudaFreeAsync(x, other));
    ck_mistake("cudaFreeAsync: memory that another stream allocates");
    ck_error(cudaFreeAsync(x, stream), cudaErrorInvalidValue);
    ck_mistake("was freed before");
}
END_TEST

START_TEST(memory_of_the_pool_ends_in_stream_order) {
    cuda_double_begin(NULL);
    void *x = NULL;
    cudaStream_t stream = new_stream(cudaStreamNonBlocking),
                 other = new_stream(cudaStreamNonBlocking);
    ck_cuda(cudaMallocAsync(&x, bytes, stream));
    ck_cuda(cudaStreamSynchronize(stream));
    ck_cuda(cudaMemsetAsync(x, 0, bytes, other));
    ck_no_mistakes();
    ck_cuda(cudaFreeAsync(x, stream));
    ck_mistake("cudaFreeAsync: memory that cudaMemsetAsync is still to use in another stream");
    ck_error(cudaMemsetAsync(x, 0, bytes, stream), cudaErrorInvalidValue);
    ck_mistake("device memory 1 was freed");
}
END_TEST

START_TEST(pools_have_attributes_or_are_not_there) {
    cuda_double_begin(NULL);
    cudaMemPool_t pool = NULL;
    uint64_t threshold = 7, value = 0;
    ck_cuda(cudaDeviceGetDefaultMemPool(&pool, 0));
    ck_cuda(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &threshold));
    ck_cuda(cudaMemPoolGetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &value));
    ck_assert_uint_eq(value, 7);
    ck_cuda(cudaMemPoolTrimTo(pool, 0));
    ck_error(cudaDeviceGetDefaultMemPool(&pool, 1), cudaErrorInvalidDevice);

    cuda_double_begin(&(struct cuda_double_machine){.no_pools = true});
    void *x = NULL;
    int supported = 1;
    ck_error(cudaMallocAsync(&x, 1, NULL), cudaErrorNotSupported);
    ck_error(cudaDeviceGetDefaultMemPool(&pool, 0), cudaErrorNotSupported);
    ck_cuda(cudaDeviceGetAttribute(&supported, cudaDevAttrMemoryPoolsSupported, 0));
    ck_assert_int_eq(supported, 0);
    ck_no_mistakes();
}
END_TEST

START_TEST(pointers_tell_what_they_are) {
    cuda_double_begin(NULL);
    struct cudaPointerAttributes attributes;
    int host = 0, *x = new_device(N), *pinned = new_pinned(N);
    ck_cuda(cudaPointerGetAttributes(&attributes, &host));
    ck_assert_int_eq((int)attributes.type, cudaMemoryTypeUnregistered);
    ck_cuda(cudaPointerGetAttributes(&attributes, x + 1));
    ck_assert_int_eq((int)attributes.type, cudaMemoryTypeDevice);
    ck_assert_ptr_eq(attributes.devicePointer, x + 1);
    ck_assert_ptr_null(attributes.hostPointer);
    ck_cuda(cudaPointerGetAttributes(&attributes, pinned));
    ck_assert_int_eq((int)attributes.type, cudaMemoryTypeHost);
    ck_no_mistakes();
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {
        the_host_cannot_touch_device_memory,
        pinned_memory_ends_with_its_freeing,
        kernels_may_use_what_is_allocated,
        memory_ends,
        what_is_not_freed_is_a_leak,
        wrong_pointers_are_mistakes,
        copies_of_what_was_never_written_are_mistakes,
        freeing_waits_for_nothing,
        memory_of_the_pool_belongs_to_its_stream,
        memory_of_the_pool_is_not_there_for_other_streams,
        memory_of_the_pool_ends_in_stream_order,
        pools_have_attributes_or_are_not_there,
        pointers_tell_what_they_are,
        NULL,
    };
    return suite_of("double.memory", tests);
}
