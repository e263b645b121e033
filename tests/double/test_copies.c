/* Suite: what copies do, and when. */
#include "test_kernels.h"

enum { N = 5, POISON = (int)0xA5A5A5A5 };
static const size_t bytes = N * sizeof(int);

START_TEST(pinned_memory_is_right_only_after_waiting) {
    cuda_double_begin(NULL);
    int *x = new_device(N), *from = new_pinned(N), *to = new_pinned(N);
    cudaStream_t stream = new_stream(cudaStreamNonBlocking);
    for (int i = 0; i < N; i++)
        from[i] = i, to[i] = 7;
    ck_cuda(cudaMemcpyAsync(x, from, bytes, cudaMemcpyHostToDevice, stream));
    launch_update(x, N, 2, stream);
    ck_cuda(cudaMemcpyAsync(to, x, bytes, cudaMemcpyDeviceToHost, stream));
    ck_assert_int_eq(to[1], POISON);
    from[1] = 100; /* too early: it is the new value that is copied */
    ck_cuda(cudaStreamSynchronize(stream));
    ck_assert_int_eq(to[1], 202);
    ck_assert_int_eq(to[4], 10);
    ck_no_mistakes();
}
END_TEST

START_TEST(pageable_memory_is_read_at_the_call) {
    cuda_double_begin(NULL);
    int *x = new_device(N), host[N] = {1, 2, 3, 4, 5}, back[N] = {0};
    cudaStream_t stream = new_stream(cudaStreamNonBlocking);
    ck_cuda(cudaMemcpyAsync(x, host, bytes, cudaMemcpyHostToDevice, stream));
    host[0] = 9;
    launch_update(x, N, 3, stream);
    /* And is written when the call returns. */
    ck_cuda(cudaMemcpyAsync(back, x, bytes, cudaMemcpyDeviceToHost, stream));
    ck_assert_int_eq(back[0], 6);
    ck_assert_int_eq(back[4], 18);
    ck_no_mistakes();
}
END_TEST

START_TEST(a_destination_that_is_to_be_read_first_stays) {
    cuda_double_begin(NULL);
    int *x = new_device(N), *both = new_pinned(N);
    cudaStream_t stream = new_stream(cudaStreamNonBlocking);
    for (int i = 0; i < N; i++)
        both[i] = i;
    ck_cuda(cudaMemcpyAsync(x, both, bytes, cudaMemcpyDefault, stream));
    launch_update(x, N, 1, stream);
    ck_cuda(cudaMemcpyAsync(both, x, bytes, cudaMemcpyDefault, stream));
    ck_cuda(cudaStreamSynchronize(stream));
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(both[i], i + 1);
    ck_no_mistakes();
}
END_TEST

/* It has been copied away from, but perhaps not yet to the device. */
START_TEST(a_synchronous_copy_from_pageable_memory_may_arrive_later) {
    cuda_double_begin(NULL);
    int *x = new_device(1), value = 5, back = 0;
    cudaStream_t other = new_stream(cudaStreamNonBlocking);
    ck_cuda(cudaMemset(x, 0, sizeof *x));
    ck_cuda(cudaDeviceSynchronize());
    ck_cuda(cudaMemcpy(x, &value, sizeof value, cudaMemcpyHostToDevice));
    ck_cuda(cudaMemcpyAsync(&back, x, sizeof back, cudaMemcpyDeviceToHost, other));
    ck_assert_int_eq(back, 0);
    ck_cuda(cudaStreamSynchronize(NULL));
    ck_cuda(cudaMemcpyAsync(&back, x, sizeof back, cudaMemcpyDeviceToHost, other));
    ck_assert_int_eq(back, 5);
    /* From pinned memory it has arrived. */
    int *pinned = new_pinned(1);
    *pinned = 6;
    ck_cuda(cudaMemcpy(x, pinned, sizeof *pinned, cudaMemcpyHostToDevice));
    ck_cuda(cudaMemcpyAsync(&back, x, sizeof back, cudaMemcpyDeviceToHost, other));
    ck_assert_int_eq(back, 6);
}
END_TEST

START_TEST(rows_are_copied) {
    cuda_double_begin(NULL);
    enum { HEIGHT = 3, WIDTH = 2, PITCH = 4 };
    int *x = new_device(HEIGHT * PITCH), back[HEIGHT][WIDTH] = {{0}};
    const int host[HEIGHT][WIDTH] = {{1, 2}, {3, 4}, {5, 6}};
    const size_t width = sizeof host[0], pitch = PITCH * sizeof(int);
    ck_cuda(cudaMemcpy2D(x, pitch, host, width, width, HEIGHT, cudaMemcpyHostToDevice));
    ck_cuda(
        cudaMemcpy2DAsync(back, width, x, pitch, width, HEIGHT, cudaMemcpyDeviceToHost, NULL));
    ck_assert_mem_eq(back, host, sizeof host);
    ck_no_mistakes(); /* the padding was not copied */
    ck_cuda(cudaMemset2D(x, pitch, 0, width, HEIGHT));
    ck_cuda(cudaMemcpy2D(back, width, x, pitch, width, HEIGHT, cudaMemcpyDefault));
    ck_assert_int_eq(back[2][1], 0);
    ck_error(cudaMemcpy2D(x, 1, host, width, width, HEIGHT, cudaMemcpyHostToDevice),
             cudaErrorInvalidPitchValue);
    ck_no_mistakes();
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {
        pinned_memory_is_right_only_after_waiting,
        pageable_memory_is_read_at_the_call,
        a_destination_that_is_to_be_read_first_stays,
        a_synchronous_copy_from_pageable_memory_may_arrive_later,
        rows_are_copied,
        NULL,
    };
    return suite_of("double.copies", tests);
}
