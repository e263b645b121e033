/* Residual blocks on the cudnn backend: forms of a convolution, and slices, of which every image is
 * added once. */
#include <stdlib.h>

#include "against_reference.h"
#include "backends.h"
#include "on_double.h"

/* What the double's cuDNN takes, so that convolutions have one form after another. Of packed copies
 * there are some only where channels fill no whole 16 bytes. */
static const char *const environments[] = {"", "packed", "gapless"};
#ifdef WITH_DOUBLE
enum { ENVIRONMENTS = sizeof environments / sizeof environments[0] };
#else
enum { ENVIRONMENTS = 1 };
#endif

static void pretend(int environment) {
    ck_assert_int_eq(setenv("CUDA_DOUBLE_CUDNN", environments[environment], 1), 0);
}

struct shape {
    int64_t channels, hidden, kernel_height, kernel_width;
};

/* Engines with the ReLU take even channels. */
static const struct shape shapes[] = {{16, 8, 3, 3}, {16, 12, 3, 3}, {5, 3, 3, 3},
                                      {6, 2, 2, 4},  {16, 40, 1, 1}, {10, 6, 3, 3}};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

static void make_block(struct fixture *fixture, denseblock_type type, int64_t batch,
                       const struct shape *shape) {
    *fixture = (struct fixture){
        .desc = {
            .batch = batch, .height = 5, .width = 7, .channels = shape->channels, .type = type}};
    fixture_describe_residual(fixture, 2, shape->hidden, shape->kernel_height,
                              shape->kernel_width);
    fixture_make(fixture, 5, NULL);
}

START_TEST(every_type_and_shape_equals_the_reference_wherever_y_begins) {
    for (int e = 0; e < ENVIRONMENTS; e++)
        for (int i = 0; i < 4 * SHAPES; i++)
            for (size_t shift = 0; shift < 3; shift++) {
                struct fixture fixture;
                char what[80];
                const denseblock_type type = (denseblock_type)(i % 4);
                make_block(&fixture, type, 2, &shapes[i / 4]);
                snprintf(what, sizeof what, "%s cuDNN, shape %d, %s, y shifted by %zu",
                         environments[e], i / 4, denseblock_type_name(type), shift);
                pretend(e);
                compare(what, &fixture, NULL, i % 3 == 0, shift == 1, shift);
                fixture_free(&fixture);
            }
    pretend(0);
}
END_TEST

START_TEST(it_equals_the_reference_on_random_residual_blocks) {
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct fixture fixture;
        char what[64];
        uint64_t state = seed;
        const denseblock_type type = (denseblock_type)(seed % 4);
        fixture_random_residual(&fixture, seed, type);
        fixture_make(&fixture, seed, NULL);
        snprintf(what, sizeof what, "seed %d, %s", (int)seed, denseblock_type_name(type));
        pretend((int)random_size(&state, 0, ENVIRONMENTS - 1));
        compare(what, &fixture, NULL, seed % 3 == 0, seed % 5 == 0, seed % 7 == 0 ? 1 : 0);
        fixture_free(&fixture);
    }
    pretend(0);
}
END_TEST

START_TEST(nan_and_inf_come_out_where_the_formula_puts_them) {
    for (uint64_t seed = 0; seed < 24; seed++) {
        struct fixture fixture;
        char what[32];
        uint64_t state = seed;
        make_block(&fixture, (denseblock_type)(seed % 4), 2, &shapes[seed % SHAPES]);
        fixture_strew_specials(&fixture, &state, 3);
        snprintf(what, sizeof what, "special values, seed %d", (int)seed);
        pretend((int)random_size(&state, 0, ENVIRONMENTS - 1));
        compare(what, &fixture, NULL, seed % 2 == 0, false, 0);
        fixture_free(&fixture);
    }
    pretend(0);
}
END_TEST

START_TEST(tf32_is_used_only_where_it_is_asked_for) {
    struct fixture fixture;
    make_block(&fixture, DENSEBLOCK_F32, 1, &shapes[0]);
    compare_with_tf32(&fixture);
    compare("without TF32", &fixture, NULL, true, false, 0);
    fixture_free(&fixture);
}
END_TEST

#ifdef WITH_DOUBLE
/* The smallest workspace of a plan whose second convolutions take so many images at a time, in a
 * slice of all five; false: there is none. */
static bool find_limit(const struct fixture *fixture, const char *slices, size_t *limit) {
    bool found = false;
    for (*limit = 64; !found && *limit < 40000; *limit += found ? 0 : 64) {
        denseblock_plan *plan;
        const denseblock_plan_options options = {.workspace_limit = *limit};
        const denseblock_status status =
            described_plan_create(&fixture->desc, true, tested, &options, &plan);
        if (status == DENSEBLOCK_UNSUPPORTED)
            continue;
        ck_ok(status);
        ck_assert_uint_le(denseblock_plan_workspace_bytes(plan), *limit);
        const char *text = denseblock_plan_describe(plan);
        found = strstr(text, "units, 5 images at a time") != NULL &&
                strstr(strstr(text, "added to y"), slices) != NULL;
        denseblock_plan_destroy(plan);
    }
    return found;
}

/* Of 5 images, two slices have 3 each, and three have 2 each: one image is computed twice. Where x
 * is not in y, a graph's second launch begins anew. */
START_TEST(images_that_slices_share_are_added_once) {
    int compared = 0;
    for (int e = 0; e < ENVIRONMENTS; e++)
        for (int i = 0; i < 4 * SHAPES; i++)
            for (int images = 2; images <= 3; images++) {
                struct fixture fixture;
                denseblock_plan_options options = {0};
                char what[80], slices[32];
                const denseblock_type type = (denseblock_type)(i % 4);
                make_block(&fixture, type, 5, &shapes[i / 4]);
                snprintf(slices, sizeof slices, "\n%d images at a time", images);
                snprintf(what, sizeof what, "%s cuDNN, shape %d, %s, %d images at a time",
                         environments[e], i / 4, denseblock_type_name(type), images);
                pretend(e);
                begin_quietly();
                if (find_limit(&fixture, slices, &options.workspace_limit)) {
                    const bool apart = (i + images) % 2 == 0;
                    compare(what, &fixture, &options, !apart, apart, apart ? 1 : 0);
                    compared++;
                }
                fixture_free(&fixture);
            }
    pretend(0);
    ck_assert_int_ge(compared, 100); /* others want more workspace than is tried */
}
END_TEST

static void check_forms(denseblock_type type, int environment, const char *first,
                        const char *second) {
    struct fixture fixture;
    denseblock_plan *plan;
    make_block(&fixture, type, 2, &shapes[SHAPES - 1]);
    pretend(environment);
    begin_quietly();
    ck_ok(described_plan_create(&fixture.desc, true, tested, NULL, &plan));
    const char *text = denseblock_plan_describe(plan);
    const char *added = strstr(text, "added to y:");
    const char *found = strstr(text, first);
    ck_assert_msg(found != NULL && found < added, "no '%s' in\n%s", first, text);
    ck_assert_msg(strstr(added, second) != NULL, "no '%s' in\n%s", second, added);
    denseblock_plan_destroy(plan);
    check_quiet(text);
    fixture_free(&fixture);
    pretend(0);
}

START_TEST(convolutions_have_the_first_form_that_has_an_engine) {
    check_forms(DENSEBLOCK_F16, 0,
                "layer: direct 3x3, channels 0..9 -> 0..5, with the ReLU, in place: engine 9, "
                "workspace 320 bytes; if y is not at a multiple of 16 bytes, image by image from "
                "a copy after the ReLU, then copied to its channels: engine ",
                "layer: direct 3x3, channels 0..5 -> 0..9, with the ReLU, into the workspace, "
                "then added: engine 9, workspace 192 bytes; if what it reads is not at a "
                "multiple of 16 bytes, image by image from a copy after the ReLU, into the "
                "workspace, then added: engine ");
    check_forms(DENSEBLOCK_F32, 0, "from features after the ReLU, in place: engine 2",
                "from features after the ReLU, into the workspace, then added: engine 2");
    check_forms(DENSEBLOCK_F32, 2,
                "from a copy after the ReLU, then copied to its channels: engine 2",
                "from a copy after the ReLU, into the workspace, then added: engine 2");
}
END_TEST

/* Five images, in a workspace that has room for their features after the ReLU and not for what is
 * added. */
START_TEST(what_is_added_counts_where_slices_are_cut) {
    static const struct shape many_outputs = {32, 3, 3, 3};
    for (int e = 0; e < ENVIRONMENTS; e++) {
        struct fixture fixture;
        make_block(&fixture, DENSEBLOCK_F32, 5, &many_outputs);
        const size_t hidden = (size_t)5 * 5 * 7 * 3 * sizeof(float);
        pretend(e);
        compare(environments[e], &fixture,
                &(denseblock_plan_options){.workspace_limit = hidden + 7000}, false, false, 0);
        fixture_free(&fixture);
    }
    pretend(0);
}
END_TEST

/* The engines with the ReLU read the hidden channels, and not y, where they add to it. */
START_TEST(convolutions_that_add_do_not_mind_where_y_begins) {
    struct fixture fixture;
    long executions[2];
    make_block(&fixture, DENSEBLOCK_F16, 3, &shapes[0]);
    for (size_t shift = 0; shift < 2; shift++) {
        compare("shifted", &fixture, NULL, false, false, shift);
        executions[shift] = cuda_double_calls("cudnnBackendExecute");
    }
    ck_assert_int_eq(executions[0], 2 + 2);
    ck_assert_int_eq(executions[1], 2 * 3 + 2); /* the first of each unit image by image */
    fixture_free(&fixture);
}
END_TEST

/* Our kernels write the prepared weights, the features after the ReLU, and the sums: none of them
 * twice. */
START_TEST(every_sum_is_written_once) {
    struct fixture fixture;
    struct emulator_counters work;
    make_block(&fixture, DENSEBLOCK_F32, 2, &shapes[0]);
    emulator_clear_counters();
    compare("counted", &fixture, NULL, true, false, 0);
    emulator_count_work(&work);
    const uint64_t pixels = 2 * 5 * 7, of_a_unit = 16 + 8 + 16, weights = 9 * 16 * 8;
    ck_assert_uint_eq(work.global_store_bytes,
                      2 * (pixels * of_a_unit + 2 * weights) * sizeof(float));
    fixture_free(&fixture);
}
END_TEST
#endif

Suite *suite(void) {
    const TTest *const none[] = {NULL};
    const TTest *const of_cudnn[] = {
        every_type_and_shape_equals_the_reference_wherever_y_begins,
        it_equals_the_reference_on_random_residual_blocks,
        nan_and_inf_come_out_where_the_formula_puts_them,
        tf32_is_used_only_where_it_is_asked_for,
#ifdef WITH_DOUBLE
        images_that_slices_share_are_added_once,
        convolutions_have_the_first_form_that_has_an_engine,
        what_is_added_counts_where_slices_are_cut,
        convolutions_that_add_do_not_mind_where_y_begins,
        every_sum_is_written_once,
#endif
        NULL,
    };
    return suite_of_backends("cudnn_residual", none, none, none, of_cudnn);
}
