#include "residual_case.h"

#include <math.h>
#include <stdlib.h>

#include "random_tensor.h"

/* No tensor is allocated before a plan has accepted the block's sizes. */
static outcome check_sizes(const denseblock_residual_desc *desc) {
    const denseblock_plan_options no_limit = {.workspace_limit = SIZE_MAX / 4};
    denseblock_plan *plan;
    const denseblock_status status =
        denseblock_residual_plan_create(desc, DENSEBLOCK_BACKEND_REFERENCE, &no_limit, &plan);

    denseblock_plan_destroy(plan);
    return outcome_of(status);
}

static outcome generate_kernel(residual_case *block, int64_t l, uint64_t seed, ledger *account) {
    const denseblock_residual_desc *const desc = &block->desc;
    const bool second = l % 2 != 0;
    const int64_t shape[] = {desc->kernel_height, desc->kernel_width,
                             second ? desc->hidden_channels : desc->channels,
                             second ? desc->channels : desc->hidden_channels};
    const double bound = kernel_bound(shape) / (second ? sqrt((double)desc->unit_count) : 1);
    const outcome result =
        random_tensor(desc->type, shape, random_stream_of(seed, 1 + (uint64_t)l), bound, account,
                      &block->kernels[l]);

    block->kernel_data[l] = block->kernels[l].data;
    return result;
}

outcome generate_residual(const denseblock_residual_desc *desc, uint64_t seed, ledger *account,
                          residual_case *block) {
    const int64_t layers = 2 * desc->unit_count;
    const int64_t shape[] = {desc->batch, desc->height, desc->width, desc->channels};
    outcome result;

    *block = (residual_case){
        .desc = *desc,
        .kernels = calloc((size_t)layers + 1, sizeof *block->kernels),
        .kernel_data = calloc((size_t)layers + 1, sizeof *block->kernel_data),
    };
    if (desc->hidden_channels == 0)
        block->desc.hidden_channels = desc->channels;
    if (block->kernels == NULL || block->kernel_data == NULL)
        return fail_out_of_memory();
    result = check_sizes(desc);
    if (result == OUTCOME_SUCCESS)
        result = random_tensor(desc->type, shape, random_stream_of(seed, 0), 1.0, account,
                               &block->input);
    for (int64_t l = 0; result == OUTCOME_SUCCESS && l < layers; l++)
        result = generate_kernel(block, l, seed, account);
    return result;
}

void residual_case_free(residual_case *block, ledger *account) {
    for (int64_t l = 0; block->kernels != NULL && l < 2 * block->desc.unit_count; l++)
        array_release(&block->kernels[l], account);
    array_release(&block->input, account);
    free(block->kernels);
    free(block->kernel_data);
    *block = (residual_case){0};
}
