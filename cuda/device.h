/* What the host asks of CUDA about this machine. C can call it; no CUDA header is needed. */
#ifndef DENSEBLOCK_CUDA_DEVICE_H
#define DENSEBLOCK_CUDA_DEVICE_H

#include "denseblock.h"

#ifdef __cplusplus
extern "C" {
#endif

/* CUDA's version numbers, 13.0 is 13000; 0 when not found. No device is touched. */
int dblk_cuda_runtime_version(void);
int dblk_cuda_driver_version(void);

/* The devices, and if there are none, CUDA's own words why in *problem (static text). */
int dblk_cuda_device_count(const char **problem);

/* Describes device `device`, and runs a kernel there to learn whether it is usable. The calling
 * thread's current device is left as it was. On DENSEBLOCK_DEVICE_FAILED *problem tells. */
denseblock_status dblk_cuda_device_describe(int device, denseblock_device *info,
                                            const char **problem);

#ifdef __cplusplus
}
#endif

#endif
