#include "backends/cublas/cublas_choice.h"

#include <math.h>

#include "backends/algorithm.h"
#include "backends/cublas/cublas_layout.h"

/* ---- The model: microseconds on a large GPU ----
 *
 * It only has to put ways to compute a block in the right order. Its constants are NVIDIA's of an
 * H100, rates rounded down to what products of these sizes may reach; they have not been fitted to
 * measurements. */

static const double LAUNCH = 3;
static const double BYTES = 3e6;  /* in a microsecond */
static const double COLUMNS = 64; /* of a product, that are computed at once */

/* Operations in a microsecond. */
static double rate(const denseblock_plan *plan) {
    switch (plan->type) {
    case DENSEBLOCK_F64:
        return 30e6;
    case DENSEBLOCK_F32:
        return dblk_cublas_uses_tf32(plan) ? 250e6 : 40e6;
    case DENSEBLOCK_F16:
    case DENSEBLOCK_BF16:
        break;
    }
    return 500e6;
}

struct work {
    double launches, bytes, flops;
};

static double microseconds(const denseblock_plan *plan, struct work work) {
    return work.launches * LAUNCH + fmax(work.bytes / BYTES, work.flops / rate(plan));
}

/* An output is written, and where it is added to also read. */
static double output_moves(const denseblock_plan *plan) {
    return plan->adds ? 2 : 1;
}

static double padded(double columns) {
    return ceil(columns / COLUMNS) * COLUMNS;
}

static double slices_of(const denseblock_plan *plan) {
    return plan->batch == 0 ? 0 : ceil((double)plan->batch / (double)plan->slice_images);
}

/* im2col, then a product, for each piece. */
static double direct_cost(const denseblock_plan *plan, int64_t l) {
    const struct dblk_cublas_layer *planned = &dblk_cublas_plan_of(plan)->layers[l];
    const struct dblk_layer *layer = &plan->layers[l];
    const double size = (double)denseblock_type_size(plan->type);
    const double pixels = (double)(plan->batch * plan->height * plan->width);
    const double slice_pixels = (double)(plan->slice_images * plan->height * plan->width);
    const double pieces = slices_of(plan) * ceil(slice_pixels / (double)planned->pixels);
    const double row = (double)planned->row, growth = (double)layer->growth;
    const struct work im2col = {pieces, pixels * (row + (double)layer->channels) * size, 0};
    const double elements = pixels * (row + growth * output_moves(plan)) + pieces * row * growth;
    const struct work product = {pieces, elements * size, 2 * pixels * row * padded(growth)};
    return microseconds(plan, im2col) + microseconds(plan, product);
}

/* Rows of all products together: one for each tile and point. */
static double rows_of(const denseblock_plan *plan) {
    const int tile = dblk_cublas_plan_of(plan)->stack.tile;
    return tile == 0
               ? 0
               : (double)dblk_winograd_points(tile) *
                     (double)dblk_winograd_tiles(tile, plan->batch, plan->height, plan->width);
}

/* Products of so many channels with so many columns, for every tile and point. */
static double products_cost(const denseblock_plan *plan, double slices, double rows,
                            double channels, double columns, bool add) {
    const double size = (double)denseblock_type_size(plan->type);
    const double real = (double)denseblock_type_size(dblk_winograd_products_type(plan));
    const double weights = slices * channels * columns * size *
                           dblk_winograd_points(dblk_cublas_plan_of(plan)->stack.tile);
    const struct work work = {slices,
                              rows * (channels * size + columns * real * (add ? 2 : 1)) + weights,
                              2 * rows * channels * padded(columns)};
    return microseconds(plan, work);
}

/* A transform of so many channels: their features are moved, most often once, and for each tile and point
 * so many bytes. */
static double transform_cost(const denseblock_plan *plan, int64_t channels, double moves,
                             double value_bytes) {
    const double pixels = (double)(plan->batch * plan->height * plan->width);
    const struct work work = {slices_of(plan),
                              (double)channels *
                                  (rows_of(plan) * value_bytes +
                                   pixels * moves * (double)denseblock_type_size(plan->type)),
                              0};
    return microseconds(plan, work);
}

static double output_cost(const denseblock_plan *plan, int64_t l) {
    return transform_cost(plan, plan->layers[l].growth, output_moves(plan),
                          (double)denseblock_type_size(dblk_winograd_products_type(plan)));
}

static double winograd_cost(const denseblock_plan *plan, int64_t l) {
    const struct dblk_cublas_layer *planned = &dblk_cublas_plan_of(plan)->layers[l];
    const struct dblk_layer *layer = &plan->layers[l];
    const double rows = rows_of(plan);
    const double slices = slices_of(plan);
    const double products =
        l == planned->group.first
            ? products_cost(plan, slices, rows, (double)planned->group.channels,
                            (double)planned->group.columns, false)
            : products_cost(plan, slices, rows,
                            (double)(layer->channels - planned->group.channels),
                            (double)layer->growth, true);
    return products + output_cost(plan, l);
}

/* The input transform of layer l's output, -1: of the block's input; where one kernel transforms back
 * and again, what that takes more than to transform back. */
static double keep_cost(const denseblock_plan *plan, int64_t l) {
    const struct dblk_cublas_plan *cublas = dblk_cublas_plan_of(plan);
    const double size = (double)denseblock_type_size(plan->type);
    const double sum = (double)denseblock_type_size(dblk_winograd_products_type(plan));
    if (l < 0)
        return transform_cost(plan, plan->channels, 1, size);
    const int64_t growth = plan->layers[l].growth;
    if (!dblk_algorithm_is_winograd(cublas->layers[l].algorithm) || cublas->stack.strip_rows == 0)
        return transform_cost(plan, growth, 1, size);
    const double times = dblk_winograd_stack_times_read(&cublas->stack, plan);
    return transform_cost(plan, growth, 1, sum * times + size) - output_cost(plan, l);
}

static double layer_cost(const denseblock_plan *plan, int64_t l) {
    if (!dblk_cublas_has_room(plan, l))
        return INFINITY;
    if (plan->batch == 0)
        return 0;
    return dblk_algorithm_is_winograd(dblk_cublas_plan_of(plan)->layers[l].algorithm)
               ? winograd_cost(plan, l)
               : direct_cost(plan, l);
}

/* ---- The choice ---- */

static bool is_allowed(const denseblock_plan *plan, const denseblock_plan_options *options,
                       denseblock_algorithm algorithm) {
    if (options->algorithm != DENSEBLOCK_ALGORITHM_AUTO)
        return options->algorithm == algorithm;
    if (algorithm == DENSEBLOCK_ALGORITHM_DIRECT)
        return options->group_size <= 1;
    if (algorithm == DENSEBLOCK_ALGORITHM_WINOGRAD4)
        return plan->type == DENSEBLOCK_F32 && plan->arithmetic == DENSEBLOCK_ARITHMETIC_FULL &&
               options->accuracy != DENSEBLOCK_ACCURACY_HIGH;
    return true;
}

denseblock_status dblk_cublas_choose(denseblock_plan *plan,
                                     const denseblock_plan_options *options) {
    const struct dblk_group_rules rules = {
        .launch = 2 * LAUNCH,
        .most_direct = 1,
        .allows = is_allowed,
        .begin = dblk_cublas_begin,
        .form = dblk_cublas_form,
        .layer_cost = layer_cost,
        .keep_cost = keep_cost,
        .finish = dblk_cublas_finish,
    };
    return dblk_groups_choose(plan, options, &rules);
}
