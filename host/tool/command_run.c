/* denseblock run: the main job. Reads a block, runs it, writes the result. */
#include "command.h"

#include "options.h"
#include "run.h"
#include "run_job.h"

static const command_page PAGE = {
    .name = "run",
    .synopsis = "--input X --kernels K --output Y [OPTION...]",
    .summary = "Run a dense block on an input and write the result.\n",
    .examples = "Example: denseblock run --input photo.png --kernels DIR --output y.npy\n",
};

static outcome check_request(const run_request *request) {
    if (request->tolerance >= 0 && !request->check && request->expect.path == NULL)
        return fail_input("--tolerance needs a comparison: add --check or --expect");
    return OUTCOME_SUCCESS;
}

static outcome report(const run_request *request, const denseblock_desc *desc,
                      const run_figures *figures) {
    const bool different = (figures->checked && !figures->check.passed) ||
                           (figures->expected && !figures->expectation.passed);
    outcome result = OUTCOME_SUCCESS;

    if (request->json)
        result = run_print_json(request, desc, figures);
    else
        run_print(request, desc, figures);
    if (result == OUTCOME_SUCCESS && different)
        result = OUTCOME_DIFFERENT;
    return result;
}

static outcome run(const run_request *request) {
    run_figures figures = {0};
    job work = {0};
    outcome result;

    result = check_request(request);
    if (result == OUTCOME_SUCCESS)
        result = job_load(request, &work, &figures);
    if (result == OUTCOME_SUCCESS)
        result = job_open_outputs(request, &work);
    if (result == OUTCOME_SUCCESS)
        result = job_execute(request, &work, &figures);
    if (result == OUTCOME_SUCCESS)
        result = job_compare(request, &work, &figures);
    if (result == OUTCOME_SUCCESS)
        result = job_write(request, &work);
    if (result == OUTCOME_SUCCESS)
        result = report(request, &work.block.desc, &figures);
    job_free(&work);
    return result;
}

outcome command_run(int argc, char **argv) {
    run_request request = {.tolerance = -1};
    const option options[] = {
        {"input", "X", "the input, N,H,W,C as .npy, or a .png", parse_text, &request.input, true},
        {"kernels", "K", "a folder of kernel_NNN.npy, or files A,B,...", parse_text,
         &request.kernels, true},
        {"output", "Y", "where the result goes, .npy", parse_text, &request.output, true},
        {"backend", "B", "auto (default), reference, cpu, cublas, ...", parse_backend,
         &request.backend, false},
        {"dtype", "T", "convert to f32, f64, f16 or bf16 first", parse_type, &request.type,
         false},
        {"threads", "N", "threads of a CPU backend", parse_threads, &request.options.thread_count,
         false},
        {"concat", "HOW", "inplace (default), copy or copy-keep", parse_concatenation,
         &request.concat, false},
        {"algorithm", "A", "auto (default), direct, winograd2, winograd4", parse_algorithm,
         &request.options.algorithm, false},
        {"feature-maps", "PNG", "a picture of all feature maps", parse_text,
         &request.feature_maps, false},
        {"check", NULL, "compare with the reference backend", NULL, &request.check, false},
        {"expect", "E", "compare with this .npy, of any float type", parse_text,
         &request.expect.path, false},
        {"expect-at", "Y,X", "E is the window that begins at row Y, column X", parse_expect_at,
         &request.expect, false},
        {"tolerance", "R", "relative error allowed (default: by type)", parse_tolerance,
         &request.tolerance, false},
        {"json", NULL, "report as JSON", NULL, &request.json, false},
    };
    command_line line;
    outcome result;

    result = options_parse(&PAGE, options, sizeof options / sizeof options[0], argc, argv, &line);
    if (result == OUTCOME_SUCCESS && !line.help)
        result = run(&request);
    command_line_free(&line);
    return result;
}
