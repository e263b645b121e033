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
    int code_capability;    /* that kernels were written for; default: as the device's */
    int multiprocessors;    /* of each device; default 132 */
    size_t memory_bytes;    /* of each device; default 1 GiB */
    size_t l2_bytes;        /* of each device; default 50 MiB */
    int memory_megahertz;   /* default 2619, with a bus of 5120 bits: 3.35 TB/s */
    bool no_pools;          /* cudaMallocAsync is not supported */
    bool no_image;          /* kernels were not compiled for it */
    int first_usable;       /* kernels were not compiled for the devices before this one */
};

/* Forgets everything, and begins anew. NULL: the machine of the environment (program.h). */
void cuda_double_begin(const struct cuda_double_machine *machine);

/* Where several operations may go on, the seed decides which does. 0: always the newest, and none
 * that nobody waits for; others: any, and sometimes one that nobody waits for. It begins with that
 * of the environment. */
void cuda_double_seed(unsigned long long seed);

/* The n-th call (from 1) of the function of this name from now on fails with this error; NULL:
 * of any function that can fail. "launch" is a kernel's launch. An asynchronous error, of
 * "execution", is the n-th operation's as it runs, and sticks. n = 0 ends it; with NULL, all.
 *
 * What was to be given back by a call that failed still exists, but is no leak: the host can do no
 * more. A capture ends also by an EndCapture that failed. */
void cuda_double_fail(const char *function, long n, cudaError_t error);

/* Calls so far of the function, or (NULL) of all that can fail. */
long cuda_double_calls(const char *function);

/* What has been made and not given back (device and pinned memory, streams, events, graphs), a
 * line each; "" where nothing is left. */
const char *cuda_double_leaks(void);

/* Mistakes of the host: memory freed twice, host memory used as device memory, a copy from memory
 * that was never written, a call that is forbidden during capture, ...; "" where there were none. */
const char *cuda_double_mistakes(void);

/* Whether the calling thread is in the double or in the emulator: for tests that count or refuse
 * allocations of the host's. */
bool cuda_double_is_inside(void);

/* Bytes of device memory allocated now, and the most at once. */
size_t cuda_double_memory(void);
size_t cuda_double_memory_peak(void);

#ifdef __cplusplus
}
#endif

#endif
