/* What only the cudnn backend does: forms of a layer, choice among engines, slices, TF32. */
#include <pthread.h>
#include <stdlib.h>

#include "against_reference.h"
#include "backends.h"
#include "on_double.h"

/* Three layers of one kernel size, after which y has `channels` + 3 * `growth` channels. */
static void make_block(struct fixture *fixture, denseblock_type type, int64_t batch,
                       int64_t channels, int64_t kernel_height, int64_t kernel_width,
                       int64_t growth) {
    *fixture = (struct fixture){.desc = {.batch = batch,
                                         .height = 5,
                                         .width = 7,
                                         .channels = channels,
                                         .layer_count = 3,
                                         .layers = fixture->layers,
                                         .type = type}};
    denseblock_layers_fill(fixture->layers, 3, kernel_height, kernel_width, growth);
    fixture_make(fixture, 3, NULL);
}

/* Even channels can be read where they are, by the 16-bit engines that do the ReLU too. */
static const struct {
    int64_t channels, kernel_height, kernel_width, growth;
} shapes[] = {{16, 3, 3, 8}, {8, 3, 3, 12}, {5, 3, 3, 3}, {6, 2, 4, 2}, {16, 1, 1, 16}};

enum { SHAPES = sizeof shapes / sizeof shapes[0] };

static void compare_shapes(denseblock_type type) {
    for (size_t s = 0; s < SHAPES; s++)
        for (size_t shift = 0; shift < 3; shift++) {
            struct fixture fixture;
            char what[64];
            make_block(&fixture, type, 2, shapes[s].channels, shapes[s].kernel_height,
                       shapes[s].kernel_width, shapes[s].growth);
            snprintf(what, sizeof what, "shape %zu, %s, y shifted by %zu", s,
                     denseblock_type_name(type), shift);
            compare(what, &fixture, NULL, s % 2 == 0, shift == 1, shift);
            fixture_free(&fixture);
        }
}

START_TEST(every_type_and_kernel_size_equals_the_reference_wherever_y_begins) {
    for (int type = 0; type < 4; type++)
        compare_shapes((denseblock_type)type);
}
END_TEST

START_TEST(a_small_workspace_cuts_the_batch_into_slices_and_changes_nothing) {
    struct fixture fixture;
    make_batch_of_five(&fixture);
    denseblock_plan *plan;
    denseblock_plan_options options = {0};
    size_t least = 0;
    for (size_t limit = 1; limit < 40000; limit += 777) {
        options.workspace_limit = limit;
        const denseblock_status status =
            denseblock_plan_create(&fixture.desc, tested, &options, &plan);
        if (least == 0 && status == DENSEBLOCK_UNSUPPORTED) {
            ck_assert_ptr_nonnull(strstr(denseblock_last_error(), "raise the workspace limit"));
            continue;
        }
        ck_ok(status);
        least = least == 0 ? limit : least;
        ck_assert_uint_le(denseblock_plan_workspace_bytes(plan), limit);
        denseblock_plan_destroy(plan);
    }
    ck_assert_uint_gt(least, 1);
    for (size_t limit = least; limit < 40000; limit *= 2) {
        options.workspace_limit = limit;
        compare("slices", &fixture, &options, true, false, 0);
        compare("slices, x apart", &fixture, &options, false, true, 1);
    }
    fixture_free(&fixture);
}
END_TEST

/* Of 5 images, two slices have 3 each: the second begins with the third image. */
START_TEST(slices_overlap_where_the_batch_is_no_multiple_of_them) {
    struct fixture fixture;
    make_batch_of_five(&fixture);
    const size_t image =
        6 * 7 * 20 * sizeof(float); /* 18 channels, and 2 to a multiple of 16 bytes */
    const denseblock_plan_options options = {.workspace_limit = image * 3 / 2 * 5 + 4};
    denseblock_plan *plan;
    begin_quietly();
    ck_ok(denseblock_plan_create(&fixture.desc, tested, &options, &plan));
    ck_assert_msg(strstr(denseblock_plan_describe(plan), "3 images at a time") != NULL, "%s",
                  denseblock_plan_describe(plan));
    denseblock_plan_destroy(plan);
    compare("three at a time", &fixture, &options, true, false, 0);
    compare("three at a time, x apart", &fixture, &options, false, false, 0);
    fixture_free(&fixture);
}
END_TEST

/* Even channels before odd ones; an image of y has 1260 bytes, so that a slice begins at a multiple of
 * 4 of them and no more. */
START_TEST(layers_of_different_forms_share_slices) {
    static const int64_t growth[] = {4, 3, 3};
    struct fixture fixture = {.desc = {.batch = 5,
                                       .height = 5,
                                       .width = 7,
                                       .channels = 8,
                                       .layer_count = 3,
                                       .layers = fixture.layers,
                                       .type = DENSEBLOCK_F16}};
    for (int l = 0; l < 3; l++)
        denseblock_layers_fill(fixture.layers + l, 1, 3, 3, growth[l]);
    fixture_make(&fixture, 4, NULL);
    const denseblock_plan_options options = {.workspace_limit = 6000};
    denseblock_plan *plan;
    begin_quietly();
    ck_ok(denseblock_plan_create(&fixture.desc, tested, &options, &plan));
    const char *text = denseblock_plan_describe(plan);
    ck_assert_ptr_nonnull(strstr(text, "2 images at a time"));
#ifdef WITH_DOUBLE /* other GPUs have other engines */
    ck_assert_ptr_nonnull(strstr(text, "8..11, with the ReLU, in place"));
    ck_assert_ptr_nonnull(strstr(text, "15..17, from features after the ReLU, in place"));
#endif
    denseblock_plan_destroy(plan);
    for (size_t shift = 0; shift < 3; shift++)
        compare("mixed forms", &fixture, &options, true, false, shift);
    fixture_free(&fixture);
}
END_TEST

START_TEST(tf32_is_used_only_where_it_is_asked_for) {
    struct fixture fixture;
    make_block(&fixture, DENSEBLOCK_F32, 1, 8, 3, 3, 8);
    compare_with_tf32(&fixture);
    compare("without TF32", &fixture, NULL, true, false, 0);
    fixture_free(&fixture);
}
END_TEST

START_TEST(what_cudnn_cannot_do_is_refused_with_the_plan) {
    const denseblock_layer layer = {.kernel_height = 3, .kernel_width = 3, .growth = 16};
    denseblock_desc desc = {.batch = 1,
                            .height = 1,
                            .width = 1,
                            .channels = 1 << 28,
                            .layer_count = 1,
                            .layers = &layer,
                            .type = DENSEBLOCK_F16};
    denseblock_plan *plan;
    begin_quietly();
    ck_fails(denseblock_plan_create(&desc, tested, NULL, &plan), DENSEBLOCK_UNSUPPORTED,
             "layer 0: a kernel of 38654705664 elements");
    desc.channels = 1;
    desc.height = desc.width = 1 << 14;
    ck_fails(denseblock_plan_create(&desc, tested, NULL, &plan), DENSEBLOCK_UNSUPPORTED,
             "an image, 16384x16384 pixels of 17 channels, is more than the 2147483647");
    desc.height = desc.width = 1;
    ck_fails(
        denseblock_plan_create(&desc, tested, &(denseblock_plan_options){.group_size = 2}, &plan),
        DENSEBLOCK_UNSUPPORTED, "not groups of 2");
    ck_fails(denseblock_plan_create(
                 &desc, tested,
                 &(denseblock_plan_options){.algorithm = DENSEBLOCK_ALGORITHM_WINOGRAD2}, &plan),
             DENSEBLOCK_UNSUPPORTED, "only the direct algorithm");
}
END_TEST

/* One plan in several threads, each with a context of its own. */
struct worker {
    const struct fixture *fixture;
    const denseblock_plan *plan;
    void *y;
    denseblock_status status;
};

static denseblock_status run_in_thread(struct worker *worker) {
    denseblock_context *context = NULL;
    denseblock_buffers *buffers = NULL;
    void *prepared = NULL, *workspace = NULL, *y = NULL, *kernels[FIXTURE_MAX_LAYERS] = {NULL};
    const denseblock_desc *desc = &worker->fixture->desc;
    const size_t sizes[] = {denseblock_plan_weights_bytes(worker->plan),
                            denseblock_plan_workspace_bytes(worker->plan),
                            denseblock_plan_output_bytes(worker->plan)};
    void **const places[] = {&prepared, &workspace, &y};
    const size_t size = denseblock_type_size(desc->type);
    const size_t pixels = (size_t)(desc->batch * desc->height * desc->width);
    const size_t y_pixel = sizes[2] / pixels, x_pixel = (size_t)desc->channels * size;
    denseblock_status status = denseblock_context_create(tested, 0, &context);
    if (status == DENSEBLOCK_OK)
        status = denseblock_buffers_create(false, &buffers);
    for (int i = 0; status == DENSEBLOCK_OK && i < 3; i++)
        status = denseblock_buffers_allocate(buffers, context, DENSEBLOCK_MEMORY_DEVICE, sizes[i],
                                             "some", places[i]);
    for (int64_t l = 0, channels = desc->channels; status == DENSEBLOCK_OK && l < 3; l++) {
        const denseblock_layer *layer = &desc->layers[l];
        const size_t bytes =
            (size_t)(layer->kernel_height * layer->kernel_width * channels * layer->growth) *
            size;
        status = denseblock_buffers_allocate(buffers, context, DENSEBLOCK_MEMORY_DEVICE, bytes,
                                             "kernel", &kernels[l]);
        if (status == DENSEBLOCK_OK)
            status = denseblock_copy(context, DENSEBLOCK_UPLOAD, kernels[l], bytes,
                                     worker->fixture->kernels[l], bytes, bytes, 1);
        channels += layer->growth;
    }
    if (status == DENSEBLOCK_OK)
        status = denseblock_weights_prepare(context, worker->plan, (const void *const *)kernels,
                                            prepared);
    if (status == DENSEBLOCK_OK)
        status = denseblock_copy(context, DENSEBLOCK_UPLOAD, y, y_pixel, worker->fixture->x,
                                 x_pixel, x_pixel, pixels);
    for (int i = 0; status == DENSEBLOCK_OK && i < 10; i++)
        status = denseblock_forward(context, worker->plan, prepared, NULL, y, workspace);
    if (status == DENSEBLOCK_OK)
        status = denseblock_copy(context, DENSEBLOCK_DOWNLOAD, worker->y, sizes[2], y, sizes[2],
                                 sizes[2], 1);
    if (status == DENSEBLOCK_OK)
        status = denseblock_context_synchronize(context);
    denseblock_buffers_destroy(buffers);
    denseblock_context_destroy(context);
    return status;
}

static void *work(void *argument) {
    struct worker *worker = argument;
    worker->status = run_in_thread(worker);
    return NULL;
}

START_TEST(many_threads_share_a_plan) {
    enum { THREADS = 4 };
    struct fixture fixture;
    pthread_t threads[THREADS];
    struct worker workers[THREADS];
    denseblock_plan *plan;
    make_block(&fixture, DENSEBLOCK_F16, 2, 16, 3, 3, 8);
    const size_t bytes = fixture_y_count(&fixture) * sizeof(uint16_t);
    begin_quietly();
    ck_ok(denseblock_plan_create(&fixture.desc, tested, NULL, &plan));
    for (int t = 0; t < THREADS; t++) {
        workers[t] =
            (struct worker){.fixture = &fixture, .plan = plan, .y = aligned_memory(bytes)};
        ck_assert_int_eq(pthread_create(&threads[t], NULL, work, &workers[t]), 0);
    }
    for (int t = 0; t < THREADS; t++) {
        ck_assert_int_eq(pthread_join(threads[t], NULL), 0);
        ck_assert_int_eq((int)workers[t].status, (int)DENSEBLOCK_OK);
        ck_assert_mem_eq(workers[t].y, workers[0].y, bytes);
    }
    denseblock_plan_destroy(plan);
    check_quiet("threads");
    for (int t = 0; t < THREADS; t++)
        free(workers[t].y);
    fixture_free(&fixture);
}
END_TEST

#ifdef WITH_DOUBLE
#include <cudnn.h>

#include "cudnn_double.h"

/* cuDNN of the environment, for whoever begins anew. */
static void pretend(const char *cudnn) {
    ck_assert_int_eq(setenv("CUDA_DOUBLE_CUDNN", cudnn, 1), 0);
}

START_TEST(where_no_engine_writes_into_y_packed_copies_do) {
    pretend("packed");
    for (int type = 0; type < 4; type++)
        compare_shapes((denseblock_type)type);
    pretend("");
}
END_TEST

/* Our kernels write the prepared weights, and the features after the ReLU: all but those that the last
 * layer makes, and none of them twice. */
START_TEST(each_feature_goes_through_the_relu_once) {
    struct fixture fixture;
    struct emulator_counters work;
    make_block(&fixture, DENSEBLOCK_F32, 2, 8, 3, 3, 4);
    emulator_clear_counters();
    compare("counted", &fixture, NULL, true, false, 0);
    emulator_count_work(&work);
    const uint64_t pixels = 2 * 5 * 7, features = 8 + 4 + 4, weights = 9 * (8 + 12 + 16) * 4;
    ck_assert_uint_eq(work.global_store_bytes, (pixels * features + weights) * sizeof(float));
    fixture_free(&fixture);
}
END_TEST

#define NUMERICAL(note) (1U << CUDNN_NUMERICAL_NOTE_##note)

enum {
    ALL_TYPES = 1 << CUDNN_DATA_FLOAT | 1 << CUDNN_DATA_DOUBLE | 1 << CUDNN_DATA_HALF |
                1 << CUDNN_DATA_BFLOAT16,
    PLAIN = CUDNN_DOUBLE_STRIDED_INPUT | CUDNN_DOUBLE_STRIDED_OUTPUT |
            CUDNN_DOUBLE_UNEVEN_PADDING | CUDNN_DOUBLE_FLIPPED
};

static const denseblock_layer two_layers[] = {
    {.kernel_height = 3, .kernel_width = 3, .growth = 8},
    {.kernel_height = 3, .kernel_width = 3, .growth = 8},
};

static denseblock_desc two_layer_desc(denseblock_type type) {
    return (denseblock_desc){.batch = 2,
                             .height = 5,
                             .width = 7,
                             .channels = 16,
                             .layer_count = 2,
                             .layers = two_layers,
                             .type = type};
}

/* The description of a plan of that type has these words, with those engines. */
static void check_choice(denseblock_type type, denseblock_arithmetic arithmetic,
                         const struct cudnn_double_engine *engines, size_t count,
                         const char *words) {
    denseblock_desc desc = two_layer_desc(type);
    desc.arithmetic = arithmetic;
    denseblock_plan *plan;
    begin_quietly();
    cudnn_double_engines(engines, count);
    ck_ok(denseblock_plan_create(&desc, tested, NULL, &plan));
    ck_assert_msg(strstr(denseblock_plan_describe(plan), words) != NULL, "no '%s' in\n%s", words,
                  denseblock_plan_describe(plan));
    denseblock_plan_destroy(plan);
    check_quiet(words);
}

START_TEST(each_layer_takes_the_first_form_that_has_an_engine) {
    check_choice(
        DENSEBLOCK_F16, DENSEBLOCK_ARITHMETIC_FULL, NULL, 0,
        "layer 1: direct 3x3, channels 0..23 -> 24..31, with the ReLU, in place: engine 9, "
        "workspace 768 bytes; if y is not at a multiple of 16 bytes, image by image from a "
        "copy after the ReLU, then copied to its channels: engine 8, workspace 3072 bytes");
    check_choice(
        DENSEBLOCK_F32, DENSEBLOCK_ARITHMETIC_FULL, NULL, 0,
        "layer 0: direct 3x3, channels 0..15 -> 16..23, from features after the ReLU, in "
        "place: engine 2, workspace 512 bytes\n");
    pretend("packed");
    check_choice(DENSEBLOCK_F32, DENSEBLOCK_ARITHMETIC_FULL, NULL, 0,
                 "from a copy after the ReLU, then copied to its channels: engine 2");
    pretend("");
}
END_TEST

/* One engine with the note before one without any. */
static void check_note(denseblock_type type, denseblock_arithmetic arithmetic, unsigned notes,
                       bool taken) {
    const struct cudnn_double_engine engines[] = {
        {.index = 21, .numerical_notes = notes, .types = ALL_TYPES, .takes = PLAIN},
        {.index = 20, .types = ALL_TYPES, .takes = PLAIN},
    };
    check_choice(type, arithmetic, engines, 2, taken ? "engine 21" : "engine 20");
}

START_TEST(engines_that_are_less_exact_are_left_out) {
    static const unsigned never[] = {NUMERICAL(REDUCED_PRECISION_REDUCTION),
                                     NUMERICAL(FFT),
                                     NUMERICAL(NONDETERMINISTIC),
                                     NUMERICAL(WINOGRAD),
                                     NUMERICAL(WINOGRAD_TILE_4x4),
                                     NUMERICAL(WINOGRAD_TILE_6x6),
                                     NUMERICAL(WINOGRAD_TILE_13x13),
                                     1U << CUDNN_NUMERICAL_NOTE_TYPE_COUNT};
    const denseblock_arithmetic full = DENSEBLOCK_ARITHMETIC_FULL,
                                tf32 = DENSEBLOCK_ARITHMETIC_TF32;
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++) {
        for (int type = 0; type < 4; type++)
            check_note((denseblock_type)type, full, never[i], false);
        check_note(DENSEBLOCK_F32, tf32, NUMERICAL(TENSOR_CORE) | never[i], false);
    }
    check_note(DENSEBLOCK_F32, full, NUMERICAL(TENSOR_CORE), false);
    check_note(DENSEBLOCK_F32, full, NUMERICAL(DOWN_CONVERT_INPUTS), false);
    check_note(DENSEBLOCK_F16, full, NUMERICAL(DOWN_CONVERT_INPUTS), false);
    check_note(DENSEBLOCK_F32, tf32, NUMERICAL(TENSOR_CORE), true);
    check_note(DENSEBLOCK_F32, tf32, NUMERICAL(TENSOR_CORE) | NUMERICAL(DOWN_CONVERT_INPUTS),
               true);
    check_note(DENSEBLOCK_F64, full, NUMERICAL(TENSOR_CORE), true);
    check_note(DENSEBLOCK_F16, full, NUMERICAL(TENSOR_CORE), true);
    check_note(DENSEBLOCK_BF16, full, NUMERICAL(STRICT_NAN_PROP), true);
}
END_TEST

START_TEST(engines_that_want_more_workspace_or_fail_are_passed_over) {
    const struct cudnn_double_engine engines[] = {
        {.index = 31, .types = ALL_TYPES, .takes = PLAIN, .workspace = (size_t)8 << 20},
        {.index = 32,
         .types = ALL_TYPES,
         .takes = PLAIN,
         .plan_status = CUDNN_STATUS_INTERNAL_ERROR_COMPILATION_FAILED},
        {.index = 33, .types = ALL_TYPES, .takes = PLAIN, .workspace = 64, .fallback = true},
    };
    check_choice(DENSEBLOCK_F32, DENSEBLOCK_ARITHMETIC_FULL, engines, 3,
                 "engine 33, workspace 1024 bytes");
}
END_TEST

START_TEST(where_there_is_no_engine_the_layer_and_the_reason_are_told) {
    const struct cudnn_double_engine engines[] = {
        {.index = 41, .numerical_notes = NUMERICAL(FFT), .types = ALL_TYPES, .takes = PLAIN},
        {.index = 42, .types = ALL_TYPES, .takes = PLAIN, .workspace = (size_t)1 << 40},
        {.index = 43, .types = ALL_TYPES, .takes = PLAIN, .channel_multiple = 16},
    };
    const denseblock_desc desc = two_layer_desc(DENSEBLOCK_F32);
    denseblock_plan *plan;
    begin_quietly();
    cudnn_double_engines(engines, 3);
    ck_fails(
        denseblock_plan_create(&desc, tested, NULL, &plan), DENSEBLOCK_UNSUPPORTED,
        "layer 0: cuDNN has no engine for f32, 2 images of 5x7, 16 -> 8 channels, 3x3, neither "
        "with the ReLU nor of features after it, into y or packed: of 3 that it offers packed, "
        "1 are less exact, 1 want more workspace, 1 refused: engine 43 takes multiples of 16 "
        "channels");
    check_quiet("no engine for the channels");
    begin_quietly();
    cudnn_double_engines(engines, 0);
    ck_fails(denseblock_plan_create(&desc, tested, NULL, &plan), DENSEBLOCK_UNSUPPORTED,
             "of 0 that it offers packed");
    check_quiet("no engine at all");
}
END_TEST

START_TEST(nothing_is_asked_of_cudnn_where_there_is_nothing_to_compute) {
    denseblock_desc desc = two_layer_desc(DENSEBLOCK_F32);
    denseblock_plan *plan;
    begin_quietly();
    cudnn_double_engines(NULL, 0);
    for (int i = 0; i < 2; i++) {
        desc.batch = i;
        desc.layer_count = 1 - i;
        const long before = cuda_double_calls("cudnnCreate");
        ck_ok(denseblock_plan_create(&desc, tested, NULL, &plan));
        ck_assert_int_eq(cuda_double_calls("cudnnCreate"), before);
        ck_assert_uint_eq(denseblock_plan_workspace_bytes(plan), 0);
        denseblock_plan_destroy(plan);
    }
    check_quiet("nothing to compute");
}
END_TEST
#endif

Suite *suite(void) {
    const TTest *const none[] = {NULL};
    const TTest *const of_cudnn[] = {
        every_type_and_kernel_size_equals_the_reference_wherever_y_begins,
        a_small_workspace_cuts_the_batch_into_slices_and_changes_nothing,
        slices_overlap_where_the_batch_is_no_multiple_of_them,
        layers_of_different_forms_share_slices,
        tf32_is_used_only_where_it_is_asked_for,
        what_cudnn_cannot_do_is_refused_with_the_plan,
        many_threads_share_a_plan,
#ifdef WITH_DOUBLE
        where_no_engine_writes_into_y_packed_copies_do,
        each_feature_goes_through_the_relu_once,
        each_layer_takes_the_first_form_that_has_an_engine,
        engines_that_are_less_exact_are_left_out,
        engines_that_want_more_workspace_or_fail_are_passed_over,
        where_there_is_no_engine_the_layer_and_the_reason_are_told,
        nothing_is_asked_of_cudnn_where_there_is_nothing_to_compute,
#endif
        NULL,
    };
    return suite_of_backends("cudnn_block", none, none, none, of_cudnn);
}
