/* Buffers and copies on a GPU: tests/unit/test_buffers.c has them on the processor. On the runtime
 * double. */
#include <string.h>

#include "backends.h"
#include "on_double.h"

START_TEST(buffers_on_a_gpu_are_accounted_for) {
    denseblock_context *context;
    denseblock_buffers *buffers;
    void *device, *pinned;
    begin_quietly();
    ck_ok(denseblock_context_create(tested, 0, &context));
    const size_t own = cuda_double_memory();
    ck_ok(denseblock_buffers_create(true, &buffers));
    ck_ok(denseblock_buffers_allocate(buffers, context, DENSEBLOCK_MEMORY_DEVICE, 1000, "on it",
                                      &device));
    ck_ok(denseblock_buffers_allocate(buffers, context, DENSEBLOCK_MEMORY_HOST, 500, "pinned",
                                      &pinned));
    ck_assert_uint_eq(denseblock_buffers_held(buffers, DENSEBLOCK_MEMORY_DEVICE), 1000);
    ck_assert_uint_eq(denseblock_buffers_held(buffers, DENSEBLOCK_MEMORY_HOST), 500);
    ck_assert_uint_ge(cuda_double_memory(), own + 1000);
    ck_ok(denseblock_buffers_free(buffers, device));
    ck_ok(denseblock_context_synchronize(context));
    ck_assert_uint_eq(cuda_double_memory(), own);
    ck_fails(denseblock_buffers_free(buffers, device), DENSEBLOCK_INVALID_ARGUMENT,
             "freed before");
    size_t count;
    const denseblock_buffer_event *events = denseblock_buffers_timeline(buffers, &count);
    ck_assert_uint_eq(count, 3);
    ck_assert_str_eq(events[2].label, "on it");
    ck_assert(events[2].freed && events[2].held == 0);
    denseblock_buffers_destroy(buffers); /* with the pinned one still in it */
    denseblock_context_destroy(context);
    check_quiet("buffers");
}
END_TEST

START_TEST(the_free_memory_of_a_gpu_is_known) {
    denseblock_context *context;
    size_t bytes;
    const struct cuda_double_machine machine = {.memory_bytes = 1 << 20};
    cuda_double_begin(&machine);
    ck_ok(denseblock_context_create(tested, 0, &context));
    ck_ok(denseblock_context_free_memory(context, &bytes));
    ck_assert(bytes > (1 << 19) && bytes < (1 << 20));
    denseblock_context_destroy(context);
    check_quiet("free memory");
}
END_TEST

/* Rows of 3 bytes: 4 or 3 apart here, 5 or 3 there. */
START_TEST(rows_are_copied_with_and_without_gaps) {
    enum { ROWS = 9, ROW = 3 };
    denseblock_context *context;
    denseblock_buffers *buffers;
    begin_quietly();
    ck_ok(denseblock_context_create(tested, 0, &context));
    ck_ok(denseblock_buffers_create(false, &buffers));
    for (int way = 0; way < 4; way++) {
        const size_t host = way & 1 ? ROW : 4, device = way & 2 ? ROW : 5;
        unsigned char from[ROWS * 4], to[ROWS * 4];
        void *first, *second;
        for (size_t i = 0; i < sizeof from; i++)
            from[i] = (unsigned char)i;
        memset(to, 0xEE, sizeof to);
        ck_ok(denseblock_buffers_allocate(buffers, context, DENSEBLOCK_MEMORY_DEVICE, ROWS * 5,
                                          "first", &first));
        ck_ok(denseblock_buffers_allocate(buffers, context, DENSEBLOCK_MEMORY_DEVICE, ROWS * 5,
                                          "second", &second));
        ck_ok(denseblock_copy(context, DENSEBLOCK_UPLOAD, first, device, from, host, ROW, ROWS));
        ck_ok(denseblock_copy(context, DENSEBLOCK_WITHIN, second, ROW, first, device, ROW, ROWS));
        ck_ok(denseblock_copy(context, DENSEBLOCK_WITHIN, first, device, second, ROW, ROW, ROWS));
        ck_ok(denseblock_copy(context, DENSEBLOCK_DOWNLOAD, to, host, first, device, ROW, ROWS));
        ck_ok(denseblock_context_synchronize(context));
        for (size_t i = 0; i < (size_t)ROWS * host; i++)
            ck_assert_uint_eq(to[i], i % host < ROW ? from[i] : 0xEE);
        ck_ok(denseblock_buffers_free(buffers, first));
        ck_ok(denseblock_buffers_free(buffers, second));
    }
    denseblock_buffers_destroy(buffers);
    denseblock_context_destroy(context);
    check_quiet("rows");
}
END_TEST

START_TEST(a_context_is_destroyed_when_its_work_is_done) {
    enum { COUNT = 1000 };
    denseblock_context *context;
    unsigned char *device, *pinned;
    begin_quietly();
    ck_ok(denseblock_context_create(tested, 0, &context));
    ck_assert_int_eq(cudaMalloc((void **)&device, COUNT), cudaSuccess);
    ck_assert_int_eq(cudaMemset(device, 7, COUNT), cudaSuccess);
    ck_assert_int_eq(cudaDeviceSynchronize(), cudaSuccess);
    ck_assert_int_eq(cudaMallocHost((void **)&pinned, COUNT), cudaSuccess);
    ck_ok(denseblock_copy(context, DENSEBLOCK_DOWNLOAD, pinned, COUNT, device, COUNT, COUNT, 1));
    denseblock_context_destroy(context);
    ck_assert_uint_eq(pinned[0], 7);
    ck_assert_uint_eq(pinned[COUNT - 1], 7);
    ck_assert_int_eq(cudaFreeHost(pinned), cudaSuccess);
    ck_assert_int_eq(cudaFree(device), cudaSuccess);
    check_quiet("destruction");
}
END_TEST

Suite *suite(void) {
    const TTest *const all[] = {buffers_on_a_gpu_are_accounted_for,
                                the_free_memory_of_a_gpu_is_known,
                                rows_are_copied_with_and_without_gaps,
                                a_context_is_destroyed_when_its_work_is_done, NULL};
    const TTest *const of_cuda[] = {NULL};
    const TTest *const of_cublas[] = {NULL};
    const TTest *const of_cudnn[] = {NULL};
    return suite_of_backends("cuda_buffers", all, of_cuda, of_cublas, of_cudnn);
}
