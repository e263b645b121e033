/* Tensors of random numbers. */
#ifndef TOOL_RANDOM_TENSOR_H
#define TOOL_RANDOM_TENSOR_H

#include "arrays.h"
#include "denseblock.h"
#include "failure.h"
#include "random.h"

/* An array as of array_allocate, uniform in [-bound, bound). */
outcome random_tensor(denseblock_type type, const int64_t shape[4], random_stream stream,
                      double bound, ledger *account, denseblock_array *array);

/* sqrt(6 / (kh*kw*C)): a kernel [kh,kw,C,g] that is uniform within it keeps the size of features
 * after a ReLU (He et al. 2015, arXiv 1502.01852). */
double kernel_bound(const int64_t shape[4]);

#endif
