/* Suite: the transforms between two Winograd layers, the output of one and the input of the next,
 * as one kernel, in the emulator. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "device_case.h"
#include "elements/elements.h"
#include "emulator.h"
#include "suite.h"
#include "winograd_case.h"

/* What the transforms after a layer's products read and write: y, and a stack that has room for the
 * layer's outputs. */
struct between {
    struct layer layer;
    int64_t stack_stride;
    size_t stack_count, products_count;
    void *stack, *products; /* of the host, before */
};

static struct between between_make(uint64_t *seed, const struct layer *layer,
                                   int64_t stack_stride) {
    struct between b = {
        .layer = *layer,
        .stack_stride = stack_stride,
        .stack_count = (size_t)(layer->points * layer->tiles * stack_stride),
        .products_count = (size_t)(layer->points * layer->tiles * layer->products_stride),
    };
    b.stack = random_elements(seed, layer->images.type, b.stack_count);
    b.products = random_elements(seed, real_type(layer->images.type), b.products_count);
    return b;
}

static void between_free(struct between *b) {
    layer_free(&b->layer);
    free(b->stack);
    free(b->products);
}

static size_t bytes_of_stack(const struct between *b) {
    return b->stack_count * size_of(&b->layer);
}

static size_t bytes_of_y(const struct between *b) {
    return b->layer.y_count * size_of(&b->layer);
}

/* y and the stack afterwards, by strips of so many rows of tiles, or (0) by two calls. */
static char *run_between(uint64_t seed, const struct between *b, int64_t strip_rows) {
    const struct layer *layer = &b->layer;
    const size_t products_bytes =
        b->products_count * denseblock_type_size(real_type(layer->images.type));
    begin_device(seed);
    void *y = to_device(layer->y, bytes_of_y(b));
    void *stack = to_device(b->stack, bytes_of_stack(b));
    void *products = to_device(b->products, products_bytes);
    void *kernel =
        to_device(layer->kernel, (size_t)(9 * layer->channels * layer->growth) * size_of(layer));
    struct dblk_winograd_between c = {
        .output = {.images = layer->images,
                   .channels = layer->channels,
                   .growth = layer->growth,
                   .output_pitch = layer->images.feature_pitch,
                   .output_channel = layer->channels,
                   .products = products,
                   .column = layer->column,
                   .products_stride = layer->products_stride,
                   .products_plane = layer->tiles * layer->products_stride,
                   .kernel = kernel},
        .input = {.images = layer->images,
                  .first_channel = layer->channels,
                  .channels = layer->growth,
                  .stack = stack,
                  .stack_stride = b->stack_stride,
                  .stack_plane = layer->tiles * b->stack_stride,
                  .tf32 = layer->tiles % 2 == 0},
        .strip_rows = strip_rows,
    };
    c.output.images.features = c.input.images.features = c.output.outputs = y;
    if (strip_rows > 0) {
        ck_ok(dblk_winograd_between(NULL, &c));
    } else {
        ck_ok(dblk_winograd_output(NULL, &c.output));
        ck_ok(dblk_winograd_input(NULL, &c.input));
    }
    char *after = host_memory(bytes_of_y(b) + bytes_of_stack(b));
    from_device(after, y, bytes_of_y(b));
    from_device(after + bytes_of_y(b), stack, bytes_of_stack(b));
    free_device(y);
    free_device(stack);
    free_device(products);
    free_device(kernel);
    end_device();
    return after;
}

static int64_t tile_rows_of(const struct layer *layer) {
    return dblk_winograd_tiles(layer->images.tile, 1, layer->images.height, 1);
}

static void check_between(const char *what, uint64_t seed, const struct between *b) {
    char *expected = run_between(seed, b, 0);
    for (int64_t rows = 1; rows <= tile_rows_of(&b->layer); rows++) {
        char *found = run_between(seed, b, rows);
        ck_assert_msg(memcmp(expected, found, bytes_of_y(b)) == 0, "%s, strips of %d: y", what,
                      (int)rows);
        ck_assert_msg(
            memcmp(expected + bytes_of_y(b), found + bytes_of_y(b), bytes_of_stack(b)) == 0,
            "%s, strips of %d: the stack", what, (int)rows);
        free(found);
    }
    free(expected);
}

/* Also where products are not finite, and where only a few of y's and the stack's elements are
 * accessed in pairs. */
START_TEST(transforms_between_layers_are_those_of_two_calls_bit_by_bit) {
    static const double values[] = {NAN, INFINITY, -INFINITY, 1e38};
    for (size_t form = 0; form < FORMS; form++)
        for (uint64_t s = 1; s <= SEEDS; s++) {
            uint64_t seed = s;
            const struct layer layer = layer_make(&seed, forms[form].type, forms[form].tile);
            struct between b = between_make(
                &seed, &layer, layer.channels + layer.growth + random_size(&seed, 0, 2));
            for (uint64_t i = 0; i < s % 4; i++)
                dblk_element_store(real_type(layer.images.type), b.products,
                                   (size_t)random_size(&seed, 0, (int64_t)b.products_count - 1),
                                   values[random_size(&seed, 0, 3)]);
            char what[64];
            snprintf(what, sizeof what, "%s, F(%d), seed %" PRIu64,
                     denseblock_type_name(layer.images.type), layer.images.tile, s);
            check_between(what, s, &b);
            between_free(&b);
        }
}
END_TEST

/* A layer of practice: an image, or two, of square planes. */
static struct between plain_between(denseblock_type type, int tile, int64_t size,
                                    int64_t images) {
    uint64_t seed = 1;
    struct layer layer = {.images = {.type = type,
                                     .tile = tile,
                                     .images = images,
                                     .height = size,
                                     .width = size,
                                     .feature_pitch = 64},
                          .channels = 16,
                          .growth = 32,
                          .products_stride = 32,
                          .columns = 32,
                          .points = dblk_winograd_points(tile)};
    layer_fill(&seed, &layer);
    return between_make(&seed, &layer, 48);
}

/* Several strips of F(4x4) are left out: the emulator takes stores of another row of pixels, which
 * tiles beside the strip do not make, for the same. */
START_TEST(strips_are_used_without_bank_conflicts) {
    static const int64_t sizes[] = {8, 12, 28};
    for (size_t form = 0; form < FORMS; form++)
        for (size_t i = 0; i < 3; i++) {
            struct between b = plain_between(forms[form].type, forms[form].tile, sizes[i], 1);
            const int64_t all = tile_rows_of(&b.layer);
            for (int64_t rows = all; rows > (forms[form].tile == 2 ? 0 : all - 1); rows /= 2) {
                struct emulator_counters counters;
                emulator_clear_counters();
                free(run_between(1, &b, rows));
                emulator_count_work(&counters);
                ck_assert_uint_gt(counters.shared_accesses, 0);
                ck_assert_msg(counters.shared_conflicts == 0, "form %zu, %d rows of %d: %llu",
                              form, (int)rows, (int)sizes[i],
                              (unsigned long long)counters.shared_conflicts);
            }
            between_free(&b);
        }
}
END_TEST

START_TEST(strips_are_chosen_by_what_they_move) {
    static const struct {
        denseblock_type type;
        int tile;
        int64_t images, size, rows;
    } cases[] = {
        {DENSEBLOCK_F16, 2, 0, 14, 0},   {DENSEBLOCK_F16, 2, 64, 7, 4},
        {DENSEBLOCK_F16, 2, 64, 28, 14}, {DENSEBLOCK_F64, 2, 64, 28, 14},
        {DENSEBLOCK_F32, 2, 64, 56, 10}, {DENSEBLOCK_F32, 4, 64, 56, 5},
        {DENSEBLOCK_F16, 2, 64, 56, 10}, {DENSEBLOCK_F32, 2, 64, 112, 5},
        {DENSEBLOCK_F16, 2, 64, 112, 0}, /* whose outputs are half of f32's, and products as many */
        {DENSEBLOCK_F16, 2, 8, 28, 2},   /* more blocks */
        {DENSEBLOCK_F16, 2, 1, 28, 0},   /* still too few of them */
        {DENSEBLOCK_F32, 4, 10, 224, 0}, /* more than shared memory has room for */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct dblk_winograd_images images = {.type = cases[i].type,
                                                    .tile = cases[i].tile,
                                                    .images = cases[i].images,
                                                    .height = cases[i].size,
                                                    .width = cases[i].size};
        ck_assert_msg(dblk_winograd_strip_rows(&images, 32) == cases[i].rows, "case %zu: %d", i,
                      (int)dblk_winograd_strip_rows(&images, 32));
    }
    const struct dblk_winograd_images strips = {.tile = 2, .height = 56};
    ck_assert_double_eq_tol(dblk_winograd_times_read(&strips, 10), 32.0 / 28, 1e-12);
    ck_assert_double_eq_tol(dblk_winograd_times_read(&strips, 28), 1, 1e-12);
}
END_TEST

START_TEST(strips_that_there_are_not_are_refused) {
    struct dblk_winograd_between c = {
        .output = {.images = {.tile = 2, .images = 1, .height = 56, .width = 56}, .growth = 8}};
    static const int64_t rows[] = {0, 13, 29};
    for (size_t i = 0; i < 3; i++) {
        c.strip_rows = rows[i];
        ck_fails(dblk_winograd_between(NULL, &c), DENSEBLOCK_INVALID_ARGUMENT, "no strip of");
    }
    c.strip_rows = 1;
    c.output.growth = INT64_C(1) << 32;
    ck_fails(dblk_winograd_between(NULL, &c), DENSEBLOCK_UNSUPPORTED, "cannot be launched");
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {
        transforms_between_layers_are_those_of_two_calls_bit_by_bit,
        strips_are_used_without_bank_conflicts,
        strips_are_chosen_by_what_they_move,
        strips_that_there_are_not_are_refused,
        NULL,
    };
    return suite_of("winograd_between", tests);
}
