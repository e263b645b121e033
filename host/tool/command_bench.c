/* denseblock bench: measures speed. */
#include "command.h"

#include "bench.h"
#include "block_case.h"
#include "options.h"
#include "progress.h"

static const command_page PAGE = {
    .name = "bench",
    .synopsis = "--shape N,H,W,C --layers L --growth G [OPTION...]",
    .summary = "Measure the speed of backends on a random block.\n",
    .examples = "Example: denseblock bench --shape 1,56,56,64 --layers 6 --growth 32\n",
};

enum { DEFAULT_REPEATS = 5 };

static outcome check_request(const bench_request *request) {
    const char *const name = concatenation_name(request->concat);

    if (request->concat == CONCATENATION_IN_PLACE)
        return OUTCOME_SUCCESS;
    if (request->options.group_size > 1)
        return fail_input("--group computes layers together, and --concat %s one by one", name);
    if (request->plan)
        return fail_input(
            "--plan shows how the whole block is computed, and --concat %s computes "
            "its layers one by one",
            name);
    return OUTCOME_SUCCESS;
}

static outcome bench(const bench_request *request, block_case *block, bench_job *work) {
    progress bar = progress_start("bench");
    outcome result = check_request(request);

    if (result == OUTCOME_SUCCESS)
        result = generate_uniform(&request->sizes, 0, &work->account, block);
    if (result == OUTCOME_SUCCESS)
        result = bench_measure(request, block, &bar, work);
    progress_erase(&bar);
    if (result != OUTCOME_SUCCESS)
        return result;
    if (request->json)
        return bench_print_json(request, &block->desc, &work->figures);
    bench_print(request, &block->desc, &work->figures);
    return OUTCOME_SUCCESS;
}

outcome command_bench(int argc, char **argv) {
    bench_request request = {
        .sizes.kernel = {3, 3},
        .warmups = 1,
        .repeats = DEFAULT_REPEATS,
    };
    block_case block = {0};
    bench_job work = {0};
    const option options[] = {
        OPTIONS_OF_SIZES(request.sizes),
        OPTION_BACKENDS(request.backends),
        OPTION_DTYPE(request.sizes.type),
        OPTIONS_OF_PLAN(request.options),
        {"concat", "HOW", "inplace (default), copy or copy-keep", parse_concatenation,
         &request.concat, false},
        {"warmup", "N", "untimed executions before (default 1)", parse_warmups, &request.warmups,
         false},
        {"repeat", "R", "timed executions (default 5)", parse_repeats, &request.repeats, false},
        {"plan", NULL, "show how each backend computes the block", NULL, &request.plan, false},
        {"json", NULL, "report as JSON", NULL, &request.json, false},
    };
    command_line line;
    outcome result;

    result = options_parse(&PAGE, options, sizeof options / sizeof options[0], argc, argv, &line);
    if (result == OUTCOME_SUCCESS && !line.help) {
        backend_list_complete(&request.backends);
        result = bench(&request, &block, &work);
        bench_job_free(&work);
        block_case_free(&block, &work.account);
    }
    command_line_free(&line);
    return result;
}
