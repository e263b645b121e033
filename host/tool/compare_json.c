#include "compare.h"

#include "comparison_report.h"
#include "geometry.h"
#include "json.h"

static json_t *json_optional(bool known, double value) {
    return known ? json_number(value) : json_null();
}

static json_t *json_trial_memory(const memory_trial *memory) {
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:o}", "peak_bytes",
                     json_bytes(memory->measured.peak), "features_bytes",
                     json_bytes(memory_trial_features(memory)), "weights_bytes",
                     json_bytes(memory->weights_bytes), "workspace_bytes",
                     json_bytes(memory->workspace_bytes), "copied_bytes",
                     json_bytes(memory->measured.written), "formula_peak_bytes",
                     json_bytes(memory->formula.peak), "formula_copied_bytes",
                     json_bytes(memory->formula.written), "agree", memory_trial_agrees(memory),
                     "preparing_peak_bytes", json_bytes(memory->preparing_bytes));
}

static json_t *json_check(const compare_request *request, const compare_trial *trial) {
    return request->check ? json_comparison(&trial->check) : json_null();
}

static json_t *json_trial(const compare_request *request, double flops,
                          const compare_trial *trial) {
    const memory_trial *const memory = &trial->memory;
    const bool has_intensity = trial->moved_known && trial->moved > 0;

    if (memory->not_run[0] != '\0')
        return json_pack("{s:s, s:o}", "way", memory->way->name, "not_run_because",
                         json_text(memory->not_run));
    return json_pack(
        "{s:s, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "way",
        memory->way->name, "threads", trial->threads, "memory", json_trial_memory(memory),
        "training_bytes_by_formula", json_bytes(trial->training_bytes), "bytes_moved_by_formula",
        json_optional(trial->moved_known, trial->moved), "flops_per_byte",
        json_optional(has_intensity, has_intensity ? flops / trial->moved : 0), "median_ms",
        json_number(1e3 * trial->time.median), "from_ms", json_number(1e3 * trial->time.low),
        "to_ms", json_number(1e3 * trial->time.high), "min_ms",
        json_number(1e3 * trial->time.least), "max_ms", json_number(1e3 * trial->time.most),
        "gflops_per_second", json_rate(1e-9 * flops, trial->time.median), "joules",
        json_optional(trial->joules.known, trial->joules.value), "energy_not_measured_because",
        json_text(trial->no_energy[0] != '\0' ? trial->no_energy : NULL), "check",
        json_check(request, trial));
}

static json_t *json_block(const compare_request *request, const compare_figures *figures,
                          block_kind kind) {
    const compared_block *const block = &figures->blocks[kind];
    json_t *trials = json_array();
    int64_t x[4];
    int64_t y[4];

    for (size_t s = 0; trials != NULL && s < STRATEGY_COUNT; s++) {
        if (block->trials[s].memory.way != NULL)
            trials = json_append(trials, json_trial(request, block->flops, &block->trials[s]));
    }
    input_shape(&figures->dense, x);
    output_shape(&figures->dense, y);
    if (kind == BLOCK_RESIDUAL)
        x[3] = y[3] = figures->residual.channels;
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "input_shape", json_shape(x, 4), "output_shape",
                     json_shape(y, 4), "parameters", json_number(block->parameters), "flops",
                     json_number(block->flops), "ways", trials);
}

static json_t *json_quantity(const quantity *figure) {
    return figure->known
               ? json_pack("{s:o, s:o, s:o}", "value", json_number(figure->value), "low",
                           json_number(figure->low), "high", json_number(figure->high))
               : json_null();
}

static json_t *json_claim(const claim *made) {
    static const char *const units[] = {"count", "bytes", "seconds", "joules"};

    return json_pack("{s:s, s:s, s:o, s:o, s:s, s:o, s:o, s:s, s:o}", "claim", made->name, "text",
                     made->text, "way", json_text(made->way != NULL ? made->way->name : NULL),
                     "residual_way",
                     json_text(made->residual_way != NULL ? made->residual_way->name : NULL),
                     "unit", units[made->unit], "dense", json_quantity(&made->dense), "residual",
                     json_quantity(&made->residual), "verdict", verdict_name(made->verdict),
                     "because", json_text(made->why[0] != '\0' ? made->why : NULL));
}

outcome compare_print_json(const compare_request *request, const compare_figures *figures) {
    const denseblock_desc *const dense = &figures->dense;
    json_t *claims = json_array();

    for (size_t i = 0; claims != NULL && i < figures->claim_count; i++)
        claims = json_append(claims, json_claim(&figures->claims[i]));
    return json_print(json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:I, s:I, s:I, s:o, s:o, s:o}", "command",
        "compare", "type", type_choice_name(dense->type, dense->arithmetic), "backend",
        denseblock_backend_name(figures->backend), "match", match_name(request->matched),
        "algorithm", algorithm_name(request->options.algorithm), "accuracy",
        accuracy_name(request->options.accuracy), "instructions",
        instructions_name(request->options.instructions), "group",
        json_group(request->options.group_size), "layers", json_layers(dense), "residual_units",
        (json_int_t)figures->residual.unit_count, "warmups", (json_int_t)request->warmups,
        "repeats", (json_int_t)request->repeats, "dense",
        json_block(request, figures, BLOCK_DENSE), "residual",
        json_block(request, figures, BLOCK_RESIDUAL), "claims", claims));
}
