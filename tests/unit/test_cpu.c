/* Results of the cpu backend against the reference: every instruction set, algorithm, group size and
 * type. Built a second time as test_cpu_wide: see wide_kernels.c. */
#include <math.h>
#include <stdlib.h>

#include "cpu_case.h"
#include "elements/elements.h"

/* Runs the block on the cpu backend, and compares it with what the reference made of it. */
static void check_against(const struct fixture *reference, uint64_t seed,
                          const denseblock_plan_options *options, double most, const char *what) {
    struct fixture cpu = {.backend = DENSEBLOCK_BACKEND_CPU, .desc = reference->desc};
    fixture_make(&cpu, seed, options);
    fixture_forward(&cpu);
    compare(&cpu, reference, most, what);
    fixture_free(&cpu);
}

START_TEST(blocks_of_any_kernel_size_equal_the_reference) {
    for (uint64_t seed = 0; seed < 60; seed++)
        for (int t = 0; t < 4; t++) {
            struct fixture reference;
            fixture_random_desc(&reference, seed, all_types[t]);
            if (seed % 3 == 0) /* beside Winograd layers */
                denseblock_layers_fill(reference.layers, 1, 3, 3, 9);
            fixture_make(&reference, seed, NULL);
            fixture_forward(&reference);
            for (int set = 0; set < instruction_set_count; set++) {
                if (!use_instruction_set(instruction_sets[set]))
                    continue;
                char what[64];
                snprintf(what, sizeof what, "%s, seed %d, %s", instruction_sets[set], (int)seed,
                         denseblock_type_name(all_types[t]));
                const denseblock_plan_options options = {.group_size = (int64_t)(seed % 4),
                                                         .thread_count = 1 + (int64_t)(seed % 2)};
                check_against(&reference, seed, &options,
                              tolerance(all_types[t], DENSEBLOCK_ALGORITHM_AUTO), what);
            }
            fixture_free(&reference);
        }
}
END_TEST

/* All groups, on all instruction sets. */
static void check_algorithm(const struct fixture *reference, uint64_t seed,
                            denseblock_algorithm algorithm) {
    for (int set = 0; set < instruction_set_count; set++) {
        if (!use_instruction_set(instruction_sets[set]))
            continue;
        for (int64_t group = 0; group <= reference->desc.layer_count; group++) {
            char what[96];
            snprintf(what, sizeof what, "%s, algorithm %d, seed %d, groups of %d",
                     instruction_sets[set], (int)algorithm, (int)seed, (int)group);
            const denseblock_plan_options options = {
                .algorithm = algorithm, .group_size = group, .thread_count = 2};
            check_against(reference, seed, &options, tolerance(reference->desc.type, algorithm),
                          what);
        }
    }
}

START_TEST(every_algorithm_equals_the_reference_in_groups_of_any_size) {
    for (uint64_t seed = 0; seed < 40; seed++) {
        const denseblock_type type = all_types[seed % 4];
        struct fixture reference;
        random_3x3(&reference, seed, type);
        fixture_make(&reference, seed, NULL);
        fixture_forward(&reference);
        for (int a = 0; a < (type == DENSEBLOCK_F64 ? 1 : 3); a++)
            check_algorithm(&reference, seed, algorithms[a]);
        fixture_free(&reference);
    }
}
END_TEST

/* The products of many channels are computed a part of them at a time. */
START_TEST(deep_blocks_equal_the_reference) {
    struct fixture reference;
    uniform_3x3(&reference, 1, 10, 13, 800, 3, 20);
    fixture_make(&reference, 3, NULL);
    fixture_forward(&reference);
    for (int a = 0; a < 3; a++)
        check_algorithm(&reference, 3, algorithms[a]);
    fixture_free(&reference);
}
END_TEST

static void check_special_values(denseblock_type type, const denseblock_plan_options *options,
                                 uint64_t seed) {
    static const double special[] = {(double)NAN, (double)INFINITY, (double)-INFINITY};
    struct fixture block;
    struct pair pair;
    random_3x3(&block, seed, type);
    block.desc.height += 20;
    pair_make(&pair, &block, seed, options);
    for (int i = 0; i < 3; i++) {
        const size_t place =
            (size_t)random_size(&seed, 0, (int64_t)fixture_x_count(&pair.cpu) - 1);
        dblk_element_store(type, pair.cpu.x, place, special[(seed + (uint64_t)i) % 3]);
        dblk_element_store(type, pair.reference.x, place, special[(seed + (uint64_t)i) % 3]);
    }
    pair_check(&pair, tolerance(type, options->algorithm), "special values");
    pair_free(&pair);
}

START_TEST(nan_and_infinity_are_where_the_reference_has_them) {
    for (uint64_t seed = 0; seed < 40; seed++)
        for (int a = 0; a < 3; a++) {
            denseblock_plan_options options = {.algorithm = algorithms[a], .thread_count = 2};
            check_special_values(DENSEBLOCK_F32, &options, seed);
            if (a == 0)
                check_special_values(DENSEBLOCK_F64, &options, seed);
            options.group_size = 1 + (int64_t)(seed % 3);
            check_special_values(seed % 2 == 0 ? DENSEBLOCK_F16 : DENSEBLOCK_BF16, &options,
                                 seed);
        }
}
END_TEST

/* A transform adds features, and may overflow where the convolution does not. */
START_TEST(a_transform_that_overflows_leaves_no_trace) {
    for (int a = 0; a < 3; a++) {
        struct fixture block;
        struct pair pair;
        uniform_3x3(&block, 2, 9, 9, 3, 2, 4);
        pair_make(&pair, &block, 1, &(denseblock_plan_options){.algorithm = algorithms[a]});
        float *x = pair.cpu.x;
        for (size_t i = 0; i < fixture_x_count(&pair.cpu) / 2; i++) /* one image of the two */
            x[i] *= 3e38F;
        memcpy(pair.reference.x, x, fixture_x_count(&pair.cpu) * sizeof *x);
        for (int l = 0; l < 2; l++) {
            const int count = 9 * (3 + 4 * l) * 4;
            for (int i = 0; i < count; i++)
                ((float *)pair.cpu.kernels[l])[i] *= 1e-3F;
        }
        for (int f = 0; f < 2; f++) {
            struct fixture *fixture = f == 0 ? &pair.cpu : &pair.reference;
            ck_ok(denseblock_weights_prepare(fixture->context, fixture->plan,
                                             (const void *const *)pair.cpu.kernels,
                                             fixture->prepared));
        }
        fixture_forward(&pair.cpu);
        fixture_forward(&pair.reference);
        for (size_t i = 0; i < fixture_y_count(&pair.cpu); i++)
            ck_assert_double_eq_tol((double)((float *)pair.cpu.y)[i],
                                    (double)((float *)pair.reference.y)[i], 1e32);
        pair_free(&pair);
    }
}
END_TEST

/* Conversions of whole rows give the same bits as those of single elements. */
START_TEST(sixteen_bit_elements_are_converted_exactly) {
    for (int set = 0; set < instruction_set_count; set++) {
        if (!use_instruction_set(instruction_sets[set]))
            continue;
        for (int t = 2; t < 4; t++) {
            /* A layer of 1x1 with one weight of 1: y's second channel is relu(x), for all bits. */
            struct fixture fixture = {.backend = DENSEBLOCK_BACKEND_CPU};
            denseblock_layers_fill(fixture.layers, 1, 1, 1, 1);
            fixture.desc = (denseblock_desc){.batch = 1,
                                             .height = 256,
                                             .width = 256,
                                             .channels = 1,
                                             .layer_count = 1,
                                             .layers = fixture.layers,
                                             .type = all_types[t]};
            fixture_make(&fixture, 1, NULL);
            uint16_t *x = fixture.x;
            for (unsigned bits = 0; bits < 65536; bits++)
                x[bits] = (uint16_t)bits;
            dblk_element_store(all_types[t], fixture.kernels[0], 0, 1);
            ck_ok(denseblock_weights_prepare(fixture.context, fixture.plan,
                                             (const void *const *)fixture.kernels,
                                             fixture.prepared));
            fixture_forward(&fixture);
            for (size_t i = 0; i < 65536; i++) {
                const double v = dblk_element_load(all_types[t], x, i);
                const double found = dblk_element_load(all_types[t], fixture.y, 2 * i + 1);
                if (isnan(v) ? !isnan(found) : found != (v < 0 ? 0 : v))
                    ck_abort_msg("bits %zx: %g", i, found);
            }
            fixture_free(&fixture);
        }
    }
}
END_TEST

/* Sums of two elements, which f32 holds exactly, are rounded to nearest, ties to even. */
START_TEST(results_are_rounded_to_sixteen_bits_as_single_elements_are) {
    enum { SUMS = 40000 };
    for (int set = 0; set < instruction_set_count; set++)
        for (int t = 2; t < 4 && use_instruction_set(instruction_sets[set]); t++) {
            const denseblock_type type = all_types[t];
            const int fraction = type == DENSEBLOCK_F16 ? 10 : 7;
            struct fixture fixture = {.backend = DENSEBLOCK_BACKEND_CPU};
            denseblock_layers_fill(fixture.layers, 1, 1, 1, 1);
            fixture.desc = (denseblock_desc){.batch = 1,
                                             .height = 1,
                                             .width = SUMS,
                                             .channels = 2,
                                             .layer_count = 1,
                                             .layers = fixture.layers,
                                             .type = type};
            fixture_make(&fixture, 1, NULL);
            uint64_t random = 9;
            uint16_t *x = fixture.x;
            for (int i = 0; i < SUMS; i++) {
                /* The second is smaller by at most as much as leaves f32 room for both. */
                const int64_t largest = type == DENSEBLOCK_F16 ? 30 : 254;
                const int64_t exponent = random_size(&random, 0, largest);
                const int64_t lower =
                    random_size(&random, exponent < 12 ? 0 : exponent - 12, exponent);
                const int64_t mask = (INT64_C(1) << fraction) - 1;
                x[2 * i] = (uint16_t)(exponent << fraction | random_size(&random, 0, mask));
                x[2 * i + 1] = (uint16_t)(lower << fraction | random_size(&random, 0, mask));
            }
            for (size_t w = 0; w < 2; w++)
                dblk_element_store(type, fixture.kernels[0], w, 1);
            ck_ok(denseblock_weights_prepare(fixture.context, fixture.plan,
                                             (const void *const *)fixture.kernels,
                                             fixture.prepared));
            fixture_forward(&fixture);
            for (size_t i = 0; i < SUMS; i++) {
                uint16_t expected;
                dblk_element_store(type, &expected, 0,
                                   dblk_element_load(type, x, 2 * i) +
                                       dblk_element_load(type, x, 2 * i + 1));
                if (((uint16_t *)fixture.y)[3 * i + 2] != expected)
                    ck_abort_msg("sum %zu: %x, expected %x", i,
                                 ((uint16_t *)fixture.y)[3 * i + 2], expected);
            }
            fixture_free(&fixture);
        }
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {
        blocks_of_any_kernel_size_equal_the_reference,
        every_algorithm_equals_the_reference_in_groups_of_any_size,
        deep_blocks_equal_the_reference,
        nan_and_infinity_are_where_the_reference_has_them,
        a_transform_that_overflows_leaves_no_trace,
        sixteen_bit_elements_are_converted_exactly,
        results_are_rounded_to_sixteen_bits_as_single_elements_are,
        NULL,
    };
    return cpu_suite("cpu", tests);
}
