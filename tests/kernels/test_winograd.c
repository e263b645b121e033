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
                                     .pixel_stride = 8},
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
    input.images.y = device_y;
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

/* y after the layer. The output transform reads `kernel`, the transform of weights the layer's. */
static void *run_beside(uint64_t seed, const struct layer *layer, bool tf32, const void *kernel) {
    const size_t size = size_of(layer), y_bytes = layer->y_count * size;
    const size_t products_bytes =
        (size_t)(layer->points * layer->tiles * layer->products_stride) *
        denseblock_type_size(real_type(layer->images.type));
    begin_device(seed);
    void *device_y = to_device(layer->y, y_bytes);
    const size_t kernel_bytes = (size_t)(9 * layer->channels * layer->growth) * size;
    void *device_kernel = to_device(layer->kernel, kernel_bytes);
    void *stack = make_stack(&seed, layer, device_y, tf32);
    void *weights = make_weights(&seed, layer, device_kernel, tf32);
    void *products = multiply(layer, stack, weights);
    void *device_products = to_device(products, products_bytes);
    free_device(device_kernel);
    device_kernel = to_device(kernel, kernel_bytes);
    struct dblk_winograd_output output = {.images = layer->images,
                                          .channels = layer->channels,
                                          .growth = layer->growth,
                                          .products = device_products,
                                          .column = layer->column,
                                          .products_stride = layer->products_stride,
                                          .products_plane = layer->tiles * layer->products_stride,
                                          .kernel = device_kernel};
    output.images.y = device_y;
    ck_ok(dblk_winograd_output(NULL, &output));
    void *y = host_memory(y_bytes);
    from_device(y, device_y, y_bytes);
    free_device(device_y);
    free_device(device_kernel);
    free_device(device_products);
    end_device();
    free(stack);
    free(weights);
    free(products);
    return y;
}

static void *run(uint64_t seed, const struct layer *layer, bool tf32) {
    return run_beside(seed, layer, tf32, layer->kernel);
}

/* The convolution at an element of y, and the sum of the products' magnitudes. */
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
        const int64_t from = (pixel + down * images->width + right) * images->pixel_stride;
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

static void check(const char *what, const struct layer *layer, const void *y, double tolerance) {
    const denseblock_type type = layer->images.type;
    const size_t size = size_of(layer);
    double largest = 0, error = 0, magnitudes;
    for (size_t i = 0; i < layer->y_count; i++) {
        const int64_t pixel = (int64_t)i / layer->images.pixel_stride;
        const int64_t output = (int64_t)i % layer->images.pixel_stride - layer->channels;
        if (output < 0 || output >= layer->growth) {
            ck_assert_msg(
                memcmp((const char *)y + i * size, (const char *)layer->y + i * size, size) == 0,
                "%s: element %zu has been written", what, i);
            continue;
        }
        const double expected = expect(layer, pixel, output, &magnitudes);
        const double got = dblk_element_load(type, y, i);
        ck_assert_msg(same_kind(expected, got), "%s: element %zu is %g, not %g", what, i, got,
                      expected);
        if (!isfinite(expected))
            continue;
        largest = fmax(largest, magnitudes);
        error = fmax(error, fabs(got - expected));
    }
    ck_assert_msg(error <= tolerance * largest, "%s: error %g, of %g", what, error, largest);
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
        int64_t *const sizes[] = {&layer.images.pixel_stride, &layer.stack_stride, &layer.column,
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
        void *y = run_beside(seed, &layer, false, kernel);
        check("finite", &layer, y, forms[form].tolerance);
        free(y);
        free(kernel);
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
        a_kernel_that_is_small_in_f16_is_not_lost_in_the_transform,
        operands_are_rounded_to_tf32_where_that_is_asked_for,
        what_there_is_not_is_refused,
        NULL,
    };
    return suite_of("winograd", tests);
}
