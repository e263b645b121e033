#include "execution.h"

#include <stdio.h>
#include <stdlib.h>

#include "stopwatch.h"

static outcome allocate(execution *made, denseblock_context *context, denseblock_memory memory,
                        size_t bytes, const char *label, void **address) {
    return outcome_of(
        denseblock_buffers_allocate(made->buffers, context, memory, bytes, label, address));
}

/* On a GPU a lane has its part of the tensors there; on the CPU the caller's tensors are used as
 * they are. */
static outcome make_lane(execution *made, bool x_apart, lane *one) {
    const slicing *const slices = &made->slices;
    const size_t pixels = (size_t)slices->images * slices->pixels;
    const size_t y_bytes = denseblock_plan_output_bytes(made->plan);
    outcome result =
        allocate(made, one->context, made->memory, denseblock_plan_workspace_bytes(made->plan),
                 "workspace", &one->workspace);

    one->holds = -1;
    if (made->memory == DENSEBLOCK_MEMORY_HOST)
        return result;
    if (result == OUTCOME_SUCCESS)
        result = allocate(made, one->context, made->memory, y_bytes, "y", &one->y);
    if (result == OUTCOME_SUCCESS && x_apart)
        result =
            allocate(made, one->context, made->memory, pixels * slices->x_pixel, "x", &one->x);
    if (result == OUTCOME_SUCCESS)
        result = allocate(made, one->context, DENSEBLOCK_MEMORY_HOST, y_bytes, "staging",
                          &one->staging);
    return result;
}

static size_t kernel_bytes(const denseblock_desc *desc, int64_t l, int64_t channels) {
    const denseblock_layer *const layer = &desc->layers[l];

    return (size_t)(layer->kernel_height * layer->kernel_width * channels * layer->growth) *
           denseblock_type_size(desc->type);
}

static size_t all_kernel_bytes(const denseblock_desc *desc) {
    int64_t channels = desc->channels;
    size_t bytes = 0;

    for (int64_t l = 0; l < desc->layer_count; l++) {
        bytes += kernel_bytes(desc, l, channels);
        channels += desc->layers[l].growth;
    }
    return bytes;
}

/* Kernels in host memory, to where the backend reads them. */
static outcome upload_kernels(execution *made, const denseblock_desc *desc,
                              const void *const *kernels, void **uploaded) {
    denseblock_context *const context = made->lanes[0].context;
    int64_t channels = desc->channels;
    outcome result = OUTCOME_SUCCESS;

    for (int64_t l = 0; result == OUTCOME_SUCCESS && l < desc->layer_count; l++) {
        const size_t bytes = kernel_bytes(desc, l, channels);

        result = allocate(made, context, made->memory, bytes, "kernel", &uploaded[l]);
        if (result == OUTCOME_SUCCESS)
            result = outcome_of(denseblock_copy(context, DENSEBLOCK_UPLOAD, uploaded[l], bytes,
                                                kernels[l], bytes, bytes, 1));
        channels += desc->layers[l].growth;
    }
    return result;
}

static outcome prepare_uploaded(execution *made, const denseblock_desc *desc,
                                const void *const *kernels) {
    void **uploaded = calloc((size_t)desc->layer_count + 1, sizeof *uploaded);
    outcome result;

    if (uploaded == NULL)
        return fail_out_of_memory();
    result = upload_kernels(made, desc, kernels, uploaded);
    if (result == OUTCOME_SUCCESS)
        result = outcome_of(denseblock_weights_prepare(
            made->lanes[0].context, made->plan, (const void *const *)uploaded, made->weights));
    for (int64_t l = 0; l < desc->layer_count; l++) {
        const denseblock_status status = denseblock_buffers_free(made->buffers, uploaded[l]);

        if (result == OUTCOME_SUCCESS)
            result = outcome_of(status);
    }
    free(uploaded);
    return result;
}

static outcome prepare(execution *made, const denseblock_desc *desc, const void *const *kernels) {
    const double start = stopwatch_seconds();
    outcome result =
        allocate(made, made->lanes[0].context, made->memory,
                 denseblock_plan_weights_bytes(made->plan), "weights", &made->weights);

    if (result == OUTCOME_SUCCESS && made->memory == DENSEBLOCK_MEMORY_DEVICE)
        result = prepare_uploaded(made, desc, kernels);
    else if (result == OUTCOME_SUCCESS)
        result = outcome_of(denseblock_weights_prepare(made->lanes[0].context, made->plan,
                                                       kernels, made->weights));
    made->prepare_seconds = stopwatch_seconds() - start;
    return result;
}

outcome execution_create(const denseblock_desc *desc, denseblock_backend backend,
                         const denseblock_plan_options *options, const void *const *kernels,
                         bool x_apart, ledger *account, execution *made) {
    slicing_request request = {
        .desc = desc, .backend = backend, .options = options, .x_apart = x_apart};
    denseblock_plan *whole;
    outcome result;

    /* The plan of the whole batch says whether the block can be computed at all. */
    *made = (execution){0};
    result = outcome_of(denseblock_plan_create(desc, backend, options, &whole));
    if (result != OUTCOME_SUCCESS)
        return result;
    request.backend = denseblock_plan_backend(whole);
    denseblock_plan_destroy(whole);
    made->memory = denseblock_backend_memory(request.backend);
    if (made->memory == DENSEBLOCK_MEMORY_DEVICE)
        request.other_bytes = all_kernel_bytes(desc);

    result = outcome_of(denseblock_buffers_create(false, &made->buffers));
    if (result == OUTCOME_SUCCESS)
        result = outcome_of(
            denseblock_context_create(request.backend, options->device, &made->lanes[0].context));
    if (result == OUTCOME_SUCCESS)
        result = slicing_choose(&request, made->lanes[0].context, &made->slices, &made->plan);
    if (result == OUTCOME_SUCCESS)
        result = prepare(made, desc, kernels);
    for (int i = 0; result == OUTCOME_SUCCESS && i < made->slices.lanes; i++) {
        lane *const one = &made->lanes[i];

        if (one->context == NULL)
            result = outcome_of(
                denseblock_context_create(request.backend, options->device, &one->context));
        if (result == OUTCOME_SUCCESS)
            result = make_lane(made, x_apart, one);
    }
    if (result == OUTCOME_SUCCESS && made->memory == DENSEBLOCK_MEMORY_HOST) {
        made->ledger_bytes = denseblock_buffers_held(made->buffers, DENSEBLOCK_MEMORY_HOST);
        ledger_add(account, made->ledger_bytes);
    }
    return result;
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

static outcome run_on_host(execution *run, const void *x, void *y, progress *bar,
                           double *seconds) {
    const lane *const one = &run->lanes[0];
    denseblock_status status = denseblock_timer_start(one->context);

    if (bar != NULL)
        denseblock_context_set_progress(one->context, progress_show, bar);
    if (status == DENSEBLOCK_OK)
        status = denseblock_forward(one->context, run->plan, run->weights, x, y, one->workspace);
    if (status == DENSEBLOCK_OK)
        status = denseblock_timer_stop(one->context, seconds);
    denseblock_context_set_progress(one->context, NULL, NULL);
    if (status == DENSEBLOCK_OK)
        return OUTCOME_SUCCESS;
    if (bar != NULL)
        progress_erase(bar);
    return fail_status(status);
}

static outcome enqueue_forward(const execution *run, const lane *one) {
    return outcome_of(denseblock_forward(one->context, run->plan, run->weights, one->x, one->y,
                                         one->workspace));
}

static outcome run_whole(execution *run, const void *x, void *y, double *seconds) {
    lane *const one = &run->lanes[0];
    outcome result = lane_upload(one, &run->slices, 0, x, y);

    if (result == OUTCOME_SUCCESS)
        result = outcome_of(denseblock_timer_start(one->context));
    if (result == OUTCOME_SUCCESS)
        result = enqueue_forward(run, one);
    if (result == OUTCOME_SUCCESS)
        result = outcome_of(denseblock_timer_stop(one->context, seconds));
    if (result == OUTCOME_SUCCESS)
        result = lane_download(one, &run->slices);
    if (result == OUTCOME_SUCCESS)
        result = lane_collect(one, &run->slices, y);
    return result;
}

static outcome run_slices(execution *run, const void *x, void *y, progress *bar,
                          double *seconds) {
    const slicing *const slices = &run->slices;
    const double start = stopwatch_seconds();
    outcome result = OUTCOME_SUCCESS;

    for (int64_t s = 0; result == OUTCOME_SUCCESS && s < slices->count; s++) {
        lane *const one = &run->lanes[s % slices->lanes];

        result = lane_collect(one, slices, y);
        if (result == OUTCOME_SUCCESS)
            result = lane_upload(one, slices, slicing_first(slices, s), x, y);
        if (result == OUTCOME_SUCCESS)
            result = enqueue_forward(run, one);
        if (result == OUTCOME_SUCCESS)
            result = lane_download(one, slices);
        if (bar != NULL)
            progress_show((double)s / (double)slices->count, bar);
    }
    for (int i = 0; result == OUTCOME_SUCCESS && i < slices->lanes; i++)
        result = lane_collect(&run->lanes[i], slices, y);
    *seconds = stopwatch_seconds() - start;
    return result;
}

outcome execution_run(execution *run, const void *x, void *y, progress *bar, double *seconds) {
    double taken = 0;
    outcome result;

    if (run->memory == DENSEBLOCK_MEMORY_HOST)
        result = run_on_host(run, x, y, bar, &taken);
    else if (run->slices.count == 1)
        result = run_whole(run, x, y, &taken);
    else
        result = run_slices(run, x, y, bar, &taken);
    if (seconds != NULL)
        *seconds = taken;
    return result;
}

outcome execution_place(execution *run, void *y) {
    lane *const one = &run->lanes[0];
    outcome result;

    if (run->memory == DENSEBLOCK_MEMORY_HOST) {
        one->y = y;
        return OUTCOME_SUCCESS;
    }
    if (run->slices.count > 1)
        return fail_machine("out of memory: the block does not fit on the GPU; in slices, as "
                            "'run' computes it, it would be copies that are measured");
    result = lane_upload(one, &run->slices, 0, NULL, y);
    if (result == OUTCOME_SUCCESS)
        result = outcome_of(denseblock_context_synchronize(one->context));
    one->holds = -1;
    return result;
}

outcome execution_forward(execution *run, forward_time *time) {
    const lane *const one = &run->lanes[0];
    outcome result = outcome_of(denseblock_timer_start(one->context));
    const double start = stopwatch_seconds();

    if (result == OUTCOME_SUCCESS)
        result = enqueue_forward(run, one);
    time->enqueue = stopwatch_seconds() - start;
    if (result == OUTCOME_SUCCESS)
        result = outcome_of(denseblock_timer_stop(one->context, &time->seconds));
    return result;
}

outcome execution_make_graph(execution *run) {
    const lane *const one = &run->lanes[0];

    return outcome_of(denseblock_graph_create(one->context, run->plan, run->weights, NULL, one->y,
                                              one->workspace, &run->graph));
}

outcome execution_replay(execution *run, forward_time *time) {
    const lane *const one = &run->lanes[0];
    outcome result = outcome_of(denseblock_timer_start(one->context));
    const double start = stopwatch_seconds();

    if (result == OUTCOME_SUCCESS)
        result = outcome_of(denseblock_graph_launch(run->graph));
    time->enqueue = stopwatch_seconds() - start;
    if (result == OUTCOME_SUCCESS)
        result = outcome_of(denseblock_timer_stop(one->context, &time->seconds));
    return result;
}

outcome execution_time_layers(execution *run, double *seconds) {
    const lane *const one = &run->lanes[0];
    outcome result;

    denseblock_context_time_layers(one->context, seconds);
    result = enqueue_forward(run, one);
    denseblock_context_time_layers(one->context, NULL);
    return result;
}

void execution_free(execution *run, ledger *account) {
    /* After an error one lane may still use what is freed in the order of another. */
    for (int i = 0; i < MOST_LANES; i++) {
        if (run->lanes[i].context != NULL)
            (void)denseblock_context_synchronize(run->lanes[i].context);
    }
    denseblock_graph_destroy(run->graph);
    denseblock_buffers_destroy(run->buffers);
    for (int i = 0; i < MOST_LANES; i++)
        denseblock_context_destroy(run->lanes[i].context);
    denseblock_plan_destroy(run->plan);
    ledger_remove(account, run->ledger_bytes);
    *run = (execution){0};
}

outcome run_reference(const block_case *block, int64_t thread_count, ledger *account,
                      progress *bar, denseblock_array *y) {
    const denseblock_plan_options options = {.thread_count = thread_count};
    execution reference;
    outcome result;

    result = execution_create(&block->desc, DENSEBLOCK_BACKEND_REFERENCE, &options,
                              block->kernel_data, false, account, &reference);
    if (result == OUTCOME_SUCCESS)
        result = execution_run(&reference, NULL, y->data, bar, NULL);
    execution_free(&reference, account);
    return result;
}
