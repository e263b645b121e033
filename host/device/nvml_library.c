#include "device/nvml_library.h"

#include <stdio.h>

#include "device/device.h"
#include "device/library.h"
#include "device/library_files.h"

static const char *find_functions(struct dblk_nvml *nvml) {
#define FIND(function)                                                        \
    dblk_library_function(nvml->library, #function, (void *)&nvml->function); \
    if (nvml->function == NULL)                                               \
        return #function;
    DBLK_NVML_FUNCTIONS(FIND)
#undef FIND
    return NULL;
}

denseblock_status dblk_nvml_load(struct dblk_nvml *nvml, struct dblk_problem *problem) {
    nvml->library = dblk_library_open(dblk_nvml_files);
    if (nvml->library == NULL) {
        (void)snprintf(problem->text, sizeof problem->text,
                       "NVML was not found, there is no %s: it comes with NVIDIA's driver; in a "
                       "container, ask for the capability 'utility'",
                       dblk_nvml_files[0]);
        return DENSEBLOCK_UNSUPPORTED;
    }
    const char *missing = find_functions(nvml);
    if (missing == NULL)
        return DENSEBLOCK_OK;
    (void)snprintf(problem->text, sizeof problem->text,
                   "the NVML that was found, %s, has no function %s: install a newer driver",
                   dblk_nvml_files[0], missing);
    dblk_nvml_unload(nvml);
    return DENSEBLOCK_UNSUPPORTED;
}

void dblk_nvml_unload(struct dblk_nvml *nvml) {
    if (nvml->library != NULL)
        dblk_library_close(nvml->library);
    nvml->library = NULL;
}

/* What the user can do about it decides. */
static denseblock_status status_of(nvmlReturn_t result) {
    switch (result) {
    case NVML_ERROR_MEMORY:
        return DENSEBLOCK_OUT_OF_MEMORY;
    case NVML_ERROR_NOT_SUPPORTED:
    case NVML_ERROR_NO_PERMISSION:
    case NVML_ERROR_NOT_FOUND:
    case NVML_ERROR_DRIVER_NOT_LOADED:
    case NVML_ERROR_LIB_RM_VERSION_MISMATCH:
        return DENSEBLOCK_UNSUPPORTED;
    default:
        return DENSEBLOCK_DEVICE_FAILED;
    }
}

denseblock_status dblk_nvml_check(const struct dblk_nvml *nvml, nvmlReturn_t result,
                                  const char *function, struct dblk_problem *problem) {
    if (result == NVML_SUCCESS)
        return DENSEBLOCK_OK;
    (void)snprintf(problem->text, sizeof problem->text, "%s failed: %s", function,
                   nvml->nvmlErrorString(result));
    return status_of(result);
}
