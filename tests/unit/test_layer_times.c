/* denseblock_context_time_layers, on the CPU: by the clock, and by one that goes on a second whenever it is
 * read, so that every measurement takes one. */
#include <time.h>

#include "fixture.h"
#include "suite.h"

static bool counting;
static time_t reads;

int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);

int __wrap_clock_gettime(clockid_t clock, struct timespec *now) {
    if (!counting)
        return __real_clock_gettime(clock, now);
    *now = (struct timespec){.tv_sec = ++reads};
    return 0;
}

static double now(void) {
    struct timespec time;
    ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &time), 0);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* [6,H,W,8], f32, of four layers with as many channels each. */
static void make_block(struct fixture *fixture, bool residual, int64_t size,
                       denseblock_backend backend, const denseblock_plan_options *options) {
    *fixture = (struct fixture){
        .backend = backend,
        .desc = {.batch = 6, .height = size, .width = size, .channels = 8, .layer_count = 4}};
    fixture->desc.layers = fixture->layers;
    denseblock_layers_fill(fixture->layers, 4, 3, 3, 8);
    if (residual)
        fixture_describe_residual(fixture, 2, 8, 3, 3);
    fixture_make(fixture, 1, options);
}

/* A forward's times by the counting clock, x apart or in y, beside what was in `seconds`. */
static void count_forward(struct fixture *fixture, bool in_place, double *seconds) {
    denseblock_context_time_layers(fixture->context, seconds);
    counting = true;
    const denseblock_status status =
        denseblock_forward(fixture->context, fixture->plan, fixture->prepared,
                           in_place ? NULL : fixture->x, fixture->y, fixture->workspace);
    counting = false;
    ck_ok(status);
}

/* Of a dense block, placing the input and each layer; of a residual one, each convolution's input and
 * itself, and the copy of x; both slice by slice. Times are added to what is there. */
START_TEST(every_measurement_counts_for_its_layer) {
    struct fixture fixture;
    double seconds[4] = {0};
    make_block(&fixture, false, 5, DENSEBLOCK_BACKEND_REFERENCE, NULL);
    for (int i = 1; i <= 2; i++) {
        count_forward(&fixture, false, seconds);
        for (int l = 0; l < 4; l++)
            ck_assert_double_eq(seconds[l], l == 0 ? 2 * i : i);
    }
    fixture_free(&fixture);

    const size_t image = (size_t)5 * 5 * 8 * sizeof(float);
    for (size_t images = 2; images <= 6; images += 4)
        for (int in_place = 0; in_place < 2; in_place++) {
            const denseblock_plan_options options = {.thread_count = 1,
                                                     .workspace_limit = 2 * images * image};
            const double slices = 6 / (double)images;
            double times[4] = {0};
            make_block(&fixture, true, 5, DENSEBLOCK_BACKEND_REFERENCE, &options);
            count_forward(&fixture, in_place == 1, times);
            for (int l = 0; l < 4; l++)
                ck_assert_double_eq(times[l], (l == 0 && !in_place ? 3 : 2) * slices);
            fixture_free(&fixture);
        }
}
END_TEST

/* Never more; and more than half of it, unless the machine had something else to do every time. */
static void check_against_clock(struct fixture *fixture) {
    double sum = 0, whole = 1;
    for (int tries = 0; tries < 20 && sum < 0.5 * whole; tries++) {
        double seconds[4] = {0};
        denseblock_context_time_layers(fixture->context, seconds);
        const double begin = now();
        fixture_forward(fixture);
        whole = now() - begin;
        sum = 0;
        for (int l = 0; l < 4; l++) {
            ck_assert_msg(seconds[l] > 0, "layer %d took %g s", l, seconds[l]);
            sum += seconds[l];
        }
        ck_assert_msg(sum <= whole, "layers %g s, the whole %g s", sum, whole);
    }
    ck_assert_msg(sum >= 0.5 * whole, "layers %g s, the whole %g s", sum, whole);
}

START_TEST(all_layers_together_take_nearly_the_whole_time) {
    static const denseblock_backend backends[] = {DENSEBLOCK_BACKEND_REFERENCE,
                                                  DENSEBLOCK_BACKEND_CPU};
    const denseblock_plan_options options = {.thread_count = 1};
    const denseblock_plan_options grouped = {
        .thread_count = 1, .algorithm = DENSEBLOCK_ALGORITHM_DIRECT, .group_size = 2};
    struct fixture fixture;
    for (int b = 0; b < 2; b++)
        for (int residual = 0; residual < 2; residual++) {
            make_block(&fixture, residual == 1, 24, backends[b], &options);
            check_against_clock(&fixture);
            fixture_free(&fixture);
        }
    make_block(&fixture, false, 24, DENSEBLOCK_BACKEND_CPU, &grouped);
    check_against_clock(&fixture);
    fixture_free(&fixture);
}
END_TEST

START_TEST(null_ends_it) {
    for (int residual = 0; residual < 2; residual++) {
        struct fixture fixture;
        double seconds[4] = {-1, -1, -1, -1};
        make_block(&fixture, residual == 1, 5, DENSEBLOCK_BACKEND_REFERENCE, NULL);
        denseblock_context_time_layers(fixture.context, seconds);
        denseblock_context_time_layers(fixture.context, NULL);
        fixture_forward(&fixture);
        for (int l = 0; l < 4; l++)
            ck_assert_double_eq(seconds[l], -1);
        fixture_free(&fixture);
    }
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {every_measurement_counts_for_its_layer,
                                  all_layers_together_take_nearly_the_whole_time, null_ends_it,
                                  NULL};
    return suite_of("layer_times", tests);
}
