/* denseblock verify: a differential test. Every backend against the reference, or against a
 * file. */
#include "command.h"

#include <inttypes.h>

#include "options.h"
#include "progress.h"
#include "text.h"
#include "verify.h"

static const command_page PAGE = {
    .name = "verify",
    .synopsis = "[--input X --kernels K | --shape ...] [OPTION...]",
    .summary = "Compare backends with the reference; without a case, on random blocks.\n",
    .examples = "Example: denseblock verify --backend all --trials 100\n",
};

enum { RANDOM_TRIALS = 20 }; /* unless --trials says otherwise */

bool verify_failed(const verify_figures *figures) {
    for (size_t i = 0; i < figures->count; i++) {
        if (figures->tallies[i].failed > 0)
            return true;
    }
    return false;
}

/* Completes the request by what was on the command line, and what was not. */
static void choose_source(const command_line *line, verify_request *request) {
    if (request->input != NULL)
        request->source = CASE_IN_FILES;
    else if (request->sizes.shape.given)
        request->source = CASE_OF_SIZES;
    if (request->source == CASE_RANDOM && !option_given(line, "trials"))
        request->trials = RANDOM_TRIALS;
}

static outcome check_files(const command_line *line) {
    static const char *const others[] = {"shape", "layers", "growth", "kernel", "seed", "trials"};

    if (!option_given(line, "kernels"))
        return fail_input("--input needs its kernels: --kernels is missing");
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (option_given(line, others[i]))
            return fail_input("--%s is for generated cases, and --input is a case in files",
                              others[i]);
    }
    return OUTCOME_SUCCESS;
}

static outcome check_generated(const command_line *line) {
    static const char *const files[] = {"kernels", "expect", "expect-at"};
    static const char *const sizes[] = {"shape", "layers", "growth"};
    const bool some_given = option_given(line, "shape") || option_given(line, "layers") ||
                            option_given(line, "growth") || option_given(line, "kernel");

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        if (option_given(line, files[i]))
            return fail_input("--%s is for a case in files: --input is missing", files[i]);
    }
    for (size_t i = 0; some_given && i < sizeof sizes / sizeof sizes[0]; i++) {
        if (!option_given(line, sizes[i]))
            return fail_input("a case of given sizes needs --shape, --layers and --growth: --%s "
                              "is missing",
                              sizes[i]);
    }
    return OUTCOME_SUCCESS;
}

static outcome check_request(const command_line *line, const verify_request *request) {
    const outcome result =
        option_given(line, "input") ? check_files(line) : check_generated(line);

    if (result != OUTCOME_SUCCESS)
        return result;
    if (verify_seed(request, request->trials - 1) > SEED_MOST)
        return fail_input("--seed is %" PRId64 ", and the last of %" PRId64
                          " trial%s would pass %" PRId64 ": choose a smaller one",
                          request->seed, request->trials, plural(request->trials), SEED_MOST);
    return OUTCOME_SUCCESS;
}

static void begin_tallies(const backend_list *backends, verify_figures *figures) {
    for (size_t i = 0; i < backends->count; i++)
        figures->tallies[i].backend = backends->backends[i];
    figures->count = backends->count;
}

/* A verification that compared nothing must not look like one that found nothing. */
static outcome check_compared(const verify_figures *figures) {
    for (size_t i = 0; i < figures->count; i++) {
        if (figures->tallies[i].compared > 0)
            return OUTCOME_SUCCESS;
    }
    return fail_input("no backend was compared: %s", figures->tallies[0].reason);
}

static outcome verify(const verify_request *request) {
    verify_figures figures = {0};
    progress bar;
    outcome result = OUTCOME_SUCCESS;

    begin_tallies(&request->backends, &figures);

    bar = progress_start("verify");
    for (int64_t t = 0; result == OUTCOME_SUCCESS && t < request->trials; t++) {
        progress_set_part(&bar, (double)t / (double)request->trials,
                          (double)(t + 1) / (double)request->trials);
        result = verify_trial(request, t, &bar, &figures);
    }
    progress_erase(&bar);
    if (result == OUTCOME_SUCCESS)
        result = check_compared(&figures);
    if (result != OUTCOME_SUCCESS)
        return result;
    if (request->json)
        result = verify_print_json(request, &figures);
    else
        verify_print(request, &figures);
    if (result == OUTCOME_SUCCESS && verify_failed(&figures))
        result = OUTCOME_DIFFERENT;
    return result;
}

outcome command_verify(int argc, char **argv) {
    verify_request request = {
        .sizes.kernel = {3, 3},
        .trials = 1,
        .tolerance = -1,
    };
    const option options[] = {
        {"input", "X", "a case in files, as for run", parse_text, &request.input, false},
        {"kernels", "K", "its kernels", parse_text, &request.kernels, false},
        {"expect", "E", "its result, instead of the reference's", parse_text,
         &request.expect.path, false},
        {"expect-at", "Y,X", "E is the window from row Y, column X", parse_expect_at,
         &request.expect, false},
        {"shape", "N,H,W,C", "a random case of this size", parse_shape, &request.sizes.shape,
         false},
        {"layers", "L", "its number of layers", parse_layers, &request.sizes.layers, false},
        {"growth", "G", "channels that each of them adds", parse_growth, &request.sizes.growth,
         false},
        {"kernel", "KHxKW", "their size (default 3x3)", parse_kernel_size, &request.sizes.kernel,
         false},
        {"seed", "S", "of the first trial (default 0)", parse_seed, &request.seed, false},
        {"trials", "T", "1 for --shape, 20 for random blocks", parse_repeats, &request.trials,
         false},
        OPTION_BACKENDS(request.backends),
        OPTION_DTYPE(request.sizes.type),
        OPTIONS_OF_PLAN(request.options),
        {"tolerance", "R", "relative error allowed (default: by type)", parse_tolerance,
         &request.tolerance, false},
        {"json", NULL, "report as JSON", NULL, &request.json, false},
    };
    command_line line;
    outcome result;

    result = options_parse(&PAGE, options, sizeof options / sizeof options[0], argc, argv, &line);
    if (result == OUTCOME_SUCCESS && !line.help) {
        choose_source(&line, &request);
        backend_list_complete(&request.backends);
        result = check_request(&line, &request);
        if (result == OUTCOME_SUCCESS)
            result = verify(&request);
    }
    command_line_free(&line);
    return result;
}
