/* How plans of the backends of GPUs choose groups of layers (backends/algorithm.h), their
 * algorithms and the slices of the batch: by what a model of the backend says that they take. */
#ifndef DENSEBLOCK_HOST_GROUP_CHOICE_H
#define DENSEBLOCK_HOST_GROUP_CHOICE_H

#include "block/plan.h"

/* Layers that are computed together. */
struct dblk_group_form {
    int64_t first, size;
    denseblock_algorithm algorithm; /* never AUTO */
};

/* What a backend knows of its groups. Costs are microseconds of the whole batch. */
struct dblk_group_rules {
    double launch;       /* what a layer of a slice takes at the least */
    int64_t most_direct; /* layers of a direct group */

    bool (*allows)(const denseblock_plan *plan, const denseblock_plan_options *options,
                   denseblock_algorithm algorithm);

    /* Begins anew: slices have plan->slice_images images, Winograd groups, if there are any, that
     * algorithm; DIRECT: there are none. False where not even the smallest groups have room. */
    bool (*begin)(denseblock_plan *plan, const denseblock_plan_options *options,
                  denseblock_algorithm winograd);

    /* The layers become a group. */
    void (*form)(const denseblock_plan *plan, struct dblk_group_form form);

    /* Chooses how layer l is computed, whose group is there; what that takes. INFINITY where the
     * workspace has no room. It depends on nothing but what `begin` was told and the group; and, so
     * nearly that the choice goes by it, not on how many layers follow there, unless l is the
     * first. */
    double (*layer_cost)(const denseblock_plan *plan, int64_t l);

    /* What Winograd layers after layer l have to have done with its output, or, of layer -1, with
     * the block's input. */
    double (*keep_cost)(const denseblock_plan *plan, int64_t l);

    /* All layers are in groups, and their costs were asked for. Sets plan->workspace_bytes; false
     * where it overflows. */
    bool (*finish)(denseblock_plan *plan);
};

/* Lays out what is cheapest among all that the options allow and that is within the workspace
 * limit. If nothing is, what needs little of it: plan->workspace_bytes is larger then, SIZE_MAX
 * where it overflows. DENSEBLOCK_OUT_OF_MEMORY. */
denseblock_status dblk_groups_choose(denseblock_plan *plan,
                                     const denseblock_plan_options *options,
                                     const struct dblk_group_rules *rules);

#endif
