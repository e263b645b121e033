/* Winograd convolution with a kept transform.
 *
 * A layer's features are transformed once, when they have been made, and kept in the workspace for
 * all later layers: the stack, [points^2][tiles][channels]. What is left of a layer is a matrix
 * product for each of the points^2 points, [tiles x C_l] * [C_l x g_l], and an output transform. */
#include "backends/cpu/winograd.h"

#include <string.h>

#include "backends/cpu/panels.h"
#include "memory/integer.h"

enum {
    MOST_TILE = 4,
    MOST_POINTS = 6,
    MOST_RUN = 8, /* tiles transformed together */
    BLOCK = 32    /* channels transformed together */
};

/* f32 in memory that holds other things too. */
static float *floats_at(void *memory, size_t offset) {
    return (void *)((char *)memory + offset);
}

static const float *constants_at(const void *memory, size_t offset) {
    return (const void *)((const char *)memory + offset);
}

/* Rows of tiles, of some images; numbered one after the other. */
struct tiles {
    const denseblock_plan *plan;
    const struct dblk_cpu_plan *cpu;
    int64_t image; /* the first */
    int64_t row, rows;
    int64_t count;
};

struct place {
    int64_t image, row, column; /* of the tile's first pixel */
    int64_t slot;               /* where it is kept */
};

static struct tiles tiles_make(const denseblock_plan *plan, const struct dblk_region *region,
                               int64_t row, int64_t end) {
    const struct dblk_cpu_plan *cpu = dblk_cpu_plan_of(plan);
    return (struct tiles){
        .plan = plan,
        .cpu = cpu,
        .image = region->image,
        .row = row,
        .rows = end - row,
        .count = region->images * (end - row) * cpu->ring_columns,
    };
}

static struct place tile_place(const struct tiles *tiles, int64_t index) {
    const struct dblk_cpu_plan *cpu = tiles->cpu;
    const int64_t column = index % cpu->ring_columns;
    const int64_t row = tiles->row + index / cpu->ring_columns % tiles->rows;
    const int64_t image = index / cpu->ring_columns / tiles->rows;
    const int tile = cpu->winograd->tile;
    return (struct place){
        .image = tiles->image + image,
        .row = row * tile,
        .column = column * tile,
        .slot = (image * cpu->ring_rows + row % cpu->ring_rows) * cpu->ring_columns + column,
    };
}

static int64_t pixel_index(const denseblock_plan *plan, int64_t image, int64_t row,
                           int64_t column) {
    return (image * plan->height + row) * plan->width + column;
}

/* The channels [channel, channel + count) of `columns` adjacent tiles, the first at `place`. They
 * go through ReLU into a small dense array, with zeros where the image ends. */
static void keep_tiles(const struct tiles *tiles, const struct place *place, int64_t columns,
                       int64_t channel, int64_t count, const void *features, float *stack) {
    const denseblock_plan *plan = tiles->plan;
    const struct dblk_cpu_plan *cpu = tiles->cpu;
    const struct dblk_winograd_kernels *winograd = cpu->winograd;
    const size_t element_size = denseblock_type_size(plan->type);
    float pixels[MOST_POINTS * (MOST_RUN * MOST_TILE + 2) * BLOCK];
    const int64_t depth = dblk_vectors(count, cpu->kernels->lanes) * cpu->kernels->lanes;
    const int64_t width = columns * winograd->tile + 2, left = place->column - 1;
    const int64_t first = dblk_larger(left, 0);
    const int64_t end = dblk_smaller(left + width, plan->width);
    /* Whole vectors, even of channels that are nothing yet; but what is past the pixel is left out. */
    const int64_t there = dblk_smaller(depth, plan->feature_pitch - channel);
    for (int i = 0; i < winograd->points; i++) {
        float *row_pixels = pixels + i * width * depth;
        const int64_t row = place->row + i - 1;
        const bool outside = row < 0 || row >= plan->height;
        if (outside || there < depth)
            memset(row_pixels, 0, (size_t)(width * depth) * sizeof *pixels);
        if (outside)
            continue;
        for (int64_t column = left; column < first; column++)
            memset(row_pixels + (column - left) * depth, 0, (size_t)depth * sizeof *pixels);
        for (int64_t column = end; column < left + width; column++)
            memset(row_pixels + (column - left) * depth, 0, (size_t)depth * sizeof *pixels);
        const int64_t index =
            pixel_index(plan, place->image, row, first) * plan->feature_pitch + channel;
        cpu->kernels->rectify(plan->type, row_pixels + (first - left) * depth, depth,
                              (const char *)features + (size_t)index * element_size,
                              plan->feature_pitch, end - first, there);
    }
    for (int64_t t = 0; t < columns; t++)
        winograd->input(pixels + t * winograd->tile * depth, width * depth, depth, count,
                        stack + (place->slot + t) * cpu->stack_stride + channel, cpu->stack_plane,
                        cpu->stack_stride);
}

void dblk_winograd_keep(const denseblock_plan *plan, const struct dblk_region *rows,
                        int64_t channel, int64_t count, const void *features, void *workspace) {
    const struct dblk_cpu_plan *cpu = dblk_cpu_plan_of(plan);
    const int tile = cpu->winograd->tile;
    const int64_t end = rows->row + rows->rows;
    /* A tile also reads the row under it. */
    const struct tiles tiles =
        tiles_make(plan, rows, rows->row == 0 ? 0 : rows->row / tile - 1,
                   end == plan->height ? dblk_quotient_up(plan->height, tile) : end / tile - 1);
    float *stack = floats_at(workspace, cpu->stack_offset);
    const int64_t blocks = dblk_quotient_up(count, BLOCK);
    const int64_t runs = dblk_quotient_up(cpu->ring_columns, MOST_RUN); /* in a row of tiles */
    const int64_t items = tiles.count / cpu->ring_columns * runs * blocks;
#pragma omp parallel for num_threads(plan->thread_count) schedule(static)
    for (int64_t item = 0; item < items; item++) {
        const int64_t c = item % blocks * BLOCK, run = item / blocks % runs;
        const int64_t first = cpu->ring_columns * run / runs;
        const int64_t next = cpu->ring_columns * (run + 1) / runs;
        const struct place place =
            tile_place(&tiles, item / blocks / runs * cpu->ring_columns + first);
        keep_tiles(&tiles, &place, next - first, channel + c, dblk_smaller(BLOCK, count - c),
                   features, stack);
    }
}

/* A matrix product for each point: of the channels of the stack from `first_channel` on. */
struct product {
    const float *stack;
    int64_t channels;
    const float *weights; /* [points^2] matrices in panels */
    int64_t vectors;      /* of columns */
    float *products;      /* of slot 0 and the first column */
    bool accumulate;
};

/* Panels [begin, end) of `count` tiles in adjacent slots. */
static void multiply(const struct dblk_cpu_plan *cpu, const struct product *product,
                     int64_t point, int64_t slot, int64_t count, int64_t products_slot,
                     int64_t begin, int64_t end) {
    const int lanes = cpu->kernels->lanes;
    const float *weights =
        product->weights + point * product->vectors * lanes * product->channels;
    struct dblk_gemm gemm = {
        .a = product->stack + point * cpu->stack_plane + slot * cpu->stack_stride,
        .pixel_stride = cpu->stack_stride,
        .tap_rows = 1,
        .tap_columns = 1,
        .depth = product->channels,
        .sums_stride = cpu->products_stride,
        .accumulate = product->accumulate,
        .b_ahead = true,
    };
    float *sums =
        product->products + point * cpu->products_plane + products_slot * cpu->products_stride;
    for (int64_t p = begin; p < end; p++) {
        const struct dblk_panel panel = dblk_panel_of(product->vectors, p, lanes);
        gemm.b = weights + panel.first * product->channels;
        gemm.sums = sums + panel.first;
        gemm.a_ahead = (const float *)gemm.a + (p + 1 < end ? 0 : cpu->stack_plane);
        cpu->kernels->gemm[panel.vectors](&gemm, count);
    }
}

/* What is past the layer's own channels belongs to later layers and means nothing yet: it may be
 * written over, up to the pixel's end. */
static int64_t channels_left(const denseblock_plan *plan, int64_t channel) {
    return dblk_smaller(BLOCK, plan->output_pitch - channel);
}

/* What a layer makes of a tile, as far as the image has pixels there. */
struct patch {
    char *first; /* the first channel of the first pixel */
    size_t pixel_bytes, row_bytes;
    int rows, columns;
};

static inline struct patch patch_of(const struct tiles *tiles, const struct place *place,
                                    const struct dblk_layer *layer, void *outputs) {
    const denseblock_plan *plan = tiles->plan;
    const int tile = tiles->cpu->winograd->tile;
    const size_t element_size = denseblock_type_size(plan->type);
    const int64_t pixel = pixel_index(plan, place->image, place->row, place->column);
    const size_t first = (size_t)(pixel * plan->output_pitch + layer->output_channel);
    const size_t pixel_bytes = (size_t)plan->output_pitch * element_size;
    return (struct patch){
        .first = (char *)outputs + first * element_size,
        .pixel_bytes = pixel_bytes,
        .row_bytes = (size_t)plan->width * pixel_bytes,
        .rows = (int)dblk_smaller(tile, plan->height - place->row),
        .columns = (int)dblk_smaller(tile, plan->width - place->column),
    };
}

static char *patch_pixel(const struct patch *patch, int row, int column) {
    return patch->first + (size_t)row * patch->row_bytes + (size_t)column * patch->pixel_bytes;
}

/* Asks for the lines of the outputs that finish_tile will write. */
static void ask_tile(const struct tiles *tiles, const struct place *place,
                     const struct dblk_layer *layer, void *outputs) {
    enum { LINE_BYTES = 64 };
    const struct patch patch = patch_of(tiles, place, layer, outputs);
    const size_t bytes = (size_t)layer->growth * denseblock_type_size(tiles->plan->type);
    for (int r = 0; r < patch.rows; r++)
        for (int c = 0; c < patch.columns; c++)
            for (size_t b = 0; b < bytes; b += LINE_BYTES)
                __builtin_prefetch(patch_pixel(&patch, r, c) + b, 1);
}

/* Whether all was finite. */
static bool store_tile(const struct tiles *tiles, const struct place *place,
                       const float *products, const struct dblk_layer *layer, void *outputs) {
    const int64_t count = layer->growth;
    const denseblock_plan *plan = tiles->plan;
    const struct dblk_winograd_kernels *winograd = tiles->cpu->winograd;
    const size_t element_size = denseblock_type_size(plan->type);
    const struct patch patch = patch_of(tiles, place, layer, outputs);
    const int size = winograd->tile * winograd->tile;
    const bool real = plan->type == DENSEBLOCK_F32;
    float outside[BLOCK];
    float reals[MOST_TILE * MOST_TILE][BLOCK]; /* for 16-bit elements */
    bool finite = true;
    for (int64_t c = 0; c < count; c += BLOCK) {
        const int64_t columns = dblk_smaller(BLOCK, count - c);
        float *pixels[MOST_TILE * MOST_TILE];
        void *elements[MOST_TILE * MOST_TILE];
        for (int p = 0; p < size; p++) {
            const int row = p / winograd->tile, column = p % winograd->tile;
            pixels[p] = outside;
            elements[p] = NULL;
            if (row >= patch.rows || column >= patch.columns)
                continue;
            elements[p] = patch_pixel(&patch, row, column) + (size_t)c * element_size;
            pixels[p] = real ? elements[p] : reals[p];
        }
        finite &= winograd->output(products + c, tiles->cpu->products_plane, columns,
                                   real ? channels_left(plan, layer->output_channel + c) : BLOCK,
                                   pixels);
        if (real)
            continue;
        for (int p = 0; p < size; p++)
            if (elements[p] != NULL)
                tiles->cpu->kernels->round(plan->type, elements[p], reals[p], columns);
    }
    return finite;
}

/* Adds the tile only if all was finite: what is added cannot be taken back. Until that is known, it
 * takes the place of the products. */
static bool add_tile(const struct tiles *tiles, const struct place *place, float *products,
                     const struct dblk_layer *layer, void *outputs) {
    const struct dblk_cpu_plan *cpu = tiles->cpu;
    const int tile = cpu->winograd->tile;
    bool finite = true;
    for (int64_t c = 0; c < layer->growth; c += BLOCK) {
        float *pixels[MOST_TILE * MOST_TILE];
        for (int p = 0; p < tile * tile; p++)
            pixels[p] = products + p * cpu->products_plane + c;
        finite &= cpu->winograd->output(products + c, cpu->products_plane,
                                        dblk_smaller(BLOCK, layer->growth - c), BLOCK, pixels);
    }
    const struct patch patch = patch_of(tiles, place, layer, outputs);
    for (int r = 0; finite && r < patch.rows; r++)
        for (int c = 0; c < patch.columns; c++)
            cpu->kernels->add(tiles->plan->type, patch_pixel(&patch, r, c),
                              products + (r * tile + c) * cpu->products_plane, layer->growth);
    return finite;
}

static void mark_spoiled(const struct tiles *tiles, const struct place *place, void *workspace) {
    const struct dblk_cpu_plan *cpu = tiles->cpu;
    const int tile = cpu->winograd->tile;
    int *spoiled =
        dblk_cpu_spoiled(workspace) + (place->image - tiles->image) * cpu->flags_per_image;
    if (dblk_plan_is_placed(tiles->plan))
        spoiled += place->row / tile * cpu->ring_columns + place->column / tile;
#pragma omp atomic write
    *spoiled = 1;
}

/* The output transform of a layer's columns of one tile. If it makes NaN or Inf, that is marked as
 * spoiled. */
static inline void finish_tile(const struct tiles *tiles, const struct place *place,
                               float *products, const struct dblk_layer *layer, void *outputs,
                               void *workspace) {
    const bool finite = tiles->plan->adds ? add_tile(tiles, place, products, layer, outputs)
                                          : store_tile(tiles, place, products, layer, outputs);
    if (!finite)
        mark_spoiled(tiles, place, workspace);
}

/* Each thread does all of a chunk of tiles, whose products stay in its caches; and as far as there are
 * chunks for all, the same tiles in every layer, whose stack does. */
static void layer_by_chunks(const struct tiles *tiles, const struct product *product,
                            const struct dblk_layer *layer, void *outputs, void *workspace) {
    const struct dblk_cpu_plan *cpu = tiles->cpu;
    const int points = cpu->winograd->points * cpu->winograd->points;
    const int64_t panels = dblk_panel_count(product->vectors);
    const int64_t chunks = dblk_quotient_up(tiles->count, cpu->chunk_tiles);
#pragma omp parallel for num_threads(tiles->plan->thread_count) schedule(static)
    for (int64_t chunk = 0; chunk < chunks; chunk++) {
        const int64_t begin = tiles->count * chunk / chunks;
        const int64_t end = tiles->count * (chunk + 1) / chunks;
        struct product mine = *product;
        if (!cpu->products_shared)
            mine.products = dblk_cpu_thread(cpu, workspace);
        for (int point = 0; point < points; point++)
            for (int64_t run = begin, next; run < end; run = next) {
                /* A chunk that passes the end of the ring goes on at its beginning. */
                const int64_t slot = tile_place(tiles, run).slot;
                next = dblk_smaller(end, run + cpu->stack_slots - slot);
                multiply(cpu, &mine, point, slot, next - run,
                         cpu->products_shared ? slot : run - begin, 0, panels);
            }
        for (int64_t index = begin; index < end; index++) {
            const struct place place = tile_place(tiles, index);
            const int64_t slot = cpu->products_shared ? place.slot : index - begin;
            if (index + 1 < end) {
                const struct place next = tile_place(tiles, index + 1);
                ask_tile(tiles, &next, layer, outputs);
            }
            finish_tile(tiles, &place, mine.products + slot * cpu->products_stride, layer,
                        outputs, workspace);
        }
    }
}

/* All threads together: first the products, dealt out by points, tiles and panels, then the output
 * transform. */
static void multiply_together(const struct tiles *tiles, const struct product *product) {
    const struct dblk_cpu_plan *cpu = tiles->cpu;
    const int points = cpu->winograd->points * cpu->winograd->points;
    const int64_t panels = dblk_panel_count(product->vectors);
    const int64_t chunks = dblk_quotient_up(tiles->count, cpu->chunk_tiles);
#pragma omp parallel for num_threads(tiles->plan->thread_count) schedule(static)
    for (int64_t item = 0; item < points * chunks * panels; item++) {
        const int64_t panel = item % panels, chunk = item / panels % chunks;
        const int64_t point = item / panels / chunks;
        const int64_t end = tiles->count * (chunk + 1) / chunks;
        for (int64_t run = tiles->count * chunk / chunks, next; run < end; run = next) {
            const int64_t slot = tile_place(tiles, run).slot;
            next = dblk_smaller(end, run + cpu->stack_slots - slot);
            multiply(cpu, product, point, slot, next - run, slot, panel, panel + 1);
        }
    }
}

static void finish_together(const struct tiles *tiles, const struct dblk_layer *layer,
                            float *products, void *outputs, void *workspace) {
#pragma omp parallel for num_threads(tiles->plan->thread_count) schedule(static)
    for (int64_t index = 0; index < tiles->count; index++) {
        const struct place place = tile_place(tiles, index);
        finish_tile(tiles, &place, products + place.slot * tiles->cpu->products_stride, layer,
                    outputs, workspace);
    }
}

void dblk_winograd_layer(const denseblock_plan *plan, int64_t l, const struct dblk_region *region,
                         const void *prepared, void *outputs, void *workspace) {
    const struct dblk_cpu_plan *cpu = dblk_cpu_plan_of(plan);
    const struct dblk_cpu_layer *planned = &cpu->layers[l];
    const struct dblk_layer *layer = &plan->layers[l];
    const int tile = cpu->winograd->tile, lanes = cpu->kernels->lanes;
    const struct tiles tiles = tiles_make(plan, region, region->row / tile,
                                          (region->row + region->rows + tile - 1) / tile);
    const float *stack = floats_at(workspace, cpu->stack_offset);
    float *products = floats_at(workspace, cpu->products_offset) + planned->column;

    struct product product = {
        .stack = stack,
        .channels = planned->group_channels,
        .weights = constants_at(prepared, planned->outer),
        .vectors = dblk_vectors(planned->group_columns, lanes),
        .products = products,
    };
    if (l > planned->group_first)
        product = (struct product){
            .stack = stack + planned->group_channels,
            .channels = layer->channels - planned->group_channels,
            .weights = constants_at(prepared, planned->inner),
            .vectors = dblk_vectors(layer->growth, lanes),
            .products = products,
            .accumulate = true,
        };
    if (cpu->together) {
        multiply_together(&tiles, &product);
        finish_together(&tiles, layer, products, outputs, workspace);
    } else {
        layer_by_chunks(&tiles, &product, layer, outputs, workspace);
    }
}
