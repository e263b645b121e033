#include <inttypes.h>
#include <stdio.h>

#include "comparison_report.h"
#include "json.h"
#include "verify.h"

enum { COMMAND_SIZE = 512 };

static const char REFERENCE_ALONE[] =
    "the reference was compared with itself: no other backend was chosen";

/* The options of a generated case that are not at their defaults. The lengths add up to far less
 * than COMMAND_SIZE. */
static const char *reproducing_command(const verify_request *request, const verify_figures *all,
                                       const tally *backend, char command[COMMAND_SIZE]) {
    const block_shape *const shape = &request->sizes.shape;
    int length = snprintf(command, COMMAND_SIZE, "denseblock verify");

    if (request->sizes.shape.given)
        length +=
            snprintf(command + length, (size_t)(COMMAND_SIZE - length),
                     " --shape %" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 " --layers %" PRId64
                     " --growth %" PRId64 " --kernel %" PRId64 "x%" PRId64,
                     shape->batch, shape->height, shape->width, shape->channels, request->layers,
                     request->growth, request->sizes.kernel.height, request->sizes.kernel.width);
    length +=
        snprintf(command + length, (size_t)(COMMAND_SIZE - length),
                 " --seed %" PRId64 " --trials 1 --backend %s --dtype %s",
                 verify_seed(request, backend->worst_trial),
                 denseblock_backend_name(backend->backend), denseblock_type_name(all->type));
    if (request->options.algorithm != DENSEBLOCK_ALGORITHM_AUTO)
        length += snprintf(command + length, (size_t)(COMMAND_SIZE - length), " --algorithm %s",
                           algorithm_name(request->options.algorithm));
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
    const char *const type = denseblock_type_name(figures->type);
    const char *const against =
        request->expect.path != NULL ? request->expect.path : "the reference";
    const char *const plural = figures->trials == 1 ? "" : "s";

    if (request->input != NULL)
        (void)printf("%-10s  %s, %s, against %s\n", "case", request->input, type, against);
    else
        (void)printf("%-10s  %" PRId64 " %s%s from seed %" PRId64 ", %s, against %s\n", "case",
                     figures->trials, request->sizes.shape.given ? "trial" : "random block",
                     plural, verify_seed(request, 0), type, against);
}

static void print_tally(const verify_request *request, const verify_figures *figures,
                        const tally *backend) {
    const char *const name = denseblock_backend_name(backend->backend);
    char command[COMMAND_SIZE];

    if (backend->compared == 0) {
        (void)printf("%-10s  not run: %s\n", name, backend->reason);
        return;
    }
    comparison_print(name, &backend->worst);
    if (figures->trials > 1)
        (void)printf("%-10s  %" PRId64 " of %" PRId64
                     " trials equal; the above is the worst, seed "
                     "%" PRId64 "\n",
                     "", backend->compared - backend->failed, backend->compared,
                     verify_seed(request, backend->worst_trial));
    if (backend->reason[0] != '\0')
        (void)printf("%-10s  %" PRId64 " trials not run: %s\n", "",
                     figures->trials - backend->compared, backend->reason);
    if (backend->failed > 0 && request->input == NULL)
        (void)printf("%-10s  again: %s\n", "",
                     reproducing_command(request, figures, backend, command));
}

void verify_print(const verify_request *request, const verify_figures *figures) {
    print_title(request, figures);
    for (size_t i = 0; i < figures->count; i++)
        print_tally(request, figures, &figures->tallies[i]);
    if (reference_alone(request, figures))
        (void)printf("%-10s  %s\n", "note", REFERENCE_ALONE);
}

static json_t *json_tally(const verify_request *request, const verify_figures *figures,
                          const tally *backend) {
    char command[COMMAND_SIZE];
    const bool generated = request->input == NULL;

    return json_pack(
        "{s:s, s:b, s:I, s:I, s:o, s:o, s:o, s:o}", "backend",
        denseblock_backend_name(backend->backend), "passed", backend->failed == 0, "compared",
        (json_int_t)backend->compared, "failed", (json_int_t)backend->failed, "not_run_because",
        json_text(backend->reason[0] != '\0' ? backend->reason : NULL), "worst_seed",
        generated ? json_integer(verify_seed(request, backend->worst_trial)) : json_null(),
        "comparison", backend->compared > 0 ? json_comparison(&backend->worst) : json_null(),
        "reproduce",
        generated && backend->failed > 0
            ? json_text(reproducing_command(request, figures, backend, command))
            : json_null());
}

outcome verify_print_json(const verify_request *request, const verify_figures *figures) {
    json_t *backends = json_array();

    for (size_t i = 0; backends != NULL && i < figures->count; i++) {
        if (json_array_append_new(backends, json_tally(request, figures, &figures->tallies[i])) !=
            0) {
            json_decref(backends);
            backends = NULL;
        }
    }
    return json_print(
        json_pack("{s:s, s:b, s:s, s:s, s:o, s:I, s:o, s:o}", "command", "verify", "passed",
                  !verify_failed(figures), "type", denseblock_type_name(figures->type), "against",
                  request->expect.path != NULL ? "file" : "reference", "input",
                  json_text(request->input), "trials", (json_int_t)figures->trials, "note",
                  json_text(reference_alone(request, figures) ? REFERENCE_ALONE : NULL),
                  "backends", backends));
}
