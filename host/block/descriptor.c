#include "block/descriptor.h"

#include <inttypes.h>

#include "memory/size.h"
#include "status/fail.h"

void denseblock_layers_fill(denseblock_layer *layers, size_t count, int64_t kernel_height,
                            int64_t kernel_width, int64_t growth) {
    for (size_t l = 0; l < count; l++)
        layers[l] = (denseblock_layer){
            .kernel_height = kernel_height, .kernel_width = kernel_width, .growth = growth};
}

static denseblock_status check_size(const char *name, int64_t value, int64_t least) {
    if (value < least)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,
                         "%s is %" PRId64 ": it must be at least %" PRId64, name, value, least);
    return DENSEBLOCK_OK;
}

static denseblock_status check_layer(int64_t l, const denseblock_layer *layer) {
    const struct {
        const char *name;
        int64_t value;
    } sizes[] = {{"kernel height", layer->kernel_height},
                 {"kernel width", layer->kernel_width},
                 {"growth", layer->growth}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "layer %" PRId64 ": %s", l, sizes[i].name);
        const denseblock_status status = check_size(name, sizes[i].value, 1);
        if (status != DENSEBLOCK_OK)
            return status;
    }
    if (layer->prologue != DENSEBLOCK_PROLOGUE_RELU)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,
                         "layer %" PRId64 ": prologue %d is none that this version knows", l,
                         (int)layer->prologue);
    return DENSEBLOCK_OK;
}

denseblock_status dblk_descriptor_check(const denseblock_desc *desc) {
    const struct {
        const char *name;
        int64_t value;
        int64_t least;
    } sizes[] = {{"batch (N)", desc->batch, 0},
                 {"height (H)", desc->height, 1},
                 {"width (W)", desc->width, 1},
                 {"channels (C0)", desc->channels, 1},
                 {"layer count (L)", desc->layer_count, 0}};
    denseblock_status status = DENSEBLOCK_OK;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        if ((status = check_size(sizes[i].name, sizes[i].value, sizes[i].least)) != DENSEBLOCK_OK)
            return status;
    if (denseblock_type_size(desc->type) == 0)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT, "element type %d is none", (int)desc->type);
    if ((unsigned)desc->arithmetic > DENSEBLOCK_ARITHMETIC_TF32X3)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT, "arithmetic %d is none",
                         (int)desc->arithmetic);
    if (desc->arithmetic != DENSEBLOCK_ARITHMETIC_FULL && desc->type != DENSEBLOCK_F32)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,
                         "TF32 arithmetic is for f32 tensors, not %s",
                         denseblock_type_name(desc->type));
    if (desc->layer_count > 0 && desc->layers == NULL)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,
                         "layers is NULL, but layer_count is %" PRId64, desc->layer_count);
    for (int64_t l = 0; l < desc->layer_count; l++)
        if ((status = check_layer(l, &desc->layers[l])) != DENSEBLOCK_OK)
            return status;
    return DENSEBLOCK_OK;
}

static denseblock_status lay_out_layer(denseblock_plan *plan, int64_t l,
                                       const denseblock_layer *described) {
    const int64_t channels = plan->output_channels;
    plan->layers[l] = (struct dblk_layer){
        .kernel_height = described->kernel_height,
        .kernel_width = described->kernel_width,
        .channels = channels,
        .growth = described->growth,
        .output_channel = channels,
    };
    /* Kernels are also held as f64, which is why the bound uses its size. */
    size_t kernel_bytes = sizeof(double);
    if (!dblk_size_multiply(&kernel_bytes, described->kernel_height) ||
        !dblk_size_multiply(&kernel_bytes, described->kernel_width) ||
        !dblk_size_multiply(&kernel_bytes, channels) ||
        !dblk_size_multiply(&kernel_bytes, described->growth))
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,
                         "layer %" PRId64 ": a kernel [%" PRId64 ",%" PRId64 ",%" PRId64
                         ",%" PRId64 "] is too large to address",
                         l, described->kernel_height, described->kernel_width, channels,
                         described->growth);
    plan->output_channels += described->growth; /* whose product fits: so does the sum */
    return DENSEBLOCK_OK;
}

/* In f64, since the counts may be too large for integers. */
static void count_work(denseblock_plan *plan) {
    const double pixels = (double)plan->batch * (double)plan->height * (double)plan->width;
    const double element_size = (double)denseblock_type_size(plan->type);
    plan->flops = 0;
    plan->bytes_moved = 0;
    for (int64_t l = 0; l < plan->layer_count; l++) {
        struct dblk_layer *layer = &plan->layers[l];
        const double kernel_count = (double)dblk_layer_kernel_count(layer);
        layer->flops = 2 * pixels * kernel_count;
        plan->flops += layer->flops;
        plan->bytes_moved +=
            element_size * (pixels * (double)(layer->channels + layer->growth) + kernel_count);
    }
}

denseblock_status dblk_descriptor_lay_out(const denseblock_desc *desc, denseblock_plan *plan) {
    plan->batch = desc->batch;
    plan->height = desc->height;
    plan->width = desc->width;
    plan->channels = desc->channels;
    plan->type = desc->type;
    plan->arithmetic = desc->arithmetic;
    plan->layer_count = desc->layer_count;
    plan->output_channels = desc->channels;
    for (int64_t l = 0; l < desc->layer_count; l++) {
        const denseblock_status status = lay_out_layer(plan, l, &desc->layers[l]);
        if (status != DENSEBLOCK_OK)
            return status;
    }

    plan->whole_batch = desc->batch;
    plan->feature_pitch = plan->output_channels;
    plan->output_pitch = plan->output_channels;

    /* One image must be addressable even in an empty batch, so that H * W * C_L never wraps. */
    size_t image_bytes = denseblock_type_size(desc->type);
    const bool fits = dblk_size_multiply(&image_bytes, plan->height) &&
                      dblk_size_multiply(&image_bytes, plan->width) &&
                      dblk_size_multiply(&image_bytes, plan->output_channels);
    plan->output_bytes = image_bytes;
    if (!fits || !dblk_size_multiply(&plan->output_bytes, plan->batch))
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,
                         "y [%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64
                         "] of %s is too large to address",
                         plan->batch, plan->height, plan->width, plan->output_channels,
                         denseblock_type_name(plan->type));
    count_work(plan);
    return DENSEBLOCK_OK;
}
