/* The backends of GPUs against the reference: goldens, random blocks, special values. */
#include <math.h>
#include <stdlib.h>

#include "against_reference.h"
#include "backends.h"
#include "goldens.h"
#include "on_double.h"

START_TEST(it_reproduces_every_golden_case) {
    ck_assert_int_eq(check_goldens(&(struct golden_choice){0}), 10);
}
END_TEST

START_TEST(it_equals_the_reference_on_random_blocks) {
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct fixture fixture;
        const denseblock_type type = (denseblock_type)(seed % 4);
        uint64_t state = seed;
        fixture_random_desc(&fixture, seed, type);
        fixture_make(&fixture, seed, NULL);
        const denseblock_plan_options options = {
            .group_size = random_size(&state, 0, tested == DENSEBLOCK_BACKEND_CUDA ? 4 : 1)};
        char what[64];
        snprintf(what, sizeof what, "seed %llu, %s, group %d", (unsigned long long)seed,
                 denseblock_type_name(type), (int)options.group_size);
        compare(what, &fixture, &options, seed % 3 == 0, seed % 5 == 0, seed % 7 == 0 ? 1 : 0);
        fixture_free(&fixture);
    }
}
END_TEST

/* 3x3 kernels, as in practice, on planes and channels of practice, made smaller. */
START_TEST(it_equals_the_reference_on_the_blocks_of_densenets) {
    static const struct {
        int64_t batch, height, width, channels, layers, growth;
        denseblock_type type;
    } blocks[] = {
        {1, 14, 14, 64, 3, 32, DENSEBLOCK_F32}, {3, 7, 7, 40, 4, 32, DENSEBLOCK_F16},
        {2, 8, 9, 24, 6, 12, DENSEBLOCK_F32},   {1, 11, 29, 32, 2, 48, DENSEBLOCK_BF16},
        {2, 7, 7, 16, 3, 12, DENSEBLOCK_F64},
    };
    for (size_t b = 0; b < sizeof blocks / sizeof blocks[0]; b++) {
        struct fixture fixture = {.desc = {
                                      .batch = blocks[b].batch,
                                      .height = blocks[b].height,
                                      .width = blocks[b].width,
                                      .channels = blocks[b].channels,
                                      .layer_count = blocks[b].layers,
                                      .type = blocks[b].type,
                                  }};
        fixture.desc.layers = fixture.layers;
        denseblock_layers_fill(fixture.layers, (size_t)blocks[b].layers, 3, 3, blocks[b].growth);
        fixture_make(&fixture, b, NULL);
        char what[32];
        snprintf(what, sizeof what, "block %zu", b);
        compare(what, &fixture, NULL, true, false, 0);
        fixture_free(&fixture);
    }
}
END_TEST

/* What lies in y's later channels, padding and partial sums must not matter, NaN and Inf in x must
 * come out where the formula puts them. */
START_TEST(nan_and_inf_come_out_where_the_formula_puts_them) {
    for (uint64_t seed = 0; seed < 12; seed++) {
        struct fixture fixture;
        uint64_t state = seed;
        fixture_random_desc(&fixture, seed, (denseblock_type)(seed % 4));
        fixture_make(&fixture, seed, NULL);
        fixture_strew_specials(&fixture, &state, 3);
        char what[32];
        snprintf(what, sizeof what, "special values, seed %d", (int)seed);
        compare(what, &fixture, NULL, seed % 2 == 0, false, 0);
        fixture_free(&fixture);
    }
}
END_TEST

START_TEST(a_small_workspace_cuts_the_batch_and_changes_nothing) {
    struct fixture fixture;
    make_batch_of_five(&fixture);
    /* Of 4 layers of 5 columns, padded to 8, three leave sums: 96 bytes a pixel. */
    const size_t image = 6 * 7 * 3 * 8 * sizeof(float);
    denseblock_plan_options options = {.group_size = 4, .workspace_limit = 2 * image};
    compare("two images at a time", &fixture, &options, true, false, 0);
    compare("two images at a time, x apart", &fixture, &options, false, true, 0);
    options.group_size = 0;
    options.workspace_limit = 1;
    compare("no workspace at all", &fixture, &options, true, false, 0);
    options.group_size = 4;
    denseblock_plan *plan;
    ck_fails(denseblock_plan_create(&fixture.desc, DENSEBLOCK_BACKEND_CUDA, &options, &plan),
             DENSEBLOCK_UNSUPPORTED, "raise the workspace limit of 1");
    fixture_free(&fixture);
}
END_TEST

START_TEST(an_empty_batch_and_a_block_without_layers_work) {
    struct fixture fixture = {
        .desc = {
            .height = 3, .width = 2, .channels = 2, .layer_count = 1, .type = DENSEBLOCK_F32}};
    fixture.desc.layers = fixture.layers;
    denseblock_layers_fill(fixture.layers, 1, 3, 3, 5);
    fixture_make(&fixture, 1, NULL);
    compare("empty batch", &fixture, NULL, true, false, 0);
    fixture_free(&fixture);
    fixture = (struct fixture){
        .desc = {.batch = 2, .height = 3, .width = 2, .channels = 5, .type = DENSEBLOCK_F32}};
    fixture_make(&fixture, 1, NULL);
    compare("no layers", &fixture, NULL, false, true, 0);
    fixture_free(&fixture);
}
END_TEST

START_TEST(kernels_that_are_not_finite_are_refused_with_their_place) {
    struct fixture fixture;
    fixture_random_desc(&fixture, 8, DENSEBLOCK_F32);
    fixture_make(&fixture, 8, NULL);
    const int64_t last = fixture.desc.layer_count - 1;
    float *kernel = fixture.kernels[last];
    kernel[fixture.layers[last].growth - 1] = -INFINITY;
    kernel[fixture.layers[last].growth] = NAN;
    void *y = aligned_memory(fixture_y_count(&fixture) * sizeof(float));
    char place[64];
    snprintf(place, sizeof place, "layer %d: the kernel's value at [0,0,0,%d] is -Inf", (int)last,
             (int)fixture.layers[last].growth - 1);
    begin_quietly();
    ck_fails(cuda_case_run(&(struct cuda_case){.backend = tested,
                                               .desc = &fixture.desc,
                                               .kernels = (const void *const *)fixture.kernels,
                                               .x = fixture.x,
                                               .y = y}),
             DENSEBLOCK_INVALID_ARGUMENT, place);
    check_quiet(place);
    free(y);
    fixture_free(&fixture);
}
END_TEST

Suite *suite(void) {
    const TTest *const all[] = {
        it_reproduces_every_golden_case,
        it_equals_the_reference_on_random_blocks,
        it_equals_the_reference_on_the_blocks_of_densenets,
        nan_and_inf_come_out_where_the_formula_puts_them,
        an_empty_batch_and_a_block_without_layers_work,
        kernels_that_are_not_finite_are_refused_with_their_place,
        NULL,
    };
    const TTest *const of_cuda[] = {a_small_workspace_cuts_the_batch_and_changes_nothing, NULL};
    const TTest *const of_cublas[] = {NULL};
    const TTest *const of_cudnn[] = {NULL};
    return suite_of_backends("cuda_block", all, of_cuda, of_cublas, of_cudnn);
}
