#include <errno.h>
#include <string.h>

#include "files/npy_header.h"
#include "files/output.h"
#include "status/fail.h"

static denseblock_status check_array(const denseblock_array *array) {
    if (array == NULL)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT, "the array to write is NULL");
    if (array->type == DENSEBLOCK_BF16)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,
                         ".npy files cannot hold bf16: convert the array to f32");
    if (denseblock_type_size(array->type) == 0)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT, "element type %d is none",
                         (int)array->type);
    if (array->rank < 0 || array->rank > DENSEBLOCK_MAX_RANK)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT, "an array of rank %d: it must be 0 to %d",
                         array->rank, DENSEBLOCK_MAX_RANK);
    for (int d = 0; d < array->rank; d++)
        if (array->shape[d] < 0)
            return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT, "the array has a negative size");
    size_t bytes;
    if (!dblk_array_bytes(array, &bytes))
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,
                         "the array's shape overflows: its product is too large");
    if (bytes > 0 && array->data == NULL)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT, "the array's data is NULL");
    return DENSEBLOCK_OK;
}

denseblock_status denseblock_output_npy(denseblock_output *output,
                                        const denseblock_array *array) {
    if (output == NULL)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT, "denseblock_output_npy: output is NULL");
    const denseblock_status status = check_array(array);
    if (status != DENSEBLOCK_OK)
        return status;
    char header[DBLK_NPY_HEADER_MOST];
    const size_t length = dblk_npy_header_write(array, header);
    const size_t bytes = denseblock_array_count(array) * denseblock_type_size(array->type);
    FILE *stream = denseblock_output_stream(output);
    if (fwrite(header, 1, length, stream) != length ||
        (bytes > 0 && fwrite(array->data, 1, bytes, stream) != bytes))
        return dblk_fail(DENSEBLOCK_IO_FAILED, "%s: writing %zu bytes failed: %s",
                         dblk_output_path(output), length + bytes, strerror(errno));
    return DENSEBLOCK_OK;
}

denseblock_status denseblock_npy_write(const char *path, const denseblock_array *array) {
    denseblock_output *output = NULL;
    denseblock_status status = check_array(array);
    if (status == DENSEBLOCK_OK)
        status = denseblock_output_open(path, &output);
    if (status == DENSEBLOCK_OK)
        status = denseblock_output_npy(output, array);
    if (status == DENSEBLOCK_OK)
        return denseblock_output_commit(output);
    denseblock_output_discard(output);
    return status;
}
