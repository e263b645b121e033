#include "elements/elements.h"

#include <string.h>

#include "elements/small_float.h"
#include "status/fail.h"

static const struct {
    const char *name;
    size_t size;
} types[] = {
    [DENSEBLOCK_F32] = {"f32", 4},
    [DENSEBLOCK_F64] = {"f64", 8},
    [DENSEBLOCK_F16] = {"f16", 2},
    [DENSEBLOCK_BF16] = {"bf16", 2},
};

enum { TYPE_COUNT = sizeof types / sizeof types[0] };

size_t denseblock_type_size(denseblock_type type) {
    return (unsigned)type < TYPE_COUNT ? types[type].size : 0;
}

const char *denseblock_type_name(denseblock_type type) {
    return (unsigned)type < TYPE_COUNT ? types[type].name : "unknown type";
}

denseblock_status denseblock_type_from_name(const char *name, denseblock_type *type) {
    if (name == NULL || type == NULL)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,
                         "denseblock_type_from_name: a NULL pointer");
    *type = DENSEBLOCK_F32;
    for (int i = 0; i < TYPE_COUNT; i++)
        if (strcmp(name, types[i].name) == 0) {
            *type = (denseblock_type)i;
            return DENSEBLOCK_OK;
        }
    return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,
                     "no element type '%s': there are f32, f64, f16 and bf16", name);
}

double dblk_element_load(denseblock_type type, const void *array, size_t index) {
    switch (type) {
    case DENSEBLOCK_F32:
        return (double)((const float *)array)[index];
    case DENSEBLOCK_F64:
        return ((const double *)array)[index];
    case DENSEBLOCK_F16:
        return dblk_small_float_widen(&dblk_f16, ((const uint16_t *)array)[index]);
    case DENSEBLOCK_BF16:
        return dblk_small_float_widen(&dblk_bf16, ((const uint16_t *)array)[index]);
    }
    return 0;
}

void dblk_element_store(denseblock_type type, void *array, size_t index, double value) {
    switch (type) {
    case DENSEBLOCK_F32:
        ((float *)array)[index] = (float)value;
        break;
    case DENSEBLOCK_F64:
        ((double *)array)[index] = value;
        break;
    case DENSEBLOCK_F16:
        ((uint16_t *)array)[index] = dblk_small_float_round(&dblk_f16, value);
        break;
    case DENSEBLOCK_BF16:
        ((uint16_t *)array)[index] = dblk_small_float_round(&dblk_bf16, value);
        break;
    }
}

void denseblock_convert(denseblock_type dst_type, void *dst, denseblock_type src_type,
                        const void *src, size_t count) {
    if (count == 0 || (dst_type == src_type && dst == src))
        return;
    if (dst_type == src_type) {
        memcpy(dst, src, count * denseblock_type_size(src_type));
        return;
    }
    for (size_t i = 0; i < count; i++)
        dblk_element_store(dst_type, dst, i, dblk_element_load(src_type, src, i));
}
