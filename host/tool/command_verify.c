/* denseblock verify: a differential test. Every backend against the reference, or against a
 * file. */
#include "command.h"

#include "options.h"
#include "progress.h"
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

static int64_t trial_count(const verify_request *request) {
    const bool random_blocks = request->input == NULL && !request->sizes.shape.given;

    if (request->trials > 0)
        return request->trials;
    return random_blocks ? RANDOM_TRIALS : 1;
}

static outcome check_request(const verify_request *request) {
    const bool sizes_given =
        request->sizes.shape.given || request->layers >= 0 || request->growth > 0;

    if ((request->input != NULL) != (request->kernels != NULL))
        return fail_input("--input and --kernels belong together: --%s is missing",
                          request->input != NULL ? "kernels" : "input");
    if (request->input != NULL && sizes_given)
        return fail_input("--input and --shape name two cases: choose one");
    if (request->input != NULL && (request->seed >= 0 || request->trials > 0))
        return fail_input("--seed and --trials are for generated cases: --input is one case");
    if (request->input == NULL && (request->expect.path != NULL || request->expect.at_given))
        return fail_input("--expect needs --input and --kernels: it is the result of that case");
    if (sizes_given &&
        (!request->sizes.shape.given || request->layers < 0 || request->growth == 0))
        return fail_input("--shape, --layers and --growth belong together: --%s is missing",
                          !request->sizes.shape.given ? "shape"
                          : request->layers < 0       ? "layers"
                                                      : "growth");
    if (verify_seed(request, trial_count(request) - 1) > SEED_MOST)
        return fail_input("--seed is %lld, and the last of %lld trials would pass %lld: choose "
                          "a smaller one",
                          (long long)request->seed, (long long)trial_count(request),
                          (long long)SEED_MOST);
    return OUTCOME_SUCCESS;
}

/* AUTO becomes the backend it stands for. */
static void begin_tallies(const backend_list *backends, verify_figures *figures) {
    for (size_t i = 0; i < backends->count; i++) {
        const denseblock_backend backend = backends->backends[i];

        figures->tallies[i].backend =
            backend == DENSEBLOCK_BACKEND_AUTO ? denseblock_backend_auto() : backend;
    }
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
    outcome result;

    result = check_request(request);
    if (result != OUTCOME_SUCCESS)
        return result;
    figures.trials = trial_count(request);
    begin_tallies(&request->backends, &figures);

    bar = progress_start("verify");
    for (int64_t t = 0; result == OUTCOME_SUCCESS && t < figures.trials; t++) {
        progress_set_part(&bar, (double)t / (double)figures.trials,
                          (double)(t + 1) / (double)figures.trials);
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
        .layers = -1,
        .seed = -1,
        .backends = {.count = 1, .backends = {DENSEBLOCK_BACKEND_AUTO}},
        .type.type = DENSEBLOCK_F32,
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
        {"layers", "L", "its number of layers", parse_layers, &request.layers, false},
        {"growth", "G", "channels that each of them adds", parse_growth, &request.growth, false},
        {"kernel", "KHxKW", "their size (default 3x3)", parse_kernel_size, &request.sizes.kernel,
         false},
        {"seed", "S", "of the first trial (default 0)", parse_seed, &request.seed, false},
        {"trials", "T", "1 for --shape, 20 for random blocks", parse_repeats, &request.trials,
         false},
        {"backend", "B,...", "backends, or all that can run here", parse_backends,
         &request.backends, false},
        {"dtype", "T", "f32 (default), f64, f16 or bf16", parse_type, &request.type, false},
        {"threads", "N", "threads of CPU backends", parse_threads, &request.options.thread_count,
         false},
        {"algorithm", "A", "auto, direct, winograd2 or winograd4", parse_algorithm,
         &request.options.algorithm, false},
        {"tolerance", "R", "relative error allowed (default: by type)", parse_tolerance,
         &request.tolerance, false},
        {"json", NULL, "report as JSON", NULL, &request.json, false},
    };
    command_line line;
    outcome result;

    result = options_parse(&PAGE, options, sizeof options / sizeof options[0], argc, argv, &line);
    request.sizes.layers = request.layers;
    request.sizes.growth = request.growth;
    request.sizes.type = request.type.type;
    if (result == OUTCOME_SUCCESS && !line.help)
        result = verify(&request);
    command_line_free(&line);
    return result;
}
