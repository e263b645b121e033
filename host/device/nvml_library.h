/* NVML, NVIDIA's library for looking after GPUs: it comes with the driver, and is found when the
 * program runs. */
#ifndef DENSEBLOCK_HOST_NVML_LIBRARY_H
#define DENSEBLOCK_HOST_NVML_LIBRARY_H

#include "denseblock.h"

struct dblk_problem;

/* The toolkit can be installed without NVML's header, so all that we use of it stands here, as
 * nvml.h has it. */
typedef enum nvmlReturn_enum {
    NVML_SUCCESS = 0,
    NVML_ERROR_UNINITIALIZED = 1,
    NVML_ERROR_INVALID_ARGUMENT = 2,
    NVML_ERROR_NOT_SUPPORTED = 3,
    NVML_ERROR_NO_PERMISSION = 4,
    NVML_ERROR_NOT_FOUND = 6,
    NVML_ERROR_DRIVER_NOT_LOADED = 9,
    NVML_ERROR_LIB_RM_VERSION_MISMATCH = 18,
    NVML_ERROR_MEMORY = 20,
    NVML_ERROR_UNKNOWN = 999
} nvmlReturn_t;
typedef struct nvmlDevice_st *nvmlDevice_t;

nvmlReturn_t nvmlInit_v2(void); /* each wants an nvmlShutdown */
nvmlReturn_t nvmlShutdown(void);
const char *nvmlErrorString(nvmlReturn_t result);
nvmlReturn_t nvmlDeviceGetHandleByPciBusId_v2(const char *bus_id, nvmlDevice_t *device);
nvmlReturn_t nvmlDeviceGetMigMode(nvmlDevice_t device, unsigned *current, unsigned *pending);
nvmlReturn_t nvmlDeviceGetTotalEnergyConsumption(nvmlDevice_t device,
                                                 unsigned long long *millijoules);

/* All that we call. */
#define DBLK_NVML_FUNCTIONS(X)          \
    X(nvmlInit_v2)                      \
    X(nvmlShutdown)                     \
    X(nvmlErrorString)                  \
    X(nvmlDeviceGetHandleByPciBusId_v2) \
    X(nvmlDeviceGetMigMode)             \
    X(nvmlDeviceGetTotalEnergyConsumption)

struct dblk_nvml {
    void *library; /* NULL: not loaded */
#define DBLK_NVML_MEMBER(function) __typeof__ (&(function))(function);
    DBLK_NVML_FUNCTIONS(DBLK_NVML_MEMBER)
#undef DBLK_NVML_MEMBER
};

/* Finds the library and its functions. DENSEBLOCK_UNSUPPORTED, with the reason in `problem`. */
denseblock_status dblk_nvml_load(struct dblk_nvml *nvml, struct dblk_problem *problem);

/* Also where it is not loaded. */
void dblk_nvml_unload(struct dblk_nvml *nvml);

/* DENSEBLOCK_OK for NVML_SUCCESS. Otherwise `problem` says that the function of this name failed,
 * and how. DENSEBLOCK_UNSUPPORTED where the machine or this user has no access to it,
 * DENSEBLOCK_OUT_OF_MEMORY, DENSEBLOCK_DEVICE_FAILED. */
denseblock_status dblk_nvml_check(const struct dblk_nvml *nvml, nvmlReturn_t result,
                                  const char *function, struct dblk_problem *problem);

#endif
