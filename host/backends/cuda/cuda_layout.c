#include "backends/cuda/cuda_layout.h"

#include "backends/cuda/cuda_ways.h"
#include "memory/integer.h"
#include "memory/size.h"

static struct dblk_cuda_plan *cuda_of(const denseblock_plan *plan) {
    return plan->details;
}

/* Layers from `first` on with the same kernel size: `asked` of them, or with 0 as many as fill the
 * columns that one block of threads can compute. */
static int64_t group_size(const denseblock_plan *plan, int64_t first, int64_t asked) {
    const int64_t most_columns = cuda_of(plan)->tensor          ? 128
                                 : plan->type == DENSEBLOCK_F64 ? 32
                                                                : 64;
    const struct dblk_layer *layers = &plan->layers[first];
    int64_t size = 0, columns = 0;
    for (; first + size < plan->layer_count; size++) {
        const bool full = asked != 0
                              ? size >= asked
                              : columns + dblk_cuda_padded(layers[size].growth) > most_columns;
        if (size > 0 && (full || !dblk_layers_same_kernel_size(&layers[0], &layers[size])))
            break;
        columns += dblk_cuda_padded(layers[size].growth);
    }
    return size;
}

static void form_group(const denseblock_plan *plan, int64_t first,
                       struct dblk_candidate candidate) {
    struct dblk_cuda_layer *layers = &cuda_of(plan)->layers[first];
    const bool winograd = dblk_algorithm_is_winograd(candidate.algorithm) &&
                          dblk_layer_is_3x3(&plan->layers[first]);
    const int64_t size = group_size(plan, first, candidate.group_size);
    int64_t columns = 0;
    for (int64_t i = 0; i < size; i++) {
        layers[i].group.column = columns;
        columns += dblk_cuda_padded(plan->layers[first + i].growth);
    }
    for (int64_t i = 0; i < size; i++) {
        layers[i].algorithm = winograd ? candidate.algorithm : DENSEBLOCK_ALGORITHM_DIRECT;
        layers[i].group = (struct dblk_group){first, size, plan->layers[first].channels, columns,
                                              layers[i].group.column};
    }
}

static void form_groups(const denseblock_plan *plan, struct dblk_candidate candidate) {
    struct dblk_cuda_plan *cuda = cuda_of(plan);
    cuda->sums_stride = 0;
    dblk_winograd_stack_clear(&cuda->stack);
    for (int64_t first = 0; first < plan->layer_count;) {
        form_group(plan, first, candidate);
        const struct dblk_cuda_layer *layer = &cuda->layers[first];
        const int64_t sums = layer->group.columns - dblk_cuda_padded(plan->layers[first].growth);
        if (dblk_algorithm_is_winograd(layer->algorithm))
            dblk_winograd_stack_add(&cuda->stack, plan, &layer->group, layer->algorithm);
        else
            cuda->sums_stride = dblk_larger(cuda->sums_stride, sums);
        first += layer->group.size;
    }
}

/* Bytes of the stack of so many images, and of their products or partial sums, whichever are more; false
 * where they overflow. */
static bool slice_bytes(const denseblock_plan *plan, int64_t images, size_t *stack,
                        size_t *sums) {
    const struct dblk_cuda_plan *cuda = cuda_of(plan);
    size_t products;
    *sums = denseblock_type_size(dblk_winograd_products_type(plan));
    if (!dblk_size_multiply(sums, cuda->sums_stride) || !dblk_size_multiply(sums, plan->height) ||
        !dblk_size_multiply(sums, plan->width) || !dblk_size_multiply(sums, images) ||
        !dblk_size_align(sums) ||
        !dblk_winograd_stack_bytes(&cuda->stack, plan, images, stack, &products))
        return false;
    *sums = products > *sums ? products : *sums;
    return true;
}

/* As many images at a time as one launch can take, and the workspace has room for: `image` bytes of it
 * for each. */
static int64_t slice_images(const denseblock_plan *plan, size_t image, size_t limit) {
    const struct dblk_winograd_stack *stack = &cuda_of(plan)->stack;
    if (plan->layer_count == 0 || plan->batch == 0)
        return plan->batch;
    int64_t most = DBLK_DIRECT_MOST_PIXELS / (plan->height * plan->width + 1);
    if (stack->tile != 0)
        most = dblk_smaller(most, dblk_winograd_most_images(stack, plan));
    if (image > 0 && limit / image < (size_t)most)
        most = (int64_t)(limit / image);
    most = dblk_larger(1, most);
    /* Of equal size, but for the last. */
    return dblk_quotient_up(plan->batch, dblk_quotient_up(plan->batch, most));
}

/* Sets the slices, and plan->workspace_bytes as far as it depends on them; false where it overflows. */
static bool cut_slices(denseblock_plan *plan, size_t limit) {
    size_t stack, sums;
    if (!slice_bytes(plan, 1, &stack, &sums) || !dblk_size_add(&sums, stack))
        return false;
    plan->slice_images = slice_images(plan, sums, limit);
    if (!slice_bytes(plan, plan->slice_images, &stack, &sums))
        return false;
    dblk_winograd_stack_set_slice(&cuda_of(plan)->stack, plan, stack);
    plan->workspace_bytes = stack;
    return dblk_size_add(&plan->workspace_bytes, sums);
}

static bool form_and_cut(denseblock_plan *plan, struct dblk_candidate candidate, size_t limit) {
    form_groups(plan, candidate);
    const bool fits = cut_slices(plan, limit);
    if (candidate.group_size != 0 || (fits && plan->workspace_bytes <= limit))
        return fits;
    candidate.group_size = 1; /* which needs no partial sums */
    form_groups(plan, candidate);
    return cut_slices(plan, limit);
}

/* The parts of shared tiles take what the rest leaves of the limit. */
static bool lay_out(denseblock_plan *plan, struct dblk_candidate candidate, size_t limit) {
    struct dblk_cuda_plan *cuda = cuda_of(plan);
    dblk_cuda_choose_cores(plan, candidate.algorithm);
    if (!form_and_cut(plan, candidate, limit))
        return false;
    if (!cuda->tensor)
        return true;
    const size_t room = limit > plan->workspace_bytes ? limit - plan->workspace_bytes : 0;
    if (!dblk_cuda_choose_ways(plan, room - room % DENSEBLOCK_ALIGNMENT)) {
        cuda->tensor = false; /* which also has groups of another size, and no Winograd layers */
        return cuda->stack.tile == 0 && form_and_cut(plan, candidate, limit);
    }
    cuda->parts_offset = plan->workspace_bytes;
    return dblk_size_add(&plan->workspace_bytes, cuda->parts_bytes) &&
           dblk_size_align(&plan->workspace_bytes);
}

bool dblk_cuda_lay_out(denseblock_plan *plan, struct dblk_candidate candidate, size_t limit) {
    if (!lay_out(plan, candidate, limit))
        plan->workspace_bytes = SIZE_MAX;
    return plan->workspace_bytes <= limit;
}

/* Bytes of packed weights; SIZE_MAX where they overflow. */
static size_t packed_bytes(const denseblock_plan *plan, int64_t l, int64_t channels,
                           int64_t columns) {
    const struct dblk_layer *layer = &plan->layers[l];
    const struct dblk_cuda_plan *cuda = cuda_of(plan);
    if (!cuda->tensor)
        return dblk_direct_layout(plan->type, layer->kernel_height, layer->kernel_width, channels,
                                  columns)
            .bytes;
    if (!dblk_algorithm_is_winograd(cuda->layers[l].algorithm))
        return dblk_tensor_weights_bytes(dblk_cuda_way_of(plan, l), layer->kernel_height,
                                         layer->kernel_width, channels, columns);
    size_t bytes = dblk_tensor_weights_bytes(dblk_cuda_way_of(plan, l), 1, 1, channels, columns);
    return dblk_size_multiply(&bytes, dblk_winograd_points(cuda->stack.tile)) ? bytes : SIZE_MAX;
}

static bool add_weights(denseblock_plan *plan, size_t bytes, size_t *offset) {
    *offset = plan->weights_bytes;
    return dblk_size_add(&plan->weights_bytes, bytes) && dblk_size_align(&plan->weights_bytes);
}

bool dblk_cuda_lay_out_weights(denseblock_plan *plan) {
    bool fits = true;
    plan->weights_bytes = 0;
    for (int64_t l = 0; fits && l < plan->layer_count; l++) {
        struct dblk_layer *layer = &plan->layers[l];
        struct dblk_cuda_layer *planned = &cuda_of(plan)->layers[l];
        const struct dblk_group *group = &planned->group;
        if (l == group->first) {
            fits = add_weights(plan, packed_bytes(plan, l, group->channels, group->columns),
                               &planned->outer_offset);
        } else {
            planned->outer_offset = planned[-1].outer_offset;
            fits = add_weights(
                plan, packed_bytes(plan, l, layer->channels - group->channels, layer->growth),
                &planned->inner_offset);
        }
        if (dblk_algorithm_is_winograd(planned->algorithm))
            fits = fits && add_weights(plan,
                                       (size_t)dblk_layer_kernel_count(layer) *
                                           denseblock_type_size(plan->type),
                                       &layer->weights_offset);
        planned->tile = dblk_direct_tile(plan->slice_images, plan->height, plan->width,
                                         layer->kernel_height, layer->kernel_width);
    }
    return fits;
}
