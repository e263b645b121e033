#include "backends/candidates.h"

#include <math.h>

#include "backends/algorithm.h"
#include "memory/integer.h"

/* The best candidate so far. */
struct best {
    struct dblk_candidate candidate;
    bool found; /* one that is within the limit */
    double cost;
    size_t bytes;
};

static void try_candidate(denseblock_plan *plan, size_t limit,
                          const struct dblk_candidate_rules *rules,
                          struct dblk_candidate candidate, struct best *best) {
    const bool fits = rules->lay_out(plan, candidate, limit);
    const double cost = fits ? rules->cost(plan) : INFINITY;
    const bool better =
        fits ? cost < best->cost : !best->found && plan->workspace_bytes <= best->bytes;
    if (better)
        *best = (struct best){candidate, best->found || fits, cost, plan->workspace_bytes};
}

void dblk_candidates_choose(denseblock_plan *plan, const denseblock_plan_options *options,
                            const struct dblk_candidate_rules *rules) {
    static const denseblock_algorithm algorithms[] = {
        DENSEBLOCK_ALGORITHM_DIRECT,
        DENSEBLOCK_ALGORITHM_WINOGRAD2,
        DENSEBLOCK_ALGORITHM_WINOGRAD4,
    };
    enum { MOST_LAYERS = 8 };
    struct best best = {{DENSEBLOCK_ALGORITHM_DIRECT, 1}, false, INFINITY, SIZE_MAX};
    for (int a = 0; a < 3; a++) {
        if (!rules->allows(plan, options, algorithms[a]))
            continue;
        /* No group has more layers than the block. */
        const int64_t asked = dblk_smaller(options->group_size, plan->layer_count);
        const bool one = asked > 0 || algorithms[a] == DENSEBLOCK_ALGORITHM_DIRECT;
        const int64_t from = one ? asked : 1, to = one ? asked : MOST_LAYERS;
        for (int64_t size = from; size <= to; size++)
            try_candidate(plan, options->workspace_limit, rules,
                          (struct dblk_candidate){algorithms[a], size}, &best);
    }
    (void)rules->lay_out(plan, best.candidate, options->workspace_limit);
}
