/* denseblock memory: where the memory of a dense block goes. */
#include "command.h"

#include <stdlib.h>

#include "memory.h"
#include "options.h"
#include "progress.h"

static const command_page PAGE = {
    .name = "memory",
    .synopsis = "--shape ... | --preset P [OPTION...]",
    .summary = "Measure what each way of concatenation takes, beside what a formula says.\n",
    .examples = "P: densenet121, densenet169, densenet201, densenet264, bc-100-12 or 40-12;\n"
                "of its dense blocks, the 3x3 layers alone.\n",
};

/* Everything the command holds. Begins as zeros. */
typedef struct memory_job {
    ledger account; /* of the generated case, which is not what is measured */
    denseblock_output *picture;
    memory_figures figures;
} memory_job;

static void memory_job_free(memory_job *work) {
    for (size_t b = 0; b < work->figures.count; b++) {
        memory_block *const block = &work->figures.blocks[b];

        for (size_t i = 0; i < block->count; i++)
            memory_trial_free(&block->trials[i]);
        free(block->layers);
    }
    denseblock_output_discard(work->picture);
}

static outcome check_request(const command_line *line, const memory_request *request) {
    static const char *const sizes[] = {"shape", "layers", "growth"};

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const bool given = option_given(line, sizes[i]);

        if (request->network != NULL && given)
            return fail_input("--%s is for a block of its own, and --preset %s has its sizes",
                              sizes[i], request->network->name);
        if (request->network == NULL && !given)
            return fail_input("--%s is missing: a block needs --shape, --layers and --growth, or "
                              "use --preset",
                              sizes[i]);
    }
    if (request->network != NULL && option_given(line, "kernel"))
        return fail_input("--kernel is for a block of its own: the layers of --preset %s are 3x3",
                          request->network->name);
    if (request->network == NULL && option_given(line, "batch"))
        return fail_input("--batch is for --preset: the batch is the first number of --shape");
    return OUTCOME_SUCCESS;
}

/* In groups of one layer there are no groups. */
static bool is_wanted(const memory_request *request, const strategy *way) {
    return !way->groups || request->options.group_size != 1;
}

static outcome run_backend(const memory_request *request, const block_case *data,
                           denseblock_backend backend, progress *bar, memory_block *block) {
    outcome result = OUTCOME_SUCCESS;

    for (int s = 0; result == OUTCOME_SUCCESS && s < STRATEGY_COUNT; s++) {
        memory_trial *const trial = &block->trials[block->count];

        if (!is_wanted(request, &STRATEGIES[s]))
            continue;
        block->count++;
        trial->backend = backend;
        trial->way = &STRATEGIES[s];
        result = memory_trial_run(request, data, bar, trial);
    }
    return result;
}

/* The block's data are gone when it has been measured, its description stays for the report. */
static outcome run_block(const memory_request *request, const uniform_block *sizes, progress *bar,
                         memory_job *work) {
    memory_block *const block = &work->figures.blocks[work->figures.count++];
    const double begin = bar->begin;
    const double share = (bar->end - bar->begin) / (double)request->backends.count;
    block_case data = {0};
    outcome result = generate_uniform(sizes, 0, &work->account, &data);

    for (size_t i = 0; result == OUTCOME_SUCCESS && i < request->backends.count; i++) {
        progress_set_part(bar, begin + share * (double)i, begin + share * (double)(i + 1));
        result = run_backend(request, &data, request->backends.backends[i], bar, block);
    }
    block->desc = data.desc;
    block->layers = data.layers;
    data.layers = NULL;
    block_case_free(&data, &work->account);
    return result;
}

static outcome run_blocks(const memory_request *request, memory_job *work) {
    const size_t count = request->network != NULL ? request->network->block_count : 1;
    uniform_block sizes = request->sizes;
    progress bar = progress_start("memory");
    outcome result = OUTCOME_SUCCESS;

    for (size_t i = 0; result == OUTCOME_SUCCESS && i < count; i++) {
        if (request->network != NULL) {
            preset_block(request->network, i, &sizes.shape, &sizes.layers);
            sizes.shape.batch = request->batch;
            sizes.growth = request->network->growth;
        }
        progress_set_part(&bar, (double)i / (double)count, (double)(i + 1) / (double)count);
        result = run_block(request, &sizes, &bar, work);
    }
    progress_erase(&bar);
    return result;
}

/* A report of nothing would say that all of it agrees. */
static outcome check_measured(const memory_figures *figures) {
    for (size_t b = 0; b < figures->count; b++) {
        for (size_t i = 0; i < figures->blocks[b].count; i++) {
            if (figures->blocks[b].trials[i].not_run[0] == '\0')
                return OUTCOME_SUCCESS;
        }
    }
    return fail_input("nothing was measured: %s", figures->blocks[0].trials[0].not_run);
}

static outcome write_picture(const memory_request *request, memory_job *work) {
    denseblock_status status;

    memory_picture(request, &work->figures, denseblock_output_stream(work->picture));
    status = denseblock_output_commit(work->picture);
    work->picture = NULL; /* freed, whatever the status */
    return outcome_of(status);
}

static bool all_agree(const memory_figures *figures) {
    for (size_t b = 0; b < figures->count; b++) {
        for (size_t i = 0; i < figures->blocks[b].count; i++) {
            if (!memory_trial_agrees(&figures->blocks[b].trials[i]))
                return false;
        }
    }
    return true;
}

static outcome report(const memory_request *request, const memory_figures *figures) {
    outcome result = OUTCOME_SUCCESS;

    if (request->json)
        result = memory_print_json(request, figures);
    else
        memory_print(request, figures);
    if (result == OUTCOME_SUCCESS && !all_agree(figures))
        result = OUTCOME_DIFFERENT;
    return result;
}

static outcome run(const memory_request *request, memory_job *work) {
    outcome result = OUTCOME_SUCCESS;

    /* Before the work, so that a path which cannot be written is known at once. */
    if (request->svg != NULL) {
        const denseblock_status status = denseblock_output_open(request->svg, &work->picture);

        result = outcome_of(status);
    }
    if (result == OUTCOME_SUCCESS)
        result = run_blocks(request, work);
    if (result == OUTCOME_SUCCESS)
        result = check_measured(&work->figures);
    if (result == OUTCOME_SUCCESS && work->picture != NULL)
        result = write_picture(request, work);
    return result == OUTCOME_SUCCESS ? report(request, &work->figures) : result;
}

outcome command_memory(int argc, char **argv) {
    memory_request request = {.sizes.kernel = {3, 3}, .batch = 1};
    memory_job work = {0};
    const option options[] = {
        {"shape", "N,H,W,C", "sizes of the input", parse_shape, &request.sizes.shape, false},
        {"layers", "L", "number of layers", parse_layers, &request.sizes.layers, false},
        {"growth", "G", "channels that each layer adds", parse_growth, &request.sizes.growth,
         false},
        {"kernel", "KHxKW", "kernel size (default 3x3)", parse_kernel_size, &request.sizes.kernel,
         false},
        {"preset", "P", "all blocks of a network, in place of sizes", parse_preset,
         &request.network, false},
        {"batch", "N", "images, with --preset (default 1)", parse_batch, &request.batch, false},
        {"backend", "B,...", "backends (default: what can run here)", parse_backends,
         &request.backends, false},
        OPTION_DTYPE(request.sizes.type),
        OPTIONS_OF_PLAN(request.options),
        {"batch-limit", "BYTES", "show the largest batch that so much memory holds",
         parse_workspace, &request.batch_limit, false},
        {"svg", "FILE", "a picture of the time lines", parse_text, &request.svg, false},
        {"timeline", NULL, "show every allocation", NULL, &request.timeline, false},
        {"json", NULL, "report as JSON", NULL, &request.json, false},
    };
    command_line line;
    outcome result;

    result = options_parse(&PAGE, options, sizeof options / sizeof options[0], argc, argv, &line);
    if (result == OUTCOME_SUCCESS && !line.help) {
        result = check_request(&line, &request);
        if (result == OUTCOME_SUCCESS) {
            backend_list_complete_fast(&request.backends);
            result = run(&request, &work);
        }
        memory_job_free(&work);
    }
    command_line_free(&line);
    return result;
}
