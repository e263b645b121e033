/* Suite: the tensor-core convolution, in the emulator. */
#include <stdlib.h>

#include "device_case.h"
#include "direct_case.h"
#include "elements/elements.h"
#include "emulator.h"
#include "suite.h"

enum { CASES = 50 }; /* of each form */

static void check_cases(enum dblk_tensor_form form) {
    for (uint64_t seed = 1; seed <= CASES; seed++) {
        const struct direct_case c = random_tensor_case(seed, form);
        check_direct_case(&c);
    }
}

START_TEST(f16_agrees_with_plain_loops) {
    check_cases(DBLK_TENSOR_F16);
}
END_TEST

START_TEST(bf16_agrees_with_plain_loops) {
    check_cases(DBLK_TENSOR_BF16);
}
END_TEST

START_TEST(tf32_agrees_with_plain_loops) {
    check_cases(DBLK_TENSOR_TF32);
}
END_TEST

START_TEST(three_products_of_tf32_agree_nearly_as_f32_does) {
    check_cases(DBLK_TENSOR_TF32X3);
}
END_TEST

/* A plain layer in the way that a large GPU has. */
static struct direct_case plain_tensor_case(enum dblk_tensor_form form, int64_t height,
                                            int64_t width, int64_t kernel, int64_t columns) {
    struct direct_case c = plain_direct_case(form == DBLK_TENSOR_F16    ? DENSEBLOCK_F16
                                             : form == DBLK_TENSOR_BF16 ? DENSEBLOCK_BF16
                                                                        : DENSEBLOCK_F32,
                                             2, height, width, kernel, columns);
    c.on_tensor_cores = true;
    ck_assert(dblk_tensor_find_way(form, kernel, kernel, width, columns, 227 << 10, &c.way));
    return c;
}

START_TEST(shared_memory_is_used_without_bank_conflicts) {
    static const struct {
        int64_t height, width, kernel, columns;
    } layers[] = {
        {7, 7, 3, 128}, {14, 14, 3, 32}, {28, 28, 3, 128}, {14, 14, 1, 128}, {16, 16, 5, 32}};
    for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++)
        for (enum dblk_tensor_form form = DBLK_TENSOR_F16; form <= DBLK_TENSOR_TF32X3; form++) {
            const struct direct_case c = plain_tensor_case(
                form, layers[i].height, layers[i].width, layers[i].kernel, layers[i].columns);
            emulator_clear_counters();
            check_direct_case(&c);
            struct emulator_counters counters;
            emulator_count_work(&counters);
            ck_assert_uint_gt(counters.matrix_instructions, 0);
            ck_assert_msg(counters.shared_conflicts == 0, "layer %zu, form %d: %llu of %llu", i,
                          (int)form, (unsigned long long)counters.shared_conflicts,
                          (unsigned long long)counters.shared_accesses);
        }
}
END_TEST

START_TEST(a_plane_too_wide_for_a_halo_of_three_rows_takes_one_row_at_a_time) {
    struct dblk_tensor_way way;
    ck_assert(dblk_tensor_find_way(DBLK_TENSOR_F16, 3, 3, 56, 128, 227 << 10, &way));
    ck_assert(way.window == DBLK_TENSOR_3X3 && way.tile_columns == 128 && way.stages == 3);
    ck_assert(dblk_tensor_find_way(DBLK_TENSOR_F16, 3, 3, 56, 128, 150 << 10, &way));
    ck_assert(way.window == DBLK_TENSOR_3X3 && way.tile_columns == 128 && way.stages == 2);
    ck_assert(dblk_tensor_find_way(DBLK_TENSOR_F16, 3, 3, 5000, 128, 163 << 10, &way));
    ck_assert(way.window == DBLK_TENSOR_ROW && way.tile_columns == 128);
    ck_assert_uint_le(dblk_tensor_shared_bytes(&way, 5000), 163 << 10);
    ck_assert(!dblk_tensor_find_way(DBLK_TENSOR_F16, 3, 3, 56, 128, 20 << 10, &way));
}
END_TEST

START_TEST(what_is_too_large_is_refused) {
    struct direct_case c = plain_tensor_case(DBLK_TENSOR_F16, 14, 14, 3, 32);
    c.way.stages = 1;
    ck_fails(dblk_tensor_launch(NULL, &c.convolution, &c.way, NULL), DENSEBLOCK_INVALID_ARGUMENT,
             "1 stages");
    c.way.stages = 2;
    c.convolution.images = INT64_C(1) << 31;
    ck_fails(dblk_tensor_launch(NULL, &c.convolution, &c.way, NULL), DENSEBLOCK_UNSUPPORTED,
             "pixels");
    const int64_t most = INT64_MAX / 4;
    ck_assert(dblk_tensor_weights_bytes(&c.way, 3, 3, most, 12) == SIZE_MAX);
    c.way.splits = 2;
    ck_assert(dblk_tensor_parts_bytes(&c.way, most, 12) == SIZE_MAX);
}
END_TEST

/* A product of small whole numbers is exact in every form. */
static void check_product(uint64_t seed, enum dblk_tensor_form form) {
    const size_t size = form == DBLK_TENSOR_F16 || form == DBLK_TENSOR_BF16 ? 2 : 4;
    const denseblock_type type = form == DBLK_TENSOR_F16    ? DENSEBLOCK_F16
                                 : form == DBLK_TENSOR_BF16 ? DENSEBLOCK_BF16
                                                            : DENSEBLOCK_F32;
    begin_device(seed);
    struct dblk_tensor_product p = {.rows = random_size(&seed, 1, 300),
                                    .inner = random_size(&seed, 1, 90),
                                    .columns = random_size(&seed, 1, 150),
                                    .batch = (int)random_size(&seed, 1, 5),
                                    .add = one_in(&seed, 2)};
    p.a_stride = p.inner + random_size(&seed, 0, 9);
    p.a_step = p.rows * p.a_stride + random_size(&seed, 0, 9);
    p.c_stride = (p.columns + 3) / 4 * 4 + 4 * random_size(&seed, 0, 2);
    p.c_step = p.rows * p.c_stride;
    struct dblk_tensor_way way;
    ck_assert(dblk_tensor_find_product_way(form, p.columns, 163 << 10, &way));
    const size_t a_count = (size_t)(p.batch * p.a_step), c_count = (size_t)(p.batch * p.c_step);
    const size_t b_count = (size_t)(p.inner * p.columns);
    const size_t packed = dblk_tensor_weights_bytes(&way, 1, 1, p.inner, p.columns);
    char *a = host_memory(a_count * size), *b = host_memory((size_t)p.batch * b_count * size);
    float *c = host_memory(c_count * sizeof *c), *result = host_memory(c_count * sizeof *c);
    for (size_t i = 0; i < a_count; i++)
        dblk_element_store(type, a, i, (double)random_size(&seed, -3, 3));
    for (size_t i = 0; i < (size_t)p.batch * b_count; i++)
        dblk_element_store(type, b, i, (double)random_size(&seed, -3, 3));
    for (size_t i = 0; i < c_count; i++)
        c[i] = (float)random_size(&seed, -3, 3);
    char *zeros = host_memory((size_t)p.batch * packed);
    memset(zeros, 0, (size_t)p.batch * packed);
    char *weights = to_device(zeros, (size_t)p.batch * packed);
    char *device_b = to_device(b, (size_t)p.batch * b_count * size);
    for (int i = 0; i < p.batch; i++) {
        const struct dblk_direct_packing packing = {
            .type = type,
            .kernel = device_b + (size_t)i * b_count * size,
            .kernel_height = 1,
            .kernel_width = 1,
            .kernel_channels = p.inner,
            .growth = p.columns,
            .channels = p.inner,
            .columns = p.columns,
            .packed = weights + (size_t)i * packed,
        };
        ck_ok(dblk_tensor_pack(NULL, &packing, &way));
    }
    void *device_a = to_device(a, a_count * size);
    p.a = device_a;
    p.b = weights;
    p.c = to_device(c, c_count * sizeof *c);
    ck_ok(dblk_tensor_multiply(NULL, &p, &way));
    from_device(result, p.c, c_count * sizeof *c);
    free_device(device_a);
    free_device(device_b);
    free_device(weights);
    free_device(p.c);
    end_device();
    for (size_t i = 0; i < c_count; i++) {
        const int64_t one = (int64_t)i / p.c_step, row = (int64_t)i % p.c_step / p.c_stride;
        const int64_t column = (int64_t)i % p.c_stride;
        double expected = (double)c[i];
        if (column >= (p.columns + 3) / 4 * 4) {
            ck_assert(result[i] == c[i]);
            continue;
        }
        if (column >= p.columns) /* padding */
            continue;
        expected *= p.add ? 1 : 0;
        for (int64_t k = 0; k < p.inner; k++)
            expected +=
                dblk_element_load(type, a, (size_t)(one * p.a_step + row * p.a_stride + k)) *
                dblk_element_load(type, b, (size_t)((one * p.inner + k) * p.columns + column));
        ck_assert_msg((double)result[i] == expected, "form %d, element %zu: %g, not %g",
                      (int)form, i, (double)result[i], expected);
    }
    free(a);
    free(b);
    free(c);
    free(result);
    free(zeros);
}

START_TEST(products_side_by_side_are_matrix_products) {
    for (enum dblk_tensor_form form = DBLK_TENSOR_F16; form <= DBLK_TENSOR_TF32X3; form++)
        for (uint64_t seed = 1; seed <= 12; seed++)
            check_product(seed, form);
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {
        f16_agrees_with_plain_loops,
        bf16_agrees_with_plain_loops,
        tf32_agrees_with_plain_loops,
        three_products_of_tf32_agree_nearly_as_f32_does,
        shared_memory_is_used_without_bank_conflicts,
        a_plane_too_wide_for_a_halo_of_three_rows_takes_one_row_at_a_time,
        what_is_too_large_is_refused,
        products_side_by_side_are_matrix_products,
        NULL,
    };
    return suite_of("tensor", tests);
}
