#include "backends/group_choice.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "backends/algorithm.h"
#include "memory/integer.h"
#include "status/fail.h"

/* Costs add up, group by group, and one thing only ties the groups together: a Winograd group reads
 * the kept transforms of all channels before it, so every layer before the last Winograd group pays
 * for those of its output. Hence the cheapest groups follow from those of a shorter block, in two
 * kinds: where Winograd groups are still to come, and where there are none any more. */
enum state { TO_COME, OVER, STATES };

/* The cheapest way to compute all layers before one of them: its cost, and the last group of it. */
struct way {
    double cost;
    struct dblk_group_form last;
    enum state before; /* in which that group began */
};

struct choice {
    denseblock_plan *plan;
    const denseblock_plan_options *options;
    const struct dblk_group_rules *rules;
    denseblock_algorithm winograd; /* of Winograd groups; DIRECT: there are none */
    struct way *ways;              /* [layer_count + 1][STATES] */
};

static struct way *way_to(const struct choice *choice, int64_t l, enum state state) {
    return &choice->ways[l * STATES + state];
}

/* ---- Groups that begin with a layer ---- */

static bool may_be(const struct choice *choice, int64_t l, denseblock_algorithm algorithm) {
    const bool is_3x3 = dblk_layer_is_3x3(&choice->plan->layers[l]);
    if (algorithm != DENSEBLOCK_ALGORITHM_DIRECT)
        return is_3x3;
    return !is_3x3 || choice->rules->allows(choice->plan, choice->options, algorithm);
}

/* Layers from `first` on that have the same kernel size: as many as were asked for, or as may
 * pay. */
static int64_t most_layers(const struct choice *choice, int64_t first,
                           denseblock_algorithm algorithm) {
    enum { MOST_LAYERS = 16, MOST_COLUMNS = 256 };
    const struct dblk_layer *layers = &choice->plan->layers[first];
    const int64_t asked = choice->options->group_size;
    int64_t most = dblk_smaller(choice->plan->layer_count - first, asked ? asked : MOST_LAYERS);
    if (algorithm == DENSEBLOCK_ALGORITHM_DIRECT)
        most = dblk_smaller(most, choice->rules->most_direct);
    int64_t size = 1;
    for (int64_t columns = layers[0].growth; size < most; size++) {
        columns += layers[size].growth;
        if (!dblk_layers_same_kernel_size(&layers[0], &layers[size]) ||
            (asked == 0 && columns > MOST_COLUMNS))
            break;
    }
    return size;
}

static void arrive(const struct choice *choice, enum state state, struct way way) {
    struct way *known = way_to(choice, way.last.first + way.last.size, state);
    if (way.cost < known->cost)
        *known = way;
}

/* Goes on by a group; `kept` and `kept_but_last` are what its outputs' transforms cost. */
static void go_on(const struct choice *choice, struct dblk_group_form form, double cost,
                  double kept, double kept_but_last) {
    const double to_come = way_to(choice, form.first, TO_COME)->cost;
    const double over = way_to(choice, form.first, OVER)->cost;
    arrive(choice, TO_COME, (struct way){to_come + cost + kept, form, TO_COME});
    if (form.algorithm == DENSEBLOCK_ALGORITHM_DIRECT)
        arrive(choice, OVER, (struct way){over + cost, form, OVER});
    else
        arrive(choice, OVER, (struct way){to_come + cost + kept_but_last, form, TO_COME});
}

/* What a group's later layers take does not depend on how many follow. */
static void try_groups(const struct choice *choice, int64_t first,
                       denseblock_algorithm algorithm) {
    const struct dblk_group_rules *rules = choice->rules;
    const int64_t most = most_layers(choice, first, algorithm);
    double later = 0, kept = 0;
    for (int64_t size = 1; size <= most; size++) {
        const struct dblk_group_form form = {first, size, algorithm};
        const int64_t last = first + size - 1;
        rules->form(choice->plan, form);
        if (size > 1)
            later += rules->layer_cost(choice->plan, last);
        const double kept_but_last = kept;
        if (choice->winograd != DENSEBLOCK_ALGORITHM_DIRECT)
            kept += rules->keep_cost(choice->plan, last);
        if (choice->options->group_size == 0 || size == most)
            go_on(choice, form, rules->layer_cost(choice->plan, first) + later, kept,
                  kept_but_last);
    }
}

/* ---- All groups ---- */

/* With these slices and that algorithm: the cost of the cheapest groups, which the ways tell. */
static double find_groups(struct choice *choice, denseblock_algorithm winograd) {
    denseblock_plan *plan = choice->plan;
    const bool has_winograd = winograd != DENSEBLOCK_ALGORITHM_DIRECT;
    choice->winograd = winograd;
    if (!choice->rules->begin(plan, choice->options, winograd))
        return INFINITY;
    for (int64_t i = 0; i < (plan->layer_count + 1) * STATES; i++)
        choice->ways[i].cost = INFINITY;
    if (has_winograd)
        way_to(choice, 0, TO_COME)->cost = choice->rules->keep_cost(plan, -1);
    else
        way_to(choice, 0, OVER)->cost = 0;
    for (int64_t l = 0; l < plan->layer_count; l++) {
        if (isinf(way_to(choice, l, TO_COME)->cost) && isinf(way_to(choice, l, OVER)->cost))
            continue;
        if (may_be(choice, l, DENSEBLOCK_ALGORITHM_DIRECT))
            try_groups(choice, l, DENSEBLOCK_ALGORITHM_DIRECT);
        if (has_winograd && may_be(choice, l, winograd))
            try_groups(choice, l, winograd);
    }
    return way_to(choice, plan->layer_count, OVER)->cost;
}

static void form_group(const struct choice *choice, struct dblk_group_form form) {
    choice->rules->form(choice->plan, form);
    for (int64_t l = form.first; l < form.first + form.size; l++)
        (void)choice->rules->layer_cost(choice->plan, l);
}

/* The groups that were found, from the last to the first. */
static void form_groups(const struct choice *choice) {
    const struct way *way = way_to(choice, choice->plan->layer_count, OVER);
    for (; way->last.size > 0; way = way_to(choice, way->last.first, way->before))
        form_group(choice, way->last);
}

/* Of 3x3 layers: what was asked for, or what needs little among what is allowed. */
static denseblock_algorithm least_algorithm(const struct choice *choice) {
    const denseblock_algorithm asked = choice->options->algorithm;
    if (asked != DENSEBLOCK_ALGORITHM_AUTO)
        return asked;
    return choice->rules->allows(choice->plan, choice->options, DENSEBLOCK_ALGORITHM_DIRECT)
               ? DENSEBLOCK_ALGORITHM_DIRECT
               : DENSEBLOCK_ALGORITHM_WINOGRAD2;
}

/* What needs little: an image at a time, in groups no larger than was asked for. */
static void form_least(struct choice *choice) {
    const denseblock_algorithm algorithm_of_3x3 = least_algorithm(choice);
    choice->plan->slice_images = dblk_smaller(1, choice->plan->batch);
    (void)choice->rules->begin(choice->plan, choice->options, algorithm_of_3x3);
    for (int64_t first = 0; first < choice->plan->layer_count;) {
        const denseblock_algorithm algorithm = dblk_layer_is_3x3(&choice->plan->layers[first])
                                                   ? algorithm_of_3x3
                                                   : DENSEBLOCK_ALGORITHM_DIRECT;
        const int64_t size =
            choice->options->group_size == 0 ? 1 : most_layers(choice, first, algorithm);
        form_group(choice, (struct dblk_group_form){first, size, algorithm});
        first += size;
    }
}

/* ---- Slices ---- */

/* All numbers of slices up to 8, then fewer and fewer. */
static int64_t more_slices(int64_t slices) {
    return slices + 1 + slices / 8;
}

struct best {
    double cost;
    denseblock_algorithm winograd;
    int64_t images;
};

/* From the whole batch at a time to image by image; until the launches alone take too long. */
static void try_slices(struct choice *choice, denseblock_algorithm winograd, struct best *best) {
    denseblock_plan *plan = choice->plan;
    const double launches = choice->rules->launch * (double)plan->layer_count;
    int64_t before = -1;
    for (int64_t slices = 1; (double)slices * launches < best->cost;
         slices = more_slices(slices)) {
        plan->slice_images = dblk_quotient_up(plan->batch, slices);
        if (plan->slice_images == before)
            continue;
        before = plan->slice_images;
        const double cost = find_groups(choice, winograd);
        if (cost < best->cost)
            *best = (struct best){cost, winograd, before};
        if (before <= 1)
            break;
    }
}

static bool has_3x3(const denseblock_plan *plan) {
    for (int64_t l = 0; l < plan->layer_count; l++)
        if (dblk_layer_is_3x3(&plan->layers[l]))
            return true;
    return false;
}

static void choose(struct choice *choice) {
    static const denseblock_algorithm algorithms[] = {
        DENSEBLOCK_ALGORITHM_DIRECT,
        DENSEBLOCK_ALGORITHM_WINOGRAD2,
        DENSEBLOCK_ALGORITHM_WINOGRAD4,
    };
    denseblock_plan *plan = choice->plan;
    struct best best = {INFINITY, DENSEBLOCK_ALGORITHM_DIRECT, 0};
    for (int a = 0; a < 3; a++)
        if (has_3x3(plan) ? choice->rules->allows(plan, choice->options, algorithms[a])
                          : algorithms[a] == DENSEBLOCK_ALGORITHM_DIRECT)
            try_slices(choice, algorithms[a], &best);
    if (isinf(best.cost)) {
        form_least(choice);
    } else {
        plan->slice_images = best.images;
        (void)find_groups(choice, best.winograd);
        form_groups(choice);
    }
    if (!choice->rules->finish(plan))
        plan->workspace_bytes = SIZE_MAX;
}

denseblock_status dblk_groups_choose(denseblock_plan *plan,
                                     const denseblock_plan_options *options,
                                     const struct dblk_group_rules *rules) {
    struct choice choice = {plan, options, rules, DENSEBLOCK_ALGORITHM_DIRECT, NULL};
    choice.ways = calloc((size_t)(plan->layer_count + 1) * STATES, sizeof *choice.ways);
    if (choice.ways == NULL)
        return dblk_fail(DENSEBLOCK_OUT_OF_MEMORY,
                         "no memory to choose among groups of %" PRId64 " layers",
                         plan->layer_count);
    choose(&choice);
    free(choice.ways);
    return DENSEBLOCK_OK;
}
