/* What of CUDA there is: in this build, and on this machine. */
#include "status/fail.h"

#ifndef DENSEBLOCK_BUILD_CUDA

void denseblock_cuda_query(denseblock_cuda *cuda) {
    *cuda = (denseblock_cuda){
        .condition = "CPU-only build: no CUDA compiler was used, GPUs are not looked for",
        .cublas_files = "",
        .cudnn_files = ""};
}

denseblock_status denseblock_device_query(int device, denseblock_device *info) {
    (void)device;
    if (info == NULL)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT, "denseblock_device_query: info is NULL");
    *info = (denseblock_device){0};
    return dblk_fail(DENSEBLOCK_UNAVAILABLE, "a CPU-only build has no devices");
}

#else

#include "device/cuda_devices.h"
#include "device/library.h"
#include "device/library_files.h"

/* cuBLAS and cuDNN are asked for their version and closed again. */
static int cublas_version(void) {
    enum { MAJOR, MINOR, PATCH, PROPERTY_COUNT }; /* libraryPropertyType of CUDA */
    void *library = dblk_library_open(dblk_cublas_files);
    if (library == NULL)
        return 0;
    int (*get_property)(int property, int *value) = NULL;
    dblk_library_function(library, "cublasGetProperty", (void *)&get_property);
    int parts[PROPERTY_COUNT] = {0};
    for (int i = 0; i < PROPERTY_COUNT && get_property != NULL; i++)
        if (get_property(i, &parts[i]) != 0)
            parts[i] = 0;
    dblk_library_close(library);
    return parts[MAJOR] * 10000 + parts[MINOR] * 100 + parts[PATCH];
}

static int cudnn_version(void) {
    void *library = dblk_library_open(dblk_cudnn_files);
    if (library == NULL)
        return 0;
    size_t (*get_version)(void) = NULL;
    dblk_library_function(library, "cudnnGetVersion", (void *)&get_version);
    const int version = get_version == NULL ? 0 : (int)get_version();
    dblk_library_close(library);
    return version;
}

/* Names with commas between them. */
static const char *join(const char *const *names, char *text, size_t size) {
    size_t length = 0;
    text[0] = 0;
    for (int i = 0; names[i] != NULL && length < size; i++)
        length +=
            (size_t)snprintf(text + length, size - length, "%s%s", i > 0 ? ", " : "", names[i]);
    return text;
}

void denseblock_cuda_query(denseblock_cuda *cuda) {
    enum { LIST_SIZE = 64 };
    static _Thread_local struct dblk_problem found;
    static _Thread_local char cublas_files[LIST_SIZE], cudnn_files[LIST_SIZE];
    *cuda = (denseblock_cuda){
        .runtime_version = dblk_cuda_runtime_version(),
        .driver_version = dblk_cuda_driver_version(),
        .device_count = dblk_cuda_devices(&found),
        .cublas_version = cublas_version(),
        .cudnn_version = cudnn_version(),
        .condition = found.text,
        .cublas_files = join(dblk_cublas_files, cublas_files, sizeof cublas_files),
        .cudnn_files = join(dblk_cudnn_files, cudnn_files, sizeof cudnn_files),
    };
}

denseblock_status denseblock_device_query(int device, denseblock_device *info) {
    if (info == NULL)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT, "denseblock_device_query: info is NULL");
    *info = (denseblock_device){0};
    struct dblk_problem problem;
    const int count = dblk_cuda_devices(&problem);
    if (count == 0)
        return dblk_fail(DENSEBLOCK_UNAVAILABLE, "there is no GPU");
    if (device < 0 || device >= count)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT, "no device %d: there are 0 to %d", device,
                         count - 1);
    return dblk_cuda_device_describe(device, info);
}

#endif
