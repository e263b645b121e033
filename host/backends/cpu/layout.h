/* The sizes and offsets of what a plan of the cpu backend keeps in memory. */
#ifndef DENSEBLOCK_HOST_LAYOUT_H
#define DENSEBLOCK_HOST_LAYOUT_H

#include "backends/cpu/cpu_plan.h"

/* Sets the offsets in the prepared weights, and plan->weights_bytes. False on overflow. */
bool dblk_cpu_lay_out_weights(denseblock_plan *plan, struct dblk_cpu_plan *cpu);

/* Chooses slices or steps, and lays out the workspace for them: plan->slice_images, step_rows,
 * delays, workspace_bytes, and thread_count, which is less than `thread_count` if so many do not fit
 * in `limit`. False if one thread does not fit; workspace_bytes is then what it takes, or SIZE_MAX. */
bool dblk_cpu_lay_out_workspace(denseblock_plan *plan, int thread_count, size_t limit,
                                struct dblk_cpu_plan *cpu);

#endif
