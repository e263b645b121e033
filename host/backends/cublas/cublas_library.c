#include "backends/cublas/cublas_library.h"

#include <stdio.h>

#include "device/device.h"
#include "device/library.h"
#include "device/library_files.h"
#include "status/fail.h"

static const char *find_functions(void *library, struct dblk_cublas *cublas) {
#define FIND(function)                                                    \
    dblk_library_function(library, #function, (void *)&cublas->function); \
    if (cublas->function == NULL)                                         \
        return #function;
    DBLK_CUBLAS_FUNCTIONS(FIND)
#undef FIND
    return NULL;
}

/* What the functions that we call do is the same in 12 and 13. */
static bool is_known(const struct dblk_cublas *cublas, int *major) {
    return cublas->cublasGetProperty(MAJOR_VERSION, major) == CUBLAS_STATUS_SUCCESS &&
           (*major == 12 || *major == 13);
}

/* The library stays: it has state of its own on the GPU, and loading it takes long. Each context
 * opens it once more, which only counts. */
denseblock_status dblk_cublas_load(struct dblk_cublas *cublas, struct dblk_problem *problem) {
    void *library = dblk_library_open(dblk_cublas_files);
    if (library == NULL) {
        (void)snprintf(
            problem->text, sizeof problem->text,
            "cuBLAS was not found, neither %s nor %s: install it, or add its folder to "
            "LD_LIBRARY_PATH",
            dblk_cublas_files[0], dblk_cublas_files[1]);
        return DENSEBLOCK_UNAVAILABLE;
    }
    int major = 0;
    const char *missing = find_functions(library, cublas);
    if (missing == NULL && is_known(cublas, &major))
        return DENSEBLOCK_OK;
    if (missing == NULL)
        (void)snprintf(
            problem->text, sizeof problem->text,
            "the cuBLAS that was found, %s or %s, says that its version is %d: install "
            "cuBLAS 12 or 13",
            dblk_cublas_files[0], dblk_cublas_files[1], major);
    else
        (void)snprintf(problem->text, sizeof problem->text,
                       "the cuBLAS that was found, %s or %s, has no function %s",
                       dblk_cublas_files[0], dblk_cublas_files[1], missing);
    dblk_library_close(library);
    return DENSEBLOCK_UNAVAILABLE;
}

/* What the user can do about it decides. */
static denseblock_status status_of(cublasStatus_t status) {
    switch (status) {
    case CUBLAS_STATUS_ALLOC_FAILED:
        return DENSEBLOCK_OUT_OF_MEMORY;
    case CUBLAS_STATUS_ARCH_MISMATCH:
    case CUBLAS_STATUS_NOT_SUPPORTED:
        return DENSEBLOCK_UNAVAILABLE;
    default:
        return DENSEBLOCK_DEVICE_FAILED;
    }
}

denseblock_status dblk_cublas_check(const struct dblk_cublas *cublas, cublasStatus_t status,
                                    const char *function) {
    if (status == CUBLAS_STATUS_SUCCESS)
        return DENSEBLOCK_OK;
    return dblk_fail(status_of(status), "%s failed: %s", function,
                     cublas->cublasGetStatusString(status));
}
