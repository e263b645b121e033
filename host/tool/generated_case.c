#include "generated_case.h"

#include <math.h>

#include "random.h"
#include "random_tensor.h"

/* Numbers of random streams: 0 is x, 1 + l the kernel of layer l. */
enum { STREAM_INPUT = 0, STREAM_FIRST_KERNEL = 1 };
static const uint64_t STREAM_SIZES = UINT64_MAX;
static const uint64_t STREAM_SPECIALS = UINT64_MAX - 1;

/* Strews a few NaN and infinities. */
static void fill_specials(denseblock_array *array, random_stream stream) {
    static const double specials[] = {NAN, INFINITY, -INFINITY};
    const size_t size = denseblock_type_size(array->type);
    const int64_t count = (int64_t)denseblock_array_count(array);
    char *elements = array->data;

    for (int64_t i = random_between(&stream, 1, 4); count > 0 && i > 0; i--) {
        const int64_t at = random_between(&stream, 0, count - 1);

        denseblock_convert(array->type, elements + (size_t)at * size, DENSEBLOCK_F64,
                           &specials[random_between(&stream, 0, 2)], 1);
    }
}

static outcome check_sizes(const denseblock_desc *desc) {
    denseblock_plan *plan;
    const denseblock_status status =
        denseblock_plan_create(desc, DENSEBLOCK_BACKEND_REFERENCE, NULL, &plan);

    denseblock_plan_destroy(plan);
    return outcome_of(status);
}

/* Makes the tensors of a case whose desc is complete. */
static outcome generate_tensors(uint64_t seed, ledger *account, block_case *block) {
    const denseblock_desc *const desc = &block->desc;
    const int64_t input_shape[] = {desc->batch, desc->height, desc->width, desc->channels};
    int64_t channels = desc->channels;
    outcome result;

    result = check_sizes(desc);
    if (result == OUTCOME_SUCCESS)
        result = random_tensor(desc->type, input_shape, random_stream_of(seed, STREAM_INPUT), 1.0,
                               account, &block->input);
    for (int64_t l = 0; result == OUTCOME_SUCCESS && l < desc->layer_count; l++) {
        const denseblock_layer *const layer = &desc->layers[l];
        const int64_t kernel_shape[] = {layer->kernel_height, layer->kernel_width, channels,
                                        layer->growth};

        result = random_tensor(desc->type, kernel_shape,
                               random_stream_of(seed, STREAM_FIRST_KERNEL + (uint64_t)l),
                               kernel_bound(kernel_shape), account, &block->kernels[l]);
        block->kernel_data[l] = block->kernels[l].data;
        channels += layer->growth;
    }
    return result;
}

outcome generate_uniform(const uniform_block *sizes, uint64_t seed, ledger *account,
                         block_case *block) {
    const outcome result = block_case_reserve(sizes->layers, block);

    if (result != OUTCOME_SUCCESS)
        return result;
    denseblock_layers_fill(block->layers, (size_t)sizes->layers, sizes->kernel.height,
                           sizes->kernel.width, sizes->growth);
    block->desc.batch = sizes->shape.batch;
    block->desc.height = sizes->shape.height;
    block->desc.width = sizes->shape.width;
    block->desc.channels = sizes->shape.channels;
    block->desc.type = sizes->type.type;
    block->desc.arithmetic = sizes->type.arithmetic;
    return generate_tensors(seed, account, block);
}

/* Draws the layers: some blocks have one kernel size and growth, as networks do, others none alike.
 */
static void draw_layers(random_stream *draw, bool only_3x3, int64_t most_growth,
                        block_case *block) {
    const bool all_3x3 = random_between(draw, 0, 1) == 0 || only_3x3;
    const bool one_growth = random_between(draw, 0, 1) == 0;
    const int64_t growth = random_between(draw, 1, most_growth);

    for (int64_t l = 0; l < block->desc.layer_count; l++) {
        denseblock_layer *const layer = &block->layers[l];
        const bool is_3x3 = random_between(draw, 0, 1) == 0 || all_3x3;

        layer->kernel_height = is_3x3 ? 3 : random_between(draw, 1, 5);
        layer->kernel_width = is_3x3 ? 3 : random_between(draw, 1, 5);
        layer->growth = one_growth ? growth : random_between(draw, 1, most_growth);
    }
}

outcome generate_random(uint64_t seed, const type_choice *type, bool only_3x3, ledger *account,
                        block_case *block) {
    random_stream draw = random_stream_of(seed, STREAM_SIZES);
    /* More channels than the vectors of any processor, or more layers than a backend computes
     * together: both at once would keep the reference busy for long. */
    const bool wide = random_between(&draw, 0, 3) == 0;
    const int64_t most_channels = wide ? 50 : 9;
    outcome result;

    result = block_case_reserve(random_between(&draw, 0, wide ? 3 : 8), block);
    if (result != OUTCOME_SUCCESS)
        return result;
    block->desc.batch = random_between(&draw, 0, 15) == 0 ? 0 : random_between(&draw, 1, 3);
    block->desc.height = random_between(&draw, 1, 20);
    /* Any width but the height: equal ones would hide an exchange of the two. */
    block->desc.width = random_between(&draw, 1, 19);
    if (block->desc.width >= block->desc.height)
        block->desc.width++;
    block->desc.channels = random_between(&draw, 1, most_channels);
    block->desc.type = type->type;
    block->desc.arithmetic = type->arithmetic;
    draw_layers(&draw, only_3x3, most_channels, block);
    result = generate_tensors(seed, account, block);
    if (result == OUTCOME_SUCCESS && random_between(&draw, 0, 7) == 0)
        fill_specials(&block->input, random_stream_of(seed, STREAM_SPECIALS));
    return result;
}
