/* A residual block together with random data. */
#ifndef TOOL_RESIDUAL_CASE_H
#define TOOL_RESIDUAL_CASE_H

#include "arrays.h"
#include "denseblock.h"
#include "failure.h"

typedef struct residual_case {
    denseblock_residual_desc desc;
    denseblock_array input;    /* [N,H,W,C] */
    denseblock_array *kernels; /* 2U of them */
    const void **kernel_data;  /* their elements, as denseblock_weights_prepare takes them */
} residual_case;

/* Makes x and the kernels as generate_uniform does, but the second kernel of every unit smaller by
 * sqrt(U): what U units add up to is then of the size of x, however many there are.
 *
 *   block   receives the case, for residual_case_free, whatever the outcome */
outcome generate_residual(const denseblock_residual_desc *desc, uint64_t seed, ledger *account,
                          residual_case *block);

/* A zeroed struct is allowed. */
void residual_case_free(residual_case *block, ledger *account);

#endif
