/* Memory that is allocated and freed in stream order. No address is used twice. */
#include <stdint.h>

#include "allocate.h"
#include "calls.h"
#include "device_memory.h"
#include "machine.h"
#include "report.h"
#include "streams.h"

/* An allocation or its end, in a stream. */
struct change {
    struct double_work base;
    struct double_memory *memory;
};

static void destroy_change(struct double_work *work) {
    free(work);
}

static cudaError_t run_allocation(struct double_work *work) {
    struct double_memory *memory = ((struct change *)work)->memory;
    /* cudaFree, which waits for nothing, may have come before. */
    if (!memory->dropped)
        double_memory_appear(memory);
    return cudaSuccess;
}

static cudaError_t run_release(struct double_work *work) {
    double_memory_drop(((struct change *)work)->memory);
    return cudaSuccess;
}

static struct double_work *new_change(struct double_memory *memory,
                                      cudaError_t (*run)(struct double_work *work)) {
    struct change *change = double_new(sizeof *change);
    double_work_begin(&change->base, cudaGraphNodeTypeMemAlloc);
    change->base.run = run;
    change->base.destroy = destroy_change;
    change->memory = memory;
    return &change->base;
}

/* The stream, if pools can be used there. */
static cudaError_t find_stream(cudaStream_t handle, struct CUstream_st **stream) {
    if (double_machine.no_pools)
        return cudaErrorNotSupported;
    const cudaError_t error = double_stream(handle, stream);
    if (error != cudaSuccess || (*stream)->capture == NULL)
        return error;
    double_mistake("%s: the double has no allocations in graphs", double_call_name());
    return cudaErrorNotSupported;
}

static cudaError_t allocate(void **pointer, size_t bytes, cudaStream_t handle) {
    struct CUstream_st *stream = NULL;
    struct double_memory *memory = NULL;
    cudaError_t error = find_stream(handle, &stream);
    if (error == cudaSuccess && (pointer == NULL || bytes == 0))
        error = cudaErrorInvalidValue;
    if (error == cudaSuccess)
        error = double_memory_new(bytes, false, &memory);
    if (error != cudaSuccess)
        return error;
    error = double_enqueue(stream, new_change(memory, run_allocation));
    double_operation_set(&memory->allocation, stream->last);
    *pointer = memory->address;
    return error;
}

cudaError_t cudaMallocAsync(void **pointer, size_t bytes, cudaStream_t stream) {
    DOUBLE_CALL(DOUBLE_DEVICE, allocate(pointer, bytes, stream));
}

/* Whether all that waits and uses the memory comes before what was put into the stream last. */
static void check_users(const struct double_memory *memory, struct double_operation *release) {
    for (struct double_operation *user = release->previous; user != NULL; user = user->previous) {
        const struct double_span span = double_memory_span(memory);
        if (user->work != NULL &&
            (double_overlap(user->work->reads, span) ||
             double_overlap(user->work->writes, span)) &&
            !double_is_before(user, release))
            double_mistake("%s: memory that %s is still to use in another stream",
                           double_call_name(), user->work->call);
    }
}

static cudaError_t release(void *pointer, cudaStream_t handle) {
    struct CUstream_st *stream = NULL;
    cudaError_t error = find_stream(handle, &stream);
    if (error != cudaSuccess)
        return error;
    struct double_memory *memory = double_memory_to_free(pointer, false);
    if (memory == NULL)
        return cudaErrorInvalidValue;
    error = double_enqueue(stream, new_change(memory, run_release));
    if (!double_is_before(memory->allocation, stream->last))
        double_mistake("%s: memory that another stream allocates: nothing waits for that",
                       double_call_name());
    check_users(memory, stream->last);
    double_memory_give_back(memory);
    return error;
}

cudaError_t cudaFreeAsync(void *pointer, cudaStream_t stream) {
    cudaError_t error = double_enter(__func__, DOUBLE_DEVICE);
    if (error == cudaSuccess)
        error = release(pointer, stream);
    else
        double_memory_abandon(pointer);
    return double_leave(error);
}

/* ---- The default pools ---- */

struct CUmemPoolHandle_st {
    uint64_t release_threshold;
    int reuse[3];
};
static struct CUmemPoolHandle_st pools[DOUBLE_MOST_DEVICES];

static cudaError_t get_pool(cudaMemPool_t *pool, int device) {
    if (device < 0 || device >= double_device_count())
        return cudaErrorInvalidDevice;
    if (double_machine.no_pools)
        return cudaErrorNotSupported;
    if (pool == NULL)
        return cudaErrorInvalidValue;
    *pool = &pools[device];
    return cudaSuccess;
}

cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t *pool, int device) {
    DOUBLE_CALL(DOUBLE_DEVICE, get_pool(pool, device));
}

static cudaError_t check(const struct CUmemPoolHandle_st *pool) {
    if (pool >= pools && pool < pools + DOUBLE_MOST_DEVICES)
        return cudaSuccess;
    double_mistake("%s: no pool", double_call_name());
    return cudaErrorInvalidValue;
}

static bool is_reuse(enum cudaMemPoolAttr attribute) {
    return attribute >= cudaMemPoolReuseFollowEventDependencies &&
           attribute <= cudaMemPoolReuseAllowInternalDependencies;
}

static cudaError_t set_attribute(struct CUmemPoolHandle_st *pool, enum cudaMemPoolAttr attribute,
                                 const void *value) {
    const cudaError_t error = value == NULL ? cudaErrorInvalidValue : check(pool);
    if (error != cudaSuccess)
        return error;
    if (attribute == cudaMemPoolAttrReleaseThreshold)
        pool->release_threshold = *(const uint64_t *)value;
    else if (is_reuse(attribute))
        pool->reuse[attribute - cudaMemPoolReuseFollowEventDependencies] = *(const int *)value;
    else
        return cudaErrorInvalidValue;
    return cudaSuccess;
}

cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t pool, enum cudaMemPoolAttr attribute,
                                    void *value) {
    DOUBLE_CALL(DOUBLE_DEVICE, set_attribute(pool, attribute, value));
}

static cudaError_t get_attribute(const struct CUmemPoolHandle_st *pool,
                                 enum cudaMemPoolAttr attribute, void *value) {
    const cudaError_t error = value == NULL ? cudaErrorInvalidValue : check(pool);
    if (error != cudaSuccess)
        return error;
    if (attribute == cudaMemPoolAttrReleaseThreshold)
        *(uint64_t *)value = pool->release_threshold;
    else if (is_reuse(attribute))
        *(int *)value = pool->reuse[attribute - cudaMemPoolReuseFollowEventDependencies];
    else
        return cudaErrorInvalidValue;
    return cudaSuccess;
}

cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t pool, enum cudaMemPoolAttr attribute,
                                    void *value) {
    DOUBLE_CALL(DOUBLE_DEVICE, get_attribute(pool, attribute, value));
}

/* Nothing is kept. */
cudaError_t cudaMemPoolTrimTo(cudaMemPool_t pool, size_t bytes_to_keep) {
    (void)bytes_to_keep;
    DOUBLE_CALL(DOUBLE_DEVICE, check(pool));
}
