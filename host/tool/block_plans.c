#include "block_plans.h"

#include <stdlib.h>

#include "minmax.h"

size_t features_bytes(const denseblock_desc *desc, int64_t l) {
    int64_t channels = desc->channels;

    for (int64_t i = 0; i < l; i++)
        channels += desc->layers[i].growth;
    return (size_t)(desc->batch * desc->height * desc->width * channels) *
           denseblock_type_size(desc->type);
}

/* Room for the lists. */
static denseblock_status reserve(int64_t steps, int64_t layers, concatenation how,
                                 block_plans *made) {
    *made = (block_plans){
        .how = how,
        .steps = steps,
        .parts = calloc((size_t)steps + 1, sizeof *made->parts),
        .features = calloc((size_t)steps + 1, sizeof *made->features),
        .kernels = calloc((size_t)layers + 1, sizeof *made->kernels),
    };
    if (made->parts == NULL || made->features == NULL || made->kernels == NULL)
        return DENSEBLOCK_OUT_OF_MEMORY;
    return DENSEBLOCK_OK;
}

static void add_plan(denseblock_plan *plan, int64_t first, int64_t count, block_plans *made) {
    made->parts[made->count++] = (planned_layers){.plan = plan, .first = first, .count = count};
    made->workspace_bytes = larger(made->workspace_bytes, denseblock_plan_workspace_bytes(plan));
    /* What cannot be added up cannot be allocated either, and is refused there. */
    if (__builtin_add_overflow(made->weights_bytes, denseblock_plan_weights_bytes(plan),
                               &made->weights_bytes))
        made->weights_bytes = SIZE_MAX;
}

static denseblock_status add_layers(const denseblock_desc *desc, int64_t first,
                                    denseblock_backend backend,
                                    const denseblock_plan_options *options, block_plans *made) {
    denseblock_plan *plan;
    const denseblock_status status = denseblock_plan_create(desc, backend, options, &plan);

    if (status == DENSEBLOCK_OK)
        add_plan(plan, first, desc->layer_count, made);
    return status;
}

static denseblock_status add_layer_by_layer(const denseblock_desc *desc,
                                            denseblock_backend backend,
                                            const denseblock_plan_options *options,
                                            block_plans *made) {
    denseblock_plan_options alone = *options;
    denseblock_desc layer = *desc;
    denseblock_status status = DENSEBLOCK_OK;

    alone.group_size = 1; /* what it is, which plans look at */
    layer.layer_count = 1;
    for (int64_t l = 0; status == DENSEBLOCK_OK && l < desc->layer_count; l++) {
        layer.layers = &desc->layers[l];
        status = add_layers(&layer, l, backend, &alone, made);
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

static void measure_tensors(const denseblock_desc *desc, block_plans *made) {
    const size_t element = denseblock_type_size(desc->type);
    size_t channels = (size_t)desc->channels;

    made->pixels = (size_t)(desc->batch * desc->height * desc->width);
    made->x_pixel = channels * element;
    for (int64_t l = 0; l < desc->layer_count; l++) {
        const denseblock_layer *const layer = &desc->layers[l];
        const size_t taps = (size_t)(layer->kernel_height * layer->kernel_width);

        made->features[l] = made->pixels * channels * element;
        made->kernels[l] = taps * channels * (size_t)layer->growth * element;
        channels += (size_t)layer->growth;
    }
    made->features[desc->layer_count] = made->pixels * channels * element;
}

denseblock_status block_plans_create(const denseblock_desc *desc, denseblock_backend backend,
                                     const denseblock_plan_options *options, concatenation how,
                                     block_plans *made) {
    denseblock_status status;

    *made = (block_plans){0};
    status = check_sizes(desc);
    if (status != DENSEBLOCK_OK)
        return status;
    status = reserve(desc->layer_count, desc->layer_count, how, made);
    if (status == DENSEBLOCK_OK && how == CONCATENATION_IN_PLACE)
        status = add_layers(desc, 0, backend, options, made);
    else if (status == DENSEBLOCK_OK)
        status = add_layer_by_layer(desc, backend, options, made);
    if (status == DENSEBLOCK_OK)
        measure_tensors(desc, made);
    else
        block_plans_free(made);
    return status;
}

static denseblock_status add_units(const denseblock_residual_desc *desc, int64_t first_unit,
                                   denseblock_backend backend,
                                   const denseblock_plan_options *options, block_plans *made) {
    denseblock_plan *plan;
    const denseblock_status status =
        denseblock_residual_plan_create(desc, backend, options, &plan);

    if (status == DENSEBLOCK_OK)
        add_plan(plan, 2 * first_unit, 2 * desc->unit_count, made);
    return status;
}

static denseblock_status add_unit_by_unit(const denseblock_residual_desc *desc,
                                          denseblock_backend backend,
                                          const denseblock_plan_options *options,
                                          block_plans *made) {
    denseblock_residual_desc unit = *desc;
    denseblock_status status = DENSEBLOCK_OK;

    unit.unit_count = 1;
    for (int64_t u = 0; status == DENSEBLOCK_OK && u < desc->unit_count; u++)
        status = add_units(&unit, u, backend, options, made);
    return status;
}

/* As check_sizes. */
static denseblock_status check_residual_sizes(const denseblock_residual_desc *desc) {
    denseblock_plan *whole;
    const denseblock_plan_options no_limit = {.workspace_limit = SIZE_MAX / 4};
    const denseblock_status status =
        denseblock_residual_plan_create(desc, DENSEBLOCK_BACKEND_REFERENCE, &no_limit, &whole);

    denseblock_plan_destroy(whole);
    return status;
}

static void measure_residual_tensors(const denseblock_residual_desc *desc, block_plans *made) {
    const size_t taps = (size_t)(desc->kernel_height * desc->kernel_width);
    const size_t hidden =
        (size_t)(desc->hidden_channels > 0 ? desc->hidden_channels : desc->channels);

    made->pixels = (size_t)(desc->batch * desc->height * desc->width);
    made->x_pixel = (size_t)desc->channels * denseblock_type_size(desc->type);
    for (int64_t u = 0; u <= desc->unit_count; u++)
        made->features[u] = made->pixels * made->x_pixel;
    for (int64_t l = 0; l < 2 * desc->unit_count; l++)
        made->kernels[l] = taps * hidden * made->x_pixel;
}

denseblock_status residual_plans_create(const denseblock_residual_desc *desc,
                                        denseblock_backend backend,
                                        const denseblock_plan_options *options, concatenation how,
                                        block_plans *made) {
    denseblock_plan_options alone = *options;
    denseblock_status status;

    *made = (block_plans){0};
    alone.group_size = 1;
    status = check_residual_sizes(desc);
    if (status != DENSEBLOCK_OK)
        return status;
    status = reserve(desc->unit_count, 2 * desc->unit_count, how, made);
    if (status == DENSEBLOCK_OK && how == CONCATENATION_IN_PLACE)
        status = add_units(desc, 0, backend, &alone, made);
    else if (status == DENSEBLOCK_OK)
        status = add_unit_by_unit(desc, backend, &alone, made);
    if (status == DENSEBLOCK_OK)
        measure_residual_tensors(desc, made);
    else
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
    free(plans->features);
    free(plans->kernels);
    *plans = (block_plans){0};
}
