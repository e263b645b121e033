/* How groups are chosen, against all that could have been chosen, for costs that mean nothing. */
#include "backends/algorithm.h"
#include "backends/group_choice.h"

#include <stdio.h>
#include <stdlib.h>

#include "fixture.h"
#include "suite.h"

enum { MOST_LAYERS = 6, BATCH = 12, LAUNCH = 1 };
#define WINOGRAD DENSEBLOCK_ALGORITHM_WINOGRAD2

/* The groups as they are formed now, and where the random costs begin. */
static struct dblk_group_form formed[MOST_LAYERS];
static uint64_t seed;
static bool finished;

/* Repeatable, of these numbers; at least what the launches take. */
static double cost_of(const denseblock_plan *plan, int64_t a, int64_t b, int64_t c, int64_t d) {
    uint64_t state = seed + 1009 * (uint64_t)(a + 2) + 31 * (uint64_t)b + 7 * (uint64_t)c +
                     100003 * (uint64_t)d + 17 * (uint64_t)plan->slice_images;
    next_random(&state);
    const int64_t slices = (plan->batch + plan->slice_images - 1) / plan->slice_images;
    return (double)slices * LAUNCH + random_between(&state, 0, 20);
}

static bool allows(const denseblock_plan *plan, const denseblock_plan_options *options,
                   denseblock_algorithm algorithm) {
    (void)plan;
    return options->algorithm == DENSEBLOCK_ALGORITHM_AUTO
               ? algorithm != DENSEBLOCK_ALGORITHM_WINOGRAD4
               : algorithm == options->algorithm;
}

static bool begin(denseblock_plan *plan, const denseblock_plan_options *options,
                  denseblock_algorithm winograd) {
    return options->workspace_limit == 0 ||
           plan->slice_images <= (winograd == WINOGRAD ? BATCH / 3 : BATCH / 2);
}

static void form(const denseblock_plan *plan, struct dblk_group_form group) {
    (void)plan;
    for (int64_t l = group.first; l < group.first + group.size; l++)
        formed[l] = group;
}

static double layer_cost(const denseblock_plan *plan, int64_t l) {
    const struct dblk_group_form *group = &formed[l];
    if (l == group->first && plan->layers[l].growth == 13 && group->size == 3)
        return INFINITY; /* there is no room */
    return cost_of(plan, l, group->first, l == group->first ? group->size : 0,
                   (int64_t)group->algorithm);
}

static double keep_cost(const denseblock_plan *plan, int64_t l) {
    return cost_of(plan, l, 0, 0, 99) / 4;
}

static bool finish(denseblock_plan *plan) {
    finished = true;
    plan->workspace_bytes = 64;
    return true;
}

static const struct dblk_group_rules rules = {.launch = LAUNCH,
                                              .most_direct = 4,
                                              .allows = allows,
                                              .begin = begin,
                                              .form = form,
                                              .layer_cost = layer_cost,
                                              .keep_cost = keep_cost,
                                              .finish = finish};

static denseblock_plan *make_plan(int64_t layers) {
    denseblock_plan *plan = calloc(1, sizeof *plan + MOST_LAYERS * sizeof plan->layers[0]);
    ck_assert_ptr_nonnull(plan);
    uint64_t state = seed;
    plan->batch = BATCH;
    plan->layer_count = layers;
    for (int64_t l = 0; l < layers; l++) {
        const int64_t size = random_size(&state, 0, 4) == 0 ? 1 : 3;
        plan->layers[l] = (struct dblk_layer){
            .kernel_height = size, .kernel_width = size, .growth = random_size(&state, 10, 13)};
    }
    return plan;
}

/* ---- All that could be chosen ---- */

/* What the groups formed now cost, in whatever order that is asked. */
static double formed_cost(const denseblock_plan *plan) {
    int64_t last = -1;
    double cost = 0;
    for (int64_t l = 0; l < plan->layer_count; l++) {
        cost += layer_cost(plan, l);
        last = formed[l].algorithm == WINOGRAD ? l : last;
    }
    for (int64_t l = -1; l < last; l++)
        cost += keep_cost(plan, l);
    return cost;
}

static bool is_group(const denseblock_plan *plan, struct dblk_group_form group) {
    const struct dblk_layer *first = &plan->layers[group.first];
    for (int64_t l = group.first; l < group.first + group.size; l++)
        if (!dblk_layers_same_kernel_size(first, &plan->layers[l]))
            return false;
    return group.algorithm == WINOGRAD ? dblk_layer_is_3x3(first)
                                       : group.size <= rules.most_direct;
}

/* A digit for each layer: it belongs to the group before it, begins a direct one, or a Winograd one.
 * Whether these are groups. */
enum { GOES_ON, BEGINS_DIRECT, BEGINS_WINOGRAD, DIGITS };
static bool form_all(const denseblock_plan *plan, int code) {
    for (int64_t l = 0; l < plan->layer_count; code /= DIGITS) {
        struct dblk_group_form group = {
            l++, 1, code % DIGITS == BEGINS_WINOGRAD ? WINOGRAD : DENSEBLOCK_ALGORITHM_DIRECT};
        if (code % DIGITS == GOES_ON)
            return false;
        for (; l < plan->layer_count && code / DIGITS % DIGITS == GOES_ON; l++) {
            group.size++;
            code /= DIGITS;
        }
        if (!is_group(plan, group))
            return false;
        form(plan, group);
    }
    return code == 0;
}

static double least_cost(const denseblock_plan *plan) {
    enum { CODES = 3 * 3 * 3 * 3 * 3 * 3 };
    double least = INFINITY;
    for (int code = 0; code < CODES; code++)
        if (form_all(plan, code))
            least = fmin(least, formed_cost(plan));
    return least;
}

START_TEST(nothing_that_could_be_chosen_is_cheaper) {
    int mixed = 0;
    for (seed = 0; seed < 300; seed++) {
        uint64_t state = seed + 1;
        denseblock_plan *plan = make_plan(random_size(&state, 1, MOST_LAYERS));
        const denseblock_plan_options options = {.workspace_limit = 0};
        finished = false;
        ck_ok(dblk_groups_choose(plan, &options, &rules));
        ck_assert(finished);
        const double chosen = formed_cost(plan);
        bool direct = false, winograd = false;
        for (int64_t l = 0; l < plan->layer_count; l++) {
            direct = direct ||
                     (formed[l].algorithm != WINOGRAD && dblk_layer_is_3x3(&plan->layers[l]));
            winograd = winograd || formed[l].algorithm == WINOGRAD;
        }
        mixed += direct && winograd;
        double least = INFINITY;
        for (int64_t slices = 1; slices <= BATCH; slices++) {
            plan->slice_images = (BATCH + slices - 1) / slices;
            least = fmin(least, least_cost(plan));
        }
        ck_assert_msg(fabs(chosen - least) <= 1e-9 * least, "seed %d: %g, but %g", (int)seed,
                      chosen, least);
        free(plan);
    }
    ck_assert_int_ge(mixed, 50);
}
END_TEST

START_TEST(what_was_asked_for_is_chosen) {
    for (seed = 0; seed < 100; seed++) {
        uint64_t state = seed + 1;
        denseblock_plan *plan = make_plan(MOST_LAYERS);
        const denseblock_plan_options options = {
            .algorithm = random_size(&state, 0, 1) ? WINOGRAD : DENSEBLOCK_ALGORITHM_DIRECT,
            .group_size = 2,
            .workspace_limit = 1};
        ck_ok(dblk_groups_choose(plan, &options, &rules));
        for (int64_t l = 0; l < plan->layer_count; l += formed[l].size) {
            const bool more =
                l + 1 < plan->layer_count &&
                dblk_layers_same_kernel_size(&plan->layers[l], &plan->layers[l + 1]);
            ck_assert_int_eq(formed[l].first, l);
            ck_assert_int_eq(formed[l].size, more ? 2 : 1);
            ck_assert_int_eq((int)formed[l].algorithm, (int)(dblk_layer_is_3x3(&plan->layers[l])
                                                                 ? options.algorithm
                                                                 : DENSEBLOCK_ALGORITHM_DIRECT));
        }
        /* Slices that `begin` refuses are not chosen. */
        ck_assert_int_le(plan->slice_images, BATCH / 2);
        free(plan);
    }
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {nothing_that_could_be_chosen_is_cheaper,
                                  what_was_asked_for_is_chosen, NULL};
    return suite_of("group_choice", tests);
}
