/* For as long as not every backend has residual blocks: delete this file, and its uses, when all do. */
#ifndef DENSEBLOCK_TESTS_LACKS_RESIDUAL_H
#define DENSEBLOCK_TESTS_LACKS_RESIDUAL_H

#include <stdio.h>

#include "suite.h"

/* Says so where the backend has none. */
static inline bool lacks_residual(denseblock_backend backend) {
    const denseblock_residual_desc desc = {
        .height = 1, .width = 1, .channels = 1, .kernel_height = 1, .kernel_width = 1};
    denseblock_plan *plan;
    const denseblock_status status = denseblock_residual_plan_create(&desc, backend, NULL, &plan);
    denseblock_plan_destroy(plan);
    if (status != DENSEBLOCK_UNSUPPORTED)
        return false;
    printf("SKIP: %s\n", denseblock_last_error());
    return true;
}

#endif
