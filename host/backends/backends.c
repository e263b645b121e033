#include <string.h>

#include "backends/backend.h"
#include "device/device.h"
#include "status/fail.h"

#ifdef DENSEBLOCK_BUILD_CUDA
#define OF_CUDA_BUILD(backend) (&(backend))
#else
#define OF_CUDA_BUILD(backend) NULL
#endif
#ifdef DENSEBLOCK_BUILD_CUBLAS
#define OF_CUBLAS_BUILD(backend) (&(backend))
#else
#define OF_CUBLAS_BUILD(backend) NULL
#endif
#ifdef DENSEBLOCK_BUILD_CUDNN
#define OF_CUDNN_BUILD(backend) (&(backend))
#else
#define OF_CUDNN_BUILD(backend) NULL
#endif

/* A backend that this build does not have is here by name alone, so that asking for it is
 * answered and not misunderstood. AUTO takes the first in this order that it may. */
static const struct {
    denseblock_backend id;
    const char *name;
    denseblock_memory memory;
    bool for_auto;
    const struct dblk_backend *backend;
} backends[] = {
    {DENSEBLOCK_BACKEND_CUDA, "cuda", DENSEBLOCK_MEMORY_DEVICE, true,
     OF_CUDA_BUILD(dblk_backend_cuda)},
    {DENSEBLOCK_BACKEND_CUDNN, "cudnn", DENSEBLOCK_MEMORY_DEVICE, false,
     OF_CUDNN_BUILD(dblk_backend_cudnn)},
    {DENSEBLOCK_BACKEND_CUBLAS, "cublas", DENSEBLOCK_MEMORY_DEVICE, false,
     OF_CUBLAS_BUILD(dblk_backend_cublas)},
    {DENSEBLOCK_BACKEND_CPU, "cpu", DENSEBLOCK_MEMORY_HOST, true, &dblk_backend_cpu},
    {DENSEBLOCK_BACKEND_REFERENCE, "reference", DENSEBLOCK_MEMORY_HOST, true,
     &dblk_backend_reference},
};

enum { ROW_COUNT = sizeof backends / sizeof backends[0] };

const char *denseblock_backend_name(denseblock_backend backend) {
    if (backend == DENSEBLOCK_BACKEND_AUTO)
        return "auto";
    for (int i = 0; i < ROW_COUNT; i++)
        if (backends[i].id == backend)
            return backends[i].name;
    return "unknown backend";
}

denseblock_status denseblock_backend_from_name(const char *name, denseblock_backend *backend) {
    if (name == NULL || backend == NULL)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,
                         "denseblock_backend_from_name: a NULL pointer");
    *backend = DENSEBLOCK_BACKEND_AUTO;
    if (strcmp(name, "auto") == 0)
        return DENSEBLOCK_OK;
    for (int i = 0; i < ROW_COUNT; i++)
        if (strcmp(name, backends[i].name) == 0) {
            *backend = backends[i].id;
            return DENSEBLOCK_OK;
        }
    return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,
                     "no backend '%s': there are auto, reference, cpu, cublas, cudnn and cuda",
                     name);
}

/* The first that can run on that device, or AUTO if none can. */
static denseblock_backend first_for(int device) {
    struct dblk_problem problem;
    for (int i = 0; i < ROW_COUNT; i++)
        if (backends[i].for_auto && backends[i].backend != NULL &&
            backends[i].backend->device->check(device, &problem) == DENSEBLOCK_OK)
            return backends[i].id;
    return DENSEBLOCK_BACKEND_AUTO;
}

/* Where there is no such device, that of device 0 will say so. */
static denseblock_backend choose_for(int device) {
    const denseblock_backend found = first_for(device);
    return found != DENSEBLOCK_BACKEND_AUTO ? found : first_for(0);
}

denseblock_backend denseblock_backend_auto(void) {
    return choose_for(0);
}

denseblock_memory denseblock_backend_memory(denseblock_backend backend) {
    if (backend == DENSEBLOCK_BACKEND_AUTO)
        backend = denseblock_backend_auto();
    for (int i = 0; i < ROW_COUNT; i++)
        if (backends[i].id == backend)
            return backends[i].memory;
    return DENSEBLOCK_MEMORY_HOST;
}

static denseblock_status refuse_missing(const char *name) {
#ifdef DENSEBLOCK_BUILD_CUDA
    return dblk_fail(DENSEBLOCK_UNAVAILABLE,
                     "this build has no %s backend, since its header was not found: use 'cuda'",
                     name);
#else
    return dblk_fail(DENSEBLOCK_UNAVAILABLE,
                     "a CPU-only build has no %s backend: build with nvcc, or use 'cpu'", name);
#endif
}

static denseblock_status check(const struct dblk_backend *backend, int device,
                               struct dblk_problem *problem) {
    const denseblock_status status = backend->device->check(device, problem);
    return status == DENSEBLOCK_OK && backend->check != NULL ? backend->check(problem) : status;
}

denseblock_status dblk_backend_find(denseblock_backend id, int device,
                                    const struct dblk_backend **backend) {
    *backend = NULL;
    if (id == DENSEBLOCK_BACKEND_AUTO)
        id = choose_for(device);
    for (int i = 0; i < ROW_COUNT; i++) {
        const struct dblk_backend *row = backends[i].backend;
        if (backends[i].id != id)
            continue;
        if (row == NULL)
            return refuse_missing(backends[i].name);
        struct dblk_problem problem;
        const denseblock_status status = check(row, device, &problem);
        if (status != DENSEBLOCK_OK)
            return dblk_fail(status, "%s backend: %s", row->name, problem.text);
        *backend = row;
        return DENSEBLOCK_OK;
    }
    return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT, "backend %d is none", (int)id);
}

denseblock_status denseblock_backend_check(denseblock_backend backend) {
    const struct dblk_backend *found;
    return dblk_backend_find(backend, 0, &found);
}
