/* Suite: what streams do, and when. */
#include <pthread.h>
#include <stdlib.h>

#include "test_kernels.h"

/* Two streams, x = 1 in the first, then x = 2 x + 2 in the second: 4 if the second waits. */
static int in_two_streams(unsigned long long seed, bool with_event) {
    cuda_double_begin(NULL);
    cuda_double_seed(seed);
    int *x = new_device(1), back = 0;
    cudaStream_t first = new_stream(cudaStreamNonBlocking),
                 second = new_stream(cudaStreamNonBlocking);
    cudaEvent_t event = NULL;
    ck_cuda(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
    launch_store(x, 1, 10, first);
    ck_cuda(cudaStreamSynchronize(first));
    launch_store(x, 1, 1, first);
    ck_cuda(cudaEventRecord(event, first));
    if (with_event)
        ck_cuda(cudaStreamWaitEvent(second, event, 0));
    launch_update(x, 1, 2, second);
    ck_cuda(cudaMemcpyAsync(&back, x, sizeof back, cudaMemcpyDeviceToHost, second));
    ck_no_mistakes();
    return back;
}

START_TEST(streams_wait_for_each_other_only_by_events) {
    int early = 0;
    for (unsigned long long seed = 0; seed < 20; seed++) {
        ck_assert_int_eq(in_two_streams(seed, true), 4);
        early += in_two_streams(seed, false) == 22;
    }
    ck_assert_int_gt(early, 0);
    ck_assert_int_lt(early, 20); /* the seed decides */
    ck_assert_int_eq(in_two_streams(0, false), 22);
}
END_TEST

START_TEST(the_legacy_stream_waits_for_blocking_streams) {
    cuda_double_begin(NULL);
    int *x = new_device(1), back = 0;
    cudaStream_t blocking = new_stream(cudaStreamDefault);
    launch_store(x, 1, 3, blocking);
    launch_update(x, 1, 2, NULL);
    launch_update(x, 1, 3, blocking);
    ck_cuda(cudaMemcpy(&back, x, sizeof back, cudaMemcpyDeviceToHost));
    ck_assert_int_eq(back, 27);
    ck_no_mistakes();
}
END_TEST

START_TEST(the_legacy_stream_does_not_wait_for_others) {
    cuda_double_begin(NULL);
    int *x = new_device(1), back = 0;
    cudaStream_t other = new_stream(cudaStreamNonBlocking);
    launch_store(x, 1, 3, NULL);
    ck_cuda(cudaDeviceSynchronize());
    launch_store(x, 1, 4, other);
    ck_cuda(cudaMemcpy(&back, x, sizeof back, cudaMemcpyDeviceToHost));
    ck_assert_int_eq(back, 3);
    /* Nor do they for it, and a copy on the device is not waited for by the host. */
    int *y = new_device(1);
    ck_cuda(cudaMemset(y, 0, sizeof *y));
    ck_cuda(cudaDeviceSynchronize());
    ck_cuda(cudaMemcpy(y, x, sizeof *y, cudaMemcpyDeviceToDevice));
    ck_cuda(cudaMemcpyAsync(&back, y, sizeof back, cudaMemcpyDeviceToHost, other));
    ck_assert_int_eq(back, 0);
    ck_no_mistakes();
}
END_TEST

START_TEST(polling_ends) {
    cuda_double_begin(NULL);
    int *x = new_device(1);
    cudaStream_t stream = new_stream(cudaStreamDefault);
    cudaEvent_t event = NULL;
    ck_cuda(cudaEventCreate(&event));
    ck_cuda(cudaEventQuery(event)); /* never recorded: nothing to wait for */
    ck_cuda(cudaEventSynchronize(event));
    const cudaStream_t polled[] = {stream, NULL};
    for (int i = 0; i < 2; i++) {
        launch_store(x, 1, 1, stream);
        launch_update(x, 1, 1, stream);
        int polls = 0;
        while (cudaStreamQuery(polled[i]) == cudaErrorNotReady)
            ck_assert_int_lt(polls++, 10);
        ck_assert_int_gt(polls, 0);
    }
    launch_store(x, 1, 1, stream);
    ck_cuda(cudaEventRecord(event, stream));
    ck_error(cudaEventQuery(event), cudaErrorNotReady);
    ck_cuda(cudaGetLastError()); /* it is no error */
    for (int polls = 0; cudaEventQuery(event) == cudaErrorNotReady; polls++)
        ck_assert_int_lt(polls, 10);
    ck_no_mistakes();
}
END_TEST

START_TEST(events_tell_the_time) {
    cuda_double_begin(NULL);
    int *x = new_device(1);
    cudaStream_t stream = new_stream(cudaStreamNonBlocking);
    cudaEvent_t start = NULL, stop = NULL, other = NULL;
    float milliseconds = -1;
    ck_cuda(cudaEventCreate(&start));
    ck_cuda(cudaEventCreate(&stop));
    ck_cuda(cudaEventCreateWithFlags(&other, cudaEventDisableTiming));
    ck_error(cudaEventElapsedTime(&milliseconds, start, stop), cudaErrorInvalidResourceHandle);
    ck_cuda(cudaEventRecord(start, stream));
    launch_store(x, 1, 1, stream);
    ck_cuda(cudaEventRecord(stop, stream));
    ck_cuda(cudaEventRecord(other, stream));
    ck_error(cudaEventElapsedTime(&milliseconds, start, stop), cudaErrorNotReady);
    ck_cuda(cudaEventSynchronize(stop));
    ck_cuda(cudaEventElapsedTime(&milliseconds, start, stop));
    ck_assert(milliseconds >= 0 && milliseconds < 1e6F);
    ck_error(cudaEventElapsedTime(&milliseconds, start, other), cudaErrorInvalidResourceHandle);
}
END_TEST

START_TEST(an_event_is_its_latest_record) {
    cuda_double_begin(NULL);
    int *x = new_device(1), back = 0;
    cudaStream_t first = new_stream(cudaStreamNonBlocking),
                 second = new_stream(cudaStreamNonBlocking);
    cudaEvent_t event = NULL;
    ck_cuda(cudaEventCreate(&event));
    launch_store(x, 1, 1, first);
    ck_cuda(cudaEventRecord(event, first));
    ck_cuda(cudaStreamWaitEvent(second, event, 0));
    launch_store(x, 1, 2, first);
    ck_cuda(cudaEventRecord(event, first));
    ck_cuda(cudaEventDestroy(event)); /* what waits for it goes on waiting */
    ck_cuda(cudaMemcpyAsync(&back, x, sizeof back, cudaMemcpyDeviceToHost, second));
    ck_assert_int_eq(back, 1);
}
END_TEST

static void store(void *data) {
    *(int *)data = cudaStreamQuery(NULL) == cudaErrorNotPermitted ? 1 : 2;
}

START_TEST(functions_of_the_host_run_in_the_stream) {
    cuda_double_begin(NULL);
    int done = 0;
    cudaStream_t stream = new_stream(cudaStreamNonBlocking);
    ck_cuda(cudaLaunchHostFunc(stream, store, &done));
    ck_assert_int_eq(done, 0);
    ck_cuda(cudaStreamSynchronize(stream));
    ck_assert_int_eq(done, 1);
    ck_mistake("cudaStreamQuery was called by a host function");
}
END_TEST

static void *use_stream(void *result) {
    void *x = NULL;
    cudaStream_t stream = NULL;
    bool good = cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking) == cudaSuccess &&
                cudaMalloc(&x, sizeof(int)) == cudaSuccess;
    for (int i = 0, back = 0; good && i < 200; i++) {
        good =
            cudaMemcpyAsync(x, &i, sizeof i, cudaMemcpyHostToDevice, stream) == cudaSuccess &&
            cudaMemcpyAsync(&back, x, sizeof i, cudaMemcpyDeviceToHost, stream) == cudaSuccess &&
            back == i;
        good = good && cudaMalloc(NULL, 1) == cudaErrorInvalidValue &&
               cudaGetLastError() == cudaErrorInvalidValue;
    }
    good = good && cudaFree(x) == cudaSuccess && cudaStreamDestroy(stream) == cudaSuccess;
    *(bool *)result = good;
    return NULL;
}

START_TEST(threads_do_not_disturb_each_other) {
    enum { THREADS = 4 };
    cuda_double_begin(NULL);
    cuda_double_seed(1);
    pthread_t threads[THREADS];
    bool good[THREADS] = {false};
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, use_stream, &good[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        ck_assert(good[i]);
    }
    ck_assert_str_eq(cuda_double_leaks(), "");
    ck_no_mistakes();
}
END_TEST

START_TEST(closures_are_destroyed) {
    cuda_double_begin(NULL);
    ck_assert_int_eq(closures, 0);
    launch_store(new_device(1), 1, 1, NULL);
    ck_assert_int_eq(closures, 1);
    ck_cuda(cudaDeviceSynchronize());
    ck_assert_int_eq(closures, 0);
    launch_store(new_device(1), 1, 1, NULL);
    cuda_double_begin(NULL);
    ck_assert_int_eq(closures, 0);
}
END_TEST

static void look_inside(void *inside) {
    *(bool *)inside = cuda_double_is_inside();
}

START_TEST(who_is_inside_is_known) {
    cuda_double_begin(NULL);
    bool inside = true;
    ck_assert(!cuda_double_is_inside());
    ck_cuda(cudaLaunchHostFunc(NULL, look_inside, &inside)); /* that is the host's again */
    ck_cuda(cudaDeviceSynchronize());
    ck_assert(!inside);
    ck_assert(!cuda_double_is_inside());
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {
        streams_wait_for_each_other_only_by_events,
        the_legacy_stream_waits_for_blocking_streams,
        the_legacy_stream_does_not_wait_for_others,
        polling_ends,
        events_tell_the_time,
        an_event_is_its_latest_record,
        functions_of_the_host_run_in_the_stream,
        threads_do_not_disturb_each_other,
        closures_are_destroyed,
        who_is_inside_is_known,
        NULL,
    };
    return suite_of("double.streams", tests);
}
