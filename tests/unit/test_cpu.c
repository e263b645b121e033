/* The cpu backend against the reference: every instruction set, algorithm, group size, way to walk
 * and type. Built a second time as test_cpu_wide: see wide_kernels.c. */
#include <math.h>
#include <stdlib.h>

#include "backends/cpu/kernels.h"
#include "elements/elements.h"
#include "fixture.h"
#include "suite.h"

#ifdef WIDE_KERNELS
static const char *const instruction_sets[] = {"wide"};
#else
static const char *const instruction_sets[] = {"portable", "avx2", "avx512"};
#endif
enum { SETS = sizeof instruction_sets / sizeof instruction_sets[0] };

static const denseblock_type all_types[] = {DENSEBLOCK_F32, DENSEBLOCK_F64, DENSEBLOCK_F16,
                                            DENSEBLOCK_BF16};
static const denseblock_algorithm algorithms[] = {
    DENSEBLOCK_ALGORITHM_DIRECT, DENSEBLOCK_ALGORITHM_WINOGRAD2, DENSEBLOCK_ALGORITHM_WINOGRAD4};

/* False where this processor does not have it. */
static bool use_instruction_set(const char *name) {
    static denseblock_layer layer;
    denseblock_layers_fill(&layer, 1, 1, 1, 1);
    const denseblock_desc desc = {
        .batch = 1, .height = 1, .width = 1, .channels = 1, .layer_count = 1, .layers = &layer};
    ck_assert_int_eq(setenv("DENSEBLOCK_ISA", name, 1), 0);
    denseblock_plan *plan;
    const denseblock_status status =
        denseblock_plan_create(&desc, DENSEBLOCK_BACKEND_CPU, NULL, &plan);
    denseblock_plan_destroy(plan);
    ck_assert(status == DENSEBLOCK_OK || status == DENSEBLOCK_UNAVAILABLE);
    return status == DENSEBLOCK_OK;
}

/* Relative L2 error that a result may have. */
static double tolerance(denseblock_type type, denseblock_algorithm algorithm) {
    if (type == DENSEBLOCK_F64)
        return 1e-12;
    if (type == DENSEBLOCK_F16)
        return 1e-3;
    if (type == DENSEBLOCK_BF16)
        return 8e-3;
    return algorithm == DENSEBLOCK_ALGORITHM_DIRECT      ? 1e-6
           : algorithm == DENSEBLOCK_ALGORITHM_WINOGRAD2 ? 2e-6
                                                         : 1e-5;
}

static void compare(const struct fixture *found, const struct fixture *expected, double most,
                    const char *what) {
    const denseblock_type type = found->desc.type;
    double difference = 0, norm = 0;
    for (size_t i = 0; i < fixture_y_count(expected); i++) {
        const double f = dblk_element_load(type, found->y, i);
        const double e = dblk_element_load(type, expected->y, i);
        ck_assert_msg(isnan(f) == isnan(e) && isinf(f) == isinf(e) && (!isinf(f) || f == e),
                      "%s: element %zu is %g, the reference has %g\n%s", what, i, f, e,
                      denseblock_plan_describe(found->plan));
        if (isfinite(e)) {
            difference += (f - e) * (f - e);
            norm += e * e;
        }
    }
    ck_assert_msg(sqrt(difference) <= most * sqrt(norm), "%s: relative L2 error %g\n%s", what,
                  sqrt(difference / norm), denseblock_plan_describe(found->plan));
}

/* The same block, x and kernels on the cpu backend and on the reference. */
struct pair {
    struct fixture cpu, reference;
};

static void pair_make(struct pair *pair, const struct fixture *block, uint64_t seed,
                      const denseblock_plan_options *options) {
    pair->cpu = pair->reference = *block;
    pair->cpu.backend = DENSEBLOCK_BACKEND_CPU;
    pair->cpu.desc.layers = pair->cpu.layers;
    pair->reference.desc.layers = pair->reference.layers;
    fixture_make(&pair->cpu, seed, options);
    fixture_make(&pair->reference, seed, NULL);
}

static void pair_free(struct pair *pair) {
    fixture_free(&pair->cpu);
    fixture_free(&pair->reference);
}

static void pair_check(struct pair *pair, double most, const char *what) {
    fixture_forward(&pair->cpu);
    fixture_forward(&pair->reference);
    compare(&pair->cpu, &pair->reference, most, what);
}

/* Runs the block on the cpu backend, and compares it with what the reference made of it. */
static void check_against(const struct fixture *reference, uint64_t seed,
                          const denseblock_plan_options *options, double most, const char *what) {
    struct fixture cpu = {.backend = DENSEBLOCK_BACKEND_CPU, .desc = reference->desc};
    fixture_make(&cpu, seed, options);
    fixture_forward(&cpu);
    compare(&cpu, reference, most, what);
    fixture_free(&cpu);
}

/* 3x3 kernels, ragged growth, planes of up to a few tiles. */
static void random_3x3(struct fixture *block, uint64_t seed, denseblock_type type) {
    *block = (struct fixture){0};
    block->desc = (denseblock_desc){
        .batch = random_size(&seed, 1, 3),
        .height = random_size(&seed, 1, 14),
        .width = random_size(&seed, 1, 14),
        .channels = random_size(&seed, 1, 40),
        .layer_count = random_size(&seed, 1, 5),
        .layers = block->layers,
        .type = type,
    };
    for (int64_t l = 0; l < block->desc.layer_count; l++)
        denseblock_layers_fill(&block->layers[l], 1, 3, 3, random_size(&seed, 1, 37));
}

static void uniform_3x3(struct fixture *block, int64_t batch, int64_t height, int64_t width,
                        int64_t channels, int64_t layers, int64_t growth) {
    *block = (struct fixture){0};
    block->desc = (denseblock_desc){.batch = batch,
                                    .height = height,
                                    .width = width,
                                    .channels = channels,
                                    .layer_count = layers,
                                    .layers = block->layers};
    denseblock_layers_fill(block->layers, (size_t)layers, 3, 3, growth);
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
            for (int set = 0; set < SETS; set++) {
                if (!use_instruction_set(instruction_sets[set]))
                    continue;
                char what[64];
                snprintf(what, sizeof what, "%s, seed %d, %s", instruction_sets[set], (int)seed,
                         denseblock_type_name(all_types[t]));
                const denseblock_plan_options options = {.group_size = (int64_t)(seed % 4),
                                                         .thread_count = 1 + (int64_t)(seed % 3)};
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
    for (int set = 0; set < SETS; set++) {
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

/* How a block was computed. */
struct way {
    size_t workspace;
    bool steps;
};

/* y, and the way it was computed. */
static void *bits_of(const struct fixture *block, const denseblock_plan_options *options,
                     struct way *way) {
    struct fixture fixture = *block;
    fixture.backend = DENSEBLOCK_BACKEND_CPU;
    fixture.desc.layers = fixture.layers;
    fixture_make(&fixture, 5, options);
    fixture_forward(&fixture);
    const size_t bytes = denseblock_plan_output_bytes(fixture.plan);
    void *y = aligned_memory(bytes);
    memcpy(y, fixture.y, bytes);
    way->workspace = denseblock_plan_workspace_bytes(fixture.plan);
    way->steps = strstr(denseblock_plan_describe(fixture.plan), "in steps") != NULL;
    fixture_free(&fixture);
    return y;
}

static size_t bytes_of(const struct fixture *block) {
    int64_t channels = block->desc.channels;
    for (int64_t l = 0; l < block->desc.layer_count; l++)
        channels += block->layers[l].growth;
    return (size_t)(block->desc.batch * block->desc.height * block->desc.width * channels) *
           denseblock_type_size(block->desc.type);
}

/* Large planes are dealt out by tiles, small ones by points of the transform; and a thread may get
 * a panel of its own. All of that must add in the same order. */
START_TEST(the_number_of_threads_does_not_change_a_bit) {
    struct fixture blocks[4];
    uniform_3x3(&blocks[0], 1, 44, 37, 9, 3, 12);
    uniform_3x3(&blocks[1], 1, 14, 14, 24, 4, 32);
    uniform_3x3(&blocks[2], 3, 7, 7, 40, 3, 20);
    fixture_random_desc(&blocks[3], 8, DENSEBLOCK_F64);
    for (int b = 0; b < 4; b++)
        for (int a = 0; a < (b == 3 ? 1 : 3); a++)
            for (int64_t group = 1; group <= 2; group++) {
                denseblock_plan_options options = {
                    .algorithm = algorithms[a], .group_size = group, .thread_count = 1};
                struct way way;
                void *first = bits_of(&blocks[b], &options, &way);
                for (int threads = 2; threads <= 5; threads++) {
                    options.thread_count = threads;
                    void *y = bits_of(&blocks[b], &options, &way);
                    ck_assert_mem_eq(y, first, bytes_of(&blocks[b]));
                    free(y);
                }
                free(first);
            }
}
END_TEST

/* Runs with exactly the memory that the plan asked for, between guards. */
static void check_memory(const struct fixture *block, const denseblock_plan_options *options) {
    enum { GUARD = 128, PATTERN = 0xA5, PARTS = 3 };
    struct fixture fixture = *block;
    fixture.backend = DENSEBLOCK_BACKEND_CPU;
    fixture.desc.layers = fixture.layers;
    fixture_make(&fixture, 2, options);
    const size_t sizes[PARTS] = {denseblock_plan_output_bytes(fixture.plan),
                                 denseblock_plan_weights_bytes(fixture.plan),
                                 denseblock_plan_workspace_bytes(fixture.plan)};
    unsigned char *guarded[PARTS];
    for (int b = 0; b < PARTS; b++) {
        guarded[b] = aligned_memory(sizes[b] + 2 * GUARD);
        memset(guarded[b], PATTERN, sizes[b] + 2 * GUARD);
    }
    ck_ok(denseblock_weights_prepare(fixture.context, fixture.plan,
                                     (const void *const *)fixture.kernels, guarded[1] + GUARD));
    ck_assert_mem_eq(guarded[1] + GUARD, fixture.prepared, sizes[1]);
    for (int run = 0; run < 2; run++) {
        fixture_forward(&fixture);
        ck_ok(denseblock_forward(fixture.context, fixture.plan, guarded[1] + GUARD, fixture.x,
                                 guarded[0] + GUARD, guarded[2] + GUARD));
        ck_assert_mem_eq(guarded[0] + GUARD, fixture.y, sizes[0]);
        ck_assert_mem_eq(guarded[1] + GUARD, fixture.prepared, sizes[1]);
    }
    for (int b = 0; b < PARTS; b++) {
        for (size_t i = 0; i < GUARD; i++) {
            ck_assert_uint_eq(guarded[b][i], PATTERN);
            ck_assert_uint_eq(guarded[b][GUARD + sizes[b] + i], PATTERN);
        }
        free(guarded[b]);
    }
    fixture_free(&fixture);
}

/* A limit that a whole image does not fit in makes the plan walk in steps. */
static void check_steps(const struct fixture *block, denseblock_algorithm algorithm,
                        int64_t group) {
    struct fixture one = *block;
    struct way way;
    denseblock_plan_options options = {
        .algorithm = algorithm, .group_size = group, .thread_count = 2};
    void *whole = bits_of(block, &options, &way);
    ck_assert(!way.steps);
    one.desc.batch = 1;
    free(bits_of(&one, &options, &way));
    const size_t bytes = way.workspace; /* of one image */
    for (size_t percent = 60; percent < 100; percent += 7) {
        options.workspace_limit = bytes / 100 * percent;
        void *y = bits_of(block, &options, &way);
        ck_assert(way.steps && way.workspace <= options.workspace_limit);
        ck_assert_mem_eq(y, whole, bytes_of(block));
        free(y);
    }
    free(whole);
}

START_TEST(steps_give_the_same_bits_as_whole_images) {
    struct fixture block;
    for (int64_t height = 64; height < 68; height++)
        for (int a = 1; a < 3; a++) {
            uniform_3x3(&block, 2, height, 10, 5, 3, 7);
            check_steps(&block, algorithms[a], 1 + height % 3);
        }
}
END_TEST

START_TEST(steps_pass_kernels_that_reach_far) {
    static const int64_t heights[][2] = {{11, 6}, {2, 4}, {8, 1}};
    for (int i = 0; i < 3; i++)
        for (int high = 0; high < 2; high++) {
            struct fixture block;
            struct pair pair;
            uniform_3x3(&block, 2, 90, 9, 4, 4, 5);
            block.layers[1].kernel_height = heights[i][0];
            block.layers[2].kernel_height = heights[i][1];
            const denseblock_plan_options options = {
                .workspace_limit = 200 << 10,
                .thread_count = 2,
                .accuracy = high ? DENSEBLOCK_ACCURACY_HIGH : DENSEBLOCK_ACCURACY_DEFAULT};
            pair_make(&pair, &block, 3, &options);
            ck_assert_ptr_nonnull(strstr(denseblock_plan_describe(pair.cpu.plan), "in steps"));
            ck_assert_ptr_nonnull(strstr(denseblock_plan_describe(pair.cpu.plan), "direct"));
            pair_check(&pair, 1e-5, "far");
            pair_free(&pair);
        }
}
END_TEST

/* Slices of two images, of five. */
START_TEST(slices_that_do_not_divide_the_batch_give_the_same_bits) {
    for (int a = 0; a < 3; a++) {
        struct fixture block;
        struct way way;
        denseblock_plan_options options = {
            .algorithm = algorithms[a], .group_size = 2, .thread_count = 2};
        uniform_3x3(&block, 2, 9, 10, 5, 4, 7);
        free(bits_of(&block, &options, &way));
        block.desc.batch = 5;
        const size_t limit = way.workspace; /* of two images */
        void *whole = bits_of(&block, &options, &way);
        options.workspace_limit = limit;
        void *y = bits_of(&block, &options, &way);
        ck_assert_uint_le(way.workspace, limit);
        ck_assert_mem_eq(y, whole, bytes_of(&block));
        check_memory(&block, &options);
        free(y);
        free(whole);
    }
}
END_TEST

/* An image with NaN is computed in another way, whatever slice it is in; the others are not. */
START_TEST(an_image_with_nan_does_not_change_its_neighbours) {
    for (int64_t bad = 0; bad < 5; bad += 2)
        for (size_t limit = 0; limit <= 120 << 10; limit += 120 << 10) {
            struct fixture block;
            struct pair pair;
            uniform_3x3(&block, 5, 9, 10, 5, 4, 7);
            const denseblock_plan_options options = {.algorithm = DENSEBLOCK_ALGORITHM_WINOGRAD4,
                                                     .workspace_limit = limit,
                                                     .thread_count = 2};
            pair_make(&pair, &block, 3, &options);
            fixture_forward(&pair.cpu);
            const size_t image = denseblock_plan_output_bytes(pair.cpu.plan) / 5;
            unsigned char *healthy = aligned_memory(5 * image);
            memcpy(healthy, pair.cpu.y, 5 * image);
            const size_t place = (size_t)(bad * 9 * 10 * 5 + 203);
            ((float *)pair.cpu.x)[place] = ((float *)pair.reference.x)[place] = NAN;
            pair_check(&pair, 1e-5, "one image with NaN");
            for (int64_t n = 0; n < 5; n++)
                if (n != bad)
                    ck_assert_mem_eq((unsigned char *)pair.cpu.y + (size_t)n * image,
                                     healthy + (size_t)n * image, image);
            free(healthy);
            pair_free(&pair);
        }
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

START_TEST(memory_is_exactly_what_the_plan_says) {
    for (int set = 0; set < SETS; set++) {
        if (!use_instruction_set(instruction_sets[set]))
            continue;
        for (uint64_t seed = 0; seed < 20; seed++)
            for (int a = 0; a < 3; a++) {
                struct fixture block;
                denseblock_plan_options options = {.algorithm = algorithms[a], .thread_count = 3};
                random_3x3(&block, seed, DENSEBLOCK_F32);
                check_memory(&block, &options);
                random_3x3(&block, seed, DENSEBLOCK_F16);
                options.group_size = 2;
                check_memory(&block, &options);
                uniform_3x3(&block, 1, 61, 9, 3, 2, 5);
                options.workspace_limit = 200 << 10;
                check_memory(&block, &options);
            }
    }
}
END_TEST

static size_t workspace_for(int64_t batch, denseblock_algorithm algorithm, int64_t group) {
    struct fixture block;
    denseblock_plan *plan;
    uniform_3x3(&block, batch, 28, 28, 128, 8, 32);
    const denseblock_plan_options options = {
        .algorithm = algorithm, .group_size = group, .thread_count = 2};
    ck_ok(denseblock_plan_create(&block.desc, DENSEBLOCK_BACKEND_CPU, &options, &plan));
    const size_t bytes = denseblock_plan_workspace_bytes(plan);
    denseblock_plan_destroy(plan);
    return bytes;
}

START_TEST(the_workspace_does_not_grow_with_the_batch_beyond_a_slice) {
    for (int a = 1; a < 3; a++)
        for (int64_t group = 1; group <= 2; group++)
            ck_assert_uint_eq(workspace_for(64, algorithms[a], group),
                              workspace_for(4096, algorithms[a], group));
    /* Direct layers that are not grouped need no more than each thread's tile. */
    ck_assert_uint_eq(workspace_for(64, DENSEBLOCK_ALGORITHM_DIRECT, 1),
                      workspace_for(4096, DENSEBLOCK_ALGORITHM_DIRECT, 1));
    ck_assert_uint_lt(workspace_for(64, DENSEBLOCK_ALGORITHM_DIRECT, 1), 1 << 20);
}
END_TEST

START_TEST(a_block_that_no_transform_fits_in_the_limit_runs_directly) {
    struct fixture block;
    uniform_3x3(&block, 1, 40, 300, 4, 3, 6);
    const denseblock_plan_options options = {.workspace_limit = 300 << 10, .thread_count = 2};
    struct pair pair;
    pair_make(&pair, &block, 3, &options);
    ck_assert_ptr_null(strstr(denseblock_plan_describe(pair.cpu.plan), "Winograd F"));
    pair_check(&pair, 1e-6, "direct");
    pair_free(&pair);

    denseblock_plan *plan;
    const denseblock_plan_options asked = {.workspace_limit = 300 << 10,
                                           .algorithm = DENSEBLOCK_ALGORITHM_WINOGRAD4};
    ck_fails(denseblock_plan_create(&block.desc, DENSEBLOCK_BACKEND_CPU, &asked, &plan),
             DENSEBLOCK_UNSUPPORTED, "workspace limit of 307200");
}
END_TEST

static bool plan_uses(const struct fixture *block, const denseblock_plan_options *options,
                      const char *words) {
    denseblock_plan *plan;
    ck_ok(denseblock_plan_create(&block->desc, DENSEBLOCK_BACKEND_CPU, options, &plan));
    const bool found = strstr(denseblock_plan_describe(plan), words) != NULL;
    denseblock_plan_destroy(plan);
    return found;
}

START_TEST(the_plan_chooses_what_suits_the_block_and_obeys_the_options) {
    struct fixture block;
    denseblock_plan_options options = {0};
    uniform_3x3(&block, 1, 56, 56, 64, 6, 32);
    ck_assert(plan_uses(&block, &options, "layer 5: Winograd F(4x4) 3x3, channels 0..223"));
    options.accuracy = DENSEBLOCK_ACCURACY_HIGH;
    ck_assert(plan_uses(&block, &options, "layer 5: Winograd F(2x2)"));
    options.algorithm = DENSEBLOCK_ALGORITHM_DIRECT;
    ck_assert(plan_uses(&block, &options, "layer 5: direct 3x3"));
    options.group_size = 4;
    ck_assert(plan_uses(&block, &options,
                        "layers 4..5 as a group: direct 3x3, channels 0..191 -> "
                        "192..255"));
    /* Kernels of another size are direct, beside 3x3 ones in Winograd. */
    options = (denseblock_plan_options){0};
    block.layers[3].kernel_width = 1;
    ck_assert(plan_uses(&block, &options, "layer 3: direct 3x1"));
    ck_assert(plan_uses(&block, &options, "layer 4: Winograd F(4x4)"));
    block.layers[3].kernel_width = 3;
    block.desc.type = DENSEBLOCK_F64;
    ck_assert(plan_uses(&block, &options, "layer 0: direct 3x3"));
}
END_TEST

/* A plan takes fewer threads before it takes another algorithm, whose results would differ. */
START_TEST(threads_that_do_not_fit_or_have_nothing_to_do_are_left_out) {
    struct fixture block;
    denseblock_plan *plan;
    denseblock_plan_options options = {.thread_count = 1024, .workspace_limit = 16 << 20};
    uniform_3x3(&block, 1, 56, 56, 64, 4, 32);
    ck_ok(denseblock_plan_create(&block.desc, DENSEBLOCK_BACKEND_CPU, &options, &plan));
    ck_assert_ptr_nonnull(strstr(denseblock_plan_describe(plan), "Winograd F(4x4)"));
    ck_assert_uint_le(denseblock_plan_workspace_bytes(plan), options.workspace_limit);
    ck_assert_int_lt(denseblock_plan_thread_count(plan), 1024);
    denseblock_plan_destroy(plan);
    uniform_3x3(&block, 1, 4, 4, 2, 3, 2);
    ck_ok(denseblock_plan_create(&block.desc, DENSEBLOCK_BACKEND_CPU, &options, &plan));
    ck_assert_int_eq(denseblock_plan_thread_count(plan), 1);
    denseblock_plan_destroy(plan);
}
END_TEST

/* What a plan chooses for speed must not make it refuse a block that it could run. */
START_TEST(plans_of_extreme_sizes_are_made_and_fit) {
    struct fixture block;
    denseblock_plan *plan;
    denseblock_plan_options options = {.group_size = INT64_MAX, .thread_count = 2};
    uniform_3x3(&block, 1, 8, 8, 4, 3, 5);
    ck_assert(plan_uses(&block, &options, "layers 0..2 as a group"));
    options.algorithm = DENSEBLOCK_ALGORITHM_DIRECT;
    options.group_size = 0;
    uniform_3x3(&block, INT64_C(1) << 40, 8, 8, 12, 4, 12);
    ck_ok(denseblock_plan_create(&block.desc, DENSEBLOCK_BACKEND_CPU, &options, &plan));
    denseblock_plan_destroy(plan);
    for (int a = 0; a < 3; a++)
        for (int64_t growth = 4; growth <= 28; growth += 8) {
            options.algorithm = algorithms[a];
            uniform_3x3(&block, 1, 1200, 1200, 16, 6, growth);
            ck_ok(denseblock_plan_create(&block.desc, DENSEBLOCK_BACKEND_CPU, &options, &plan));
            ck_assert_uint_le(denseblock_plan_workspace_bytes(plan), 64 << 20);
            denseblock_plan_destroy(plan);
        }
}
END_TEST

START_TEST(what_the_options_ask_for_in_vain_is_refused) {
    struct fixture block;
    denseblock_plan *plan;
    uniform_3x3(&block, 1, 8, 8, 4, 3, 5);
    denseblock_plan_options options = {.algorithm = DENSEBLOCK_ALGORITHM_WINOGRAD4,
                                       .accuracy = DENSEBLOCK_ACCURACY_HIGH};
    ck_fails(denseblock_plan_create(&block.desc, DENSEBLOCK_BACKEND_CPU, &options, &plan),
             DENSEBLOCK_UNSUPPORTED, "exclude each other");
    options.accuracy = DENSEBLOCK_ACCURACY_DEFAULT;
    block.layers[1].kernel_height = 5;
    ck_fails(denseblock_plan_create(&block.desc, DENSEBLOCK_BACKEND_CPU, &options, &plan),
             DENSEBLOCK_UNSUPPORTED, "layer 1: Winograd algorithms are for 3x3 kernels, not 5x3");
    block.layers[1].kernel_height = 3;
    block.desc.type = DENSEBLOCK_F64;
    ck_fails(denseblock_plan_create(&block.desc, DENSEBLOCK_BACKEND_CPU, &options, &plan),
             DENSEBLOCK_UNSUPPORTED, "not for f64");
    options = (denseblock_plan_options){0};
    ck_assert_int_eq(setenv("DENSEBLOCK_ISA", "mmx", 1), 0);
    ck_fails(denseblock_plan_create(&block.desc, DENSEBLOCK_BACKEND_CPU, &options, &plan),
             DENSEBLOCK_INVALID_ARGUMENT, "DENSEBLOCK_ISA is 'mmx': there are avx512");
}
END_TEST

/* Conversions of whole rows give the same bits as those of single elements. */
START_TEST(sixteen_bit_elements_are_converted_exactly) {
    for (int set = 0; set < SETS; set++) {
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
                if (isnan(v))
                    ck_assert_msg(isnan(found), "bits %zx: %g", i, found);
                else
                    ck_assert_msg(found == (v < 0 ? 0 : v), "bits %zx: %g", i, found);
            }
            fixture_free(&fixture);
        }
    }
}
END_TEST

/* Sums of two elements, which f32 holds exactly, are rounded to nearest, ties to even. */
START_TEST(results_are_rounded_to_sixteen_bits_as_single_elements_are) {
    enum { SUMS = 40000 };
    for (int set = 0; set < SETS; set++)
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
                ck_assert_uint_eq(((uint16_t *)fixture.y)[3 * i + 2], expected);
            }
            fixture_free(&fixture);
        }
}
END_TEST

static void remember(double done, void *user) {
    double *last = user;
    ck_assert_msg(done >= *last && done <= 1, "%g after %g", done, *last);
    *last = done;
}

START_TEST(progress_grows_to_one_in_slices_and_steps) {
    struct fixture block;
    uniform_3x3(&block, 3, 61, 9, 3, 2, 5);
    for (size_t limit = 0; limit <= 200 << 10; limit += 200 << 10) {
        struct pair pair;
        double last = 0;
        pair_make(&pair, &block, 1,
                  &(denseblock_plan_options){.workspace_limit = limit,
                                             .thread_count = 2,
                                             .algorithm = DENSEBLOCK_ALGORITHM_WINOGRAD4});
        denseblock_context_set_progress(pair.cpu.context, remember, &last);
        pair_check(&pair, 1e-5, "progress");
        ck_assert_double_eq_tol(last, 1, 1e-9);
        pair_free(&pair);
    }
}
END_TEST

static void forget_instruction_set(void) {
    ck_assert_int_eq(unsetenv("DENSEBLOCK_ISA"), 0);
}

Suite *suite(void) {
    const TTest *const tests[] = {
        blocks_of_any_kernel_size_equal_the_reference,
        every_algorithm_equals_the_reference_in_groups_of_any_size,
        the_number_of_threads_does_not_change_a_bit,
        steps_give_the_same_bits_as_whole_images,
        steps_pass_kernels_that_reach_far,
        slices_that_do_not_divide_the_batch_give_the_same_bits,
        an_image_with_nan_does_not_change_its_neighbours,
        nan_and_infinity_are_where_the_reference_has_them,
        a_transform_that_overflows_leaves_no_trace,
        memory_is_exactly_what_the_plan_says,
        the_workspace_does_not_grow_with_the_batch_beyond_a_slice,
        a_block_that_no_transform_fits_in_the_limit_runs_directly,
        the_plan_chooses_what_suits_the_block_and_obeys_the_options,
        threads_that_do_not_fit_or_have_nothing_to_do_are_left_out,
        plans_of_extreme_sizes_are_made_and_fit,
        what_the_options_ask_for_in_vain_is_refused,
        sixteen_bit_elements_are_converted_exactly,
        results_are_rounded_to_sixteen_bits_as_single_elements_are,
        progress_grows_to_one_in_slices_and_steps,
    };
    Suite *result = suite_create("cpu");
    TCase *tcase = tcase_create("cpu");
    tcase_add_checked_fixture(tcase, forget_instruction_set, forget_instruction_set);
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(result, tcase);
    return result;
}
