/* Suite: products of matrices on tensor cores and on ordinary ones, in the emulator, with what packs
 * weights for them. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "device_case.h"
#include "elements/elements.h"
#include "suite.h"
#include "tensor.h"
#include "winograd.h"

/* Forms of tensor cores, then the types of ordinary ones. */
enum { OF_F32 = DBLK_TENSOR_TF32X3 + 1, OF_F64, FORMS, SEEDS = 12 };
static const struct {
    denseblock_type type;
    double tolerance; /* of the sum of magnitudes */
} forms[FORMS] = {
    [DBLK_TENSOR_F16] = {DENSEBLOCK_F16, 1e-6},  [DBLK_TENSOR_BF16] = {DENSEBLOCK_BF16, 1e-6},
    [DBLK_TENSOR_TF32] = {DENSEBLOCK_F32, 1e-3}, [DBLK_TENSOR_TF32X3] = {DENSEBLOCK_F32, 1e-6},
    [OF_F32] = {DENSEBLOCK_F32, 1e-6},           [OF_F64] = {DENSEBLOCK_F64, 1e-15}};

/* Products side by side: a[batch][rows][a_stride] and so on, in host memory. */
struct products {
    struct dblk_direct_product p;
    bool tensor;
    struct dblk_tensor_way way; /* if so */
    denseblock_type sum_type;
    size_t a_count, b_count, c_count;
    void *a, *b;
    void *before, *after; /* c */
};

static struct dblk_tensor_way random_way(uint64_t *seed, int form, int64_t columns) {
    static const size_t shared_bytes[] = {99 << 10, 163 << 10, 227 << 10};
    const enum dblk_tensor_instructions instructions =
        one_in(seed, 3) ? DBLK_TENSOR_WGMMA : DBLK_TENSOR_MMA;
    struct dblk_tensor_way way;
    ck_assert(dblk_tensor_find_product_way((enum dblk_tensor_form)form, instructions, columns,
                                           shared_bytes[random_size(seed, 0, 2)], &way));
    return way;
}

static struct products random_products(uint64_t *seed, int form) {
    struct dblk_direct_product p = {.type = forms[form].type,
                                    .rows = random_size(seed, 1, one_in(seed, 3) ? 600 : 40),
                                    .inner = random_size(seed, 0, one_in(seed, 3) ? 150 : 40),
                                    .columns = random_size(seed, 1, one_in(seed, 3) ? 140 : 20),
                                    .batch = (int)random_size(seed, 1, 4),
                                    .add = one_in(seed, 2)};
    const int64_t unit = one_in(seed, 2) ? 8 : 1;
    p.a_stride = (p.inner + unit) / unit * unit;
    p.a_step = p.rows * p.a_stride + unit * random_size(seed, 0, 2);
    p.c_stride = (p.columns + 3) / 4 * 4 + 4 * random_size(seed, 0, 2);
    p.c_step = p.rows * p.c_stride + 4 * random_size(seed, 0, 2);
    struct products products = {.p = p,
                                .tensor = form < OF_F32,
                                .sum_type = form == OF_F64 ? DENSEBLOCK_F64 : DENSEBLOCK_F32,
                                .a_count = (size_t)(p.batch * p.a_step),
                                .b_count = (size_t)(p.batch * p.inner * p.columns),
                                .c_count = (size_t)(p.batch * p.c_step)};
    if (products.tensor)
        products.way = random_way(seed, form, p.columns);
    products.a = random_elements(seed, p.type, products.a_count);
    products.b = random_elements(seed, p.type, products.b_count);
    products.before = random_elements(seed, products.sum_type, products.c_count);
    products.after = host_memory(products.c_count * denseblock_type_size(products.sum_type));
    return products;
}

static void products_free(struct products *products) {
    free(products->a);
    free(products->b);
    free(products->before);
    free(products->after);
}

/* Device memory of zeros. */
static void *zeros_on_device(size_t bytes) {
    void *zeros = host_memory(bytes);
    memset(zeros, 0, bytes);
    void *device = to_device(zeros, bytes);
    free(zeros);
    return device;
}

/* Bytes of a packed matrix: in a way of tensor cores, or (NULL) for ordinary ones. */
static size_t packed_bytes(const struct dblk_tensor_way *way, denseblock_type type, int64_t inner,
                           int64_t columns) {
    return way != NULL ? dblk_tensor_weights_bytes(way, 1, 1, inner, columns)
                       : dblk_direct_layout(type, 1, 1, inner, columns).bytes;
}

/* So many matrices [inner][columns] in device memory, packed. */
static void *pack(const struct dblk_tensor_way *way, denseblock_type type, const void *matrices,
                  int64_t batch, int64_t inner, int64_t columns) {
    const size_t bytes = packed_bytes(way, type, inner, columns);
    char *packed = zeros_on_device(bytes * (size_t)batch);
    for (int64_t i = 0; i < batch; i++) {
        const struct dblk_direct_packing packing = {
            .type = type,
            .kernel = (const char *)matrices +
                      (size_t)(i * inner * columns) * denseblock_type_size(type),
            .kernel_height = 1,
            .kernel_width = 1,
            .kernel_channels = inner,
            .growth = columns,
            .channels = inner,
            .columns = columns,
            .packed = packed + (size_t)i * bytes,
        };
        ck_ok(way != NULL ? dblk_tensor_pack(NULL, &packing, way)
                          : dblk_direct_pack(NULL, &packing));
    }
    return packed;
}

static void multiply(uint64_t seed, const struct products *products) {
    const size_t size = denseblock_type_size(products->p.type);
    const size_t c_bytes = products->c_count * denseblock_type_size(products->sum_type);
    const struct dblk_tensor_way *way = products->tensor ? &products->way : NULL;
    begin_device(seed);
    struct dblk_direct_product p = products->p;
    void *b = to_device(products->b, products->b_count * size);
    void *packed = pack(way, p.type, b, p.batch, p.inner, p.columns);
    void *a = to_device(products->a, products->a_count * size);
    p.a = a;
    p.b = packed;
    p.c = to_device(products->before, c_bytes);
    ck_ok(way != NULL ? dblk_tensor_multiply(NULL, &p, way) : dblk_direct_multiply(NULL, &p));
    from_device(products->after, p.c, c_bytes);
    free_device(a);
    free_device(packed);
    free_device(b);
    free_device(p.c);
    end_device();
}

static void check_sum(const char *what, const struct products *products, size_t at,
                      double tolerance) {
    const struct dblk_direct_product *p = &products->p;
    const int64_t i = (int64_t)at / p->c_step, row = (int64_t)at % p->c_step / p->c_stride;
    const int64_t column = (int64_t)at % p->c_step % p->c_stride;
    double sum = p->add ? dblk_element_load(products->sum_type, products->before, at) : 0;
    double magnitudes = fabs(sum);
    for (int64_t k = 0; k < p->inner; k++) {
        const double product =
            dblk_element_load(p->type, products->a,
                              (size_t)(i * p->a_step + row * p->a_stride + k)) *
            dblk_element_load(p->type, products->b,
                              (size_t)((i * p->inner + k) * p->columns + column));
        sum += product;
        magnitudes += fabs(product);
    }
    const double error = fabs(dblk_element_load(products->sum_type, products->after, at) - sum);
    ck_assert_msg(error <= tolerance * magnitudes, "%s: element %zu has an error of %g, of %g",
                  what, at, error, magnitudes);
}

/* Also that nothing is written but sums, and what pads them to 4 columns. */
START_TEST(products_agree_with_plain_loops) {
    for (int form = 0; form < FORMS; form++)
        for (uint64_t s = 1; s <= SEEDS; s++) {
            uint64_t seed = s;
            struct products products = random_products(&seed, form);
            const struct dblk_direct_product *p = &products.p;
            char what[32];
            snprintf(what, sizeof what, "form %d, seed %" PRIu64, form, s);
            multiply(s, &products);
            for (size_t at = 0; at < products.c_count; at++) {
                const int64_t in_matrix = (int64_t)at % p->c_step;
                const int64_t column = in_matrix % p->c_stride;
                if (in_matrix < p->rows * p->c_stride && column < p->columns)
                    check_sum(what, &products, at, forms[form].tolerance);
                else if (in_matrix >= p->rows * p->c_stride || column >= (p->columns + 3) / 4 * 4)
                    ck_assert_msg(dblk_element_load(products.sum_type, products.after, at) ==
                                      dblk_element_load(products.sum_type, products.before, at),
                                  "%s: element %zu was overwritten", what, at);
            }
            products_free(&products);
        }
}
END_TEST

/* Some channels of a kernel as some of the columns, transformed: in rows, which are packed then, and
 * packed at once. */
static void check_packed_transform(uint64_t seed, int form, int tile) {
    const denseblock_type type = forms[form].type;
    const int points = dblk_winograd_points(tile);
    struct dblk_winograd_weights weights = {.type = type,
                                            .tile = tile,
                                            .growth = random_size(&seed, 1, 40),
                                            .first_channel = random_size(&seed, 0, 9),
                                            .channels = random_size(&seed, 1, 80),
                                            .column = random_size(&seed, 0, 40)};
    weights.kernel_channels = weights.first_channel + weights.channels + random_size(&seed, 0, 5);
    weights.columns = weights.column + weights.growth + random_size(&seed, 0, 40);
    struct dblk_tensor_way way_there;
    const struct dblk_tensor_way *way = NULL;
    if (form < OF_F32) {
        way_there = random_way(&seed, form, weights.columns);
        way = &way_there;
    }
    const size_t kernel_count = (size_t)(9 * weights.kernel_channels * weights.growth);
    const size_t rows_bytes =
        (size_t)(points * weights.channels * weights.columns) * denseblock_type_size(type);
    const size_t bytes =
        (size_t)points * packed_bytes(way, type, weights.channels, weights.columns);
    begin_device(seed);
    void *kernel = random_elements(&seed, type, kernel_count);
    void *device_kernel = to_device(kernel, kernel_count * denseblock_type_size(type));
    void *rows = zeros_on_device(rows_bytes), *at_once = zeros_on_device(bytes);
    weights.kernel = device_kernel;
    weights.transformed = rows;
    ck_ok(dblk_winograd_weights(NULL, &weights));
    void *packed = pack(way, type, rows, points, weights.channels, weights.columns);
    weights.transformed = at_once;
    weights.order = way != NULL ? DBLK_WINOGRAD_TENSOR : DBLK_WINOGRAD_DIRECT;
    weights.way = way;
    ck_ok(dblk_winograd_weights(NULL, &weights));
    char *expected = host_memory(bytes), *found = host_memory(bytes);
    from_device(expected, packed, bytes);
    from_device(found, at_once, bytes);
    free_device(rows);
    free_device(packed);
    free_device(at_once);
    free_device(device_kernel);
    end_device();
    ck_assert_msg(memcmp(expected, found, bytes) == 0, "form %d, tile %d", form, tile);
    free(expected);
    free(found);
    free(kernel);
}

START_TEST(winograd_weights_are_packed_as_those_in_rows_are) {
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        for (int form = 0; form < FORMS; form++)
            check_packed_transform(seed, form, 2);
        check_packed_transform(seed, DBLK_TENSOR_TF32X3, 4);
        check_packed_transform(seed, OF_F32, 4);
    }
}
END_TEST

START_TEST(ordinary_cores_have_no_products_of_16_bits) {
    const struct dblk_direct_product p = {
        .type = DENSEBLOCK_BF16, .rows = 1, .inner = 1, .columns = 1, .batch = 1};
    ck_fails(dblk_direct_multiply(NULL, &p), DENSEBLOCK_INVALID_ARGUMENT, "products of bf16");
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {
        products_agree_with_plain_loops,
        winograd_weights_are_packed_as_those_in_rows_are,
        ordinary_cores_have_no_products_of_16_bits,
        NULL,
    };
    return suite_of("product", tests);
}
