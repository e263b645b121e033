/* Kernels for the suites of the double: functions of the host, which the emulator that only
 * remembers runs once. */
#ifndef TESTS_DOUBLE_TEST_KERNELS_H
#define TESTS_DOUBLE_TEST_KERNELS_H

#include "cuda_double.h"
#include "suite.h"

/* A call of the runtime that succeeds. */
#define ck_cuda(call) ck_error(call, cudaSuccess)

/* A call that gives this error. */
#define ck_error(call, expected)                                                        \
    do {                                                                                \
        const cudaError_t ck_got = (call);                                              \
        ck_assert_msg(ck_got == (expected), "%s: %s", #call, cudaGetErrorName(ck_got)); \
    } while (0)

/* The host has made no mistake, or one with these words in its line. */
#define ck_no_mistakes() ck_assert_str_eq(cuda_double_mistakes(), "")
#define ck_mistake(words)                                                                   \
    ck_assert_msg(strstr(cuda_double_mistakes(), (words)) != NULL, "the mistakes are '%s'", \
                  cuda_double_mistakes())

/* Enqueue x[i] = value * x[i] + value, and x[i] = value. Failure is the last error. */
void launch_update(int *x, int n, int value, cudaStream_t stream);
void launch_store(int *x, int n, int value, cudaStream_t stream);

/* The same with sizes of a launch. */
void launch_with(const unsigned grid[3], const unsigned block[3], size_t shared_bytes,
                 cudaStream_t stream);
extern const void *const kernel_with; /* as cudaFuncSetAttribute knows it */

/* Closures of all of them that have not been destroyed. */
extern int closures;

/* Device memory of n integers; pinned memory. */
int *new_device(int n);
int *new_pinned(int n);

cudaStream_t new_stream(unsigned flags);

/* A new stream that is captured; the graph at the end. */
cudaStream_t begin_capture(enum cudaStreamCaptureMode mode);
cudaGraph_t end_capture(cudaStream_t stream);

#endif
