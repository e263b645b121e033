/* What `denseblock memory` does for one way of concatenation: every allocation of it is made to
 * fail in turn, and each time it ends with its outcome and nothing stays allocated. */
#include "tool/memory.h"

#include <stdio.h>

#include "failing_memory.h"
#include "suite.h"

enum { LAYERS = 3, CHANNELS = 3, GROWTH = 4, MOST = 9 * 11 * GROWTH };

static float elements[MOST];

/* All tensors are zeros: it is not the result that is looked at. */
static block_case zeros(denseblock_layer *layers, const void **kernels) {
    denseblock_layers_fill(layers, LAYERS, 3, 3, GROWTH);
    for (int l = 0; l < LAYERS; l++)
        kernels[l] = elements;
    return (block_case){
        .desc = {.batch = 2,
                 .height = 5,
                 .width = 3,
                 .channels = CHANNELS,
                 .layer_count = LAYERS,
                 .layers = layers},
        .layers = layers,
        .input = {.rank = 4, .shape = {2, 5, 3, CHANNELS}, .data = elements},
        .kernel_data = kernels,
    };
}

static void fail_each(const strategy *way, denseblock_backend backend) {
    const memory_request request = {.options.thread_count = 1, .batch_limit = 40000};
    denseblock_layer layers[LAYERS];
    const void *kernels[LAYERS];
    const block_case block = zeros(layers, kernels);
    struct failing_memory memory = {.failed = true};
    for (long which = 0; memory.failed; which++) {
        memory_trial trial = {.backend = backend, .way = way};
        failing_memory_begin(which);
        const outcome result = memory_trial_run(&request, &block, NULL, &trial);
        const bool agrees = memory_trial_agrees(&trial);
        memory_trial_free(&trial);
        memory = failing_memory_end();
        ck_assert_msg(memory.live == 0, "%s, allocation %ld failed: %ld stay allocated",
                      way->name, which, memory.live);
        ck_assert_int_eq(result, memory.failed ? OUTCOME_MACHINE_FAILED : OUTCOME_SUCCESS);
        ck_assert(memory.failed || agrees);
    }
    ck_assert_int_gt(memory.made, 20);
}

START_TEST(every_failing_allocation_ends_with_its_outcome_and_leaves_nothing) {
    ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr)); /* hundreds of messages */
    for (int s = 0; s < STRATEGY_COUNT; s++) {
        fail_each(&STRATEGIES[s], DENSEBLOCK_BACKEND_REFERENCE);
        fail_each(&STRATEGIES[s], DENSEBLOCK_BACKEND_CPU);
    }
}
END_TEST

/* Two units of a residual block; no plans, no trial. */
static outcome run_residual(concatenation how, memory_trial *trial) {
    const denseblock_residual_desc desc = {.batch = 2,
                                           .height = 5,
                                           .width = 3,
                                           .channels = CHANNELS,
                                           .hidden_channels = GROWTH,
                                           .unit_count = 2,
                                           .kernel_height = 3,
                                           .kernel_width = 3};
    const denseblock_plan_options options = {.thread_count = 1, .group_size = 3};
    const void *const kernels[] = {elements, elements, elements, elements};
    const denseblock_array input = {.rank = 4, .shape = {2, 5, 3, CHANNELS}, .data = elements};
    block_plans plans;
    const denseblock_status status =
        residual_plans_create(&desc, trial->backend, &options, how, &plans);
    if (status != DENSEBLOCK_OK)
        return block_plans_fail(status);
    const residual_formula_request request = {.desc = &desc,
                                              .how = how,
                                              .weights_bytes = plans.weights_bytes,
                                              .workspace_bytes = plans.workspace_bytes};
    outcome result = OUTCOME_MACHINE_FAILED;
    if (residual_memory_formula(&request, &trial->formula))
        result = memory_trial_measure(&plans, 0, kernels, &input, NULL, trial);
    block_plans_free(&plans);
    return result;
}

START_TEST(so_does_a_residual_block_in_every_way) {
    ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
    for (int how = 0; how < 3; how++) {
        struct failing_memory memory = {.failed = true};
        for (long which = 0; memory.failed; which++) {
            memory_trial trial = {.backend = DENSEBLOCK_BACKEND_REFERENCE};
            failing_memory_begin(which);
            const outcome result = run_residual((concatenation)how, &trial);
            const bool agrees = memory_trial_agrees(&trial);
            memory_trial_free(&trial);
            memory = failing_memory_end();
            ck_assert_msg(memory.live == 0, "way %d, allocation %ld failed: %ld stay allocated",
                          how, which, memory.live);
            ck_assert_int_eq(result, memory.failed ? OUTCOME_MACHINE_FAILED : OUTCOME_SUCCESS);
            ck_assert(memory.failed || agrees);
        }
        ck_assert_int_gt(memory.made, 20);
    }
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {
        every_failing_allocation_ends_with_its_outcome_and_leaves_nothing,
        so_does_a_residual_block_in_every_way,
        NULL,
    };
    return suite_of("memory_trial", tests);
}
