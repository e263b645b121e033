#include "block_plans.h"

#include <stdlib.h>

#include "minmax.h"

/* C_l. */
static int64_t channels_before(const denseblock_desc *desc, int64_t l) {
    int64_t channels = desc->channels;

    for (int64_t i = 0; i < l; i++)
        channels += desc->layers[i].growth;
    return channels;
}

size_t features_bytes(const denseblock_desc *desc, int64_t l) {
    return (size_t)(desc->batch * desc->height * desc->width * channels_before(desc, l)) *
           denseblock_type_size(desc->type);
}

size_t layer_kernel_bytes(const denseblock_desc *desc, int64_t l) {
    const denseblock_layer *const layer = &desc->layers[l];

    return (size_t)(layer->kernel_height * layer->kernel_width * channels_before(desc, l) *
                    layer->growth) *
           denseblock_type_size(desc->type);
}

static denseblock_status add_plan(const denseblock_desc *desc, int64_t first,
                                  denseblock_backend backend,
                                  const denseblock_plan_options *options, block_plans *made) {
    denseblock_plan *plan;
    const denseblock_status status = denseblock_plan_create(desc, backend, options, &plan);

    if (status != DENSEBLOCK_OK)
        return status;
    made->parts[made->count++] =
        (planned_layers){.plan = plan, .first = first, .count = desc->layer_count};
    made->workspace_bytes = larger(made->workspace_bytes, denseblock_plan_workspace_bytes(plan));
    /* What cannot be added up cannot be allocated either, and is refused there. */
    if (__builtin_add_overflow(made->weights_bytes, denseblock_plan_weights_bytes(plan),
                               &made->weights_bytes))
        made->weights_bytes = SIZE_MAX;
    return DENSEBLOCK_OK;
}

static denseblock_status add_layers(const denseblock_desc *desc, denseblock_backend backend,
                                    const denseblock_plan_options *options, block_plans *made) {
    denseblock_plan_options alone = *options;
    denseblock_desc layer = *desc;
    denseblock_status status = DENSEBLOCK_OK;

    alone.group_size = 1; /* what it is, which plans look at */
    layer.layer_count = 1;
    for (int64_t l = 0; status == DENSEBLOCK_OK && l < desc->layer_count; l++) {
        layer.layers = &desc->layers[l];
        status = add_plan(&layer, l, backend, &alone, made);
        layer.channels += desc->layers[l].growth;
    }
    return status;
}

/* Whether the sizes of all tensors can be expressed, which plans of single layers do not say. */
static denseblock_status check_sizes(const denseblock_desc *desc) {
    denseblock_plan *whole;
    const denseblock_status status =
        denseblock_plan_create(desc, DENSEBLOCK_BACKEND_REFERENCE, NULL, &whole);

    denseblock_plan_destroy(whole);
    return status;
}

denseblock_status block_plans_create(const denseblock_desc *desc, denseblock_backend backend,
                                     const denseblock_plan_options *options, concatenation how,
                                     block_plans *made) {
    denseblock_status status;

    *made = (block_plans){0};
    status = check_sizes(desc);
    if (status != DENSEBLOCK_OK)
        return status;
    made->parts = calloc((size_t)desc->layer_count + 1, sizeof *made->parts);
    if (made->parts == NULL)
        return DENSEBLOCK_OUT_OF_MEMORY;
    status = how == CONCATENATION_IN_PLACE ? add_plan(desc, 0, backend, options, made)
                                           : add_layers(desc, backend, options, made);
    if (status != DENSEBLOCK_OK)
        block_plans_free(made);
    return status;
}

outcome block_plans_fail(denseblock_status status) {
    return status == DENSEBLOCK_OUT_OF_MEMORY ? fail_out_of_memory() : fail_status(status);
}

void block_plans_free(block_plans *plans) {
    for (int64_t i = 0; i < plans->count; i++)
        denseblock_plan_destroy(plans->parts[i].plan);
    free(plans->parts);
    *plans = (block_plans){0};
}
