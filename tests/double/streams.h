/* Streams. */
#ifndef TESTS_DOUBLE_STREAMS_H
#define TESTS_DOUBLE_STREAMS_H

#include "graph_nodes.h"
#include "objects.h"
#include "operations.h"

struct CUstream_st {
    struct double_object object;
    struct CUstream_st *next; /* of all that there ever were */
    int device, priority;
    unsigned flags;
    bool legacy; /* the default stream of its device */
    struct double_operation *last;

    /* NULL, or: what it takes part in, and the nodes that its next one waits for. */
    struct double_capture *capture;
    struct double_nodes frontier;
};

/* The stream of a handle. cudaErrorInvalidResourceHandle; cudaErrorStreamCaptureImplicit for the
 * legacy stream, where others that it waits for are capturing. */
cudaError_t double_stream(cudaStream_t handle, struct CUstream_st **stream);

struct CUstream_st *double_first_stream(void);

/* What the stream's next operation waits for, in an array to be freed. Room for one more. */
struct double_operation **double_stream_dependencies(struct CUstream_st *stream, size_t *count);

/* Puts the work, or a NULL one, into the stream, or into the graph that it captures. The work's
 * reference is taken, also when this fails. */
cudaError_t double_enqueue(struct CUstream_st *stream, struct double_work *work);

/* The same, and waits until it is done. */
cudaError_t double_enqueue_and_wait(struct CUstream_st *stream, struct double_work *work);

void double_forget_legacy_streams(void);

#endif
