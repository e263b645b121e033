#include "resident.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stopwatch.h"

enum { LABEL_SIZE = 32 };

static outcome allocate(resident *block, size_t bytes, const char *label, void **address) {
    return outcome_of(denseblock_buffers_allocate(block->buffers, block->context, block->memory,
                                                  bytes, label, address));
}

/* With the number of a layer or a tensor behind the label. */
static outcome allocate_numbered(resident *block, size_t bytes, const char *label, int64_t number,
                                 void **address) {
    char text[LABEL_SIZE];

    (void)snprintf(text, sizeof text, "%s%" PRId64, label, number);
    return allocate(block, bytes, text, address);
}

/* Frees it and forgets it. The first of two failures has been told already. */
static outcome release(resident *block, void **address, outcome before) {
    const denseblock_status status = denseblock_buffers_free(block->buffers, *address);

    *address = NULL;
    return before != OUTCOME_SUCCESS ? before : outcome_of(status);
}

static size_t event_count(const resident *block) {
    size_t count;

    (void)denseblock_buffers_timeline(block->buffers, &count);
    return count;
}

static outcome upload_kernels(resident *block, const planned_layers *part,
                              const void *const *kernels, void **uploaded) {
    outcome result = OUTCOME_SUCCESS;

    for (int64_t i = 0; result == OUTCOME_SUCCESS && i < part->count; i++) {
        const int64_t l = part->first + i;
        const size_t bytes = block->plans->kernels[l];

        result = allocate_numbered(block, bytes, "kernel ", l, &uploaded[i]);
        if (result == OUTCOME_SUCCESS)
            result = outcome_of(denseblock_copy(block->context, DENSEBLOCK_UPLOAD, uploaded[i],
                                                bytes, kernels[l], bytes, bytes, 1));
    }
    return result;
}

/* Prepares the weights of one plan. */
static outcome prepare(resident *block, const planned_layers *part, const void *const *kernels,
                       void **weights) {
    const size_t bytes = denseblock_plan_weights_bytes(part->plan);
    void **const uploaded = calloc((size_t)part->count + 1, sizeof *uploaded);
    outcome result;

    if (uploaded == NULL)
        return fail_out_of_memory();
    result = upload_kernels(block, part, kernels, uploaded);
    if (result == OUTCOME_SUCCESS && block->plans->how == CONCATENATION_IN_PLACE)
        result = allocate(block, bytes, "weights", weights);
    else if (result == OUTCOME_SUCCESS)
        result = allocate_numbered(block, bytes, "weights ", part->first, weights);
    if (result == OUTCOME_SUCCESS)
        result = outcome_of(denseblock_weights_prepare(block->context, part->plan,
                                                       (const void *const *)uploaded, *weights));
    for (int64_t i = 0; i < part->count; i++)
        result = release(block, &uploaded[i], result);
    free(uploaded);
    return result;
}

static outcome prepare_all(resident *block, const void *const *kernels) {
    const double start = stopwatch_seconds();
    outcome result = OUTCOME_SUCCESS;

    for (int64_t i = 0; result == OUTCOME_SUCCESS && i < block->plans->count; i++)
        result = prepare(block, &block->plans->parts[i], kernels, &block->weights[i]);
    block->prepare_seconds = stopwatch_seconds() - start;
    return result;
}

outcome resident_create(const block_plans *plans, denseblock_backend backend, int device,
                        const void *const *kernels, denseblock_buffers *buffers, resident *made) {
    const size_t steps = (size_t)plans->steps;

    *made = (resident){
        .plans = plans,
        .memory = denseblock_backend_memory(backend),
        .buffers = buffers,
        .weights = calloc((size_t)plans->count + 1, sizeof *made->weights),
        .features = calloc(steps + 1, sizeof *made->features),
        .marks = calloc(steps + 1, sizeof *made->marks),
    };
    outcome result = OUTCOME_SUCCESS;

    if (made->weights == NULL || made->features == NULL || made->marks == NULL)
        result = fail_out_of_memory();
    if (result == OUTCOME_SUCCESS)
        result = outcome_of(denseblock_context_create(backend, device, &made->context));
    if (result == OUTCOME_SUCCESS)
        result = prepare_all(made, kernels);
    return result;
}

/* The input's channels into the first ones of every pixel of a tensor: from the buffer where it is
 * held, or from host memory, which the caller may free afterwards. */
static outcome place_input(resident *block, const denseblock_array *input, void *tensor,
                           size_t tensor_bytes) {
    const block_plans *const plans = block->plans;
    outcome result;

    if (plans->pixels == 0)
        return OUTCOME_SUCCESS;
    result = outcome_of(denseblock_copy(
        block->context, block->x != NULL ? DENSEBLOCK_WITHIN : DENSEBLOCK_UPLOAD, tensor,
        tensor_bytes / plans->pixels, block->x != NULL ? block->x : input->data, plans->x_pixel,
        plans->x_pixel, plans->pixels));
    if (result == OUTCOME_SUCCESS && block->x == NULL)
        result = outcome_of(denseblock_context_synchronize(block->context));
    return result;
}

outcome resident_hold_input(resident *block, const denseblock_array *input) {
    const size_t bytes = block->plans->pixels * block->plans->x_pixel;
    outcome result = allocate(block, bytes, "x", &block->x);

    if (result == OUTCOME_SUCCESS && bytes > 0)
        result = outcome_of(denseblock_copy(block->context, DENSEBLOCK_UPLOAD, block->x, bytes,
                                            input->data, bytes, bytes, 1));
    if (result == OUTCOME_SUCCESS)
        result = outcome_of(denseblock_context_synchronize(block->context));
    return result;
}

/* A tensor that is to be written: what no layer writes is NaN, if asked for. */
static outcome poison(resident *block, void *tensor, size_t bytes) {
    enum { NAN_BYTE = 0xFF }; /* nothing but these are NaN in every type */
    void *nans;
    outcome result;

    if (!block->poisons || bytes == 0)
        return OUTCOME_SUCCESS;
    nans = malloc(bytes);
    if (nans == NULL)
        return fail_out_of_memory();
    memset(nans, NAN_BYTE, bytes);
    result = outcome_of(
        denseblock_copy(block->context, DENSEBLOCK_UPLOAD, tensor, bytes, nans, bytes, bytes, 1));
    if (result == OUTCOME_SUCCESS)
        result = outcome_of(denseblock_context_synchronize(block->context));
    free(nans);
    return result;
}

/* A bar of one execution; the library reports for CPU backends only. */
static outcome forward(resident *block, int64_t index, const void *x, void *y, progress *bar) {
    denseblock_status status;

    if (bar != NULL)
        denseblock_context_set_progress(block->context, progress_show, bar);
    status = denseblock_forward(block->context, block->plans->parts[index].plan,
                                block->weights[index], x, y, block->workspace);
    denseblock_context_set_progress(block->context, NULL, NULL);
    if (status == DENSEBLOCK_OK)
        return OUTCOME_SUCCESS;
    if (bar != NULL)
        progress_erase(bar);
    return fail_status(status);
}

/* Once the input is where it belongs. */
static outcome start_timer(resident *block, bool timed) {
    return timed ? outcome_of(denseblock_timer_start(block->context)) : OUTCOME_SUCCESS;
}

static outcome run_in_place(resident *block, const denseblock_array *input, bool timed,
                            progress *bar) {
    const int64_t steps = block->plans->steps;
    const size_t bytes = block->plans->features[steps];
    outcome result = allocate(block, bytes, "y", &block->features[steps]);

    if (result == OUTCOME_SUCCESS)
        result = poison(block, block->features[steps], bytes);
    if (result == OUTCOME_SUCCESS)
        result = place_input(block, input, block->features[steps], bytes);
    if (result == OUTCOME_SUCCESS)
        result = start_timer(block, timed);
    for (int64_t i = 0; i <= steps; i++)
        block->marks[i] = event_count(block);
    if (result == OUTCOME_SUCCESS)
        result = forward(block, 0, NULL, block->features[steps], bar);
    return result;
}

/* A buffer is freed in the order of the stream: the layer that reads it has been enqueued. */
static outcome run_step(resident *block, int64_t i, progress *bar) {
    const size_t *const bytes = block->plans->features;
    void **const x = &block->features[i];
    outcome result = allocate_numbered(block, bytes[i + 1], "X_", i + 1, &block->features[i + 1]);

    if (result == OUTCOME_SUCCESS)
        result = poison(block, block->features[i + 1], bytes[i + 1]);
    if (result == OUTCOME_SUCCESS)
        result = forward(block, i, *x, block->features[i + 1], bar);
    block->copied_bytes += bytes[i];
    if (block->plans->how == CONCATENATION_COPY)
        result = release(block, x, result);
    return result;
}

static outcome run_copying(resident *block, const denseblock_array *input, bool timed,
                           progress *bar) {
    const int64_t steps = block->plans->steps;
    const size_t bytes = block->plans->features[0];
    const progress part = bar != NULL ? *bar : (progress){0};
    const double share = (part.end - part.begin) / (double)(steps > 0 ? steps : 1);
    outcome result = allocate(block, bytes, "X_0", &block->features[0]);

    if (result == OUTCOME_SUCCESS)
        result = place_input(block, input, block->features[0], bytes);
    if (result == OUTCOME_SUCCESS)
        result = start_timer(block, timed);
    block->marks[0] = event_count(block);
    for (int64_t i = 0; result == OUTCOME_SUCCESS && i < steps; i++) {
        if (bar != NULL)
            progress_set_part(bar, part.begin + share * (double)i,
                              part.begin + share * (double)(i + 1));
        result = run_step(block, i, bar);
        block->marks[i + 1] = event_count(block);
    }
    return result;
}

outcome resident_clear(resident *block) {
    outcome result = OUTCOME_SUCCESS;

    for (int64_t i = 0; i <= block->plans->steps; i++)
        result = release(block, &block->features[i], result);
    block->copied_bytes = 0;
    return release(block, &block->workspace, result);
}

outcome resident_forward(resident *block, const denseblock_array *input, progress *bar,
                         double *seconds) {
    const bool timed = seconds != NULL;
    outcome result = resident_clear(block);

    if (result == OUTCOME_SUCCESS)
        result = allocate(block, block->plans->workspace_bytes, "workspace", &block->workspace);
    if (result != OUTCOME_SUCCESS)
        return result;
    result = block->plans->how == CONCATENATION_IN_PLACE ? run_in_place(block, input, timed, bar)
                                                         : run_copying(block, input, timed, bar);
    if (result == OUTCOME_SUCCESS && timed)
        result = outcome_of(denseblock_timer_stop(block->context, seconds));
    return result;
}

outcome resident_download(resident *block, void *y) {
    const int64_t steps = block->plans->steps;
    const size_t bytes = block->plans->features[steps];
    outcome result;

    if (bytes == 0)
        return OUTCOME_SUCCESS;
    result = outcome_of(denseblock_copy(block->context, DENSEBLOCK_DOWNLOAD, y, bytes,
                                        block->features[steps], bytes, bytes, 1));
    if (result == OUTCOME_SUCCESS)
        result = outcome_of(denseblock_context_synchronize(block->context));
    return result;
}

void resident_free(resident *block) {
    /* What cannot be freed after an error: there is nobody left to tell. */
    if (block->context != NULL)
        (void)denseblock_context_synchronize(block->context);
    for (int64_t i = 0; block->features != NULL && i <= block->plans->steps; i++)
        (void)denseblock_buffers_free(block->buffers, block->features[i]);
    (void)denseblock_buffers_free(block->buffers, block->workspace);
    (void)denseblock_buffers_free(block->buffers, block->x);
    for (int64_t i = 0; block->weights != NULL && i < block->plans->count; i++)
        (void)denseblock_buffers_free(block->buffers, block->weights[i]);
    denseblock_context_destroy(block->context);
    free(block->features);
    free(block->marks);
    free(block->weights);
    *block = (resident){0};
}
