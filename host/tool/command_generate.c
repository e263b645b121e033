/* denseblock generate: writes a random case. */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "arrays.h"
#include "generated_case.h"
#include "kernel_files.h"
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
    type_choice type;
    int64_t seed;
    const char *folder;
} generate_request;

static outcome make_folder(const char *folder, int64_t layer_count) {
    if (mkdir(folder, 0777) == 0)
        return OUTCOME_SUCCESS;
    if (errno != EEXIST)
        return fail_input("%s cannot be made: %s", folder, strerror(errno));
    return kernel_files_refuse_stale(folder, layer_count);
}

/* bf16 has no .npy type: the rounded values are stored as f32. */
static outcome write_array(const char *path, denseblock_array *array, ledger *account) {
    outcome result = OUTCOME_SUCCESS;

    if (path == NULL)
        return fail_out_of_memory();
    if (array->type == DENSEBLOCK_BF16)
        result = array_convert(array, DENSEBLOCK_F32, account);
    if (result == OUTCOME_SUCCESS) {
        const denseblock_status status = denseblock_npy_write(path, array);

        if (status != DENSEBLOCK_OK)
            result = fail_status(status, NULL);
    }
    return result;
}

static outcome write_input(const char *folder, denseblock_array *input, ledger *account) {
    char *path = NULL;
    outcome result;

    if (asprintf(&path, "%s/input.npy", folder) == -1)
        path = NULL;
    result = write_array(path, input, account);
    free(path);
    return result;
}

static outcome write_case(const char *folder, block_case *block, ledger *account) {
    outcome result = write_input(folder, &block->input, account);

    for (int64_t l = 0; result == OUTCOME_SUCCESS && l < block->desc.layer_count; l++) {
        char *path = kernel_file_path(folder, l);

        result = write_array(path, &block->kernels[l], account);
        free(path);
    }
    return result;
}

static void print_report(const generate_request *request, const block_case *block) {
    char shape[SHAPE_TEXT_SIZE];
    char layers[LAYERS_TEXT_SIZE];

    (void)printf("%-10s  %s\n", "folder", request->folder);
    (void)printf("%-10s  %s %s%s\n", "input", shape_text(4, block->input.shape, shape),
                 denseblock_type_name(block->desc.type),
                 block->desc.type == DENSEBLOCK_BF16 ? ", stored as f32" : "");
    (void)printf("%-10s  %s\n", "block", layers_text(&block->desc, layers));
    (void)printf("%-10s  %lld\n", "seed", (long long)request->seed);
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
    generate_request request = {.sizes.kernel = {3, 3}, .type.type = DENSEBLOCK_F32};
    const option options[] = {
        {"shape", "N,H,W,C", "sizes of the input", parse_shape, &request.sizes.shape, true},
        {"layers", "L", "number of layers", parse_layers, &request.sizes.layers, true},
        {"growth", "G", "channels that each layer adds", parse_growth, &request.sizes.growth,
         true},
        {"kernel", "KHxKW", "kernel size (default 3x3)", parse_kernel_size, &request.sizes.kernel,
         false},
        {"seed", "S", "number that decides the values (default 0)", parse_seed, &request.seed,
         false},
        {"dtype", "T", "f32 (default), f64, f16 or bf16", parse_type, &request.type, false},
        {"out", "DIR", "folder to write to; made if missing", parse_text, &request.folder, true},
    };
    command_line line;
    outcome result;

    result = options_parse(&PAGE, options, sizeof options / sizeof options[0], argc, argv, &line);
    request.sizes.type = request.type.type;
    if (result == OUTCOME_SUCCESS && !line.help)
        result = generate(&request);
    command_line_free(&line);
    return result;
}
