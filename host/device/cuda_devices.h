/* What CUDA finds on this machine. Only in builds with CUDA. */
#ifndef DENSEBLOCK_HOST_CUDA_DEVICES_H
#define DENSEBLOCK_HOST_CUDA_DEVICES_H

#include "device/device.h"

/* CUDA's version numbers, 13.0 is 13000; 0 when not found. No device is touched. */
int dblk_cuda_runtime_version(void);
int dblk_cuda_driver_version(void);

/* How many devices there are, and in `problem` one line: what was found, and if no device, why not
 * and what to do. */
int dblk_cuda_devices(struct dblk_problem *condition);

/* check of struct dblk_device. No kernel runs. */
denseblock_status dblk_cuda_device_check(int number, struct dblk_problem *problem);

/* What kernels are chosen by. */
struct dblk_cuda_limits {
    int compute_capability; /* that there is code for: at most the device's. 90 is 9.0 */
    int multiprocessors;
    size_t shared_bytes; /* the most that a block of threads may have */
    size_t cache_bytes;  /* of the L2 cache */
    double
        memory_rate; /* bytes in a microsecond, of memory of two transfers a cycle; 0: unknown */
};
denseblock_status dblk_cuda_device_limits(int number, struct dblk_cuda_limits *limits);

/* Describes a device that exists, and runs a kernel there to learn whether it is usable. */
denseblock_status dblk_cuda_device_describe(int number, denseblock_device *info);

#endif
