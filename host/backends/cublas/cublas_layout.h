/* Sizes of what a plan of the cublas backend needs beside y, and how its groups are laid out. */
#ifndef DENSEBLOCK_HOST_CUBLAS_LAYOUT_H
#define DENSEBLOCK_HOST_CUBLAS_LAYOUT_H

#include "backends/cublas/cublas_plan.h"
#include "backends/group_choice.h"

/* begin, form and finish of struct dblk_group_rules. */
bool dblk_cublas_begin(denseblock_plan *plan, const denseblock_plan_options *options,
                       denseblock_algorithm winograd);
void dblk_cublas_form(const denseblock_plan *plan, struct dblk_group_form form);
bool dblk_cublas_finish(denseblock_plan *plan);

/* Whether what layer l's group needs has room; of a direct layer sets how many pixels go through it
 * at a time. */
bool dblk_cublas_has_room(const denseblock_plan *plan, int64_t l);

/* Sets plan->weights_bytes and the layers' offsets in them; false where that overflows. */
bool dblk_cublas_lay_out_weights(denseblock_plan *plan);

#endif
