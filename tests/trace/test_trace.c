/* What a profiler is told of a block on the CPU, and of buffers. */
#include <stdlib.h>

#include "failing_memory.h"
#include "fixture.h"
#include "record.h"
#include "suite.h"

/* 12 pixels of f32: 2 channels, layers of 3 and 1, of kernels 3x3 and 1x2. */
static void make_block(struct fixture *fixture, denseblock_backend backend,
                       const denseblock_plan_options *options) {
    *fixture = (struct fixture){.backend = backend};
    fixture->desc = (denseblock_desc){.batch = 1,
                                      .height = 3,
                                      .width = 4,
                                      .channels = 2,
                                      .layer_count = 2,
                                      .layers = fixture->layers};
    denseblock_layers_fill(fixture->layers, 1, 3, 3, 3);
    denseblock_layers_fill(fixture->layers + 1, 1, 1, 2, 1);
    fixture_make(fixture, 1, options);
}

/* 12 pixels of 2 channels, three layers of 2: by algorithm and group. */
static void make_uniform(struct fixture *fixture, const denseblock_plan_options *options) {
    *fixture = (struct fixture){.backend = DENSEBLOCK_BACKEND_CPU};
    fixture->desc = (denseblock_desc){.batch = 1,
                                      .height = 3,
                                      .width = 4,
                                      .channels = 2,
                                      .layer_count = 3,
                                      .layers = fixture->layers};
    denseblock_layers_fill(fixture->layers, 3, 3, 3, 2);
    fixture_make(fixture, 1, options);
}

START_TEST(a_layer_has_a_range_with_its_channels_and_bytes) {
    struct fixture fixture;
    make_block(&fixture, DENSEBLOCK_BACKEND_REFERENCE, NULL);
    record_begin();
    fixture_forward(&fixture);
    /* 12 * 2 * 4 bytes are x; layer 0: (12 * (2 + 3) + 9 * 2 * 3) * 4; layer 1:
     * (12 * (5 + 1) + 2 * 5 * 1) * 4; both: (12 * (2 + 4) + 54 + 10) * 4. */
    record_is("push 1 forward layer 0 channels read 2 channels written 4 bytes 544\n"
              "push 2 place input layer 0 channels read 2 channels written 2 bytes 192\n"
              "pop 2\n"
              "push 2 layer 0 layer 0 channels read 2 channels written 3 bytes 456\n"
              "pop 2\n"
              "push 2 layer 1 layer 1 channels read 5 channels written 1 bytes 328\n"
              "pop 2\n"
              "pop 1\n");
    fixture_free(&fixture);
}
END_TEST

START_TEST(a_group_has_a_range_around_its_layers) {
    const denseblock_plan_options options = {.algorithm = DENSEBLOCK_ALGORITHM_DIRECT,
                                             .group_size = 2};
    struct fixture fixture;
    make_uniform(&fixture, &options);
    record_begin();
    fixture_forward(&fixture);
    record_is("push 1 forward layer 0 channels read 2 channels written 6 bytes 1248\n"
              "push 2 place input layer 0 channels read 2 channels written 2 bytes 192\n"
              "pop 2\n"
              "push 2 layers 0..1 layer 0 channels read 2 channels written 4 bytes 720\n"
              "push 3 layer 0 layer 0 channels read 2 channels written 2 bytes 336\n"
              "push 4 outer layer 0 channels read 2 channels written 4 bytes 576\n"
              "pop 4\n"
              "pop 3\n"
              "push 3 layer 1 layer 1 channels read 4 channels written 2 bytes 576\n"
              "push 4 inner layer 1 channels read 2 channels written 2 bytes 336\n"
              "pop 4\n"
              "pop 3\n"
              "pop 2\n"
              "push 2 layer 2 layer 2 channels read 6 channels written 2 bytes 816\n"
              "push 3 outer layer 2 channels read 6 channels written 2 bytes 816\n"
              "pop 3\n"
              "pop 2\n"
              "pop 1\n");
    fixture_free(&fixture);
}
END_TEST

START_TEST(winograd_layers_have_ranges_of_their_parts) {
    const denseblock_plan_options options = {.algorithm = DENSEBLOCK_ALGORITHM_WINOGRAD2,
                                             .group_size = 3};
    struct fixture fixture;
    make_uniform(&fixture, &options);
    /* An infinite feature: the layers are computed once more, directly. */
    ((float *)fixture.x)[0] = INFINITY;
    record_begin();
    fixture_forward(&fixture);
    const char *ranges = record_of("push");
    ck_assert_ptr_nonnull(strstr(
        ranges, "push 3 transform layer 0 channels read 2 channels written 2 bytes 192\n"));
    ck_assert_ptr_nonnull(strstr(ranges, "push 2 layers 0..2 layer 0 "));
    ck_assert_ptr_nonnull(
        strstr(ranges, "push 2 repair layer 2 channels read 6 channels written 2 bytes 816\n"));
    fixture_free(&fixture);
}
END_TEST

START_TEST(preparing_weights_has_a_range_for_every_layer) {
    struct fixture fixture;
    make_block(&fixture, DENSEBLOCK_BACKEND_CPU, NULL);
    static const char begin[] =
        "push 1 prepare weights layer 0 channels read 2 channels written 4"
        " bytes 256\n"
        "push 2 prepare layer layer 0 channels read 2 channels written 3"
        " bytes 216\n"
        "pop 2\n"
        "push 2 prepare layer layer 1 channels read 5 channels written 1"
        " bytes 40\n"
        "pop 2\n"
        "pop 1\n";
    const void *const *kernels = (const void *const *)fixture.kernels;
    record_begin();
    ck_ok(denseblock_weights_prepare(fixture.context, fixture.plan, kernels, fixture.prepared));
    record_is(begin);
    /* A kernel that is refused ends the range as well. */
    ((float *)fixture.kernels[1])[0] = NAN;
    record_begin();
    ck_fails(denseblock_weights_prepare(fixture.context, fixture.plan, kernels, fixture.prepared),
             DENSEBLOCK_INVALID_ARGUMENT, "kernels must be finite");
    record_is(begin);
    fixture_free(&fixture);
}
END_TEST

/* 12 pixels of 2 channels, two units of 3 hidden ones. Every convolution looks for an input to place, but
 * only the copy of x before the first one has one. */
static void make_residual(struct fixture *fixture) {
    *fixture = (struct fixture){.desc = {.batch = 1, .height = 3, .width = 4, .channels = 2}};
    fixture_describe_residual(fixture, 2, 3, 3, 3);
    fixture_make(fixture, 1, NULL);
}

START_TEST(layers_of_a_residual_block_are_numbered_through_its_units) {
    struct fixture fixture;
    make_residual(&fixture);
    /* A unit's second layer reads the 2 channels that it adds to as well: 12 * 2 * 4 bytes more. */
    static const char ranges[] =
        "push 1 forward layer 0 channels read 2 channels written 10 bytes 1440\n"
        "push 2 place input layer 0 channels read 2 channels written 2 bytes 192\n"
        "push 2 place input layer 0 channels read 0 channels written 0 bytes 0\n"
        "push 2 layer 0 layer 0 channels read 2 channels written 3 bytes 456\n"
        "push 2 place input layer 1 channels read 0 channels written 0 bytes 0\n"
        "push 2 layer 1 layer 1 channels read 3 channels written 2 bytes 552\n"
        "push 2 place input layer 2 channels read 0 channels written 0 bytes 0\n"
        "push 2 layer 2 layer 2 channels read 2 channels written 3 bytes 456\n"
        "push 2 place input layer 3 channels read 0 channels written 0 bytes 0\n"
        "push 2 layer 3 layer 3 channels read 3 channels written 2 bytes 552\n";
    for (int i = 0; i < 2; i++) { /* the second forward begins as the first */
        record_begin();
        fixture_forward(&fixture);
        ck_assert_str_eq(record_of("push"), ranges);
        ck_assert_str_eq(record_of("pop"), "pop 2\npop 2\npop 2\npop 2\npop 2\n"
                                           "pop 2\npop 2\npop 2\npop 2\npop 1\n");
    }
    fixture_free(&fixture);
}
END_TEST

START_TEST(so_they_are_where_weights_are_prepared) {
    struct fixture fixture;
    make_residual(&fixture);
    record_begin();
    ck_ok(denseblock_weights_prepare(fixture.context, fixture.plan,
                                     (const void *const *)fixture.kernels, fixture.prepared));
    ck_assert_str_eq(
        record_of("push"),
        "push 1 prepare weights layer 0 channels read 2 channels written 10 bytes 864\n"
        "push 2 prepare layer layer 0 channels read 2 channels written 3 bytes 216\n"
        "push 2 prepare layer layer 1 channels read 3 channels written 2 bytes 216\n"
        "push 2 prepare layer layer 2 channels read 2 channels written 3 bytes 216\n"
        "push 2 prepare layer layer 3 channels read 3 channels written 2 bytes 216\n");
    fixture_free(&fixture);
}
END_TEST

/* Nor may it, where a CUDA Graph is captured. */
START_TEST(a_range_allocates_nothing) {
    const denseblock_plan_options options = {.group_size = 2};
    struct fixture fixture;
    make_uniform(&fixture, &options);
    record_begin();
    failing_memory_begin(-1);
    const denseblock_status status = denseblock_forward(
        fixture.context, fixture.plan, fixture.prepared, fixture.x, fixture.y, fixture.workspace);
    const struct failing_memory memory = failing_memory_end();
    ck_assert_int_eq(status, DENSEBLOCK_OK);
    ck_assert_int_eq(memory.made, 0);
    ck_assert_ptr_nonnull(strstr(record_of("push"), "push 2 layers 0..1 "));
    fixture_free(&fixture);
}
END_TEST

START_TEST(what_is_refused_has_no_range) {
    struct fixture fixture;
    make_block(&fixture, DENSEBLOCK_BACKEND_CPU, NULL);
    record_begin();
    ck_fails(denseblock_forward(fixture.context, fixture.plan, fixture.prepared, fixture.x, NULL,
                                fixture.workspace),
             DENSEBLOCK_INVALID_ARGUMENT, "y is NULL");
    record_is("");
    fixture_free(&fixture);
}
END_TEST

START_TEST(buffers_are_regions_with_a_label_while_they_last) {
    denseblock_context *context;
    denseblock_buffers *buffers;
    void *first, *second;
    ck_ok(denseblock_context_create(DENSEBLOCK_BACKEND_CPU, 0, &context));
    ck_ok(denseblock_buffers_create(false, &buffers));
    record_begin();
    ck_ok(
        denseblock_buffers_allocate(buffers, context, DENSEBLOCK_MEMORY_HOST, 1000, "y", &first));
    ck_ok(denseblock_buffers_allocate(buffers, context, DENSEBLOCK_MEMORY_HOST, 24, "weights",
                                      &second));
    ck_ok(denseblock_buffers_free(buffers, first));
    denseblock_buffers_destroy(buffers);
    record_is("region #1 1000\n"
              "label #1 y\n"
              "counter host bytes 1000\n"
              "region #2 24\n"
              "label #2 weights\n"
              "counter host bytes 1024\n"
              "gone #1\n"
              "counter host bytes 24\n"
              "gone #2\n"
              "counter host bytes 0\n");
    denseblock_context_destroy(context);
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {a_layer_has_a_range_with_its_channels_and_bytes,
                                  a_group_has_a_range_around_its_layers,
                                  winograd_layers_have_ranges_of_their_parts,
                                  preparing_weights_has_a_range_for_every_layer,
                                  layers_of_a_residual_block_are_numbered_through_its_units,
                                  so_they_are_where_weights_are_prepared,
                                  a_range_allocates_nothing,
                                  what_is_refused_has_no_range,
                                  buffers_are_regions_with_a_label_while_they_last,
                                  NULL};
    return suite_of("trace", tests);
}
