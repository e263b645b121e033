/* The cpu backend: fast on any processor. */
#include <string.h>

#include "backends/backend.h"
#include "backends/cpu/cpu_plan.h"
#include "backends/cpu/direct.h"
#include "backends/cpu/weights.h"
#include "backends/cpu/winograd.h"
#include "backends/host_tensor.h"
#include "device/device.h"
#include "trace/trace.h"

/* Transforms what layer l has made; before the first one, x. */
static void keep(const denseblock_plan *plan, int64_t l, const struct dblk_region *region,
                 int64_t channel, int64_t count, void *y, void *workspace) {
    dblk_trace_part(DBLK_TRACE_TRANSFORM, plan, l, dblk_trace_pixels(plan, region), count, count);
    dblk_winograd_keep(plan, region, channel, count, y, workspace);
    dblk_trace_end();
}

static denseblock_status cpu_place_input(denseblock_context *context, const denseblock_plan *plan,
                                         const struct dblk_region *region, const void *x, void *y,
                                         void *workspace) {
    const denseblock_status status =
        dblk_host_place_input(context, plan, region, x, y, workspace);
    const struct dblk_cpu_plan *cpu = dblk_cpu_plan_of(plan);
    if (cpu->winograd == NULL)
        return status;
    if (region->row == 0)
        memset(dblk_cpu_spoiled(workspace), 0, (size_t)region->images * sizeof(int));
    keep(plan, 0, region, 0, plan->channels, y, workspace);
    return status;
}

static denseblock_status cpu_forward_layer(denseblock_context *context,
                                           const denseblock_plan *plan, int64_t l,
                                           const struct dblk_region *region, const void *prepared,
                                           const struct dblk_tensors *tensors, void *workspace) {
    void *y = tensors->outputs;
    (void)context;
    const struct dblk_cpu_plan *cpu = dblk_cpu_plan_of(plan);
    const struct dblk_layer *layer = &plan->layers[l];
    if (cpu->winograd != NULL && region->images == 1 && *dblk_cpu_spoiled(workspace))
        return DENSEBLOCK_OK; /* finish_slice computes it */
    const struct dblk_cpu_layer *planned = &cpu->layers[l];
    if (l == planned->group_first)
        dblk_trace_part(DBLK_TRACE_OUTER, plan, l, dblk_trace_pixels(plan, region),
                        layer->channels, planned->group_columns);
    else
        dblk_trace_part(DBLK_TRACE_INNER, plan, l, dblk_trace_pixels(plan, region),
                        layer->channels - planned->group_channels, layer->growth);
    if (planned->algorithm == DENSEBLOCK_ALGORITHM_DIRECT)
        dblk_direct_layer(plan, l, region, prepared, y, workspace);
    else
        dblk_winograd_layer(plan, l, region, prepared, y, workspace);
    dblk_trace_end();
    if (layer->channels < cpu->stack_channels)
        keep(plan, l, region, layer->channels, layer->growth, y, workspace);
    return DENSEBLOCK_OK;
}

/* A spoiled image is computed again from its input, directly: there, NaN and Inf are where the
 * formula puts them. */
static denseblock_status cpu_finish_slice(denseblock_context *context,
                                          const denseblock_plan *plan,
                                          const struct dblk_region *slice, const void *prepared,
                                          const struct dblk_tensors *tensors, void *workspace) {
    void *y = tensors->outputs;
    (void)context;
    const struct dblk_cpu_plan *cpu = dblk_cpu_plan_of(plan);
    for (int64_t i = 0; cpu->winograd != NULL && i < slice->images; i++) {
        const struct dblk_region image = {
            .image = slice->image + i, .images = 1, .rows = plan->height};
        for (int64_t l = 0; dblk_cpu_spoiled(workspace)[i] && l < plan->layer_count; l++) {
            dblk_trace_part(DBLK_TRACE_REPAIR, plan, l, dblk_trace_pixels(plan, &image),
                            plan->layers[l].channels, plan->layers[l].growth);
            dblk_direct_repair(plan, l, &image, prepared, y, workspace);
            dblk_trace_end();
        }
    }
    return DENSEBLOCK_OK;
}

static void cpu_group(const denseblock_plan *plan, int64_t l, int64_t *first, int64_t *count) {
    const struct dblk_cpu_layer *planned = &dblk_cpu_plan_of(plan)->layers[l];
    *first = planned->group_first;
    *count = planned->group_size;
}

const struct dblk_backend dblk_backend_cpu = {
    .id = DENSEBLOCK_BACKEND_CPU,
    .name = "cpu",
    .method = "vectors, Winograd with a kept transform",
    .device = &dblk_host_device,
    .plan = dblk_cpu_plan_make,
    .prepare_layer = dblk_cpu_prepare_layer,
    .place_input = cpu_place_input,
    .forward_layer = cpu_forward_layer,
    .finish_slice = cpu_finish_slice,
    .group = cpu_group,
    .describe = dblk_cpu_plan_describe,
};
