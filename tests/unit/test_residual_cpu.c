/* Residual blocks on the cpu backend against the reference. Built a second time as
 * test_residual_cpu_wide: see wide_kernels.c. */
#include <math.h>
#include <stdlib.h>

#include "cpu_case.h"
#include "elements/elements.h"

static void fill(struct fixture *fixture, void *array, size_t count, double scale,
                 uint64_t *seed) {
    for (size_t i = 0; i < count; i++)
        dblk_element_store(fixture->desc.type, array, i, random_between(seed, -scale, scale));
}

static size_t kernel_count(const denseblock_residual_desc *desc) {
    return (size_t)(desc->kernel_height * desc->kernel_width * desc->channels *
                    desc->hidden_channels);
}

static void prepare(struct fixture *fixture) {
    ck_ok(denseblock_weights_prepare(fixture->context, fixture->plan,
                                     (const void *const *)fixture->kernels, fixture->prepared));
}

/* As fixture_make. y and x end where their memory does, for AddressSanitizer to see what is read
 * past them. */
static void make(struct fixture *fixture, denseblock_backend backend,
                 const denseblock_residual_desc *desc, uint64_t seed,
                 const denseblock_plan_options *options) {
    *fixture = (struct fixture){.backend = backend,
                                .desc = {.batch = desc->batch,
                                         .height = desc->height,
                                         .width = desc->width,
                                         .channels = desc->channels,
                                         .type = desc->type}};
    ck_ok(denseblock_residual_plan_create(desc, backend, options, &fixture->plan));
    ck_ok(denseblock_context_create(backend, 0, &fixture->context));
    const size_t bytes = denseblock_plan_output_bytes(fixture->plan);
    const double inputs = (double)(desc->kernel_height * desc->kernel_width);
    ck_assert_int_le(2 * desc->unit_count, FIXTURE_MAX_LAYERS);
    for (int64_t l = 0; l < 2 * desc->unit_count; l++) {
        const int64_t channels = l % 2 == 0 ? desc->channels : desc->hidden_channels;
        const size_t count = kernel_count(desc);
        fixture->kernels[l] = aligned_memory(count * denseblock_type_size(desc->type));
        fill(fixture, fixture->kernels[l], count, sqrt(3 / inputs / (double)channels), &seed);
    }
    fixture->x = malloc(bytes);
    fixture->y = malloc(bytes);
    ck_assert(fixture->x != NULL && fixture->y != NULL);
    fill(fixture, fixture->x, fixture_x_count(fixture), 1, &seed);
    for (size_t i = 0; i < fixture_y_count(fixture); i++)
        dblk_element_store(desc->type, fixture->y, i, (double)NAN);
    fixture->prepared = aligned_memory(denseblock_plan_weights_bytes(fixture->plan));
    fixture->workspace = aligned_memory(denseblock_plan_workspace_bytes(fixture->plan));
    prepare(fixture);
}

static void make_pair(struct pair *pair, const denseblock_residual_desc *desc, uint64_t seed,
                      const denseblock_plan_options *options) {
    make(&pair->cpu, DENSEBLOCK_BACKEND_CPU, desc, seed, options);
    make(&pair->reference, DENSEBLOCK_BACKEND_REFERENCE, desc, seed, NULL);
}

static denseblock_residual_desc random_block(uint64_t seed, denseblock_type type) {
    static const int64_t kernels[][2] = {{1, 1}, {5, 3}, {2, 4}, {3, 2}, {1, 7}};
    denseblock_residual_desc desc = {
        .batch = random_size(&seed, 1, 5),
        .height = random_size(&seed, 1, 15),
        .width = random_size(&seed, 1, 15),
        .channels = random_size(&seed, 1, 70),
        .hidden_channels = random_size(&seed, 1, 70),
        .unit_count = random_size(&seed, 1, 3),
        .kernel_height = 3,
        .kernel_width = 3,
        .type = type,
    };
    const int64_t kernel = random_size(&seed, -4, 4);
    if (kernel >= 0) {
        desc.kernel_height = kernels[kernel][0];
        desc.kernel_width = kernels[kernel][1];
    }
    return desc;
}

/* Algorithms that the cpu backend has for the block. */
static int algorithm_count(const denseblock_residual_desc *desc) {
    return desc->type != DENSEBLOCK_F64 && desc->kernel_height == 3 && desc->kernel_width == 3
               ? 3
               : 1;
}

START_TEST(blocks_of_any_shape_equal_the_reference) {
    for (uint64_t seed = 0; seed < 60; seed++) {
        const denseblock_type type = all_types[seed % 4];
        const denseblock_residual_desc desc = random_block(seed, type);
        struct fixture reference;
        make(&reference, DENSEBLOCK_BACKEND_REFERENCE, &desc, seed, NULL);
        fixture_forward(&reference);
        for (int set = 0; set < instruction_set_count; set++)
            for (int a = 0;
                 a < algorithm_count(&desc) && use_instruction_set(instruction_sets[set]); a++) {
                struct fixture cpu;
                char what[96];
                const denseblock_plan_options options = {.algorithm = algorithms[a],
                                                         .thread_count = 1 + (int64_t)seed % 3};
                make(&cpu, DENSEBLOCK_BACKEND_CPU, &desc, seed, &options);
                fixture_forward(&cpu);
                snprintf(what, sizeof what, "%s, algorithm %d, seed %d, %s",
                         instruction_sets[set], (int)algorithms[a], (int)seed,
                         denseblock_type_name(type));
                compare(&cpu, &reference, tolerance(type, algorithms[a]), what);
                fixture_free(&cpu);
            }
        fixture_free(&reference);
    }
}
END_TEST

/* y, for the options. `how`, if not NULL, is what the plan says of itself then. */
static void *bits_of(const denseblock_residual_desc *desc, const denseblock_plan_options *options,
                     bool in_place, const char *how) {
    struct fixture fixture;
    make(&fixture, DENSEBLOCK_BACKEND_CPU, desc, 5, options);
    const size_t bytes = denseblock_plan_output_bytes(fixture.plan);
    const char *description = denseblock_plan_describe(fixture.plan);
    ck_assert_msg(how == NULL || strstr(description, how) != NULL, "no '%s' in\n%s", how,
                  description);
    /* Spoils the first image. */
    dblk_element_store(desc->type, fixture.x, 1, (double)INFINITY);
    if (in_place) {
        memcpy(fixture.y, fixture.x, bytes);
        ck_ok(denseblock_forward(fixture.context, fixture.plan, fixture.prepared, NULL, fixture.y,
                                 fixture.workspace));
    } else {
        fixture_forward(&fixture);
    }
    void *y = fixture.y;
    fixture.y = NULL;
    fixture_free(&fixture);
    return y;
}

static size_t bytes_of(const denseblock_residual_desc *desc) {
    return (size_t)(desc->batch * desc->height * desc->width * desc->channels) *
           denseblock_type_size(desc->type);
}

static const denseblock_residual_desc walked[] = {
    {.batch = 1, .height = 44, .width = 37, .channels = 9, .hidden_channels = 20},
    {.batch = 6, .height = 50, .width = 14, .channels = 24, .hidden_channels = 32},
    {.batch = 3, .height = 7, .width = 7, .channels = 70, .hidden_channels = 40},
    {.batch = 2, .height = 9, .width = 10, .channels = 5, .hidden_channels = 7},
};

static denseblock_residual_desc walked_block(int b) {
    denseblock_residual_desc desc = walked[b];
    desc.kernel_height = desc.kernel_width = 3;
    desc.unit_count = 2;
    desc.type = b == 3 ? DENSEBLOCK_F16 : DENSEBLOCK_F32;
    return desc;
}

START_TEST(threads_and_the_place_of_x_do_not_change_a_bit) {
    for (int b = 0; b < 4; b++)
        for (int a = 0; a < 3; a++) {
            const denseblock_residual_desc desc = walked_block(b);
            denseblock_plan_options options = {.algorithm = algorithms[a], .thread_count = 1};
            void *first = bits_of(&desc, &options, false, NULL);
            for (options.thread_count = 1; options.thread_count <= 4; options.thread_count++) {
                void *y = bits_of(&desc, &options, options.thread_count % 2 == 1, NULL);
                ck_assert_mem_eq(y, first, bytes_of(&desc));
                free(y);
            }
            free(first);
        }
}
END_TEST

/* The plan, or NULL if the limit is too small for it. */
static denseblock_plan *plan_within(const denseblock_residual_desc *desc,
                                    const denseblock_plan_options *options) {
    denseblock_plan *plan;
    const denseblock_status status =
        denseblock_residual_plan_create(desc, DENSEBLOCK_BACKEND_CPU, options, &plan);
    ck_assert(status == DENSEBLOCK_OK || status == DENSEBLOCK_UNSUPPORTED);
    return plan;
}

START_TEST(slices_give_the_same_bits_as_the_whole_batch) {
    const denseblock_residual_desc desc = walked_block(1);
    const char *const slices[] = {"units, 1 image at", "units, 2 images", "units, 3 images"};
    for (int a = 0; a < 3; a++) {
        int seen = 0;
        denseblock_plan_options options = {.algorithm = algorithms[a], .thread_count = 2};
        void *whole = bits_of(&desc, &options, false, "units, 6 images at a time");
        for (size_t limit = 100 << 10; limit < 900 << 10; limit += 40 << 10) {
            options.workspace_limit = limit;
            denseblock_plan *plan = plan_within(&desc, &options);
            if (plan == NULL)
                continue;
            ck_assert_uint_le(denseblock_plan_workspace_bytes(plan), limit);
            for (int i = 0; i < 3; i++)
                if (strstr(denseblock_plan_describe(plan), slices[i]) != NULL)
                    seen |= 1 << i;
            denseblock_plan_destroy(plan);
            void *y = bits_of(&desc, &options, limit / 1024 % 2 == 1, NULL);
            ck_assert_mem_eq(y, whole, bytes_of(&desc));
            free(y);
        }
        ck_assert_int_eq(seen & 6, 6);
        free(whole);
    }
}
END_TEST

START_TEST(steps_give_the_same_bits_as_whole_images) {
    for (int64_t height = 130; height < 134; height++)
        for (int a = 1; a < 3; a++) {
            denseblock_residual_desc desc = walked_block(3);
            desc.height = height;
            denseblock_plan_options options = {.algorithm = algorithms[a], .thread_count = 2};
            void *whole = bits_of(&desc, &options, true, NULL);
            options.workspace_limit = 150 << 10;
            void *y = bits_of(&desc, &options, false, "in steps");
            ck_assert_mem_eq(y, whole, bytes_of(&desc));
            free(y);
            free(whole);
        }
}
END_TEST

static void store_both(struct pair *pair, size_t place, double value) {
    dblk_element_store(pair->cpu.desc.type, pair->cpu.x, place, value);
    dblk_element_store(pair->reference.desc.type, pair->reference.x, place, value);
}

/* Of one unit, so that what is finite is not only far from them: there, a tile that is added twice or
 * not at all would show. */
START_TEST(nan_and_infinity_are_where_the_reference_has_them) {
    static const double special[] = {(double)NAN, (double)INFINITY, (double)-INFINITY};
    for (uint64_t seed = 0; seed < 48; seed++) {
        denseblock_residual_desc desc = random_block(seed, all_types[seed % 4]);
        desc.height += 20;
        desc.width += 10;
        desc.unit_count = 1 + (int64_t)seed % 2;
        for (int a = 0; a < algorithm_count(&desc); a++) {
            struct pair pair;
            uint64_t random = seed;
            char what[96];
            make_pair(&pair, &desc, seed,
                      &(denseblock_plan_options){.algorithm = algorithms[a],
                                                 .thread_count = 1 + (int64_t)seed % 3});
            for (int i = 0; i < 4; i++)
                store_both(
                    &pair,
                    (size_t)random_size(&random, 0, (int64_t)fixture_x_count(&pair.cpu) - 1),
                    special[(seed + (uint64_t)i) % 3]);
            snprintf(what, sizeof what, "special values, algorithm %d, seed %d",
                     (int)algorithms[a], (int)seed);
            pair_check(&pair, tolerance(desc.type, algorithms[a]), what);
            pair_free(&pair);
        }
    }
}
END_TEST

/* Kernel l is the identity, times `factor`: of every output channel, one tap is not 0. */
static void make_identity(struct fixture *fixture, const denseblock_residual_desc *desc,
                          int64_t l, double factor) {
    const int64_t channels = desc->channels;
    const int64_t middle =
        ((desc->kernel_height - 1) / 2) * desc->kernel_width + (desc->kernel_width - 1) / 2;
    for (size_t i = 0; i < kernel_count(desc); i++)
        dblk_element_store(desc->type, fixture->kernels[l], i, 0);
    for (int64_t c = 0; c < channels; c++)
        dblk_element_store(desc->type, fixture->kernels[l],
                           (size_t)((middle * channels + c) * channels + c), factor);
}

/* y = x + relu(x), one by one: a comparison of norms would not see a few. */
START_TEST(every_element_is_added_once) {
    for (uint64_t seed = 0; seed < 40; seed++) {
        const denseblock_type type = all_types[seed % 4];
        denseblock_residual_desc desc = random_block(seed, type);
        desc.hidden_channels = desc.channels;
        desc.unit_count = 1;
        for (int a = 0; a < algorithm_count(&desc); a++) {
            struct fixture fixture;
            const denseblock_plan_options options = {.algorithm = algorithms[a],
                                                     .thread_count = 1 + (int64_t)seed % 3};
            make(&fixture, DENSEBLOCK_BACKEND_CPU, &desc, seed, &options);
            make_identity(&fixture, &desc, 0, 1);
            make_identity(&fixture, &desc, 1, 1);
            prepare(&fixture);
            if (seed % 2 == 1) { /* beside tiles that are not finite, and in them */
                dblk_element_store(type, fixture.x, fixture_x_count(&fixture) / 2,
                                   (double)INFINITY);
                dblk_element_store(type, fixture.x, 0, (double)-INFINITY);
            }
            fixture_forward(&fixture);
            for (size_t i = 0; i < fixture_y_count(&fixture); i++) {
                const double x = dblk_element_load(type, fixture.x, i);
                const double y = dblk_element_load(type, fixture.y, i);
                const double expected = x < 0 ? x : 2 * x;
                /* Infinity times 0 is NaN, for all channels of the taps around it. */
                if (isnan(y) || (isinf(expected) && y == expected))
                    continue;
                if (!(fabs(y - expected) <= 2 * tolerance(type, algorithms[a]) + 1e-6))
                    ck_abort_msg("seed %d, algorithm %d: element %zu is %g, not %g", (int)seed, a,
                                 i, y, expected);
            }
            fixture_free(&fixture);
        }
    }
}
END_TEST

/* The transform of one output channel overflows, in some tiles, where the sum does not; the channels
 * before it are finite, and may not have been added when that is seen. */
START_TEST(a_tile_that_overflows_in_one_channel_is_added_once) {
    for (int a = 0; a < 3; a++)
        for (int64_t threads = 1; threads <= 2; threads++) {
            const denseblock_residual_desc desc = {.batch = 2,
                                                   .height = 29,
                                                   .width = 23,
                                                   .channels = 75,
                                                   .hidden_channels = 75,
                                                   .unit_count = 1,
                                                   .kernel_height = 3,
                                                   .kernel_width = 3};
            const denseblock_plan_options options = {.algorithm = algorithms[a],
                                                     .thread_count = threads};
            struct pair pair;
            uint64_t random = 3;
            make_pair(&pair, &desc, 1, &options);
            for (size_t i = 0; i < fixture_x_count(&pair.cpu); i++)
                store_both(&pair, i, next_random(&random) % 50 == 0 ? 1e30 : 1e29);
            for (int f = 0; f < 2; f++) {
                struct fixture *fixture = f == 0 ? &pair.cpu : &pair.reference;
                make_identity(fixture, &desc, 0, 1);
                make_identity(fixture, &desc, 1, 1);
                /* The last channel of the middle tap. */
                ((float *)fixture->kernels[1])[(4 * 75 + 74) * 75 + 74] = 3e8F;
                prepare(fixture);
                fixture_forward(fixture);
            }
            for (size_t i = 0; i < fixture_y_count(&pair.cpu); i++) {
                const double y = (double)((float *)pair.cpu.y)[i];
                const double expected = (double)((float *)pair.reference.y)[i];
                const double scale = i % 75 == 74 ? 3e38 : 2e30;
                if (!(fabs(y - expected) <= 1e-5 * scale))
                    ck_abort_msg("algorithm %d: element %zu is %g, not %g", a, i, y, expected);
            }
            pair_free(&pair);
        }
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {
        blocks_of_any_shape_equal_the_reference,
        threads_and_the_place_of_x_do_not_change_a_bit,
        slices_give_the_same_bits_as_the_whole_batch,
        steps_give_the_same_bits_as_whole_images,
        nan_and_infinity_are_where_the_reference_has_them,
        every_element_is_added_once,
        a_tile_that_overflows_in_one_channel_is_added_once,
        NULL,
    };
    return cpu_suite("residual_cpu", tests);
}
