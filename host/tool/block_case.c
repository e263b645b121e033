#include "block_case.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "minmax.h"
#include "png_reader.h"
#include "text.h"

/* Elements looked at together. */
enum { CHUNK = 1024 };

outcome block_case_reserve(int64_t layer_count, block_case *block) {
    /* calloc may answer 0 elements with NULL. */
    const size_t count = layer_count > 0 ? (size_t)layer_count : 1;

    *block = (block_case){0};
    block->layers = calloc(count, sizeof *block->layers);
    block->kernels = calloc(count, sizeof *block->kernels);
    block->kernel_data = calloc(count, sizeof *block->kernel_data);
    if (block->layers == NULL || block->kernels == NULL || block->kernel_data == NULL)
        return fail_out_of_memory();
    block->desc.layer_count = layer_count;
    block->desc.layers = block->layers;
    return OUTCOME_SUCCESS;
}

/* What a file is by its first bytes, whatever its name. */
typedef enum file_format { FORMAT_NPY, FORMAT_PNG, FORMAT_UNKNOWN } file_format;

static file_format format_of(const char *path) {
    static const char png[] = "\x89PNG\r\n\x1a\n";
    static const char npy[] = "\x93NUMPY";
    char bytes[sizeof png - 1];
    struct stat status;
    bool whole;
    FILE *file;

    /* What cannot be opened, pipes, and what is too short for either are left to the .npy reader
     * and its messages. */
    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode))
        return FORMAT_NPY;
    file = fopen(path, "rb");
    if (file == NULL)
        return FORMAT_NPY;
    whole = fread(bytes, 1, sizeof bytes, file) == sizeof bytes;
    (void)fclose(file); /* nothing was written */
    if (!whole || memcmp(bytes, npy, sizeof npy - 1) == 0)
        return FORMAT_NPY;
    return memcmp(bytes, png, sizeof bytes) == 0 ? FORMAT_PNG : FORMAT_UNKNOWN;
}

static outcome read_npy(const char *path, denseblock_array *array) {
    const denseblock_status status = denseblock_npy_read(path, array);

    return outcome_of(status);
}

static outcome read_by_format(const char *path, denseblock_array *array) {
    switch (format_of(path)) {
    case FORMAT_NPY:
        return read_npy(path, array);
    case FORMAT_PNG:
        return png_reader_read(path, array);
    case FORMAT_UNKNOWN:
        break;
    }
    return fail_input("%s is neither a .npy nor a PNG file", path);
}

static outcome read_input(const char *path, ledger *account, denseblock_array *input) {
    static const char *const names[] = {"batch", "height", "width", "channel count"};
    const outcome result = read_by_format(path, input);
    char shape[SHAPE_TEXT_SIZE];

    if (result != OUTCOME_SUCCESS)
        return result;
    if (input->data != NULL)
        ledger_add(account, array_bytes(input));
    if (input->rank != 4)
        return fail_input("%s has the shape %s: the input needs four dimensions N,H,W,C", path,
                          shape_text(input->rank, input->shape, shape));
    for (int i = 1; i < 4; i++) {
        if (input->shape[i] == 0)
            return fail_input("%s has the shape %s: the %s must be at least 1", path,
                              shape_text(4, input->shape, shape), names[i]);
    }
    return OUTCOME_SUCCESS;
}

static outcome check_kernel_shape(const denseblock_array *kernel, const char *path, int64_t layer,
                                  int64_t channels) {
    char shape[SHAPE_TEXT_SIZE];

    (void)shape_text(kernel->rank, kernel->shape, shape);
    if (kernel->rank != 4)
        return fail_input("%s has the shape %s: a kernel needs four dimensions, height, width, "
                          "input channels, output channels",
                          path, shape);
    if (kernel->shape[0] == 0 || kernel->shape[1] == 0 || kernel->shape[3] == 0)
        return fail_input("%s has the shape %s: height, width and output channels of a kernel "
                          "must be at least 1",
                          path, shape);
    if (kernel->shape[2] != channels)
        return fail_input("%s has the shape %s, with %" PRId64 " input channels: layer %" PRId64
                          " reads %" PRId64,
                          path, shape, kernel->shape[2], layer, channels);
    return OUTCOME_SUCCESS;
}

/* The library refuses such values too, but does not know the file. */
static outcome check_finite(const denseblock_array *kernel, const char *path, int64_t layer) {
    const char *elements = kernel->data;
    const size_t size = denseblock_type_size(kernel->type);
    const size_t count = denseblock_array_count(kernel);
    const int64_t *shape = kernel->shape;
    double values[CHUNK];

    for (size_t first = 0; first < count; first += CHUNK) {
        const size_t length = smaller(count - first, CHUNK);

        denseblock_convert(DENSEBLOCK_F64, values, kernel->type, elements + first * size, length);
        for (size_t i = 0; i < length; i++) {
            const int64_t at = (int64_t)(first + i);

            if (!isfinite(values[i]))
                return fail_input("%s: layer %" PRId64 ": the value at [%" PRId64 ",%" PRId64
                                  ",%" PRId64 ",%" PRId64 "] is %g as %s: kernels must be finite",
                                  path, layer, at / shape[3] / shape[2] / shape[1],
                                  at / shape[3] / shape[2] % shape[1], at / shape[3] % shape[2],
                                  at % shape[3], values[i], denseblock_type_name(kernel->type));
        }
    }
    return OUTCOME_SUCCESS;
}

static outcome read_kernel(const char *path, int64_t layer, int64_t channels,
                           const type_choice *type, ledger *account, denseblock_array *kernel) {
    outcome result = read_npy(path, kernel);

    if (result != OUTCOME_SUCCESS)
        return result;
    if (kernel->data != NULL)
        ledger_add(account, array_bytes(kernel));
    result = check_kernel_shape(kernel, path, layer, channels);
    if (result == OUTCOME_SUCCESS && type->given)
        result = array_convert(kernel, type->type, account);
    if (result == OUTCOME_SUCCESS)
        result = check_finite(kernel, path, layer);
    return result;
}

/* Without --dtype, the input decides. */
static outcome check_same_type(const char *input_path, const denseblock_array *input,
                               const char *kernel_path, const denseblock_array *kernel) {
    if (kernel->type == input->type)
        return OUTCOME_SUCCESS;
    return fail_input("%s holds %s and %s holds %s: add --dtype %s to convert both", kernel_path,
                      denseblock_type_name(kernel->type), input_path,
                      denseblock_type_name(input->type), denseblock_type_name(input->type));
}

outcome block_case_load(const char *input, const kernel_files *files, const type_choice *type,
                        ledger *account, block_case *block) {
    int64_t channels;
    outcome result;

    result = block_case_reserve((int64_t)files->count, block);
    if (result == OUTCOME_SUCCESS)
        result = read_input(input, account, &block->input);
    if (result == OUTCOME_SUCCESS && type->given)
        result = array_convert(&block->input, type->type, account);
    if (result != OUTCOME_SUCCESS)
        return result;
    block->desc.batch = block->input.shape[0];
    block->desc.height = block->input.shape[1];
    block->desc.width = block->input.shape[2];
    block->desc.channels = block->input.shape[3];
    block->desc.type = block->input.type;
    block->desc.arithmetic = type->arithmetic;

    channels = block->desc.channels;
    for (size_t l = 0; l < files->count; l++) {
        denseblock_array *const kernel = &block->kernels[l];

        result = read_kernel(files->paths[l], (int64_t)l, channels, type, account, kernel);
        if (result == OUTCOME_SUCCESS)
            result = check_same_type(input, &block->input, files->paths[l], kernel);
        if (result != OUTCOME_SUCCESS)
            return result;
        block->kernel_data[l] = kernel->data;
        block->layers[l] = (denseblock_layer){.kernel_height = kernel->shape[0],
                                              .kernel_width = kernel->shape[1],
                                              .growth = kernel->shape[3]};
        channels += kernel->shape[3];
    }
    return OUTCOME_SUCCESS;
}

void block_case_free(block_case *block, ledger *account) {
    for (int64_t l = 0; block->kernels != NULL && l < block->desc.layer_count; l++)
        array_release(&block->kernels[l], account);
    array_release(&block->input, account);
    free(block->layers);
    free(block->kernels);
    free(block->kernel_data);
    *block = (block_case){0};
}
