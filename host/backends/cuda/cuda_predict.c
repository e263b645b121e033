#include "backends/cuda/cuda_predict.h"

#include <math.h>

#include "backends/cuda/cuda_model.h"
#include "backends/cuda/cuda_traffic.h"
#include "backends/cuda/cuda_ways.h"

static double slices_of(const denseblock_plan *plan) {
    return plan->batch > 0 ? ceil((double)plan->batch / (double)plan->slice_images) : 0;
}

/* ---- Layers ---- */

/* As long as the multiply-adds, or as what is moved for them. */
static double work_time(const denseblock_plan *plan, int64_t l) {
    const struct dblk_cuda_plan *cuda = dblk_cuda_plan_of(plan);
    const struct dblk_cuda_work work = dblk_cuda_work_of(plan, l);
    const double products =
        cuda->tensor ? dblk_cuda_tensor_time(&cuda->gpu, dblk_cuda_way_of(plan, l), &work)
                     : dblk_cuda_simt_time(&cuda->gpu, &work);
    return fmax(products, dblk_cuda_pass_time(&cuda->gpu, dblk_cuda_work_traffic(plan, l)));
}

double dblk_cuda_layer_time(const denseblock_plan *plan, int64_t l) {
    const struct dblk_cuda_plan *cuda = dblk_cuda_plan_of(plan);
    double time = work_time(plan, l);
    if (dblk_algorithm_is_winograd(cuda->layers[l].algorithm))
        time += dblk_cuda_pass_time(&cuda->gpu, dblk_cuda_output_traffic(plan, l));
    return slices_of(plan) * time;
}

/* Whether one kernel transforms what layer l has added back and again, if it is kept. */
static bool is_fused(const denseblock_plan *plan, int64_t l) {
    const struct dblk_cuda_plan *cuda = dblk_cuda_plan_of(plan);
    return l >= 0 && cuda->stack.strip_rows > 0 &&
           dblk_algorithm_is_winograd(cuda->layers[l].algorithm);
}

double dblk_cuda_keep_time(const denseblock_plan *plan, int64_t l) {
    const struct dblk_cuda_limits *gpu = &dblk_cuda_plan_of(plan)->gpu;
    const double time = is_fused(plan, l)
                            ? dblk_cuda_pass_time(gpu, dblk_cuda_between_traffic(plan, l)) -
                                  dblk_cuda_pass_time(gpu, dblk_cuda_output_traffic(plan, l))
                            : dblk_cuda_pass_time(gpu, dblk_cuda_keep_traffic(plan, l));
    return slices_of(plan) * time;
}

/* ---- The plan ---- */

static bool is_kept(const denseblock_plan *plan, int64_t l) {
    const struct dblk_winograd_stack *stack = &dblk_cuda_plan_of(plan)->stack;
    return stack->tile != 0 && l < stack->last_layer;
}

static double time_of(const denseblock_plan *plan) {
    double time = is_kept(plan, -1) ? dblk_cuda_keep_time(plan, -1) : 0;
    for (int64_t l = 0; l < plan->layer_count; l++)
        time +=
            dblk_cuda_layer_time(plan, l) + (is_kept(plan, l) ? dblk_cuda_keep_time(plan, l) : 0);
    return time;
}

static void add(struct dblk_cuda_traffic *sum, struct dblk_cuda_traffic traffic) {
    sum->cache += traffic.cache;
    sum->memory += traffic.memory;
}

/* Of the transforms of what layer l adds. */
static void add_transforms(const denseblock_plan *plan, int64_t l,
                           struct dblk_cuda_traffic *sum) {
    if (is_kept(plan, l) && is_fused(plan, l)) {
        add(sum, dblk_cuda_between_traffic(plan, l));
        return;
    }
    if (dblk_algorithm_is_winograd(dblk_cuda_plan_of(plan)->layers[l].algorithm))
        add(sum, dblk_cuda_output_traffic(plan, l));
    if (is_kept(plan, l))
        add(sum, dblk_cuda_keep_traffic(plan, l));
}

static struct dblk_cuda_traffic traffic_of(const denseblock_plan *plan) {
    struct dblk_cuda_traffic sum = {0, 0};
    if (is_kept(plan, -1))
        add(&sum, dblk_cuda_keep_traffic(plan, -1));
    for (int64_t l = 0; l < plan->layer_count; l++) {
        add(&sum, dblk_cuda_work_traffic(plan, l));
        add_transforms(plan, l, &sum);
    }
    return (struct dblk_cuda_traffic){slices_of(plan) * sum.cache, slices_of(plan) * sum.memory};
}

/* Multiply-adds of the whole batch, with no padding. */
static double multiply_adds(const denseblock_plan *plan, int64_t l) {
    const struct dblk_winograd_stack *stack = &dblk_cuda_plan_of(plan)->stack;
    const struct dblk_layer *layer = &plan->layers[l];
    const double rows =
        dblk_algorithm_is_winograd(dblk_cuda_plan_of(plan)->layers[l].algorithm)
            ? (double)dblk_winograd_tiles(stack->tile, plan->batch, plan->height, plan->width) *
                  dblk_winograd_points(stack->tile)
            : (double)plan->batch * (double)plan->height * (double)plan->width *
                  (double)layer->kernel_height * (double)layer->kernel_width;
    return rows * (double)layer->channels * (double)layer->growth;
}

void dblk_cuda_predict(const denseblock_plan *plan) {
    struct dblk_cuda_plan *cuda = plan->details;
    cuda->microseconds = time_of(plan);
    cuda->traffic = traffic_of(plan);
    cuda->multiply_adds = 0;
    for (int64_t l = 0; l < plan->layer_count; l++)
        cuda->multiply_adds += multiply_adds(plan, l);
    cuda->products_microseconds =
        cuda->tensor ? dblk_cuda_least_tensor_time(&cuda->gpu, cuda->form, cuda->multiply_adds)
                     : dblk_cuda_least_simt_time(&cuda->gpu, plan->type, cuda->multiply_adds);
}
