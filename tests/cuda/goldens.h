/* Golden cases on the tested backend. */
#ifndef DENSEBLOCK_TESTS_GOLDENS_H
#define DENSEBLOCK_TESTS_GOLDENS_H

#include "denseblock.h"

/* Runs those that suit (NULL: all), f32 in that arithmetic, with x apart and in place, and compares.
 * Returns how many. */
int check_goldens(bool (*suits)(const denseblock_desc *desc), denseblock_arithmetic of_f32,
                  const denseblock_plan_options *options);

#endif
