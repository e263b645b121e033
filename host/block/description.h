/* The text of denseblock_plan_describe. */
#ifndef DENSEBLOCK_HOST_DESCRIPTION_H
#define DENSEBLOCK_HOST_DESCRIPTION_H

#include "block/plan.h"

/* Sets plan->description, memory of malloc. DENSEBLOCK_OUT_OF_MEMORY. */
denseblock_status dblk_description_make(denseblock_plan *plan);

#endif
