/* A forward as a CUDA Graph. */
#include <stdlib.h>

#include "backends/backend.h"
#include "block/context.h"
#include "device/device.h"
#include "status/fail.h"
#include "trace/trace.h"

struct denseblock_graph {
    denseblock_context *context;
    void *executable;
};

/* Also what fails half-way has to end the capture. */
static denseblock_status capture(denseblock_context *context, const denseblock_plan *plan,
                                 const void *prepared, const void *x, void *y, void *workspace,
                                 void **executable) {
    const struct dblk_device *device = dblk_context_device(context);
    denseblock_status status = device->capture_begin(context->queue);
    if (status != DENSEBLOCK_OK)
        return status;
    status = denseblock_forward(context, plan, prepared, x, y, workspace);
    if (status != DENSEBLOCK_OK) {
        char message[256]; /* the first error is the one to tell */
        (void)snprintf(message, sizeof message, "%s", denseblock_last_error());
        if (device->capture_end(context->queue, executable) == DENSEBLOCK_OK)
            device->graph_destroy(*executable);
        return dblk_fail(status, "%s", message);
    }
    return device->capture_end(context->queue, executable);
}

denseblock_status denseblock_graph_create(denseblock_context *context,
                                          const denseblock_plan *plan, const void *prepared,
                                          const void *x, void *y, void *workspace,
                                          denseblock_graph **graph) {
    static const char function[] = "denseblock_graph_create";
    if (graph == NULL)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT, "%s: graph is NULL", function);
    *graph = NULL;
    denseblock_status status = dblk_context_check(context, plan, function);
    if (status != DENSEBLOCK_OK)
        return status;
    if (dblk_context_device(context)->capture_begin == NULL)
        return dblk_fail(DENSEBLOCK_UNSUPPORTED, "%s: the %s backend has no graphs", function,
                         context->backend->name);
    denseblock_graph *made = calloc(1, sizeof *made);
    if (made == NULL)
        return dblk_fail(DENSEBLOCK_OUT_OF_MEMORY, "no memory for a graph");
    made->context = context;
    int previous;
    status = dblk_context_enter(context, &previous);
    if (status == DENSEBLOCK_OK) {
        dblk_trace_begin(DBLK_TRACE_CAPTURE);
        status = capture(context, plan, prepared, x, y, workspace, &made->executable);
        dblk_trace_end();
        dblk_context_leave(context, previous);
    }
    if (status != DENSEBLOCK_OK) {
        free(made);
        return status;
    }
    *graph = made;
    return DENSEBLOCK_OK;
}

denseblock_status denseblock_graph_launch(denseblock_graph *graph) {
    if (graph == NULL)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT, "denseblock_graph_launch: graph is NULL");
    int previous;
    denseblock_status status = dblk_context_enter(graph->context, &previous);
    if (status != DENSEBLOCK_OK)
        return status;
    dblk_trace_begin(DBLK_TRACE_GRAPH);
    status = dblk_context_device(graph->context)
                 ->graph_launch(graph->context->queue, graph->executable);
    dblk_trace_end();
    dblk_context_leave(graph->context, previous);
    return status;
}

void denseblock_graph_destroy(denseblock_graph *graph) {
    if (graph == NULL)
        return;
    dblk_context_device(graph->context)->graph_destroy(graph->executable);
    free(graph);
}
