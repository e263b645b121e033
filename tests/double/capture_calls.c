/* The calls that begin and end captures. */
#include "allocate.h"
#include "calls.h"
#include "capture.h"
#include "report.h"

static cudaError_t begin(cudaStream_t handle, enum cudaStreamCaptureMode mode) {
    struct CUstream_st *stream = NULL;
    const cudaError_t error = double_stream(handle, &stream);
    if (error != cudaSuccess)
        return error;
    if (stream->legacy) {
        double_mistake("%s: the legacy stream cannot be captured", double_call_name());
        return cudaErrorStreamCaptureUnsupported;
    }
    if (stream->capture != NULL) {
        double_mistake("%s: the stream captures already", double_call_name());
        return cudaErrorIllegalState;
    }
    double_capture_begin(stream, mode);
    return cudaSuccess;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, enum cudaStreamCaptureMode mode) {
    DOUBLE_CALL(DOUBLE_DEVICE, begin(stream, mode));
}

static void mark(bool *reached, const struct double_nodes *nodes) {
    for (size_t i = 0; i < nodes->count; i++)
        reached[nodes->items[i]->index] = true;
}

/* Whether the origin waits for all that other streams have done. */
static bool is_joined(const struct double_capture *capture) {
    const struct double_nodes *nodes = &capture->body->nodes;
    bool *reached = double_new(nodes->count + 1);
    mark(reached, &capture->origin->frontier);
    bool joined = true;
    for (size_t i = nodes->count; i-- > 0;) {
        if (reached[i])
            mark(reached, &nodes->items[i]->dependencies);
        else
            joined = false;
    }
    free(reached);
    return joined;
}

static cudaError_t end(cudaStream_t handle, cudaGraph_t *graph) {
    struct CUstream_st *stream = NULL;
    cudaError_t error = double_stream(handle, &stream);
    if (error != cudaSuccess)
        return error;
    if (graph == NULL)
        return cudaErrorInvalidValue;
    *graph = NULL;
    struct double_capture *capture = stream->capture;
    if (capture == NULL) {
        double_mistake("%s: the stream does not capture", double_call_name());
        return cudaErrorIllegalState;
    }
    if (capture->mode != cudaStreamCaptureModeRelaxed &&
        !pthread_equal(capture->thread, pthread_self()))
        return double_capture_forbid(capture, cudaErrorStreamCaptureWrongThread);
    if (capture->origin != stream)
        return double_capture_forbid(capture, cudaErrorStreamCaptureUnmatched);
    error = capture->invalid ? cudaErrorStreamCaptureInvalidated : cudaSuccess;
    if (error == cudaSuccess && !is_joined(capture))
        error = double_capture_forbid(capture, cudaErrorStreamCaptureUnjoined);
    if (error == cudaSuccess) {
        capture->body->references++;
        *graph = double_graph_new(capture->body);
    }
    double_capture_finish(capture);
    return error;
}

/* The call has failed on purpose, or by what has stuck: the capture is over nevertheless. */
static void end_after_failure(cudaStream_t stream, cudaGraph_t *graph) {
    if (graph != NULL)
        *graph = NULL;
    if (double_object_is(stream, DOUBLE_STREAM, false) && stream->capture != NULL)
        double_capture_finish(stream->capture);
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph) {
    cudaError_t error = double_enter(__func__, DOUBLE_DEVICE);
    if (error == cudaSuccess)
        error = end(stream, graph);
    else
        end_after_failure(stream, graph);
    return double_leave(error);
}

/* An answer that does not make captures invalid, as other actions would. */
static cudaError_t is_asked_of_legacy(enum cudaStreamCaptureStatus *status) {
    *status = cudaStreamCaptureStatusNone;
    for (const struct CUstream_st *stream = double_first_stream(); stream != NULL;
         stream = stream->next)
        if (stream->capture != NULL && (stream->flags & cudaStreamNonBlocking) == 0)
            return cudaErrorStreamCaptureImplicit;
    return cudaSuccess;
}

static cudaError_t is_capturing(cudaStream_t handle, enum cudaStreamCaptureStatus *status) {
    if (status == NULL)
        return cudaErrorInvalidValue;
    if (handle == NULL || handle == cudaStreamLegacy)
        return is_asked_of_legacy(status);
    if (!double_object_is(handle, DOUBLE_STREAM, true))
        return cudaErrorInvalidResourceHandle;
    const struct CUstream_st *stream = handle;
    *status = stream->capture == NULL    ? cudaStreamCaptureStatusNone
              : stream->capture->invalid ? cudaStreamCaptureStatusInvalidated
                                         : cudaStreamCaptureStatusActive;
    return cudaSuccess;
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, enum cudaStreamCaptureStatus *status) {
    DOUBLE_CALL(DOUBLE_DEVICE, is_capturing(stream, status));
}

static cudaError_t exchange_mode(enum cudaStreamCaptureMode *mode) {
    if (mode == NULL)
        return cudaErrorInvalidValue;
    const enum cudaStreamCaptureMode previous = *double_capture_mode();
    *double_capture_mode() = *mode;
    *mode = previous;
    return cudaSuccess;
}

cudaError_t cudaThreadExchangeStreamCaptureMode(enum cudaStreamCaptureMode *mode) {
    DOUBLE_CALL(DOUBLE_DEVICE, exchange_mode(mode));
}
