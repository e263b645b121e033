/* What `denseblock compare` makes of a counter of energy: one that counts 100 watts of a clock, since
 * here no device counts any. */
#include "tool/compare.h"

#include <stdio.h>
#include <stdlib.h>

#include "suite.h"
#include "tool/stopwatch.h"

static const double WATTS = 100;
static denseblock_status status;
static long calls;

denseblock_status __wrap_denseblock_context_energy(denseblock_context *context, double *joules);

denseblock_status __wrap_denseblock_context_energy(denseblock_context *context, double *joules) {
    ck_assert_ptr_nonnull(context);
    calls++;
    *joules = WATTS * stopwatch_seconds();
    return status;
}

enum { LAYERS = 2, CHANNELS = 3, GROWTH = 4, FEW = 5 };

static float elements[9 * 11 * GROWTH];
static const void *const kernels[LAYERS] = {elements, elements};
static denseblock_layer layers[LAYERS];

/* A dense block of zeros on the reference, in one way, with some forwards timed. */
static outcome measure(const strategy *way, compare_trial *trial) {
    const compare_request request = {.repeats = FEW, .options.thread_count = 1};
    const denseblock_array input = {.rank = 4, .shape = {2, 5, 3, CHANNELS}, .data = elements};
    const compare_data data = {kernels, &input};
    compare_figures figures = {.backend = DENSEBLOCK_BACKEND_REFERENCE,
                               .dense = {.batch = 2,
                                         .height = 5,
                                         .width = 3,
                                         .channels = CHANNELS,
                                         .layer_count = LAYERS,
                                         .layers = layers}};
    denseblock_layers_fill(layers, LAYERS, 3, 3, GROWTH);
    *trial = (compare_trial){.memory.way = way};
    calls = 0;
    outcome result = compare_trial_plan(&request, &figures, BLOCK_DENSE, trial);
    if (result == OUTCOME_SUCCESS)
        result = compare_trial_prepare(&data, 0, trial);
    for (int i = 0; result == OUTCOME_SUCCESS && i < FEW; i++)
        result = compare_trial_time(&data, NULL, trial, &trial->seconds[i]);
    if (result != OUTCOME_SUCCESS)
        return result;
    trial->time = spread_of(trial->seconds, FEW);
    return compare_trial_measure_energy(&data, trial);
}

/* Forwards one after another take their share of the time, and a tenth of a second of doubt. */
START_TEST(energy_of_a_forward_is_its_share_of_a_second_of_them) {
    status = DENSEBLOCK_OK;
    for (int s = 0; s < STRATEGY_COUNT; s++) {
        compare_trial trial;
        ck_assert_int_eq(measure(&STRATEGIES[s], &trial), OUTCOME_SUCCESS);
        ck_assert(trial.joules.known);
        ck_assert_str_eq(trial.no_energy, "");
        ck_assert_int_eq(calls, 3);
        ck_assert_double_ge(trial.joules.value, WATTS * trial.time.least / 2);
        ck_assert_double_le(trial.joules.value, WATTS * 1.1);
        const double doubt = trial.joules.high / trial.joules.value - 1;
        ck_assert_double_gt(doubt, 0.01);
        ck_assert_double_le(doubt, 0.1001);
        ck_assert_double_eq_tol(trial.joules.low, trial.joules.value * (1 - doubt), 1e-12);
        compare_trial_free(&trial);
    }
}
END_TEST

START_TEST(where_nobody_counts_it_energy_is_not_known_and_has_a_reason) {
    compare_trial trial;
    status = DENSEBLOCK_UNSUPPORTED;
    ck_assert_int_eq(denseblock_plan_create(NULL, DENSEBLOCK_BACKEND_CPU, NULL, NULL),
                     DENSEBLOCK_INVALID_ARGUMENT); /* whose message stands for the reason */
    ck_assert_int_eq(measure(&STRATEGIES[2], &trial), OUTCOME_SUCCESS);
    ck_assert(!trial.joules.known);
    ck_assert_str_eq(trial.no_energy, denseblock_last_error());
    ck_assert_str_ne(trial.no_energy, "");
    ck_assert_int_eq(calls, 1);
    compare_trial_free(&trial);
}
END_TEST

START_TEST(a_counter_that_fails_ends_the_command) {
    compare_trial trial;
    ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
    status = DENSEBLOCK_DEVICE_FAILED;
    ck_assert_int_eq(measure(&STRATEGIES[2], &trial), OUTCOME_MACHINE_FAILED);
    ck_assert(!trial.joules.known);
    compare_trial_free(&trial);
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {
        energy_of_a_forward_is_its_share_of_a_second_of_them,
        where_nobody_counts_it_energy_is_not_known_and_has_a_reason,
        a_counter_that_fails_ends_the_command,
        NULL,
    };
    return suite_of("compare_energy", tests);
}
