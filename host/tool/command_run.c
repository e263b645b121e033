/* denseblock run: the main job. Reads a block, runs it, writes the result. */
#include "command.h"

#include "arrays.h"
#include "block_case.h"
#include "execution.h"
#include "feature_maps.h"
#include "kernel_files.h"
#include "options.h"
#include "progress.h"
#include "run.h"
#include "same_file.h"

static const command_page PAGE = {
    .name = "run",
    .synopsis = "--input X --kernels K --output Y [OPTION...]",
    .summary = "Run a dense block on an input and write the result.\n",
    .examples = "Example: denseblock run --input photo.png --kernels DIR --output y.npy\n",
};

/* Everything the command holds, so that one function can let go of it. Begins as zeros. */
typedef struct job {
    ledger account; /* of the block: its peak is reported */
    ledger aside;   /* of what is there for comparisons only */
    kernel_files files;
    block_case block;
    denseblock_plan *plan;     /* of the whole block */
    denseblock_array expected; /* of --expect */
    denseblock_array y;
    denseblock_output *output;
    denseblock_output *maps;
} job;

static outcome check_request(const run_request *request) {
    if (request->tolerance >= 0 && !request->check && request->expect.path == NULL)
        return fail_input("--tolerance needs a comparison: add --check or --expect");
    if (request->concat != CONCATENATION_IN_PLACE && request->options.group_size > 1)
        return fail_input("--group computes layers together, and --concat %s one by one",
                          concatenation_name(request->concat));
    if (request->concat != CONCATENATION_IN_PLACE && request->plan)
        return fail_input(
            "--plan shows how the whole block is computed, and --concat %s computes "
            "its layers one by one",
            concatenation_name(request->concat));
    return OUTCOME_SUCCESS;
}

static outcome refuse_overwriting(const char *name, const char *path, const run_request *request,
                                  const kernel_files *files) {
    if (same_file(path, request->input))
        return fail_input("--%s %s would overwrite the input", name, path);
    if (request->expect.path != NULL && same_file(path, request->expect.path))
        return fail_input("--%s %s would overwrite the file of --expect", name, path);
    for (size_t l = 0; l < files->count; l++) {
        if (same_file(path, files->paths[l]))
            return fail_input("--%s %s would overwrite the kernel %s", name, path,
                              files->paths[l]);
    }
    return OUTCOME_SUCCESS;
}

static outcome check_paths(const run_request *request, const kernel_files *files) {
    const outcome result = refuse_overwriting("output", request->output, request, files);

    if (result != OUTCOME_SUCCESS || request->feature_maps == NULL)
        return result;
    if (same_file(request->feature_maps, request->output))
        return fail_input("--feature-maps and --output are both %s: give them two files",
                          request->output);
    return refuse_overwriting("feature-maps", request->feature_maps, request, files);
}

/* The plan of the whole block says whether it can run at all, and where. */
static outcome plan_block(const run_request *request, job *work, run_figures *figures) {
    const denseblock_status status = denseblock_plan_create(&work->block.desc, request->backend,
                                                            &request->options, &work->plan);
    const denseblock_plan *const plan = work->plan;

    if (status != DENSEBLOCK_OK)
        return fail_status(status);
    figures->backend = denseblock_plan_backend(plan);
    figures->threads = denseblock_plan_thread_count(plan);
    figures->flops = denseblock_plan_flops(plan);
    figures->y_bytes = denseblock_plan_output_bytes(plan);
    if (request->concat == CONCATENATION_IN_PLACE)
        figures->plan = denseblock_plan_describe(plan);
    return OUTCOME_SUCCESS;
}

/* Reads the case and what is expected of it, and makes a plan, which says whether the block can
 * run and where. */
static outcome load(const run_request *request, job *work, run_figures *figures) {
    outcome result;

    result = kernel_files_find(request->kernels, &work->files);
    if (result == OUTCOME_SUCCESS)
        result = check_paths(request, &work->files);
    if (result == OUTCOME_SUCCESS)
        result = block_case_load(request->input, &work->files, &request->type, &work->account,
                                 &work->block);
    if (result == OUTCOME_SUCCESS)
        result = plan_block(request, work, figures);
    if (result == OUTCOME_SUCCESS)
        result =
            expectation_load(&request->expect, &work->block.desc, &work->aside, &work->expected);
    if (result == OUTCOME_SUCCESS && request->feature_maps != NULL && work->block.desc.batch == 0)
        result = fail_input("--feature-maps needs an image, and the batch of %s is empty",
                            request->input);
    return result;
}

/* Before the work, so that a path which cannot be written is known at once. */
static outcome open_outputs(const run_request *request, job *work) {
    denseblock_status status = denseblock_output_open(request->output, &work->output);

    if (status == DENSEBLOCK_OK && request->feature_maps != NULL)
        status = denseblock_output_open(request->feature_maps, &work->maps);
    return outcome_of(status);
}

static outcome execute(const run_request *request, job *work, run_figures *figures) {
    progress bar = progress_start("run");
    const outcome result =
        concatenate(request->concat, &work->block, figures->backend, &request->options,
                    &work->account, &bar, &work->y, &figures->taken);

    progress_erase(&bar);
    figures->peak_bytes = work->account.peak;
    return result;
}

static outcome compare_with_reference(const run_request *request, job *work, double tolerance,
                                      comparison *check) {
    const denseblock_desc *const desc = &work->block.desc;
    progress bar = progress_start("reference");
    denseblock_array y;
    outcome result;

    result = y_allocate(desc, &work->aside, &y);
    if (result != OUTCOME_SUCCESS)
        return result;
    copy_channels(&y, &work->y, desc->channels);
    result = run_reference(&work->block, request->options.thread_count, &work->aside, &bar, &y);
    progress_erase(&bar);
    if (result == OUTCOME_SUCCESS)
        *check = compare(desc, &work->y, &y, (corner){0}, tolerance);
    array_release(&y, &work->aside);
    return result;
}

/* That a comparison failed is no failure here: people want to look at such a result, so it is
 * written too. */
static outcome make_comparisons(const run_request *request, job *work, run_figures *figures) {
    const denseblock_desc *const desc = &work->block.desc;
    const double tolerance =
        request->tolerance >= 0 ? request->tolerance : default_tolerance(desc);

    if (request->expect.path != NULL) {
        figures->expectation =
            compare(desc, &work->y, &work->expected, request->expect.at, tolerance);
        figures->expected = true;
    }
    if (request->check && figures->backend != DENSEBLOCK_BACKEND_REFERENCE) {
        const outcome result = compare_with_reference(request, work, tolerance, &figures->check);

        figures->checked = true;
        return result;
    }
    return OUTCOME_SUCCESS;
}

static outcome commit(denseblock_output **output) {
    const denseblock_status status = denseblock_output_commit(*output);

    *output = NULL; /* freed, whatever the status */
    return outcome_of(status);
}

static outcome write_outputs(const run_request *request, job *work) {
    denseblock_status status;
    outcome result = OUTCOME_SUCCESS;

    if (work->maps != NULL)
        result = feature_maps_write(&work->block.desc, &work->y, FEATURE_MAPS_LARGE,
                                    denseblock_output_stream(work->maps), request->feature_maps);
    if (result == OUTCOME_SUCCESS && work->y.type == DENSEBLOCK_BF16)
        result = array_convert(&work->y, DENSEBLOCK_F32, &work->account);
    if (result != OUTCOME_SUCCESS)
        return result;
    status = denseblock_output_npy(work->output, &work->y);
    if (status != DENSEBLOCK_OK)
        return fail_status(status);
    result = commit(&work->output);
    if (result == OUTCOME_SUCCESS && work->maps != NULL)
        result = commit(&work->maps);
    return result;
}

/* Outputs that are not in place are given up. */
static void job_free(job *work) {
    denseblock_output_discard(work->maps);
    denseblock_output_discard(work->output);
    array_release(&work->y, &work->account);
    array_release(&work->expected, &work->aside);
    denseblock_plan_destroy(work->plan);
    block_case_free(&work->block, &work->account);
    kernel_files_free(&work->files);
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
        result = load(request, &work, &figures);
    if (result == OUTCOME_SUCCESS)
        result = open_outputs(request, &work);
    if (result == OUTCOME_SUCCESS)
        result = execute(request, &work, &figures);
    if (result == OUTCOME_SUCCESS)
        result = make_comparisons(request, &work, &figures);
    if (result == OUTCOME_SUCCESS)
        result = write_outputs(request, &work);
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
        {"dtype", "T", "f32, f64, f16, bf16, tf32 or tf32x3; default: X's", parse_type,
         &request.type, false},
        OPTIONS_OF_PLAN(request.options),
        {"concat", "HOW", "inplace (default), copy or copy-keep", parse_concatenation,
         &request.concat, false},
        {"feature-maps", "PNG", "a picture of all feature maps", parse_text,
         &request.feature_maps, false},
        {"check", NULL, "compare with the reference backend", NULL, &request.check, false},
        {"expect", "E", "compare with this .npy, of any float type", parse_text,
         &request.expect.path, false},
        {"expect-at", "Y,X", "E is the window that begins at row Y, column X", parse_expect_at,
         &request.expect, false},
        {"tolerance", "R", "relative error allowed (default: by type)", parse_tolerance,
         &request.tolerance, false},
        {"plan", NULL, "show how the block is computed", NULL, &request.plan, false},
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
