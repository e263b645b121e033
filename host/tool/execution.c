#include "execution.h"

#include <stdio.h>
#include <stdlib.h>

#include "stopwatch.h"

static outcome allocate_memory(ledger *account, execution *made) {
    const size_t weights_bytes = denseblock_plan_weights_bytes(made->plan);
    const size_t workspace_bytes = denseblock_plan_workspace_bytes(made->plan);
    outcome result;

    result = allocate_aligned(weights_bytes, &made->weights);
    if (result != OUTCOME_SUCCESS)
        return result;
    made->weights_bytes = weights_bytes;
    ledger_add(account, weights_bytes);

    result = allocate_aligned(workspace_bytes, &made->workspace);
    if (result != OUTCOME_SUCCESS)
        return result;
    made->workspace_bytes = workspace_bytes;
    ledger_add(account, workspace_bytes);
    return OUTCOME_SUCCESS;
}

outcome execution_create(const denseblock_desc *desc, denseblock_backend backend,
                         const denseblock_plan_options *options, const void *const *kernels,
                         ledger *account, execution *made) {
    denseblock_status status;
    double start;
    outcome result;

    *made = (execution){0};
    status = denseblock_plan_create(desc, backend, options, &made->plan);
    if (status != DENSEBLOCK_OK)
        return fail_status(status);
    status = denseblock_context_create(denseblock_plan_backend(made->plan), 0, &made->context);
    if (status != DENSEBLOCK_OK)
        return fail_status(status);
    result = allocate_memory(account, made);
    if (result != OUTCOME_SUCCESS)
        return result;
    start = stopwatch_seconds();
    status = denseblock_weights_prepare(made->context, made->plan, kernels, made->weights);
    made->prepare_seconds = stopwatch_seconds() - start;
    return status == DENSEBLOCK_OK ? OUTCOME_SUCCESS : fail_status(status);
}

bool execution_is_unsupported(const denseblock_desc *desc, denseblock_backend backend,
                              const denseblock_plan_options *options, char reason[REASON_SIZE]) {
    denseblock_plan *plan;
    const denseblock_status status = denseblock_plan_create(desc, backend, options, &plan);

    denseblock_plan_destroy(plan);
    if (status != DENSEBLOCK_UNSUPPORTED)
        return false;
    (void)snprintf(reason, REASON_SIZE, "%s", denseblock_last_error());
    return true;
}

outcome execution_run(execution *run, const void *x, void *y, progress *bar, double *seconds) {
    const double start = stopwatch_seconds();
    denseblock_status status;

    if (bar != NULL)
        denseblock_context_set_progress(run->context, progress_show, bar);
    status = denseblock_forward(run->context, run->plan, run->weights, x, y, run->workspace);
    if (status == DENSEBLOCK_OK)
        status = denseblock_context_synchronize(run->context);
    denseblock_context_set_progress(run->context, NULL, NULL);
    if (seconds != NULL)
        *seconds = stopwatch_seconds() - start;
    if (status == DENSEBLOCK_OK)
        return OUTCOME_SUCCESS;
    if (bar != NULL)
        progress_erase(bar);
    return fail_status(status);
}

void execution_free(execution *run, ledger *account) {
    denseblock_context_destroy(run->context);
    denseblock_plan_destroy(run->plan);
    free(run->weights);
    free(run->workspace);
    ledger_remove(account, run->weights_bytes + run->workspace_bytes);
    *run = (execution){0};
}

outcome run_reference(const block_case *block, int64_t thread_count, ledger *account,
                      progress *bar, denseblock_array *y) {
    const denseblock_plan_options options = {.thread_count = thread_count};
    execution reference;
    outcome result;

    result = execution_create(&block->desc, DENSEBLOCK_BACKEND_REFERENCE, &options,
                              block->kernel_data, account, &reference);
    if (result == OUTCOME_SUCCESS)
        result = execution_run(&reference, NULL, y->data, bar, NULL);
    execution_free(&reference, account);
    return result;
}
