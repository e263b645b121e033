/* A block made ready to run on one backend: plan, context, prepared weights and workspace, and on a
 * GPU the tensors there. */
#ifndef TOOL_EXECUTION_H
#define TOOL_EXECUTION_H

#include <stdbool.h>

#include "arrays.h"
#include "block_case.h"
#include "denseblock.h"
#include "failure.h"
#include "lane.h"
#include "progress.h"

typedef struct execution {
    denseblock_plan *plan; /* of a slice of the batch: of all of it, unless a GPU has no room */
    denseblock_memory memory;
    denseblock_buffers *buffers; /* in the backend's memory, and pinned */
    size_t ledger_bytes; /* of them in the ledger: those in host memory that is not pinned */
    void *weights;
    slicing slices;
    lane lanes[MOST_LANES];
    denseblock_graph *graph; /* of the forward, where execution_make_graph was called */
    double prepare_seconds;  /* in denseblock_weights_prepare */
} execution;

/* Makes everything ready.
 *
 *   kernels   as for denseblock_weights_prepare, in host memory
 *   x_apart   x will be given apart from y
 *   account   receives the bytes of weights and workspace, where they are in host memory
 *   made      receives the execution, for execution_free, whatever the outcome */
outcome execution_create(const denseblock_desc *desc, denseblock_backend backend,
                         const denseblock_plan_options *options, const void *const *kernels,
                         bool x_apart, ledger *account, execution *made);

/* Whether the backend does not carry out this block with these options. `all` passes over such
 * backends, and the report says why.
 *
 *   reason   receives the library's message then */
enum { REASON_SIZE = 256 };
bool execution_is_unsupported(const denseblock_desc *desc, denseblock_backend backend,
                              const denseblock_plan_options *options, char reason[REASON_SIZE]);

/* From x to y, both in host memory: on a GPU with upload and download.
 *
 *   x, y      as for denseblock_forward
 *   bar       shows how far it is; NULL for none
 *   seconds   receives the time of denseblock_forward alone; where the batch is cut into slices, of
 *             all, the copies beside it included. NULL if nobody asks */
outcome execution_run(execution *run, const void *x, void *y, progress *bar, double *seconds);

/* The same in parts, to run it more than once. y[N,H,W,C_L] in host memory has x in its first
 * channels, and stays the caller's. Not for a batch that is cut into slices. */
outcome execution_place(execution *run, void *y);
typedef struct forward_time {
    double seconds; /* on a GPU from when it would begin, the start of the kernels included */
    double enqueue; /* until denseblock_forward or denseblock_graph_launch returned */
} forward_time;
outcome execution_forward(execution *run, forward_time *time);

/* The same through a CUDA Graph, on a GPU. */
outcome execution_make_graph(execution *run);
outcome execution_replay(execution *run, forward_time *time);

/* The same in a forward that waits for every layer: see denseblock_context_time_layers.
 *
 *   seconds   receives the time of each layer */
outcome execution_time_layers(execution *run, double *seconds);

/* A zeroed struct is allowed. */
void execution_free(execution *run, ledger *account);

/* Runs the reference backend on a case whose x lies in the first C0 channels of `y`, and leaves
 * the result there.
 *
 *   thread_count   as in denseblock_plan_options */
outcome run_reference(const block_case *block, int64_t thread_count, ledger *account,
                      progress *bar, denseblock_array *y);

#endif
