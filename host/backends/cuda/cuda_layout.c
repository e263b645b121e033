#include "backends/cuda/cuda_layout.h"

#include <math.h>

#include "backends/cuda/cuda_predict.h"
#include "backends/cuda/cuda_ways.h"
#include "memory/integer.h"
#include "memory/size.h"

static struct dblk_cuda_plan *cuda_of(const denseblock_plan *plan) {
    return plan->details;
}

/* ---- Groups ---- */

/* Who asks for direct layers one by one asks for little memory: beside y and the weights such a plan needs
 * nothing but the parts of shared tiles, which are kept within a twentieth of y. */
static size_t limit_of(const denseblock_plan *plan, const denseblock_plan_options *options) {
    const size_t twentieth = plan->output_bytes / 20;
    const bool little =
        options->algorithm == DENSEBLOCK_ALGORITHM_DIRECT && options->group_size == 1;
    return little && twentieth < options->workspace_limit ? twentieth : options->workspace_limit;
}

bool dblk_cuda_begin(denseblock_plan *plan, const denseblock_plan_options *options,
                     denseblock_algorithm winograd) {
    struct dblk_cuda_plan *cuda = cuda_of(plan);
    const size_t limit = limit_of(plan, options);
    const int64_t most =
        dblk_larger(1, DBLK_DIRECT_MOST_PIXELS / (plan->height * plan->width + 1));
    cuda->room = 0;
    dblk_cuda_choose_cores(plan, winograd);
    if (dblk_algorithm_is_winograd(winograd) && !dblk_cuda_has_products(plan))
        return false;
    if (!dblk_winograd_stack_reserve(&cuda->stack, plan, winograd) || cuda->stack.bytes > limit ||
        plan->slice_images > most)
        return false;
    cuda->room = limit - cuda->stack.bytes;
    cuda->room -= cuda->room % DENSEBLOCK_ALIGNMENT;
    return true;
}

void dblk_cuda_form(const denseblock_plan *plan, struct dblk_group_form form) {
    struct dblk_cuda_layer *layers = &cuda_of(plan)->layers[form.first];
    const struct dblk_layer *first = &plan->layers[form.first];
    int64_t columns = 0;
    for (int64_t i = 0; i < form.size; i++) {
        layers[i].algorithm = form.algorithm;
        layers[i].group = (struct dblk_group){form.first, form.size, first->channels, 0, columns};
        columns += dblk_cuda_padded(first[i].growth);
    }
    for (int64_t i = 0; i < form.size; i++) {
        layers[i].group.columns = columns;
        layers[i].sums_stride = columns - dblk_cuda_padded(first->growth);
    }
}

/* Bytes of the products, or of the partial sums, of layer l's group; false where they overflow. */
static bool sums_bytes(const denseblock_plan *plan, int64_t l, size_t *bytes) {
    const struct dblk_cuda_plan *cuda = cuda_of(plan);
    const struct dblk_cuda_layer *planned = &cuda->layers[l];
    if (dblk_algorithm_is_winograd(planned->algorithm))
        return dblk_winograd_products_bytes(&cuda->stack, plan, planned->group.columns, bytes);
    *bytes = denseblock_type_size(dblk_winograd_products_type(plan));
    return dblk_size_multiply(bytes, planned->sums_stride) &&
           dblk_size_multiply(bytes, plan->height) && dblk_size_multiply(bytes, plan->width) &&
           dblk_size_multiply(bytes, plan->slice_images) && dblk_size_align(bytes);
}

/* The parts of shared tiles take what the sums leave of the room. */
double dblk_cuda_layer_cost(const denseblock_plan *plan, int64_t l) {
    const struct dblk_cuda_plan *cuda = cuda_of(plan);
    size_t sums;
    const bool fits = sums_bytes(plan, l, &sums) && sums <= cuda->room;
    if (cuda->tensor)
        dblk_cuda_choose_way(plan, l, fits ? cuda->room - sums : 0);
    return fits ? dblk_cuda_layer_time(plan, l) : INFINITY;
}

static bool finish_layer(denseblock_plan *plan, int64_t l) {
    struct dblk_cuda_plan *cuda = cuda_of(plan);
    struct dblk_cuda_layer *planned = &cuda->layers[l];
    size_t bytes = cuda->stack.bytes, sums;
    /* Each layer's part of the outer weights is packed for the group's product. */
    planned->outer = cuda->layers[planned->group.first].outer;
    if (!sums_bytes(plan, l, &sums) || !dblk_size_add(&bytes, sums))
        return false;
    planned->parts_offset = bytes;
    if (!dblk_size_add(&bytes, dblk_cuda_parts_bytes(plan, l)) || !dblk_size_align(&bytes))
        return false;
    plan->workspace_bytes = bytes > plan->workspace_bytes ? bytes : plan->workspace_bytes;
    return true;
}

bool dblk_cuda_finish(denseblock_plan *plan) {
    struct dblk_cuda_plan *cuda = cuda_of(plan);
    size_t stack, products;
    dblk_winograd_stack_clear(&cuda->stack);
    for (int64_t l = 0; l < plan->layer_count; l += cuda->layers[l].group.size)
        if (dblk_algorithm_is_winograd(cuda->layers[l].algorithm))
            dblk_winograd_stack_add(&cuda->stack, plan, &cuda->layers[l].group,
                                    cuda->layers[l].algorithm);
    if (!dblk_winograd_stack_bytes(&cuda->stack, plan, plan->slice_images, &stack, &products))
        return false;
    dblk_winograd_stack_set_slice(&cuda->stack, plan, stack);
    plan->workspace_bytes = stack;
    bool fits = true;
    for (int64_t l = 0; fits && l < plan->layer_count; l++)
        fits = finish_layer(plan, l);
    return fits;
}

/* ---- Prepared weights ---- */

/* Bytes of packed weights; SIZE_MAX where they overflow. */
static size_t packed_bytes(const denseblock_plan *plan, int64_t l, int64_t channels,
                           int64_t columns) {
    const struct dblk_layer *layer = &plan->layers[l];
    const struct dblk_cuda_plan *cuda = cuda_of(plan);
    const bool winograd = dblk_algorithm_is_winograd(cuda->layers[l].algorithm);
    const int64_t height = winograd ? 1 : layer->kernel_height;
    const int64_t width = winograd ? 1 : layer->kernel_width;
    const int matrices = winograd ? dblk_winograd_points(cuda->stack.tile) : 1;
    size_t bytes = cuda->tensor
                       ? dblk_tensor_weights_bytes(dblk_cuda_way_of(plan, l), height, width,
                                                   channels, columns)
                       : dblk_direct_layout(plan->type, height, width, channels, columns).bytes;
    return dblk_size_multiply(&bytes, matrices) ? bytes : SIZE_MAX;
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
