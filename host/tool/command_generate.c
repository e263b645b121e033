/* denseblock generate: writes a random case. */
#include "command.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arrays.h"
#include "generated_case.h"
#include "kernel_files.h"
#include "line.h"
#include "options.h"
#include "text.h"

static const command_page PAGE = {
    .name = "generate",
    .synopsis = "--shape S --layers L --growth G --out DIR [OPTION...]",
    .summary = "Write a random case: DIR/input.npy and DIR/kernel_000.npy, ...\n",
    .examples = "Example:\n"
                "  denseblock generate --shape 1,64,64,16 --layers 6 --growth 12 --out block\n",
};

typedef struct generate_request {
    uniform_block sizes;
    int64_t seed;
    const char *folder;
} generate_request;

static outcome make_folder(const char *folder, int64_t layer_count) {
    if (mkdir(folder, 0777) == 0)
        return OUTCOME_SUCCESS;
    if (errno != EEXIST)
        return fail_path(folder, "made", errno);
    return kernel_files_refuse_stale(folder, layer_count);
}

/* bf16 has no .npy type: the rounded values are stored as f32. */
static outcome write_array(const char *path, denseblock_array *array, ledger *account) {
    outcome result = OUTCOME_SUCCESS;

    if (array->type == DENSEBLOCK_BF16)
        result = array_convert(array, DENSEBLOCK_F32, account);
    if (result == OUTCOME_SUCCESS) {
        const denseblock_status status = denseblock_npy_write(path, array);

        if (status != DENSEBLOCK_OK)
            result = fail_status(status);
    }
    return result;
}

/* The input is written last, and an older one removed first: a folder where the disk was full
 * after some of the kernels must not look like a case of fewer layers. */
static outcome write_files(const char *folder, const char *input, block_case *block,
                           ledger *account) {
    outcome result = OUTCOME_SUCCESS;

    if (unlink(input) != 0 && errno != ENOENT)
        return fail_path(input, "removed", errno);
    for (int64_t l = 0; result == OUTCOME_SUCCESS && l < block->desc.layer_count; l++) {
        char *kernel = kernel_file_path(folder, l);

        result = kernel != NULL ? write_array(kernel, &block->kernels[l], account)
                                : fail_out_of_memory();
        free(kernel);
    }
    if (result == OUTCOME_SUCCESS)
        result = write_array(input, &block->input, account);
    return result;
}

static outcome write_case(const char *folder, block_case *block, ledger *account) {
    char *input;
    outcome result;

    if (asprintf(&input, "%s/input.npy", folder) == -1)
        return fail_out_of_memory();
    result = write_files(folder, input, block, account);
    free(input);
    return result;
}

static void print_report(const generate_request *request, const block_case *block) {
    char shape[SHAPE_TEXT_SIZE];
    char layers[LAYERS_TEXT_SIZE];

    report_line("folder", "%s", request->folder);
    report_line("input", "%s %s%s", shape_text(4, block->input.shape, shape),
                denseblock_type_name(block->desc.type),
                block->desc.type == DENSEBLOCK_BF16 ? ", stored as f32" : "");
    report_line("block", "%s", layers_text(&block->desc, layers));
    report_line("seed", "%" PRId64, request->seed);
}

static outcome generate(const generate_request *request) {
    ledger account = {0};
    block_case block = {0};
    outcome result;

    result = generate_uniform(&request->sizes, (uint64_t)request->seed, &account, &block);
    if (result == OUTCOME_SUCCESS)
        result = make_folder(request->folder, request->sizes.layers);
    if (result == OUTCOME_SUCCESS)
        result = write_case(request->folder, &block, &account);
    if (result == OUTCOME_SUCCESS)
        print_report(request, &block);
    block_case_free(&block, &account);
    return result;
}

outcome command_generate(int argc, char **argv) {
    generate_request request = {.sizes.kernel = {3, 3}};
    const option options[] = {
        OPTIONS_OF_SIZES(request.sizes),
        {"seed", "S", "number that decides the values (default 0)", parse_seed, &request.seed,
         false},
        OPTION_DTYPE(request.sizes.type),
        {"out", "DIR", "folder to write to; made if missing", parse_text, &request.folder, true},
    };
    command_line line;
    outcome result;

    result = options_parse(&PAGE, options, sizeof options / sizeof options[0], argc, argv, &line);
    if (result == OUTCOME_SUCCESS && !line.help)
        result = generate(&request);
    command_line_free(&line);
    return result;
}
