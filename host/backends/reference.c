/* The reference: the formula of denseblock.h as plain loops, with sums in f64 whatever the
 * tensor's type. Every other backend is compared with it, so it must be right at a glance.
 *
 * Prepared weights: the kernels as f64, HWIO as they came, each at a multiple of
 * DENSEBLOCK_ALIGNMENT. Workspace: for each thread the sums of one pixel's output channels. */
#include <inttypes.h>

#include "backends/backend.h"
#include "backends/host_tensor.h"
#include "block/context.h"
#include "block/plan.h"
#include "device/device.h"
#include "elements/elements.h"
#include "memory/size.h"
#include "status/fail.h"

static denseblock_status check_options(const denseblock_plan_options *options) {
    if (options->algorithm != DENSEBLOCK_ALGORITHM_AUTO &&
        options->algorithm != DENSEBLOCK_ALGORITHM_DIRECT)
        return dblk_fail(DENSEBLOCK_UNSUPPORTED,
                         "the reference backend has only the direct algorithm");
    if (options->group_size > 1)
        return dblk_fail(DENSEBLOCK_UNSUPPORTED,
                         "the reference backend computes one layer at a time, not groups of "
                         "%" PRId64,
                         options->group_size);
    return DENSEBLOCK_OK;
}

/* Bytes between the sums of one thread and the next, which share no cache line. False on
 * overflow. */
static bool sums_stride(const denseblock_plan *plan, size_t *stride) {
    int64_t most_outputs = 0;
    for (int64_t l = 0; l < plan->layer_count; l++)
        if (plan->layers[l].growth > most_outputs)
            most_outputs = plan->layers[l].growth;
    *stride = sizeof(double);
    return dblk_size_multiply(stride, most_outputs) && dblk_size_align(stride);
}

static denseblock_status reference_plan(denseblock_plan *plan,
                                        const denseblock_plan_options *options) {
    const denseblock_status status = check_options(options);
    if (status != DENSEBLOCK_OK)
        return status;
    plan->thread_count = dblk_host_thread_count(options->thread_count);

    bool fits = true;
    for (int64_t l = 0; l < plan->layer_count; l++) {
        plan->layers[l].weights_offset = plan->weights_bytes;
        const size_t count = (size_t)dblk_layer_kernel_count(&plan->layers[l]);
        fits = fits && dblk_size_add(&plan->weights_bytes, count * sizeof(double)) &&
               dblk_size_align(&plan->weights_bytes);
    }
    fits = fits && sums_stride(plan, &plan->workspace_bytes) &&
           dblk_size_multiply(&plan->workspace_bytes, plan->thread_count);
    if (!fits)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,
                         "the kernels of the block are too large to address as f64");
    return DENSEBLOCK_OK;
}

static denseblock_status reference_prepare_layer(denseblock_context *context,
                                                 const denseblock_plan *plan, int64_t l,
                                                 const void *kernel, void *prepared) {
    (void)context;
    const struct dblk_layer *layer = &plan->layers[l];
    denseblock_convert(DENSEBLOCK_F64, (char *)prepared + layer->weights_offset, plan->type,
                       kernel, (size_t)dblk_layer_kernel_count(layer));
    return DENSEBLOCK_OK;
}

/* Not fmax, which turns NaN into 0. */
static double relu(double v) {
    return v < 0 ? 0 : v;
}

/* All g output channels of the layer at one pixel, n, row, column. */
static void forward_pixel(const denseblock_plan *plan, const struct dblk_layer *layer,
                          const double *kernel, int64_t n, int64_t row, int64_t column,
                          const struct dblk_tensors *tensors, double *sums) {
    const int64_t height = plan->height, width = plan->width;
    const int64_t kernel_height = layer->kernel_height, kernel_width = layer->kernel_width;
    const int64_t channels = layer->channels, growth = layer->growth;

    for (int64_t o = 0; o < growth; o++)
        sums[o] = 0;
    for (int64_t i = 0; i < kernel_height; i++)
        for (int64_t j = 0; j < kernel_width; j++) {
            const int64_t h = row + i - (kernel_height - 1) / 2;
            const int64_t w = column + j - (kernel_width - 1) / 2;
            if (h < 0 || h >= height || w < 0 || w >= width)
                continue; /* the padding reads 0, and kernels are finite */
            const size_t pixel = (size_t)(((n * height + h) * width + w) * plan->feature_pitch);
            for (int64_t c = 0; c < channels; c++) {
                const double feature =
                    relu(dblk_element_load(plan->type, tensors->features, pixel + (size_t)c));
                const double *weights = kernel + ((i * kernel_width + j) * channels + c) * growth;
                for (int64_t o = 0; o < growth; o++)
                    sums[o] += feature * weights[o];
            }
        }

    const size_t output = (size_t)(((n * height + row) * width + column) * plan->output_pitch +
                                   layer->output_channel);
    for (int64_t o = 0; o < growth; o++) {
        const double before =
            plan->adds ? dblk_element_load(plan->type, tensors->outputs, output + (size_t)o) : 0;
        dblk_element_store(plan->type, tensors->outputs, output + (size_t)o, before + sums[o]);
    }
}

static denseblock_status
reference_forward_layer(denseblock_context *context, const denseblock_plan *plan, int64_t l,
                        const struct dblk_region *region, const void *prepared,
                        const struct dblk_tensors *tensors, void *workspace) {
    (void)region;                   /* all of the batch: the plan asks for nothing else */
    enum { PIXELS_AT_ONCE = 4096 }; /* between two reports of the progress */
    const struct dblk_layer *layer = &plan->layers[l];
    const void *kernel = (const char *)prepared + layer->weights_offset;
    const size_t sums_bytes = plan->workspace_bytes / (size_t)plan->thread_count;
    const int64_t height = plan->height, width = plan->width;
    const int64_t pixels = plan->batch * height * width;

    for (int64_t begin = 0; begin < pixels; begin += PIXELS_AT_ONCE) {
        const int64_t end = pixels - begin < PIXELS_AT_ONCE ? pixels : begin + PIXELS_AT_ONCE;
#pragma omp parallel for num_threads(plan->thread_count)
        for (int64_t p = begin; p < end; p++) {
            void *sums = (char *)workspace + sums_bytes * dblk_host_thread();
            forward_pixel(plan, layer, kernel, p / (height * width), p / width % height,
                          p % width, tensors, sums);
        }
        if (end < pixels)
            dblk_context_report(context, layer->flops * (double)end / (double)pixels);
    }
    return DENSEBLOCK_OK;
}

const struct dblk_backend dblk_backend_reference = {
    .id = DENSEBLOCK_BACKEND_REFERENCE,
    .name = "reference",
    .method = "plain loops, f64 sums",
    .device = &dblk_host_device,
    .plan = reference_plan,
    .prepare_layer = reference_prepare_layer,
    .place_input = dblk_host_place_input,
    .forward_layer = reference_forward_layer,
};
