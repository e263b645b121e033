/* Suite: stream capture and graphs. */
#include <pthread.h>

#include "test_kernels.h"

static const enum cudaStreamCaptureMode global = cudaStreamCaptureModeGlobal,
                                        relaxed = cudaStreamCaptureModeRelaxed;

static void nothing(void *data) {
    (void)data;
}

/* The capture is not valid any more. */
static void ck_invalid(cudaStream_t stream) {
    enum cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
    cudaGraph_t graph = NULL;
    ck_cuda(cudaStreamIsCapturing(stream, &status));
    ck_assert_int_eq((int)status, cudaStreamCaptureStatusInvalidated);
    ck_error(cudaLaunchHostFunc(stream, nothing, NULL), cudaErrorStreamCaptureInvalidated);
    ck_error(cudaStreamEndCapture(stream, &graph), cudaErrorStreamCaptureInvalidated);
    ck_assert_ptr_null(graph);
    ck_cuda(cudaStreamIsCapturing(stream, &status));
    ck_assert_int_eq((int)status, cudaStreamCaptureStatusNone);
}

START_TEST(unsafe_calls_end_a_capture) {
    for (int i = 0; i < 12; i++) {
        cuda_double_begin(NULL);
        int *x = new_device(1), *pinned = new_pinned(1), host = 0;
        void *memory = NULL;
        cudaEvent_t event = NULL;
        ck_cuda(cudaEventCreate(&event));
        cudaStream_t other = new_stream(cudaStreamNonBlocking), stream = begin_capture(global);
        const cudaError_t error = i == 0   ? cudaMalloc(&memory, 1)
                                  : i == 1 ? cudaFree(x)
                                  : i == 2 ? cudaMallocHost(&memory, 1)
                                  : i == 3 ? cudaFreeHost(pinned)
                                  : i == 4
                                      ? cudaMemcpy(x, &host, sizeof host, cudaMemcpyHostToDevice)
                                  : i == 5  ? cudaMemset(x, 0, sizeof host)
                                  : i == 6  ? cudaStreamSynchronize(stream)
                                  : i == 7  ? cudaStreamQuery(other)
                                  : i == 8  ? cudaDeviceSynchronize()
                                  : i == 9  ? cudaEventQuery(event)
                                  : i == 10 ? cudaEventSynchronize(event)
                                            : cudaHostAlloc(&memory, 1, 0);
        ck_assert_msg(error == cudaErrorStreamCaptureUnsupported, "call %d", i);
        ck_error(cudaGetLastError(), cudaErrorStreamCaptureUnsupported);
        ck_assert_ptr_null(memory);
        ck_mistake(": is forbidden during capture");
        ck_invalid(stream);
        ck_cuda(cudaMemset(x, 0, sizeof host)); /* all is as before */
        ck_cuda(cudaDeviceSynchronize());
    }
}
END_TEST

START_TEST(a_relaxed_capture_allows_more) {
    cuda_double_begin(NULL);
    void *memory = NULL;
    cudaStream_t stream = begin_capture(relaxed);
    ck_cuda(cudaMalloc(&memory, 1));
    ck_cuda(cudaFree(memory));
    ck_no_mistakes();
    ck_error(cudaStreamSynchronize(stream), cudaErrorStreamCaptureUnsupported);
    ck_invalid(stream);

    stream = begin_capture(global);
    enum cudaStreamCaptureMode mode = relaxed;
    ck_cuda(cudaThreadExchangeStreamCaptureMode(&mode));
    ck_assert_int_eq((int)mode, (int)global);
    ck_cuda(cudaMalloc(&memory, 1));
    ck_cuda(cudaThreadExchangeStreamCaptureMode(&mode));
    ck_cuda(cudaGraphDestroy(end_capture(stream)));
}
END_TEST

START_TEST(a_device_is_not_waited_for_while_one_of_its_streams_captures) {
    cuda_double_begin(NULL);
    cudaStream_t stream = begin_capture(relaxed);
    ck_error(cudaDeviceSynchronize(), cudaErrorStreamCaptureUnsupported);
    ck_invalid(stream);
}
END_TEST

START_TEST(the_legacy_stream_and_captures) {
    cuda_double_begin(NULL);
    int *x = new_device(1);
    ck_error(cudaStreamBeginCapture(NULL, global), cudaErrorStreamCaptureUnsupported);
    ck_error(cudaGetLastError(), cudaErrorStreamCaptureUnsupported);
    cudaStream_t stream = begin_capture(global);
    launch_store(x, 1, 1, NULL); /* has nothing to do with it */
    ck_cuda(cudaGetLastError());
    ck_cuda(cudaGraphDestroy(end_capture(stream)));
    cudaStream_t blocking = new_stream(cudaStreamDefault);
    ck_cuda(cudaStreamBeginCapture(blocking, global));
    enum cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
    ck_error(cudaStreamIsCapturing(NULL, &status), cudaErrorStreamCaptureImplicit);
    ck_cuda(cudaStreamIsCapturing(blocking, &status));
    ck_assert_int_eq((int)status, cudaStreamCaptureStatusActive); /* it was only a question */
    launch_store(x, 1, 1, NULL);
    ck_error(cudaGetLastError(), cudaErrorStreamCaptureImplicit);
    ck_invalid(blocking);
}
END_TEST

START_TEST(captures_begin_and_end_as_they_should) {
    cuda_double_begin(NULL);
    cudaGraph_t graph = NULL;
    cudaStream_t stream = new_stream(cudaStreamNonBlocking);
    ck_error(cudaStreamEndCapture(stream, &graph), cudaErrorIllegalState);
    ck_cuda(cudaStreamBeginCapture(stream, global));
    ck_error(cudaStreamBeginCapture(stream, global), cudaErrorIllegalState);
    ck_cuda(cudaGraphDestroy(end_capture(stream)));
    ck_cuda(cudaStreamBeginCapture(stream, global));
    ck_cuda(cudaStreamDestroy(stream));
    void *memory = NULL;
    ck_cuda(cudaMalloc(&memory, 1)); /* the capture is over */
}
END_TEST

START_TEST(events_do_not_cross_the_border) {
    cuda_double_begin(NULL);
    cudaEvent_t outside = NULL, inside = NULL;
    ck_cuda(cudaEventCreate(&outside));
    ck_cuda(cudaEventCreate(&inside));
    cudaStream_t free_stream = new_stream(cudaStreamNonBlocking);
    ck_cuda(cudaEventRecord(outside, free_stream));
    cudaStream_t stream = begin_capture(global);
    ck_error(cudaStreamWaitEvent(stream, outside, 0), cudaErrorStreamCaptureIsolation);
    ck_invalid(stream);
    stream = begin_capture(global);
    ck_cuda(cudaEventRecord(inside, stream));
    cudaStream_t second = begin_capture(global);
    ck_error(cudaStreamWaitEvent(second, inside, 0), cudaErrorStreamCaptureMerge);
    ck_invalid(second);
    ck_invalid(stream);
    stream = begin_capture(global);
    ck_cuda(cudaEventRecord(inside, stream));
    ck_cuda(cudaStreamWaitEvent(free_stream, inside, 0));
    cudaGraph_t graph = NULL;
    ck_error(cudaStreamEndCapture(free_stream, &graph), cudaErrorStreamCaptureUnmatched);
    ck_invalid(stream);
    ck_error(cudaStreamWaitEvent(free_stream, inside, 0), cudaErrorCapturedEvent);
}
END_TEST

static void *end_in_thread(void *stream) {
    cudaGraph_t graph = NULL;
    static cudaError_t error;
    error = cudaStreamEndCapture(stream, &graph);
    return &error;
}

START_TEST(captures_belong_to_threads) {
    cuda_double_begin(NULL);
    cudaStream_t stream = begin_capture(global);
    pthread_t thread;
    void *error = NULL;
    ck_assert_int_eq(pthread_create(&thread, NULL, end_in_thread, stream), 0);
    ck_assert_int_eq(pthread_join(thread, &error), 0);
    ck_assert_int_eq((int)*(cudaError_t *)error, cudaErrorStreamCaptureWrongThread);
}
END_TEST

START_TEST(allocations_are_not_captured) {
    cuda_double_begin(NULL);
    void *x = NULL;
    ck_error(cudaMallocAsync(&x, 1, begin_capture(global)), cudaErrorNotSupported);
    ck_mistake("no allocations in graphs");
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {
        unsafe_calls_end_a_capture,
        a_relaxed_capture_allows_more,
        a_device_is_not_waited_for_while_one_of_its_streams_captures,
        the_legacy_stream_and_captures,
        captures_begin_and_end_as_they_should,
        events_do_not_cross_the_border,
        captures_belong_to_threads,
        allocations_are_not_captured,
        NULL,
    };
    return suite_of("double.capture", tests);
}
