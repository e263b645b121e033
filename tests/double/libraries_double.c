/* The libraries that the machine of the double has, in place of host/device/library.c: cuBLAS,
 * cuDNN and NVML. As calls that can fail they are "dlopen" and "dlsym". */
#include <string.h>

#include "calls.h"
#include "cublas_double.h"
#include "cudnn_double.h"
#include "device/library.h"
#include "injection.h"
#include "nvml_double.h"

/* Each is known by the address of its name. */
static char cublas[] = "libcublas.so.13", cudnn[] = "libcudnn.so.9", nvml[] = "libnvidia-ml.so.1";

static bool fails(const char *call) {
    double_lock();
    const bool does = double_count(call) != cudaSuccess;
    double_unlock();
    return does;
}

void *dblk_library_open(const char *const *names) {
    if (fails("dlopen"))
        return NULL;
    for (; *names != NULL; names++) {
        if (strcmp(*names, cublas) == 0 && cublas_double_function("cublasCreate_v2") != NULL)
            return cublas;
        if (strcmp(*names, cudnn) == 0 && cudnn_double_function("cudnnCreate") != NULL)
            return cudnn;
        if (strcmp(*names, nvml) == 0 && nvml_double_is_here())
            return nvml;
    }
    return NULL;
}

void dblk_library_close(void *library) {
    (void)library;
}

void dblk_library_function(void *library, const char *name, void *function) {
    void (*found)(void) = library == cublas  ? cublas_double_function(name)
                          : library == cudnn ? cudnn_double_function(name)
                          : library == nvml  ? nvml_double_function(name)
                                             : NULL;
    if (fails("dlsym"))
        found = NULL;
    memcpy(function, &found, sizeof found);
}
