/* One direct convolution, random in all that a layer of a block may ask of it. */
#ifndef DENSEBLOCK_TESTS_DIRECT_CASE_H
#define DENSEBLOCK_TESTS_DIRECT_CASE_H

#include "denseblock.h"
#include "direct.h"
#include "tensor.h"

enum { CASE_LAYERS = 3 };

struct direct_case {
    uint64_t seed;
    struct dblk_direct_convolution convolution; /* pointers are set when it runs */

    /* The layers whose outputs are its columns: the kernels K[kh,kw,kernel_channels,growth], of
     * which the channels from kernel_first on are packed. */
    int layers;
    int64_t growth[CASE_LAYERS], column[CASE_LAYERS];
    int64_t kernel_channels, kernel_first;

    int special_values; /* NaN and Inf among the features */

    bool on_tensor_cores; /* in this way */
    struct dblk_tensor_way way;
};

/* A small one. */
struct direct_case random_direct_case(uint64_t seed, denseblock_type type);

/* A layer with 16 channels and so many outputs, and nothing out of the ordinary. */
struct direct_case plain_direct_case(denseblock_type type, int64_t images, int64_t height,
                                     int64_t width, int64_t kernel, int64_t columns);

/* One on tensor cores. */
struct direct_case random_tensor_case(uint64_t seed, enum dblk_tensor_form form,
                                      enum dblk_tensor_instructions instructions);

/* Runs it, and compares every element of y and of the sums: those that it computes with plain loops,
 * those that are padding with nothing, and all others with what they were. */
void check_direct_case(const struct direct_case *c);

#endif
