#include "backends/cublas/cublas_layout.h"

#include <limits.h>

#include "backends/algorithm.h"
#include "memory/integer.h"
#include "memory/size.h"

/* NVIDIA's words on cublasSetWorkspace: with 16 KiB no product fails for want of it, and 32 MiB is
 * what Hopper needs to be as fast as it can (4 MiB others). */
static const size_t least_scratch = (size_t)16 << 10, most_scratch = (size_t)32 << 20;

/* Between the matrix and what cuBLAS computes in, at the most. */
enum { GAP = DBLK_CUBLAS_ALIGNMENT - DENSEBLOCK_ALIGNMENT };

static struct dblk_cublas_plan *cublas_of(const denseblock_plan *plan) {
    return plan->details;
}

/* Half of what there is at most, and less where what is needed beside it leaves less. */
static size_t scratch_bytes(size_t limit, size_t needed) {
    const size_t beside = needed + DENSEBLOCK_ALIGNMENT + GAP;
    const size_t left = limit > beside ? limit - beside : 0;
    size_t bytes = left < limit / 2 ? left : limit / 2;
    bytes = bytes > most_scratch ? most_scratch : bytes;
    bytes -= bytes % DBLK_CUBLAS_ALIGNMENT;
    return bytes < least_scratch ? least_scratch : bytes;
}

/* In parts of equal size, but for the last. */
static int64_t equal_part(int64_t total, int64_t most) {
    return dblk_quotient_up(total, dblk_quotient_up(total, most));
}

/* ---- Groups ---- */

static int64_t row_of(const struct dblk_layer *layer) {
    return layer->kernel_height * layer->kernel_width * layer->channels;
}

static size_t row_bytes(const denseblock_plan *plan, int64_t l) {
    return (size_t)dblk_aligned_row(plan, row_of(&plan->layers[l])) *
           denseblock_type_size(plan->type);
}

/* The longest row of a direct layer's matrix, which has to be whole. */
static size_t longest_row(const denseblock_plan *plan) {
    size_t longest = 0;
    for (int64_t l = 0; l < plan->layer_count; l++)
        if (row_bytes(plan, l) > longest)
            longest = row_bytes(plan, l);
    return longest;
}

/* The stack of one image, and what the largest group that was asked for needs of it; false where
 * that overflows. */
static bool image_bytes(const denseblock_plan *plan, const denseblock_plan_options *options,
                        size_t *bytes) {
    struct dblk_winograd_stack stack = cublas_of(plan)->stack;
    int64_t columns = 0;
    for (int64_t l = 0; l < plan->layer_count; l++)
        columns = dblk_larger(columns, plan->layers[l].growth);
    columns = dblk_smaller(
        plan->output_channels - plan->channels,
        columns * dblk_smaller(plan->layer_count, dblk_larger(1, options->group_size)));
    stack.products_stride = dblk_aligned_row(plan, columns);
    size_t products;
    if (!dblk_winograd_stack_bytes(&stack, plan, 1, bytes, &products))
        return false;
    const size_t row = longest_row(plan);
    return dblk_size_add(bytes, products > row ? products : row);
}

bool dblk_cublas_begin(denseblock_plan *plan, const denseblock_plan_options *options,
                       denseblock_algorithm winograd) {
    struct dblk_cublas_plan *cublas = cublas_of(plan);
    const size_t limit = options->workspace_limit;
    size_t image;
    cublas->room = 0;
    cublas->scratch_bytes = plan->layer_count == 0 || plan->batch == 0 ? 0 : least_scratch;
    const bool fits = dblk_winograd_stack_reserve(&cublas->stack, plan, winograd);
    if (!image_bytes(plan, options, &image))
        return false;
    if (cublas->scratch_bytes > 0)
        cublas->scratch_bytes = scratch_bytes(limit, image);
    const size_t others = cublas->scratch_bytes + (cublas->scratch_bytes > 0 ? GAP : 0);
    if (!fits || limit < others || limit - others < cublas->stack.bytes)
        return false;
    cublas->room = limit - others - cublas->stack.bytes;
    cublas->room -= cublas->room % DENSEBLOCK_ALIGNMENT;
    return true;
}

void dblk_cublas_form(const denseblock_plan *plan, struct dblk_group_form form) {
    struct dblk_cublas_layer *layers = &cublas_of(plan)->layers[form.first];
    const struct dblk_layer *first = &plan->layers[form.first];
    int64_t columns = 0;
    for (int64_t i = 0; i < form.size; i++) {
        layers[i].algorithm = form.algorithm;
        layers[i].row = row_of(&first[i]);
        layers[i].row_stride = dblk_aligned_row(plan, layers[i].row);
        layers[i].group = (struct dblk_group){form.first, form.size, first->channels, 0, columns};
        columns += first[i].growth;
    }
    for (int64_t i = 0; i < form.size; i++)
        layers[i].group.columns = columns;
}

bool dblk_cublas_has_room(const denseblock_plan *plan, int64_t l) {
    const struct dblk_cublas_plan *cublas = cublas_of(plan);
    struct dblk_cublas_layer *layer = &cublas_of(plan)->layers[l];
    if (layer->algorithm != DENSEBLOCK_ALGORITHM_DIRECT) {
        size_t products;
        return dblk_winograd_products_bytes(&cublas->stack, plan, layer->group.columns,
                                            &products) &&
               products <= cublas->room;
    }
    const int64_t total = plan->slice_images * plan->height * plan->width;
    const int64_t fit = (int64_t)(cublas->room / row_bytes(plan, l));
    layer->pixels =
        total == 0 ? 0 : equal_part(total, dblk_larger(1, dblk_smaller(fit, INT_MAX)));
    return fit > 0 || total == 0;
}

/* ---- The workspace ---- */

static void add_matrices(const denseblock_plan *plan) {
    struct dblk_cublas_plan *cublas = cublas_of(plan);
    for (int64_t l = 0; l < plan->layer_count; l++) {
        const struct dblk_cublas_layer *layer = &cublas->layers[l];
        if (layer->algorithm != DENSEBLOCK_ALGORITHM_DIRECT)
            continue;
        const size_t bytes = (size_t)layer->pixels * row_bytes(plan, l);
        cublas->matrix_bytes = bytes > cublas->matrix_bytes ? bytes : cublas->matrix_bytes;
    }
}

static bool add_up(denseblock_plan *plan) {
    const struct dblk_cublas_plan *cublas = cublas_of(plan);
    plan->workspace_bytes = cublas->stack.bytes;
    return dblk_size_add(&plan->workspace_bytes, cublas->matrix_bytes) &&
           dblk_size_align(&plan->workspace_bytes) &&
           dblk_size_add(&plan->workspace_bytes, GAP) &&
           dblk_size_add(&plan->workspace_bytes, cublas->scratch_bytes);
}

bool dblk_cublas_finish(denseblock_plan *plan) {
    struct dblk_cublas_plan *cublas = cublas_of(plan);
    size_t stack;
    dblk_winograd_stack_clear(&cublas->stack);
    for (int64_t l = 0; l < plan->layer_count; l += cublas->layers[l].group.size)
        if (dblk_algorithm_is_winograd(cublas->layers[l].algorithm))
            dblk_winograd_stack_add(&cublas->stack, plan, &cublas->layers[l].group,
                                    cublas->layers[l].algorithm);
    cublas->stack.tf32 = dblk_cublas_uses_tf32(plan);
    if (!dblk_winograd_stack_bytes(&cublas->stack, plan, plan->slice_images, &stack,
                                   &cublas->matrix_bytes))
        return false;
    dblk_winograd_stack_set_slice(&cublas->stack, plan, stack);
    add_matrices(plan);
    plan->workspace_bytes = 0;
    return cublas->scratch_bytes == 0 || add_up(plan);
}

/* ---- Prepared weights ---- */

static bool add_weights(denseblock_plan *plan, int64_t elements, int64_t rows, size_t *offset) {
    *offset = plan->weights_bytes;
    size_t bytes = denseblock_type_size(plan->type);
    return dblk_size_multiply(&bytes, elements) && dblk_size_multiply(&bytes, rows) &&
           dblk_size_add(&plan->weights_bytes, bytes) && dblk_size_align(&plan->weights_bytes);
}

bool dblk_cublas_lay_out_weights(denseblock_plan *plan) {
    struct dblk_cublas_plan *cublas = cublas_of(plan);
    bool fits = true;
    plan->weights_bytes = 0;
    for (int64_t l = 0; fits && l < plan->layer_count; l++) {
        struct dblk_layer *layer = &plan->layers[l];
        struct dblk_cublas_layer *planned = &cublas->layers[l];
        fits = add_weights(plan, dblk_layer_kernel_count(layer), 1, &layer->weights_offset);
        if (!dblk_algorithm_is_winograd(planned->algorithm))
            continue;
        const struct dblk_group *group = &planned->group;
        const int points = dblk_winograd_points(cublas->stack.tile);
        if (l == group->first)
            fits = fits && add_weights(plan, group->channels * points, group->columns,
                                       &planned->outer_offset);
        else
            fits = fits && add_weights(plan, (layer->channels - group->channels) * points,
                                       layer->growth, &planned->inner_offset);
        planned->outer_offset = cublas->layers[group->first].outer_offset;
    }
    return fits;
}
