/* denseblock report: one HTML page on a block. */
#include "command.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "geometry.h"
#include "json.h"
#include "kernel_files.h"
#include "line.h"
#include "options.h"
#include "report.h"
#include "same_file.h"
#include "text.h"

static const command_page PAGE = {
    .name = "report",
    .synopsis = "--out DIR --shape ... | --input X [OPTION...]",
    .summary = "Measure a block, and write a page on it: DIR/index.html.\n",
    .examples = "",
};

enum { DEFAULT_REPEATS = 5 };

/* Everything the command holds. Begins as zeros. */
typedef struct report_job {
    ledger account;
    kernel_files files;
    block_case block;
    char *path;
    bool folder_made; /* by this command */
    denseblock_output *output;
    size_t bytes; /* of the page */
    report_figures figures;
} report_job;

static outcome check_request(const command_line *line, const report_request *request) {
    static const char *const sizes[] = {"shape", "layers", "growth", "kernel"};
    enum { NEEDED = 3 };

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const bool given = option_given(line, sizes[i]);

        if (request->input != NULL && given)
            return fail_input("--%s is for a random block, and --input is a block in files",
                              sizes[i]);
        if (request->input == NULL && request->kernels == NULL && !given && i < NEEDED)
            return fail_input("--%s is missing: a block needs --shape, --layers and --growth, or "
                              "use --input and --kernels",
                              sizes[i]);
    }
    if (request->input == NULL && request->kernels != NULL)
        return fail_input("--kernels needs --input: both are files of one block");
    if (request->input != NULL && request->kernels == NULL)
        return fail_input("--input needs --kernels: both are files of one block");
    return OUTCOME_SUCCESS;
}

/* All that can run here but the reference; what `auto` would choose is first, which most of the
 * page is on. */
static void choose_backends(backend_list *list) {
    const denseblock_backend chosen = denseblock_backend_auto();
    size_t at = 0;

    backend_list_complete_fast(list);
    while (at < list->count && list->backends[at] != chosen)
        at++;
    if (at == list->count) { /* the plan says why it cannot run */
        *list = (backend_list){.count = 1, .backends = {chosen}};
        return;
    }
    for (; at > 0; at--)
        list->backends[at] = list->backends[at - 1];
    list->backends[0] = chosen;
}

static outcome load(const report_request *request, report_job *work) {
    outcome result;

    if (request->input == NULL)
        return generate_uniform(&request->sizes, 0, &work->account, &work->block);
    result = kernel_files_find(request->kernels, &work->files);
    if (result == OUTCOME_SUCCESS)
        result = block_case_load(request->input, &work->files, &request->sizes.type,
                                 &work->account, &work->block);
    return result;
}

/* That a backend which was named does not carry out the block is known before the work. */
static outcome check_backends(const report_request *request, const denseblock_desc *desc) {
    for (size_t i = 0; !request->backends.all && i < request->backends.count; i++) {
        denseblock_plan *plan;
        const denseblock_status status =
            denseblock_plan_create(desc, request->backends.backends[i], &request->options, &plan);

        denseblock_plan_destroy(plan);
        if (status != DENSEBLOCK_OK)
            return fail_status(status);
    }
    return OUTCOME_SUCCESS;
}

static outcome refuse_overwriting(const report_request *request, const report_job *work) {
    if (request->input != NULL && same_file(work->path, request->input))
        return fail_input("--out %s would overwrite the input", request->folder);
    for (size_t l = 0; l < work->files.count; l++) {
        if (same_file(work->path, work->files.paths[l]))
            return fail_input("--out %s would overwrite the kernel %s", request->folder,
                              work->files.paths[l]);
    }
    return OUTCOME_SUCCESS;
}

/* Before the work, so that a path which cannot be written is known at once. */
static outcome open_page(const report_request *request, report_job *work) {
    denseblock_status status;
    outcome result;

    if (asprintf(&work->path, "%s/index.html", request->folder) == -1) {
        work->path = NULL;
        return fail_out_of_memory();
    }
    result = refuse_overwriting(request, work);
    if (result != OUTCOME_SUCCESS)
        return result;
    work->folder_made = mkdir(request->folder, 0777) == 0;
    if (!work->folder_made && errno != EEXIST)
        return fail_path(request->folder, "made", errno);
    status = denseblock_output_open(work->path, &work->output);
    return outcome_of(status);
}

static outcome write_page(const report_request *request, report_job *work) {
    FILE *const stream = denseblock_output_stream(work->output);
    denseblock_status status;
    long bytes;

    report_page(request, &work->figures, stream);
    bytes = ftell(stream); /* -1 where it is a pipe */
    work->bytes = bytes > 0 ? (size_t)bytes : 0;
    status = denseblock_output_commit(work->output);
    work->output = NULL; /* freed, whatever the status */
    return outcome_of(status);
}

static void print(const report_job *work) {
    const denseblock_desc *const desc = &work->block.desc;
    const timing *const first = &work->figures.speed.figures.timings[0];
    const memory_trial *const place = report_memory_of(&work->figures, "inplace");
    char shape[SHAPE_TEXT_SIZE];
    char layers[LAYERS_TEXT_SIZE];
    char bytes[BYTES_TEXT_SIZE];
    char figure[2][FIGURE_TEXT_SIZE];
    int64_t x[4];

    input_shape(desc, x);
    report_line("page", "%s, %s", work->path, bytes_text(work->bytes, bytes));
    report_line("block", "%s %s, %s", shape_text(4, x, shape),
                type_choice_name(desc->type, desc->arithmetic), layers_text(desc, layers));
    report_line("speed", "%s ms on %s, %s GFLOP/s as direct convolution",
                figure_text(1e3 * first->time.median, figure[0]),
                denseblock_backend_name(first->backend),
                first->flops > 0 && first->time.median > 0
                    ? figure_text(1e-9 * first->flops / first->time.median, figure[1])
                    : "0");
    if (place != NULL)
        report_line("memory", "%s at most, in place", bytes_text(place->measured.peak, bytes));
    report_line("accuracy", "%s",
                report_passed(&work->figures) ? "every backend equals the reference"
                                              : "DIFFERENT: see the page");
}

static outcome print_json(const report_job *work) {
    const timing *const first = &work->figures.speed.figures.timings[0];
    const memory_trial *const place = report_memory_of(&work->figures, "inplace");

    return json_print(json_pack(
        "{s:s, s:o, s:o, s:b, s:s, s:o, s:o, s:o}", "command", "report", "page",
        json_text(work->path), "bytes", json_bytes(work->bytes), "passed",
        report_passed(&work->figures), "backend", denseblock_backend_name(first->backend),
        "median_ms", json_number(1e3 * first->time.median), "gflops_per_second",
        json_rate(1e-9 * first->flops, first->time.median), "inplace_peak_bytes",
        place != NULL ? json_bytes(place->measured.peak) : json_null()));
}

/* A result that differs is reported all the same: people want to look at it. */
static outcome report(const report_request *request, report_job *work) {
    outcome result = load(request, work);

    if (result == OUTCOME_SUCCESS)
        result = check_backends(request, &work->block.desc);
    if (result == OUTCOME_SUCCESS)
        result = open_page(request, work);
    if (result == OUTCOME_SUCCESS)
        result = report_measure(request, &work->block, &work->figures);
    if (result == OUTCOME_SUCCESS)
        result = write_page(request, work);
    if (result != OUTCOME_SUCCESS)
        return result;
    work->folder_made = false; /* it is wanted now */
    if (request->json)
        result = print_json(work);
    else
        print(work);
    return result == OUTCOME_SUCCESS && !report_passed(&work->figures) ? OUTCOME_DIFFERENT
                                                                       : result;
}

/* Without a page, nothing of the command is left. */
static void report_job_free(const report_request *request, report_job *work) {
    denseblock_output_discard(work->output);
    if (work->folder_made)
        (void)rmdir(request->folder); /* fails where somebody else has put something there */
    report_figures_free(&work->figures);
    free(work->path);
    block_case_free(&work->block, &work->account);
    kernel_files_free(&work->files);
}

outcome command_report(int argc, char **argv) {
    report_request request = {
        .sizes.kernel = {3, 3}, .repeats = DEFAULT_REPEATS, .argc = argc, .argv = argv};
    report_job *work;
    const option options[] = {
        {"shape", "N,H,W,C", "sizes of the input", parse_shape, &request.sizes.shape, false},
        {"layers", "L", "number of layers", parse_layers, &request.sizes.layers, false},
        {"growth", "G", "channels that each layer adds", parse_growth, &request.sizes.growth,
         false},
        {"kernel", "KHxKW", "kernel size (default 3x3)", parse_kernel_size, &request.sizes.kernel,
         false},
        {"input", "X", "in place of sizes, a .npy or .png", parse_text, &request.input, false},
        {"kernels", "K", "its folder of kernel_NNN.npy, or files A,B,...", parse_text,
         &request.kernels, false},
        {"out", "DIR", "folder to write to; made if missing", parse_text, &request.folder, true},
        {"backend", "B,...", "backends (default: what can run here)", parse_backends,
         &request.backends, false},
        OPTION_DTYPE(request.sizes.type),
        OPTIONS_OF_PLAN(request.options),
        {"repeat", "R", "timed executions (default 5)", parse_repeats, &request.repeats, false},
        {"json", NULL, "report as JSON what was written", NULL, &request.json, false},
    };
    command_line line;
    outcome result;

    result = options_parse(&PAGE, options, sizeof options / sizeof options[0], argc, argv, &line);
    if (result == OUTCOME_SUCCESS && !line.help)
        result = check_request(&line, &request);
    if (result == OUTCOME_SUCCESS && !line.help) {
        work = calloc(1, sizeof *work);
        if (work == NULL) {
            result = fail_out_of_memory();
        } else {
            if (!option_given(&line, "backend"))
                choose_backends(&request.backends);
            result = report(&request, work);
            report_job_free(&request, work);
            free(work);
        }
    }
    command_line_free(&line);
    return result;
}
