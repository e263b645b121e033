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

Suite *suite(void) {
    const TTest *const tests[] = {
        every_failing_allocation_ends_with_its_outcome_and_leaves_nothing,
        NULL,
    };
    return suite_of("memory_trial", tests);
}
