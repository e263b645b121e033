#include "backends/cuda/cuda_plan.h"

#include <inttypes.h>
#include <stdlib.h>

#include "backends/algorithm.h"
#include "backends/cuda/cuda_ways.h"
#include "memory/integer.h"
#include "memory/size.h"
#include "status/fail.h"
#include "text/text.h"

static size_t real_size(const denseblock_plan *plan) {
    return plan->type == DENSEBLOCK_F64 ? sizeof(double) : sizeof(float);
}

static denseblock_status check_options(const denseblock_plan_options *options) {
    if (options->algorithm != DENSEBLOCK_ALGORITHM_AUTO &&
        options->algorithm != DENSEBLOCK_ALGORITHM_DIRECT)
        return dblk_fail(DENSEBLOCK_UNSUPPORTED,
                         "the cuda backend has only the direct algorithm: use auto or direct");
    return DENSEBLOCK_OK;
}

/* Layers from `first` on with the same kernel size: `asked` of them, or with 0 as many as fill the
 * columns that one block of threads can compute. */
static int64_t group_size(const denseblock_plan *plan, int64_t first, int64_t asked) {
    const int64_t most_columns = dblk_cuda_plan_of(plan)->tensor ? 128
                                 : plan->type == DENSEBLOCK_F64  ? 32
                                                                 : 64;
    const struct dblk_layer *layers = &plan->layers[first];
    int64_t size = 0, columns = 0;
    for (; first + size < plan->layer_count; size++) {
        const bool full = asked != 0
                              ? size >= asked
                              : columns + dblk_cuda_padded(layers[size].growth) > most_columns;
        if (size > 0 && (full || !dblk_layers_same_kernel_size(&layers[0], &layers[size])))
            break;
        columns += dblk_cuda_padded(layers[size].growth);
    }
    return size;
}

static void form_groups(const denseblock_plan *plan, int64_t asked, struct dblk_cuda_plan *cuda) {
    cuda->sums_stride = 0;
    for (int64_t first = 0, size; first < plan->layer_count; first += size) {
        size = group_size(plan, first, asked);
        int64_t columns = 0;
        for (int64_t l = first; l < first + size; l++) {
            cuda->layers[l].column = columns;
            columns += dblk_cuda_padded(plan->layers[l].growth);
        }
        for (int64_t l = first; l < first + size; l++) {
            struct dblk_cuda_layer *layer = &cuda->layers[l];
            layer->group_first = first;
            layer->group_size = size;
            layer->group_channels = plan->layers[first].channels;
            layer->group_columns = columns;
        }
        const int64_t sums = columns - dblk_cuda_padded(plan->layers[first].growth);
        cuda->sums_stride = dblk_larger(cuda->sums_stride, sums);
    }
}

/* Bytes of the partial sums of so many images; false if it overflows. */
static bool sums_bytes(const denseblock_plan *plan, int64_t images, size_t *bytes) {
    *bytes = real_size(plan);
    return dblk_size_multiply(bytes, dblk_cuda_plan_of(plan)->sums_stride) &&
           dblk_size_multiply(bytes, plan->height) && dblk_size_multiply(bytes, plan->width) &&
           dblk_size_multiply(bytes, images) && dblk_size_align(bytes);
}

/* As many images at a time as one launch can take, and the workspace has room for. */
static bool cut_slices(denseblock_plan *plan, size_t limit) {
    size_t image;
    if (!sums_bytes(plan, 1, &image))
        return false;
    plan->slice_images = plan->batch;
    if (plan->layer_count > 0 && plan->batch > 0) {
        int64_t most = DBLK_DIRECT_MOST_PIXELS / (plan->height * plan->width + 1);
        if (image > 0 && limit / image < (size_t)most)
            most = (int64_t)(limit / image);
        most = dblk_larger(1, most);
        /* Of equal size, but for the last. */
        const int64_t slices = dblk_quotient_up(plan->batch, most);
        plan->slice_images = dblk_quotient_up(plan->batch, slices);
    }
    return sums_bytes(plan, plan->slice_images, &plan->workspace_bytes);
}

static bool add_weights(denseblock_plan *plan, const struct dblk_layer *layer,
                        const struct dblk_tensor_way *way, int64_t channels, int64_t columns,
                        size_t *offset) {
    *offset = plan->weights_bytes;
    const size_t bytes = dblk_cuda_plan_of(plan)->tensor
                             ? dblk_tensor_weights_bytes(way, layer->kernel_height,
                                                         layer->kernel_width, channels, columns)
                             : dblk_direct_layout(plan->type, layer->kernel_height,
                                                  layer->kernel_width, channels, columns)
                                   .bytes;
    return dblk_size_add(&plan->weights_bytes, bytes) && dblk_size_align(&plan->weights_bytes);
}

static bool lay_out_weights(denseblock_plan *plan, struct dblk_cuda_plan *cuda) {
    bool fits = true;
    plan->weights_bytes = 0;
    for (int64_t l = 0; fits && l < plan->layer_count; l++) {
        struct dblk_layer *layer = &plan->layers[l];
        struct dblk_cuda_layer *planned = &cuda->layers[l];
        if (l == planned->group_first) {
            fits = add_weights(plan, layer, &planned->outer, planned->group_channels,
                               planned->group_columns, &planned->outer_offset);
        } else {
            planned->outer_offset = cuda->layers[l - 1].outer_offset;
            fits = add_weights(plan, layer, &planned->inner,
                               layer->channels - planned->group_channels, layer->growth,
                               &layer->weights_offset);
        }
        planned->tile = dblk_direct_tile(plan->slice_images, plan->height, plan->width,
                                         layer->kernel_height, layer->kernel_width);
    }
    return fits;
}

/* What no launch could take is refused now. */
static denseblock_status check_launches(const denseblock_plan *plan) {
    const struct dblk_cuda_plan *cuda = dblk_cuda_plan_of(plan);
    denseblock_status status = DENSEBLOCK_OK;
    for (int64_t l = 0; status == DENSEBLOCK_OK && l < plan->layer_count; l++) {
        const struct dblk_direct_convolution convolution = {
            .images = plan->slice_images,
            .height = plan->height,
            .width = plan->width,
            .kernel_height = plan->layers[l].kernel_height,
            .kernel_width = plan->layers[l].kernel_width,
            .channels = plan->layers[l].channels,
            .columns = cuda->layers[l].group_columns,
        };
        status = dblk_direct_check(&convolution);
    }
    return status;
}

/* Groups, and slices of the batch. False where a size overflows. */
static bool form_and_cut(denseblock_plan *plan, const denseblock_plan_options *options,
                         struct dblk_cuda_plan *cuda) {
    form_groups(plan, options->group_size, cuda);
    const bool fits = cut_slices(plan, options->workspace_limit);
    if (options->group_size != 0 || (fits && plan->workspace_bytes <= options->workspace_limit))
        return fits;
    form_groups(plan, 1, cuda); /* which needs no partial sums */
    return cut_slices(plan, options->workspace_limit);
}

/* Also the ways of convolutions on tensor cores, whose parts take what the partial sums leave of the
 * limit. */
static bool lay_out(denseblock_plan *plan, const denseblock_plan_options *options,
                    const struct dblk_cuda_limits *gpu) {
    struct dblk_cuda_plan *cuda = plan->details;
    const size_t limit = options->workspace_limit;
    if (!form_and_cut(plan, options, cuda))
        return false;
    if (!cuda->tensor)
        return true;
    const size_t room = limit > plan->workspace_bytes ? limit - plan->workspace_bytes : 0;
    if (!dblk_cuda_choose_ways(plan, gpu, room - room % DENSEBLOCK_ALIGNMENT)) {
        cuda->tensor = false; /* which also has groups of another size */
        return form_and_cut(plan, options, cuda);
    }
    cuda->parts_offset = plan->workspace_bytes;
    return dblk_size_add(&plan->workspace_bytes, cuda->parts_bytes) &&
           dblk_size_align(&plan->workspace_bytes);
}

denseblock_status dblk_cuda_plan_make(denseblock_plan *plan,
                                      const denseblock_plan_options *options) {
    struct dblk_cuda_limits gpu;
    denseblock_status status = check_options(options);
    if (status == DENSEBLOCK_OK)
        status = dblk_cuda_device_limits(plan->device, &gpu);
    if (status != DENSEBLOCK_OK)
        return status;
    /* As many layers fit in memory a moment ago, in plan itself. */
    struct dblk_cuda_plan *cuda =
        calloc(1, sizeof *cuda + (size_t)plan->layer_count * sizeof(struct dblk_cuda_layer));
    if (cuda == NULL)
        return dblk_fail(DENSEBLOCK_OUT_OF_MEMORY, "no memory for a plan of %" PRId64 " layers",
                         plan->layer_count);
    plan->details = cuda;
    plan->thread_count = 1;
    dblk_cuda_choose_cores(plan, &gpu);
    if (!lay_out(plan, options, &gpu) || !lay_out_weights(plan, cuda))
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,
                         "what the block needs beside y is too large to address");
    dblk_cuda_predict(plan, &gpu);
    return check_launches(plan);
}

static void describe_way(struct dblk_text *text, const struct dblk_tensor_way *way) {
    dblk_text_append(text, "%d x %d", DBLK_TENSOR_PIXELS, way->tile_columns);
    if (way->splits > 1)
        dblk_text_append(text, " in %d splits", way->splits);
}

static void describe_tensor_group(struct dblk_text *text, const struct dblk_cuda_layer *group) {
    dblk_text_append(text, ", tiles of ");
    describe_way(text, &group->outer);
    if (group->group_size > 1) {
        dblk_text_append(text, ", then ");
        describe_way(text, &group[1].inner);
    }
}

void dblk_cuda_plan_describe(struct dblk_text *text, const denseblock_plan *plan) {
    static const char *const forms[] = {"f16", "bf16", "TF32", "three products of TF32"};
    const struct dblk_cuda_plan *cuda = dblk_cuda_plan_of(plan);
    const char *sums = real_size(plan) == sizeof(double) ? "f64" : "f32";
    if (cuda->tensor)
        dblk_text_append(text, "tensor cores, %s, sums in %s\n", forms[cuda->form], sums);
    else
        dblk_text_append(text, "SIMT kernels, sums in %s\n", sums);
    for (int64_t l = 0; l < plan->layer_count; l += cuda->layers[l].group_size) {
        const struct dblk_cuda_layer *group = &cuda->layers[l];
        dblk_describe_group(text, plan, l, group->group_size, DENSEBLOCK_ALGORITHM_DIRECT);
        if (cuda->tensor)
            describe_tensor_group(text, group);
        else
            dblk_text_append(text, ", tiles of %dx%d pixels", group->tile.rows,
                             group->tile.column_groups * DBLK_DIRECT_RUN);
        dblk_text_append(text, "\n");
    }
    dblk_describe_slices(text, plan);
    if (plan->batch > 0 && plan->layer_count > 0)
        dblk_text_append(
            text,
            "predicted %.3g us, by a model that has not been fitted: at least %.3g us "
            "for the products, %.3g us for memory\n",
            cuda->microseconds, cuda->products_microseconds, cuda->memory_microseconds);
}
