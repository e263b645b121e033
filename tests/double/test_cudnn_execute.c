/* Suite: the double of cuDNN executes plans on what it may use, and reports mistakes. */
#include "cudnn_case.h"

static cudnnStatus_t run(struct cudnn_case *with) {
    return cudnnBackendExecute(with->handle, with->plan, new_pack(with));
}

static void prepare(struct cudnn_case *with, const struct convolution *of) {
    begin_case(with, of);
    make_plan(with, 2);
    make_memory(with);
}

/* Executing is refused, and a mistake with these words is reported. */
static void check_mistake(struct cudnn_case *with, const char *words) {
    ck_cudnn(run(with), CUDNN_STATUS_EXECUTION_FAILED);
    ck_mistake(words);
}

START_TEST(a_pack_has_a_pointer_for_each_tensor_and_no_other) {
    struct cudnn_case with;
    prepare(&with, &usual);
    const int64_t identifiers[] = {UID_X, UID_W, UID_Y, UID_VIRTUAL};
    void *const pointers[] = {with.x, with.w, with.y, with.y};
    for (int64_t count = 2; count <= 4; count += 2) {
        cudnnBackendDescriptor_t pack =
            new_descriptor(&with, CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
        set_many(pack, VARIANT_PACK_UNIQUE_IDS, INT64, count, identifiers);
        set_many(pack, VARIANT_PACK_DATA_POINTERS, VOID_PTR, count, pointers);
        set_one(pack, VARIANT_PACK_WORKSPACE, VOID_PTR, &with.workspace);
        ck_cudnn(cudnnBackendExecute(with.handle, with.plan, pack),
                 CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED);
        ck_success(cudnnBackendFinalize(pack));
        ck_cudnn(cudnnBackendExecute(with.handle, with.plan, pack),
                 count == 2 ? CUDNN_STATUS_BAD_PARAM_NULL_POINTER : CUDNN_STATUS_BAD_PARAM);
    }
    ck_no_mistakes();
    end_case(&with);
}
END_TEST

START_TEST(the_workspace_is_as_large_as_the_plan_says_and_nobody_elses) {
    struct cudnn_case with;
    prepare(&with, &usual);
    void *const all = with.workspace;
    ck_assert_int_eq(with.workspace_bytes, 160); /* 32 for each channel */
    with.workspace = NULL;
    ck_cudnn(run(&with), CUDNN_STATUS_BAD_PARAM_NULL_POINTER);
    ck_no_mistakes();
    with.workspace = (char *)all + 32;
    check_mistake(&with, "bytes 32 to 192 of device memory");
    with.workspace = with.y;
    check_mistake(&with, "the workspace overlaps a tensor");
    with.workspace = all;
    ck_success(run(&with));
    end_case(&with);
}
END_TEST

START_TEST(pointers_are_aligned_as_promised_and_of_the_device) {
    struct cudnn_case with;
    struct convolution of = usual;
    of.alignment = 16;
    prepare(&with, &of);
    void *const x = with.x;
    with.x = (char *)x + 8;
    check_mistake(&with, "a multiple of 16 was promised");
    with.x = with.host_x;
    check_mistake(&with, "is memory of the host");
    with.x = x;
    end_case(&with);
}
END_TEST

/* x and y are channels of one buffer. */
static void try_view(int64_t pixel, int64_t first, cudnnStatus_t expected) {
    struct cudnn_case with;
    struct convolution of = usual;
    of.x_pixel = of.y_pixel = pixel;
    prepare(&with, &of);
    void *const y = with.y;
    with.y = (float *)with.x + first;
    ck_cudnn(run(&with), expected);
    ck_cuda(cudaStreamSynchronize(with.stream));
    if (expected == CUDNN_STATUS_SUCCESS)
        ck_no_mistakes();
    else
        ck_mistake("y overlaps x or w");
    with.y = y;
    end_case(&with);
}

START_TEST(views_of_one_buffer_may_lie_between_each_other_but_share_nothing) {
    try_view(9, 4, CUDNN_STATUS_EXECUTION_FAILED);
    try_view(5, 0, CUDNN_STATUS_EXECUTION_FAILED);
}
END_TEST

START_TEST(channels_behind_those_that_are_read_may_be_written_in_place) {
    struct cudnn_case with;
    struct convolution of = usual;
    of.x_pixel = of.y_pixel = 9;
    prepare(&with, &of);
    void *const y = with.y;
    with.y = (float *)with.x + 5;
    /* The last channels of the last pixel end with the buffer. */
    execute(&with);
    check_result(&with, 1, 0x1p-23);
    ck_no_mistakes();
    with.y = y;
    end_case(&with);
}
END_TEST

START_TEST(a_tensor_lies_in_one_piece_of_memory) {
    struct cudnn_case with;
    prepare(&with, &usual);
    void *const x = with.x;
    with.x = (float *)x + 4;
    check_mistake(&with, "bytes 16 to 856 of device memory");
    with.x = x;
    end_case(&with);
}
END_TEST

START_TEST(what_was_never_written_is_not_read) {
    struct cudnn_case with;
    prepare(&with, &usual);
    void *const w = with.w;
    ck_cuda(cudaMalloc(&with.w, 4 * 45 * sizeof(float)));
    execute(&with);
    ck_mistake("not all of w was written");
    ck_cuda(cudaFree(with.w));
    with.w = w;
    end_case(&with);
}
END_TEST

START_TEST(a_handle_has_a_stream_and_outlives_the_plan) {
    struct cudnn_case with;
    cudnnHandle_t other = NULL;
    prepare(&with, &usual);
    ck_success(cudnnCreate(&other));
    ck_cudnn(cudnnBackendExecute(other, with.plan, new_pack(&with)),
             CUDNN_STATUS_EXECUTION_FAILED);
    ck_mistake("the handle has no stream");
    ck_success(cudnnSetStream(other, with.stream));
    ck_success(cudnnBackendExecute(other, with.plan, new_pack(&with)));
    ck_success(cudnnDestroy(with.handle));
    with.handle = other;
    check_mistake(&with, "the handle that the plan was made with is destroyed");
    end_case(&with);
}
END_TEST

START_TEST(a_plan_is_executed_late_and_captured) {
    struct cudnn_case with;
    cudnnHandle_t refused = NULL;
    cudaGraphExec_t executable = NULL;
    prepare(&with, &usual);
    cudnnBackendDescriptor_t pack = new_pack(&with);
    ck_cuda(cudaStreamBeginCapture(with.stream, cudaStreamCaptureModeGlobal));
    ck_success(cudnnBackendExecute(with.handle, with.plan, pack));
    cudaGraph_t graph = end_capture(with.stream);
    ck_cuda(cudaGraphInstantiate(&executable, graph, 0));
    ck_cuda(cudaGraphLaunch(executable, with.stream));
    ck_cuda(cudaStreamSynchronize(with.stream));
    check_result(&with, 1, 0x1p-23);
    ck_no_mistakes();
    ck_cuda(cudaGraphExecDestroy(executable));
    ck_cuda(cudaGraphDestroy(graph));
    ck_cuda(cudaStreamBeginCapture(with.stream, cudaStreamCaptureModeGlobal));
    ck_assert_int_ne((int)cudnnCreate(&refused), CUDNN_STATUS_SUCCESS);
    ck_assert_ptr_null(refused);
    (void)cudaStreamEndCapture(with.stream, &graph);
    end_case(&with);
}
END_TEST

START_TEST(parts_may_be_destroyed_when_the_plan_is_finalised) {
    struct cudnn_case with;
    begin_case(&with, &usual);
    make_plan(&with, 2);
    make_memory(&with);
    /* The plan is the last. */
    while (with.descriptor_count > 1) {
        ck_success(cudnnBackendDestroyDescriptor(with.descriptors[0]));
        with.descriptors[0] = with.descriptors[--with.descriptor_count];
        if (with.descriptors[0] == with.plan && with.descriptor_count > 1) {
            with.descriptors[0] = with.descriptors[1];
            with.descriptors[1] = with.plan;
        }
    }
    execute(&with);
    check_result(&with, 1, 0x1p-23);
    ck_no_mistakes();
    end_case(&with);
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {
        a_pack_has_a_pointer_for_each_tensor_and_no_other,
        the_workspace_is_as_large_as_the_plan_says_and_nobody_elses,
        pointers_are_aligned_as_promised_and_of_the_device,
        views_of_one_buffer_may_lie_between_each_other_but_share_nothing,
        channels_behind_those_that_are_read_may_be_written_in_place,
        a_tensor_lies_in_one_piece_of_memory,
        what_was_never_written_is_not_read,
        a_handle_has_a_stream_and_outlives_the_plan,
        a_plan_is_executed_late_and_captured,
        parts_may_be_destroyed_when_the_plan_is_finalised,
        NULL,
    };
    return suite_of("double.cudnn_execute", tests);
}
