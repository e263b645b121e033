#include "direct_case.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "device_case.h"
#include "direct_shape.h"
#include "elements/elements.h"
#include "suite.h"

static int64_t larger(int64_t a, int64_t b) {
    return a > b ? a : b;
}

static int64_t padded(int64_t columns) {
    return (columns + DBLK_DIRECT_COLUMN_ALIGNMENT - 1) / DBLK_DIRECT_COLUMN_ALIGNMENT *
           DBLK_DIRECT_COLUMN_ALIGNMENT;
}

static struct dblk_direct_tile random_tile(uint64_t *seed,
                                           const struct dblk_direct_convolution *c) {
    const enum dblk_direct_window window =
        dblk_direct_window_of(c->kernel_height, c->kernel_width);
    for (;;) {
        const struct dblk_direct_tile tile = {
            .rows = (int)random_size(seed, 1, DBLK_DIRECT_RUNS),
            .column_groups = (int)random_size(seed, 1, DBLK_DIRECT_RUNS),
        };
        if (tile.rows * tile.column_groups <= DBLK_DIRECT_RUNS &&
            dblk_direct_halo_rows(window, tile.rows, c->images, c->height) *
                    dblk_direct_row_stride(window, tile.column_groups) <=
                dblk_direct_positions(window))
            return tile;
    }
}

static int64_t random_growth(uint64_t *seed) {
    static const int64_t growths[] = {1, 5, 12, 32, 33, 65};
    const int64_t i = random_size(seed, 0, 9);
    return i < 6 ? growths[i] : random_size(seed, 1, 9);
}

/* Channels that other layers have, before and between those of the case. In half of the cases all
 * begins at multiples of 8. */
static void place_channels(uint64_t *seed, struct dblk_direct_convolution *c) {
    const int64_t unit = one_in(seed, 2) ? 8 : 1;
    const int64_t gap = unit * random_size(seed, 0, 2);
    const int64_t features = (c->channels + unit - 1) / unit * unit;
    const int64_t outputs = (c->finished + unit - 1) / unit * unit;
    if (one_in(seed, 3)) { /* kernels care for disjoint channels, not for their order */
        c->output_channel = gap;
        c->first_channel = gap + outputs;
    } else {
        c->first_channel = gap;
        c->output_channel = gap + features;
    }
    c->feature_pitch = larger(1, gap + features + outputs + unit * random_size(seed, 0, 2));
    c->output_pitch = c->feature_pitch;
}

/* Which columns are outputs, and which are partial sums that stay or come in. */
static void place_sums(uint64_t *seed, struct direct_case *c) {
    struct dblk_direct_convolution *convolution = &c->convolution;
    convolution->columns = c->column[c->layers - 1] + c->growth[c->layers - 1];
    if (one_in(seed, 4)) { /* all of them are partial */
        convolution->finished = convolution->unfinished = 0;
    } else {
        convolution->finished = c->growth[0];
        convolution->unfinished = c->layers > 1 ? c->column[1] : convolution->columns;
    }
    const int64_t out = padded(convolution->columns - convolution->unfinished);
    convolution->sums_from = one_in(seed, 2) ? -1 : out + 4 * random_size(seed, 0, 1);
    convolution->sums_stride = out + 4 * random_size(seed, 0, 1);
    if (convolution->sums_from >= 0)
        convolution->sums_stride = convolution->sums_from + padded(convolution->columns);
}

struct direct_case random_direct_case(uint64_t seed, denseblock_type type) {
    struct direct_case c = {.seed = seed};
    struct dblk_direct_convolution *convolution = &c.convolution;
    convolution->type = type;
    switch (random_size(&seed, 0, 6)) {
    case 0:
        convolution->kernel_height = convolution->kernel_width = 1;
        break;
    case 1:
    case 2:
    case 3:
        convolution->kernel_height = convolution->kernel_width = 3;
        break;
    default:
        convolution->kernel_height = random_size(&seed, 1, 7);
        convolution->kernel_width = random_size(&seed, 1, 7);
    }
    convolution->images = random_size(&seed, 1, 3);
    convolution->height = random_size(&seed, 1, 11);
    convolution->width = random_size(&seed, 1, 19);
    if (one_in(&seed, 6)) { /* tiles reach through many images */
        convolution->images = random_size(&seed, 5, 19);
        convolution->height = random_size(&seed, 1, 2);
        convolution->width = random_size(&seed, 1, 9);
    }
    convolution->channels = one_in(&seed, 8) ? 0 : random_size(&seed, 1, 29);
    if (one_in(&seed, 4)) /* whole chunks of every type */
        convolution->channels = 16 * random_size(&seed, 1, 2);
    c.kernel_first = random_size(&seed, 0, 3);
    c.kernel_channels = c.kernel_first + convolution->channels + random_size(&seed, 0, 3);
    c.kernel_channels = larger(1, c.kernel_channels);

    c.layers = (int)random_size(&seed, 1, CASE_LAYERS);
    for (int l = 0; l < c.layers; l++) {
        c.growth[l] = random_growth(&seed);
        c.column[l] = l == 0 ? 0 : c.column[l - 1] + padded(c.growth[l - 1]);
    }
    c.special_values = one_in(&seed, 4) ? (int)random_size(&seed, 1, 9) : 0;
    place_sums(&seed, &c);
    place_channels(&seed, convolution);
    convolution->tile =
        one_in(&seed, 2)
            ? random_tile(&seed, convolution)
            : dblk_direct_tile(convolution->images, convolution->height, convolution->width,
                               convolution->kernel_height, convolution->kernel_width);
    convolution->adds = one_in(&seed, 3);
    return c;
}

struct direct_case plain_direct_case(denseblock_type type, int64_t images, int64_t height,
                                     int64_t width, int64_t kernel, int64_t columns) {
    struct direct_case c = {
        .seed = 1,
        .layers = 1,
        .growth = {columns},
        .kernel_channels = 16,
        .convolution =
            {
                .type = type,
                .images = images,
                .height = height,
                .width = width,
                .feature_pitch = 16 + columns,
                .output_pitch = 16 + columns,
                .kernel_height = kernel,
                .kernel_width = kernel,
                .channels = 16,
                .columns = columns,
                .sums_from = -1,
                .output_channel = 16,
                .finished = columns,
                .unfinished = columns,
                .tile = dblk_direct_tile(images, height, width, kernel, kernel),
            },
    };
    return c;
}

struct direct_case random_tensor_case(uint64_t seed, enum dblk_tensor_form form,
                                      enum dblk_tensor_instructions instructions) {
    static const size_t shared_bytes[] = {99 << 10, 163 << 10, 227 << 10};
    struct direct_case c = random_direct_case(seed, form == DBLK_TENSOR_F16    ? DENSEBLOCK_F16
                                                    : form == DBLK_TENSOR_BF16 ? DENSEBLOCK_BF16
                                                                               : DENSEBLOCK_F32);
    struct dblk_direct_convolution *convolution = &c.convolution;
    seed += UINT64_C(1) << 32;
    if (one_in(&seed, 5)) { /* a halo of three rows is much, or too much */
        convolution->images = 1;
        convolution->height = random_size(&seed, 1, 3);
        convolution->width = random_size(&seed, 100, 900);
    }
    c.on_tensor_cores = true;
    ck_assert(dblk_tensor_find_way(form, instructions, convolution->kernel_height,
                                   convolution->kernel_width, convolution->width,
                                   convolution->columns, shared_bytes[random_size(&seed, 0, 2)],
                                   &c.way));
    const int64_t tiles =
        dblk_tensor_tiles(&c.way, convolution->images * convolution->height * convolution->width,
                          convolution->columns);
    const int64_t most = tiles * dblk_tensor_chunks(&c.way, convolution->channels);
    if (one_in(&seed, 2))
        c.way.blocks = (int)random_size(&seed, 1, most);
    return c;
}

/* What a case has in memory. */
struct arrays {
    denseblock_type real; /* of sums and packed weights */
    size_t y_count, sums_count;
    void *y, *sums, *kernels[CASE_LAYERS];
};

/* Features are random, and outputs that are added to. All other channels hold NaN: they have no business
 * here. */
static void fill_features(uint64_t *seed, const struct direct_case *c, struct arrays *arrays) {
    const struct dblk_direct_convolution *convolution = &c->convolution;
    for (size_t i = 0; i < arrays->y_count; i++) {
        const int64_t channel = (int64_t)i % convolution->feature_pitch;
        const bool is_feature = channel >= convolution->first_channel &&
                                channel < convolution->first_channel + convolution->channels;
        const bool is_output = channel >= convolution->output_channel &&
                               channel < convolution->output_channel + convolution->finished;
        if (!is_feature && !(convolution->adds && is_output))
            dblk_element_store(convolution->type, arrays->y, i, (double)NAN);
    }
    if (convolution->channels == 0)
        return;
    for (int s = 0; s < c->special_values; s++) {
        const double values[] = {(double)NAN, (double)INFINITY, -(double)INFINITY};
        const int64_t pixel =
            random_size(seed, 0, (int64_t)arrays->y_count / convolution->feature_pitch - 1);
        const int64_t channel =
            convolution->first_channel + random_size(seed, 0, convolution->channels - 1);
        dblk_element_store(convolution->type, arrays->y,
                           (size_t)(pixel * convolution->feature_pitch + channel),
                           values[random_size(seed, 0, 2)]);
    }
}

static struct arrays make_arrays(uint64_t *seed, const struct direct_case *c) {
    const struct dblk_direct_convolution *convolution = &c->convolution;
    const int64_t pixels = convolution->images * convolution->height * convolution->width;
    struct arrays arrays = {
        .real = convolution->type == DENSEBLOCK_F64 ? DENSEBLOCK_F64 : DENSEBLOCK_F32,
        .y_count = (size_t)(pixels * convolution->feature_pitch),
        .sums_count = (size_t)(pixels * convolution->sums_stride),
    };
    arrays.y = random_elements(seed, convolution->type, arrays.y_count);
    fill_features(seed, c, &arrays);
    arrays.sums = random_elements(seed, arrays.real, arrays.sums_count);
    const int64_t taps = convolution->kernel_height * convolution->kernel_width;
    for (int l = 0; l < c->layers; l++)
        arrays.kernels[l] = random_elements(seed, convolution->type,
                                            (size_t)(taps * c->kernel_channels * c->growth[l]));
    return arrays;
}

static size_t packed_bytes(const struct direct_case *c) {
    const struct dblk_direct_convolution *convolution = &c->convolution;
    if (c->on_tensor_cores)
        return dblk_tensor_weights_bytes(&c->way, convolution->kernel_height,
                                         convolution->kernel_width, convolution->channels,
                                         convolution->columns);
    return dblk_direct_layout(convolution->type, convolution->kernel_height,
                              convolution->kernel_width, convolution->channels,
                              convolution->columns)
        .bytes;
}

static void *pack_kernels(const struct direct_case *c, const struct arrays *arrays) {
    const struct dblk_direct_convolution *convolution = &c->convolution;
    const size_t all = packed_bytes(c);
    void *zeros = host_memory(all);
    memset(zeros, 0, all);
    void *packed = to_device(zeros, all);
    free(zeros);
    for (int l = 0; l < c->layers; l++) {
        const size_t bytes = (size_t)(convolution->kernel_height * convolution->kernel_width *
                                      c->kernel_channels * c->growth[l]) *
                             denseblock_type_size(convolution->type);
        void *kernel = to_device(arrays->kernels[l], bytes);
        const struct dblk_direct_packing packing = {
            .type = convolution->type,
            .kernel = kernel,
            .kernel_height = convolution->kernel_height,
            .kernel_width = convolution->kernel_width,
            .kernel_channels = c->kernel_channels,
            .growth = c->growth[l],
            .first_channel = c->kernel_first,
            .channels = convolution->channels,
            .column = c->column[l],
            .columns = convolution->columns,
            .packed = packed,
        };
        ck_ok(c->on_tensor_cores ? dblk_tensor_pack(NULL, &packing, &c->way)
                                 : dblk_direct_pack(NULL, &packing));
        free_device(kernel);
    }
    return packed;
}

/* A sum in plain loops, and the sum of the magnitudes. */
struct expected {
    long double sum, magnitude;
    int64_t terms;
};

static void add_pixel(struct expected *expected, const struct direct_case *c,
                      const struct arrays *arrays, int64_t pixel, int64_t tap, int layer,
                      int64_t output) {
    const struct dblk_direct_convolution *convolution = &c->convolution;
    for (int64_t channel = 0; channel < convolution->channels; channel++) {
        const double value = dblk_element_load(
            convolution->type, arrays->y,
            (size_t)(pixel * convolution->feature_pitch + convolution->first_channel + channel));
        const double weight = dblk_element_load(
            convolution->type, arrays->kernels[layer],
            (size_t)((tap * c->kernel_channels + c->kernel_first + channel) * c->growth[layer] +
                     output));
        const long double product = (long double)(value < 0 ? 0 : value) * (long double)weight;
        expected->sum += product;
        expected->magnitude += fabsl(product);
        expected->terms++;
    }
}

static struct expected expect(const struct direct_case *c, const struct arrays *arrays,
                              int64_t pixel, int layer, int64_t output) {
    const struct dblk_direct_convolution *convolution = &c->convolution;
    struct expected expected = {0};
    if (convolution->sums_from >= 0) {
        expected.sum = (long double)dblk_element_load(arrays->real, arrays->sums,
                                                      (size_t)(pixel * convolution->sums_stride +
                                                               convolution->sums_from +
                                                               c->column[layer] + output));
        expected.magnitude = fabsl(expected.sum);
    }
    if (convolution->adds && layer == 0 && convolution->finished > 0) {
        const double before = dblk_element_load(
            convolution->type, arrays->y,
            (size_t)(pixel * convolution->output_pitch + convolution->output_channel + output));
        expected.sum += (long double)before;
        expected.magnitude += fabsl((long double)before);
        expected.terms++;
    }
    const int64_t column = pixel % convolution->width;
    const int64_t row = pixel / convolution->width % convolution->height;
    for (int64_t kr = 0; kr < convolution->kernel_height; kr++)
        for (int64_t kc = 0; kc < convolution->kernel_width; kc++) {
            const int64_t down = kr - (convolution->kernel_height - 1) / 2;
            const int64_t right = kc - (convolution->kernel_width - 1) / 2;
            if (row + down >= 0 && row + down < convolution->height && column + right >= 0 &&
                column + right < convolution->width)
                add_pixel(&expected, c, arrays, pixel + down * convolution->width + right,
                          kr * convolution->kernel_width + kc, layer, output);
        }
    return expected;
}

static double unit_roundoff(denseblock_type type) {
    switch (type) {
    case DENSEBLOCK_F32:
        return 0x1p-24;
    case DENSEBLOCK_F64:
        return 0x1p-53;
    case DENSEBLOCK_F16:
        return 0x1p-11;
    case DENSEBLOCK_BF16:
        break;
    }
    return 0x1p-8;
}

/* Of a product, what operands that are rounded make of it. */
static double operand_error(const struct direct_case *c) {
    if (!c->on_tensor_cores || c->way.form == DBLK_TENSOR_F16 || c->way.form == DBLK_TENSOR_BF16)
        return 0;
    return c->way.form == DBLK_TENSOR_TF32 ? 0x1.01p-10 : 0x1.4p-20;
}

/* After a sum in `real`, it was rounded to type `type`. */
static bool agrees(const struct direct_case *c, const struct expected *expected, double result,
                   denseblock_type real, denseblock_type type) {
    if (isnan(expected->sum) || isnan(result))
        return isnan(expected->sum) && isnan(result);
    if (isinf(expected->sum) || isinf(result))
        return (double)expected->sum == result;
    const long double of_sums =
        (long double)(unit_roundoff(real) * (double)(expected->terms + 2) + operand_error(c)) *
        expected->magnitude;
    const long double of_store =
        (long double)unit_roundoff(type) * (fabsl(expected->sum) + of_sums) + 0x1p-25L;
    return fabsl(expected->sum - (long double)result) <= of_sums + (type == real ? 0 : of_store);
}

/* Which layer a column is an output of; -1 for padding. */
static int layer_of(const struct direct_case *c, int64_t column) {
    for (int l = 0; l < c->layers; l++)
        if (column >= c->column[l] && column < c->column[l] + c->growth[l])
            return l;
    return -1;
}

static void check_column(const struct direct_case *c, const struct arrays *arrays, int64_t pixel,
                         int64_t column, double result, denseblock_type type) {
    const int layer = layer_of(c, column);
    if (layer < 0)
        return;
    const struct expected expected = expect(c, arrays, pixel, layer, column - c->column[layer]);
    ck_assert_msg(agrees(c, &expected, result, arrays->real, type),
                  "seed %" PRIu64 ": pixel %" PRId64 ", column %" PRId64 ": %.9g, not %.9Lg",
                  c->seed, pixel, column, result, expected.sum);
}

/* Outputs agree, and nothing else has changed: its bits are compared. */
static void check_y(const struct direct_case *c, const struct arrays *arrays, const void *y) {
    const struct dblk_direct_convolution *convolution = &c->convolution;
    const size_t size = denseblock_type_size(convolution->type);
    for (size_t i = 0; i < arrays->y_count; i++) {
        const int64_t pixel = (int64_t)i / convolution->feature_pitch;
        const int64_t column =
            (int64_t)i % convolution->feature_pitch - convolution->output_channel;
        if (column >= 0 && column < convolution->finished)
            check_column(c, arrays, pixel, column, dblk_element_load(convolution->type, y, i),
                         convolution->type);
        else
            ck_assert_msg(
                memcmp((const char *)y + i * size, (char *)arrays->y + i * size, size) == 0,
                "seed %" PRIu64 ": element %zu of y was overwritten", c->seed, i);
    }
}

static void check_sums(const struct direct_case *c, const struct arrays *arrays,
                       const void *sums) {
    const struct dblk_direct_convolution *convolution = &c->convolution;
    const size_t size = denseblock_type_size(arrays->real);
    const int64_t out = convolution->columns - convolution->unfinished;
    for (size_t i = 0; i < arrays->sums_count; i++) {
        const int64_t pixel = (int64_t)i / convolution->sums_stride;
        const int64_t at = (int64_t)i % convolution->sums_stride;
        if (at < out)
            check_column(c, arrays, pixel, at + convolution->unfinished,
                         dblk_element_load(arrays->real, sums, i), arrays->real);
        else if (at >= padded(out))
            ck_assert_msg(
                memcmp((const char *)sums + i * size, (char *)arrays->sums + i * size, size) == 0,
                "seed %" PRIu64 ": element %zu of the sums was overwritten", c->seed, i);
    }
}

static size_t y_bytes_of(const struct direct_case *c, const struct arrays *arrays) {
    return arrays->y_count * denseblock_type_size(c->convolution.type);
}

static size_t sums_bytes_of(const struct arrays *arrays) {
    return arrays->sums_count * denseblock_type_size(arrays->real);
}

/* What a convolution leaves. */
struct result {
    void *y, *sums;
};

static struct result run(const struct direct_case *c, const struct arrays *arrays,
                         uint64_t device_seed) {
    begin_device(device_seed);
    const size_t y_bytes = y_bytes_of(c, arrays), sums_bytes = sums_bytes_of(arrays);
    struct dblk_direct_convolution convolution = c->convolution;
    void *packed = pack_kernels(c, arrays);
    convolution.weights = packed;
    convolution.outputs = to_device(arrays->y, y_bytes);
    convolution.features = convolution.outputs;
    convolution.sums = to_device(arrays->sums, sums_bytes);
    void *parts = NULL;
    if (c->on_tensor_cores) {
        parts = device_space(dblk_tensor_parts_bytes(
            &c->way, convolution.images * convolution.height * convolution.width,
            convolution.columns));
        ck_ok(dblk_tensor_launch(NULL, &convolution, &c->way, parts));
    } else {
        ck_ok(dblk_direct_launch(NULL, &convolution));
    }
    const struct result result = {host_memory(y_bytes), host_memory(sums_bytes)};
    from_device(result.y, convolution.outputs, y_bytes);
    from_device(result.sums, convolution.sums, sums_bytes);
    if (parts != NULL)
        free_device(parts);
    free_device(packed);
    free_device(convolution.outputs);
    free_device(convolution.sums);
    end_device();
    return result;
}

static void free_result(struct result result) {
    free(result.y);
    free(result.sums);
}

static void free_arrays(const struct direct_case *c, struct arrays *arrays) {
    free(arrays->y);
    free(arrays->sums);
    for (int l = 0; l < c->layers; l++)
        free(arrays->kernels[l]);
}

void check_direct_case(const struct direct_case *c) {
    uint64_t seed = c->seed;
    struct arrays arrays = make_arrays(&seed, c);
    const struct result result = run(c, &arrays, c->seed);
    check_y(c, &arrays, result.y);
    check_sums(c, &arrays, result.sums);
    free_result(result);
    free_arrays(c, &arrays);
}

void check_direct_case_repeats(const struct direct_case *c) {
    uint64_t seed = c->seed;
    struct arrays arrays = make_arrays(&seed, c);
    const struct result first = run(c, &arrays, 0);
    for (uint64_t device_seed = 1; device_seed < 4; device_seed++) {
        const struct result again = run(c, &arrays, device_seed);
        ck_assert_mem_eq(again.y, first.y, y_bytes_of(c, &arrays));
        ck_assert_mem_eq(again.sums, first.sums, sums_bytes_of(&arrays));
        free_result(again);
    }
    free_result(first);
    free_arrays(c, &arrays);
}
