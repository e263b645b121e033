/* Cases made of random numbers, the same for the same seed on every machine. */
#ifndef TOOL_GENERATED_CASE_H
#define TOOL_GENERATED_CASE_H

#include <stdbool.h>
#include <stdint.h>

#include "block_case.h"
#include "failure.h"
#include "parse.h"

/* What --shape, --layers, --growth, --kernel, --seed and --dtype ask for. */
typedef struct uniform_block {
    block_shape shape;
    int64_t layers;
    int64_t growth;
    kernel_size kernel;
    type_choice type;
} uniform_block;

/* Makes x uniform in [-1,1) and the kernels uniform within kernel_bound. Every tensor has a random
 * stream of its own: adding layers does not change the earlier ones. No tensor is
 * allocated before a plan has accepted the block's sizes.
 *
 *   block   receives the case, for block_case_free, whatever the outcome */
outcome generate_uniform(const uniform_block *sizes, uint64_t seed, ledger *account,
                         block_case *block);

/* A small block whose sizes are drawn too: empty batches, growth from a channel to several vectors,
 * all kernels 3x3 in half of the blocks and of even and uneven sizes in the others; in one block of
 * eight x holds NaN and infinities.
 *
 *   only_3x3   all kernels of all blocks are 3x3, as Winograd algorithms need them */
outcome generate_random(uint64_t seed, const type_choice *type, bool only_3x3, ledger *account,
                        block_case *block);

#endif
