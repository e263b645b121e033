/* What every way computes, beside what the reference does. */
#include "compare.h"

/* Runs the reference in place. */
static outcome run_expected(const compare_request *request, const compare_figures *figures,
                            block_kind kind, const compare_data *data, progress *bar,
                            denseblock_array *expected) {
    const denseblock_plan_options options = {.thread_count = request->options.thread_count,
                                             .workspace_limit = SIZE_MAX / 4};
    denseblock_buffers *buffers = NULL;
    resident features = {0};
    block_plans plans = {0};
    double seconds;
    outcome result = OUTCOME_SUCCESS;
    denseblock_status status =
        kind == BLOCK_DENSE
            ? block_plans_create(&figures->dense, DENSEBLOCK_BACKEND_REFERENCE, &options,
                                 CONCATENATION_IN_PLACE, &plans)
            : residual_plans_create(&figures->residual, DENSEBLOCK_BACKEND_REFERENCE, &options,
                                    CONCATENATION_IN_PLACE, &plans);

    if (status != DENSEBLOCK_OK)
        return block_plans_fail(status);
    status = denseblock_buffers_create(false, &buffers);
    if (status != DENSEBLOCK_OK)
        result = fail_status(status);
    if (result == OUTCOME_SUCCESS)
        result = resident_create(&plans, DENSEBLOCK_BACKEND_REFERENCE, 0, data->kernels, buffers,
                                 &features);
    if (result == OUTCOME_SUCCESS)
        result = resident_forward(&features, data->input, bar, &seconds);
    if (result == OUTCOME_SUCCESS)
        result = resident_download(&features, expected->data);
    resident_free(&features);
    denseblock_buffers_destroy(buffers);
    block_plans_free(&plans);
    return result;
}

static outcome check_trial(const denseblock_desc *output, const compare_data *data,
                           const denseblock_array *expected, denseblock_array *actual,
                           compare_trial *trial) {
    double seconds;
    outcome result;

    trial->features.poisons = true;
    result = resident_forward(&trial->features, data->input, NULL, &seconds);
    if (result == OUTCOME_SUCCESS)
        result = resident_download(&trial->features, actual->data);
    if (result == OUTCOME_SUCCESS)
        result = resident_clear(&trial->features);
    if (result == OUTCOME_SUCCESS)
        trial->check =
            compare(output, actual, expected, (corner){0, 0}, default_tolerance(output));
    return result;
}

/* Who wrote a channel, which a comparison tells of dense blocks, nobody asks here. */
static denseblock_desc output_of(const compare_figures *figures, block_kind kind) {
    denseblock_desc output = figures->dense;

    if (kind == BLOCK_RESIDUAL) {
        output.channels = figures->residual.channels;
        output.layer_count = 0;
    }
    return output;
}

static outcome check_block(const compare_request *request, block_kind kind,
                           const compare_data *data, ledger *account, progress *bar,
                           compare_figures *figures) {
    const denseblock_desc output = output_of(figures, kind);
    denseblock_array expected = {0};
    denseblock_array actual = {0};
    outcome result = y_allocate(&output, account, &expected);

    if (result == OUTCOME_SUCCESS)
        result = y_allocate(&output, account, &actual);
    if (result == OUTCOME_SUCCESS)
        result = run_expected(request, figures, kind, data, bar, &expected);
    for (size_t s = 0; result == OUTCOME_SUCCESS && s < STRATEGY_COUNT; s++) {
        compare_trial *const trial = &figures->blocks[kind].trials[s];

        if (compare_trial_is_run(trial))
            result = check_trial(&output, data, &expected, &actual, trial);
    }
    array_release(&expected, account);
    array_release(&actual, account);
    return result;
}

outcome compare_check(const compare_request *request, const compare_data *data, ledger *account,
                      progress *bar, compare_figures *figures) {
    outcome result = OUTCOME_SUCCESS;

    for (int b = 0; result == OUTCOME_SUCCESS && b < BLOCK_KIND_COUNT; b++)
        result = check_block(request, (block_kind)b, &data[b], account, bar, figures);
    return result;
}
