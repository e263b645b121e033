/* A block made ready to run on one backend: plan, context, prepared weights and workspace. */
#ifndef TOOL_EXECUTION_H
#define TOOL_EXECUTION_H

#include <stdbool.h>

#include "arrays.h"
#include "block_case.h"
#include "denseblock.h"
#include "failure.h"
#include "progress.h"

typedef struct execution {
    denseblock_plan *plan;
    denseblock_context *context;
    void *weights;
    void *workspace;
    size_t weights_bytes, workspace_bytes;
    double prepare_seconds; /* in denseblock_weights_prepare */
} execution;

/* Makes everything ready.
 *
 *   kernels   as for denseblock_weights_prepare
 *   account   receives the bytes of weights and workspace
 *   made      receives the execution, for execution_free, whatever the outcome */
outcome execution_create(const denseblock_desc *desc, denseblock_backend backend,
                         const denseblock_plan_options *options, const void *const *kernels,
                         ledger *account, execution *made);

/* Whether the backend does not carry out this block with these options. `all` passes over such
 * backends, and the report says why.
 *
 *   reason   receives the library's message then */
enum { REASON_SIZE = 256 };
bool execution_is_unsupported(const denseblock_desc *desc, denseblock_backend backend,
                              const denseblock_plan_options *options, char reason[REASON_SIZE]);

/* Runs denseblock_forward to its end.
 *
 *   x, y      as for denseblock_forward
 *   bar       shows how far it is; NULL for none
 *   seconds   receives the time of the execution alone; NULL if nobody asks */
outcome execution_run(execution *run, const void *x, void *y, progress *bar, double *seconds);

/* A zeroed struct is allowed. */
void execution_free(execution *run, ledger *account);

/* Runs the reference backend on a case whose x lies in the first C0 channels of `y`, and leaves
 * the result there.
 *
 *   thread_count   as in denseblock_plan_options */
outcome run_reference(const block_case *block, int64_t thread_count, ledger *account,
                      progress *bar, denseblock_array *y);

#endif
