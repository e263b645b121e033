#include "backends/cudnn/cudnn_library.h"

#include <stdio.h>

#include "device/device.h"
#include "device/library.h"
#include "device/library_files.h"
#include "status/fail.h"

static const char *find_functions(void *library, struct dblk_cudnn *cudnn) {
#define FIND(function)                                                   \
    dblk_library_function(library, #function, (void *)&cudnn->function); \
    if (cudnn->function == NULL)                                         \
        return #function;
    DBLK_CUDNN_FUNCTIONS(FIND)
#undef FIND
    return NULL;
}

/* Whether it is one that we can use; if not, why. */
static bool examine(void *library, struct dblk_cudnn *cudnn, struct dblk_problem *problem) {
    const char *missing = find_functions(library, cudnn);
    if (missing != NULL) {
        (void)snprintf(problem->text, sizeof problem->text,
                       "the cuDNN that was found, %s, has no function %s", dblk_cudnn_files[0],
                       missing);
        return false;
    }
    const size_t version = cudnn->cudnnGetVersion();
    if (version / 10000 != CUDNN_MAJOR) {
        (void)snprintf(problem->text, sizeof problem->text,
                       "the cuDNN that was found, %s, says that its version is %zu: install "
                       "cuDNN %d, whose versions are 90000 and more",
                       dblk_cudnn_files[0], version, CUDNN_MAJOR);
        return false;
    }
    return true;
}

/* The library stays: it has state of its own on the GPU, and loading it takes long. Each context and
 * each plan opens it once more, which only counts. */
denseblock_status dblk_cudnn_load(struct dblk_cudnn *cudnn, struct dblk_problem *problem) {
    void *library = dblk_library_open(dblk_cudnn_files);
    if (library == NULL) {
        (void)snprintf(problem->text, sizeof problem->text,
                       "cuDNN was not found, there is no %s: install it, or add its folder to "
                       "LD_LIBRARY_PATH",
                       dblk_cudnn_files[0]);
        return DENSEBLOCK_UNAVAILABLE;
    }
    if (examine(library, cudnn, problem))
        return DENSEBLOCK_OK;
    dblk_library_close(library);
    return DENSEBLOCK_UNAVAILABLE;
}

denseblock_status dblk_cudnn_load_or_fail(struct dblk_cudnn *cudnn) {
    struct dblk_problem problem;
    const denseblock_status status = dblk_cudnn_load(cudnn, &problem);
    if (status != DENSEBLOCK_OK)
        return dblk_fail(status, "cudnn backend: %s", problem.text);
    return DENSEBLOCK_OK;
}

/* What the user can do about it decides. */
static denseblock_status status_of(cudnnStatus_t status) {
    switch (status) {
    case CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED:
    case CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED:
        return DENSEBLOCK_OUT_OF_MEMORY;
    case CUDNN_STATUS_SUBLIBRARY_VERSION_MISMATCH:
    case CUDNN_STATUS_SUBLIBRARY_LOADING_FAILED:
        return DENSEBLOCK_UNAVAILABLE;
    default:
        return CUDNN_STATUS_CATEGORY(status) == CUDNN_STATUS_NOT_SUPPORTED
                   ? DENSEBLOCK_UNAVAILABLE
                   : DENSEBLOCK_DEVICE_FAILED;
    }
}

denseblock_status dblk_cudnn_check(const struct dblk_cudnn *cudnn, cudnnStatus_t status,
                                   const char *function) {
    if (status == CUDNN_STATUS_SUCCESS)
        return DENSEBLOCK_OK;
    char more[256] = "";
    cudnn->cudnnGetLastErrorString(more, sizeof more);
    return dblk_fail(status_of(status), "%s failed: %s%s%s", function,
                     cudnn->cudnnGetErrorString(status), more[0] == 0 ? "" : ": ", more);
}
