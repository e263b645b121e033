#include "report.h"
#include "spread.h"

#include <stdlib.h>
#include <string.h>

#include "feature_maps.h"

/* Operations that the reference needs some seconds for. */
static const double REFERENCE_FLOPS = 16e9;

/* A smaller first image is nothing to look at. */
enum { LEAST_MAP_PIXELS = 64 };

/* The parts of the work, as the bar shows them. */
static const double MEMORY_END = 0.25;
static const double LAYERS_END = 0.35;
static const double SPEED_END = 0.7;

/* ---- Memory -------------------------------------------------------------------------------- */

static outcome measure_memory(const report_request *request, progress *bar,
                              report_figures *figures) {
    const memory_request asked = {.options = request->options};
    memory_block *const block = &figures->memory.blocks[0];
    const double share = MEMORY_END / (double)(request->backends.count * STRATEGY_COUNT);
    outcome result = OUTCOME_SUCCESS;

    figures->memory.count = 1;
    block->desc = figures->block->desc;
    for (size_t i = 0; i < request->backends.count; i++) {
        for (int s = 0; result == OUTCOME_SUCCESS && s < STRATEGY_COUNT; s++) {
            memory_trial *const trial = &block->trials[block->count];

            if (STRATEGIES[s].groups && request->options.group_size == 1)
                continue; /* in groups of one layer there are no groups */
            progress_set_part(bar, share * (double)block->count,
                              share * (double)(block->count + 1));
            block->count++;
            trial->backend = request->backends.backends[i];
            trial->way = &STRATEGIES[s];
            result = memory_trial_run(&asked, figures->block, bar, trial);
        }
    }
    return result;
}

const memory_trial *report_memory_of(const report_figures *figures, const char *way) {
    const memory_block *const block = &figures->memory.blocks[0];
    const denseblock_backend backend = figures->speed.figures.timings[0].backend;

    for (size_t i = 0; i < block->count; i++) {
        const memory_trial *const trial = &block->trials[i];

        if (trial->backend == backend && trial->not_run[0] == '\0' &&
            strcmp(trial->way->name, way) == 0)
            return trial;
    }
    return NULL;
}

/* ---- Layers -------------------------------------------------------------------------------- */

/* What each layer has to compute and to move: the figures of plans of one layer. */
static outcome count_layers(const denseblock_desc *desc, layer_figures *layers) {
    const denseblock_plan_options options = {0};
    int64_t channels = desc->channels;
    block_plans plans;
    const denseblock_status status = block_plans_create(desc, DENSEBLOCK_BACKEND_REFERENCE,
                                                        &options, CONCATENATION_COPY, &plans);

    if (status != DENSEBLOCK_OK)
        return block_plans_fail(status);
    for (int64_t l = 0; l < desc->layer_count; l++) {
        layers[l].channels = channels;
        layers[l].flops = denseblock_plan_flops(plans.parts[l].plan);
        layers[l].bytes = denseblock_plan_bytes_moved(plans.parts[l].plan);
        channels += desc->layers[l].growth;
    }
    block_plans_free(&plans);
    return OUTCOME_SUCCESS;
}

/* `seconds` has the times of all layers, repeat after repeat. */
static outcome take_medians(const double *seconds, size_t repeats, size_t count,
                            layer_figures *layers) {
    double *const ordered = calloc(repeats + 1, sizeof *ordered);

    if (ordered == NULL)
        return fail_out_of_memory();
    for (size_t l = 0; l < count; l++) {
        for (size_t r = 0; r < repeats; r++)
            ordered[r] = seconds[r * count + l];
        layers[l].seconds = spread_of(ordered, repeats).median;
    }
    free(ordered);
    return OUTCOME_SUCCESS;
}

/* One execution more than are counted: the first one warms up. */
static outcome time_layers(execution *run, size_t repeats, size_t count, layer_figures *layers) {
    double *const seconds = calloc(repeats * count + 1, sizeof *seconds);
    outcome result = OUTCOME_SUCCESS;

    if (seconds == NULL)
        return fail_out_of_memory();
    for (size_t r = 0; result == OUTCOME_SUCCESS && r <= repeats; r++) {
        double *const times = seconds + (r > 0 ? r - 1 : 0) * count;

        memset(times, 0, count * sizeof *times);
        result = execution_time_layers(run, times);
    }
    if (result == OUTCOME_SUCCESS)
        result = take_medians(seconds, repeats, count, layers);
    free(seconds);
    return result;
}

/* The first backend that carries out the block; bench_measure says it where none does. */
static bool first_backend(const report_request *request, const denseblock_desc *desc,
                          denseblock_backend *backend) {
    char reason[REASON_SIZE];

    for (size_t i = 0; i < request->backends.count; i++) {
        *backend = request->backends.backends[i];
        if (!request->backends.all ||
            !execution_is_unsupported(desc, *backend, &request->options, reason))
            return true;
    }
    return false;
}

/* In groups of one layer each layer's time is its own. */
static outcome measure_layers(const report_request *request, report_figures *figures) {
    const denseblock_desc *const desc = &figures->block->desc;
    const size_t count = (size_t)desc->layer_count;
    denseblock_plan_options alone = request->options;
    denseblock_array y = {0};
    execution run = {0};
    denseblock_backend backend;
    ledger account = {0};
    outcome result;

    if (count == 0 || desc->batch == 0 || !first_backend(request, desc, &backend))
        return OUTCOME_SUCCESS;
    alone.group_size = 1;
    figures->layers = calloc(count, sizeof *figures->layers);
    if (figures->layers == NULL)
        return fail_out_of_memory();
    result = count_layers(desc, figures->layers);
    if (result == OUTCOME_SUCCESS)
        result = y_allocate(desc, &account, &y);
    if (result == OUTCOME_SUCCESS) {
        copy_channels(&y, &figures->block->input, desc->channels);
        result = execution_create(desc, backend, &alone, figures->block->kernel_data, false,
                                  &account, &run);
    }
    if (result == OUTCOME_SUCCESS)
        result = execution_place(&run, y.data);
    if (result == OUTCOME_SUCCESS)
        result = time_layers(&run, (size_t)request->repeats, count, figures->layers);
    execution_free(&run, &account);
    array_release(&y, &account);
    return result;
}

/* ---- Speed --------------------------------------------------------------------------------- */

static outcome measure_speed(const report_request *request, progress *bar,
                             report_figures *figures) {
    const bench_request asked = {
        .backends = request->backends,
        .options = request->options,
        .warmups = 1,
        .repeats = request->repeats,
    };
    const timing *const first = &figures->speed.figures.timings[0];
    const outcome result = bench_measure(&asked, figures->block, bar, &figures->speed);

    if (result != OUTCOME_SUCCESS || figures->layers == NULL)
        return result;
    if (denseblock_backend_memory(first->backend) == DENSEBLOCK_MEMORY_HOST)
        return bandwidth_measure(first->threads, &figures->memory_speed);
    return bandwidth_measure_device(first->backend, request->options.device,
                                    &figures->memory_speed);
}

/* ---- Accuracy ------------------------------------------------------------------------------ */

/* The block of the first images alone. Its arrays stay those of the whole. */
static block_case first_images(const block_case *block, int64_t images) {
    block_case part = *block;

    part.desc.batch = images;
    part.input.shape[0] = images;
    return part;
}

/* The images that the reference needs some seconds for, at least one. */
static int64_t images_to_compare(const report_figures *figures) {
    const int64_t batch = figures->block->desc.batch;
    const double flops = figures->speed.figures.timings[0].flops;
    double images;

    if (flops <= REFERENCE_FLOPS)
        return batch;
    images = REFERENCE_FLOPS / (flops / (double)batch);
    return images < 1 ? 1 : (int64_t)images;
}

/* All NaN, which no execution may let through, with x in its first channels. */
static outcome make_y(const block_case *block, ledger *account, denseblock_array *y) {
    const outcome result = y_allocate(&block->desc, account, y);

    if (result != OUTCOME_SUCCESS)
        return result;
    memset(y->data, 0xff, array_bytes(y));
    copy_channels(y, &block->input, block->desc.channels);
    return OUTCOME_SUCCESS;
}

static bool maps_wanted(const report_request *request, const denseblock_desc *desc) {
    return request->input != NULL && desc->batch == 1 &&
           desc->height * desc->width >= LEAST_MAP_PIXELS;
}

static outcome draw_maps(const denseblock_array *y, report_figures *figures) {
    FILE *const stream = open_memstream(&figures->maps, &figures->maps_bytes);
    outcome result;

    if (stream == NULL)
        return fail_out_of_memory();
    result =
        feature_maps_write(&figures->block->desc, y, FEATURE_MAPS_SMALL, stream, "feature maps");
    if (fclose(stream) != 0 && result == OUTCOME_SUCCESS)
        result = fail_out_of_memory();
    return result;
}

/* Backends run the whole batch, by the plans whose speed was measured. */
static outcome check_backend(const report_request *request, size_t index,
                             const denseblock_array *expected, progress *bar,
                             report_figures *figures) {
    const denseblock_desc *const desc = &figures->block->desc;
    denseblock_array y = {0};
    ledger account = {0};
    outcome result = make_y(figures->block, &account, &y);

    if (result == OUTCOME_SUCCESS)
        result = execution_run(&figures->speed.runs[index], NULL, y.data, bar, NULL);
    if (result == OUTCOME_SUCCESS)
        figures->checks[index] =
            compare(desc, &y, expected, (corner){0}, default_tolerance(desc));
    if (result == OUTCOME_SUCCESS && index == 0 && maps_wanted(request, desc))
        result = draw_maps(&y, figures);
    array_release(&y, &account);
    return result;
}

static outcome measure_accuracy(const report_request *request, progress *bar,
                                report_figures *figures) {
    block_case part;
    denseblock_array expected = {0};
    ledger account = {0};
    outcome result;

    figures->compared_images = images_to_compare(figures);
    part = first_images(figures->block, figures->compared_images);
    result = make_y(&part, &account, &expected);
    if (result == OUTCOME_SUCCESS)
        result = run_reference(&part, request->options.thread_count, &account, bar, &expected);
    for (size_t i = 0; result == OUTCOME_SUCCESS && i < figures->speed.run_count; i++)
        result = check_backend(request, i, &expected, NULL, figures);
    array_release(&expected, &account);
    return result;
}

bool report_passed(const report_figures *figures) {
    const memory_block *const block = &figures->memory.blocks[0];

    for (size_t i = 0; i < figures->speed.run_count; i++) {
        if (!figures->checks[i].passed)
            return false;
    }
    for (size_t i = 0; i < block->count; i++) {
        if (!memory_trial_agrees(&block->trials[i]))
            return false;
    }
    return true;
}

/* ---- All of it ----------------------------------------------------------------------------- */

outcome report_measure(const report_request *request, const block_case *block,
                       report_figures *figures) {
    progress bar = progress_start("report");
    outcome result;

    figures->block = block;
    figures->date = time(NULL);
    result = measure_memory(request, &bar, figures);
    progress_set_part(&bar, MEMORY_END, LAYERS_END);
    if (result == OUTCOME_SUCCESS)
        result = measure_layers(request, figures);
    progress_set_part(&bar, LAYERS_END, SPEED_END);
    if (result == OUTCOME_SUCCESS)
        result = measure_speed(request, &bar, figures);
    progress_set_part(&bar, SPEED_END, 1);
    if (result == OUTCOME_SUCCESS)
        result = measure_accuracy(request, &bar, figures);
    progress_erase(&bar);
    return result;
}

void report_figures_free(report_figures *figures) {
    memory_block *const block = &figures->memory.blocks[0];

    free(figures->maps);
    bench_job_free(&figures->speed);
    free(figures->layers);
    for (size_t i = 0; i < block->count; i++)
        memory_trial_free(&block->trials[i]);
}
