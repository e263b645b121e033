/* denseblock compare: a dense block beside a residual one. */
#include "command.h"

#include "compare.h"
#include "options.h"
#include "residual_case.h"

static const command_page PAGE = {
    .name = "compare",
    .synopsis = "--shape N,H,W,C --layers L --growth G ...",
    .summary = "Measure a dense block beside a residual block of as many convolutions.\n",
    .examples = "",
};

enum { DEFAULT_REPEATS = LEAST_SAMPLES };

/* Everything the command holds. Begins as zeros. */
typedef struct compare_job {
    ledger account;
    block_case dense;
    residual_case residual;
    compare_data data[BLOCK_KIND_COUNT];
    denseblock_output *picture;
    progress bar;
    double forwards; /* to run, for the bar */
    double finished;
    compare_figures figures;
} compare_job;

static void compare_job_free(compare_job *work) {
    for (size_t b = 0; b < BLOCK_KIND_COUNT; b++) {
        for (size_t s = 0; s < STRATEGY_COUNT; s++)
            compare_trial_free(&work->figures.blocks[b].trials[s]);
    }
    block_case_free(&work->dense, &work->account);
    residual_case_free(&work->residual, &work->account);
    denseblock_output_discard(work->picture);
}

/* A step of one trial. */
typedef outcome trial_step(const compare_request *request, block_kind kind, compare_trial *trial,
                           compare_job *work);

/* Of both blocks in turns, and passing over what does not run. */
static outcome for_each_trial(const compare_request *request, compare_job *work,
                              trial_step *step) {
    outcome result = OUTCOME_SUCCESS;

    for (size_t s = 0; s < STRATEGY_COUNT; s++) {
        for (int b = 0; result == OUTCOME_SUCCESS && b < BLOCK_KIND_COUNT; b++) {
            compare_trial *const trial = &work->figures.blocks[b].trials[s];

            if (compare_trial_is_run(trial))
                result = step(request, (block_kind)b, trial, work);
        }
    }
    return result;
}

/* The bar's part of the next forward. */
static progress *next_part(compare_job *work) {
    progress_set_part(&work->bar, work->finished / work->forwards,
                      (work->finished + 1) / work->forwards);
    progress_show(0, &work->bar);
    work->finished++;
    return &work->bar;
}

static outcome make_blocks(const compare_request *request, compare_job *work) {
    compare_figures *const figures = &work->figures;
    outcome result = generate_uniform(&request->sizes, 0, &work->account, &work->dense);

    if (result != OUTCOME_SUCCESS)
        return result;
    figures->dense = work->dense.desc;
    figures->residual = matched_residual(&figures->dense, request->matched);
    figures->blocks[BLOCK_DENSE].parameters = parameter_count(&figures->dense);
    figures->blocks[BLOCK_RESIDUAL].parameters = residual_parameter_count(&figures->residual);
    result = generate_residual(&figures->residual, 0, &work->account, &work->residual);
    work->data[BLOCK_DENSE] = (compare_data){work->dense.kernel_data, &work->dense.input};
    work->data[BLOCK_RESIDUAL] =
        (compare_data){work->residual.kernel_data, &work->residual.input};
    return result;
}

/* In groups of one layer there are no groups, and of a residual block never. */
static bool has_way(const compare_request *request, block_kind kind, const strategy *way) {
    return !way->groups || (kind == BLOCK_DENSE && request->options.group_size != 1);
}

static outcome plan_block(const compare_request *request, block_kind kind, compare_job *work) {
    compared_block *const block = &work->figures.blocks[kind];
    const compare_trial *planned = NULL;

    for (size_t s = 0; s < STRATEGY_COUNT; s++) {
        compare_trial *const trial = &block->trials[s];
        outcome result;

        if (!has_way(request, kind, &STRATEGIES[s]))
            continue;
        trial->memory.way = &STRATEGIES[s];
        result = compare_trial_plan(request, &work->figures, kind, trial);
        if (result != OUTCOME_SUCCESS)
            return result;
        if (compare_trial_is_run(trial)) {
            planned = trial;
            work->forwards += (double)(1 + request->warmups + request->repeats);
        }
    }
    if (planned == NULL)
        return fail_input("there is nothing to compare: backend %s does not run the %s block: %s",
                          denseblock_backend_name(work->figures.backend), block_kind_name(kind),
                          block->trials[0].memory.not_run);
    for (int64_t i = 0; i < planned->plans.count; i++)
        block->flops += denseblock_plan_flops(planned->plans.parts[i].plan);
    return OUTCOME_SUCCESS;
}

static outcome measure_memory(const compare_request *request, block_kind kind,
                              compare_trial *trial, compare_job *work) {
    return compare_trial_measure_memory(&work->data[kind], request->options.device,
                                        next_part(work), trial);
}

static outcome prepare(const compare_request *request, block_kind kind, compare_trial *trial,
                       compare_job *work) {
    return compare_trial_prepare(&work->data[kind], request->options.device, trial);
}

static outcome warm_up(const compare_request *request, block_kind kind, compare_trial *trial,
                       compare_job *work) {
    outcome result = OUTCOME_SUCCESS;
    double seconds;

    for (int64_t w = 0; result == OUTCOME_SUCCESS && w < request->warmups; w++)
        result = compare_trial_time(&work->data[kind], next_part(work), trial, &seconds);
    return result;
}

static outcome time_once(const compare_request *request, block_kind kind, compare_trial *trial,
                         compare_job *work) {
    (void)request;
    return compare_trial_time(&work->data[kind], next_part(work), trial,
                              &trial->seconds[trial->timed++]);
}

static outcome summarise(const compare_request *request, block_kind kind, compare_trial *trial,
                         compare_job *work) {
    (void)kind;
    (void)work;
    trial->time = spread_of(trial->seconds, (size_t)request->repeats);
    return OUTCOME_SUCCESS;
}

static outcome measure_energy(const compare_request *request, block_kind kind,
                              compare_trial *trial, compare_job *work) {
    (void)request;
    return compare_trial_measure_energy(&work->data[kind], trial);
}

/* All ways of both blocks take turns, so that what the machine does meanwhile meets all of them. */
static outcome measure(const compare_request *request, compare_job *work) {
    outcome result = for_each_trial(request, work, measure_memory);

    if (result == OUTCOME_SUCCESS)
        result = for_each_trial(request, work, prepare);
    if (result == OUTCOME_SUCCESS)
        result = for_each_trial(request, work, warm_up);
    for (int64_t r = 0; result == OUTCOME_SUCCESS && r < request->repeats; r++)
        result = for_each_trial(request, work, time_once);
    if (result == OUTCOME_SUCCESS)
        result = for_each_trial(request, work, summarise);
    if (result == OUTCOME_SUCCESS && request->check)
        result = compare_check(request, work->data, &work->account, &work->bar, &work->figures);
    if (result == OUTCOME_SUCCESS)
        result = for_each_trial(request, work, measure_energy);
    return result;
}

static outcome write_picture(compare_job *work) {
    denseblock_status status;

    compare_picture(&work->figures, denseblock_output_stream(work->picture));
    status = denseblock_output_commit(work->picture);
    work->picture = NULL; /* freed, whatever the status */
    return outcome_of(status);
}

/* What is measured agrees with the formula, and with the reference where that was asked. */
static bool all_is_well(const compare_request *request, const compare_figures *figures) {
    for (size_t b = 0; b < BLOCK_KIND_COUNT; b++) {
        for (size_t s = 0; s < STRATEGY_COUNT; s++) {
            const compare_trial *const trial = &figures->blocks[b].trials[s];

            if (!memory_trial_agrees(&trial->memory) ||
                (request->check && compare_trial_is_run(trial) && !trial->check.passed))
                return false;
        }
    }
    return true;
}

static outcome report(const compare_request *request, const compare_figures *figures) {
    outcome result = OUTCOME_SUCCESS;

    if (request->json)
        result = compare_print_json(request, figures);
    else
        compare_print(request, figures);
    if (result == OUTCOME_SUCCESS && !all_is_well(request, figures))
        result = OUTCOME_DIFFERENT;
    return result;
}

static outcome compare_blocks(const compare_request *request, compare_job *work) {
    outcome result = OUTCOME_SUCCESS;

    if (request->sizes.layers % 2 != 0)
        return fail_input("--layers is %lld: a residual block has units of two convolutions, so "
                          "that the number must be even",
                          (long long)request->sizes.layers);
    work->figures.backend = request->backend == DENSEBLOCK_BACKEND_AUTO
                                ? denseblock_backend_auto()
                                : request->backend;
    work->bar = progress_start("compare");
    /* Before the work, so that a path which cannot be written is known at once. */
    if (request->svg != NULL) {
        const denseblock_status status = denseblock_output_open(request->svg, &work->picture);

        result = outcome_of(status);
    }
    if (result == OUTCOME_SUCCESS)
        result = make_blocks(request, work);
    for (int b = 0; result == OUTCOME_SUCCESS && b < BLOCK_KIND_COUNT; b++)
        result = plan_block(request, (block_kind)b, work);
    if (result == OUTCOME_SUCCESS)
        result = measure(request, work);
    progress_erase(&work->bar);
    if (result != OUTCOME_SUCCESS)
        return result;
    compare_claim(request, &work->figures);
    if (work->picture != NULL)
        result = write_picture(work);
    return result == OUTCOME_SUCCESS ? report(request, &work->figures) : result;
}

outcome command_compare(int argc, char **argv) {
    compare_request request = {.sizes.kernel = {3, 3}, .warmups = 1, .repeats = DEFAULT_REPEATS};
    compare_job work = {0};
    const option options[] = {
        OPTIONS_OF_SIZES(request.sizes),
        {"match", "M", "channels (default), parameters or operations", parse_match,
         &request.matched, false},
        {"backend", "B", "auto (default), reference, cpu, cublas, ...", parse_backend,
         &request.backend, false},
        OPTION_DTYPE(request.sizes.type),
        OPTIONS_OF_PLAN(request.options),
        {"warmup", "N", "untimed forwards before (default 1)", parse_warmups, &request.warmups,
         false},
        {"repeat", "R", "timed forwards (default 7)", parse_repeats, &request.repeats, false},
        {"check", NULL, "compare all results with the reference", NULL, &request.check, false},
        {"svg", "FILE", "a picture of the figures", parse_text, &request.svg, false},
        {"json", NULL, "report as JSON", NULL, &request.json, false},
    };
    command_line line;
    outcome result;

    result = options_parse(&PAGE, options, sizeof options / sizeof options[0], argc, argv, &line);
    if (result == OUTCOME_SUCCESS && !line.help) {
        result = compare_blocks(&request, &work);
        compare_job_free(&work);
    }
    command_line_free(&line);
    return result;
}
