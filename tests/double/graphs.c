/* Graphs: what captures leave, and what is launched again and again. */
#include "allocate.h"
#include "calls.h"
#include "capture.h"
#include "objects.h"
#include "report.h"
#include "streams.h"

struct CUgraph_st {
    struct double_object object;
    struct double_graph_body *body;
};

struct CUgraphExec_st {
    struct double_object object;
    struct double_graph_body *body;
    struct double_operation *last; /* of the latest launch, which the next one waits for */
};

static void forget_graph(void *object) {
    struct CUgraph_st *graph = object;
    if (graph->body != NULL)
        double_graph_body_release(graph->body);
    free(graph);
}

struct CUgraph_st *double_graph_new(struct double_graph_body *body) {
    struct CUgraph_st *graph = double_new(sizeof *graph);
    graph->object.forget = forget_graph;
    graph->body = body;
    double_object_add(&graph->object, DOUBLE_GRAPH);
    return graph;
}

static cudaError_t destroy_graph(cudaGraph_t graph) {
    if (!double_object_is(graph, DOUBLE_GRAPH, true))
        return cudaErrorInvalidValue;
    double_graph_body_release(graph->body);
    graph->body = NULL;
    double_object_give_back(&graph->object);
    return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
    cudaError_t error = double_enter(__func__, DOUBLE_DEVICE);
    if (error == cudaSuccess)
        error = destroy_graph(graph);
    else
        double_object_abandon(graph, DOUBLE_GRAPH);
    return double_leave(error);
}

static cudaError_t get_nodes(cudaGraph_t graph, cudaGraphNode_t *nodes, size_t *count) {
    if (count == NULL || !double_object_is(graph, DOUBLE_GRAPH, true))
        return cudaErrorInvalidValue;
    const struct double_nodes *all = &graph->body->nodes;
    if (nodes == NULL) {
        *count = all->count;
        return cudaSuccess;
    }
    for (size_t i = 0; i < *count; i++)
        nodes[i] = i < all->count ? all->items[i] : NULL;
    if (*count > all->count)
        *count = all->count;
    return cudaSuccess;
}

cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t *nodes, size_t *count) {
    DOUBLE_CALL(DOUBLE_DEVICE, get_nodes(graph, nodes, count));
}

static cudaError_t get_type(cudaGraphNode_t node, enum cudaGraphNodeType *type) {
    if (node == NULL || type == NULL)
        return cudaErrorInvalidValue;
    *type = node->work->type;
    return cudaSuccess;
}

cudaError_t cudaGraphNodeGetType(cudaGraphNode_t node, enum cudaGraphNodeType *type) {
    DOUBLE_CALL(DOUBLE_DEVICE, get_type(node, type));
}

static void forget_executable(void *object) {
    struct CUgraphExec_st *executable = object;
    if (executable->body != NULL)
        double_graph_body_release(executable->body);
    double_operation_release(executable->last);
    free(executable);
}

static cudaError_t instantiate(cudaGraphExec_t *out, cudaGraph_t graph,
                               unsigned long long flags) {
    const unsigned long long known =
        cudaGraphInstantiateFlagAutoFreeOnLaunch | cudaGraphInstantiateFlagUseNodePriority;
    if (out == NULL || (flags & ~known) != 0 || !double_object_is(graph, DOUBLE_GRAPH, true))
        return cudaErrorInvalidValue;
    struct CUgraphExec_st *executable = double_new(sizeof *executable);
    executable->object.forget = forget_executable;
    executable->body = graph->body;
    executable->body->references++;
    double_object_add(&executable->object, DOUBLE_EXECUTABLE);
    *out = executable;
    return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *executable, cudaGraph_t graph,
                                 unsigned long long flags) {
    DOUBLE_CALL(DOUBLE_DEVICE, instantiate(executable, graph, flags));
}

cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t *executable, cudaGraph_t graph,
                                          unsigned long long flags) {
    DOUBLE_CALL(DOUBLE_DEVICE, instantiate(executable, graph, flags));
}

/* What waits to run goes on. */
static cudaError_t destroy_executable(cudaGraphExec_t executable) {
    if (!double_object_is(executable, DOUBLE_EXECUTABLE, true))
        return cudaErrorInvalidValue;
    double_graph_body_release(executable->body);
    executable->body = NULL;
    double_operation_set(&executable->last, NULL);
    double_object_give_back(&executable->object);
    return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
    cudaError_t error = double_enter(__func__, DOUBLE_DEVICE);
    if (error == cudaSuccess)
        error = destroy_executable(executable);
    else
        double_object_abandon(executable, DOUBLE_EXECUTABLE);
    return double_leave(error);
}

/* Submits all nodes, the first ones behind `before`, and something behind the last ones. */
static struct double_operation *submit(const struct double_graph_body *body, int device,
                                       struct double_operation **before, size_t before_count) {
    const size_t count = body->nodes.count;
    const size_t size = (count + before_count) * sizeof(struct double_operation *);
    struct double_operation **operations = double_new(size), **dependencies = double_new(size);
    size_t last = 0;
    for (size_t i = 0; i < count; i++) {
        const struct CUgraphNode_st *node = body->nodes.items[i];
        const size_t n = node->dependencies.count;
        for (size_t j = 0; j < n; j++)
            dependencies[j] = operations[node->dependencies.items[j]->index];
        operations[i] = double_submit(device, double_work_retain(node->work),
                                      n == 0 ? before : dependencies, n == 0 ? before_count : n);
    }
    for (size_t i = 0; i < count; i++)
        if (body->nodes.items[i]->last)
            dependencies[last++] = operations[i];
    struct double_operation *end = double_submit(device, NULL, last == 0 ? before : dependencies,
                                                 last == 0 ? before_count : last);
    free(operations);
    free(dependencies);
    return end;
}

static cudaError_t launch(cudaGraphExec_t executable, cudaStream_t handle) {
    struct CUstream_st *stream = NULL;
    if (!double_object_is(executable, DOUBLE_EXECUTABLE, true))
        return cudaErrorInvalidValue;
    const cudaError_t error = double_stream(handle, &stream);
    if (error != cudaSuccess)
        return error;
    if (stream->capture != NULL)
        return double_capture_append_graph(stream, executable->body);
    size_t count = 0;
    struct double_operation **before = double_stream_dependencies(stream, &count);
    before[count++] = executable->last;
    struct double_operation *end = submit(executable->body, stream->device, before, count);
    double_operation_set(&stream->last, end);
    double_operation_set(&executable->last, end);
    free(before);
    return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
    DOUBLE_CALL(DOUBLE_DEVICE, launch(executable, stream));
}
