#include "bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "peak.h"

static outcome make_y(bench_job *work) {
    const denseblock_desc *const desc = &work->block->desc;
    const outcome result = y_allocate(desc, &work->account, &work->y);

    if (result == OUTCOME_SUCCESS)
        copy_channels(&work->y, &work->block->input, desc->channels);
    return result;
}

static outcome add_timing(const bench_request *request, execution *run, bool graph,
                          bench_job *work) {
    const size_t index = work->figures.count++;
    timing *const measured = &work->figures.timings[index];

    work->measured[index] = run;
    *measured = (timing){
        .backend = denseblock_plan_backend(run->plan),
        .graph = graph,
        .threads = denseblock_plan_thread_count(run->plan),
        .plan = run->plan,
        .weights_bytes = denseblock_plan_weights_bytes(run->plan),
        .workspace_bytes = denseblock_plan_workspace_bytes(run->plan),
        .flops = denseblock_plan_flops(run->plan),
        .bytes = denseblock_plan_bytes_moved(run->plan),
        .prepare_seconds = run->prepare_seconds,
        .seconds = calloc((size_t)request->repeats, sizeof *measured->seconds),
    };
    return measured->seconds != NULL ? OUTCOME_SUCCESS : fail_out_of_memory();
}

/* Makes a backend ready. */
static outcome add_backend(const bench_request *request, denseblock_backend backend,
                           bench_job *work) {
    execution *const run = &work->runs[work->run_count++];
    forward_time first;
    outcome result = execution_create(&work->block->desc, backend, &request->options,
                                      work->block->kernel_data, false, &work->account, run);

    if (result == OUTCOME_SUCCESS)
        result = execution_place(run, work->y.data);
    if (result == OUTCOME_SUCCESS)
        result = add_timing(request, run, false, work);
    if (result != OUTCOME_SUCCESS || run->memory == DENSEBLOCK_MEMORY_HOST)
        return result;
    result = execution_forward(run, &first); /* CUDA loads kernels when they are first started */
    if (result == OUTCOME_SUCCESS)
        result = execution_make_graph(run);
    if (result == OUTCOME_SUCCESS)
        result = add_timing(request, run, true, work);
    return result;
}

/* What the plans of all layers come to. */
static outcome add_copying_timing(const bench_request *request, denseblock_backend backend,
                                  const copying *copies, bench_job *work) {
    const block_plans *const plans = &copies->plans;
    timing sum = {
        .backend = backend,
        .threads = 1,
        .weights_bytes = plans->weights_bytes,
        .workspace_bytes = plans->workspace_bytes,
        .prepare_seconds = copies->features.prepare_seconds,
    };

    for (int64_t i = 0; i < plans->count; i++) {
        const denseblock_plan *const plan = plans->parts[i].plan;
        const int threads = denseblock_plan_thread_count(plan);

        sum.flops += denseblock_plan_flops(plan);
        sum.bytes += denseblock_plan_bytes_moved(plan);
        sum.threads = threads > sum.threads ? threads : sum.threads;
    }
    sum.seconds = calloc((size_t)request->repeats, sizeof *sum.seconds);
    work->figures.timings[work->figures.count++] = sum;
    return sum.seconds != NULL ? OUTCOME_SUCCESS : fail_out_of_memory();
}

/* Of `all`, the library has just said why. */
static void omit(denseblock_backend backend, bench_figures *figures) {
    omission *const omitted = &figures->omissions[figures->omission_count++];

    omitted->backend = backend;
    (void)snprintf(omitted->reason, REASON_SIZE, "%s", denseblock_last_error());
}

/* The same for a backend that copies. */
static outcome add_copying(const bench_request *request, denseblock_backend backend,
                           bench_job *work) {
    const denseblock_desc *const desc = &work->block->desc;
    copying *const copies = &work->copies[work->copy_count];
    denseblock_status status =
        block_plans_create(desc, backend, &request->options, request->concat, &copies->plans);
    outcome result;

    if (status == DENSEBLOCK_UNSUPPORTED && request->backends.all) {
        omit(backend, &work->figures);
        return OUTCOME_SUCCESS;
    }
    if (status != DENSEBLOCK_OK)
        return block_plans_fail(status);
    work->copy_count++;
    status = denseblock_buffers_create(false, &copies->buffers);
    if (status != DENSEBLOCK_OK)
        return fail_status(status);
    result = resident_create(&copies->plans, backend, request->options.device,
                             work->block->kernel_data, copies->buffers, &copies->features);
    return result == OUTCOME_SUCCESS ? add_copying_timing(request, backend, copies, work)
                                     : result;
}

static outcome execute(bench_job *work, size_t index, double *seconds) {
    timing *const measured = &work->figures.timings[index];
    execution *const run = work->measured[index];
    forward_time time;
    outcome result;

    if (work->copy_count > 0) /* a timing for each */
        return resident_forward(&work->copies[index].features, &work->block->input, NULL,
                                seconds);
    result = measured->graph ? execution_replay(run, &time) : execution_forward(run, &time);

    if (result != OUTCOME_SUCCESS)
        return result;
    *seconds = time.seconds;
    if (run->memory == DENSEBLOCK_MEMORY_DEVICE)
        measured->enqueue =
            measured->enqueue > 0 ? fmin(measured->enqueue, time.enqueue) : time.enqueue;
    return result;
}

static outcome warm_up(const bench_request *request, bench_job *work) {
    outcome result = OUTCOME_SUCCESS;
    double seconds;

    for (size_t i = 0; i < work->figures.count; i++) {
        for (int64_t w = 0; result == OUTCOME_SUCCESS && w < request->warmups; w++)
            result = execute(work, i, &seconds);
    }
    return result;
}

/* The backends take turns, so that what the machine does meanwhile meets all of them. */
static outcome measure(const bench_request *request, bench_job *work, progress *bar) {
    outcome result = OUTCOME_SUCCESS;

    for (int64_t r = 0; r < request->repeats; r++) {
        for (size_t i = 0; result == OUTCOME_SUCCESS && i < work->figures.count; i++)
            result = execute(work, i, &work->figures.timings[i].seconds[r]);
        if (result != OUTCOME_SUCCESS)
            break;
        progress_show((double)(r + 1) / (double)request->repeats, bar);
    }
    return result;
}

static bool runs_on_cpu(denseblock_backend backend) {
    return denseblock_backend_memory(backend) == DENSEBLOCK_MEMORY_HOST;
}

/* Backends with as many threads share a measurement. The larger of two is kept: other programs
 * take from a peak, and add nothing to it. */
static outcome measure_peaks(denseblock_type type, bench_figures *figures) {
    for (size_t i = 0; i < figures->count; i++) {
        timing *const measured = &figures->timings[i];
        size_t first = 0;
        double peak;
        outcome result;

        if (!runs_on_cpu(measured->backend))
            continue;
        while (figures->timings[first].threads != measured->threads ||
               !runs_on_cpu(figures->timings[first].backend))
            first++;
        if (first < i) {
            measured->peak = figures->timings[first].peak;
            continue;
        }
        result = peak_measure(type, measured->threads, &peak);
        if (result != OUTCOME_SUCCESS)
            return result;
        measured->peak = fmax(measured->peak, peak);
    }
    return OUTCOME_SUCCESS;
}

static outcome add_backends(const bench_request *request, bench_job *work) {
    bench_figures *const figures = &work->figures;
    outcome result = OUTCOME_SUCCESS;

    for (size_t i = 0; result == OUTCOME_SUCCESS && i < request->backends.count; i++) {
        const denseblock_backend backend = request->backends.backends[i];
        omission *const omitted = &figures->omissions[figures->omission_count];

        if (request->concat != CONCATENATION_IN_PLACE) {
            result = add_copying(request, backend, work);
        } else if (request->backends.all &&
                   execution_is_unsupported(&work->block->desc, backend, &request->options,
                                            omitted->reason)) {
            omitted->backend = backend;
            figures->omission_count++;
        } else {
            result = add_backend(request, backend, work);
        }
    }
    if (result == OUTCOME_SUCCESS && figures->count == 0)
        result = fail_input("no backend was measured: %s", figures->omissions[0].reason);
    return result;
}

outcome bench_measure(const bench_request *request, const block_case *block, progress *bar,
                      bench_job *work) {
    const denseblock_type type = block->desc.type;
    outcome result = OUTCOME_SUCCESS;

    work->block = block;
    if (request->concat == CONCATENATION_IN_PLACE)
        result = make_y(work);
    if (result == OUTCOME_SUCCESS)
        result = add_backends(request, work);
    if (result == OUTCOME_SUCCESS)
        result = measure_peaks(type, &work->figures);
    if (result == OUTCOME_SUCCESS)
        result = warm_up(request, work);
    if (result == OUTCOME_SUCCESS)
        result = measure(request, work, bar);
    if (result == OUTCOME_SUCCESS)
        result = measure_peaks(type, &work->figures);
    for (size_t i = 0; result == OUTCOME_SUCCESS && i < work->figures.count; i++)
        work->figures.timings[i].time =
            spread_of(work->figures.timings[i].seconds, (size_t)request->repeats);
    return result;
}

void bench_job_free(bench_job *work) {
    for (size_t i = 0; i < work->run_count; i++)
        execution_free(&work->runs[i], &work->account);
    for (size_t i = 0; i < work->copy_count; i++) {
        resident_free(&work->copies[i].features);
        denseblock_buffers_destroy(work->copies[i].buffers);
        block_plans_free(&work->copies[i].plans);
    }
    for (size_t i = 0; i < work->figures.count; i++)
        free(work->figures.timings[i].seconds);
    array_release(&work->y, &work->account);
}
