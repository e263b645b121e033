#include "block/description.h"

#include <inttypes.h>
#include <stdlib.h>

#include "backends/algorithm.h"
#include "backends/backend.h"
#include "block/residual.h"
#include "device/device.h"
#include "status/fail.h"
#include "text/text.h"

static void describe_directly(struct dblk_text *text, const denseblock_plan *plan) {
    for (int64_t l = 0; l < plan->layer_count; l++) {
        dblk_describe_group(text, plan, l, 1, DENSEBLOCK_ALGORITHM_DIRECT);
        dblk_text_append(text, "\n");
    }
}

static void describe_layers(struct dblk_text *text, const denseblock_plan *plan) {
    if (plan->backend->describe != NULL)
        plan->backend->describe(text, plan);
    else
        describe_directly(text, plan);
}

static void describe_residual(struct dblk_text *text, const denseblock_plan *plan) {
    const int64_t units = plan->layer_count / 2;
    dblk_text_append(text, "%" PRId64 " residual unit%s, %" PRId64 " image%s at a time\n", units,
                     units == 1 ? "" : "s", plan->slice_images,
                     plan->slice_images == 1 ? "" : "s");
    dblk_text_append(text, "the first convolution of each, from y to the workspace:\n");
    describe_layers(text, plan->residual->convolutions[0]);
    dblk_text_append(text, "the second one, from there, added to y:\n");
    describe_layers(text, plan->residual->convolutions[1]);
}

static void write_description(struct dblk_text *text, const denseblock_plan *plan) {
    dblk_text_append(text, "backend %s: %s, ", plan->backend->name, plan->backend->method);
    if (plan->backend->device->memory == DENSEBLOCK_MEMORY_DEVICE)
        dblk_text_append(text, "GPU %d\n", plan->device);
    else
        dblk_text_append(text, "%d thread%s\n", plan->thread_count,
                         plan->thread_count == 1 ? "" : "s");
    dblk_text_append(text,
                     "x [%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 "] -> y [%" PRId64
                     ",%" PRId64 ",%" PRId64 ",%" PRId64 "], %s\n",
                     plan->batch, plan->height, plan->width, plan->channels, plan->batch,
                     plan->height, plan->width, plan->output_channels,
                     denseblock_type_name(plan->type));
    if (plan->residual != NULL)
        describe_residual(text, plan);
    else
        describe_layers(text, plan);
    dblk_text_append(text, "bytes: y %zu, prepared weights %zu, workspace %zu\n",
                     plan->output_bytes, plan->weights_bytes, plan->workspace_bytes);
}

denseblock_status dblk_description_make(denseblock_plan *plan) {
    struct dblk_text measured = {0};
    write_description(&measured, plan);
    struct dblk_text text = {.capacity = measured.length + 1};
    text.start = malloc(text.capacity);
    if (text.start == NULL)
        return dblk_fail(DENSEBLOCK_OUT_OF_MEMORY,
                         "no memory for the description of a plan of %" PRId64 " layers",
                         plan->layer_count);
    write_description(&text, plan);
    plan->description = text.start;
    return DENSEBLOCK_OK;
}
