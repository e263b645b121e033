#include "concatenation.h"

#include <stdlib.h>

#include "block_plans.h"
#include "execution.h"
#include "minmax.h"
#include "resident.h"

static const char *const NAMES[] = {"inplace", "copy", "copy-keep"};
enum { NAME_COUNT = sizeof NAMES / sizeof NAMES[0] };

outcome parse_concatenation(const char *option, const char *text, void *target) {
    concatenation *value = target;
    size_t index;
    const outcome result = parse_choice(option, text, NAMES, NAME_COUNT, &index);

    if (result == OUTCOME_SUCCESS)
        *value = (concatenation)index;
    return result;
}

const char *concatenation_name(concatenation how) {
    return NAMES[how];
}

static void measure(const execution *run, double seconds, measures *taken) {
    const denseblock_plan *const plan = run->plan;
    const size_t workspace_bytes =
        denseblock_plan_workspace_bytes(plan) * (size_t)run->slices.lanes;

    taken->seconds += seconds;
    taken->weights_bytes = larger(taken->weights_bytes, denseblock_plan_weights_bytes(plan));
    taken->workspace_bytes = larger(taken->workspace_bytes, workspace_bytes);
    taken->slice_count = run->slices.count;
    if (run->memory == DENSEBLOCK_MEMORY_DEVICE) {
        taken->device_peak_bytes =
            denseblock_buffers_peak(run->buffers, DENSEBLOCK_MEMORY_DEVICE);
        taken->pinned_peak_bytes = denseblock_buffers_peak(run->buffers, DENSEBLOCK_MEMORY_HOST);
    }
}

static outcome run_in_place(block_case *block, denseblock_backend backend,
                            const denseblock_plan_options *options, ledger *account,
                            progress *bar, denseblock_array *y, measures *taken) {
    const denseblock_desc *const desc = &block->desc;
    execution run = {0};
    double seconds;
    outcome result;

    result = y_allocate(desc, account, y);
    if (result != OUTCOME_SUCCESS)
        goto exit;
    copy_channels(y, &block->input, desc->channels);
    array_release(&block->input, account);

    result = execution_create(desc, backend, options, block->kernel_data, false, account, &run);
    if (result != OUTCOME_SUCCESS)
        goto exit;
    result = execution_run(&run, NULL, y->data, bar, &seconds);
    if (result == OUTCOME_SUCCESS)
        measure(&run, seconds, taken);

exit:
    execution_free(&run, account);
    return result;
}

/* Runs layer l alone, from `features` into a new and larger tensor. */
static outcome run_layer(const block_case *block, int64_t l, denseblock_backend backend,
                         const denseblock_plan_options *options, ledger *account, progress *bar,
                         const denseblock_array *features, denseblock_array *grown,
                         measures *taken) {
    const denseblock_desc desc = {
        .batch = block->desc.batch,
        .height = block->desc.height,
        .width = block->desc.width,
        .channels = features->shape[3],
        .layer_count = 1,
        .layers = &block->layers[l],
        .type = block->desc.type,
        .arithmetic = block->desc.arithmetic,
    };
    execution run = {0};
    double seconds;
    outcome result;

    result = y_allocate(&desc, account, grown);
    if (result != OUTCOME_SUCCESS)
        goto exit;
    result =
        execution_create(&desc, backend, options, &block->kernel_data[l], true, account, &run);
    if (result != OUTCOME_SUCCESS)
        goto exit;
    result = execution_run(&run, features->data, grown->data, bar, &seconds);
    if (result == OUTCOME_SUCCESS)
        measure(&run, seconds, taken);

exit:
    execution_free(&run, account);
    return result;
}

/* The tensors X_0 .. X_L; with `keep` none is freed before the last is complete. */
static outcome run_copying(block_case *block, denseblock_backend backend,
                           const denseblock_plan_options *options, bool keep, ledger *account,
                           progress *bar, denseblock_array *y, measures *taken) {
    const int64_t count = block->desc.layer_count;
    denseblock_array *features = calloc((size_t)count + 1, sizeof *features);
    outcome result = OUTCOME_SUCCESS;

    if (features == NULL)
        return fail_out_of_memory();
    features[0] = block->input;
    block->input = (denseblock_array){0};
    for (int64_t l = 0; result == OUTCOME_SUCCESS && l < count; l++) {
        progress_set_part(bar, (double)l / (double)count, (double)(l + 1) / (double)count);
        result = run_layer(block, l, backend, options, account, bar, &features[l],
                           &features[l + 1], taken);
        if (!keep)
            array_release(&features[l], account);
    }
    if (result == OUTCOME_SUCCESS) {
        *y = features[count];
        features[count] = (denseblock_array){0};
    }
    for (int64_t l = 0; l <= count; l++)
        array_release(&features[l], account);
    free(features);
    return result;
}

static outcome run_resident(const block_case *block, denseblock_backend backend,
                            const denseblock_plan_options *options, const block_plans *plans,
                            denseblock_buffers *buffers, ledger *account, progress *bar,
                            denseblock_array *y, measures *taken) {
    resident features;
    outcome result =
        resident_create(plans, backend, options->device, block->kernel_data, buffers, &features);

    if (result == OUTCOME_SUCCESS)
        result = resident_forward(&features, &block->input, bar, &taken->seconds);
    if (result == OUTCOME_SUCCESS)
        result = y_allocate(&block->desc, account, y);
    if (result == OUTCOME_SUCCESS)
        result = resident_download(&features, y->data);
    resident_free(&features);
    return result;
}

/* The same where the backend's memory is a GPU's: all X_l lie there, and y alone comes back. The
 * batch is not cut, since it is the whole one's memory that is asked about. */
static outcome run_copying_on_device(const block_case *block, denseblock_backend backend,
                                     const denseblock_plan_options *options, concatenation how,
                                     ledger *account, progress *bar, denseblock_array *y,
                                     measures *taken) {
    denseblock_buffers *buffers = NULL;
    block_plans plans;
    denseblock_status status = block_plans_create(&block->desc, backend, options, how, &plans);
    outcome result;

    if (status != DENSEBLOCK_OK)
        return block_plans_fail(status);
    status = denseblock_buffers_create(false, &buffers);
    result = outcome_of(status);
    if (result == OUTCOME_SUCCESS)
        result = run_resident(block, backend, options, &plans, buffers, account, bar, y, taken);
    if (result == OUTCOME_SUCCESS) {
        taken->weights_bytes = plans.weights_bytes;
        taken->workspace_bytes = plans.workspace_bytes;
        taken->device_peak_bytes = denseblock_buffers_peak(buffers, DENSEBLOCK_MEMORY_DEVICE);
        taken->slice_count = 1;
    }
    denseblock_buffers_destroy(buffers);
    block_plans_free(&plans);
    return result;
}

outcome concatenate(concatenation how, block_case *block, denseblock_backend backend,
                    const denseblock_plan_options *options, ledger *account, progress *bar,
                    denseblock_array *y, measures *taken) {
    *taken = (measures){0};
    *y = (denseblock_array){0};
    if (how == CONCATENATION_IN_PLACE)
        return run_in_place(block, backend, options, account, bar, y, taken);
    if (denseblock_backend_memory(backend) == DENSEBLOCK_MEMORY_DEVICE)
        return run_copying_on_device(block, backend, options, how, account, bar, y, taken);
    return run_copying(block, backend, options, how == CONCATENATION_COPY_KEEP, account, bar, y,
                       taken);
}
