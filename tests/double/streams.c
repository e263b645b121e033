/* Streams: what their operations wait for. */
#include "streams.h"

#include "allocate.h"
#include "calls.h"
#include "capture.h"
#include "machine.h"
#include "report.h"

static struct CUstream_st legacy[DOUBLE_MOST_DEVICES];
static struct CUstream_st *streams;

struct CUstream_st *double_first_stream(void) {
    return streams;
}

static bool is_blocking(const struct CUstream_st *stream) {
    return (stream->flags & cudaStreamNonBlocking) == 0;
}

cudaError_t double_stream(cudaStream_t handle, struct CUstream_st **stream) {
    if (handle == cudaStreamPerThread) {
        double_mistake("%s: the double has no stream per thread", double_call_name());
        return cudaErrorNotSupported;
    }
    if (handle == NULL || handle == cudaStreamLegacy) {
        *stream = &legacy[double_current_device()];
        (*stream)->legacy = true;
        (*stream)->device = double_current_device();
        return double_capture_allows_legacy(double_current_device());
    }
    if (!double_object_is(handle, DOUBLE_STREAM, true))
        return cudaErrorInvalidResourceHandle;
    *stream = handle;
    return cudaSuccess;
}

struct double_operation **double_stream_dependencies(struct CUstream_st *stream, size_t *count) {
    /* Its own, the legacy stream's, and one that the caller adds. */
    size_t most = 3;
    for (const struct CUstream_st *other = streams; other != NULL; other = other->next)
        most++;
    struct double_operation **dependencies = double_new(most * sizeof(struct double_operation *));
    size_t n = 0;
    dependencies[n++] = stream->last;
    if (!stream->legacy && is_blocking(stream))
        dependencies[n++] = legacy[stream->device].last;
    for (struct CUstream_st *other = streams; stream->legacy && other != NULL;
         other = other->next)
        if (is_blocking(other) && other->device == stream->device)
            dependencies[n++] = other->last;
    *count = n;
    return dependencies;
}

cudaError_t double_enqueue(struct CUstream_st *stream, struct double_work *work) {
    if (stream->capture != NULL)
        return double_capture_append(stream, work);
    size_t count = 0;
    struct double_operation **dependencies = double_stream_dependencies(stream, &count);
    double_operation_set(&stream->last, double_submit(stream->device, work, dependencies, count));
    free(dependencies);
    return cudaSuccess;
}

cudaError_t double_enqueue_and_wait(struct CUstream_st *stream, struct double_work *work) {
    const cudaError_t error = double_enqueue(stream, work);
    return error == cudaSuccess ? double_run(stream->last) : error;
}

static void forget_stream(void *object) {
    struct CUstream_st *stream = object;
    struct CUstream_st **place = &streams;
    while (*place != stream)
        place = &(*place)->next;
    *place = stream->next;
    double_operation_release(stream->last);
    double_nodes_clear(&stream->frontier);
    free(stream);
}

void double_forget_legacy_streams(void) {
    for (int device = 0; device < DOUBLE_MOST_DEVICES; device++)
        double_operation_set(&legacy[device].last, NULL);
}

static cudaError_t create(cudaStream_t *out, unsigned flags, int priority) {
    if (out == NULL || (flags & ~(unsigned)cudaStreamNonBlocking) != 0)
        return cudaErrorInvalidValue;
    struct CUstream_st *stream = double_new(sizeof *stream);
    stream->object.forget = forget_stream;
    stream->device = double_current_device();
    stream->flags = flags;
    stream->priority = priority;
    stream->next = streams;
    streams = stream;
    double_object_add(&stream->object, DOUBLE_STREAM);
    *out = stream;
    return cudaSuccess;
}

cudaError_t cudaStreamCreate(cudaStream_t *stream) {
    DOUBLE_CALL(DOUBLE_DEVICE, create(stream, cudaStreamDefault, 0));
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned flags) {
    DOUBLE_CALL(DOUBLE_DEVICE, create(stream, flags, 0));
}

cudaError_t cudaStreamCreateWithPriority(cudaStream_t *stream, unsigned flags, int priority) {
    DOUBLE_CALL(DOUBLE_DEVICE, create(stream, flags, priority));
}

/* What is in it goes on. */
static cudaError_t destroy(cudaStream_t stream) {
    if (!double_object_is(stream, DOUBLE_STREAM, true))
        return cudaErrorInvalidResourceHandle;
    if (stream->capture != NULL)
        double_capture_abandon(stream);
    double_object_give_back(&stream->object);
    return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    cudaError_t error = double_enter(__func__, DOUBLE_DEVICE);
    if (error == cudaSuccess)
        error = destroy(stream);
    else
        double_object_abandon(stream, DOUBLE_STREAM);
    return double_leave(error);
}

/* What the host waits for: what is in the stream; for the legacy one, which waits for the blocking
 * streams at every action, what is in those too. In an array to be freed. */
static cudaError_t find_last(cudaStream_t handle, struct double_operation ***operations,
                             size_t *count) {
    struct CUstream_st *stream = NULL;
    cudaError_t error = double_stream(handle, &stream);
    if (error == cudaSuccess && stream->capture != NULL)
        error = double_capture_forbid(stream->capture, cudaErrorStreamCaptureUnsupported);
    if (error != cudaSuccess)
        return error;
    *operations = double_stream_dependencies(stream, count);
    if (!stream->legacy)
        *count = 1; /* the first is its own */
    return cudaSuccess;
}

static cudaError_t synchronize(cudaStream_t handle) {
    struct double_operation **operations = NULL;
    size_t count = 0;
    cudaError_t error = find_last(handle, &operations, &count);
    for (size_t i = 0; error == cudaSuccess && i < count; i++)
        error = double_run(operations[i]);
    free(operations);
    return error == cudaSuccess ? double_stuck() : error;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
    DOUBLE_CALL(DOUBLE_UNSAFE, synchronize(stream));
}

static cudaError_t query(cudaStream_t handle) {
    struct double_operation **operations = NULL;
    size_t count = 0;
    cudaError_t error = find_last(handle, &operations, &count);
    for (size_t i = 0; error == cudaSuccess && i < count; i++)
        error = double_poll(operations[i]);
    free(operations);
    return error;
}

cudaError_t cudaStreamQuery(cudaStream_t stream) {
    DOUBLE_CALL(DOUBLE_UNSAFE, query(stream));
}
