#include <string.h>

#include "backends/backend.h"
#include "status/fail.h"

/* A backend that this version does not have is here by name alone, so that asking for it is
 * answered and not misunderstood. AUTO takes the first in this order that it may. */
static const struct {
    denseblock_backend id;
    const char *name;
    denseblock_memory memory;
    bool for_auto;
    const struct dblk_backend *backend;
} backends[] = {
    {DENSEBLOCK_BACKEND_CUDA, "cuda", DENSEBLOCK_MEMORY_DEVICE, true, NULL},
    {DENSEBLOCK_BACKEND_CUDNN, "cudnn", DENSEBLOCK_MEMORY_DEVICE, false, NULL},
    {DENSEBLOCK_BACKEND_CUBLAS, "cublas", DENSEBLOCK_MEMORY_DEVICE, false, NULL},
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

denseblock_backend denseblock_backend_auto(void) {
    for (int i = 0; i < ROW_COUNT; i++)
        if (backends[i].for_auto && backends[i].backend != NULL)
            return backends[i].id;
    return DENSEBLOCK_BACKEND_REFERENCE; /* the last row, which runs everywhere */
}

denseblock_memory denseblock_backend_memory(denseblock_backend backend) {
    if (backend == DENSEBLOCK_BACKEND_AUTO)
        backend = denseblock_backend_auto();
    for (int i = 0; i < ROW_COUNT; i++)
        if (backends[i].id == backend)
            return backends[i].memory;
    return DENSEBLOCK_MEMORY_HOST;
}

denseblock_status dblk_backend_find(denseblock_backend id, const struct dblk_backend **backend) {
    *backend = NULL;
    if (id == DENSEBLOCK_BACKEND_AUTO)
        id = denseblock_backend_auto();
    for (int i = 0; i < ROW_COUNT; i++) {
        if (backends[i].id != id)
            continue;
        if (backends[i].backend == NULL)
            return dblk_fail(DENSEBLOCK_UNAVAILABLE,
                             "version %s has no %s backend yet: use 'cpu'",
                             denseblock_version_string(), backends[i].name);
        *backend = backends[i].backend;
        return DENSEBLOCK_OK;
    }
    return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT, "backend %d is none", (int)id);
}

denseblock_status denseblock_backend_check(denseblock_backend backend) {
    const struct dblk_backend *found;
    return dblk_backend_find(backend, &found);
}
