/* Suite: the kernels that move or look at elements, in the emulator. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "device_case.h"
#include "elements/elements.h"
#include "elementwise.h"
#include "suite.h"

static const denseblock_type types[] = {DENSEBLOCK_F32, DENSEBLOCK_F64, DENSEBLOCK_F16,
                                        DENSEBLOCK_BF16};
enum { TYPES = sizeof types / sizeof types[0], SEEDS = 40 };

/* Moves a number of f64 or f32 to the middle between two of a smaller type, or as little above it as
 * there is: what rounds twice, through f32, goes wrong there. */
static void move_to_tie(uint64_t *seed, denseblock_type type, unsigned char *element) {
    static const int fractions[] = {7, 10, 23};
    const size_t size = denseblock_type_size(type);
    const int lost = (type == DENSEBLOCK_F64 ? 52 : 23) - fractions[random_size(seed, 0, 2)];
    if (size < sizeof(float) || lost <= 1)
        return;
    uint64_t bits = 0;
    memcpy(&bits, element, size);
    bits = bits >> lost << lost | UINT64_C(1) << (lost - 1) | (one_in(seed, 2) ? 1U : 0U);
    memcpy(element, &bits, size);
}

/* Bit patterns of every kind: numbers large and small, infinities, NaN. */
static void *random_bits(uint64_t *seed, denseblock_type type, size_t count) {
    const size_t size = denseblock_type_size(type);
    unsigned char *elements = host_memory(count * size);
    for (size_t i = 0; i < count; i++) {
        uint64_t bits = next_random(seed);
        if (one_in(seed, 4)) /* infinities, and NaN with few bits */
            bits = UINT64_MAX << (8 * size - 16 + (size_t)random_size(seed, 3, 6)) |
                   UINT64_C(1) << random_size(seed, 0, 63);
        memcpy(elements + i * size, &bits, size);
        if (one_in(seed, 2)) { /* what the smaller types have room for */
            const double scale = ldexp(1, (int)random_size(seed, -30, 18));
            dblk_element_store(type, elements, i,
                               scale * (double)(int64_t)next_random(seed) / (double)INT64_MAX);
            if (one_in(seed, 2))
                move_to_tie(seed, type, elements + i * size);
        }
    }
    return elements;
}

/* Elements `skip` to skip + count are converted; those around them stay. */
static void check_conversion(uint64_t seed, denseblock_type dst_type, denseblock_type src_type) {
    begin_device(seed);
    const size_t dst_size = denseblock_type_size(dst_type);
    const size_t src_size = denseblock_type_size(src_type);
    const size_t count = (size_t)random_size(&seed, 0, 700);
    const size_t dst_skip = (size_t)random_size(&seed, 0, 8);
    const size_t src_skip = (size_t)random_size(&seed, 0, 8);
    const size_t dst_bytes = (dst_skip + count + 3) * dst_size;
    char *src = random_bits(&seed, src_type, src_skip + count);
    char *dst = random_bits(&seed, dst_type, dst_skip + count + 3);

    char *device_src = to_device(src, (src_skip + count) * src_size);
    char *device_dst = to_device(dst, dst_bytes);
    ck_ok(dblk_convert_elements(NULL, dst_type, device_dst + dst_skip * dst_size, src_type,
                                device_src + src_skip * src_size, (int64_t)count));
    char *result = host_memory(dst_bytes);
    from_device(result, device_dst, dst_bytes);
    free_device(device_src);
    free_device(device_dst);
    end_device();

    denseblock_convert(dst_type, dst + dst_skip * dst_size, src_type, src + src_skip * src_size,
                       count);
    for (size_t i = 0; i < dst_skip + count + 3; i++)
        ck_assert_msg(memcmp(result + i * dst_size, dst + i * dst_size, dst_size) == 0,
                      "%s from %s, seed %" PRIu64 ", element %zu: %a, not %a",
                      denseblock_type_name(dst_type), denseblock_type_name(src_type), seed, i,
                      dblk_element_load(dst_type, result, i),
                      dblk_element_load(dst_type, dst, i));
    free(src);
    free(dst);
    free(result);
}

START_TEST(conversions_give_the_bits_of_the_host) {
    for (size_t pair = 0; pair < (size_t)TYPES * TYPES; pair++)
        for (uint64_t seed = 1; seed <= SEEDS / TYPES; seed++)
            check_conversion(seed, types[pair / TYPES], types[pair % TYPES]);
}
END_TEST

/* Rounded once: of two f32, or of two smaller ones, a sum in f64 has bits enough not to count. */
static void add_element(denseblock_type type, void *dst, size_t at, const void *src,
                        size_t from) {
    dblk_element_store(type, dst, at,
                       dblk_element_load(type, dst, at) + dblk_element_load(type, src, from));
}

static void check_copy(uint64_t seed, denseblock_type type, bool adds) {
    begin_device(seed);
    const size_t size = denseblock_type_size(type);
    const int64_t unit = INT64_C(1) << random_size(&seed, 0, 3);
    const int64_t channels = unit * random_size(&seed, 0, 5);
    const int64_t dst_first = unit * random_size(&seed, 0, 3);
    const int64_t src_first = unit * random_size(&seed, 0, 3);
    struct dblk_channel_copy copy = {
        .type = type,
        .dst_stride = dst_first + channels + unit * random_size(&seed, 1, 3),
        .src_stride =
            src_first + channels + (one_in(&seed, 2) ? 1 : unit) * random_size(&seed, 1, 3),
        .pixels = random_size(&seed, 0, 90),
        .channels = channels,
        .adds = adds,
    };
    const size_t dst_bytes = (size_t)(copy.dst_stride * copy.pixels) * size;
    const size_t src_bytes = (size_t)(copy.src_stride * copy.pixels) * size;
    char *src = random_bits(&seed, type, src_bytes / size);
    char *dst = random_bits(&seed, type, dst_bytes / size);
    char *device_src = to_device(src, src_bytes);
    char *device_dst = to_device(dst, dst_bytes);
    copy.src = device_src + (size_t)src_first * size;
    copy.dst = device_dst + (size_t)dst_first * size;
    ck_ok(dblk_copy_channels(NULL, &copy));
    char *result = host_memory(dst_bytes);
    from_device(result, device_dst, dst_bytes);
    free_device(device_src);
    free_device(device_dst);
    end_device();

    for (int64_t p = 0; p < copy.pixels; p++)
        for (int64_t c = 0; c < channels; c++) {
            const size_t to = (size_t)(p * copy.dst_stride + dst_first + c);
            const size_t from = (size_t)(p * copy.src_stride + src_first + c);
            if (adds)
                add_element(type, dst, to, src, from);
            else
                memcpy(dst + to * size, src + from * size, size);
            /* Which NaN a sum is depends on the machine. */
            if (adds && isnan(dblk_element_load(type, dst, to)) &&
                isnan(dblk_element_load(type, result, to)))
                memcpy(result + to * size, dst + to * size, size);
        }
    ck_assert_msg(dst_bytes == 0 || memcmp(result, dst, dst_bytes) == 0, "%s, seed %" PRIu64,
                  denseblock_type_name(type), seed);
    free(src);
    free(dst);
    free(result);
}

START_TEST(channels_are_copied_and_their_neighbours_stay) {
    for (size_t t = 0; t < TYPES; t++)
        for (uint64_t seed = 1; seed <= SEEDS; seed++)
            check_copy(seed, types[t], false);
}
END_TEST

START_TEST(channels_are_added_with_one_rounding_and_their_neighbours_stay) {
    for (size_t t = 0; t < TYPES; t++)
        for (uint64_t seed = 1; seed <= SEEDS; seed++)
            check_copy(seed, types[t], true);
}
END_TEST

static void check_find(uint64_t seed, denseblock_type type) {
    begin_device(seed);
    const size_t size = denseblock_type_size(type);
    const size_t skip = (size_t)random_size(&seed, 0, 9);
    const size_t count = (size_t)random_size(&seed, 0, one_in(&seed, 2) ? 20 : 3000);
    const uint64_t base = next_random(&seed) >> 2;
    uint64_t first = one_in(&seed, 3) ? base + (uint64_t)random_size(&seed, 0, 20) : UINT64_MAX;
    uint64_t expected = first;
    char *elements = random_elements(&seed, type, skip + count);
    /* One before the range, which does not count, and a few in it. */
    if (skip > 0)
        dblk_element_store(type, elements, skip - 1, (double)NAN);
    for (int64_t n = random_size(&seed, 0, 3); n > 0 && count > 0; n--) {
        const uint64_t at = (uint64_t)random_size(&seed, 0, (int64_t)count - 1);
        const double values[] = {(double)NAN, (double)INFINITY, -(double)INFINITY};
        dblk_element_store(type, elements, skip + at, values[random_size(&seed, 0, 2)]);
        expected = base + at < expected ? base + at : expected;
    }
    char *device = to_device(elements, (skip + count) * size);
    uint64_t *device_first = to_device(&first, sizeof first);
    ck_ok(dblk_find_not_finite(NULL, type, device + skip * size, (int64_t)count, base,
                               device_first));
    from_device(&first, device_first, sizeof first);
    free_device(device);
    free_device(device_first);
    end_device();
    ck_assert_msg(first == expected, "%s, seed %" PRIu64 ": %" PRIu64 ", not %" PRIu64,
                  denseblock_type_name(type), seed, first, expected);
    free(elements);
}

START_TEST(the_first_that_is_not_finite_is_found) {
    for (size_t t = 0; t < TYPES; t++)
        for (uint64_t seed = 1; seed <= SEEDS; seed++)
            check_find(seed, types[t]);
}
END_TEST

static double expected_of_im2col(const struct dblk_im2col *c, const void *y, int64_t pixel,
                                 int64_t at) {
    const int64_t channel = at % c->channels, tap = at / c->channels;
    const int64_t down = tap / c->kernel_width - (c->kernel_height - 1) / 2;
    const int64_t right = tap % c->kernel_width - (c->kernel_width - 1) / 2;
    const int64_t row = pixel / c->width % c->height + down;
    const int64_t column = pixel % c->width + right;
    if (row < 0 || row >= c->height || column < 0 || column >= c->width)
        return 0;
    const double value = dblk_element_load(
        c->type, y, (size_t)((pixel + down * c->width + right) * c->pixel_stride + channel));
    return value < 0 ? 0 : value;
}

static void check_im2col(uint64_t seed, denseblock_type type) {
    begin_device(seed);
    const size_t size = denseblock_type_size(type);
    const int64_t unit = INT64_C(1) << random_size(&seed, 0, 3);
    struct dblk_im2col c = {
        .type = type,
        .height = random_size(&seed, 1, 7),
        .width = random_size(&seed, 1, 11),
        .kernel_height = random_size(&seed, 1, 5),
        .kernel_width = random_size(&seed, 1, 5),
        .channels = unit * random_size(&seed, 1, 5),
    };
    const int64_t images = random_size(&seed, 1, 3);
    c.pixel_stride = c.channels + unit * random_size(&seed, 0, 3);
    c.first_pixel = random_size(&seed, 0, images * c.height * c.width);
    c.pixels = random_size(&seed, 0, images * c.height * c.width - c.first_pixel);
    const int64_t row = c.kernel_height * c.kernel_width * c.channels;
    c.dst_stride = row + unit * random_size(&seed, 0, 3);

    const size_t y_count = (size_t)(images * c.height * c.width * c.pixel_stride);
    const size_t dst_count = (size_t)(c.pixels * c.dst_stride);
    void *y = random_elements(&seed, type, y_count);
    dblk_element_store(type, y, (size_t)random_size(&seed, 0, (int64_t)y_count - 1), (double)NAN);
    char *dst = random_elements(&seed, type, dst_count);
    void *device_y = to_device(y, y_count * size);
    c.y = device_y;
    c.dst = to_device(dst, dst_count * size);
    ck_ok(dblk_im2col(NULL, &c));
    char *result = host_memory(dst_count * size);
    from_device(result, c.dst, dst_count * size);
    free_device(device_y);
    free_device(c.dst);
    end_device();

    for (size_t i = 0; i < dst_count; i++) {
        const int64_t at = (int64_t)i % c.dst_stride;
        const int64_t pixel = c.first_pixel + (int64_t)i / c.dst_stride;
        if (at >= row) {
            ck_assert(memcmp(result + i * size, dst + i * size, size) == 0);
            continue;
        }
        const double expected = expected_of_im2col(&c, y, pixel, at);
        const double got = dblk_element_load(type, result, i);
        ck_assert_msg(isnan(expected) ? isnan(got) : got == expected,
                      "%s, seed %" PRIu64 ", element %zu: %g, not %g", denseblock_type_name(type),
                      seed, i, got, expected);
    }
    free(y);
    free(dst);
    free(result);
}

START_TEST(im2col_has_every_tap_of_every_pixel) {
    for (size_t t = 0; t < TYPES; t++)
        for (uint64_t seed = 1; seed <= SEEDS; seed++)
            check_im2col(seed, types[t]);
}
END_TEST

/* More than the largest grid has threads: each goes on to further elements. */
enum { GRID_THREADS = 8192 * 256, GRID_PIXELS = 8192 * 8 };

START_TEST(every_thread_takes_several_elements) {
    const size_t count = GRID_THREADS + 301;
    uint64_t seed = 1;
    begin_device(seed);
    uint16_t *src = random_bits(&seed, DENSEBLOCK_BF16, count + 1);
    uint16_t *device_src = to_device(src, (count + 1) * 2);
    uint16_t *device_dst = to_device(src, (count + 1) * 2);
    uint16_t *result = host_memory(count * 2);
    uint16_t *expected = host_memory(count * 2);

    /* Through vectors there would be fewer threads: elements begin one later than 16 bytes do. */
    ck_ok(dblk_convert_elements(NULL, DENSEBLOCK_F16, device_dst + 1, DENSEBLOCK_BF16,
                                device_src + 1, (int64_t)count));
    from_device(result, device_dst + 1, count * 2);
    denseblock_convert(DENSEBLOCK_F16, expected, DENSEBLOCK_BF16, src + 1, count);
    ck_assert(memcmp(result, expected, count * 2) == 0);

    const struct dblk_channel_copy copy = {
        .type = DENSEBLOCK_BF16,
        .dst = device_dst,
        .dst_stride = 3,
        .src = device_src,
        .src_stride = 3,
        .pixels = (int64_t)count / 3,
        .channels = 3,
    };
    ck_ok(dblk_copy_channels(NULL, &copy));
    from_device(result, device_dst, count / 3 * 6);
    ck_assert(memcmp(result, src, count / 3 * 6) == 0);

    free_device(device_src);
    free_device(device_dst);
    end_device();
    free(src);
    free(result);
    free(expected);
}
END_TEST

START_TEST(the_last_of_many_is_found) {
    const size_t count = (size_t)GRID_THREADS * 8 + 301; /* 8 in a vector */
    uint64_t first = UINT64_MAX;
    begin_device(3);
    uint16_t *elements = calloc(count, sizeof *elements);
    ck_assert_ptr_nonnull(elements);
    dblk_element_store(DENSEBLOCK_BF16, elements, count - 1, (double)NAN);
    dblk_element_store(DENSEBLOCK_BF16, elements, count - 100, (double)NAN);
    void *device = to_device(elements, count * sizeof *elements);
    uint64_t *device_first = to_device(&first, sizeof first);
    ck_ok(dblk_find_not_finite(NULL, DENSEBLOCK_BF16, device, (int64_t)count, 7, device_first));
    from_device(&first, device_first, sizeof first);
    ck_assert_uint_eq(first, count - 100 + 7);
    free_device(device);
    free_device(device_first);
    end_device();
    free(elements);
}
END_TEST

START_TEST(every_warp_of_im2col_takes_several_pixels) {
    const size_t pixels = GRID_PIXELS + 9;
    uint64_t seed = 2;
    begin_device(seed);
    float *y = random_elements(&seed, DENSEBLOCK_F32, pixels);
    float *device_y = to_device(y, pixels * sizeof *y);
    float *device_dst = to_device(y, pixels * sizeof *y);
    const struct dblk_im2col im2col = {
        .type = DENSEBLOCK_F32,
        .y = device_y,
        .height = 1,
        .width = (int64_t)pixels,
        .pixel_stride = 1,
        .kernel_height = 1,
        .kernel_width = 1,
        .channels = 1,
        .pixels = (int64_t)pixels,
        .dst = device_dst,
        .dst_stride = 1,
    };
    ck_ok(dblk_im2col(NULL, &im2col));
    float *result = host_memory(pixels * sizeof *y);
    from_device(result, device_dst, pixels * sizeof *y);
    free_device(device_y);
    free_device(device_dst);
    end_device();
    for (size_t i = 0; i < pixels; i++)
        ck_assert(result[i] == (y[i] < 0 ? 0 : y[i]));
    free(y);
    free(result);
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {
        conversions_give_the_bits_of_the_host,
        channels_are_copied_and_their_neighbours_stay,
        channels_are_added_with_one_rounding_and_their_neighbours_stay,
        the_first_that_is_not_finite_is_found,
        im2col_has_every_tap_of_every_pixel,
        every_thread_takes_several_elements,
        the_last_of_many_is_found,
        every_warp_of_im2col_takes_several_pixels,
        NULL,
    };
    return suite_of("elementwise", tests);
}
