#include "bench.h"

#include <inttypes.h>
#include <stdio.h>

#include "block_plans.h"
#include "geometry.h"
#include "json.h"
#include "line.h"
#include "text.h"

enum { COLUMNS_SIZE = 96, NAME_SIZE = 16 };

/* "-" for no rate: a block without layers has nothing to do. */
static const char *rate_text(double amount, double seconds, char text[FIGURE_TEXT_SIZE]) {
    return amount > 0 && seconds > 0 ? figure_text(amount / seconds, text) : "-";
}

/* 0: nobody knows. */
static double predicted_seconds(const timing *measured) {
    return measured->plan != NULL ? denseblock_plan_predicted_seconds(measured->plan) : 0;
}

static void print_timing(const bench_request *request, const timing *measured) {
    const double median = measured->time.median;
    char name[NAME_SIZE];
    char columns[COLUMNS_SIZE];
    const double predicted = predicted_seconds(measured);
    char figures[5][FIGURE_TEXT_SIZE];
    char weights[BYTES_TEXT_SIZE];
    char workspace[BYTES_TEXT_SIZE];

    (void)snprintf(columns, sizeof columns, "%7d %11s %11s %11s %9s %8s", measured->threads,
                   figure_text(1e3 * median, figures[0]),
                   figure_text(1e3 * measured->time.least, figures[1]),
                   figure_text(1e3 * measured->time.most, figures[2]),
                   rate_text(1e-9 * measured->flops, median, figures[3]),
                   rate_text(1e-9 * measured->bytes, median, figures[4]));
    (void)snprintf(name, sizeof name, "%s%s", denseblock_backend_name(measured->backend),
                   measured->graph ? " graph" : "");
    if (measured->peak > 0 && measured->flops > 0 && median > 0)
        report_line(name, "%s %7.3g %%", columns,
                    100 * measured->flops / median / measured->peak);
    else
        report_line(name, "%s", columns);
    if (measured->enqueue > 0)
        report_line("", "the host is busy for %s ms with one",
                    figure_text(1e3 * measured->enqueue, figures[0]));
    if (predicted > 0 && median > 0)
        report_line("", "predicted %s ms, measured %.3g times that",
                    figure_text(1e3 * predicted, figures[0]), median / predicted);
    if (measured->graph) /* its plan and memory are those of the line above */
        return;
    report_line("", "weights %s, prepared in %s ms; workspace %s",
                bytes_text(measured->weights_bytes, weights),
                figure_text(1e3 * measured->prepare_seconds, figures[0]),
                bytes_text(measured->workspace_bytes, workspace));
    if (request->plan)
        report_lines("", denseblock_plan_describe(measured->plan));
}

void bench_print(const bench_request *request, const denseblock_desc *desc,
                 const bench_figures *figures) {
    const timing *const first = &figures->timings[0];
    char shape[SHAPE_TEXT_SIZE];
    char layers[LAYERS_TEXT_SIZE];
    char flops[FIGURE_TEXT_SIZE];
    char bytes[FIGURE_TEXT_SIZE];
    char y_bytes[BYTES_TEXT_SIZE];
    int64_t x[4];
    int64_t y[4];

    input_shape(desc, x);
    output_shape(desc, y);
    report_line("block", "%s %s, %s", shape_text(4, x, shape),
                type_choice_name(desc->type, desc->arithmetic), layers_text(desc, layers));
    report_line("output", "%s, %s", shape_text(4, y, shape),
                bytes_text(features_bytes(desc, desc->layer_count), y_bytes));
    report_line("work", "%s GFLOP as direct convolution, %s GB moved layer by layer",
                figure_text(1e-9 * first->flops, flops), figure_text(1e-9 * first->bytes, bytes));
    for (size_t i = 0; i < figures->count; i++) {
        const timing *const measured = &figures->timings[i];

        /* Backends with as many threads share a measurement. */
        if (measured->peak > 0 && (i == 0 || measured->threads != first->threads))
            report_line("peak", "%.1f GFLOP/s of multiply-adds, %d thread%s",
                        1e-9 * measured->peak, measured->threads, plural(measured->threads));
    }
    if (request->concat != CONCATENATION_IN_PLACE)
        report_line("concat",
                    "%s: a tensor for every layer, its allocation and the copy timed too",
                    concatenation_name(request->concat));
    report_line("repeats", "%" PRId64 ", after %" PRId64 " to warm up; milliseconds below",
                request->repeats, request->warmups);
    (void)putchar('\n');
    report_line("backend", "%7s %11s %11s %11s %9s %8s %9s", "threads", "median", "min", "max",
                "GFLOP/s", "GB/s", "of peak");
    for (size_t i = 0; i < figures->count; i++)
        print_timing(request, &figures->timings[i]);
    for (size_t i = 0; i < figures->omission_count; i++)
        report_line(denseblock_backend_name(figures->omissions[i].backend), "not run: %s",
                    figures->omissions[i].reason);
}

static json_t *json_memory(const denseblock_desc *desc, const timing *measured) {
    return json_pack("{s:o, s:o, s:o}", "output_bytes",
                     json_bytes(features_bytes(desc, desc->layer_count)), "weights_bytes",
                     json_bytes(measured->weights_bytes), "workspace_bytes",
                     json_bytes(measured->workspace_bytes));
}

static json_t *json_timing(const denseblock_desc *desc, const timing *measured) {
    const double median = measured->time.median;
    const bool has_peak = measured->peak > 0;
    const double predicted = predicted_seconds(measured);

    return json_pack(
        "{s:s, s:b, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "backend",
        denseblock_backend_name(measured->backend), "graph", measured->graph, "threads",
        measured->threads, "enqueue_ms",
        measured->enqueue > 0 ? json_number(1e3 * measured->enqueue) : json_null(), "median_ms",
        json_number(1e3 * median), "min_ms", json_number(1e3 * measured->time.least), "max_ms",
        json_number(1e3 * measured->time.most), "gflops_per_second",
        json_rate(1e-9 * measured->flops, median), "gbytes_per_second",
        json_rate(1e-9 * measured->bytes, median), "peak_gflops_per_second",
        has_peak ? json_number(1e-9 * measured->peak) : json_null(), "fraction_of_peak",
        has_peak ? json_rate(measured->flops / measured->peak, median) : json_null(),
        "prepare_ms", json_number(1e3 * measured->prepare_seconds), "predicted_ms",
        predicted > 0 ? json_number(1e3 * predicted) : json_null(), "memory",
        json_memory(desc, measured), "plan",
        json_lines(measured->plan != NULL ? denseblock_plan_describe(measured->plan) : NULL));
}

static json_t *json_omission(const omission *omitted) {
    return json_pack("{s:s, s:o}", "backend", denseblock_backend_name(omitted->backend),
                     "not_run_because", json_text(omitted->reason));
}

outcome bench_print_json(const bench_request *request, const denseblock_desc *desc,
                         const bench_figures *figures) {
    const timing *const first = &figures->timings[0];
    json_t *backends = json_array();
    int64_t x[4];

    for (size_t i = 0; backends != NULL && i < figures->count; i++)
        backends = json_append(backends, json_timing(desc, &figures->timings[i]));
    for (size_t i = 0; backends != NULL && i < figures->omission_count; i++)
        backends = json_append(backends, json_omission(&figures->omissions[i]));
    input_shape(desc, x);
    return json_print(
        json_pack("{s:s, s:s, s:o, s:o, s:s, s:s, s:s, s:o, s:s, s:I, s:I, s:o, s:o, s:o}",
                  "command", "bench", "type", type_choice_name(desc->type, desc->arithmetic),
                  "input_shape", json_shape(x, 4), "layers", json_layers(desc), "algorithm",
                  algorithm_name(request->options.algorithm), "accuracy",
                  accuracy_name(request->options.accuracy), "instructions",
                  instructions_name(request->options.instructions), "group",
                  json_group(request->options.group_size), "concat",
                  concatenation_name(request->concat), "warmups", (json_int_t)request->warmups,
                  "repeats", (json_int_t)request->repeats, "flops", json_number(first->flops),
                  "bytes_moved", json_number(first->bytes), "backends", backends));
}
