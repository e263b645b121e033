/* Feeds the reader of .npy files whatever libFuzzer invents. A sanitizer finds what it does to
 * memory; the limits of run.sh find memory taken on a header's word. What is checked here: an
 * array that was accepted is the same after its header was written and read again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "denseblock.h"
#include "files/npy_header.h"
#include "files/npy_read.h"

/* libFuzzer takes an abort for a finding. */
static void require(bool holds, const char *what) {
    if (holds)
        return;
    (void)fprintf(stderr, "npy_fuzz: %s\n", what);
    abort();
}

static void check_round_trip(const denseblock_array *array) {
    enum { PREFIX = 10 }; /* of version 1.0, which is what is written */
    char header[DBLK_NPY_HEADER_MOST];
    const size_t length = dblk_npy_header_write(array, header);
    require(length % 64 == 0, "the header is not aligned");

    denseblock_array again = {0};
    const denseblock_status status =
        dblk_npy_header_parse("written", header + PREFIX, length - PREFIX, &again);
    require(status == DENSEBLOCK_OK, "the header that was written is not accepted");
    require(again.type == array->type && again.rank == array->rank, "another type or rank");
    for (int d = 0; d < array->rank; d++)
        require(again.shape[d] == array->shape[d], "another shape");
}

/* Sizes beside a zero must be sane too. */
static size_t count_bytes(const denseblock_array *array) {
    size_t bytes = denseblock_type_size(array->type);
    bool empty = false;
    for (int d = 0; d < array->rank; d++) {
        require(array->shape[d] >= 0, "a negative size");
        empty = empty || array->shape[d] == 0;
        if (array->shape[d] > 0)
            require(!__builtin_mul_overflow(bytes, (size_t)array->shape[d], &bytes),
                    "a shape whose product overflows");
    }
    return empty ? 0 : bytes;
}

static void check_array(const denseblock_array *array, size_t file_size) {
    const size_t bytes = count_bytes(array);
    require(bytes == denseblock_array_count(array) * denseblock_type_size(array->type),
            "denseblock_array_count");
    require(bytes <= file_size, "the array is larger than the file");
    require((array->data != NULL) == (bytes > 0), "data without a size, or a size without data");
    volatile unsigned char last = 0; /* all of the data is there to be read */
    for (size_t i = 0; i < bytes; i++)
        last = ((const unsigned char *)array->data)[i];
    (void)last;
    check_round_trip(array);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
    if (size == 0) /* fmemopen refuses it */
        return 0;
    void *copy = malloc(size); /* fmemopen takes no const */
    require(copy != NULL, "malloc failed");
    memcpy(copy, data, size);
    FILE *file = fmemopen(copy, size, "rb");
    require(file != NULL, "fmemopen failed");
    denseblock_array array;
    const denseblock_status status = dblk_npy_read(file, size, "fuzz", &array);
    if (status == DENSEBLOCK_OK) {
        check_array(&array, size);
    } else {
        require(array.data == NULL, "an array is left after an error");
        require(denseblock_last_error()[0] != 0, "an error without a message");
    }
    denseblock_array_free(&array);
    (void)fclose(file); /* only read from */
    free(copy);
    return 0;
}
