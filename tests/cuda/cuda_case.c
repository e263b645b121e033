#include "cuda_case.h"

#include "fixture.h"

enum { MOST_LAYERS = 64 };

struct parts {
    denseblock_plan *plan;
    denseblock_context *context;
    denseblock_buffers *buffers;
    denseblock_graph *graph;
    void *kernels[MOST_LAYERS];
    void *prepared, *workspace, *x, *y_memory;
};

static denseblock_status allocate(struct parts *parts, size_t bytes, const char *label,
                                  void **address) {
    return denseblock_buffers_allocate(parts->buffers, parts->context, DENSEBLOCK_MEMORY_DEVICE,
                                       bytes, label, address);
}

static denseblock_status prepare(const struct cuda_case *block, struct parts *parts) {
    const denseblock_desc *desc = block->desc;
    denseblock_status status =
        allocate(parts, denseblock_plan_weights_bytes(parts->plan), "weights", &parts->prepared);
    for (int64_t l = 0; status == DENSEBLOCK_OK && l < desc->layer_count; l++) {
        const denseblock_layer *layer = &desc->layers[l];
        const int64_t inputs = described_inputs(desc, block->residual, l);
        const size_t bytes =
            (size_t)(layer->kernel_height * layer->kernel_width * inputs * layer->growth) *
            denseblock_type_size(desc->type);
        status = allocate(parts, bytes, "kernel", &parts->kernels[l]);
        if (status == DENSEBLOCK_OK)
            status = denseblock_copy(parts->context, DENSEBLOCK_UPLOAD, parts->kernels[l], bytes,
                                     block->kernels[l], bytes, bytes, 1);
    }
    if (status == DENSEBLOCK_OK)
        status = denseblock_weights_prepare(parts->context, parts->plan,
                                            (const void *const *)parts->kernels, parts->prepared);
    for (int64_t l = 0; l < desc->layer_count; l++) {
        const denseblock_status freed =
            denseblock_buffers_free(parts->buffers, parts->kernels[l]);
        if (status == DENSEBLOCK_OK)
            status = freed;
    }
    return status;
}

static denseblock_status execute(const struct cuda_case *block, struct parts *parts, void *y) {
    denseblock_status status = DENSEBLOCK_OK;
    if (!block->graph)
        return denseblock_forward(parts->context, parts->plan, parts->prepared, parts->x, y,
                                  parts->workspace);
    status = denseblock_graph_create(parts->context, parts->plan, parts->prepared, parts->x, y,
                                     parts->workspace, &parts->graph);
    const int launches = block->residual && block->in_place ? 1 : 2;
    for (int i = 0; status == DENSEBLOCK_OK && i < launches; i++)
        status = denseblock_graph_launch(parts->graph);
    return status;
}

static denseblock_status run(const struct cuda_case *block, struct parts *parts) {
    const denseblock_desc *desc = block->desc;
    const size_t size = denseblock_type_size(desc->type);
    const size_t pixels = (size_t)(desc->batch * desc->height * desc->width);
    const size_t x_pixel = (size_t)desc->channels * size;
    const size_t y_bytes = denseblock_plan_output_bytes(parts->plan);
    const size_t y_pixel = (size_t)denseblock_plan_output_channels(parts->plan) * size;
    denseblock_status status = prepare(block, parts);
    if (status == DENSEBLOCK_OK)
        status = allocate(parts, denseblock_plan_workspace_bytes(parts->plan), "workspace",
                          &parts->workspace);
    if (status == DENSEBLOCK_OK)
        status = allocate(parts, y_bytes + block->y_shift * size, "y", &parts->y_memory);
    if (status == DENSEBLOCK_OK && !block->in_place)
        status = allocate(parts, pixels * x_pixel, "x", &parts->x);
    if (status != DENSEBLOCK_OK)
        return status;
    char *y = (char *)parts->y_memory + block->y_shift * size;
    if (block->in_place)
        status = denseblock_copy(parts->context, DENSEBLOCK_UPLOAD, y, y_pixel, block->x, x_pixel,
                                 x_pixel, pixels);
    else
        status = denseblock_copy(parts->context, DENSEBLOCK_UPLOAD, parts->x, x_pixel, block->x,
                                 x_pixel, x_pixel, pixels);
    if (status == DENSEBLOCK_OK)
        status = execute(block, parts, y);
    if (status == DENSEBLOCK_OK)
        status = denseblock_copy(parts->context, DENSEBLOCK_DOWNLOAD, block->y, y_bytes, y,
                                 y_bytes, y_bytes, 1);
    if (status == DENSEBLOCK_OK)
        status = denseblock_context_synchronize(parts->context);
    return status;
}

denseblock_status cuda_case_run(const struct cuda_case *block) {
    const int device = block->options == NULL ? 0 : block->options->device;
    struct parts parts = {0};
    if (block->desc->layer_count > MOST_LAYERS)
        return DENSEBLOCK_UNSUPPORTED;
    denseblock_status status = described_plan_create(block->desc, block->residual, block->backend,
                                                     block->options, &parts.plan);
    if (status == DENSEBLOCK_OK)
        status = denseblock_context_create(block->backend, device, &parts.context);
    if (status == DENSEBLOCK_OK)
        status = denseblock_buffers_create(false, &parts.buffers);
    if (status == DENSEBLOCK_OK)
        status = run(block, &parts);
    denseblock_graph_destroy(parts.graph);
    denseblock_buffers_destroy(parts.buffers);
    denseblock_context_destroy(parts.context);
    denseblock_plan_destroy(parts.plan);
    return status;
}
