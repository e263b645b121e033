/* What ways of concatenation take, by the tool's formula. Each test adds the tensors up itself. */
#include "tool/memory_formula.h"

#include <stdint.h>

#include "suite.h"

enum { LAYERS = 7, WEIGHTS = 1000, WORKSPACE = 64 };

/* Growths that are not alike; a channel has 2 * 3 * 5 f16. */
static const int64_t growths[LAYERS] = {4, 1, 7, 2, 9, 3, 5};
static const size_t channel = (size_t)2 * 3 * 5 * 2;

static denseblock_desc uneven_block(denseblock_layer *layers) {
    for (int l = 0; l < LAYERS; l++)
        layers[l] =
            (denseblock_layer){.kernel_height = 3, .kernel_width = 3, .growth = growths[l]};
    return (denseblock_desc){.batch = 2,
                             .height = 3,
                             .width = 5,
                             .channels = 6,
                             .layer_count = LAYERS,
                             .layers = layers,
                             .type = DENSEBLOCK_F16};
}

/* C_l. */
static size_t channels_of(int64_t l) {
    size_t channels = 6;
    for (int64_t i = 0; i < l; i++)
        channels += (size_t)growths[i];
    return channels;
}

static footprint formula(const denseblock_desc *desc, concatenation how, int64_t group) {
    const formula_request request = {.desc = desc,
                                     .how = how,
                                     .group = group,
                                     .direct = true,
                                     .weights_bytes = WEIGHTS,
                                     .workspace_bytes = WORKSPACE};
    footprint taken;
    ck_assert(memory_formula(&request, &taken));
    return taken;
}

START_TEST(copies_hold_two_tensors_or_all) {
    denseblock_layer layers[LAYERS];
    const denseblock_desc desc = uneven_block(layers);
    const footprint copy = formula(&desc, CONCATENATION_COPY, 0);
    const footprint keep = formula(&desc, CONCATENATION_COPY_KEEP, 0);
    size_t two = 0, all = 0, copied = 0;
    for (int64_t l = 0; l <= LAYERS; l++) {
        all += channels_of(l);
        if (l < LAYERS) {
            const size_t pair = channels_of(l) + channels_of(l + 1);
            two = pair > two ? pair : two;
            copied += channels_of(l);
        }
    }
    ck_assert_uint_eq(copy.peak, channel * two + WEIGHTS + WORKSPACE);
    ck_assert_uint_eq(keep.peak, channel * all + WEIGHTS + WORKSPACE);
    ck_assert_uint_eq(copy.written, channel * copied);
    ck_assert_uint_eq(keep.written, channel * copied);
    ck_assert_uint_eq(copy.read, channel * 2 * copied);
    ck_assert_int_eq(copy.allocations, LAYERS + 2);
    ck_assert(copy.reads_known && keep.reads_known);
}
END_TEST

/* A kept transform reads every feature once. */
START_TEST(reads_are_known_of_direct_layers_alone) {
    denseblock_layer layers[LAYERS];
    const denseblock_desc desc = uneven_block(layers);
    for (int how = 0; how < 3; how++) {
        const formula_request request = {.desc = &desc, .how = (concatenation)how, .group = 1};
        footprint taken;
        ck_assert(memory_formula(&request, &taken));
        ck_assert(!taken.reads_known);
        ck_assert_uint_eq(taken.read, 0);
        ck_assert(formula(&desc, (concatenation)how, 1).reads_known);
    }
}
END_TEST

START_TEST(in_place_holds_y_and_groups_read_less) {
    denseblock_layer layers[LAYERS];
    const denseblock_desc desc = uneven_block(layers);
    for (int64_t group = 1; group <= LAYERS + 1; group++) {
        const footprint taken = formula(&desc, CONCATENATION_IN_PLACE, group);
        size_t read = 0;
        for (int64_t first = 0; first < LAYERS; first += group) {
            read += channels_of(first);
            for (int64_t l = first + 1; l < LAYERS && l < first + group; l++)
                for (int64_t made = first; made < l; made++)
                    read += (size_t)growths[made];
        }
        ck_assert_uint_eq(taken.peak, channel * channels_of(LAYERS) + WEIGHTS + WORKSPACE);
        ck_assert_uint_eq(taken.read, channel * read);
        ck_assert_uint_eq(taken.written, 0);
        ck_assert_int_eq(taken.allocations, 2);
    }
    ck_assert(!formula(&desc, CONCATENATION_IN_PLACE, 0).reads_known);
}
END_TEST

START_TEST(empty_buffers_are_none) {
    denseblock_layer layers[LAYERS];
    denseblock_desc desc = uneven_block(layers);
    desc.batch = 0;
    ck_assert_int_eq(formula(&desc, CONCATENATION_COPY_KEEP, 0).allocations, 1);
    ck_assert_uint_eq(formula(&desc, CONCATENATION_COPY_KEEP, 0).peak, WEIGHTS + WORKSPACE);
    desc.batch = 2;
    desc.layer_count = 0;
    ck_assert_uint_eq(formula(&desc, CONCATENATION_COPY, 0).peak,
                      channel * 6 + WEIGHTS + WORKSPACE);
    ck_assert_int_eq(formula(&desc, CONCATENATION_COPY, 0).allocations, 2);
}
END_TEST

/* Sizes that no plan accepts do not wrap around. */
START_TEST(what_is_too_large_is_said_to_be) {
    const denseblock_layer layers[2] = {{.growth = INT64_MAX}, {.growth = INT64_MAX}};
    const denseblock_desc rows[] = {
        {.batch = INT64_MAX, .height = 2, .width = 2, .channels = 1},
        {.batch = 1, .height = INT64_MAX, .width = 1, .channels = 3},
        {.batch = 1, .height = 1, .width = 1, .channels = INT64_MAX},
        {.batch = 1, .height = 1, .width = 1, .channels = 1, .layer_count = 2, .layers = layers},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (int how = 0; how < 3; how++) {
            const formula_request request = {.desc = &rows[i], .how = (concatenation)how};
            footprint taken;
            ck_assert(!memory_formula(&request, &taken));
        }
    denseblock_layer uneven[LAYERS];
    const denseblock_desc desc = uneven_block(uneven);
    const formula_request request = {
        .desc = &desc, .weights_bytes = SIZE_MAX - 1, .workspace_bytes = 64};
    footprint taken;
    ck_assert(!memory_formula(&request, &taken));
}
END_TEST

/* A channel has 2 * 3 * 5 f16, as above. */
static denseblock_residual_desc residual_block(int64_t units, int64_t hidden) {
    return (denseblock_residual_desc){.batch = 2,
                                      .height = 3,
                                      .width = 5,
                                      .channels = 7,
                                      .hidden_channels = hidden,
                                      .unit_count = units,
                                      .kernel_height = 3,
                                      .kernel_width = 1,
                                      .type = DENSEBLOCK_F16};
}

static footprint residual_formula(const denseblock_residual_desc *desc, concatenation how) {
    const residual_formula_request request = {
        .desc = desc, .how = how, .weights_bytes = WEIGHTS, .workspace_bytes = WORKSPACE};
    footprint taken;
    ck_assert(residual_memory_formula(&request, &taken));
    return taken;
}

START_TEST(residual_blocks_hold_one_tensor_two_or_all) {
    for (int64_t units = 0; units <= 3; units++) {
        const denseblock_residual_desc desc = residual_block(units, 11);
        const size_t tensor = channel * 7;
        const footprint copy = residual_formula(&desc, CONCATENATION_COPY);
        const footprint keep = residual_formula(&desc, CONCATENATION_COPY_KEEP);
        const footprint place = residual_formula(&desc, CONCATENATION_IN_PLACE);
        ck_assert_uint_eq(copy.peak, tensor * (units > 0 ? 2 : 1) + WEIGHTS + WORKSPACE);
        ck_assert_uint_eq(keep.peak, tensor * ((size_t)units + 1) + WEIGHTS + WORKSPACE);
        ck_assert_uint_eq(place.peak, tensor + WEIGHTS + WORKSPACE);
        ck_assert_uint_eq(copy.written, tensor * (size_t)units);
        ck_assert_uint_eq(keep.written, tensor * (size_t)units);
        ck_assert_uint_eq(place.written, 0);
        ck_assert_int_eq(copy.allocations, units + 2);
        ck_assert_int_eq(keep.allocations, units + 2);
        ck_assert_int_eq(place.allocations, 2);
    }
}
END_TEST

START_TEST(training_in_place_keeps_y_and_with_copies_every_input) {
    denseblock_layer layers[LAYERS];
    const denseblock_desc desc = uneven_block(layers);
    size_t all = 0, parameters = 0, bytes;
    for (int64_t l = 0; l <= LAYERS; l++) {
        all += channels_of(l);
        if (l < LAYERS)
            parameters += 3 * 3 * channels_of(l) * (size_t)growths[l];
    }
    ck_assert(training_formula(&desc, CONCATENATION_IN_PLACE, &bytes));
    ck_assert_uint_eq(bytes, channel * channels_of(LAYERS) + 2 * parameters);
    ck_assert(training_formula(&desc, CONCATENATION_COPY, &bytes));
    ck_assert_uint_eq(bytes, channel * all + 2 * parameters);
    ck_assert(training_formula(&desc, CONCATENATION_COPY_KEEP, &bytes));
    ck_assert_uint_eq(bytes, channel * all + 2 * parameters);
}
END_TEST

START_TEST(training_keeps_what_residual_blocks_add_to_and_what_is_between) {
    const denseblock_residual_desc uneven = residual_block(3, 11);
    const denseblock_residual_desc alike = residual_block(3, 0);
    size_t bytes;
    ck_assert(residual_training_formula(&uneven, &bytes));
    ck_assert_uint_eq(bytes, channel * (7 * 4 + 11 * 3) + (size_t)2 * 6 * 3 * 7 * 11);
    ck_assert(residual_training_formula(&alike, &bytes));
    ck_assert_uint_eq(bytes, channel * (7 * 4 + 7 * 3) + (size_t)2 * 6 * 3 * 7 * 7);
}
END_TEST

START_TEST(residual_blocks_that_are_too_large_are_said_to_be) {
    denseblock_residual_desc desc = residual_block(3, 11);
    size_t bytes;
    desc.channels = INT64_MAX;
    for (int how = 0; how < 3; how++) {
        const residual_formula_request request = {.desc = &desc, .how = (concatenation)how};
        footprint taken;
        ck_assert(!residual_memory_formula(&request, &taken));
    }
    ck_assert(!residual_training_formula(&desc, &bytes));
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {
        copies_hold_two_tensors_or_all,
        reads_are_known_of_direct_layers_alone,
        in_place_holds_y_and_groups_read_less,
        empty_buffers_are_none,
        what_is_too_large_is_said_to_be,
        residual_blocks_hold_one_tensor_two_or_all,
        training_in_place_keeps_y_and_with_copies_every_input,
        training_keeps_what_residual_blocks_add_to_and_what_is_between,
        residual_blocks_that_are_too_large_are_said_to_be,
        NULL,
    };
    return suite_of("memory_formula", tests);
}
