/* What a profiler is told of a block on a GPU, on the runtime double: of all backends the ranges
 * close, and of ours they are these. */
#include <stdlib.h>

#include "backends.h"
#include "on_double.h"
#include "record.h"
#include "sample.h"

/* As many ranges have ended as have begun. */
static void check_closed(const char *what) {
    int open = 0;
    for (const char *line = record_text(); *line != 0; line = strchr(line, '\n') + 1) {
        open += strncmp(line, "push", 4) == 0;
        open -= strncmp(line, "pop", 3) == 0;
        ck_assert_msg(open >= 0, "%s: a range ends that has not begun:\n%s", what, record_text());
    }
    ck_assert_msg(open == 0, "%s: %d ranges are left open:\n%s", what, open, record_text());
}

/* The words are in the text, in this order. */
static void check_order(const char *text, const char *const *words, size_t count) {
    const char *from = text;
    for (size_t i = 0; i < count; i++) {
        from = strstr(from, words[i]);
        ck_assert_msg(from != NULL, "expected '%s' in its turn, found:\n%s", words[i], text);
    }
}

static int count_of(const char *text, const char *words) {
    int count = 0;
    for (const char *found = text; (found = strstr(found, words)) != NULL; found++)
        count++;
    return count;
}

START_TEST(a_stream_has_the_name_of_its_backend) {
    denseblock_context *context;
    char expected[64];
    begin_quietly();
    record_begin();
    ck_ok(denseblock_context_create(tested, 0, &context));
    (void)snprintf(expected, sizeof expected, "stream denseblock %s\n",
                   denseblock_backend_name(tested));
    record_is(expected);
    denseblock_context_destroy(context);
    record_is(expected);
    check_quiet("context");
}
END_TEST

START_TEST(every_layer_has_one_range) {
    struct sample sample;
    struct ready ready;
    sample_make(&sample);
    begin_quietly();
    get_ready(&sample, 0, &ready);
    record_begin();
    ck_ok(forward(&ready));
    check_closed("forward");
    const char *ranges = record_of("push");
    /* 30 pixels; growth 4, 4, 2 after 3 channels; kernels 3x3, 3x3, 1x1. */
    static const char *const layers[] = {
        " layer 0 layer 0 channels read 3 channels written 4 bytes 1272\n",
        " layer 1 layer 1 channels read 7 channels written 4 bytes 2328\n",
        " layer 2 layer 2 channels read 11 channels written 2 bytes 1648\n",
        "push 1 forward layer 0 channels read 3 channels written 10 bytes 3088\n",
    };
    for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++)
        ck_assert_msg(count_of(ranges, layers[i]) == 1, "expected one%sfound:\n%s", layers[i],
                      ranges);
    ck_assert_int_eq(count_of(ranges, " layer 0 layer 0 "), 1);
    let_go(&ready);
    check_quiet("forward");
    sample_free(&sample);
}
END_TEST

/* The columns of the outer product of layer 2 are padded. */
START_TEST(a_group_of_the_cuda_backend_has_an_outer_and_inner_products) {
    struct sample sample;
    struct ready ready;
    sample_make(&sample);
    begin_quietly();
    get_ready(&sample, 0, &ready);
    record_begin();
    ck_ok(forward(&ready));
    record_is("push 1 forward layer 0 channels read 3 channels written 10 bytes 3088\n"
              "push 2 place input layer 0 channels read 0 channels written 0 bytes 0\n"
              "pop 2\n"
              "push 2 layers 0..1 layer 0 channels read 3 channels written 8 bytes 2760\n"
              "push 3 layer 0 layer 0 channels read 3 channels written 4 bytes 1272\n"
              "push 4 outer layer 0 channels read 3 channels written 8 bytes 2184\n"
              "pop 4\n"
              "pop 3\n"
              "push 3 layer 1 layer 1 channels read 7 channels written 4 bytes 2328\n"
              "push 4 inner layer 1 channels read 4 channels written 4 bytes 1536\n"
              "pop 4\n"
              "pop 3\n"
              "pop 2\n"
              "push 2 layer 2 layer 2 channels read 11 channels written 2 bytes 1648\n"
              "push 3 outer layer 2 channels read 11 channels written 4 bytes 1976\n"
              "pop 3\n"
              "pop 2\n"
              "pop 1\n");
    let_go(&ready);
    check_quiet("forward");
    sample_free(&sample);
}
END_TEST

START_TEST(winograd_groups_have_transforms_products_and_a_completion) {
    const denseblock_plan_options options = {.algorithm = DENSEBLOCK_ALGORITHM_WINOGRAD2,
                                             .group_size = 2};
    struct sample sample;
    sample_make_winograd(&sample);
    sample.block.options = &options;
    begin_quietly();
    record_begin();
    ck_ok(cuda_case_run(&sample.block));
    check_closed("winograd");
    const char *ranges = record_of("push");
    static const char *const parts[] = {" transform layer 0 channels read 3 ",
                                        " outer layer 0 channels read 3 ",
                                        " complete layer 0 channels read 0 channels written 4 ",
                                        " inner layer 1 channels read 4 ",
                                        " complete layer 1 channels read 0 channels written 4 "};
    check_order(ranges, parts, sizeof parts / sizeof parts[0]);
    sample_free(&sample);
}
END_TEST

/* The double's engines for f32 read a copy of the features. */
START_TEST(a_layer_of_cudnn_has_a_copy_and_a_convolution) {
    struct sample sample;
    sample_make(&sample);
    begin_quietly();
    record_begin();
    ck_ok(cuda_case_run(&sample.block));
    check_closed("cudnn");
    const char *ranges = record_of("push");
    static const char *const parts[] = {" rectify layer 0 channels read 3 ",
                                        " outer layer 0 channels read 3 channels written 4 ",
                                        " rectify layer 1 channels read 4 ",
                                        " outer layer 1 channels read 7 channels written 4 "};
    check_order(ranges, parts, sizeof parts / sizeof parts[0]);
    sample_free(&sample);
}
END_TEST

/* Every launch and every call of a library, one after the other. */
START_TEST(ranges_close_where_a_forward_fails) {
    static const char *const functions[] = {"launch", "cublasGemmEx", "cudnnBackendExecute"};
    int failures = 0;
    for (size_t f = 0; f < sizeof functions / sizeof functions[0]; f++)
        for (long n = 1;; n++) {
            struct sample sample;
            char what[64];
            (void)snprintf(what, sizeof what, "%s %ld", functions[f], n);
            sample_make(&sample);
            begin_quietly();
            cuda_double_fail(functions[f], n, cudaErrorUnknown);
            record_begin();
            const denseblock_status status = cuda_case_run(&sample.block);
            check_closed(what);
            check_quiet(what);
            failures += status != DENSEBLOCK_OK && strstr(record_of("push"), " forward ") != NULL;
            sample_free(&sample);
            if (status == DENSEBLOCK_OK)
                break;
        }
    ck_assert_int_gt(failures, 2); /* in a forward */
}
END_TEST

START_TEST(a_capture_and_a_launch_have_ranges_and_the_capture_is_good) {
    struct sample sample;
    sample_make(&sample);
    sample.block.graph = true;
    begin_quietly();
    record_begin();
    ck_ok(cuda_case_run(&sample.block));
    check_quiet("graph");
    check_closed("graph");
    check_result(&sample);
    const char *ranges = record_of("push");
    ck_assert_int_eq(count_of(ranges, "push 1 capture graph\npush 2 forward "), 1);
    ck_assert_int_eq(count_of(ranges, "push 1 launch graph\n"), 2);
    sample_free(&sample);
}
END_TEST

/* The number behind these words, and where it ends; NULL if the line has others. */
static char *number_behind(const char *line, const char *words, long long *number) {
    char *end = NULL;
    if (strncmp(line, words, strlen(words)) == 0)
        *number = strtoll(line + strlen(words), &end, 10);
    return end;
}

/* At every step of the record, the counters are the sum of the regions there are. Returns how many
 * regions there were. */
static int check_counters(const char *what) {
    enum { MOST_REGIONS = 64 };
    long long sizes[MOST_REGIONS] = {0}, device = 0, host = 0, held = 0;
    int regions = 0;
    for (const char *line = record_text(); *line != 0; line = strchr(line, '\n') + 1) {
        long long region = 0;
        const char *rest = number_behind(line, "region #", &region);
        if (rest != NULL) {
            ck_assert_int_lt(region, MOST_REGIONS);
            (void)number_behind(rest, " ", &sizes[region]);
            held += sizes[region];
            regions++;
        } else if (number_behind(line, "gone #", &region) != NULL) {
            ck_assert_msg(sizes[region] > 0, "%s: a region goes twice", what);
            held -= sizes[region];
            sizes[region] = 0;
        } else if (number_behind(line, "counter device bytes ", &device) != NULL ||
                   number_behind(line, "counter host bytes ", &host) != NULL) {
            ck_assert_msg(device + host == held, "%s: %lld bytes, but regions of %lld", what,
                          device + host, held);
        }
    }
    ck_assert_msg(held == 0 && device == 0 && host == 0, "%s: %lld bytes are left", what, held);
    return regions;
}

/* Also where an allocation fails, and where there are no pools. */
START_TEST(device_bytes_are_those_of_the_regions_and_end_at_zero) {
    for (int pools = 0; pools < 2; pools++)
        for (long n = 0; n < 6; n++) {
            const struct cuda_double_machine machine = {.no_pools = pools == 0};
            struct sample sample;
            char what[64];
            (void)snprintf(what, sizeof what, "pools %d, failure %ld", pools, n);
            sample_make(&sample);
            cuda_double_begin(&machine);
            emulator_clear();
            if (n > 0)
                cuda_double_fail(pools == 0 ? "cudaMalloc" : "cudaMallocAsync", n,
                                 cudaErrorMemoryAllocation);
            record_begin();
            const denseblock_status status = cuda_case_run(&sample.block);
            const int regions = check_counters(what);
            ck_assert(status != DENSEBLOCK_OK || regions > 4);
            check_quiet(what);
            sample_free(&sample);
        }
}
END_TEST

Suite *suite(void) {
    const TTest *const all[] = {a_stream_has_the_name_of_its_backend,
                                every_layer_has_one_range,
                                ranges_close_where_a_forward_fails,
                                a_capture_and_a_launch_have_ranges_and_the_capture_is_good,
                                device_bytes_are_those_of_the_regions_and_end_at_zero,
                                NULL};
    const TTest *const of_cuda[] = {a_group_of_the_cuda_backend_has_an_outer_and_inner_products,
                                    winograd_groups_have_transforms_products_and_a_completion,
                                    NULL};
    const TTest *const of_cublas[] = {winograd_groups_have_transforms_products_and_a_completion,
                                      NULL};
    const TTest *const of_cudnn[] = {a_layer_of_cudnn_has_a_copy_and_a_convolution, NULL};
    return suite_of_backends("trace_on_double", all, of_cuda, of_cublas, of_cudnn);
}
