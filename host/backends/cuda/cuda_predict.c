#include "backends/cuda/cuda_predict.h"

#include <math.h>

#include "backends/cuda/cuda_model.h"
#include "backends/cuda/cuda_ways.h"

/* Tiles of a slice, for every point. */
static double points_of(const struct dblk_winograd_stack *stack) {
    return (double)stack->slice_tiles * dblk_winograd_points(stack->tile);
}

/* A transform between `channels` features of a slice and as many values, together of so many bytes, for
 * each tile and point. */
static double transform_time(const denseblock_plan *plan, int64_t channels, double value_bytes) {
    const struct dblk_cuda_plan *cuda = dblk_cuda_plan_of(plan);
    const double pixels = (double)(plan->slice_images * plan->height * plan->width);
    const double bytes = (double)channels * (pixels * (double)denseblock_type_size(plan->type) +
                                             points_of(&cuda->stack) * value_bytes);
    return dblk_cuda_pass_time(&cuda->gpu, bytes, (double)plan->workspace_bytes);
}

/* Of what layer l adds: from its products, if it is a Winograd layer, and into the stack, if that is for
 * later ones. */
static double transforms_time(const denseblock_plan *plan, int64_t l) {
    const struct dblk_cuda_plan *cuda = dblk_cuda_plan_of(plan);
    const int64_t growth = plan->layers[l].growth;
    const double size = (double)denseblock_type_size(plan->type);
    const double sum = (double)denseblock_type_size(dblk_winograd_products_type(plan));
    const bool winograd = dblk_algorithm_is_winograd(cuda->layers[l].algorithm);
    if (winograd && dblk_winograd_is_fused(&cuda->stack, l))
        return transform_time(plan, growth,
                              sum * dblk_winograd_stack_times_read(&cuda->stack, plan) + size);
    return (winograd ? transform_time(plan, growth, sum) : 0) +
           (l < cuda->stack.last_layer ? transform_time(plan, growth, size) : 0);
}

/* Of a convolution, or of products: as long as the multiply-adds. */
static double arithmetic_time(const denseblock_plan *plan, int64_t l) {
    const struct dblk_cuda_plan *cuda = dblk_cuda_plan_of(plan);
    const struct dblk_cuda_work work = dblk_cuda_work_of(plan, l);
    return cuda->tensor ? dblk_cuda_tensor_time(&cuda->gpu, dblk_cuda_way_of(plan, l), &work)
                        : dblk_cuda_simt_time(&cuda->gpu, &work);
}

/* As long as the multiply-adds, or as what they read and write: operands, and sums, twice where
 * they are added to. */
static double products_time(const denseblock_plan *plan, int64_t l) {
    const struct dblk_cuda_plan *cuda = dblk_cuda_plan_of(plan);
    const struct dblk_cuda_work work = dblk_cuda_work_of(plan, l);
    const bool outer = l == cuda->layers[l].group.first;
    const double size = (double)denseblock_type_size(plan->type);
    const double sum = (double)denseblock_type_size(dblk_winograd_products_type(plan));
    const double weights =
        (double)work.matrices * (double)work.channels * (double)work.columns * size;
    const double bytes =
        weights + points_of(&cuda->stack) * ((double)work.channels * size +
                                             (double)work.columns * sum * (outer ? 1 : 2));
    return fmax(arithmetic_time(plan, l),
                dblk_cuda_pass_time(&cuda->gpu, bytes, (double)plan->workspace_bytes));
}

/* Of a slice. */
static double layer_time(const denseblock_plan *plan, int64_t l) {
    const struct dblk_cuda_plan *cuda = dblk_cuda_plan_of(plan);
    double time = transforms_time(plan, l);
    if (l == 0 && cuda->stack.tile != 0)
        time += transform_time(plan, plan->layers[0].channels,
                               (double)denseblock_type_size(plan->type));
    return time + (dblk_algorithm_is_winograd(cuda->layers[l].algorithm)
                       ? products_time(plan, l)
                       : arithmetic_time(plan, l));
}

/* Multiply-adds of a slice, with no padding. */
static double multiply_adds(const denseblock_plan *plan, int64_t l) {
    const struct dblk_cuda_plan *cuda = dblk_cuda_plan_of(plan);
    const struct dblk_layer *layer = &plan->layers[l];
    const bool winograd = dblk_algorithm_is_winograd(cuda->layers[l].algorithm);
    const double rows = winograd ? points_of(&cuda->stack)
                                 : (double)(plan->slice_images * plan->height * plan->width) *
                                       (double)layer->kernel_height * (double)layer->kernel_width;
    return rows * (double)layer->channels * (double)layer->growth;
}

double dblk_cuda_predict(const denseblock_plan *plan) {
    struct dblk_cuda_plan *cuda = plan->details;
    double time = 0, products = 0;
    for (int64_t l = 0; plan->batch > 0 && l < plan->layer_count; l++) {
        time += layer_time(plan, l);
        products += multiply_adds(plan, l);
    }
    const double slices =
        plan->batch > 0 ? ceil((double)plan->batch / (double)plan->slice_images) : 0;
    cuda->microseconds = slices * time;
    cuda->products_microseconds = dblk_cuda_products_time(
        &cuda->gpu, cuda->tensor ? &cuda->form : NULL, plan->type, slices * products);
    cuda->memory_microseconds =
        dblk_cuda_memory_time(&cuda->gpu, (double)(plan->output_bytes + plan->weights_bytes));
    return cuda->microseconds;
}
