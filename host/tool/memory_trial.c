#include "memory.h"

#include <stdlib.h>
#include <string.h>

#include "batch_limit.h"
#include "block_plans.h"
#include "minmax.h"
#include "resident.h"

const strategy STRATEGIES[STRATEGY_COUNT] = {
    {"copy", CONCATENATION_COPY, false},
    {"copy-keep", CONCATENATION_COPY_KEEP, false},
    {"inplace", CONCATENATION_IN_PLACE, false},
    {"groups", CONCATENATION_IN_PLACE, true},
};

/* Of the events from `begin` on; `held` before them. */
static footprint measure(const denseblock_buffer_event *events, size_t begin, size_t end,
                         size_t held) {
    footprint taken = {.peak = held};

    for (size_t i = begin; i < end; i++) {
        taken.peak = larger(taken.peak, events[i].held);
        taken.allocations += !events[i].freed;
    }
    return taken;
}

/* The account before the forward, and in it. */
static void read_account(memory_trial *trial, size_t last_event) {
    size_t count;
    const denseblock_buffer_event *const events =
        denseblock_buffers_timeline(trial->account, &count);
    const size_t first = trial->first_event;
    const size_t held = first > 0 ? events[first - 1].held : 0;

    trial->preparing_bytes = measure(events, 0, first, 0).peak;
    trial->measured = measure(events, first, last_event, held);
}

static outcome run_resident(const block_plans *plans, int device, const void *const *kernels,
                            const denseblock_array *input, progress *bar, memory_trial *trial) {
    resident features;
    size_t count = 0;
    outcome result =
        resident_create(plans, trial->backend, device, kernels, trial->account, &features);

    if (result == OUTCOME_SUCCESS) {
        (void)denseblock_buffers_timeline(trial->account, &trial->first_event);
        result = resident_forward(&features, input, bar, &trial->seconds);
    }
    if (result == OUTCOME_SUCCESS) {
        (void)denseblock_buffers_timeline(trial->account, &count);
        read_account(trial, count);
        trial->measured.written = features.copied_bytes;
        trial->marks = features.marks;
        features.marks = NULL;
    }
    resident_free(&features);
    return result;
}

outcome memory_trial_measure(const block_plans *plans, int device, const void *const *kernels,
                             const denseblock_array *input, progress *bar, memory_trial *trial) {
    const denseblock_status status = denseblock_buffers_create(true, &trial->account);

    if (status != DENSEBLOCK_OK)
        return fail_status(status);
    return run_resident(plans, device, kernels, input, bar, trial);
}

static outcome apply_formula(const denseblock_desc *desc, const denseblock_plan_options *options,
                             memory_trial *trial) {
    const formula_request request = {
        .desc = desc,
        .how = trial->way->how,
        .group = options->group_size,
        .direct = options->algorithm == DENSEBLOCK_ALGORITHM_DIRECT,
        .weights_bytes = trial->weights_bytes,
        .workspace_bytes = trial->workspace_bytes,
    };

    if (!memory_formula(&request, &trial->formula))
        return fail_machine("out of memory: %s would need more bytes than can be counted",
                            trial->way->name);
    return OUTCOME_SUCCESS;
}

outcome memory_trial_run(const memory_request *request, const block_case *block, progress *bar,
                         memory_trial *trial) {
    denseblock_plan_options options = request->options;
    block_plans plans;
    denseblock_status status;
    outcome result;

    if (!trial->way->groups)
        options.group_size = 1;
    status = block_plans_create(&block->desc, trial->backend, &options, trial->way->how, &plans);
    if (status == DENSEBLOCK_UNSUPPORTED) {
        (void)snprintf(trial->not_run, REASON_SIZE, "%s", denseblock_last_error());
        return OUTCOME_SUCCESS;
    }
    if (status != DENSEBLOCK_OK)
        return block_plans_fail(status);

    trial->weights_bytes = plans.weights_bytes;
    trial->workspace_bytes = plans.workspace_bytes;
    result = apply_formula(&block->desc, &options, trial);
    if (result == OUTCOME_SUCCESS)
        result = memory_trial_measure(&plans, options.device, block->kernel_data, &block->input,
                                      bar, trial);
    block_plans_free(&plans);
    if (result == OUTCOME_SUCCESS && request->batch_limit > 0)
        result = largest_batch(&block->desc, trial->backend, &options, trial->way->how,
                               request->batch_limit, &trial->largest_batch);
    return result;
}

void memory_trial_free(memory_trial *trial) {
    denseblock_buffers_destroy(trial->account);
    free(trial->marks);
    *trial = (memory_trial){0};
}

size_t memory_trial_features(const memory_trial *trial) {
    return trial->measured.peak - trial->weights_bytes - trial->workspace_bytes;
}

bool memory_trial_agrees(const memory_trial *trial) {
    return trial->measured.peak == trial->formula.peak &&
           trial->measured.written == trial->formula.written &&
           trial->measured.allocations == trial->formula.allocations;
}
