/* In what a residual block is made equal to the dense block that it is compared with. */
#ifndef TOOL_COMPARE_MATCH_H
#define TOOL_COMPARE_MATCH_H

#include "denseblock.h"
#include "parse.h"

typedef enum match {
    MATCH_CHANNELS,   /* it has the channels of the dense block's output */
    MATCH_PARAMETERS, /* as many parameters as can be */
    MATCH_OPERATIONS  /* as many operations: on equal planes every parameter is used once for each
                         pixel, so that it is the block of MATCH_PARAMETERS */
} match;

option_parser parse_match; /* "channels", "parameters", "operations": match */

const char *match_name(match matched);

/* Of all kernels. Exact up to 2^53. */
double parameter_count(const denseblock_desc *desc);
double residual_parameter_count(const denseblock_residual_desc *desc);

/* The residual block of as many convolutions, on the same planes and of the same kernel size: the
 * dense block is uniform, its number of layers even, and a plan has accepted it. Its number of
 * channels is at least 1, and both convolutions of a unit have the same. */
denseblock_residual_desc matched_residual(const denseblock_desc *dense, match matched);

#endif
