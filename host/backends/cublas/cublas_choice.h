/* Which algorithm and which groups of layers a plan of the cublas backend has. */
#ifndef DENSEBLOCK_HOST_CUBLAS_CHOICE_H
#define DENSEBLOCK_HOST_CUBLAS_CHOICE_H

#include "block/plan.h"

/* Lays out what is cheapest by a model among all that the options and the type allow and whose
 * workspace is within the limit: see dblk_groups_choose. */
denseblock_status dblk_cublas_choose(denseblock_plan *plan,
                                     const denseblock_plan_options *options);

#endif
