/* The cpu backend: fast on any processor. */
#include <string.h>

#include "backends/backend.h"
#include "backends/cpu/cpu_plan.h"
#include "backends/cpu/direct.h"
#include "backends/cpu/weights.h"
#include "backends/cpu/winograd.h"
#include "backends/host_tensor.h"
#include "device/device.h"
#include "memory/integer.h"
#include "trace/trace.h"

/* Transforms what layer l has made; before the first one, x. */
static void keep(const denseblock_plan *plan, int64_t l, const struct dblk_region *region,
                 int64_t channel, int64_t count, const void *features, void *workspace) {
    dblk_trace_part(DBLK_TRACE_TRANSFORM, plan, l, dblk_trace_pixels(plan, region), count, count);
    dblk_winograd_keep(plan, region, channel, count, features, workspace);
    dblk_trace_end();
}

static denseblock_status cpu_place_input(denseblock_context *context, const denseblock_plan *plan,
                                         const struct dblk_region *region, const void *x,
                                         void *features, void *workspace) {
    const denseblock_status status =
        dblk_host_place_input(context, plan, region, x, features, workspace);
    const struct dblk_cpu_plan *cpu = dblk_cpu_plan_of(plan);
    if (cpu->winograd == NULL)
        return status;
    if (region->row == 0)
        memset(dblk_cpu_spoiled(workspace), 0,
               (size_t)(region->images * cpu->flags_per_image) * sizeof(int));
    keep(plan, 0, region, 0, plan->channels, features, workspace);
    return status;
}

static denseblock_status cpu_forward_layer(denseblock_context *context,
                                           const denseblock_plan *plan, int64_t l,
                                           const struct dblk_region *region, const void *prepared,
                                           const struct dblk_tensors *tensors, void *workspace) {
    (void)context;
    const struct dblk_cpu_plan *cpu = dblk_cpu_plan_of(plan);
    const struct dblk_layer *layer = &plan->layers[l];
    if (cpu->winograd != NULL && !dblk_plan_is_placed(plan) && region->images == 1 &&
        *dblk_cpu_spoiled(workspace))
        return DENSEBLOCK_OK; /* finish_slice computes it */
    const struct dblk_cpu_layer *planned = &cpu->layers[l];
    if (l == planned->group_first)
        dblk_trace_part(DBLK_TRACE_OUTER, plan, l, dblk_trace_pixels(plan, region),
                        layer->channels, planned->group_columns);
    else
        dblk_trace_part(DBLK_TRACE_INNER, plan, l, dblk_trace_pixels(plan, region),
                        layer->channels - planned->group_channels, layer->growth);
    if (planned->algorithm == DENSEBLOCK_ALGORITHM_DIRECT)
        dblk_direct_layer(plan, l, region, prepared, tensors, workspace);
    else
        dblk_winograd_layer(plan, l, region, prepared, tensors->outputs, workspace);
    dblk_trace_end();
    if (layer->channels < cpu->stack_channels)
        keep(plan, l, region, layer->channels, layer->growth, tensors->features, workspace);
    return DENSEBLOCK_OK;
}

/* What is spoiled, and how it is computed again. */
struct repair {
    const denseblock_plan *plan;
    const void *prepared;
    const struct dblk_tensors *tensors;
    void *workspace;
};

static void repair_columns(const struct repair *repair, int64_t l,
                           const struct dblk_region *region, int64_t column, int64_t columns) {
    const denseblock_plan *plan = repair->plan;
    dblk_trace_part(DBLK_TRACE_REPAIR, plan, l, region->rows * columns, plan->layers[l].channels,
                    plan->layers[l].growth);
    dblk_direct_repair(plan, l, region, column, columns, repair->prepared, repair->tensors,
                       repair->workspace);
    dblk_trace_end();
}

/* Of an image of a placed layer, the tiles; those side by side at once. */
static void repair_tiles(const struct repair *repair, int64_t image, const int *spoiled) {
    const denseblock_plan *plan = repair->plan;
    const struct dblk_cpu_plan *cpu = dblk_cpu_plan_of(plan);
    const int tile = cpu->winograd->tile;
    for (int64_t row = 0; row < plan->height; row += tile, spoiled += cpu->ring_columns)
        for (int64_t first = 0, end; first < cpu->ring_columns; first = end) {
            end = first + 1;
            if (!spoiled[first])
                continue;
            while (end < cpu->ring_columns && spoiled[end])
                end++;
            const struct dblk_region region = {.image = image,
                                               .images = 1,
                                               .row = row,
                                               .rows = dblk_smaller(tile, plan->height - row)};
            repair_columns(repair, 0, &region, first * tile,
                           dblk_smaller(end * tile, plan->width) - first * tile);
        }
}

/* What is spoiled is computed again from its input, directly: there, NaN and Inf are where the
 * formula puts them. */
static denseblock_status cpu_finish_slice(denseblock_context *context,
                                          const denseblock_plan *plan,
                                          const struct dblk_region *slice, const void *prepared,
                                          const struct dblk_tensors *tensors, void *workspace) {
    (void)context;
    const struct dblk_cpu_plan *cpu = dblk_cpu_plan_of(plan);
    const struct repair repair = {
        .plan = plan, .prepared = prepared, .tensors = tensors, .workspace = workspace};
    for (int64_t i = 0; cpu->winograd != NULL && i < slice->images; i++) {
        const struct dblk_region image = {
            .image = slice->image + i, .images = 1, .rows = plan->height};
        const int *spoiled = dblk_cpu_spoiled(workspace) + i * cpu->flags_per_image;
        if (dblk_plan_is_placed(plan))
            repair_tiles(&repair, image.image, spoiled);
        else
            for (int64_t l = 0; *spoiled && l < plan->layer_count; l++)
                repair_columns(&repair, l, &image, 0, plan->width);
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
