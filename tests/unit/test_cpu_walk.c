/* How the cpu backend walks through a batch: threads, slices and steps do not change a bit, and take
 * the memory that the plan says. Built a second time as test_cpu_walk_wide. */
#include <math.h>
#include <stdlib.h>

#include "cpu_case.h"

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

START_TEST(memory_is_exactly_what_the_plan_says) {
    for (int set = 0; set < instruction_set_count; set++) {
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

Suite *suite(void) {
    const TTest *const tests[] = {
        the_number_of_threads_does_not_change_a_bit,
        steps_give_the_same_bits_as_whole_images,
        steps_pass_kernels_that_reach_far,
        slices_that_do_not_divide_the_batch_give_the_same_bits,
        an_image_with_nan_does_not_change_its_neighbours,
        memory_is_exactly_what_the_plan_says,
        the_workspace_does_not_grow_with_the_batch_beyond_a_slice,
        progress_grows_to_one_in_slices_and_steps,
        NULL,
    };
    return cpu_suite("cpu_walk", tests);
}
