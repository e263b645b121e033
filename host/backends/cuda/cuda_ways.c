#include "backends/cuda/cuda_ways.h"

#include <math.h>

#include "memory/integer.h"

static struct dblk_cuda_plan *cuda_of(const denseblock_plan *plan) {
    return plan->details;
}

static bool find_form(const denseblock_plan *plan, enum dblk_tensor_form *form) {
    switch (plan->type) {
    case DENSEBLOCK_F16:
        *form = DBLK_TENSOR_F16;
        return true;
    case DENSEBLOCK_BF16:
        *form = DBLK_TENSOR_BF16;
        return true;
    case DENSEBLOCK_F32:
        *form = plan->arithmetic == DENSEBLOCK_ARITHMETIC_TF32 ? DBLK_TENSOR_TF32
                                                               : DBLK_TENSOR_TF32X3;
        return plan->arithmetic != DENSEBLOCK_ARITHMETIC_FULL;
    case DENSEBLOCK_F64:
        break;
    }
    return false;
}

bool dblk_cuda_has_tensor_cores(const denseblock_plan *plan) {
    enum dblk_tensor_form form;
    return cuda_of(plan)->gpu.compute_capability >= 80 && find_form(plan, &form);
}

/* Whether a block of threads may have the shared memory for all tiles of the layer. */
static bool has_ways(const denseblock_plan *plan, int64_t l, denseblock_algorithm winograd) {
    const struct dblk_cuda_plan *cuda = cuda_of(plan);
    const struct dblk_layer *layer = &plan->layers[l];
    const size_t shared = cuda->gpu.shared_bytes;
    bool has = true;
    for (int wide = 0; has && wide < 2; wide++) {
        const int64_t columns = wide ? DBLK_TENSOR_NARROW + 1 : DBLK_TENSOR_NARROW;
        struct dblk_tensor_way way;
        has =
            dblk_tensor_find_way(cuda->form, cuda->instructions, layer->kernel_height,
                                 layer->kernel_width, plan->width, columns, shared, &way) &&
            (!dblk_algorithm_is_winograd(winograd) ||
             dblk_tensor_find_product_way(cuda->form, cuda->instructions, columns, shared, &way));
    }
    return has;
}

void dblk_cuda_choose_cores(const denseblock_plan *plan, denseblock_algorithm algorithm) {
    struct dblk_cuda_plan *cuda = cuda_of(plan);
    cuda->tensor = dblk_cuda_has_tensor_cores(plan) && find_form(plan, &cuda->form);
    if (algorithm == DENSEBLOCK_ALGORITHM_WINOGRAD4)
        cuda->form = DBLK_TENSOR_TF32X3;
    for (int64_t l = 0; cuda->tensor && l < plan->layer_count; l++)
        cuda->tensor = has_ways(plan, l, algorithm);
}

static bool is_winograd(const denseblock_plan *plan, int64_t l) {
    return dblk_algorithm_is_winograd(cuda_of(plan)->layers[l].algorithm);
}

struct dblk_cuda_work dblk_cuda_work_of(const denseblock_plan *plan, int64_t l) {
    const struct dblk_winograd_stack *stack = &cuda_of(plan)->stack;
    const struct dblk_layer *layer = &plan->layers[l];
    const struct dblk_group *group = &cuda_of(plan)->layers[l].group;
    const bool outer = l == group->first, winograd = is_winograd(plan, l);
    return (struct dblk_cuda_work){
        .type = plan->type,
        .matrices = winograd ? dblk_winograd_points(stack->tile) : 1,
        .pixels = winograd ? stack->slice_tiles : plan->slice_images * plan->height * plan->width,
        .taps = winograd ? 1 : layer->kernel_height * layer->kernel_width,
        .channels = outer ? group->channels : layer->channels - group->channels,
        .columns = outer ? group->columns : layer->growth,
    };
}

static bool find_way(const denseblock_plan *plan, int64_t l, int64_t columns,
                     struct dblk_tensor_way *way) {
    const struct dblk_cuda_plan *cuda = cuda_of(plan);
    const struct dblk_layer *layer = &plan->layers[l];
    return is_winograd(plan, l)
               ? dblk_tensor_find_product_way(cuda->form, cuda->instructions, columns,
                                              cuda->gpu.shared_bytes, way)
               : dblk_tensor_find_way(cuda->form, cuda->instructions, layer->kernel_height,
                                      layer->kernel_width, plan->width, columns,
                                      cuda->gpu.shared_bytes, way);
}

/* The fastest, by the model, whose parts have room. Products, of which there is one for every point, are
 * not split. */
static bool choose_way(const denseblock_plan *plan, int64_t l, size_t room,
                       struct dblk_tensor_way *best) {
    const struct dblk_cuda_work work = dblk_cuda_work_of(plan, l);
    double least = INFINITY;
    for (int narrow = 0; narrow < 2; narrow++) {
        struct dblk_tensor_way way;
        if (!find_way(plan, l, narrow ? DBLK_TENSOR_NARROW : work.columns, &way))
            return false;
        enum { MOST_SPLITS = 64 };
        const int64_t most =
            is_winograd(plan, l)
                ? 1
                : dblk_larger(
                      1, dblk_smaller(dblk_tensor_most_splits(&way, work.channels), MOST_SPLITS));
        for (way.splits = 1; way.splits <= most; way.splits++) {
            if (dblk_tensor_parts_bytes(&way, work.pixels, work.columns) > room)
                break;
            const double time = dblk_cuda_tensor_time(&cuda_of(plan)->gpu, &way, &work);
            if (time < least) {
                least = time;
                *best = way;
            }
        }
    }
    return true;
}

void dblk_cuda_choose_way(const denseblock_plan *plan, int64_t l, size_t room) {
    (void)choose_way(plan, l, room, dblk_cuda_way_of(plan, l));
}

size_t dblk_cuda_parts_bytes(const denseblock_plan *plan, int64_t l) {
    const struct dblk_cuda_work work = dblk_cuda_work_of(plan, l);
    return cuda_of(plan)->tensor
               ? dblk_tensor_parts_bytes(dblk_cuda_way_of(plan, l), work.pixels, work.columns)
               : 0;
}
