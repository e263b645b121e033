/* Direct convolution, as a matrix product that is never written out.
 *
 * A thread takes a tile of output pixels. For some channels at a time it copies the input of the tile
 * to memory of its own: as reals, through ReLU, with zeros where the image ends. There a tap is only
 * an offset, and neither padding nor conversion is left in the inner loop. The copy stays in the
 * caches, and is read by all taps and all output channels. */
#include "backends/cpu/direct.h"

#include <string.h>

#include "backends/cpu/panels.h"
#include "backends/cpu/weights.h"
#include "memory/integer.h"

/* What is the same for all tiles. */
struct convolution {
    const denseblock_plan *plan;
    const struct dblk_layer *layer;
    int64_t first_channel, channels; /* of the input */
    int64_t columns;
    const char *weights;
    const struct dblk_tensors *tensors;

    /* Sums kept for the group: of pixel 0 of the region's first image, and of this layer's first
     * column. NULL for a group of one layer. */
    char *partial;
    bool outer; /* the sums are left there, for the layers to come; else they are added */
    int64_t first_image;
};

/* Sums of a tile: [rows][columns][output channels], with strides in reals. */
struct sums {
    char *first;
    int64_t row_stride, pixel_stride;
};

/* Output pixels, all of one image. */
struct tile {
    int64_t image, row, column, rows, columns;
};

/* Bytes in a tensor whose pixels are `pitch` elements apart. */
static size_t offset_of(const denseblock_plan *plan, int64_t image, int64_t row, int64_t column,
                        int64_t pitch, int64_t channel) {
    const int64_t pixel = (image * plan->height + row) * plan->width + column;
    return (size_t)(pixel * pitch + channel) * denseblock_type_size(plan->type);
}

/* copy[rows + kh - 1][columns + kw - 1][depth] of channels [c, c + depth). */
static void copy_input(const struct convolution *work, const struct tile *tile, int64_t c,
                       int64_t depth, char *copy) {
    const denseblock_plan *plan = work->plan;
    const struct dblk_cpu_plan *cpu = dblk_cpu_plan_of(plan);
    const int64_t top = tile->row - (work->layer->kernel_height - 1) / 2;
    const int64_t left = tile->column - (work->layer->kernel_width - 1) / 2;
    const int64_t rows = tile->rows + work->layer->kernel_height - 1;
    const int64_t columns = tile->columns + work->layer->kernel_width - 1;
    const size_t pixel_bytes = (size_t)depth * cpu->real_size;
    const size_t row_bytes = (size_t)columns * pixel_bytes;
    const int64_t first = dblk_larger(left, 0), end = dblk_smaller(left + columns, plan->width);
    for (int64_t row = top; row < top + rows; row++, copy += row_bytes) {
        if (row < 0 || row >= plan->height || first >= end) {
            memset(copy, 0, row_bytes);
            continue;
        }
        char *to = copy + (size_t)(first - left) * pixel_bytes;
        memset(copy, 0, (size_t)(first - left) * pixel_bytes);
        cpu->kernels->rectify(
            plan->type, to, depth,
            (const char *)work->tensors->features +
                offset_of(plan, tile->image, row, first, plan->feature_pitch, c),
            plan->feature_pitch, end - first, depth);
        memset(to + (size_t)(end - first) * pixel_bytes, 0,
               (size_t)(left + columns - end) * pixel_bytes);
    }
}

/* Adds what one copy gives to the sums. Taps in rows outside the image are left out. */
static void add_products(const struct convolution *work, const struct tile *tile,
                         int64_t panel_index, int64_t depth, const char *copy,
                         const char *weights, const struct sums *sums, bool accumulate) {
    const denseblock_plan *plan = work->plan;
    const struct dblk_cpu_plan *cpu = dblk_cpu_plan_of(plan);
    const int lanes = cpu->kernels->lanes;
    const int64_t kernel_height = work->layer->kernel_height;
    const int64_t kernel_width = work->layer->kernel_width;
    const int64_t above = (kernel_height - 1) / 2;
    const struct dblk_panel panel =
        dblk_panel_of(dblk_vectors(work->columns, lanes), panel_index, lanes);
    const int64_t copy_row = (tile->columns + kernel_width - 1) * depth;
    struct dblk_gemm gemm = {
        .pixel_stride = depth,
        .tap_row_stride = copy_row,
        .tap_column_stride = depth,
        .tap_columns = kernel_width,
        .depth = depth,
        .sums_stride = sums->pixel_stride,
        .accumulate = accumulate,
    };
    for (int64_t r = 0; r < tile->rows; r++) {
        const int64_t top = tile->row + r - above; /* the row under the first tap */
        const int64_t first = top < 0 ? -top : 0;
        const int64_t over = top + kernel_height - plan->height;
        gemm.tap_rows = kernel_height - first - (over > 0 ? over : 0);
        gemm.a = copy + (size_t)((r + first) * copy_row) * cpu->real_size;
        gemm.b = weights + (size_t)(panel.first * kernel_height * kernel_width * depth +
                                    first * kernel_width * depth * panel.vectors * lanes) *
                               cpu->real_size;
        gemm.sums = sums->first + (size_t)(r * sums->row_stride + panel.first) * cpu->real_size;
        cpu->kernels->gemm[panel.vectors](&gemm, tile->columns);
    }
}

/* The sums of the panels [begin, end). */
static void convolve(const struct convolution *work, const struct tile *tile, int64_t begin,
                     int64_t end, char *copy, const struct sums *sums) {
    const struct dblk_cpu_plan *cpu = dblk_cpu_plan_of(work->plan);
    const int64_t width = dblk_vectors(work->columns, cpu->kernels->lanes) * cpu->kernels->lanes;
    const int64_t taps = work->layer->kernel_height * work->layer->kernel_width;
    const int64_t most = dblk_direct_depth(cpu, work->layer);
    for (int64_t c = 0; c < work->channels; c += most) {
        const int64_t depth = dblk_smaller(work->channels - c, most);
        const char *weights = work->weights + (size_t)(c * taps * width) * cpu->real_size;
        copy_input(work, tile, work->first_channel + c, depth, copy);
        for (int64_t p = begin; p < end; p++)
            add_products(work, tile, p, depth, copy, weights, sums, c > 0);
    }
}

/* sums += partial, in reals. */
static void add_partial(size_t real_size, void *sums, const void *partial, int64_t count) {
    if (real_size == sizeof(double))
        for (int64_t i = 0; i < count; i++)
            ((double *)sums)[i] += ((const double *)partial)[i];
    else
        for (int64_t i = 0; i < count; i++)
            ((float *)sums)[i] += ((const float *)partial)[i];
}

static size_t partial_bytes(const struct convolution *work, const struct tile *tile, int64_t r) {
    const denseblock_plan *plan = work->plan;
    const struct dblk_cpu_plan *cpu = dblk_cpu_plan_of(plan);
    const int64_t row = (tile->image - work->first_image) * plan->height + tile->row + r;
    return (size_t)((row * plan->width + tile->column) * cpu->partial_stride) * cpu->real_size;
}

/* Stores the layer's columns [begin, end), or adds them to what is there. */
static void finish(const struct convolution *work, const struct tile *tile, int64_t begin,
                   int64_t end, const struct sums *sums) {
    const denseblock_plan *plan = work->plan;
    const struct dblk_cpu_plan *cpu = dblk_cpu_plan_of(plan);
    const size_t pixel_bytes = (size_t)plan->output_pitch * denseblock_type_size(plan->type);
    const bool add = work->partial != NULL && !work->outer;
    for (int64_t r = 0; r < tile->rows; r++) {
        char *from = sums->first + (size_t)(r * sums->row_stride + begin) * cpu->real_size;
        char *to = (char *)work->tensors->outputs +
                   offset_of(plan, tile->image, tile->row + r, tile->column, plan->output_pitch,
                             work->layer->output_channel + begin);
        const char *partial = NULL;
        if (add)
            partial =
                work->partial + partial_bytes(work, tile, r) + (size_t)begin * cpu->real_size;
        for (int64_t p = 0; p < tile->columns; p++) {
            if (add) {
                add_partial(cpu->real_size, from, partial, end - begin);
                partial += (size_t)cpu->partial_stride * cpu->real_size;
            }
            if (plan->adds)
                cpu->kernels->add(plan->type, to, from, end - begin);
            else
                cpu->kernels->round(plan->type, to, from, end - begin);
            from += (size_t)sums->pixel_stride * cpu->real_size;
            to += pixel_bytes;
        }
    }
}

static void do_tile(const struct convolution *work, const struct tile *tile, int64_t begin,
                    int64_t end, char *copy) {
    const struct dblk_cpu_plan *cpu = dblk_cpu_plan_of(work->plan);
    const int lanes = cpu->kernels->lanes;
    const int64_t vectors = dblk_vectors(work->columns, lanes);
    struct sums sums = {
        .first = copy + cpu->tile_reals * cpu->real_size,
        .row_stride = tile->columns * vectors * lanes,
        .pixel_stride = vectors * lanes,
    };
    if (work->outer)
        sums = (struct sums){
            .first = work->partial + partial_bytes(work, tile, 0),
            .row_stride = work->plan->width * cpu->partial_stride,
            .pixel_stride = cpu->partial_stride,
        };
    convolve(work, tile, begin, end, copy, &sums);

    const int64_t first = dblk_panel_of(vectors, begin, lanes).first;
    const struct dblk_panel last = dblk_panel_of(vectors, end - 1, lanes);
    int64_t stop = last.first + last.vectors * lanes;
    if (stop > work->layer->growth)
        stop = work->layer->growth;
    if (first < stop)
        finish(work, tile, first, stop, &sums);
}

/* Deals the tiles of some columns of a region to the threads; and if there are few of them, the panels
 * too. */
static void run(const struct convolution *work, const struct dblk_region *region,
                int64_t first_column, int64_t columns, void *workspace) {
    const denseblock_plan *plan = work->plan;
    const struct dblk_cpu_plan *cpu = dblk_cpu_plan_of(plan);
    const int64_t down = dblk_quotient_up(region->rows, cpu->tile_rows);
    const int64_t across = dblk_quotient_up(columns, cpu->tile_columns);
    const int64_t tiles = region->images * down * across;
    const int64_t panels = dblk_panel_count(dblk_vectors(work->columns, cpu->kernels->lanes));
    const int64_t parts = tiles < 4 * (int64_t)plan->thread_count ? panels : 1;
#pragma omp parallel for num_threads(plan->thread_count) schedule(dynamic)
    for (int64_t item = 0; item < tiles * parts; item++) {
        const int64_t part = item % parts, index = item / parts;
        const int64_t row = index / across % down * cpu->tile_rows;
        const int64_t column = index % across * cpu->tile_columns;
        const struct tile tile = {
            .image = region->image + index / across / down,
            .row = region->row + row,
            .column = first_column + column,
            .rows = dblk_smaller(cpu->tile_rows, region->rows - row),
            .columns = dblk_smaller(cpu->tile_columns, columns - column),
        };
        do_tile(work, &tile, panels * part / parts, panels * (part + 1) / parts,
                dblk_cpu_thread(cpu, workspace));
    }
}

void dblk_direct_layer(const denseblock_plan *plan, int64_t l, const struct dblk_region *region,
                       const void *prepared, const struct dblk_tensors *tensors,
                       void *workspace) {
    const struct dblk_cpu_plan *cpu = dblk_cpu_plan_of(plan);
    const struct dblk_cpu_layer *planned = &cpu->layers[l];
    const bool first = l == planned->group_first;
    struct convolution work = {
        .plan = plan,
        .layer = &plan->layers[l],
        .first_channel = first ? 0 : planned->group_channels,
        .columns = first ? planned->group_columns : plan->layers[l].growth,
        .weights = (const char *)prepared + (first ? planned->outer : planned->inner),
        .tensors = tensors,
        .outer = first && planned->group_size > 1,
        .first_image = region->image,
    };
    work.channels = plan->layers[l].channels - work.first_channel;
    if (planned->group_size > 1)
        work.partial =
            (char *)workspace + cpu->partial_offset + (size_t)planned->column * cpu->real_size;
    run(&work, region, 0, plan->width, workspace);
}

void dblk_direct_repair(const denseblock_plan *plan, int64_t l, const struct dblk_region *region,
                        int64_t column, int64_t columns, const void *prepared,
                        const struct dblk_tensors *tensors, void *workspace) {
    const struct convolution work = {
        .plan = plan,
        .layer = &plan->layers[l],
        .channels = plan->layers[l].channels,
        .columns = plan->layers[l].growth,
        .weights = (const char *)prepared + dblk_cpu_plan_of(plan)->layers[l].direct,
        .tensors = tensors,
    };
    run(&work, region, column, columns, workspace);
}
