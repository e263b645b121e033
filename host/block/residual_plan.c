/* The plan of a residual block. All units are alike, so that two plans do for all of their
 * convolutions, each that of a layer that reads one tensor and writes another.
 *
 * What is between the two convolutions of a unit is in the workspace: of a slice of the batch, which
 * goes through all units before the next one begins. All slices are of one size, that of the convolutions'
 * plans, since there are backends that compute nothing but a whole batch of a plan. */
#include <inttypes.h>
#include <stdlib.h>

#include "backends/backend.h"
#include "backends/cpu/caches.h"
#include "backends/host_tensor.h"
#include "block/description.h"
#include "block/descriptor.h"
#include "block/residual.h"
#include "device/device.h"
#include "memory/integer.h"
#include "memory/size.h"
#include "status/fail.h"

/* The description with hidden_channels filled in. DENSEBLOCK_INVALID_ARGUMENT for what only a residual
 * block has; its convolutions are checked as layers. */
static denseblock_status check(const denseblock_residual_desc *desc,
                               denseblock_residual_desc *checked) {
    *checked = *desc;
    if (desc->unit_count < 0 || desc->unit_count > INT64_MAX / 2)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,
                         "unit count is %" PRId64 ": it must be 0 to %" PRId64, desc->unit_count,
                         INT64_MAX / 2);
    if (desc->hidden_channels < 0)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,
                         "hidden channels are %" PRId64
                         ": they must be at least 1, or 0 for as many "
                         "as the block has",
                         desc->hidden_channels);
    if (desc->hidden_channels == 0)
        checked->hidden_channels = desc->channels;
    return DENSEBLOCK_OK;
}

/* Bytes of one image with so many channels; false on overflow. */
static bool image_bytes(const denseblock_residual_desc *desc, int64_t channels, size_t *bytes) {
    *bytes = denseblock_type_size(desc->type);
    return dblk_size_multiply(bytes, desc->height) && dblk_size_multiply(bytes, desc->width) &&
           dblk_size_multiply(bytes, channels);
}

/* The most images, of those that divide the batch, whose hidden channels take half of the limit. */
static int64_t most_images(int64_t batch, size_t hidden, size_t limit) {
    const size_t most = limit / 2 / hidden;
    int64_t images = most < (size_t)batch ? (int64_t)most : batch;
    while (images > 1 && batch % images != 0)
        images--;
    return images > 1 ? images : 1;
}

/* On a processor, the fewest that fill its caches, so that a slice stays there through all units, or nearly
 * so; and enough to be worth reading all kernels for. */
static int64_t cached_images(const denseblock_residual_desc *desc, int64_t threads, size_t hidden,
                             int64_t most) {
    size_t image;
    if (!image_bytes(desc, desc->channels, &image) || !dblk_size_add(&image, hidden))
        return most; /* the plans of the convolutions say what is wrong */
    const double kernels = (double)denseblock_type_size(desc->type) * 2 *
                           (double)desc->unit_count * (double)desc->kernel_height *
                           (double)desc->kernel_width * (double)desc->channels *
                           (double)desc->hidden_channels;
    const double cache = (double)dblk_cache_for_slice(image, dblk_host_thread_count(threads));
    const double enough = cache > kernels ? cache : kernels;
    int64_t images = 1;
    while (images < most &&
           (most % images != 0 || (double)(images + 1) * (double)image <= enough))
        images++;
    return images;
}

static denseblock_status choose_slice(const denseblock_residual_desc *desc,
                                      denseblock_backend backend,
                                      const denseblock_plan_options *options, size_t hidden,
                                      int64_t *images) {
    const struct dblk_backend *chosen;
    const denseblock_status status = dblk_backend_find(backend, options->device, &chosen);
    if (status != DENSEBLOCK_OK)
        return status;
    *images = most_images(desc->batch, hidden, options->workspace_limit);
    if (chosen->device->memory == DENSEBLOCK_MEMORY_HOST)
        *images = cached_images(desc, options->thread_count, hidden, *images);
    return DENSEBLOCK_OK;
}

/* Either convolution's, for the images of a slice. */
static denseblock_status plan_convolutions(const denseblock_residual_desc *desc, int64_t images,
                                           denseblock_backend backend,
                                           const denseblock_plan_options *options,
                                           struct dblk_residual *residual) {
    denseblock_status status = DENSEBLOCK_OK;
    for (int i = 0; status == DENSEBLOCK_OK && i < 2; i++) {
        const int64_t channels = i == 0 ? desc->channels : desc->hidden_channels;
        const int64_t outputs = i == 0 ? desc->hidden_channels : desc->channels;
        const denseblock_layer layer = {.kernel_height = desc->kernel_height,
                                        .kernel_width = desc->kernel_width,
                                        .growth = outputs};
        const denseblock_desc convolution = {
            .batch = images,
            .height = desc->height,
            .width = desc->width,
            .channels = channels,
            .layer_count = 1,
            .layers = &layer,
            .type = desc->type,
            .arithmetic = desc->arithmetic,
        };
        const struct dblk_placement placement = {.feature_pitch = channels,
                                                 .output_pitch = outputs,
                                                 .adds = i == 1,
                                                 .whole_batch = desc->batch,
                                                 .taken = residual->hidden_bytes};
        status = dblk_plan_make(&convolution, backend, options, &placement,
                                &residual->convolutions[i]);
    }
    return status;
}

/* Layers 2u and 2u + 1 are the convolutions of unit u. */
static bool lay_out_layers(const denseblock_residual_desc *desc, denseblock_plan *plan) {
    const double pixels = (double)plan->batch * (double)plan->height * (double)plan->width;
    const double element_size = (double)denseblock_type_size(plan->type);
    bool fits = true;
    for (int64_t l = 0; fits && l < plan->layer_count; l++) {
        const denseblock_plan *convolution = plan->residual->convolutions[l % 2];
        struct dblk_layer *layer = &plan->layers[l];
        *layer = convolution->layers[0];
        layer->weights_offset = plan->weights_bytes;
        layer->flops = 2 * pixels * (double)dblk_layer_kernel_count(layer);
        fits = dblk_size_add(&plan->weights_bytes, convolution->weights_bytes);
        plan->flops += layer->flops;
        /* A unit's second convolution also reads what it adds to. */
        plan->bytes_moved +=
            element_size * (pixels * (double)(desc->channels + desc->hidden_channels +
                                              (l % 2) * desc->channels) +
                            (double)dblk_layer_kernel_count(layer));
    }
    return fits;
}

static denseblock_status lay_out(const denseblock_residual_desc *desc, int64_t images,
                                 const denseblock_plan_options *options, denseblock_plan *plan) {
    const denseblock_plan *first = plan->residual->convolutions[0];
    const denseblock_plan *second = plan->residual->convolutions[1];
    const size_t workspace = desc->unit_count == 0 ? 0
                             : first->workspace_bytes > second->workspace_bytes
                                 ? first->workspace_bytes
                                 : second->workspace_bytes;
    plan->backend = first->backend;
    plan->device = options->device;
    plan->batch = desc->batch;
    plan->height = desc->height;
    plan->width = desc->width;
    plan->channels = desc->channels;
    plan->output_channels = desc->channels;
    plan->whole_batch = desc->batch;
    plan->feature_pitch = desc->channels;
    plan->output_pitch = desc->channels;
    plan->type = desc->type;
    plan->arithmetic = desc->arithmetic;
    plan->layer_count = 2 * desc->unit_count;
    plan->slice_images = images;
    plan->step_rows = desc->height;
    plan->thread_count = (int)dblk_larger(first->thread_count, second->thread_count);
    plan->workspace_bytes = plan->residual->hidden_bytes;
    const int64_t slices = images > 0 ? desc->batch / images : 0;
    plan->predicted_seconds = (first->predicted_seconds + second->predicted_seconds) *
                              (double)desc->unit_count * (double)slices;
    if (!image_bytes(desc, desc->channels, &plan->output_bytes) ||
        !dblk_size_multiply(&plan->output_bytes, desc->batch) ||
        !dblk_size_add(&plan->workspace_bytes, workspace) || !lay_out_layers(desc, plan))
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,
                         "a residual block of %" PRId64 " units on [%" PRId64 ",%" PRId64
                         ",%" PRId64 ",%" PRId64 "] of %s is too large to address",
                         desc->unit_count, desc->batch, desc->height, desc->width, desc->channels,
                         denseblock_type_name(desc->type));
    return DENSEBLOCK_OK;
}

/* The slice, and what of the workspace's limit is left for the convolutions. */
static denseblock_status make_residual(const denseblock_residual_desc *desc,
                                       denseblock_backend backend,
                                       const denseblock_plan_options *options, int64_t *images,
                                       struct dblk_residual *residual) {
    size_t hidden;
    denseblock_plan_options of_convolutions = *options;
    if (desc->unit_count == 0 || desc->batch <= 0 ||
        !image_bytes(desc, desc->hidden_channels, &hidden) || hidden == 0) {
        *images = desc->batch; /* if anything is wrong, the plans of the convolutions say so */
        const int64_t executed =
            desc->unit_count == 0 ? dblk_smaller(0, desc->batch) : desc->batch;
        return plan_convolutions(desc, executed, backend, options, residual);
    }
    const denseblock_status status = choose_slice(desc, backend, options, hidden, images);
    if (status != DENSEBLOCK_OK)
        return status;
    residual->hidden_bytes = (size_t)*images * hidden;
    if (!dblk_size_align(&residual->hidden_bytes) ||
        residual->hidden_bytes > options->workspace_limit)
        return dblk_fail(DENSEBLOCK_UNSUPPORTED,
                         "a residual block keeps the %" PRId64
                         " hidden channels of an image in the "
                         "workspace, %zu bytes: raise the workspace limit of %zu",
                         desc->hidden_channels, residual->hidden_bytes, options->workspace_limit);
    of_convolutions.workspace_limit = options->workspace_limit - residual->hidden_bytes;
    if (of_convolutions.workspace_limit == 0) /* which would mean the default */
        of_convolutions.workspace_limit = 1;
    return plan_convolutions(desc, *images, backend, &of_convolutions, residual);
}

static denseblock_status make(const denseblock_residual_desc *desc, denseblock_backend backend,
                              const denseblock_plan_options *options, denseblock_plan **plan) {
    denseblock_residual_desc checked;
    int64_t images;
    struct dblk_residual *residual = NULL;
    denseblock_status status = check(desc, &checked);
    if (status == DENSEBLOCK_OK && options->group_size > 1)
        status = dblk_fail(DENSEBLOCK_UNSUPPORTED,
                           "a residual block has no groups: its convolutions read one another's "
                           "results");
    if (status == DENSEBLOCK_OK && (residual = calloc(1, sizeof *residual)) == NULL)
        status = dblk_fail(DENSEBLOCK_OUT_OF_MEMORY, "no memory for a plan");
    if (status == DENSEBLOCK_OK)
        status = make_residual(&checked, backend, options, &images, residual);
    if (status == DENSEBLOCK_OK)
        status = dblk_plan_allocate(2 * checked.unit_count, plan);
    if (status != DENSEBLOCK_OK) {
        dblk_residual_destroy(residual);
        return status;
    }
    (*plan)->residual = residual;
    status = lay_out(&checked, images, options, *plan);
    return status == DENSEBLOCK_OK ? dblk_description_make(*plan) : status;
}

denseblock_status denseblock_residual_plan_create(const denseblock_residual_desc *desc,
                                                  denseblock_backend backend,
                                                  const denseblock_plan_options *options,
                                                  denseblock_plan **plan) {
    if (plan != NULL)
        *plan = NULL;
    if (desc == NULL || plan == NULL)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,
                         "denseblock_residual_plan_create: %s is NULL",
                         desc == NULL ? "desc" : "plan");
    denseblock_plan_options complete;
    denseblock_plan *made = NULL;
    denseblock_status status = dblk_options_complete(options, &complete);
    if (status == DENSEBLOCK_OK)
        status = make(desc, backend, &complete, &made);
    if (status != DENSEBLOCK_OK) {
        denseblock_plan_destroy(made);
        return status;
    }
    *plan = made;
    return DENSEBLOCK_OK;
}
