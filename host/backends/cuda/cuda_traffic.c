#include "backends/cuda/cuda_traffic.h"

#include <math.h>

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
    double added;  /* to what is there: read */
    double pieces; /* of shared tiles, written and read again */
};

static struct operands operands_of(const denseblock_plan *plan, int64_t l) {
    const struct dblk_cuda_plan *cuda = dblk_cuda_plan_of(plan);
    const struct dblk_cuda_layer *planned = &cuda->layers[l];
    const struct dblk_cuda_work work = dblk_cuda_work_of(plan, l);
    const double rows = (double)work.matrices * (double)work.pixels;
    const int parts = cuda->tensor ? dblk_tensor_parts(cuda->form) : 1;
    const bool outer = l == planned->group.first;
    const int64_t columns = outer && !is_winograd(plan, l) ? planned->sums_stride : work.columns;
    struct dblk_cuda_pieces pieces = {0, 0, 0};
    if (cuda->tensor)
        pieces = dblk_cuda_pieces(dblk_cuda_way_of(plan, l), &work);
    const double output = is_winograd(plan, l) ? 0 : features_bytes(plan, plan->layers[l].growth);
    const struct operands bytes = {
        .features = rows * (double)work.channels * type_bytes(plan),
        .weights = (double)work.matrices * (double)work.taps * (double)work.channels *
                   (double)work.columns * type_bytes(plan) * parts,
        .sums = rows * (double)columns * sum_bytes(plan),
        .output = output,
        .added = plan->adds ? output : 0,
        .pieces = (double)pieces.count * pieces.bytes,
    };
    return bytes;
}

/* Pixels and columns of a block of threads. */
static int64_t tile_pixels(const denseblock_plan *plan) {
    return dblk_cuda_plan_of(plan)->tensor ? DBLK_TENSOR_PIXELS
                                           : DBLK_DIRECT_RUN * DBLK_DIRECT_RUNS;
}

static int64_t tile_columns(const denseblock_plan *plan, int64_t l) {
    return dblk_cuda_plan_of(plan)->tensor
               ? dblk_cuda_way_of(plan, l)->tile_columns
               : dblk_direct_layout(plan->type, 1, 1, 1, dblk_cuda_work_of(plan, l).columns)
                     .tile_columns;
}

/* The part of the outer product's pixels that are computed when others are done. */
static double later_waves(const denseblock_plan *plan, int64_t first) {
    const struct dblk_cuda_plan *cuda = dblk_cuda_plan_of(plan);
    const struct dblk_cuda_work work = dblk_cuda_work_of(plan, first);
    const int64_t blocks = work.matrices * dblk_quotient_up(work.pixels, tile_pixels(plan));
    return blocks <= cuda->gpu.multiprocessors ? 0
                                               : 1 - cuda->gpu.multiprocessors / (double)blocks;
}

/* ---- What passes through the cache between two uses ---- */

/* The lines of the channels [first, end) of so many rows. */
static double lines_bytes(const denseblock_plan *plan, double rows, int64_t first, int64_t end) {
    const double line = 128, size = type_bytes(plan);
    return rows * line * (ceil((double)end * size / line) - floor((double)first * size / line));
}

/* Those of features of a slice; of Winograd layers, of their transforms. */
static double features_lines(const denseblock_plan *plan, int64_t l, int64_t first, int64_t end) {
    const double pixels = (double)(plan->slice_images * plan->height * plan->width);
    return lines_bytes(plan, is_winograd(plan, l) ? rows_of(plan) : pixels, first, end);
}

/* Of features: from one group's outer product to the next one's, and from one of its inner products
 * to the next one. */
static double features_set(const denseblock_plan *plan, int64_t l) {
    const struct dblk_layer *layer = &plan->layers[l];
    const struct dblk_group *group = &dblk_cuda_plan_of(plan)->layers[l].group;
    const struct operands bytes = operands_of(plan, l);
    return features_lines(plan, l, l == group->first ? 0 : group->channels,
                          layer->channels + layer->growth) +
           bytes.weights + bytes.sums + bytes.pieces;
}

/* Of the sums that layer l completes: what the blocks of the outer product that ran later had to
 * do, and what the group has added since. */
static double sums_set(const denseblock_plan *plan, int64_t l) {
    const struct dblk_layer *layer = &plan->layers[l];
    const struct dblk_group *group = &dblk_cuda_plan_of(plan)->layers[l].group;
    const struct operands outer = operands_of(plan, group->first);
    const int64_t columns = group->column + dblk_cuda_padded(layer->growth);
    const double part = l == group->first
                            ? 1
                            : (double)columns / (double)group->columns; /* of the outer product */
    const double inner = l == group->first ? 0 : operands_of(plan, l).weights;
    return part * outer.sums + inner +
           features_lines(plan, l, group->channels, layer->channels + layer->growth) +
           later_waves(plan, group->first) * (outer.features + part * outer.weights);
}

static double missed(const denseblock_plan *plan, double set) {
    return dblk_cuda_missed(&dblk_cuda_plan_of(plan)->gpu, set);
}

/* ---- How often it is moved ---- */

/* How many times blocks of threads read a feature for the same columns: with its halo, for each
 * window of taps. The tiles of ordinary cores are about square. */
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

/* The part of a group's sums that goes to memory: when the next group's outer product, if there is
 * one, needs their room, though nobody wants them any more. */
static double sums_written(const denseblock_plan *plan, int64_t first) {
    const int64_t end = first + dblk_cuda_plan_of(plan)->layers[first].group.size;
    return missed(plan,
                  end == plan->layer_count ? sums_set(plan, end - 1) : features_set(plan, first));
}

/* Nothing of a block's input has been used before. What a residual block's convolution reads, and adds
 * to, those before it have used: of the whole batch. */
static bool is_fresh(const denseblock_plan *plan, int64_t l) {
    return l == 0 && !is_winograd(plan, l) &&
           (!dblk_plan_is_placed(plan) || plan->slice_images < plan->batch);
}

struct dblk_cuda_traffic dblk_cuda_work_traffic(const denseblock_plan *plan, int64_t l) {
    const bool outer = l == dblk_cuda_plan_of(plan)->layers[l].group.first;
    const bool winograd = is_winograd(plan, l);
    const struct operands bytes = operands_of(plan, l);
    const struct dblk_cuda_work work = dblk_cuda_work_of(plan, l);
    const double features_lost = missed(plan, features_set(plan, l));
    const double first_lost = is_fresh(plan, l) ? 1 : features_lost;
    const double sums_lost = outer ? sums_written(plan, l) : missed(plan, sums_set(plan, l));
    return (struct dblk_cuda_traffic){
        .cache = bytes.features * halo_of(plan, l) *
                     (double)dblk_quotient_up(work.columns, tile_columns(plan, l)) +
                 bytes.weights * (double)dblk_quotient_up(work.pixels, tile_pixels(plan)) +
                 bytes.sums * (winograd && !outer ? 2 : 1) + bytes.output + bytes.added +
                 2 * bytes.pieces,
        .memory = (bytes.features + bytes.added) * first_lost + bytes.weights +
                  bytes.sums * sums_lost + bytes.output + 2 * bytes.pieces * features_lost,
    };
}

/* Bytes of the products that layer l's output transform reads, and the part of them that memory has to
 * give. */
static double products_bytes(const denseblock_plan *plan, int64_t l) {
    return rows_of(plan) * (double)plan->layers[l].growth * sum_bytes(plan);
}

static double products_lost(const denseblock_plan *plan, int64_t l) {
    const bool outer = l == dblk_cuda_plan_of(plan)->layers[l].group.first;
    return missed(plan, outer ? sums_set(plan, l) : features_set(plan, l));
}

struct dblk_cuda_traffic dblk_cuda_output_traffic(const denseblock_plan *plan, int64_t l) {
    const double products = products_bytes(plan, l);
    const double output = features_bytes(plan, plan->layers[l].growth);
    return (struct dblk_cuda_traffic){products + output,
                                      products * products_lost(plan, l) + output};
}

/* What is written into the stack goes to memory if that does not fit. */
static double stack_lost(const denseblock_plan *plan, int64_t l) {
    const int64_t channels =
        l < 0 ? plan->channels : plan->layers[l].channels + plan->layers[l].growth;
    return missed(plan, stack_bytes(plan, channels));
}

struct dblk_cuda_traffic dblk_cuda_keep_traffic(const denseblock_plan *plan, int64_t l) {
    const int64_t channels = l < 0 ? plan->channels : plan->layers[l].growth;
    const double features = features_bytes(plan, channels);
    const double transforms = stack_bytes(plan, channels);
    return (struct dblk_cuda_traffic){
        .cache = features + transforms,
        .memory = features * (l < 0 ? 1 : missed(plan, features + transforms)) +
                  transforms * stack_lost(plan, l),
    };
}

struct dblk_cuda_traffic dblk_cuda_between_traffic(const denseblock_plan *plan, int64_t l) {
    const struct dblk_winograd_stack *stack = &dblk_cuda_plan_of(plan)->stack;
    const double products = products_bytes(plan, l);
    const double output = features_bytes(plan, plan->layers[l].growth);
    const double transforms = stack_bytes(plan, plan->layers[l].growth);
    return (struct dblk_cuda_traffic){
        .cache = products * dblk_winograd_stack_times_read(stack, plan) + output + transforms,
        .memory = products * products_lost(plan, l) + output + transforms * stack_lost(plan, l),
    };
}
