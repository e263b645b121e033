/* The runtime double: a stand-in for the CUDA runtime, for tests where there is no GPU. It defines
 * the cuda... functions that the library calls, with the semantics of NVIDIA's documentation, and
 * runs kernels in the emulator of tests/emulator. Nothing that runs on it has run on a GPU.
 *
 * Streams do nothing before somebody waits for them: as late as the documentation allows. This is
 * what a test asks of it. */
#ifndef TESTS_CUDA_DOUBLE_H
#define TESTS_CUDA_DOUBLE_H

#include <cuda_runtime_api.h>
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The machine that it plays. Zero members mean: as the default. */
struct cuda_double_machine {
    int devices;            /* default 1; -1 for none */
    int driver_version;     /* default: as the runtime; -1: no driver */
    int compute_capability; /* default 90 */
    size_t memory_bytes;    /* of each device; default 1 GiB */
    bool no_pools;          /* cudaMallocAsync is not supported */
    bool no_image;          /* kernels were not compiled for it */
};

/* Forgets everything, and begins anew. */
void cuda_double_begin(const struct cuda_double_machine *machine);

/* The n-th call (from 1) of the function of this name from now on fails with this error; NULL:
 * of any function that can fail. "launch" is a kernel's launch. An asynchronous error, of
 * "execution", is the n-th operation's as it runs, and sticks. n = 0 ends it. */
void cuda_double_fail(const char *function, long n, cudaError_t error);

/* Calls so far of the function, or (NULL) of all that can fail. */
long cuda_double_calls(const char *function);

/* What has been made and not given back (device and pinned memory, streams, events, graphs), a
 * line each; "" where nothing is left. */
const char *cuda_double_leaks(void);

/* Mistakes of the host: memory freed twice, host memory used as device memory, a copy from memory
 * that was never written, a call that is forbidden during capture, ...; "" where there were none. */
const char *cuda_double_mistakes(void);

/* Bytes of device memory allocated now, and the most at once. */
size_t cuda_double_memory(void);
size_t cuda_double_memory_peak(void);

#ifdef __cplusplus
}
#endif

#endif
