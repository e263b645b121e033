/* The choice of algorithms and groups. */
#ifndef DENSEBLOCK_HOST_CHOICE_H
#define DENSEBLOCK_HOST_CHOICE_H

#include "backends/cpu/cpu_plan.h"

/* Sets winograd and the layers' algorithms and groups: what the options ask for, and beyond that
 * what seems fastest. With `direct_only`, no Winograd whatever they ask for. It looks at the block
 * and the processor, not at the number of threads, so that results do not depend on that. */
void dblk_cpu_choose(const denseblock_plan *plan, const denseblock_plan_options *options,
                     bool direct_only, struct dblk_cpu_plan *cpu);

#endif
