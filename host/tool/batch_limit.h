/* How large a batch a limit on memory allows. */
#ifndef TOOL_BATCH_LIMIT_H
#define TOOL_BATCH_LIMIT_H

#include "concatenation.h"
#include "denseblock.h"
#include "failure.h"

/* Finds a batch that fits, while one image more does not, by the formula of the peak and the plans
 * of such batches; a workspace need not grow evenly: there may be larger ones which fit again.
 *
 *   desc    its batch is not looked at
 *   batch   receives it; 0: not even one image fits */
outcome largest_batch(const denseblock_desc *desc, denseblock_backend backend,
                      const denseblock_plan_options *options, concatenation how, size_t limit,
                      int64_t *batch);

#endif
