/* Suite: the double with the emulator that runs kernels. */
#include "emulated_kernels.h"
#include "emulator.h"
#include "test_kernels.h"

enum { N = 77 };
static const size_t bytes = N * sizeof(int);

static cudaStream_t begin(int **x, int **y) {
    cuda_double_begin(NULL);
    emulator_clear();
    int host[N];
    for (int i = 0; i < N; i++)
        host[i] = i;
    *x = new_device(N);
    *y = new_device(N);
    cudaStream_t stream = new_stream(cudaStreamNonBlocking);
    ck_cuda(cudaMemcpyAsync(*x, host, bytes, cudaMemcpyHostToDevice, stream));
    return stream;
}

static void ck_reported(enum emulator_finding kind, const char *words) {
    ck_assert_msg(emulator_count(kind) > 0 && strstr(emulator_reports(), words) != NULL,
                  "the emulator reports '%s'", emulator_reports());
    ck_error(cudaGetLastError(), cudaErrorIllegalAddress);
}

START_TEST(a_kernel_runs) {
    int *x, *y, back[N];
    cudaStream_t stream = begin(&x, &y);
    launch_emulated(y, x, N, stream);
    launch_emulated(y, y, N, stream);
    ck_cuda(cudaMemcpyAsync(back, y, bytes, cudaMemcpyDeviceToHost, stream));
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(back[i], 4 * i + 3);
    ck_no_mistakes();
    ck_assert_str_eq(emulator_reports(), "");
}
END_TEST

START_TEST(a_captured_kernel_runs_again_and_again) {
    int *x, *y, back[N];
    cudaStream_t stream = begin(&x, &y);
    cudaGraph_t graph = NULL;
    cudaGraphExec_t executable = NULL;
    ck_cuda(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
    launch_emulated(x, x, N, stream);
    ck_cuda(cudaStreamEndCapture(stream, &graph));
    ck_cuda(cudaGraphInstantiate(&executable, graph, 0));
    for (int i = 0; i < 3; i++)
        ck_cuda(cudaGraphLaunch(executable, stream));
    ck_cuda(cudaMemcpyAsync(back, x, bytes, cudaMemcpyDeviceToHost, stream));
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(back[i], 8 * i + 7);
    ck_no_mistakes();
    ck_assert_str_eq(emulator_reports(), "");
}
END_TEST

START_TEST(an_access_out_of_bounds_sticks) {
    int *x, *y;
    cudaStream_t stream = begin(&x, &y);
    launch_emulated(y + 1, x, N, stream);
    ck_cuda(cudaGetLastError());
    ck_error(cudaStreamSynchronize(stream), cudaErrorIllegalAddress);
    ck_reported(EMULATOR_OUT_OF_BOUNDS, "emulated_kernel");
}
END_TEST

START_TEST(memory_that_was_freed_too_early_is_out_of_bounds) {
    int *x, *y;
    cudaStream_t stream = begin(&x, &y);
    ck_cuda(cudaStreamSynchronize(stream));
    launch_emulated(y, x, N, stream);
    ck_cuda(cudaFree(y)); /* waits for nothing */
    ck_error(cudaStreamSynchronize(stream), cudaErrorIllegalAddress);
    ck_reported(EMULATOR_OUT_OF_BOUNDS, "emulated_kernel");
}
END_TEST

START_TEST(a_kernel_cannot_use_memory_of_the_host) {
    int *x, *y, host[N] = {0};
    cudaStream_t stream = begin(&x, &y);
    launch_emulated(host, x, N, stream);
    ck_error(cudaStreamSynchronize(stream), cudaErrorIllegalAddress);
    ck_reported(EMULATOR_HOST_POINTER, "emulated_kernel");
}
END_TEST

START_TEST(a_kernel_that_does_not_wait_for_its_input_is_seen) {
    int *x, *y;
    (void)begin(&x, &y);
    cudaStream_t other = new_stream(cudaStreamNonBlocking);
    launch_emulated(y, x, N, other); /* the copy to x is in the first stream */
    (void)cudaStreamSynchronize(other);
    ck_assert_uint_gt(emulator_count(EMULATOR_NOT_WRITTEN), 0);
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {
        a_kernel_runs,
        a_captured_kernel_runs_again_and_again,
        an_access_out_of_bounds_sticks,
        memory_that_was_freed_too_early_is_out_of_bounds,
        a_kernel_cannot_use_memory_of_the_host,
        a_kernel_that_does_not_wait_for_its_input_is_seen,
        NULL,
    };
    return suite_of("double.emulated", tests);
}
