#include "run.h"

#include <inttypes.h>

#include "comparison_report.h"
#include "feature_maps.h"
#include "geometry.h"
#include "json.h"
#include "kernel_files.h"
#include "line.h"
#include "text.h"

/* Why a check that was asked for has not been made; NULL where there is nothing to say. */
static const char *check_note(const run_request *request, const run_figures *figures) {
    if (!request->check || figures->checked)
        return NULL;
    return "not made: the reference itself ran, which others are compared with";
}

static void print_tensors(const run_request *request, const denseblock_desc *desc) {
    const char *const type = type_choice_name(desc->type, desc->arithmetic);
    /* A .npy file cannot say bf16. */
    const char *const stored = desc->type == DENSEBLOCK_BF16 ? ", stored as f32" : "";
    char shape[SHAPE_TEXT_SIZE];
    char layers[LAYERS_TEXT_SIZE];
    int64_t x[4];
    int64_t y[4];

    input_shape(desc, x);
    output_shape(desc, y);
    report_line("input", "%s %s  (%s)", shape_text(4, x, shape), type, request->input);
    if (desc->layer_count == 0)
        report_line("block", "0 layers: no kernel_NNN.npy in %s, so y is x", request->kernels);
    else
        report_line("block", "%s  (%s)", layers_text(desc, layers), request->kernels);
    report_line("output", "%s %s  (%s%s)", shape_text(4, y, shape), type, request->output,
                stored);
}

static void print_time(const run_figures *figures) {
    const double seconds = figures->taken.seconds;
    char time[FIGURE_TEXT_SIZE];
    char rate[FIGURE_TEXT_SIZE];

    (void)figure_text(1e3 * seconds, time);
    if (figures->flops > 0 && seconds > 0)
        report_line("time", "%s ms, %s GFLOP/s", time,
                    figure_text(1e-9 * figures->flops / seconds, rate));
    else
        report_line("time", "%s ms", time);
}

static void print_execution(const run_request *request, const run_figures *figures) {
    const measures *const taken = &figures->taken;
    const char *const chosen =
        request->backend == DENSEBLOCK_BACKEND_AUTO ? "  (chosen by auto)" : "";
    char y[BYTES_TEXT_SIZE];
    char weights[BYTES_TEXT_SIZE];
    char workspace[BYTES_TEXT_SIZE];
    char peak[BYTES_TEXT_SIZE];

    if (denseblock_backend_memory(figures->backend) == DENSEBLOCK_MEMORY_DEVICE)
        report_line("backend", "%s, GPU %d%s", denseblock_backend_name(figures->backend),
                    request->options.device, chosen);
    else
        report_line("backend", "%s, %d thread%s%s", denseblock_backend_name(figures->backend),
                    figures->threads, plural(figures->threads), chosen);
    print_time(figures);
    report_line("memory", "y %s, weights %s, workspace %s; peak %s  (%s)",
                bytes_text(figures->y_bytes, y), bytes_text(taken->weights_bytes, weights),
                bytes_text(taken->workspace_bytes, workspace),
                bytes_text(figures->peak_bytes, peak), concatenation_name(request->concat));
    if (taken->device_peak_bytes > 0)
        report_line("", "on the GPU: peak %s; pinned host memory %s",
                    bytes_text(taken->device_peak_bytes, peak),
                    bytes_text(taken->pinned_peak_bytes, workspace));
    if (taken->slice_count > 1)
        report_line("",
                    "%" PRId64 " slices of the batch, since all of it does not fit on the GPU",
                    taken->slice_count);
    if (request->plan)
        report_lines("plan", figures->plan);
}

void run_print(const run_request *request, const denseblock_desc *desc,
               const run_figures *figures) {
    const int64_t channels = output_channels(desc);
    const int64_t shown = feature_maps_shown(desc);

    print_tensors(request, desc);
    print_execution(request, figures);
    if (request->feature_maps != NULL && shown < channels)
        report_line("maps", "%s, %" PRId64 " of %" PRId64 " channels", request->feature_maps,
                    shown, channels);
    else if (request->feature_maps != NULL)
        report_line("maps", "%s", request->feature_maps);
    if (figures->checked)
        comparison_print("check", &figures->check);
    if (check_note(request, figures) != NULL)
        report_line("check", "%s", check_note(request, figures));
    if (figures->expected)
        comparison_print("expect", &figures->expectation);
}

static json_t *json_memory(const run_figures *figures) {
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:I}", "output_bytes", json_bytes(figures->y_bytes),
        "weights_bytes", json_bytes(figures->taken.weights_bytes), "workspace_bytes",
        json_bytes(figures->taken.workspace_bytes), "peak_bytes", json_bytes(figures->peak_bytes),
        "device_peak_bytes", json_bytes(figures->taken.device_peak_bytes), "pinned_peak_bytes",
        json_bytes(figures->taken.pinned_peak_bytes), "slices",
        (json_int_t)figures->taken.slice_count);
}

static json_t *json_files(const run_request *request) {
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "input", json_text(request->input), "kernels",
                     json_text(request->kernels), "output", json_text(request->output),
                     "feature_maps", json_text(request->feature_maps), "expect",
                     json_text(request->expect.path));
}

outcome run_print_json(const run_request *request, const denseblock_desc *desc,
                       const run_figures *figures) {
    const double seconds = figures->taken.seconds;
    int64_t x[4];
    int64_t y[4];

    input_shape(desc, x);
    output_shape(desc, y);
    return json_print(json_pack(
        "{s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:s, s:b, s:i, s:s, s:s, s:s, s:o, s:o, s:s, s:o, "
        "s:o, "
        "s:o, s:o, s:o, s:o, s:o}",
        "command", "run", "files", json_files(request), "type",
        type_choice_name(desc->type, desc->arithmetic), "input_shape", json_shape(x, 4),
        "output_shape", json_shape(y, 4), "layers", json_layers(desc), "kernels_note",
        json_text(desc->layer_count == 0 ? NO_KERNELS_NOTE : NULL), "backend",
        denseblock_backend_name(figures->backend), "backend_is_auto",
        request->backend == DENSEBLOCK_BACKEND_AUTO, "threads", figures->threads, "algorithm",
        algorithm_name(request->options.algorithm), "accuracy",
        accuracy_name(request->options.accuracy), "instructions",
        instructions_name(request->options.instructions), "group",
        json_group(request->options.group_size), "plan", json_lines(figures->plan), "concat",
        concatenation_name(request->concat), "milliseconds", json_number(1e3 * seconds), "flops",
        json_number(figures->flops), "gflops_per_second",
        json_rate(1e-9 * figures->flops, seconds), "memory", json_memory(figures), "check",
        figures->checked ? json_comparison(&figures->check) : json_null(), "check_note",
        json_text(check_note(request, figures)), "expect",
        figures->expected ? json_comparison(&figures->expectation) : json_null()));
}
