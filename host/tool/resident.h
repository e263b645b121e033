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
    const block_plans *plans;
    denseblock_memory memory; /* the backend's */
    denseblock_buffers *buffers;
    denseblock_context *context;
    void **weights; /* prepared, one for every plan */
    void *workspace;
    bool poisons;    /* fill tensors with NaN before they are used, for a result that is checked:
                            memory that is given out again may hold the right one */
    void *x;         /* of resident_hold_input; else NULL */
    void **features; /* in place y, else X_0, X_1, ...; those that are gone are NULL */
    size_t *marks;   /* events of the account before each step, and at the end */
    size_t copied_bytes; /* of features, from one tensor into the next */
    double prepare_seconds;
} resident;

/* Makes the context, and prepares the weights: every kernel goes to where the backend reads it, and
 * is freed when it has been prepared.
 *
 *   plans     must live as long as it does
 *   kernels   as for denseblock_weights_prepare, in host memory
 *   buffers   the account; it outlives what is made here
 *   made      receives it, for resident_free, whatever the outcome */
outcome resident_create(const block_plans *plans, denseblock_backend backend, int device,
                        const void *const *kernels, denseblock_buffers *buffers, resident *made);

/* Keeps the input in a buffer of its own, from which every forward then takes it: so that work on a
 * GPU need not wait for the host. */
outcome resident_hold_input(resident *block, const denseblock_array *input);

/* Brings the input to its place and runs the block. y stays where it is until the next time.
 *
 *   input     NULL where it is held
 *   seconds   receives how long the layers took, copies between tensors included. NULL: nothing is
 *             timed, and on a GPU the block is only enqueued */
outcome resident_forward(resident *block, const denseblock_array *input, progress *bar,
                         double *seconds);

/* Copies y into host memory. */
outcome resident_download(resident *block, void *y);

/* Frees what the last forward has left: all but the prepared weights, and a held input. */
outcome resident_clear(resident *block);

/* Frees every buffer, and the context. A zeroed struct is allowed. */
void resident_free(resident *block);

#endif
