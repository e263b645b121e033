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

static void form_group(const denseblock_plan *plan, int64_t first,
                       struct dblk_candidate candidate) {
    struct dblk_cublas_layer *layers = &cublas_of(plan)->layers[first];
    const bool winograd = dblk_algorithm_is_winograd(candidate.algorithm) &&
                          dblk_layer_is_3x3(&plan->layers[first]);
    int64_t size = 0, columns = 0;
    while (first + size < plan->layer_count &&
           (size == 0 || (winograd && size < candidate.group_size &&
                          dblk_layer_is_3x3(&plan->layers[first + size])))) {
        layers[size].group.column = columns;
        columns += plan->layers[first + size].growth;
        size++;
    }
    for (int64_t i = 0; i < size; i++) {
        const struct dblk_layer *layer = &plan->layers[first + i];
        layers[i].algorithm = winograd ? candidate.algorithm : DENSEBLOCK_ALGORITHM_DIRECT;
        layers[i].row = layer->kernel_height * layer->kernel_width * layer->channels;
        layers[i].row_stride = dblk_aligned_row(plan, layers[i].row);
        layers[i].group = (struct dblk_group){first, size, plan->layers[first].channels, columns,
                                              layers[i].group.column};
    }
}

static void form_groups(const denseblock_plan *plan, struct dblk_candidate candidate) {
    struct dblk_cublas_plan *cublas = cublas_of(plan);
    dblk_winograd_stack_clear(&cublas->stack);
    for (int64_t first = 0; first < plan->layer_count;) {
        form_group(plan, first, candidate);
        const struct dblk_cublas_layer *layer = &cublas->layers[first];
        if (dblk_algorithm_is_winograd(layer->algorithm))
            dblk_winograd_stack_add(&cublas->stack, plan, &layer->group, layer->algorithm);
        first += layer->group.size;
    }
    cublas->stack.tf32 = dblk_cublas_uses_tf32(plan);
}

static size_t row_bytes(const denseblock_plan *plan, const struct dblk_cublas_layer *layer) {
    return (size_t)layer->row_stride * denseblock_type_size(plan->type);
}

/* The longest row of a direct layer's matrix, which has to be whole. */
static size_t longest_row(const denseblock_plan *plan) {
    size_t longest = 0;
    for (int64_t l = 0; l < plan->layer_count; l++) {
        const struct dblk_cublas_layer *layer = &cublas_of(plan)->layers[l];
        if (layer->algorithm == DENSEBLOCK_ALGORITHM_DIRECT && row_bytes(plan, layer) > longest)
            longest = row_bytes(plan, layer);
    }
    return longest;
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

/* As many images as have room, of which one needs so many bytes, and no more than a launch takes. */
static int64_t slice_images(const denseblock_plan *plan, size_t room, size_t image) {
    const struct dblk_winograd_stack *stack = &cublas_of(plan)->stack;
    if (stack->tile == 0)
        return plan->batch;
    const int64_t most =
        dblk_smaller((int64_t)(room / image), dblk_winograd_most_images(stack, plan));
    return equal_part(plan->batch, dblk_larger(1, most));
}

static void cut_direct_layers(const denseblock_plan *plan, size_t room) {
    const int64_t total = plan->slice_images * plan->height * plan->width;
    struct dblk_cublas_plan *cublas = cublas_of(plan);
    for (int64_t l = 0; l < plan->layer_count; l++) {
        struct dblk_cublas_layer *layer = &cublas->layers[l];
        if (layer->algorithm != DENSEBLOCK_ALGORITHM_DIRECT)
            continue;
        const size_t row = row_bytes(plan, layer);
        const int64_t fit = (int64_t)(room / row);
        layer->pixels = equal_part(total, dblk_larger(1, dblk_smaller(fit, INT_MAX)));
        const size_t bytes = (size_t)layer->pixels * row;
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

bool dblk_cublas_lay_out(denseblock_plan *plan, struct dblk_candidate candidate, size_t limit) {
    struct dblk_cublas_plan *cublas = cublas_of(plan);
    form_groups(plan, candidate);
    cublas->matrix_bytes = cublas->scratch_bytes = 0;
    plan->workspace_bytes = 0;
    if (plan->layer_count == 0 || plan->batch == 0)
        return true;
    size_t stack, products;
    plan->workspace_bytes = SIZE_MAX;
    if (!dblk_winograd_stack_bytes(&cublas->stack, plan, 1, &stack, &products))
        return false;
    const size_t longest = longest_row(plan);
    size_t image = stack;
    if (!dblk_size_add(&image, products > longest ? products : longest))
        return false;
    cublas->scratch_bytes = scratch_bytes(limit, image);
    const size_t others = cublas->scratch_bytes + GAP;
    size_t room = limit > others ? limit - others : 0;
    room -= room % DENSEBLOCK_ALIGNMENT;
    plan->slice_images = slice_images(plan, room, image);
    if (!dblk_winograd_stack_bytes(&cublas->stack, plan, plan->slice_images, &stack,
                                   &cublas->matrix_bytes))
        return false;
    dblk_winograd_stack_set_slice(&cublas->stack, plan, stack);
    cut_direct_layers(plan, room > stack ? room - stack : 0);
    if (!add_up(plan))
        plan->workspace_bytes = SIZE_MAX;
    return plan->workspace_bytes <= limit;
}

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
