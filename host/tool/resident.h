/* A block whose tensors all lie in the backend's memory while it runs: features, prepared weights
 * and workspace are buffers of one account, whatever the way of concatenation. */
#ifndef TOOL_RESIDENT_H
#define TOOL_RESIDENT_H

#include "arrays.h"
#include "block_plans.h"
#include "denseblock.h"
#include "failure.h"
#include "progress.h"

typedef struct resident {
    const denseblock_desc *desc;
    const block_plans *plans;
    concatenation how;
    denseblock_memory memory; /* the backend's */
    denseblock_buffers *buffers;
    denseblock_context *context;
    void **weights; /* prepared, one for every plan */
    void *workspace;
    void **features;     /* in place y, else X_0 .. X_L; those that are gone are NULL */
    size_t *marks;       /* events of the account before layer l, and at the end */
    size_t copied_bytes; /* of features, from one tensor into the next */
    double prepare_seconds;
} resident;

/* Makes the context, and prepares the weights: every kernel goes to where the backend reads it, and
 * is freed when it has been prepared.
 *
 *   desc, plans  must live as long as it does
 *   kernels      as for denseblock_weights_prepare, in host memory
 *   buffers      the account; it outlives what is made here
 *   made         receives it, for resident_free, whatever the outcome */
outcome resident_create(const denseblock_desc *desc, denseblock_backend backend, int device,
                        const block_plans *plans, concatenation how, const void *const *kernels,
                        denseblock_buffers *buffers, resident *made);

/* Uploads the input and runs the block. y stays where it is until the next time.
 *
 *   seconds   receives how long the layers took, copies between tensors included */
outcome resident_forward(resident *block, const denseblock_array *input, progress *bar,
                         double *seconds);

/* Copies y into host memory. */
outcome resident_download(resident *block, void *y);

/* Frees every buffer, and the context. A zeroed struct is allowed. */
void resident_free(resident *block);

#endif
