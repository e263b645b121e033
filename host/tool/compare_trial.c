/* One block in one way: its memory, its time and its energy. */
#include "compare.h"

#include <math.h>
#include <stdlib.h>

#include "stopwatch.h"

/* Energy is counted for so long, and a GPU is kept busy for this part of it before anyone waits. */
static const double ENERGY_SECONDS = 1;
static const double ENERGY_ROUND_SECONDS = 0.1;

/* The longest time between two counts of a GPU, of those that others have measured: what is read
 * may be as old. */
static const double COUNTER_PERIOD_SECONDS = 0.1;

const char *block_kind_name(block_kind kind) {
    return kind == BLOCK_DENSE ? "dense" : "residual";
}

bool compare_trial_is_run(const compare_trial *trial) {
    return trial->memory.way != NULL && trial->memory.not_run[0] == '\0';
}

static denseblock_plan_options options_of(const compare_request *request, const strategy *way) {
    denseblock_plan_options options = request->options;

    if (!way->groups)
        options.group_size = 1;
    return options;
}

/* False where a figure is too large for a size_t. */
static bool apply_formula(const compare_figures *figures, block_kind kind, compare_trial *trial) {
    memory_trial *const memory = &trial->memory;
    const formula_request dense = {
        .desc = &figures->dense,
        .how = memory->way->how,
        .weights_bytes = memory->weights_bytes,
        .workspace_bytes = memory->workspace_bytes,
    };
    const residual_formula_request residual = {
        .desc = &figures->residual,
        .how = memory->way->how,
        .weights_bytes = memory->weights_bytes,
        .workspace_bytes = memory->workspace_bytes,
    };

    if (kind == BLOCK_DENSE)
        return memory_formula(&dense, &memory->formula) &&
               training_formula(&figures->dense, memory->way->how, &trial->training_bytes);
    return residual_memory_formula(&residual, &memory->formula) &&
           residual_training_formula(&figures->residual, &trial->training_bytes);
}

/* In place, what every convolution reads and writes; a copy reads and writes what it copies. In
 * groups of layers it is not known: features are read less often, but partial sums are written and
 * read. */
static void find_moved(compare_trial *trial) {
    const memory_trial *const memory = &trial->memory;

    trial->moved_known = !memory->way->groups;
    trial->moved = 2 * (double)memory->formula.written;
    for (int64_t i = 0; i < trial->plans.count; i++)
        trial->moved += denseblock_plan_bytes_moved(trial->plans.parts[i].plan);
}

static int thread_count(const block_plans *plans) {
    int most = 1;

    for (int64_t i = 0; i < plans->count; i++) {
        const int threads = denseblock_plan_thread_count(plans->parts[i].plan);

        most = threads > most ? threads : most;
    }
    return most;
}

outcome compare_trial_plan(const compare_request *request, const compare_figures *figures,
                           block_kind kind, compare_trial *trial) {
    memory_trial *const memory = &trial->memory;
    const denseblock_plan_options options = options_of(request, memory->way);
    const concatenation how = memory->way->how;
    const denseblock_status status =
        kind == BLOCK_DENSE
            ? block_plans_create(&figures->dense, figures->backend, &options, how, &trial->plans)
            : residual_plans_create(&figures->residual, figures->backend, &options, how,
                                    &trial->plans);

    memory->backend = figures->backend;
    if (status == DENSEBLOCK_UNSUPPORTED) {
        (void)snprintf(memory->not_run, REASON_SIZE, "%s", denseblock_last_error());
        return OUTCOME_SUCCESS;
    }
    if (status != DENSEBLOCK_OK)
        return block_plans_fail(status);
    memory->weights_bytes = trial->plans.weights_bytes;
    memory->workspace_bytes = trial->plans.workspace_bytes;
    trial->threads = thread_count(&trial->plans);
    trial->seconds = calloc((size_t)request->repeats, sizeof *trial->seconds);
    if (trial->seconds == NULL)
        return fail_out_of_memory();
    if (!apply_formula(figures, kind, trial))
        return fail_machine("out of memory: the %s block, %s, would need more bytes than can be "
                            "counted",
                            block_kind_name(kind), memory->way->name);
    find_moved(trial);
    return OUTCOME_SUCCESS;
}

outcome compare_trial_measure_memory(const compare_data *data, int device, progress *bar,
                                     compare_trial *trial) {
    return memory_trial_measure(&trial->plans, device, data->kernels, data->input, bar,
                                &trial->memory);
}

outcome compare_trial_prepare(const compare_data *data, int device, compare_trial *trial) {
    outcome result = outcome_of(denseblock_buffers_create(false, &trial->buffers));

    if (result == OUTCOME_SUCCESS)
        result = resident_create(&trial->plans, trial->memory.backend, device, data->kernels,
                                 trial->buffers, &trial->features);
    return result;
}

outcome compare_trial_time(const compare_data *data, progress *bar, compare_trial *trial,
                           double *seconds) {
    const outcome result = resident_forward(&trial->features, data->input, bar, seconds);

    return result == OUTCOME_SUCCESS ? resident_clear(&trial->features) : result;
}

/* The counter, when everything enqueued has been executed. */
static outcome read_counter(denseblock_context *context, double *joules) {
    const denseblock_status status = denseblock_context_synchronize(context);

    return outcome_of(status == DENSEBLOCK_OK ? denseblock_context_energy(context, joules)
                                              : status);
}

/* The input lies in the backend's memory, from where each forward copies it to its place. */
static outcome run_for_a_while(compare_trial *trial, double *elapsed, double *count) {
    const double median = trial->time.median;
    const double begin = stopwatch_seconds();
    const int64_t round = median > 0 ? 1 + (int64_t)fmin(ENERGY_ROUND_SECONDS / median, 1e4) : 1;
    outcome result = OUTCOME_SUCCESS;

    while (result == OUTCOME_SUCCESS && *elapsed < ENERGY_SECONDS) {
        for (int64_t i = 0; result == OUTCOME_SUCCESS && i < round; i++)
            result = resident_forward(&trial->features, NULL, NULL, NULL);
        if (result == OUTCOME_SUCCESS)
            result = outcome_of(denseblock_context_synchronize(trial->features.context));
        *count += (double)round;
        *elapsed = stopwatch_seconds() - begin;
    }
    return result;
}

static quantity energy_quantity(double joules, double seconds, double count) {
    const double value = joules / count;
    const double doubt = COUNTER_PERIOD_SECONDS / seconds;

    return (quantity){
        .known = true, .low = value * (1 - doubt), .value = value, .high = value * (1 + doubt)};
}

outcome compare_trial_measure_energy(const compare_data *data, compare_trial *trial) {
    denseblock_context *const context = trial->features.context;
    double joules[2] = {0};
    double elapsed = 0;
    double count = 0;
    denseblock_status status = denseblock_context_energy(context, &joules[0]); /* opens NVML */
    outcome result;

    if (status == DENSEBLOCK_UNSUPPORTED) {
        (void)snprintf(trial->no_energy, REASON_SIZE, "%s", denseblock_last_error());
        return OUTCOME_SUCCESS;
    }
    if (status != DENSEBLOCK_OK)
        return fail_status(status);
    result = resident_hold_input(&trial->features, data->input);
    if (result == OUTCOME_SUCCESS)
        result = read_counter(context, &joules[0]);
    if (result == OUTCOME_SUCCESS)
        result = run_for_a_while(trial, &elapsed, &count);
    if (result == OUTCOME_SUCCESS)
        result = read_counter(context, &joules[1]);
    if (result == OUTCOME_SUCCESS)
        trial->joules = energy_quantity(joules[1] - joules[0], elapsed, count);
    resident_free(&trial->features);
    return result;
}

void compare_trial_free(compare_trial *trial) {
    memory_trial_free(&trial->memory);
    resident_free(&trial->features);
    denseblock_buffers_destroy(trial->buffers);
    block_plans_free(&trial->plans);
    free(trial->seconds);
    *trial = (compare_trial){0};
}
