/* Stream capture: what is put into a stream becomes a graph instead. */
#ifndef TESTS_DOUBLE_CAPTURE_H
#define TESTS_DOUBLE_CAPTURE_H

#include <pthread.h>

#include "events.h"
#include "streams.h"

struct double_capture {
    struct double_capture *next;
    unsigned long id; /* never 0, which events have that no capture recorded */
    struct double_graph_body *body;
    struct CUstream_st *origin;
    enum cudaStreamCaptureMode mode;
    pthread_t thread;
    bool invalid; /* it can only end */
};

/* Begins one in the stream, which does not capture yet; ends one for all streams that take part. */
void double_capture_begin(struct CUstream_st *stream, enum cudaStreamCaptureMode mode);
void double_capture_finish(struct double_capture *capture);

/* Of a call that is unsafe during capture. Where it is forbidden, the captures become invalid. */
cudaError_t double_capture_allows(void);

/* Of an action in the legacy stream. */
cudaError_t double_capture_allows_legacy(int device);

/* Of waiting for all of a device. */
cudaError_t double_capture_allows_device(int device);

/* A call that this capture forbids: a mistake, after which it is invalid. */
cudaError_t double_capture_forbid(struct double_capture *capture, cudaError_t error);

/* A new node of the work (NULL: none), whose reference is taken. */
cudaError_t double_capture_append(struct CUstream_st *stream, struct double_work *work);

/* A graph of its own becomes a part of it. */
cudaError_t double_capture_append_graph(struct CUstream_st *stream,
                                        const struct double_graph_body *body);

/* cudaEventRecord in a stream that captures; cudaStreamWaitEvent where the stream captures or the
 * event was captured. */
cudaError_t double_capture_record(struct CUstream_st *stream, struct CUevent_st *event);
cudaError_t double_capture_wait(struct CUstream_st *stream, const struct CUevent_st *event);

/* Its stream is destroyed. */
void double_capture_abandon(struct CUstream_st *stream);

void double_forget_captures(void);

#endif
