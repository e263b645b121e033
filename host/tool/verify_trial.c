/* One trial: a case, what is expected of it, and what each backend makes of it. */
#include <string.h>

#include "arrays.h"
#include "block_case.h"
#include "execution.h"
#include "kernel_files.h"
#include "verify.h"

int64_t verify_seed(const verify_request *request, int64_t trial) {
    return request->seed + trial;
}

static outcome make_case(const verify_request *request, int64_t trial, ledger *account,
                         block_case *block) {
    const uint64_t seed = (uint64_t)verify_seed(request, trial);
    const bool winograd = request->options.algorithm == DENSEBLOCK_ALGORITHM_WINOGRAD2 ||
                          request->options.algorithm == DENSEBLOCK_ALGORITHM_WINOGRAD4;
    kernel_files files;
    outcome result;

    *block = (block_case){0};
    if (request->source == CASE_OF_SIZES)
        return generate_uniform(&request->sizes, seed, account, block);
    if (request->source == CASE_RANDOM)
        return generate_random(seed, &request->sizes.type, winograd, account, block);
    result = kernel_files_find(request->kernels, &files);
    if (result == OUTCOME_SUCCESS)
        result = block_case_load(request->input, &files, &request->sizes.type, account, block);
    kernel_files_free(&files);
    return result;
}

/* Makes y all NaN, which no execution may let through; `in_place`: with x in its first channels.
 */
static outcome make_y(const block_case *block, bool in_place, ledger *account,
                      denseblock_array *y) {
    const denseblock_desc *const desc = &block->desc;
    const outcome result = y_allocate(desc, account, y);

    if (result != OUTCOME_SUCCESS)
        return result;
    memset(y->data, 0xff, array_bytes(y));
    if (in_place)
        copy_channels(y, &block->input, desc->channels);
    return OUTCOME_SUCCESS;
}

/* What is expected of the case: the file, or what the reference computes. */
static outcome find_expected(const verify_request *request, const block_case *block,
                             ledger *account, progress *bar, denseblock_array *expected) {
    outcome result;

    if (request->expect.path != NULL)
        return expectation_load(&request->expect, &block->desc, account, expected);
    result = make_y(block, true, account, expected);
    if (result == OUTCOME_SUCCESS)
        result = run_reference(block, request->options.thread_count, account, bar, expected);
    return result;
}

static outcome try_backend(const verify_request *request, const block_case *block, int64_t trial,
                           const denseblock_array *expected, progress *bar, ledger *account,
                           tally *backend) {
    const double tolerance =
        request->tolerance >= 0 ? request->tolerance : default_tolerance(&block->desc);
    /* Both ways to hand over x are tried. The seed decides, so that a trial can be repeated. */
    const bool in_place = verify_seed(request, trial) % 2 != 0;
    denseblock_array y = {0};
    execution run = {0};
    comparison found;
    outcome result;

    if (request->backends.all && execution_is_unsupported(&block->desc, backend->backend,
                                                          &request->options, backend->reason))
        return OUTCOME_SUCCESS;
    result = make_y(block, in_place, account, &y);
    if (result != OUTCOME_SUCCESS)
        goto exit;
    result = execution_create(&block->desc, backend->backend, &request->options,
                              block->kernel_data, !in_place, account, &run);
    if (result != OUTCOME_SUCCESS)
        goto exit;
    result = execution_run(&run, in_place ? NULL : block->input.data, y.data, bar, NULL);
    if (result != OUTCOME_SUCCESS)
        goto exit;
    found = compare(&block->desc, &y, expected, request->expect.at, tolerance);
    if (backend->compared == 0 || comparison_is_worse(&found, &backend->worst)) {
        backend->worst = found;
        backend->worst_trial = trial;
    }
    backend->compared++;
    backend->failed += !found.passed;

exit:
    execution_free(&run, account);
    array_release(&y, account);
    return result;
}

outcome verify_trial(const verify_request *request, int64_t trial, progress *bar,
                     verify_figures *figures) {
    ledger account = {0};
    block_case block;
    denseblock_array expected = {0};
    outcome result;

    result = make_case(request, trial, &account, &block);
    if (result == OUTCOME_SUCCESS)
        result = find_expected(request, &block, &account, bar, &expected);
    figures->type = block.desc.type;
    figures->arithmetic = block.desc.arithmetic;
    figures->no_layers = request->source == CASE_IN_FILES && block.desc.layer_count == 0;
    for (size_t i = 0; result == OUTCOME_SUCCESS && i < figures->count; i++)
        result =
            try_backend(request, &block, trial, &expected, bar, &account, &figures->tallies[i]);
    array_release(&expected, &account);
    block_case_free(&block, &account);
    return result;
}
