/* How a plan chooses among algorithms and sizes of groups, for the backends of GPUs. */
#ifndef DENSEBLOCK_HOST_CANDIDATES_H
#define DENSEBLOCK_HOST_CANDIDATES_H

#include "denseblock.h"

/* One way to run the block. */
struct dblk_candidate {
    denseblock_algorithm algorithm; /* of 3x3 layers; the others are direct */
    int64_t group_size;             /* at most; 0, of direct layers only: as the backend likes */
};

/* What a backend knows of its candidates. */
struct dblk_candidate_rules {
    bool (*allows)(const denseblock_plan *plan, const denseblock_plan_options *options,
                   denseblock_algorithm algorithm);

    /* Sets plan->workspace_bytes, to SIZE_MAX where a size overflows. Returns whether it is within
     * `limit`. */
    bool (*lay_out)(denseblock_plan *plan, struct dblk_candidate candidate, size_t limit);

    /* By a model, of what has been laid out. */
    double (*cost)(const denseblock_plan *plan);
};

/* Lays out the candidate that is cheapest among those that are allowed and whose workspace is within the
 * limit. If there is none, the one that needs least of it. */
void dblk_candidates_choose(denseblock_plan *plan, const denseblock_plan_options *options,
                            const struct dblk_candidate_rules *rules);

#endif
