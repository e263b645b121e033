#include "backends/cuda/cuda_traffic.h"

#include "backends/cuda/cuda_ways.h"
#include "memory/integer.h"
#include "tensor_shape.h"

/* ---- What there is to move ---- */

static double type_bytes(const denseblock_plan *plan) {
    return (double)denseblock_type_size(plan->type);
}

static double sum_bytes(const denseblock_plan *plan) {
    return (double)denseblock_type_size(dblk_winograd_products_type(plan));
}

/* So many channels of a slice; and their transforms. */
static double features_bytes(const denseblock_plan *plan, int64_t channels) {
    return (double)(plan->slice_images * plan->height * plan->width) * (double)channels *
           type_bytes(plan);
}

static double rows_of(const denseblock_plan *plan) {
    const struct dblk_winograd_stack *stack = &dblk_cuda_plan_of(plan)->stack;
    return (double)stack->slice_tiles * dblk_winograd_points(stack->tile);
}

static double stack_bytes(const denseblock_plan *plan, int64_t channels) {
    return rows_of(plan) * (double)channels * type_bytes(plan);
}

static bool is_winograd(const denseblock_plan *plan, int64_t l) {
    return dblk_algorithm_is_winograd(dblk_cuda_plan_of(plan)->layers[l].algorithm);
}

/* Of a convolution, or of products. */
struct operands {
    double features; /* or transforms */
    double weights;
    double sums;   /* written, or added to */
    double output; /* written to y */
};

static struct operands operands_of(const denseblock_plan *plan, int64_t l) {
    const struct dblk_cuda_plan *cuda = dblk_cuda_plan_of(plan);
    const struct dblk_cuda_layer *planned = &cuda->layers[l];
    const struct dblk_cuda_work work = dblk_cuda_work_of(plan, l);
    const double rows = (double)work.matrices * (double)work.pixels;
    const int parts = cuda->tensor ? dblk_tensor_parts(cuda->form) : 1;
    const bool outer = l == planned->group.first;
    const int64_t sums = outer && !is_winograd(plan, l) ? planned->sums_stride : work.columns;
    return (struct operands){
        .features = rows * (double)work.channels * type_bytes(plan),
        .weights = (double)work.matrices * (double)work.taps * (double)work.channels *
                   (double)work.columns * type_bytes(plan) * parts,
        .sums = rows * (double)sums * sum_bytes(plan),
        .output = is_winograd(plan, l) ? 0 : features_bytes(plan, plan->layers[l].growth),
    };
}

/* What passes from one group's outer product to the next one's, and from one of its inner products to the
 * next one. */
static double set_of(const denseblock_plan *plan, int64_t l) {
    const struct operands bytes = operands_of(plan, l);
    return bytes.features + bytes.weights + bytes.sums +
           features_bytes(plan, plan->layers[l].growth) + (double)dblk_cuda_parts_bytes(plan, l);
}

/* The part of layer l's operands, or of its group's sums, that memory has to give. */
static double missed(const denseblock_plan *plan, int64_t l) {
    return dblk_cuda_missed(&dblk_cuda_plan_of(plan)->gpu, set_of(plan, l));
}

/* ---- How often it is moved ---- */

/* How many times blocks of threads read a feature for the same columns: with its halo, for each window of
 * taps. The tiles of ordinary cores are about square. */
static double halo_of(const denseblock_plan *plan, int64_t l) {
    const struct dblk_layer *layer = &plan->layers[l];
    if (is_winograd(plan, l))
        return 1;
    if (!dblk_cuda_plan_of(plan)->tensor)
        return layer->kernel_height * layer->kernel_width == 1 ? 1 : 1.4;
    const enum dblk_tensor_window window = dblk_cuda_way_of(plan, l)->window;
    const double positions =
        (double)dblk_tensor_positions(window, plan->width) / DBLK_TENSOR_PIXELS;
    return window == DBLK_TENSOR_ROW
               ? positions * (double)layer->kernel_height *
                     (double)dblk_quotient_up(layer->kernel_width, dblk_tensor_taps(window))
               : positions;
}

/* Pixels and columns of a block of threads. */
static void find_tile(const denseblock_plan *plan, int64_t l, int64_t *pixels, int64_t *columns) {
    *pixels = DBLK_TENSOR_PIXELS;
    *columns = dblk_cuda_way_of(plan, l)->tile_columns;
    if (dblk_cuda_plan_of(plan)->tensor)
        return;
    const int64_t all = dblk_cuda_work_of(plan, l).columns;
    *pixels = DBLK_DIRECT_RUN * DBLK_DIRECT_RUNS;
    *columns = dblk_direct_layout(plan->type, 1, 1, 1, all).tile_columns;
}

struct dblk_cuda_traffic dblk_cuda_work_traffic(const denseblock_plan *plan, int64_t l) {
    const int64_t first = dblk_cuda_plan_of(plan)->layers[l].group.first;
    const struct operands bytes = operands_of(plan, l);
    const struct dblk_cuda_work work = dblk_cuda_work_of(plan, l);
    int64_t pixels, columns;
    find_tile(plan, l, &pixels, &columns);
    const double tiles = (double)dblk_quotient_up(work.pixels, pixels);
    const double column_tiles = (double)dblk_quotient_up(work.columns, columns);
    const bool again = is_winograd(plan, l) && l > first; /* sums are read and written */
    const double lost = missed(plan, l);
    return (struct dblk_cuda_traffic){
        .cache = bytes.features * halo_of(plan, l) * column_tiles + bytes.weights * tiles +
                 bytes.sums * (again ? 2 : 1) + bytes.output,
        /* Nothing of the block's input has been used before. */
        .memory = bytes.features * (l == 0 && !is_winograd(plan, l) ? 1 : lost) + bytes.weights +
                  bytes.sums * missed(plan, first) + bytes.output,
    };
}

struct dblk_cuda_traffic dblk_cuda_output_traffic(const denseblock_plan *plan, int64_t l) {
    const int64_t growth = plan->layers[l].growth;
    const double products = rows_of(plan) * (double)growth * sum_bytes(plan);
    const double output = features_bytes(plan, growth);
    return (struct dblk_cuda_traffic){products + output, products * missed(plan, l) + output};
}

struct dblk_cuda_traffic dblk_cuda_keep_traffic(const denseblock_plan *plan, int64_t l) {
    const struct dblk_cuda_limits *gpu = &dblk_cuda_plan_of(plan)->gpu;
    const int64_t channels = l < 0 ? plan->channels : plan->layers[l].growth;
    const int64_t before = l < 0 ? 0 : plan->layers[l].channels;
    const double features = features_bytes(plan, channels);
    const double transforms = stack_bytes(plan, channels);
    const double stack = stack_bytes(plan, before + channels);
    return (struct dblk_cuda_traffic){
        .cache = features + transforms,
        .memory = features * (l < 0 ? 1 : dblk_cuda_missed(gpu, features + transforms)) +
                  transforms * dblk_cuda_missed(gpu, stack),
    };
}
