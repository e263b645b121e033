#include "backends/cpu/choice.h"

#include <math.h>

#include "backends/algorithm.h"
#include "backends/cpu/caches.h"
#include "backends/cpu/panels.h"

/* One way to run the block. */
struct candidate {
    denseblock_algorithm algorithm; /* of 3x3 layers; the others are direct */
    int64_t group_size;
};

static const struct dblk_winograd_kernels *winograd_of(const struct dblk_cpu_plan *cpu,
                                                       denseblock_algorithm algorithm) {
    if (algorithm == DENSEBLOCK_ALGORITHM_WINOGRAD2)
        return cpu->kernels->winograd2;
    if (algorithm == DENSEBLOCK_ALGORITHM_WINOGRAD4)
        return cpu->kernels->winograd4;
    return NULL;
}

/* Fills cpu->layers. Beside Winograd layers, direct ones are not grouped: the rows of a step that
 * their partial sums belong to would have to be kept too. */
static void form_groups(const denseblock_plan *plan, struct candidate candidate,
                        struct dblk_cpu_plan *cpu) {
    cpu->winograd = NULL;
    for (int64_t first = 0, size; first < plan->layer_count; first += size) {
        const struct dblk_layer *layer = &plan->layers[first];
        const denseblock_algorithm algorithm =
            dblk_layer_is_3x3(layer) ? candidate.algorithm : DENSEBLOCK_ALGORITHM_DIRECT;
        const bool alone = algorithm != candidate.algorithm;
        int64_t columns = 0;
        for (size = 0; first + size < plan->layer_count; size++) {
            const struct dblk_layer *next = &plan->layers[first + size];
            if (size > 0 && (alone || size == candidate.group_size ||
                             !dblk_layers_same_kernel_size(layer, next)))
                break;
            cpu->layers[first + size].column = columns;
            columns += next->growth;
        }
        for (int64_t l = first; l < first + size; l++) {
            struct dblk_cpu_layer *planned = &cpu->layers[l];
            planned->algorithm = algorithm;
            planned->group_first = first;
            planned->group_size = size;
            planned->group_channels = layer->channels;
            planned->group_columns = columns;
        }
        if (algorithm != DENSEBLOCK_ALGORITHM_DIRECT)
            cpu->winograd = winograd_of(cpu, algorithm);
    }
}

/* ---- The model: cycles of one core ----
 *
 * Its constants were fitted to measurements, see tests/bench/notes.md. It only has to put the
 * candidates in the right order. */

static const double FMA_PER_CYCLE = 2;
static const double SUMS_FOR_FULL_SPEED = 8; /* FMAs in flight: latency times rate */
static const double CACHE_BYTES_PER_CYCLE = 5.5;
static const double MEMORY_BYTES_PER_CYCLE = 3;
static const double PARTIAL_CYCLES = 2; /* to store a vector of sums and load it again */

/* For a vector of channels of one tile: the input transform and the output transform. */
static double transform_cycles(int tile) {
    return tile == 2 ? 45 : 110;
}

/* How full a block of pixels keeps the multipliers, when there are so many pixels in a run. */
static double efficiency(const struct dblk_cpu_plan *cpu, double pixels) {
    const double most = cpu->kernels->lanes * cpu->real_size > 32 ? 12 : 6;
    const double in_block = pixels / ceil(pixels / most);
    return fmin(1, 2 * in_block / SUMS_FOR_FULL_SPEED);
}

/* Multiply-adds of vectors, for one pixel and tap, of layer l and its share of the group. */
static double layer_products(const denseblock_plan *plan, const struct dblk_cpu_plan *cpu,
                             int64_t l) {
    const struct dblk_cpu_layer *planned = &cpu->layers[l];
    const struct dblk_layer *layer = &plan->layers[l];
    const int lanes = cpu->kernels->lanes;
    if (l == planned->group_first)
        return (double)layer->channels * (double)dblk_vectors(planned->group_columns, lanes);
    return (double)(layer->channels - planned->group_channels) *
           (double)dblk_vectors(layer->growth, lanes);
}

static double cost(const denseblock_plan *plan, const struct dblk_cpu_plan *cpu) {
    const double images = (double)plan->whole_batch;
    const int lanes = cpu->kernels->lanes;
    double multiplying = 0, others = 0, weights_bytes = 0, stack_reals = 0;
    for (int64_t l = 0; l < plan->layer_count; l++) {
        const struct dblk_cpu_layer *planned = &cpu->layers[l];
        const struct dblk_layer *layer = &plan->layers[l];
        const bool direct = planned->algorithm == DENSEBLOCK_ALGORITHM_DIRECT;
        double places = images * (double)plan->height * (double)plan->width;
        double taps = (double)layer->kernel_height * (double)layer->kernel_width;
        double run = (double)plan->width; /* pixels in one product */
        if (!direct) {
            const int tile = cpu->winograd->tile;
            places = ceil((double)plan->height / tile) * ceil((double)plan->width / tile);
            taps = cpu->winograd->points * cpu->winograd->points;
            run = places;
            stack_reals = places * taps * (double)layer->channels;
            places *= images;
            others +=
                places * transform_cycles(tile) * (double)dblk_vectors(layer->growth, lanes);
        }
        const double products = taps * layer_products(plan, cpu, l);
        multiplying += places * products / FMA_PER_CYCLE / efficiency(cpu, run);
        weights_bytes += products * lanes * (double)cpu->real_size;
        if (planned->group_size > 1)
            others += places * taps * (double)dblk_vectors(layer->growth, lanes) * PARTIAL_CYCLES;
    }
    if (cpu->winograd != NULL)
        others += images * (stack_reals > 0 ? 1 : 0) * transform_cycles(cpu->winograd->tile) / 2 *
                  ceil((double)plan->height / cpu->winograd->tile) *
                  ceil((double)plan->width / cpu->winograd->tile) *
                  (double)dblk_vectors(plan->channels, lanes);

    /* Every slice reads all weights. */
    const double stack_bytes = stack_reals * (double)cpu->real_size;
    const double images_at_once =
        fmax(1, (double)dblk_cache_for_slice((size_t)stack_bytes, 1) / fmax(1, stack_bytes));
    const double passes = fmax(1, images / images_at_once);
    const double rate = weights_bytes > 0.6 * (double)dblk_cache_total() ? MEMORY_BYTES_PER_CYCLE
                                                                         : CACHE_BYTES_PER_CYCLE;
    return fmax(multiplying, passes * weights_bytes / rate) + others;
}

void dblk_cpu_choose(const denseblock_plan *plan, const denseblock_plan_options *options,
                     bool direct_only, struct dblk_cpu_plan *cpu) {
    static const denseblock_algorithm algorithms[] = {
        DENSEBLOCK_ALGORITHM_WINOGRAD4,
        DENSEBLOCK_ALGORITHM_WINOGRAD2,
        DENSEBLOCK_ALGORITHM_DIRECT,
    };
    enum { MOST_LAYERS = 6 };
    struct candidate best = {.algorithm = DENSEBLOCK_ALGORITHM_DIRECT, .group_size = 1};
    double least = INFINITY;
    for (int a = 0; a < 3; a++) {
        struct candidate candidate = {.algorithm = algorithms[a]};
        if (direct_only && candidate.algorithm != DENSEBLOCK_ALGORITHM_DIRECT)
            continue;
        const bool asked = options->algorithm == candidate.algorithm;
        if (!asked && !direct_only && options->algorithm != DENSEBLOCK_ALGORITHM_AUTO)
            continue;
        if (candidate.algorithm != DENSEBLOCK_ALGORITHM_DIRECT &&
            winograd_of(cpu, candidate.algorithm) == NULL)
            continue;
        if (candidate.algorithm == DENSEBLOCK_ALGORITHM_WINOGRAD4 &&
            options->accuracy == DENSEBLOCK_ACCURACY_HIGH)
            continue;
        /* No group has more layers than the block. */
        const int64_t asked_size = dblk_smaller(options->group_size, plan->layer_count);
        const int64_t from = asked_size > 0 ? asked_size : 1;
        const int64_t to = asked_size > 0 ? asked_size : MOST_LAYERS;
        for (candidate.group_size = from; candidate.group_size <= to; candidate.group_size++) {
            form_groups(plan, candidate, cpu);
            const double cycles = cost(plan, cpu);
            if (cycles < least) {
                least = cycles;
                best = candidate;
            }
        }
    }
    form_groups(plan, best, cpu);
}
