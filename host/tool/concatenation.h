/* The ways to hold the features of a block, so that what each costs can be measured. */
#ifndef TOOL_CONCATENATION_H
#define TOOL_CONCATENATION_H

#include "block_case.h"
#include "denseblock.h"
#include "failure.h"
#include "parse.h"
#include "progress.h"

typedef enum concatenation {
    CONCATENATION_IN_PLACE, /* one tensor; every layer writes at its channel offset */
    CONCATENATION_COPY,     /* a larger tensor for every layer, the one before is freed */
    CONCATENATION_COPY_KEEP /* as copy, but all are kept to the end, as training must */
} concatenation;

option_parser parse_concatenation; /* "inplace", "copy", "copy-keep": concatenation */

const char *concatenation_name(concatenation how);

/* What an execution took. */
typedef struct measures {
    double seconds;           /* in denseblock_forward alone; if the batch was cut, in all */
    size_t weights_bytes;     /* prepared weights, the most held at once */
    size_t workspace_bytes;   /* likewise */
    size_t device_peak_bytes; /* of GPU memory, the most held at once; 0 for CPU backends */
    size_t pinned_peak_bytes; /* of host memory that copies to and from the GPU go through */
    int64_t slice_count;      /* that the batch was cut into */
} measures;

/* Runs the block on `backend`, which is not AUTO.
 *
 *   block     its input is used up, and freed as soon as nothing needs it; copying on a GPU
 *             leaves it
 *   y         receives the result, for array_release */
outcome concatenate(concatenation how, block_case *block, denseblock_backend backend,
                    const denseblock_plan_options *options, ledger *account, progress *bar,
                    denseblock_array *y, measures *taken);

#endif
