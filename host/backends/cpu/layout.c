#include "backends/cpu/layout.h"

#include "backends/cpu/caches.h"
#include "backends/cpu/panels.h"
#include "backends/cpu/weights.h"
#include "memory/integer.h"
#include "memory/size.h"

static int64_t taps_of(const struct dblk_cpu_plan *cpu, const struct dblk_layer *layer,
                       denseblock_algorithm algorithm) {
    return algorithm == DENSEBLOCK_ALGORITHM_DIRECT
               ? layer->kernel_height * layer->kernel_width
               : (int64_t)cpu->winograd->points * cpu->winograd->points;
}

static bool add_matrix(denseblock_plan *plan, const struct dblk_cpu_plan *cpu, int64_t taps,
                       int64_t channels, int64_t columns, size_t *offset) {
    size_t bytes;
    *offset = plan->weights_bytes;
    return dblk_matrix_bytes(cpu, taps, channels, columns, &bytes) &&
           dblk_size_add(&plan->weights_bytes, bytes);
}

bool dblk_cpu_lay_out_weights(denseblock_plan *plan, struct dblk_cpu_plan *cpu) {
    bool fits = true;
    plan->weights_bytes = 0;
    for (int64_t l = 0; fits && l < plan->layer_count; l++) {
        struct dblk_cpu_layer *planned = &cpu->layers[l];
        const struct dblk_layer *layer = &plan->layers[l];
        const int64_t taps = taps_of(cpu, layer, planned->algorithm);
        if (l == planned->group_first) {
            fits = add_matrix(plan, cpu, taps, layer->channels, planned->group_columns,
                              &planned->outer);
        } else {
            planned->outer = cpu->layers[planned->group_first].outer;
            fits = add_matrix(plan, cpu, taps, layer->channels - planned->group_channels,
                              layer->growth, &planned->inner);
        }
        planned->direct = planned->outer;
        if (planned->algorithm != DENSEBLOCK_ALGORITHM_DIRECT)
            fits = fits && add_matrix(plan, cpu, layer->kernel_height * layer->kernel_width,
                                      layer->channels, layer->growth, &planned->direct);
    }
    return fits;
}

/* Strides that are a multiple of a large power of two would put everything in the same few lines of
 * the first-level cache. */
static int64_t spread(int64_t reals) {
    enum { LINE = 16, PAGE = 1024 };
    reals = dblk_quotient_up(reals, LINE) * LINE;
    return reals % (PAGE / 4) == 0 ? reals + LINE : reals;
}

/* The points of a transform are read and written side by side: each plane begins three lines after
 * the one before it, counted in the lines that the first-level cache tells apart; small ones are not
 * worth the space. */
static int64_t spread_planes(int64_t reals) {
    enum { LINE = 16, LINES = 64, APART = 3 };
    const int64_t lines = dblk_quotient_up(reals, LINE);
    if (lines < 4 * LINES)
        return spread(reals);
    return (lines + (LINES + APART - lines % LINES) % LINES) * LINE;
}

/* Tiles for the direct algorithm, such that a copy of the input stays in the second-level cache and
 * all threads have work. */
static bool lay_out_tiles(const denseblock_plan *plan, struct dblk_cpu_plan *cpu) {
    enum { MOST_COLUMNS = 56, MOST_PIXELS = 112 };
    const int lanes = cpu->kernels->lanes;
    cpu->tile_columns =
        dblk_quotient_up(plan->width, dblk_quotient_up(plan->width, MOST_COLUMNS));
    const int64_t across = dblk_quotient_up(plan->width, cpu->tile_columns);
    const int64_t rows_each = plan->batch * across * plan->height / plan->thread_count / 2;
    cpu->tile_rows = dblk_larger(
        1, dblk_smaller(dblk_smaller(MOST_PIXELS / cpu->tile_columns, rows_each), plan->height));

    size_t tile_reals = 0, sums_reals = 0;
    bool fits = true;
    for (int64_t l = 0; fits && l < plan->layer_count; l++) {
        const struct dblk_layer *layer = &plan->layers[l];
        size_t copy = (size_t)dblk_smaller(dblk_direct_depth(cpu, layer), layer->channels);
        size_t sums = (size_t)(cpu->tile_rows * cpu->tile_columns);
        fits = dblk_size_multiply(&copy, cpu->tile_rows + layer->kernel_height - 1) &&
               dblk_size_multiply(&copy, cpu->tile_columns + layer->kernel_width - 1) &&
               dblk_size_multiply(&sums, dblk_vectors(layer->growth, lanes) * lanes);
        tile_reals = copy > tile_reals ? copy : tile_reals;
        sums_reals = sums > sums_reals ? sums : sums_reals;
    }
    fits = fits && tile_reals < PTRDIFF_MAX / 64;
    cpu->tile_reals = (tile_reals + 15) / 16 * 16;
    cpu->sums_reals = sums_reals;
    return fits;
}

/* The columns of the widest group of that kind, with what the last vectors of its layers reach
 * beyond; and the largest group. */
static int64_t widest_group(const denseblock_plan *plan, const struct dblk_cpu_plan *cpu,
                            bool winograd, int64_t *layers) {
    const int lanes = cpu->kernels->lanes;
    int64_t widest = 0;
    *layers = 0;
    for (int64_t l = 0; l < plan->layer_count; l++) {
        const struct dblk_cpu_layer *planned = &cpu->layers[l];
        if ((planned->algorithm != DENSEBLOCK_ALGORITHM_DIRECT) != winograd)
            continue;
        widest = dblk_larger(widest, dblk_vectors(planned->group_columns, lanes) * lanes);
        widest = dblk_larger(widest, planned->column +
                                         dblk_vectors(plan->layers[l].growth, lanes) * lanes);
        *layers = dblk_larger(*layers, planned->group_size);
    }
    return widest;
}

/* bytes += count * size, aligned; offset = where they begin. */
static bool add_part(size_t *bytes, size_t *offset, size_t size, int64_t count) {
    *offset = *bytes;
    return dblk_size_multiply(&size, count) && dblk_size_add(bytes, size) &&
           dblk_size_align(bytes);
}

static bool lay_out_partial(const denseblock_plan *plan, struct dblk_cpu_plan *cpu,
                            size_t *bytes) {
    int64_t layers;
    cpu->partial_stride = widest_group(plan, cpu, false, &layers);
    if (layers <= 1)
        return true;
    size_t pixel_bytes = (size_t)cpu->partial_stride * cpu->real_size;
    return dblk_size_multiply(&pixel_bytes, plan->height) &&
           dblk_size_multiply(&pixel_bytes, plan->width) &&
           add_part(bytes, &cpu->partial_offset, pixel_bytes, plan->slice_images);
}

static bool lay_out_winograd(const denseblock_plan *plan, struct dblk_cpu_plan *cpu,
                             size_t *bytes) {
    enum { MOST_CHUNK = 98, LEAST_CHUNK = 28 };
    const int tile = cpu->winograd->tile;
    const int64_t points = (int64_t)cpu->winograd->points * cpu->winograd->points;
    const int64_t rows = dblk_quotient_up(plan->height, tile);
    cpu->ring_columns = dblk_quotient_up(plan->width, tile);
    cpu->ring_rows = rows;
    cpu->flags_per_image = dblk_plan_is_placed(plan) ? rows * cpu->ring_columns : 1;
    if (plan->step_rows < plan->height)
        cpu->ring_rows = dblk_smaller(
            rows, (plan->step_rows + plan->layers[plan->layer_count - 1].delay) / tile);

    for (int64_t l = 0; l < plan->layer_count; l++)
        if (cpu->layers[l].algorithm != DENSEBLOCK_ALGORITHM_DIRECT)
            cpu->stack_channels = plan->layers[l].channels;
    cpu->stack_stride = spread(cpu->stack_channels + cpu->kernels->lanes);

    /* y has as many elements, so these products fit. */
    cpu->stack_slots = plan->slice_images * cpu->ring_rows * cpu->ring_columns;
    const int64_t at_once = plan->slice_images *
                            dblk_quotient_up(dblk_smaller(plan->step_rows, plan->height), tile) *
                            cpu->ring_columns;
    const int64_t parts =
        plan->thread_count *
        dblk_larger(1, dblk_quotient_up(at_once, (int64_t)plan->thread_count * MOST_CHUNK));
    cpu->chunk_tiles = dblk_smaller(MOST_CHUNK, dblk_quotient_up(at_once, parts));

    int64_t layers;
    cpu->products_stride = spread(widest_group(plan, cpu, true, &layers));
    cpu->together = cpu->chunk_tiles < LEAST_CHUNK;
    cpu->products_shared = layers > 1 || cpu->together;
    if (cpu->together)
        cpu->chunk_tiles = MOST_CHUNK;
    const int64_t products_tiles = cpu->products_shared ? cpu->stack_slots : cpu->chunk_tiles;

    size_t plane = sizeof(float);
    if (!dblk_size_multiply(&plane, cpu->stack_slots) ||
        !dblk_size_multiply(&plane, cpu->stack_stride) || plane > PTRDIFF_MAX / 256)
        return false;
    cpu->stack_plane = spread_planes(cpu->stack_slots * cpu->stack_stride);
    plane = sizeof(float);
    if (!dblk_size_multiply(&plane, products_tiles) ||
        !dblk_size_multiply(&plane, cpu->products_stride) || plane > PTRDIFF_MAX / 256)
        return false;
    cpu->products_plane = spread_planes(products_tiles * cpu->products_stride);

    size_t unused;
    return add_part(bytes, &unused, sizeof(int),
                    dblk_larger(1, plan->slice_images * cpu->flags_per_image)) /* the flags */
           && add_part(bytes, &cpu->stack_offset, sizeof(float), points * cpu->stack_plane) &&
           (!cpu->products_shared ||
            add_part(bytes, &cpu->products_offset, sizeof(float), points * cpu->products_plane));
}

/* For plan->slice_images and step_rows as they are. */
static bool lay_out(denseblock_plan *plan, struct dblk_cpu_plan *cpu) {
    size_t bytes = 0;
    cpu->stack_channels = 0;
    plan->workspace_bytes = SIZE_MAX;
    if (cpu->winograd != NULL && !lay_out_winograd(plan, cpu, &bytes))
        return false;
    if (!lay_out_partial(plan, cpu, &bytes) || !lay_out_tiles(plan, cpu))
        return false;
    size_t thread_reals = cpu->tile_reals + cpu->sums_reals;
    if (cpu->winograd != NULL && !cpu->products_shared) {
        const size_t products = (size_t)cpu->products_plane * (size_t)cpu->winograd->points *
                                (size_t)cpu->winograd->points;
        thread_reals = products > thread_reals ? products : thread_reals;
    }
    cpu->thread_bytes = thread_reals;
    if (plan->layer_count == 0)
        cpu->thread_bytes = 0;
    if (!dblk_size_multiply(&cpu->thread_bytes, (int64_t)cpu->real_size) ||
        !dblk_size_align(&cpu->thread_bytes) ||
        !add_part(&bytes, &cpu->threads_offset, cpu->thread_bytes, plan->thread_count))
        return false;
    plan->workspace_bytes = bytes;
    return true;
}

static void set_delays(denseblock_plan *plan, const struct dblk_cpu_plan *cpu) {
    int64_t delay = 0;
    for (int64_t l = 0; l < plan->layer_count; l++) {
        struct dblk_layer *layer = &plan->layers[l];
        if (plan->step_rows < plan->height)
            delay += dblk_quotient_up(layer->kernel_height / 2, cpu->winograd->tile) *
                     cpu->winograd->tile;
        layer->delay = delay;
    }
}

static size_t stack_bytes(const struct dblk_cpu_plan *cpu) {
    if (cpu->winograd == NULL)
        return 0;
    return (size_t)cpu->stack_plane * (size_t)cpu->winograd->points *
           (size_t)cpu->winograd->points * sizeof(float);
}

/* Lays out for slices of so many images, or if `step` is less than an image, for steps. */
static bool try_walk(denseblock_plan *plan, int64_t images, int64_t step, size_t limit,
                     struct dblk_cpu_plan *cpu) {
    plan->slice_images = images;
    plan->step_rows = step;
    set_delays(plan, cpu);
    return lay_out(plan, cpu) && plan->workspace_bytes <= limit;
}

/* The largest step whose stack stays in the cache; else the smallest there is. */
static bool lay_out_steps(denseblock_plan *plan, size_t limit, struct dblk_cpu_plan *cpu) {
    enum { MOST_STEP = 64 };
    const int unit = cpu->winograd->tile; /* a step is whole rows of tiles */
    for (int64_t step = MOST_STEP; step >= unit; step -= unit)
        if (step < plan->height && try_walk(plan, 1, step, limit, cpu) &&
            (stack_bytes(cpu) <= dblk_cache_for_image() || step == unit))
            return true;
    return false;
}

/* With plan->thread_count threads. */
static bool lay_out_walk(denseblock_plan *plan, size_t limit, struct dblk_cpu_plan *cpu) {
    const int64_t height = plan->height, one = dblk_smaller(1, plan->batch);
    const bool fits = try_walk(plan, one, height, limit, cpu);
    const size_t whole = stack_bytes(cpu);
    if (cpu->winograd != NULL && (!fits || whole > dblk_cache_for_image())) {
        if (lay_out_steps(plan, limit, cpu) && (!fits || stack_bytes(cpu) < whole / 2))
            return true;
        return try_walk(plan, one, height, limit, cpu);
    }
    if (!fits)
        return false;

    /* As many images as the caches hold, and about as many in each slice. */
    int64_t images = plan->batch;
    if (whole > 0)
        images = dblk_smaller(
            images,
            dblk_larger(1, (int64_t)(dblk_cache_for_slice(whole, plan->thread_count) / whole)));
    for (; images > 1; images -= dblk_larger(1, images / 16))
        if (try_walk(plan, dblk_quotient_up(plan->batch, dblk_quotient_up(plan->batch, images)),
                     height, limit, cpu))
            return true;
    return try_walk(plan, dblk_smaller(1, plan->batch), height, limit, cpu);
}

bool dblk_cpu_lay_out_workspace(denseblock_plan *plan, int thread_count, size_t limit,
                                struct dblk_cpu_plan *cpu) {
    /* Too many threads must not decide the algorithm: results do not depend on their number. */
    for (plan->thread_count = thread_count; !lay_out_walk(plan, limit, cpu);
         plan->thread_count /= 2)
        if (plan->thread_count == 1)
            return false;
    return true;
}
