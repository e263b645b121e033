/* A case: a block together with its data. */
#ifndef TOOL_BLOCK_CASE_H
#define TOOL_BLOCK_CASE_H

#include "arrays.h"
#include "denseblock.h"
#include "failure.h"
#include "kernel_files.h"
#include "parse.h"

typedef struct block_case {
    denseblock_desc desc; /* desc.layers is `layers` */
    denseblock_layer *layers;
    denseblock_array input;    /* [N,H,W,C0] */
    denseblock_array *kernels; /* layer_count of them, [kh,kw,C_l,g_l] */
    const void **kernel_data;  /* their elements, as denseblock_weights_prepare takes them */
} block_case;

/* Makes room for the layers; the arrays stay empty. For block_case_free, whatever the outcome. */
outcome block_case_reserve(int64_t layer_count, block_case *block);

/* Reads a case from files.
 *
 *   input    .npy or .png
 *   type     converts input and kernels; without it, all must have the type of the input
 *   account  receives the arrays' bytes
 *   block    receives the case, for block_case_free, whatever the outcome */
outcome block_case_load(const char *input, const kernel_files *files, const type_choice *type,
                        ledger *account, block_case *block);

/* A zeroed struct is allowed. */
void block_case_free(block_case *block, ledger *account);

#endif
