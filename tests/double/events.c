/* Events: marks in streams. */
#include "events.h"

#include "allocate.h"
#include "calls.h"
#include "capture.h"
#include "report.h"
#include "streams.h"

static void forget_event(void *object) {
    struct CUevent_st *event = object;
    double_operation_release(event->operation);
    double_nodes_clear(&event->frontier);
    free(event);
}

static cudaError_t create(cudaEvent_t *out, unsigned flags) {
    const unsigned known = cudaEventBlockingSync | cudaEventDisableTiming | cudaEventInterprocess;
    if (out == NULL || (flags & ~known) != 0)
        return cudaErrorInvalidValue;
    struct CUevent_st *event = double_new(sizeof *event);
    event->object.forget = forget_event;
    event->device = double_current_device();
    event->flags = flags;
    double_object_add(&event->object, DOUBLE_EVENT);
    *out = event;
    return cudaSuccess;
}

cudaError_t cudaEventCreate(cudaEvent_t *event) {
    DOUBLE_CALL(DOUBLE_DEVICE, create(event, cudaEventDefault));
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned flags) {
    DOUBLE_CALL(DOUBLE_DEVICE, create(event, flags));
}

static cudaError_t check(cudaEvent_t event) {
    return double_object_is(event, DOUBLE_EVENT, true) ? cudaSuccess
                                                       : cudaErrorInvalidResourceHandle;
}

static cudaError_t destroy(cudaEvent_t event) {
    const cudaError_t error = check(event);
    if (error == cudaSuccess)
        double_object_give_back(&event->object);
    return error;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
    cudaError_t error = double_enter(__func__, DOUBLE_DEVICE);
    if (error == cudaSuccess)
        error = destroy(event);
    else
        double_object_abandon(event, DOUBLE_EVENT);
    return double_leave(error);
}

static cudaError_t record(cudaEvent_t event, cudaStream_t handle) {
    struct CUstream_st *stream = NULL;
    cudaError_t error = check(event);
    if (error == cudaSuccess)
        error = double_stream(handle, &stream);
    if (error != cudaSuccess)
        return error;
    if (event->device != stream->device) {
        double_mistake("%s: event and stream are of different devices", double_call_name());
        return cudaErrorInvalidResourceHandle;
    }
    if (stream->capture != NULL)
        return double_capture_record(stream, event);
    error = double_enqueue(stream, NULL);
    double_operation_set(&event->operation, stream->last);
    event->capture = 0;
    return error;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
    DOUBLE_CALL(DOUBLE_DEVICE, record(event, stream));
}

static cudaError_t wait_in_stream(cudaStream_t handle, cudaEvent_t event) {
    struct CUstream_st *stream = NULL;
    cudaError_t error = check(event);
    if (error == cudaSuccess)
        error = double_stream(handle, &stream);
    if (error != cudaSuccess)
        return error;
    if (event->operation == NULL && event->capture == 0) /* never recorded */
        return cudaSuccess;
    if (stream->capture != NULL || event->capture != 0)
        return double_capture_wait(stream, event);
    size_t count = 0;
    struct double_operation **dependencies = double_stream_dependencies(stream, &count);
    dependencies[count++] = event->operation;
    double_operation_set(&stream->last, double_submit(stream->device, NULL, dependencies, count));
    free(dependencies);
    return cudaSuccess;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags) {
    DOUBLE_CALL(DOUBLE_DEVICE, flags == cudaEventWaitDefault ? wait_in_stream(stream, event)
                                                             : cudaErrorInvalidValue);
}

/* Whether the host may look at it. */
static cudaError_t check_outside(cudaEvent_t event) {
    const cudaError_t error = check(event);
    if (error != cudaSuccess || event->capture == 0)
        return error;
    double_mistake("%s: the event was recorded in a capture", double_call_name());
    return cudaErrorCapturedEvent;
}

static cudaError_t synchronize(cudaEvent_t event) {
    const cudaError_t error = check_outside(event);
    return error == cudaSuccess ? double_run(event->operation) : error;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
    DOUBLE_CALL(DOUBLE_UNSAFE, synchronize(event));
}

static cudaError_t query(cudaEvent_t event) {
    const cudaError_t error = check_outside(event);
    return error == cudaSuccess ? double_poll(event->operation) : error;
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
    DOUBLE_CALL(DOUBLE_UNSAFE, query(event));
}

static cudaError_t elapsed(float *milliseconds, cudaEvent_t start, cudaEvent_t stop) {
    cudaError_t error = check_outside(start);
    if (error == cudaSuccess)
        error = check_outside(stop);
    if (error != cudaSuccess)
        return error;
    if (milliseconds == NULL)
        return cudaErrorInvalidValue;
    if (((start->flags | stop->flags) & cudaEventDisableTiming) != 0 ||
        start->operation == NULL || stop->operation == NULL) {
        double_mistake("%s: events without a time, or never recorded", double_call_name());
        return cudaErrorInvalidResourceHandle;
    }
    if (!start->operation->done || !stop->operation->done)
        return cudaErrorNotReady;
    *milliseconds = (float)(stop->operation->milliseconds - start->operation->milliseconds);
    return cudaSuccess;
}

/* CUDA 13 has a second version of it under the same name in the source. */
cudaError_t cudaEventElapsedTime(float *milliseconds, cudaEvent_t start, cudaEvent_t stop) {
    cudaError_t error = double_enter("cudaEventElapsedTime", DOUBLE_DEVICE);
    if (error == cudaSuccess)
        error = elapsed(milliseconds, start, stop);
    return double_leave(error);
}
