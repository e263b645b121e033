#include "memory.h"

#include "geometry.h"
#include "json.h"

static json_t *json_footprint(const footprint *taken) {
    return json_pack("{s:o, s:o, s:I}", "peak_bytes", json_bytes(taken->peak), "copied_bytes",
                     json_bytes(taken->written), "allocations", (json_int_t)taken->allocations);
}

static json_t *json_event(const denseblock_buffer_event *event) {
    return json_pack("{s:s, s:s, s:o, s:o}", "event", event->freed ? "freed" : "allocated",
                     "label", event->label, "bytes", json_bytes(event->bytes), "held",
                     json_bytes(event->held));
}

static json_t *json_timeline(const memory_trial *trial) {
    json_t *array = json_array();
    size_t count;
    const denseblock_buffer_event *const events =
        denseblock_buffers_timeline(trial->account, &count);

    for (size_t i = 0; array != NULL && i < count; i++)
        array = json_append(array, json_event(&events[i]));
    return array;
}

static json_t *json_trial(const memory_request *request, const memory_trial *trial) {
    const char *const backend = denseblock_backend_name(trial->backend);

    if (trial->not_run[0] != '\0')
        return json_pack("{s:s, s:s, s:o}", "backend", backend, "strategy", trial->way->name,
                         "not_run_because", json_text(trial->not_run));
    return json_pack("{s:s, s:s, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o}",
                     "backend", backend, "strategy", trial->way->name, "measured",
                     json_footprint(&trial->measured), "formula", json_footprint(&trial->formula),
                     "agree", memory_trial_agrees(trial), "feature_bytes_read",
                     trial->formula.reads_known ? json_bytes(trial->formula.read) : json_null(),
                     "weights_bytes", json_bytes(trial->weights_bytes), "workspace_bytes",
                     json_bytes(trial->workspace_bytes), "preparing_peak_bytes",
                     json_bytes(trial->preparing_bytes), "milliseconds",
                     json_number(1e3 * trial->seconds), "largest_batch",
                     request->batch_limit > 0 ? json_integer(trial->largest_batch) : json_null(),
                     "first_event_of_forward", (json_int_t)trial->first_event, "timeline",
                     json_timeline(trial));
}

static json_t *json_block(const memory_request *request, const memory_block *block) {
    const denseblock_desc *const desc = &block->desc;
    json_t *trials = json_array();
    int64_t x[4];
    int64_t y[4];

    for (size_t i = 0; trials != NULL && i < block->count; i++)
        trials = json_append(trials, json_trial(request, &block->trials[i]));
    input_shape(desc, x);
    output_shape(desc, y);
    return json_pack("{s:o, s:o, s:o, s:o}", "input_shape", json_shape(x, 4), "output_shape",
                     json_shape(y, 4), "layers", json_layers(desc), "strategies", trials);
}

outcome memory_print_json(const memory_request *request, const memory_figures *figures) {
    const type_choice *const type = &request->sizes.type;
    json_t *blocks = json_array();

    for (size_t b = 0; blocks != NULL && b < figures->count; b++)
        blocks = json_append(blocks, json_block(request, &figures->blocks[b]));
    return json_print(
        json_pack("{s:s, s:s, s:o, s:s, s:s, s:s, s:o, s:o, s:o}", "command", "memory", "type",
                  type_choice_name(type->type, type->arithmetic), "preset",
                  json_text(request->network != NULL ? request->network->name : NULL),
                  "algorithm", algorithm_name(request->options.algorithm), "accuracy",
                  accuracy_name(request->options.accuracy), "instructions",
                  instructions_name(request->options.instructions), "group",
                  json_group(request->options.group_size), "batch_limit",
                  request->batch_limit > 0 ? json_bytes(request->batch_limit) : json_null(),
                  "blocks", blocks));
}
