#include "batch_limit.h"

#include "block_plans.h"
#include "memory_formula.h"

typedef struct limited_block {
    denseblock_desc desc;
    denseblock_backend backend;
    const denseblock_plan_options *options;
    concatenation how;
    size_t limit;
} limited_block;

/* What no plan can be made for does not fit. */
static outcome batch_fits(limited_block *block, int64_t batch, bool *fits) {
    formula_request request = {.desc = &block->desc, .how = block->how};
    footprint taken;
    block_plans plans;
    denseblock_status status;

    *fits = false;
    block->desc.batch = batch;
    status = block_plans_create(&block->desc, block->backend, block->options, block->how, &plans);
    if (status == DENSEBLOCK_INVALID_ARGUMENT || status == DENSEBLOCK_UNSUPPORTED)
        return OUTCOME_SUCCESS;
    if (status != DENSEBLOCK_OK)
        return block_plans_fail(status);
    request.weights_bytes = plans.weights_bytes;
    request.workspace_bytes = plans.workspace_bytes;
    *fits = memory_formula(&request, &taken) && taken.peak <= block->limit;
    block_plans_free(&plans);
    return OUTCOME_SUCCESS;
}

/* Of y alone: no way of concatenation holds less for an image. False: too large to say. */
static bool image_bytes(limited_block *block, size_t *bytes) {
    const formula_request request = {.desc = &block->desc, .how = CONCATENATION_IN_PLACE};
    footprint taken;
    bool known;

    block->desc.batch = 1;
    known = memory_formula(&request, &taken);
    *bytes = taken.peak;
    return known;
}

outcome largest_batch(const denseblock_desc *desc, denseblock_backend backend,
                      const denseblock_plan_options *options, concatenation how, size_t limit,
                      int64_t *batch) {
    limited_block block = {
        .desc = *desc, .backend = backend, .options = options, .how = how, .limit = limit};
    outcome result = OUTCOME_SUCCESS;
    int64_t too_many;
    size_t bytes;

    *batch = 0;
    if (!image_bytes(&block, &bytes))
        return OUTCOME_SUCCESS;
    too_many = (int64_t)(limit / bytes) + 1;
    while (result == OUTCOME_SUCCESS && too_many - *batch > 1) {
        const int64_t middle = *batch + (too_many - *batch) / 2;
        bool fits = false;

        result = batch_fits(&block, middle, &fits);
        if (fits)
            *batch = middle;
        else
            too_many = middle;
    }
    return result;
}
