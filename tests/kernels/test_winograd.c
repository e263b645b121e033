/* Suite: the transforms of Winograd convolutions, in the emulator. The products between them are
 * made here, in f64: what comes out must be the convolution. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "device_case.h"
#include "elements/elements.h"
#include "suite.h"
#include "winograd_case.h"

/* All of f16, with sizes for accesses of two elements. */
static struct layer even_layer(uint64_t *seed) {
    struct layer layer = {.images = {.type = DENSEBLOCK_F16,
                                     .tile = 2,
                                     .images = 1,
                                     .height = 3,
                                     .width = 4,
                                     .feature_pitch = 8},
                          .channels = 2,
                          .growth = 4,
                          .stack_stride = 4,
                          .column = 2,
                          .columns = 6,
                          .products_stride = 8,
                          .points = dblk_winograd_points(2)};
    layer_fill(seed, &layer);
    return layer;
}

/* The stack, in two calls that share the channels, and nothing beside them. */
static void *make_stack(uint64_t *seed, const struct layer *layer, void *device_y, bool tf32) {
    const size_t size = size_of(layer);
    const size_t count = (size_t)(layer->points * layer->tiles * layer->stack_stride);
    char *before = random_elements(seed, layer->images.type, count);
    char *stack = host_memory(count * size);
    const int64_t middle = random_size(seed, 0, layer->channels);
    struct dblk_winograd_input input = {.images = layer->images,
                                        .channels = middle,
                                        .stack_stride = layer->stack_stride,
                                        .stack_plane = layer->tiles * layer->stack_stride,
                                        .tf32 = tf32};
    input.images.features = device_y;
    input.stack = to_device(before, count * size);
    ck_ok(dblk_winograd_input(NULL, &input));
    input.first_channel = middle;
    input.channels = layer->channels - middle;
    ck_ok(dblk_winograd_input(NULL, &input));
    from_device(stack, input.stack, count * size);
    free_device(input.stack);
    for (size_t i = 0; i < count; i++)
        if ((int64_t)i % layer->stack_stride >= layer->channels)
            ck_assert(memcmp(stack + i * size, before + i * size, size) == 0);
    free(before);
    return stack;
}

/* Likewise, with zeros in other columns. */
static void *make_weights(uint64_t *seed, const struct layer *layer, void *device_kernel,
                          bool tf32) {
    const size_t bytes =
        (size_t)(layer->points * layer->channels * layer->columns) * size_of(layer);
    const int64_t middle = random_size(seed, 0, layer->channels);
    char *weights = calloc(1, bytes);
    struct dblk_winograd_weights w = {.type = layer->images.type,
                                      .tile = layer->images.tile,
                                      .kernel = device_kernel,
                                      .kernel_channels = layer->channels,
                                      .growth = layer->growth,
                                      .column = layer->column,
                                      .columns = layer->columns,
                                      .tf32 = tf32};
    /* Two matrices, as of a group's outer and inner convolution, side by side point by point. */
    for (int part = 0; part < 2; part++) {
        w.first_channel = part == 0 ? 0 : middle;
        w.channels = part == 0 ? middle : layer->channels - middle;
        const size_t row = (size_t)layer->columns * size_of(layer);
        const size_t plane = (size_t)w.channels * row;
        char *zeros = calloc(1, plane * (size_t)layer->points + 1);
        w.transformed = to_device(zeros, plane * (size_t)layer->points);
        ck_ok(dblk_winograd_weights(NULL, &w));
        from_device(zeros, w.transformed, plane * (size_t)layer->points);
        free_device(w.transformed);
        for (size_t p = 0; plane > 0 && p < (size_t)layer->points; p++)
            memcpy(weights + (p * (size_t)layer->channels + (size_t)w.first_channel) * row,
                   zeros + p * plane, plane);
        free(zeros);
    }
    return weights;
}

static void *multiply(const struct layer *layer, const void *stack, const void *weights) {
    const denseblock_type type = layer->images.type;
    const size_t count = (size_t)(layer->points * layer->tiles * layer->products_stride);
    void *products = calloc(count, sizeof(double));
    for (int64_t row = 0; row < layer->points * layer->tiles; row++)
        for (int64_t column = 0; column < layer->columns; column++) {
            const int64_t point = row / layer->tiles;
            double sum = 0;
            for (int64_t c = 0; c < layer->channels; c++)
                sum += dblk_element_load(type, stack, (size_t)(row * layer->stack_stride + c)) *
                       dblk_element_load(
                           type, weights,
                           (size_t)((point * layer->channels + c) * layer->columns + column));
            dblk_element_store(real_type(type), products,
                               (size_t)(row * layer->products_stride + column), sum);
        }
    return products;
}

/* Where a layer's outputs go. */
struct outputs {
    void *before; /* of the host */
    size_t count;
    int64_t pitch, channel;
    bool adds;
};

/* Behind what it has read, as in a dense block. */
static struct outputs in_y(const struct layer *layer) {
    return (struct outputs){layer->y, layer->y_count, layer->images.feature_pitch,
                            layer->channels, false};
}

/* Outputs after the layer. The output transform reads `kernel`, the transform of weights the layer's. */
static void *run_beside(uint64_t seed, const struct layer *layer, bool tf32, const void *kernel,
                        const struct outputs *outputs) {
    const size_t size = size_of(layer), y_bytes = layer->y_count * size;
    const size_t products_bytes =
        (size_t)(layer->points * layer->tiles * layer->products_stride) *
        denseblock_type_size(real_type(layer->images.type));
    begin_device(seed);
    void *device_y = to_device(layer->y, y_bytes);
    const size_t kernel_bytes = (size_t)(9 * layer->channels * layer->growth) * size;
    void *device_kernel = to_device(layer->kernel, kernel_bytes);
    void *device_outputs = outputs->before == layer->y
                               ? device_y
                               : to_device(outputs->before, outputs->count * size);
    void *stack = make_stack(&seed, layer, device_y, tf32);
    void *weights = make_weights(&seed, layer, device_kernel, tf32);
    void *products = multiply(layer, stack, weights);
    void *device_products = to_device(products, products_bytes);
    free_device(device_kernel);
    device_kernel = to_device(kernel, kernel_bytes);
    struct dblk_winograd_output output = {.images = layer->images,
                                          .channels = layer->channels,
                                          .growth = layer->growth,
                                          .outputs = device_outputs,
                                          .output_pitch = outputs->pitch,
                                          .output_channel = outputs->channel,
                                          .adds = outputs->adds,
                                          .products = device_products,
                                          .column = layer->column,
                                          .products_stride = layer->products_stride,
                                          .products_plane = layer->tiles * layer->products_stride,
                                          .kernel = device_kernel};
    output.images.features = device_y;
    ck_ok(dblk_winograd_output(NULL, &output));
    void *after = host_memory(outputs->count * size);
    from_device(after, device_outputs, outputs->count * size);
    if (device_outputs != device_y)
        free_device(device_outputs);
    free_device(device_y);
    free_device(device_kernel);
    free_device(device_products);
    end_device();
    free(stack);
    free(weights);
    free(products);
    return after;
}

static void *run(uint64_t seed, const struct layer *layer, bool tf32) {
    const struct outputs outputs = in_y(layer);
    return run_beside(seed, layer, tf32, layer->kernel, &outputs);
}

/* The convolution at an output of a pixel, and the sum of the products' magnitudes. */
static double expect(const struct layer *layer, int64_t pixel, int64_t output,
                     double *magnitudes) {
    const struct dblk_winograd_images *images = &layer->images;
    const int64_t row = pixel / images->width % images->height, column = pixel % images->width;
    double sum = 0;
    *magnitudes = 0;
    for (int64_t tap = 0; tap < 9; tap++) {
        const int64_t down = tap / 3 - 1, right = tap % 3 - 1;
        if (row + down < 0 || row + down >= images->height || column + right < 0 ||
            column + right >= images->width)
            continue;
        const int64_t from = (pixel + down * images->width + right) * images->feature_pitch;
        for (int64_t c = 0; c < layer->channels; c++) {
            const double feature = dblk_element_load(images->type, layer->y, (size_t)(from + c));
            const double product =
                (feature < 0 ? 0 : feature) *
                dblk_element_load(images->type, layer->kernel,
                                  (size_t)((tap * layer->channels + c) * layer->growth + output));
            sum += product;
            *magnitudes += fabs(product);
        }
    }
    return sum;
}

static void check_outputs(const char *what, const struct layer *layer,
                          const struct outputs *outputs, const void *after, double tolerance) {
    const denseblock_type type = layer->images.type;
    const size_t size = size_of(layer);
    double largest = 0, error = 0, magnitudes;
    for (size_t i = 0; i < outputs->count; i++) {
        const int64_t pixel = (int64_t)i / outputs->pitch;
        const int64_t output = (int64_t)i % outputs->pitch - outputs->channel;
        if (output < 0 || output >= layer->growth) {
            ck_assert_msg(memcmp((const char *)after + i * size,
                                 (const char *)outputs->before + i * size, size) == 0,
                          "%s: element %zu has been written", what, i);
            continue;
        }
        const double before = outputs->adds ? dblk_element_load(type, outputs->before, i) : 0;
        const double expected = before + expect(layer, pixel, output, &magnitudes);
        const double got = dblk_element_load(type, after, i);
        ck_assert_msg(same_kind(expected, got), "%s: element %zu is %g, not %g", what, i, got,
                      expected);
        if (!isfinite(expected))
            continue;
        largest = fmax(largest, magnitudes + fabs(before));
        error = fmax(error, fabs(got - expected));
    }
    ck_assert_msg(error <= tolerance * largest, "%s: error %g, of %g", what, error, largest);
}

static void check(const char *what, const struct layer *layer, const void *y, double tolerance) {
    const struct outputs outputs = in_y(layer);
    check_outputs(what, layer, &outputs, y, tolerance);
}

static void check_form(size_t form, uint64_t seed, int specials) {
    static const double values[] = {NAN, INFINITY, -INFINITY};
    const denseblock_type type = forms[form].type;
    char what[64];
    snprintf(what, sizeof what, "%s, F(%d), seed %" PRIu64, denseblock_type_name(type),
             forms[form].tile, seed);
    struct layer layer = layer_make(&seed, type, forms[form].tile);
    for (int i = 0; i < specials; i++)
        dblk_element_store(type, layer.y,
                           (size_t)random_size(&seed, 0, (int64_t)layer.y_count - 1),
                           values[random_size(&seed, 0, 2)]);
    void *y = run(seed, &layer, false);
    check(what, &layer, y, forms[form].tolerance);
    free(y);
    layer_free(&layer);
}

START_TEST(transforms_around_products_are_a_convolution) {
    for (size_t form = 0; form < FORMS; form++)
        for (uint64_t seed = 1; seed <= SEEDS; seed++)
            check_form(form, seed, 0);
}
END_TEST

START_TEST(nan_and_inf_come_out_where_the_convolution_has_them) {
    for (size_t form = 0; form < FORMS; form++)
        for (uint64_t seed = 1; seed <= SEEDS; seed++)
            check_form(form, seed, 1 + (int)(seed % 3));
}
END_TEST

static void fill(void *elements, denseblock_type type, size_t count, double value) {
    for (size_t i = 0; i < count; i++)
        dblk_element_store(type, elements, i, value);
}

/* Four of 40000 are more than f16 has, but what the kernel makes of them is not. */
START_TEST(what_overflows_in_the_transform_is_computed_directly) {
    uint64_t seed = 3;
    struct layer layer = layer_make(&seed, DENSEBLOCK_F16, 2);
    fill(layer.y, DENSEBLOCK_F16, layer.y_count, 40000);
    fill(layer.kernel, DENSEBLOCK_F16, (size_t)(9 * layer.channels * layer.growth), 1.0 / 4096);
    void *y = run(seed, &layer, false);
    check("overflow", &layer, y, 1e-3);
    free(y);
    layer_free(&layer);
}
END_TEST

/* Nine of 30000 are more than f16 has: of one output, beside others, with which it shares a
 * thread. */
START_TEST(an_output_whose_kernel_overflows_in_the_transform_is_computed_directly) {
    for (int64_t large = 0; large < 4; large++) {
        uint64_t seed = 3;
        struct layer layer = even_layer(&seed);
        fill(layer.y, DENSEBLOCK_F16, layer.y_count, 1.0 / 1024);
        for (int64_t i = large; i < 9 * layer.channels * layer.growth; i += layer.growth)
            dblk_element_store(DENSEBLOCK_F16, layer.kernel, (size_t)i, 30000);
        void *y = run(seed, &layer, false);
        check("a large kernel", &layer, y, 4e-3);
        free(y);
        layer_free(&layer);
    }
}
END_TEST

START_TEST(two_elements_are_accessed_at_once_only_where_everything_is_even) {
    for (int i = 0; i < 25; i++) {
        const int odd = i % 5;
        uint64_t seed = (uint64_t)i;
        struct layer layer = even_layer(&seed);
        int64_t *const sizes[] = {&layer.images.feature_pitch, &layer.stack_stride, &layer.column,
                                  &layer.products_stride, &layer.growth};
        *sizes[odd] -= 1;
        layer_free(&layer);
        layer_fill(&seed, &layer);
        char what[16];
        snprintf(what, sizeof what, "odd size %d", odd);
        void *y = run(seed, &layer, false);
        check(what, &layer, y, 4e-3);
        free(y);
        layer_free(&layer);
    }
}
END_TEST

/* Four times 16376 is the most that f16 has: an error of the transform makes it Inf. */
START_TEST(what_only_the_transform_makes_too_large_is_computed_directly) {
    uint64_t seed = 3;
    struct layer layer = even_layer(&seed);
    for (size_t i = 0; i < layer.y_count; i++)
        dblk_element_store(DENSEBLOCK_F16, layer.y, i,
                           i % 2 == 0 ? 0 : (double)random_size(&seed, 16300, 16376));
    const size_t tap = (size_t)(layer.channels * layer.growth);
    fill(layer.kernel, DENSEBLOCK_F16, 9 * tap, 0);
    fill((char *)layer.kernel + 4 * tap * size_of(&layer), DENSEBLOCK_F16, tap, 4);
    void *y = run(seed, &layer, false);
    check("just finite", &layer, y, 4e-3);
    free(y);
    layer_free(&layer);
}
END_TEST

/* Of a kernel that is NaN nothing is seen. */
START_TEST(what_is_finite_is_not_computed_directly) {
    for (size_t form = 0; form < FORMS; form++) {
        uint64_t seed = 7;
        struct layer layer = layer_make(&seed, forms[form].type, forms[form].tile);
        const size_t count = (size_t)(9 * layer.channels * layer.growth);
        void *kernel = host_memory(count * size_of(&layer));
        fill(kernel, forms[form].type, count, NAN);
        const struct outputs outputs = in_y(&layer);
        void *y = run_beside(seed, &layer, false, kernel, &outputs);
        check("finite", &layer, y, forms[form].tolerance);
        free(y);
        free(kernel);
        layer_free(&layer);
    }
}
END_TEST

/* To the layer's channels of a tensor of its own. */
static struct outputs apart(uint64_t *seed, const struct layer *layer, bool adds) {
    const int64_t pixels = layer->images.images * layer->images.height * layer->images.width;
    struct outputs outputs = {.channel = random_size(seed, 0, 4), .adds = adds};
    outputs.pitch = outputs.channel + layer->growth + random_size(seed, 0, 4);
    outputs.count = (size_t)(pixels * outputs.pitch);
    outputs.before = random_elements(seed, layer->images.type, outputs.count);
    return outputs;
}

static void outputs_free(struct outputs *outputs) {
    free(outputs->before);
}

static void set_random(uint64_t *seed, denseblock_type type, void *elements, size_t count,
                       double value) {
    dblk_element_store(type, elements, (size_t)random_size(seed, 0, (int64_t)count - 1), value);
}

/* NaN and Inf in what is read, in what is added to, or in neither. */
START_TEST(outputs_may_be_in_another_tensor_and_added_to_it) {
    static const double values[] = {NAN, INFINITY, -INFINITY};
    for (size_t form = 0; form < FORMS; form++)
        for (uint64_t s = 0; s < SEEDS; s++) {
            uint64_t seed = s;
            const denseblock_type type = forms[form].type;
            struct layer layer = layer_make(&seed, type, forms[form].tile);
            struct outputs outputs = apart(&seed, &layer, s % 4 != 0);
            if (s % 3 == 1)
                set_random(&seed, type, layer.y, layer.y_count, values[s / 3 % 3]);
            if (s % 5 > 2)
                set_random(&seed, type, outputs.before, outputs.count, values[s / 5 % 3]);
            char what[64];
            snprintf(what, sizeof what, "%s, F(%d), seed %" PRIu64, denseblock_type_name(type),
                     forms[form].tile, s);
            void *after = run_beside(seed, &layer, false, layer.kernel, &outputs);
            check_outputs(what, &layer, &outputs, after, forms[form].tolerance);
            free(after);
            outputs_free(&outputs);
            layer_free(&layer);
        }
}
END_TEST

/* Of a kernel that is NaN nothing is seen but where there was a NaN before. */
START_TEST(what_is_added_to_is_no_reason_to_compute_directly) {
    for (size_t form = 0; form < FORMS; form++)
        for (uint64_t s = 0; s < 8; s++) {
            uint64_t seed = s;
            const denseblock_type type = forms[form].type;
            struct layer layer = layer_make(&seed, type, forms[form].tile);
            struct outputs outputs = apart(&seed, &layer, true);
            const size_t count = (size_t)(9 * layer.channels * layer.growth);
            void *kernel = host_memory(count * size_of(&layer));
            fill(kernel, type, count, NAN);
            dblk_element_store(type, outputs.before, (size_t)outputs.channel, NAN);
            void *after = run_beside(seed, &layer, false, kernel, &outputs);
            check_outputs("NaN before", &layer, &outputs, after, forms[form].tolerance);
            free(after);
            free(kernel);
            outputs_free(&outputs);
            layer_free(&layer);
        }
}
END_TEST

/* 70000 is more than f16 has, and 40000 is not. And f16 would round 1 + 2^-11 - 2^-21 to 1, and 2048 with
 * that to 2048, the even one. */
START_TEST(the_sum_with_what_is_there_is_rounded_once) {
    static const struct {
        double feature, weight, before, after;
    } cases[] = {{7000, 10, -30000, 40000}, {1 + 0x1p-10, 1 - 0x1p-11, 2048, 2050}};
    for (size_t i = 0; i < 2; i++) {
        uint64_t seed = 3;
        struct layer layer = even_layer(&seed);
        struct outputs outputs = apart(&seed, &layer, true);
        const size_t tap = (size_t)(layer.channels * layer.growth);
        fill(layer.y, DENSEBLOCK_F16, layer.y_count, 0);
        for (size_t p = 0; p < layer.y_count; p += (size_t)layer.images.feature_pitch)
            dblk_element_store(DENSEBLOCK_F16, layer.y, p, cases[i].feature);
        fill(layer.kernel, DENSEBLOCK_F16, 9 * tap, 0);
        fill((char *)layer.kernel + 4 * tap * size_of(&layer), DENSEBLOCK_F16, tap,
             cases[i].weight);
        fill(outputs.before, DENSEBLOCK_F16, outputs.count, cases[i].before);
        void *after = run_beside(seed, &layer, false, layer.kernel, &outputs);
        for (int64_t o = 0; o < layer.growth; o++)
            ck_assert_double_eq(
                dblk_element_load(DENSEBLOCK_F16, after, (size_t)(outputs.channel + o)),
                cases[i].after);
        free(after);
        outputs_free(&outputs);
        layer_free(&layer);
    }
}
END_TEST

/* Halves and quarters of the least that f16 has are nothing. */
START_TEST(a_kernel_that_is_small_in_f16_is_not_lost_in_the_transform) {
    uint64_t seed = 3;
    struct layer layer = layer_make(&seed, DENSEBLOCK_F16, 2);
    fill(layer.y, DENSEBLOCK_F16, layer.y_count, 16384);
    fill(layer.kernel, DENSEBLOCK_F16, (size_t)(9 * layer.channels * layer.growth), 0x1p-24);
    void *y = run(seed, &layer, false);
    check("a small kernel", &layer, y, 1e-3);
    free(y);
    layer_free(&layer);
}
END_TEST

START_TEST(operands_are_rounded_to_tf32_where_that_is_asked_for) {
    uint64_t seed = 5;
    const struct layer layer = layer_make(&seed, DENSEBLOCK_F32, 2);
    begin_device(seed);
    void *device_y = to_device(layer.y, layer.y_count * sizeof(float));
    uint32_t *stack = make_stack(&seed, &layer, device_y, true);
    for (int64_t i = 0; i < layer.points * layer.tiles * layer.stack_stride; i++)
        if (i % layer.stack_stride < layer.channels)
            ck_assert_uint_eq(stack[i] & 0x1FFF, 0);
    free(stack);
    free_device(device_y);
    void *device_kernel =
        to_device(layer.kernel, (size_t)(9 * layer.channels * layer.growth) * sizeof(float));
    uint32_t *weights = make_weights(&seed, &layer, device_kernel, true);
    for (int64_t i = 0; i < layer.points * layer.channels * layer.columns; i++)
        ck_assert_uint_eq(weights[i] & 0x1FFF, 0);
    free(weights);
    free_device(device_kernel);
    end_device();
    void *y = run(seed, &layer, true);
    check("TF32", &layer, y, 4e-3);
    free(y);
    free(layer.y);
    free(layer.kernel);
}
END_TEST

START_TEST(what_there_is_not_is_refused) {
    struct dblk_winograd_input input = {
        .images = {.type = DENSEBLOCK_F16, .tile = 4, .images = 1, .height = 4, .width = 4},
        .channels = 1};
    ck_fails(dblk_winograd_input(NULL, &input), DENSEBLOCK_INVALID_ARGUMENT,
             "no Winograd convolution of f16 in tiles of 4");
    const int64_t sizes[][3] = {
        {1 << 18, 64, 65}, {1, 1 << 16, (1 << 14) + 1}, {1, INT64_C(1) << 33, INT64_C(1) << 33}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        input.images = (struct dblk_winograd_images){
            .tile = 2, .images = sizes[i][0], .height = sizes[i][1], .width = sizes[i][2]};
        ck_fails(dblk_winograd_input(NULL, &input), DENSEBLOCK_UNSUPPORTED, "cannot be launched");
    }
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {
        transforms_around_products_are_a_convolution,
        nan_and_inf_come_out_where_the_convolution_has_them,
        what_overflows_in_the_transform_is_computed_directly,
        an_output_whose_kernel_overflows_in_the_transform_is_computed_directly,
        two_elements_are_accessed_at_once_only_where_everything_is_even,
        what_only_the_transform_makes_too_large_is_computed_directly,
        what_is_finite_is_not_computed_directly,
        outputs_may_be_in_another_tensor_and_added_to_it,
        what_is_added_to_is_no_reason_to_compute_directly,
        the_sum_with_what_is_there_is_rounded_once,
        a_kernel_that_is_small_in_f16_is_not_lost_in_the_transform,
        operands_are_rounded_to_tf32_where_that_is_asked_for,
        what_there_is_not_is_refused,
        NULL,
    };
    return suite_of("winograd", tests);
}
