#include "backends/winograd_stack.h"

#include <inttypes.h>

#include "backends/backend.h"
#include "memory/integer.h"
#include "memory/size.h"
#include "status/fail.h"
#include "text/text.h"
#include "trace/trace.h"

/* ---- The plan ---- */

denseblock_status dblk_winograd_stack_check(const denseblock_plan *plan,
                                            const denseblock_plan_options *options) {
    if (options->algorithm == DENSEBLOCK_ALGORITHM_WINOGRAD4 && plan->type != DENSEBLOCK_F32)
        return dblk_fail(DENSEBLOCK_UNSUPPORTED,
                         "the %s backend has winograd4 for f32, not for %s: use winograd2 or "
                         "direct",
                         plan->backend->name, denseblock_type_name(plan->type));
    return dblk_algorithm_check(plan, options);
}

int64_t dblk_aligned_row(const denseblock_plan *plan, int64_t elements) {
    enum { ROW_ALIGNMENT = 16 };
    const int64_t unit = ROW_ALIGNMENT / (int64_t)denseblock_type_size(plan->type);
    return dblk_quotient_up(elements, unit) * unit;
}

void dblk_winograd_stack_clear(struct dblk_winograd_stack *stack) {
    *stack = (struct dblk_winograd_stack){.last_layer = -1};
}

void dblk_winograd_stack_add(struct dblk_winograd_stack *stack, const denseblock_plan *plan,
                             const struct dblk_group *group, denseblock_algorithm algorithm) {
    stack->tile = algorithm == DENSEBLOCK_ALGORITHM_WINOGRAD2 ? 2 : 4;
    stack->last_layer = group->first + group->size - 1;
    stack->stride = dblk_aligned_row(plan, plan->layers[stack->last_layer].channels);
    stack->products_stride =
        dblk_larger(stack->products_stride, dblk_aligned_row(plan, group->columns));
}

/* Bytes of a matrix for each point. */
static bool points_bytes(const struct dblk_winograd_stack *stack, const denseblock_plan *plan,
                         int64_t images, int64_t stride, denseblock_type type, size_t *bytes) {
    *bytes = denseblock_type_size(type) * (size_t)dblk_winograd_points(stack->tile);
    return dblk_size_multiply(bytes, dblk_quotient_up(plan->height, stack->tile)) &&
           dblk_size_multiply(bytes, dblk_quotient_up(plan->width, stack->tile)) &&
           dblk_size_multiply(bytes, images) && dblk_size_multiply(bytes, stride) &&
           dblk_size_align(bytes);
}

bool dblk_winograd_stack_bytes(const struct dblk_winograd_stack *stack,
                               const denseblock_plan *plan, int64_t images, size_t *stack_bytes,
                               size_t *products_bytes) {
    *stack_bytes = *products_bytes = 0;
    if (stack->tile == 0)
        return true;
    return points_bytes(stack, plan, images, stack->stride, plan->type, stack_bytes) &&
           points_bytes(stack, plan, images, stack->products_stride,
                        dblk_winograd_products_type(plan), products_bytes) &&
           dblk_winograd_most_images(stack, plan) > 0;
}

bool dblk_winograd_products_bytes(const struct dblk_winograd_stack *stack,
                                  const denseblock_plan *plan, int64_t columns, size_t *bytes) {
    return points_bytes(stack, plan, plan->slice_images, dblk_aligned_row(plan, columns),
                        dblk_winograd_products_type(plan), bytes);
}

int64_t dblk_winograd_most_images(const struct dblk_winograd_stack *stack,
                                  const denseblock_plan *plan) {
    return DBLK_WINOGRAD_MOST_TILES /
           dblk_winograd_tiles(stack->tile, 1, plan->height, plan->width);
}

/* Some images of the batch, without an address. */
static struct dblk_winograd_images slice_of(const struct dblk_winograd_stack *stack,
                                            const denseblock_plan *plan, int64_t images) {
    return (struct dblk_winograd_images){
        .type = plan->type,
        .tile = stack->tile,
        .images = images,
        .height = plan->height,
        .width = plan->width,
        .feature_pitch = plan->feature_pitch,
    };
}

void dblk_winograd_stack_set_slice(struct dblk_winograd_stack *stack, const denseblock_plan *plan,
                                   size_t bytes) {
    stack->bytes = bytes;
    stack->slice_tiles = stack->strip_rows = 0;
    if (stack->tile == 0)
        return;
    const struct dblk_winograd_images slice = slice_of(stack, plan, plan->slice_images);
    stack->slice_tiles = dblk_winograd_tiles(slice.tile, slice.images, slice.height, slice.width);
    stack->strip_rows = dblk_winograd_strip_rows(&slice, plan->layers[stack->last_layer].growth);
}

bool dblk_winograd_is_fused(const struct dblk_winograd_stack *stack, int64_t l) {
    return l < stack->last_layer && stack->strip_rows > 0;
}

double dblk_winograd_stack_times_read(const struct dblk_winograd_stack *stack,
                                      const denseblock_plan *plan) {
    const struct dblk_winograd_images slice = slice_of(stack, plan, plan->slice_images);
    return dblk_winograd_times_read(&slice, stack->strip_rows);
}

void dblk_winograd_stack_describe(struct dblk_text *text,
                                  const struct dblk_winograd_stack *stack) {
    if (dblk_winograd_is_fused(stack, 0))
        dblk_text_append(text,
                         "transforms after Winograd layers in one kernel, in strips of %" PRId64
                         " row%s of tiles\n",
                         stack->strip_rows, stack->strip_rows == 1 ? "" : "s");
}

bool dblk_winograd_stack_reserve(struct dblk_winograd_stack *stack, const denseblock_plan *plan,
                                 denseblock_algorithm algorithm) {
    size_t bytes, products;
    dblk_winograd_stack_clear(stack);
    for (int64_t l = 0; dblk_algorithm_is_winograd(algorithm) && l < plan->layer_count; l++)
        if (dblk_layer_is_3x3(&plan->layers[l]))
            dblk_winograd_stack_add(
                stack, plan,
                &(struct dblk_group){.first = l, .size = 1, .columns = plan->layers[l].growth},
                algorithm);
    if (!dblk_winograd_stack_bytes(stack, plan, plan->slice_images, &bytes, &products))
        return false;
    dblk_winograd_stack_set_slice(stack, plan, bytes);
    return stack->tile == 0 || plan->slice_images <= dblk_winograd_most_images(stack, plan);
}

/* ---- Its execution ---- */

denseblock_status dblk_winograd_prepare(void *stream, const struct dblk_winograd_preparation *p) {
    const struct dblk_layer *layer = &p->plan->layers[p->l];
    struct dblk_winograd_weights weights = {
        .type = p->plan->type,
        .tile = p->stack->tile,
        .kernel = p->kernel,
        .kernel_channels = layer->channels,
        .growth = layer->growth,
        .channels = p->group->channels,
        .transformed = p->outer,
        .column = p->group->column,
        .columns = p->group->columns,
        .tf32 = p->stack->tf32,
        .order = p->order,
        .way = p->outer_way,
    };
    const denseblock_status status = dblk_winograd_weights(stream, &weights);
    if (status != DENSEBLOCK_OK || p->l == p->group->first)
        return status;
    weights.first_channel = p->group->channels;
    weights.channels = layer->channels - p->group->channels;
    weights.transformed = p->inner;
    weights.column = 0;
    weights.columns = layer->growth;
    weights.way = p->inner_way;
    return dblk_winograd_weights(stream, &weights);
}

/* Of the region. */
static void *first_pixel(const struct dblk_winograd_call *call, void *tensor, int64_t pitch) {
    const denseblock_plan *plan = call->plan;
    const int64_t first = call->region->image * plan->height * plan->width;
    return (char *)tensor + (size_t)(first * pitch) * denseblock_type_size(plan->type);
}

static struct dblk_winograd_images images_of(const struct dblk_winograd_call *call) {
    struct dblk_winograd_images images = slice_of(call->stack, call->plan, call->region->images);
    images.features = first_pixel(call, call->tensors->features, call->plan->feature_pitch);
    images.dependent = call->dependent;
    return images;
}

static struct dblk_winograd_input input_of(const struct dblk_winograd_call *call,
                                           int64_t first_channel, int64_t channels) {
    const struct dblk_winograd_stack *stack = call->stack;
    return (struct dblk_winograd_input){
        .images = images_of(call),
        .first_channel = first_channel,
        .channels = channels,
        .stack = call->workspace,
        .stack_stride = stack->stride,
        .stack_plane = stack->slice_tiles * stack->stride,
        .tf32 = stack->tf32,
    };
}

static denseblock_status keep(const struct dblk_winograd_call *call, int64_t first_channel,
                              int64_t channels) {
    const struct dblk_winograd_input input = input_of(call, first_channel, channels);
    return dblk_winograd_input(call->stream, &input);
}

static denseblock_status keep_at(const struct dblk_winograd_call *call, int64_t l,
                                 int64_t first_channel, int64_t channels) {
    dblk_trace_part(DBLK_TRACE_TRANSFORM, call->plan, l,
                    dblk_trace_pixels(call->plan, call->region), channels, channels);
    const denseblock_status status = keep(call, first_channel, channels);
    dblk_trace_end();
    return status;
}

denseblock_status dblk_winograd_keep_before(const struct dblk_winograd_call *call, int64_t l) {
    return l == 0 && call->stack->tile != 0 ? keep_at(call, 0, 0, call->plan->layers[0].channels)
                                            : DENSEBLOCK_OK;
}

denseblock_status dblk_winograd_keep_after(const struct dblk_winograd_call *call, int64_t l) {
    const struct dblk_layer *layer = &call->plan->layers[l];
    return l < call->stack->last_layer ? keep_at(call, l, layer->channels, layer->growth)
                                       : DENSEBLOCK_OK;
}

struct dblk_winograd_products dblk_winograd_products_of(const struct dblk_winograd_call *call,
                                                        const struct dblk_group *group,
                                                        int64_t l) {
    const denseblock_plan *plan = call->plan;
    const struct dblk_winograd_stack *stack = call->stack;
    const struct dblk_layer *layer = &plan->layers[l];
    const bool outer = l == group->first;
    const int64_t first = outer ? 0 : group->channels;
    const size_t column =
        (size_t)group->column * denseblock_type_size(dblk_winograd_products_type(plan));
    return (struct dblk_winograd_products){
        .outer = outer,
        .rows = dblk_winograd_tiles(stack->tile, call->region->images, plan->height, plan->width),
        .inner = layer->channels - first,
        .columns = outer ? group->columns : layer->growth,
        .a = (char *)call->workspace + (size_t)first * denseblock_type_size(plan->type),
        .c = (char *)call->workspace + stack->bytes + column,
        .a_stride = stack->stride,
        .c_stride = stack->products_stride,
        .a_step = stack->slice_tiles * stack->stride,
        .c_step = stack->slice_tiles * stack->products_stride,
        .points = dblk_winograd_points(stack->tile),
    };
}

static struct dblk_winograd_output output_of(const struct dblk_winograd_call *call,
                                             const struct dblk_group *group, int64_t l,
                                             const void *kernel) {
    const struct dblk_winograd_stack *stack = call->stack;
    const struct dblk_layer *layer = &call->plan->layers[l];
    return (struct dblk_winograd_output){
        .images = images_of(call),
        .channels = layer->channels,
        .growth = layer->growth,
        .outputs = first_pixel(call, call->tensors->outputs, call->plan->output_pitch),
        .output_pitch = call->plan->output_pitch,
        .output_channel = layer->output_channel,
        .adds = call->plan->adds,
        .products = (char *)call->workspace + stack->bytes,
        .column = group->column,
        .products_stride = stack->products_stride,
        .products_plane = stack->slice_tiles * stack->products_stride,
        .kernel = kernel,
    };
}

denseblock_status dblk_winograd_complete(const struct dblk_winograd_call *call,
                                         const struct dblk_group *group, int64_t l,
                                         const void *kernel) {
    const struct dblk_layer *layer = &call->plan->layers[l];
    const struct dblk_winograd_output output = output_of(call, group, l, kernel);
    if (dblk_winograd_is_fused(call->stack, l)) {
        const struct dblk_winograd_between between = {
            .output = output,
            .input = input_of(call, layer->channels, layer->growth),
            .strip_rows = call->stack->strip_rows,
        };
        return dblk_winograd_between(call->stream, &between);
    }
    const denseblock_status status = dblk_winograd_output(call->stream, &output);
    return status == DENSEBLOCK_OK ? dblk_winograd_keep_after(call, l) : status;
}
