#include "arrays.h"

#include <sys/mman.h>

#include <stdlib.h>
#include <string.h>

#include "geometry.h"

void ledger_add(ledger *account, size_t bytes) {
    account->held += bytes;
    if (account->held > account->peak)
        account->peak = account->held;
}

void ledger_remove(ledger *account, size_t bytes) {
    account->held -= bytes;
}

/* Large blocks ask for large pages: the processor then finds their addresses faster. */
outcome allocate_aligned(size_t bytes, void **memory) {
    const size_t large_page = (size_t)2 << 20;
    const size_t alignment = bytes < large_page ? (size_t)DENSEBLOCK_ALIGNMENT : large_page;
    /* aligned_alloc takes multiples of the alignment only, and may answer 0 bytes with NULL. */
    const size_t whole = bytes <= SIZE_MAX - alignment ? bytes / alignment + 1 : 0;

    *memory = whole > 0 ? aligned_alloc(alignment, whole * alignment) : NULL;
    if (*memory == NULL)
        return fail_machine("out of memory: %zu bytes could not be had", bytes);
    if (alignment == large_page)
        (void)madvise(*memory, whole * alignment, MADV_HUGEPAGE); /* a wish */
    return OUTCOME_SUCCESS;
}

size_t array_bytes(const denseblock_array *array) {
    return denseblock_array_count(array) * denseblock_type_size(array->type);
}

outcome array_allocate(denseblock_type type, const int64_t shape[4], ledger *account,
                       denseblock_array *array) {
    outcome result;

    *array = (denseblock_array){.type = type, .rank = 4};
    memcpy(array->shape, shape, 4 * sizeof shape[0]);
    result = allocate_aligned(array_bytes(array), &array->data);
    if (result == OUTCOME_SUCCESS)
        ledger_add(account, array_bytes(array));
    else
        *array = (denseblock_array){0};
    return result;
}

outcome y_allocate(const denseblock_desc *desc, ledger *account, denseblock_array *y) {
    int64_t shape[4];

    output_shape(desc, shape);
    return array_allocate(desc->type, shape, account, y);
}

outcome array_convert(denseblock_array *array, denseblock_type type, ledger *account) {
    denseblock_array converted;
    outcome result;

    if (array->type == type)
        return OUTCOME_SUCCESS;
    result = array_allocate(type, array->shape, account, &converted);
    if (result != OUTCOME_SUCCESS)
        return result;
    denseblock_convert(type, converted.data, array->type, array->data,
                       denseblock_array_count(array));
    array_release(array, account);
    *array = converted;
    return OUTCOME_SUCCESS;
}

void array_release(denseblock_array *array, ledger *account) {
    if (array->data != NULL)
        ledger_remove(account, array_bytes(array));
    denseblock_array_free(array);
}

void copy_channels(denseblock_array *target, const denseblock_array *source, int64_t channels) {
    const size_t size = denseblock_type_size(source->type);
    const size_t bytes = (size_t)channels * size;
    const size_t target_stride = (size_t)target->shape[3] * size;
    const size_t source_stride = (size_t)source->shape[3] * size;
    const int64_t pixels = source->shape[0] * source->shape[1] * source->shape[2];
    const char *from = source->data;
    char *to = target->data;

    for (int64_t i = 0; i < pixels; i++) {
        memcpy(to, from, bytes);
        from += source_stride;
        to += target_stride;
    }
}
