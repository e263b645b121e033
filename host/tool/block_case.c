#include "block_case.h"

#include <stdlib.h>

outcome block_case_reserve(int64_t layer_count, block_case *block) {
    /* calloc may answer 0 elements with NULL. */
    const size_t count = layer_count > 0 ? (size_t)layer_count : 1;

    *block = (block_case){0};
    block->layers = calloc(count, sizeof *block->layers);
    block->kernels = calloc(count, sizeof *block->kernels);
    block->kernel_data = calloc(count, sizeof *block->kernel_data);
    if (block->layers == NULL || block->kernels == NULL || block->kernel_data == NULL)
        return fail_out_of_memory();
    block->desc.layer_count = layer_count;
    block->desc.layers = block->layers;
    return OUTCOME_SUCCESS;
}

void block_case_free(block_case *block, ledger *account) {
    for (int64_t l = 0; block->kernels != NULL && l < block->desc.layer_count; l++)
        array_release(&block->kernels[l], account);
    array_release(&block->input, account);
    free(block->layers);
    free(block->kernels);
    free(block->kernel_data);
    *block = (block_case){0};
}
