/* Single elements of tensors, whatever their type. f64 holds every value of the other types. */
#ifndef DENSEBLOCK_HOST_ELEMENTS_H
#define DENSEBLOCK_HOST_ELEMENTS_H

#include "denseblock.h"

/* Element `index` of an array. */
double dblk_element_load(denseblock_type type, const void *array, size_t index);

/* Rounds to nearest, ties to even; what is too large becomes Inf, NaN stays NaN. */
void dblk_element_store(denseblock_type type, void *array, size_t index, double value);

#endif
