#include "verify.h"

#include <inttypes.h>
#include <stdio.h>

#include "comparison_report.h"
#include "json.h"
#include "kernel_files.h"
#include "line.h"
#include "text.h"

enum { COMMAND_SIZE = 512 };

static const char REFERENCE_ALONE[] =
    "the reference was compared with itself: no other backend was chosen";

/* The options of a generated case that are not at their defaults. The lengths add up to far less
 * than COMMAND_SIZE. */
static const char *reproducing_command(const verify_request *request, const verify_figures *all,
                                       const tally *backend, char command[COMMAND_SIZE]) {
    const block_shape *const shape = &request->sizes.shape;
    int length = snprintf(command, COMMAND_SIZE, "denseblock verify");

    if (request->source == CASE_OF_SIZES)
        length += snprintf(
            command + length, (size_t)(COMMAND_SIZE - length),
            " --shape %" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 " --layers %" PRId64
            " --growth %" PRId64 " --kernel %" PRId64 "x%" PRId64,
            shape->batch, shape->height, shape->width, shape->channels, request->sizes.layers,
            request->sizes.growth, request->sizes.kernel.height, request->sizes.kernel.width);
    length += snprintf(command + length, (size_t)(COMMAND_SIZE - length),
                       " --seed %" PRId64 " --trials 1 --backend %s --dtype %s",
                       verify_seed(request, backend->worst_trial),
                       denseblock_backend_name(backend->backend),
                       type_choice_name(all->type, all->arithmetic));
    if (request->options.algorithm != DENSEBLOCK_ALGORITHM_AUTO)
        length += snprintf(command + length, (size_t)(COMMAND_SIZE - length), " --algorithm %s",
                           algorithm_name(request->options.algorithm));
    if (request->options.accuracy != DENSEBLOCK_ACCURACY_DEFAULT)
        length += snprintf(command + length, (size_t)(COMMAND_SIZE - length), " --accuracy %s",
                           accuracy_name(request->options.accuracy));
    if (request->options.instructions != DENSEBLOCK_INSTRUCTIONS_DEFAULT)
        length +=
            snprintf(command + length, (size_t)(COMMAND_SIZE - length), " --instructions %s",
                     instructions_name(request->options.instructions));
    if (request->options.group_size > 0)
        length += snprintf(command + length, (size_t)(COMMAND_SIZE - length), " --group %" PRId64,
                           request->options.group_size);
    if (request->options.workspace_limit > 0)
        length += snprintf(command + length, (size_t)(COMMAND_SIZE - length), " --workspace %zu",
                           request->options.workspace_limit);
    if (request->options.thread_count > 0)
        length += snprintf(command + length, (size_t)(COMMAND_SIZE - length),
                           " --threads %" PRId64, request->options.thread_count);
    if (request->tolerance >= 0)
        (void)snprintf(command + length, (size_t)(COMMAND_SIZE - length), " --tolerance %.17g",
                       request->tolerance);
    return command;
}

static bool reference_alone(const verify_request *request, const verify_figures *figures) {
    for (size_t i = 0; i < figures->count; i++) {
        if (figures->tallies[i].backend != DENSEBLOCK_BACKEND_REFERENCE)
            return false;
    }
    return request->expect.path == NULL;
}

static void print_title(const verify_request *request, const verify_figures *figures) {
    const char *const type = type_choice_name(figures->type, figures->arithmetic);
    const char *const against =
        request->expect.path != NULL ? request->expect.path : "the reference";

    if (request->source == CASE_IN_FILES)
        report_line("case", "%s, %s, against %s", request->input, type, against);
    else
        report_line("case", "%" PRId64 " %s%s from seed %" PRId64 ", %s, against %s",
                    request->trials, request->source == CASE_RANDOM ? "random block" : "trial",
                    plural(request->trials), verify_seed(request, 0), type, against);
    if (figures->no_layers)
        report_line("note", "%s", NO_KERNELS_NOTE);
}

static void print_trials(const verify_request *request, const tally *backend) {
    const int64_t equal = backend->compared - backend->failed;

    if (backend->worst.max_abs > 0 || backend->failed > 0)
        report_line(
            "", "%" PRId64 " of %" PRId64 " trials equal; the above is the worst, seed %" PRId64,
            equal, backend->compared, verify_seed(request, backend->worst_trial));
    else
        report_line("", "%" PRId64 " of %" PRId64 " trials equal", equal, backend->compared);
}

static void print_tally(const verify_request *request, const verify_figures *figures,
                        const tally *backend) {
    const char *const name = denseblock_backend_name(backend->backend);
    const int64_t not_run = request->trials - backend->compared;
    char command[COMMAND_SIZE];

    if (backend->compared == 0) {
        report_line(name, "not run: %s", backend->reason);
        return;
    }
    comparison_print(name, &backend->worst);
    if (request->trials > 1)
        print_trials(request, backend);
    if (not_run > 0)
        report_line("", "%" PRId64 " trial%s not run: %s", not_run, plural(not_run),
                    backend->reason);
    if (backend->failed > 0 && request->source != CASE_IN_FILES)
        report_line("", "again: %s", reproducing_command(request, figures, backend, command));
}

void verify_print(const verify_request *request, const verify_figures *figures) {
    print_title(request, figures);
    for (size_t i = 0; i < figures->count; i++)
        print_tally(request, figures, &figures->tallies[i]);
    if (reference_alone(request, figures))
        report_line("note", "%s", REFERENCE_ALONE);
}

static json_t *json_tally(const verify_request *request, const verify_figures *figures,
                          const tally *backend) {
    char command[COMMAND_SIZE];
    const bool generated = request->source != CASE_IN_FILES;
    const bool ran = backend->compared > 0;

    return json_pack(
        "{s:s, s:o, s:I, s:I, s:o, s:o, s:o, s:o}", "backend",
        denseblock_backend_name(backend->backend), "passed",
        ran ? json_boolean(backend->failed == 0) : json_null(), "compared",
        (json_int_t)backend->compared, "failed", (json_int_t)backend->failed, "not_run_because",
        json_text(backend->reason[0] != '\0' ? backend->reason : NULL), "worst_seed",
        generated && ran ? json_integer(verify_seed(request, backend->worst_trial)) : json_null(),
        "comparison", ran ? json_comparison(&backend->worst) : json_null(), "reproduce",
        generated && backend->failed > 0
            ? json_text(reproducing_command(request, figures, backend, command))
            : json_null());
}

outcome verify_print_json(const verify_request *request, const verify_figures *figures) {
    json_t *backends = json_array();

    for (size_t i = 0; backends != NULL && i < figures->count; i++)
        backends = json_append(backends, json_tally(request, figures, &figures->tallies[i]));
    return json_print(json_pack(
        "{s:s, s:b, s:s, s:s, s:o, s:o, s:o, s:I, s:o, s:o}", "command", "verify", "passed",
        !verify_failed(figures), "type", type_choice_name(figures->type, figures->arithmetic),
        "against", request->expect.path != NULL ? "file" : "reference", "input",
        json_text(request->input), "expect", json_text(request->expect.path), "kernels_note",
        json_text(figures->no_layers ? NO_KERNELS_NOTE : NULL), "trials",
        (json_int_t)request->trials, "note",
        json_text(reference_alone(request, figures) ? REFERENCE_ALONE : NULL), "backends",
        backends));
}
