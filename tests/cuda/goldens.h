/* Golden cases on the tested backend. */
#ifndef DENSEBLOCK_TESTS_GOLDENS_H
#define DENSEBLOCK_TESTS_GOLDENS_H

#include "denseblock.h"

struct golden_choice {
    bool residual;                              /* those of residual blocks, else of dense ones */
    bool (*suits)(const denseblock_desc *desc); /* NULL: all */
    denseblock_arithmetic of_f32;               /* where they are f32 */
    const denseblock_plan_options *options;
};

/* Runs those chosen, with x apart and in place, and compares. Returns how many. */
int check_goldens(const struct golden_choice *choice);

#endif
