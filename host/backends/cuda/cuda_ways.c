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

void dblk_cuda_choose_cores(const denseblock_plan *plan, const struct dblk_cuda_limits *gpu) {
    struct dblk_cuda_plan *cuda = cuda_of(plan);
    cuda->tensor = gpu->compute_capability >= 80 && find_form(plan, &cuda->form);
}

/* Of a slice of the batch: the outer convolution of the layer's group, or the layer's inner one. */
static struct dblk_cuda_work work_of(const denseblock_plan *plan, int64_t l, bool outer) {
    const struct dblk_layer *layer = &plan->layers[l];
    const struct dblk_cuda_layer *planned = &cuda_of(plan)->layers[l];
    return (struct dblk_cuda_work){
        .type = plan->type,
        .pixels = plan->slice_images * plan->height * plan->width,
        .taps = layer->kernel_height * layer->kernel_width,
        .channels = outer ? planned->group_channels : layer->channels - planned->group_channels,
        .columns = outer ? planned->group_columns : layer->growth,
    };
}

/* The fastest, by the model, whose parts have room. */
static bool choose_way(const denseblock_plan *plan, const struct dblk_cuda_limits *gpu, int64_t l,
                       bool outer, size_t room, struct dblk_tensor_way *best) {
    const struct dblk_layer *layer = &plan->layers[l];
    const struct dblk_cuda_work work = work_of(plan, l, outer);
    double least = INFINITY;
    for (int narrow = 0; narrow < 2; narrow++) {
        struct dblk_tensor_way way;
        if (!dblk_tensor_find_way(cuda_of(plan)->form, layer->kernel_height, layer->kernel_width,
                                  plan->width, narrow ? DBLK_TENSOR_NARROW : work.columns,
                                  gpu->shared_bytes, &way))
            return false;
        const int64_t most = dblk_larger(1, dblk_tensor_most_splits(&way, work.channels));
        enum { MOST_SPLITS = 64 };
        for (way.splits = 1; way.splits <= dblk_smaller(most, MOST_SPLITS); way.splits++) {
            if (dblk_tensor_parts_bytes(&way, work.pixels, work.columns) > room)
                break;
            const double time = dblk_cuda_tensor_time(gpu, &way, &work);
            if (time < least) {
                least = time;
                *best = way;
            }
        }
    }
    return true;
}

static void keep_largest(const denseblock_plan *plan, int64_t l, bool outer,
                         const struct dblk_tensor_way *way) {
    const struct dblk_cuda_work work = work_of(plan, l, outer);
    const size_t bytes = dblk_tensor_parts_bytes(way, work.pixels, work.columns);
    struct dblk_cuda_plan *cuda = cuda_of(plan);
    cuda->parts_bytes = bytes > cuda->parts_bytes ? bytes : cuda->parts_bytes;
}

bool dblk_cuda_choose_ways(const denseblock_plan *plan, const struct dblk_cuda_limits *gpu,
                           size_t room) {
    struct dblk_cuda_plan *cuda = cuda_of(plan);
    cuda->parts_bytes = 0;
    for (int64_t l = 0; l < plan->layer_count; l++) {
        struct dblk_cuda_layer *planned = &cuda->layers[l];
        const bool outer = l == planned->group_first;
        struct dblk_tensor_way *way = outer ? &planned->outer : &planned->inner;
        if (!choose_way(plan, gpu, l, outer, room, way))
            return false;
        keep_largest(plan, l, outer, way);
        if (!outer) /* its part of the outer weights is packed for the group's convolution */
            planned->outer = cuda->layers[planned->group_first].outer;
    }
    return true;
}

void dblk_cuda_predict(const denseblock_plan *plan, const struct dblk_cuda_limits *gpu) {
    struct dblk_cuda_plan *cuda = cuda_of(plan);
    if (plan->batch == 0)
        return;
    const double slices = ceil((double)plan->batch / (double)plan->slice_images);
    for (int64_t l = 0; l < plan->layer_count; l++) {
        const struct dblk_cuda_layer *planned = &cuda->layers[l];
        const bool outer = l == planned->group_first;
        const struct dblk_cuda_work work = work_of(plan, l, outer);
        cuda->microseconds +=
            slices *
            (cuda->tensor
                 ? dblk_cuda_tensor_time(gpu, outer ? &planned->outer : &planned->inner, &work)
                 : dblk_cuda_simt_time(gpu, &work));
    }
    cuda->products_microseconds = dblk_cuda_products_time(gpu, cuda->tensor ? &cuda->form : NULL,
                                                          plan->type, plan->flops / 2);
    cuda->memory_microseconds =
        dblk_cuda_memory_time(gpu, (double)(plan->output_bytes + plan->weights_bytes));
}
