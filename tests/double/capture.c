/* Stream capture: what is put into a stream becomes a graph instead. */
#include "capture.h"

#include "allocate.h"
#include "calls.h"
#include "report.h"

static struct double_capture *captures;

cudaError_t double_capture_forbid(struct double_capture *capture, cudaError_t error) {
    double_mistake("%s: is forbidden during capture", double_call_name());
    capture->invalid = true;
    return error;
}

/* Whether the capture keeps this thread from unsafe calls. */
static bool prohibits(const struct double_capture *capture) {
    const enum cudaStreamCaptureMode mode = *double_capture_mode();
    if (mode == cudaStreamCaptureModeRelaxed || capture->mode == cudaStreamCaptureModeRelaxed)
        return false;
    return pthread_equal(capture->thread, pthread_self()) ||
           (mode == cudaStreamCaptureModeGlobal && capture->mode == cudaStreamCaptureModeGlobal);
}

cudaError_t double_capture_allows(void) {
    cudaError_t error = cudaSuccess;
    for (struct double_capture *capture = captures; capture != NULL; capture = capture->next)
        if (prohibits(capture))
            error = double_capture_forbid(capture, cudaErrorStreamCaptureUnsupported);
    return error;
}

/* `error` where one of the device's streams is captured, but those with these flags. */
static cudaError_t allows(int device, unsigned but, cudaError_t error) {
    cudaError_t result = cudaSuccess;
    for (struct CUstream_st *stream = double_first_stream(); stream != NULL;
         stream = stream->next)
        if (stream->capture != NULL && stream->device == device && (stream->flags & but) == 0)
            result = double_capture_forbid(stream->capture, error);
    return result;
}

cudaError_t double_capture_allows_legacy(int device) {
    return allows(device, cudaStreamNonBlocking, cudaErrorStreamCaptureImplicit);
}

cudaError_t double_capture_allows_device(int device) {
    return allows(device, 0, cudaErrorStreamCaptureUnsupported);
}

static cudaError_t is_valid(const struct double_capture *capture) {
    return capture->invalid ? cudaErrorStreamCaptureInvalidated : cudaSuccess;
}

cudaError_t double_capture_append(struct CUstream_st *stream, struct double_work *work) {
    const cudaError_t error = is_valid(stream->capture);
    if (error != cudaSuccess)
        double_work_release(work);
    if (error != cudaSuccess || work == NULL)
        return error;
    struct CUgraphNode_st *node =
        double_graph_body_add(stream->capture->body, work, &stream->frontier);
    stream->frontier.count = 0;
    double_nodes_add(&stream->frontier, node);
    return cudaSuccess;
}

cudaError_t double_capture_append_graph(struct CUstream_st *stream,
                                        const struct double_graph_body *body) {
    const cudaError_t error = is_valid(stream->capture);
    if (error != cudaSuccess || body->nodes.count == 0)
        return error;
    struct CUgraphNode_st **copies =
        double_new(body->nodes.count * sizeof(struct CUgraphNode_st *));
    struct double_nodes last = {.items = NULL};
    for (size_t i = 0; i < body->nodes.count; i++) {
        const struct CUgraphNode_st *node = body->nodes.items[i];
        struct double_nodes dependencies = {.items = NULL};
        for (size_t j = 0; j < node->dependencies.count; j++)
            double_nodes_add(&dependencies, copies[node->dependencies.items[j]->index]);
        if (dependencies.count == 0)
            double_nodes_add_all(&dependencies, &stream->frontier);
        copies[i] = double_graph_body_add(stream->capture->body, double_work_retain(node->work),
                                          &dependencies);
        if (node->last)
            double_nodes_add(&last, copies[i]);
        double_nodes_clear(&dependencies);
    }
    double_nodes_clear(&stream->frontier);
    stream->frontier = last;
    free(copies);
    return cudaSuccess;
}

cudaError_t double_capture_record(struct CUstream_st *stream, struct CUevent_st *event) {
    const cudaError_t error = is_valid(stream->capture);
    if (error != cudaSuccess)
        return error;
    event->capture = stream->capture->id;
    event->frontier.count = 0;
    double_nodes_add_all(&event->frontier, &stream->frontier);
    return cudaSuccess;
}

static struct double_capture *find(unsigned long id) {
    struct double_capture *capture = captures;
    while (capture != NULL && capture->id != id)
        capture = capture->next;
    return capture;
}

cudaError_t double_capture_wait(struct CUstream_st *stream, const struct CUevent_st *event) {
    struct double_capture *of_event = find(event->capture);
    if (stream->capture != NULL && is_valid(stream->capture) != cudaSuccess)
        return cudaErrorStreamCaptureInvalidated;
    if (stream->capture != NULL && event->capture == 0)
        return double_capture_forbid(stream->capture, cudaErrorStreamCaptureIsolation);
    if (of_event == NULL) { /* recorded in a capture that has ended */
        double_mistake("%s: an event of a capture that has ended", double_call_name());
        return cudaErrorCapturedEvent;
    }
    if (is_valid(of_event) != cudaSuccess)
        return cudaErrorStreamCaptureInvalidated;
    if (stream->capture != NULL && stream->capture != of_event) {
        (void)double_capture_forbid(of_event, cudaErrorStreamCaptureMerge);
        return double_capture_forbid(stream->capture, cudaErrorStreamCaptureMerge);
    }
    if (stream->legacy)
        return double_capture_forbid(of_event, cudaErrorStreamCaptureImplicit);
    stream->capture = of_event;
    double_nodes_add_all(&stream->frontier, &event->frontier);
    return cudaSuccess;
}

void double_capture_begin(struct CUstream_st *stream, enum cudaStreamCaptureMode mode) {
    static unsigned long ids;
    struct double_capture *capture = double_new(sizeof *capture);
    *capture = (struct double_capture){
        .next = captures,
        .id = ++ids,
        .body = double_graph_body_new(),
        .origin = stream,
        .mode = mode,
        .thread = pthread_self(),
    };
    captures = capture;
    stream->capture = capture;
}

void double_capture_finish(struct double_capture *capture) {
    for (struct CUstream_st *stream = double_first_stream(); stream != NULL;
         stream = stream->next)
        if (stream->capture == capture) {
            stream->capture = NULL;
            double_nodes_clear(&stream->frontier);
        }
    struct double_capture **place = &captures;
    while (*place != capture)
        place = &(*place)->next;
    *place = capture->next;
    double_graph_body_release(capture->body);
    free(capture);
}

void double_capture_abandon(struct CUstream_st *stream) {
    (void)double_capture_forbid(stream->capture, cudaSuccess);
    if (stream->capture->origin == stream) {
        double_capture_finish(stream->capture);
    } else {
        stream->capture = NULL;
        double_nodes_clear(&stream->frontier);
    }
}

void double_forget_captures(void) {
    while (captures != NULL)
        double_capture_finish(captures);
}
