/* Buffers and what is done with them, on the processor; tests/cuda has them on a GPU. */
#include "fixture.h"
#include "suite.h"

static const denseblock_memory HOST = DENSEBLOCK_MEMORY_HOST;

struct on_cpu {
    denseblock_context *context;
    denseblock_buffers *buffers;
};

static struct on_cpu begin(bool timeline) {
    struct on_cpu on;
    ck_ok(denseblock_context_create(DENSEBLOCK_BACKEND_CPU, 0, &on.context));
    ck_ok(denseblock_buffers_create(timeline, &on.buffers));
    return on;
}

static void end(struct on_cpu on) {
    denseblock_buffers_destroy(on.buffers);
    denseblock_context_destroy(on.context);
}

static void *allocate(struct on_cpu on, size_t bytes, const char *label) {
    void *address;
    ck_ok(denseblock_buffers_allocate(on.buffers, on.context, HOST, bytes, label, &address));
    return address;
}

START_TEST(the_account_knows_what_is_held_and_its_peak) {
    const struct on_cpu on = begin(false);
    void *first = allocate(on, 1000, "first");
    void *second = allocate(on, 500, "second");
    ck_assert_uint_eq(denseblock_buffers_held(on.buffers, HOST), 1500);
    ck_ok(denseblock_buffers_free(on.buffers, first));
    ck_assert_uint_eq(denseblock_buffers_held(on.buffers, HOST), 500);
    void *third = allocate(on, 700, "third");
    ck_assert_uint_eq(denseblock_buffers_held(on.buffers, HOST), 1200);
    ck_assert_uint_eq(denseblock_buffers_peak(on.buffers, HOST), 1500);
    ck_assert_uint_eq(denseblock_buffers_peak(on.buffers, DENSEBLOCK_MEMORY_DEVICE), 0);
    size_t count;
    ck_assert_ptr_null(denseblock_buffers_timeline(on.buffers, &count));
    ck_assert_uint_eq(count, 0);
    ck_ok(denseblock_buffers_free(on.buffers, second));
    ck_ok(denseblock_buffers_free(on.buffers, third));
    ck_assert_uint_eq(denseblock_buffers_held(on.buffers, HOST), 0);
    end(on);
}
END_TEST

START_TEST(the_time_line_tells_what_happened_in_order) {
    const struct on_cpu on = begin(true);
    char label[] = "weights";
    void *weights = allocate(on, 64, label);
    memset(label, 'x', sizeof label - 1); /* the label was copied */
    void *y = allocate(on, 100, "y");
    ck_ok(denseblock_buffers_free(on.buffers, weights));
    static const struct {
        const char *label;
        bool freed;
        size_t bytes, held;
    } expected[] = {
        {"weights", false, 64, 64}, {"y", false, 100, 164}, {"weights", true, 64, 100}};
    size_t count;
    const denseblock_buffer_event *events = denseblock_buffers_timeline(on.buffers, &count);
    ck_assert_uint_eq(count, 3);
    for (size_t i = 0; i < count; i++) {
        ck_assert_str_eq(events[i].label, expected[i].label);
        ck_assert_int_eq(events[i].freed, expected[i].freed);
        ck_assert_uint_eq(events[i].bytes, expected[i].bytes);
        ck_assert_uint_eq(events[i].held, expected[i].held);
        ck_assert_int_eq((int)events[i].memory, (int)HOST);
    }
    /* Many more, so that the account has to grow; some are left to destroy. */
    for (int i = 0; i < 100; i++) {
        void *more = allocate(on, 8, "more");
        if (i % 3 != 0)
            ck_ok(denseblock_buffers_free(on.buffers, more));
    }
    ck_assert_ptr_nonnull(y);
    end(on);
}
END_TEST

START_TEST(memory_is_aligned_and_of_any_size) {
    const struct on_cpu on = begin(false);
    static const size_t sizes[] = {1, 63, 64, 65, 4096, (2 << 20) - 1, (2 << 20) + 1};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char *memory = allocate(on, sizes[i], "some");
        ck_assert_uint_eq((uintptr_t)memory % DENSEBLOCK_ALIGNMENT, 0);
        memset(memory, 1, sizes[i]);
    }
    void *nothing = &nothing;
    ck_ok(denseblock_buffers_allocate(on.buffers, on.context, HOST, 0, "nothing", &nothing));
    ck_assert_ptr_null(nothing);
    ck_ok(denseblock_buffers_free(on.buffers, NULL));
    end(on);
}
END_TEST

START_TEST(wrong_use_of_buffers_is_refused) {
    const struct on_cpu on = begin(false);
    void *address;
    ck_fails(denseblock_buffers_create(false, NULL), DENSEBLOCK_INVALID_ARGUMENT, "NULL");
    ck_fails(denseblock_buffers_allocate(on.buffers, on.context, HOST, 8, "x", NULL),
             DENSEBLOCK_INVALID_ARGUMENT, "NULL");
    ck_fails(denseblock_buffers_allocate(on.buffers, NULL, HOST, 8, "x", &address),
             DENSEBLOCK_INVALID_ARGUMENT, "NULL");
    ck_assert_ptr_null(address);
    ck_fails(denseblock_buffers_allocate(on.buffers, on.context, DENSEBLOCK_MEMORY_DEVICE, 8, "x",
                                         &address),
             DENSEBLOCK_INVALID_ARGUMENT, "memory 1");
    ck_fails(
        denseblock_buffers_allocate(on.buffers, on.context, HOST, SIZE_MAX, "huge", &address),
        DENSEBLOCK_OUT_OF_MEMORY, "18446744073709551615");
    ck_assert_uint_eq(denseblock_buffers_peak(on.buffers, HOST), 0);
    void *memory = allocate(on, 8, "once");
    ck_ok(denseblock_buffers_free(on.buffers, memory));
    ck_fails(denseblock_buffers_free(on.buffers, memory), DENSEBLOCK_INVALID_ARGUMENT,
             "freed before");
    ck_fails(denseblock_buffers_free(NULL, NULL), DENSEBLOCK_INVALID_ARGUMENT, "NULL");
    denseblock_buffers_destroy(NULL);
    end(on);
}
END_TEST

START_TEST(copies_keep_to_their_rows) {
    const struct on_cpu on = begin(false);
    const char source[] = "abcdefghijkl"; /* three rows of 4 */
    char target[] = "...............";    /* three rows of 5 */
    for (int d = DENSEBLOCK_UPLOAD; d <= DENSEBLOCK_WITHIN; d++) {
        memset(target, '.', sizeof target - 1);
        ck_ok(denseblock_copy(on.context, (denseblock_direction)d, target, 5, source, 4, 3, 3));
        ck_assert_str_eq(target, "abc..efg..ijk..");
    }
    ck_ok(denseblock_copy(on.context, DENSEBLOCK_WITHIN, target, 4, source, 4, 4, 3));
    ck_assert_str_eq(target, "abcdefghijklk..");
    ck_ok(denseblock_copy(on.context, DENSEBLOCK_WITHIN, NULL, 0, NULL, 0, 0, 3));
    ck_fails(denseblock_copy(on.context, DENSEBLOCK_WITHIN, target, 4, source, 3, 4, 3),
             DENSEBLOCK_INVALID_ARGUMENT, "rows of 4 bytes");
    ck_fails(denseblock_copy(on.context, DENSEBLOCK_WITHIN, target, 4, NULL, 4, 4, 3),
             DENSEBLOCK_INVALID_ARGUMENT, "src is NULL");
    ck_fails(denseblock_copy(NULL, DENSEBLOCK_WITHIN, target, 4, source, 4, 4, 3),
             DENSEBLOCK_INVALID_ARGUMENT, "context is NULL");
    ck_fails(denseblock_copy(on.context, (denseblock_direction)3, target, 4, source, 4, 4, 3),
             DENSEBLOCK_INVALID_ARGUMENT, "direction 3");
    end(on);
}
END_TEST

START_TEST(a_timer_measures_and_has_its_arguments_checked) {
    const struct on_cpu on = begin(false);
    double seconds = -1;
    ck_ok(denseblock_timer_start(on.context));
    ck_ok(denseblock_timer_stop(on.context, &seconds));
    ck_assert(seconds >= 0 && seconds < 60);
    ck_fails(denseblock_timer_start(NULL), DENSEBLOCK_INVALID_ARGUMENT, "context is NULL");
    ck_fails(denseblock_timer_stop(on.context, NULL), DENSEBLOCK_INVALID_ARGUMENT,
             "seconds is NULL");
    size_t bytes;
    ck_ok(denseblock_context_free_memory(on.context, &bytes));
    ck_assert_uint_eq(bytes, SIZE_MAX);
    ck_fails(denseblock_context_free_memory(NULL, &bytes), DENSEBLOCK_INVALID_ARGUMENT, "NULL");
    end(on);
}
END_TEST

START_TEST(nobody_counts_the_energy_of_processors) {
    const struct on_cpu on = begin(false);
    double joules = -1;
    ck_fails(denseblock_context_energy(on.context, &joules), DENSEBLOCK_UNSUPPORTED,
             "energy is counted on NVIDIA GPUs only");
    ck_assert(joules == 0);
    ck_fails(denseblock_context_energy(on.context, NULL), DENSEBLOCK_INVALID_ARGUMENT,
             "joules is NULL");
    ck_fails(denseblock_context_energy(NULL, &joules), DENSEBLOCK_INVALID_ARGUMENT,
             "context is NULL");
    end(on);
}
END_TEST

START_TEST(cpu_backends_have_no_graphs) {
    struct fixture fixture;
    fixture_random_desc(&fixture, 1, DENSEBLOCK_F32);
    fixture_make(&fixture, 1, NULL);
    denseblock_graph *graph = (denseblock_graph *)&fixture;
    ck_fails(denseblock_graph_create(fixture.context, fixture.plan, fixture.prepared, fixture.x,
                                     fixture.y, fixture.workspace, &graph),
             DENSEBLOCK_UNSUPPORTED, "reference backend has no graphs");
    ck_assert_ptr_null(graph);
    ck_fails(denseblock_graph_create(fixture.context, fixture.plan, fixture.prepared, fixture.x,
                                     fixture.y, fixture.workspace, NULL),
             DENSEBLOCK_INVALID_ARGUMENT, "graph is NULL");
    ck_fails(denseblock_graph_launch(NULL), DENSEBLOCK_INVALID_ARGUMENT, "NULL");
    denseblock_graph_destroy(NULL);
    fixture_free(&fixture);
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {
        the_account_knows_what_is_held_and_its_peak,
        the_time_line_tells_what_happened_in_order,
        memory_is_aligned_and_of_any_size,
        wrong_use_of_buffers_is_refused,
        copies_keep_to_their_rows,
        a_timer_measures_and_has_its_arguments_checked,
        nobody_counts_the_energy_of_processors,
        cpu_backends_have_no_graphs,
        NULL,
    };
    return suite_of("buffers", tests);
}
