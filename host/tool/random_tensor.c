#include "random_tensor.h"

#include <math.h>

#include "minmax.h"

/* Elements made in double before they are rounded to their type. */
enum { CHUNK = 1024 };

static void fill(denseblock_array *array, random_stream stream, double bound) {
    const size_t size = denseblock_type_size(array->type);
    const size_t count = denseblock_array_count(array);
    char *elements = array->data;
    double values[CHUNK];

    for (size_t first = 0; first < count; first += CHUNK) {
        const size_t length = smaller(count - first, CHUNK);

        for (size_t i = 0; i < length; i++)
            values[i] = bound * random_signed(&stream);
        denseblock_convert(array->type, elements + first * size, DENSEBLOCK_F64, values, length);
    }
}

outcome random_tensor(denseblock_type type, const int64_t shape[4], random_stream stream,
                      double bound, ledger *account, denseblock_array *array) {
    const outcome result = array_allocate(type, shape, account, array);

    if (result == OUTCOME_SUCCESS)
        fill(array, stream, bound);
    return result;
}

double kernel_bound(const int64_t shape[4]) {
    return sqrt(6.0 / ((double)shape[0] * (double)shape[1] * (double)shape[2]));
}
