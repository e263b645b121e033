/* Suite: graphs, as captures make them. */
#include "test_kernels.h"

static cudaGraphExec_t instantiate(cudaGraph_t graph) {
    cudaGraphExec_t executable = NULL;
    ck_cuda(cudaGraphInstantiate(&executable, graph, 0));
    return executable;
}

static size_t count_nodes(cudaGraph_t graph) {
    size_t count = 0;
    ck_cuda(cudaGraphGetNodes(graph, NULL, &count));
    return count;
}

START_TEST(a_graph_runs_again_and_again) {
    cuda_double_begin(NULL);
    int *x = new_device(1), *from = new_pinned(1), *to = new_pinned(1);
    cudaStream_t stream = begin_capture(cudaStreamCaptureModeGlobal),
                 other = new_stream(cudaStreamNonBlocking);
    ck_cuda(cudaMemcpyAsync(x, from, sizeof *x, cudaMemcpyHostToDevice, stream));
    launch_update(x, 1, 2, stream);
    launch_update(x, 1, 3, stream);
    ck_cuda(cudaMemcpyAsync(to, x, sizeof *x, cudaMemcpyDeviceToHost, stream));
    cudaGraph_t graph = end_capture(stream);
    ck_assert_uint_eq(count_nodes(graph), 4);
    cudaGraphNode_t nodes[6];
    size_t count = 6;
    ck_cuda(cudaGraphGetNodes(graph, nodes, &count));
    ck_assert_uint_eq(count, 4);
    enum cudaGraphNodeType type = cudaGraphNodeTypeEmpty;
    ck_cuda(cudaGraphNodeGetType(nodes[1], &type));
    ck_assert_int_eq((int)type, cudaGraphNodeTypeKernel);
    cudaGraphExec_t executable = instantiate(graph);
    ck_cuda(cudaGraphDestroy(graph)); /* what was made of it lives on */
    ck_assert_int_eq(closures, 2);
    for (int i = 0; i < 5; i++) {
        *from = i;
        ck_cuda(cudaGraphLaunch(executable, i % 2 == 0 ? stream : other));
        ck_cuda(cudaDeviceSynchronize());
        ck_assert_int_eq(*to, (2 * i + 2) * 3 + 3);
    }
    ck_cuda(cudaGraphLaunch(executable, stream));
    ck_cuda(cudaGraphExecDestroy(executable)); /* it waits, and runs nevertheless */
    *from = 9;
    ck_cuda(cudaStreamSynchronize(stream));
    ck_assert_int_eq(*to, 63);
    ck_assert_int_eq(closures, 0);
    ck_no_mistakes();
}
END_TEST

START_TEST(nothing_runs_while_it_is_captured) {
    cuda_double_begin(NULL);
    int *x = new_device(1), host = 0;
    const int five = 5;
    ck_cuda(cudaMemcpy(x, &five, sizeof five, cudaMemcpyHostToDevice));
    ck_cuda(cudaDeviceSynchronize());
    cudaStream_t stream = begin_capture(cudaStreamCaptureModeGlobal);
    launch_store(x, 1, 6, stream);
    cudaGraph_t graph = end_capture(stream);
    ck_cuda(cudaMemcpyAsync(&host, x, sizeof host, cudaMemcpyDeviceToHost, stream));
    ck_assert_int_eq(host, 5);
    ck_cuda(cudaGraphDestroy(graph));
    ck_assert_int_eq(closures, 0);
    cudaGraphExec_t executable = NULL;
    ck_error(cudaGraphInstantiate(&executable, graph, 0), cudaErrorInvalidValue);
    ck_mistake("the graph was destroyed");
}
END_TEST

START_TEST(graphs_that_are_left_are_leaks) {
    cuda_double_begin(NULL);
    cudaGraph_t graph = end_capture(begin_capture(cudaStreamCaptureModeGlobal));
    ck_assert_uint_eq(count_nodes(graph), 0);
    cudaGraphExec_t executable = instantiate(graph);
    ck_assert_ptr_nonnull(strstr(cuda_double_leaks(), "graph 1, of cudaStreamEndCapture"));
    ck_assert_ptr_nonnull(
        strstr(cuda_double_leaks(), "executable graph 1, of cudaGraphInstantiate"));
    ck_cuda(cudaGraphLaunch(executable, NULL));
    ck_cuda(cudaDeviceSynchronize());
    ck_cuda(cudaGraphExecDestroy(executable));
    ck_error(cudaGraphLaunch(executable, NULL), cudaErrorInvalidValue);
}
END_TEST

/* store 1 -> (update 2 in the other stream) -> update 3 */
static cudaGraph_t capture_fork(int *x, bool join) {
    cudaStream_t stream = begin_capture(cudaStreamCaptureModeGlobal),
                 other = new_stream(cudaStreamNonBlocking);
    cudaEvent_t fork = NULL, joined = NULL;
    ck_cuda(cudaEventCreate(&fork));
    ck_cuda(cudaEventCreate(&joined));
    launch_store(x, 1, 1, stream);
    ck_cuda(cudaEventRecord(fork, stream));
    ck_cuda(cudaStreamWaitEvent(other, fork, 0));
    enum cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
    ck_cuda(cudaStreamIsCapturing(other, &status));
    ck_assert_int_eq((int)status, cudaStreamCaptureStatusActive);
    launch_update(x, 1, 2, other);
    ck_cuda(cudaEventRecord(joined, other));
    cudaGraph_t graph = NULL;
    if (!join) {
        ck_error(cudaStreamEndCapture(stream, &graph), cudaErrorStreamCaptureUnjoined);
        ck_assert_ptr_null(graph);
        return NULL;
    }
    ck_cuda(cudaStreamWaitEvent(stream, joined, 0));
    launch_update(x, 1, 3, stream);
    graph = end_capture(stream);
    ck_error(cudaEventQuery(fork), cudaErrorCapturedEvent);
    ck_mistake("the event was recorded in a capture");
    return graph;
}

START_TEST(streams_fork_and_join) {
    for (unsigned long long seed = 0; seed < 10; seed++) {
        cuda_double_begin(NULL);
        cuda_double_seed(seed);
        int *x = new_device(1), host = 0;
        cudaGraph_t graph = capture_fork(x, true);
        ck_assert_uint_eq(count_nodes(graph), 3);
        ck_cuda(cudaGraphLaunch(instantiate(graph), NULL));
        ck_cuda(cudaMemcpy(&host, x, sizeof host, cudaMemcpyDeviceToHost));
        ck_assert_int_eq(host, 15);
    }
    cuda_double_begin(NULL);
    ck_assert_ptr_null(capture_fork(new_device(1), false));
}
END_TEST

START_TEST(a_launch_can_be_captured) {
    cuda_double_begin(NULL);
    int *x = new_device(1), host = 0;
    cudaGraphExec_t inner = instantiate(capture_fork(x, true));
    cudaStream_t stream = begin_capture(cudaStreamCaptureModeGlobal);
    ck_cuda(cudaGraphLaunch(inner, stream));
    launch_update(x, 1, 1, stream);
    cudaGraph_t graph = end_capture(stream);
    ck_assert_uint_eq(count_nodes(graph), 4);
    ck_cuda(cudaGraphExecDestroy(inner));
    ck_cuda(cudaGraphLaunch(instantiate(graph), stream));
    ck_cuda(cudaMemcpyAsync(&host, x, sizeof host, cudaMemcpyDeviceToHost, stream));
    ck_assert_int_eq(host, 16);
}
END_TEST

START_TEST(graphs_with_memory_that_was_freed) {
    cuda_double_begin(NULL);
    int *x = new_device(1);
    cudaStream_t stream = begin_capture(cudaStreamCaptureModeGlobal);
    ck_cuda(cudaMemsetAsync(x, 0, sizeof *x, stream));
    cudaGraphExec_t executable = instantiate(end_capture(stream));
    ck_cuda(cudaFree(x));
    ck_cuda(cudaGraphLaunch(executable, stream));
    ck_mistake("cudaMemsetAsync: uses device memory 1, which was freed");
    ck_error(cudaStreamSynchronize(stream), cudaErrorIllegalAddress);
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {
        a_graph_runs_again_and_again,
        nothing_runs_while_it_is_captured,
        graphs_that_are_left_are_leaks,
        streams_fork_and_join,
        a_launch_can_be_captured,
        graphs_with_memory_that_was_freed,
        NULL,
    };
    return suite_of("double.graphs", tests);
}
