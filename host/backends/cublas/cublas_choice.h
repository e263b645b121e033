/* Which algorithm and which groups of layers a plan of the cublas backend has. */
#ifndef DENSEBLOCK_HOST_CUBLAS_CHOICE_H
#define DENSEBLOCK_HOST_CUBLAS_CHOICE_H

#include "block/plan.h"

/* Lays out the candidate that is cheapest by a model among those that the options and the type allow
 * and whose workspace is within the limit. If there is none, the one that needs least of it. */
void dblk_cublas_choose(denseblock_plan *plan, const denseblock_plan_options *options);

#endif
