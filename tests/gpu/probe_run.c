#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "probe.h"

/* After y and the workspace, as a trap for writes past their ends. */
enum { GUARD_BYTES = 4096, GUARD = 0x5A, POISON = 0xFF /* NaN, of every type */ };
enum { WARMUPS = 3, MOST_REPEATS = 1000 };

/* ---- Memory of the backend ---- */

struct memory {
    denseblock_context *context;
    denseblock_buffers *buffers;
    denseblock_memory kind;
};

static void *take(const struct memory *memory, size_t bytes, const char *label) {
    void *address = NULL;
    if (bytes > 0)
        probe_check(denseblock_buffers_allocate(memory->buffers, memory->context, memory->kind,
                                                bytes, label, &address),
                    label);
    return address;
}

static void upload(const struct memory *memory, void *to, const void *from, size_t bytes) {
    if (bytes > 0)
        probe_check(
            denseblock_copy(memory->context, DENSEBLOCK_UPLOAD, to, bytes, from, bytes, bytes, 1),
            "upload");
}

static void download(const struct memory *memory, void *to, const void *from, size_t bytes) {
    if (bytes > 0)
        probe_check(denseblock_copy(memory->context, DENSEBLOCK_DOWNLOAD, to, bytes, from, bytes,
                                    bytes, 1),
                    "download");
    probe_check(denseblock_context_synchronize(memory->context), "download");
}

/* ---- What is executed ---- */

struct execution {
    const struct probe_request *request;
    const struct probe_case *block;
    struct memory memory;
    denseblock_plan *plan;
    denseblock_graph *graph;
    void *x, *y, *prepared, *workspace;
    size_t pixels, x_row, y_row, y_bytes, workspace_bytes;
    char *poison; /* of y with its guard, or of the workspace with it */
    char *host_x; /* of the whole batch */
};

static void fill_guarded(const struct execution *run, void *device, size_t bytes) {
    memset(run->poison, POISON, bytes);
    memset(run->poison + bytes, GUARD, GUARD_BYTES);
    if (run->request->no_poison) /* what is not written must look as if it were not */
        upload(&run->memory, (char *)device + bytes, run->poison + bytes, GUARD_BYTES);
    else
        upload(&run->memory, device, run->poison, bytes + GUARD_BYTES);
    probe_check(denseblock_context_synchronize(run->memory.context), "upload");
}

static bool guard_intact(const struct execution *run, const void *device, size_t bytes) {
    download(&run->memory, run->poison, (const char *)device + bytes, GUARD_BYTES);
    for (size_t i = 0; i < GUARD_BYTES; i++)
        if (run->poison[i] != GUARD)
            return false;
    return true;
}

/* y and workspace as they are before an execution. */
static void reset(const struct execution *run) {
    fill_guarded(run, run->y, run->y_bytes);
    fill_guarded(run, run->workspace, run->workspace_bytes);
    if (run->block->in_place)
        probe_check(denseblock_copy(run->memory.context, DENSEBLOCK_UPLOAD, run->y, run->y_row,
                                    run->host_x, run->x_row, run->x_row, run->pixels),
                    "upload of x");
    probe_check(denseblock_context_synchronize(run->memory.context), "upload");
}

static void prepare_weights(struct execution *run) {
    const denseblock_desc *const desc = &run->block->desc;
    const void **kernels = probe_allocate((size_t)desc->layer_count * sizeof *kernels);
    void **device = probe_allocate((size_t)desc->layer_count * sizeof *device);
    for (int64_t l = 0; l < desc->layer_count; l++) {
        const denseblock_layer *const layer = &desc->layers[l];
        const size_t bytes = (size_t)(layer->kernel_height * layer->kernel_width *
                                      probe_channels(run->block, l) * layer->growth) *
                             denseblock_type_size(desc->type);
        device[l] = take(&run->memory, bytes, "kernel");
        upload(&run->memory, device[l], run->block->kernels[l], bytes);
        kernels[l] = device[l];
    }
    run->prepared = take(&run->memory, denseblock_plan_weights_bytes(run->plan), "weights");
    probe_check(
        denseblock_weights_prepare(run->memory.context, run->plan, kernels, run->prepared),
        "preparing the weights");
    for (int64_t l = 0; l < desc->layer_count; l++)
        probe_check(denseblock_buffers_free(run->memory.buffers, device[l]), "free");
    free(kernels);
    free(device);
}

static void begin(const struct probe_request *request, const struct probe_case *block,
                  denseblock_plan *plan, struct execution *run) {
    const denseblock_desc *const desc = &block->desc;
    const size_t size = denseblock_type_size(desc->type);
    *run = (struct execution){.request = request, .block = block, .plan = plan};
    const denseblock_backend backend = denseblock_plan_backend(plan);
    run->memory.kind = denseblock_backend_memory(backend);
    probe_check(denseblock_context_create(backend, 0, &run->memory.context), "context");
    probe_check(denseblock_buffers_create(false, &run->memory.buffers), "buffers");
    run->pixels = (size_t)(desc->batch * desc->height * desc->width);
    run->x_row = (size_t)desc->channels * size;
    run->y_row = (size_t)denseblock_plan_output_channels(plan) * size;
    run->y_bytes = denseblock_plan_output_bytes(plan);
    run->workspace_bytes = denseblock_plan_workspace_bytes(plan);
    const size_t largest =
        run->y_bytes > run->workspace_bytes ? run->y_bytes : run->workspace_bytes;
    run->poison = probe_allocate(largest + GUARD_BYTES);
    run->host_x = probe_allocate(run->pixels * run->x_row);
    const size_t image_bytes = (size_t)(desc->height * desc->width) * run->x_row;
    for (int64_t n = 0; n < desc->batch; n++)
        memcpy(run->host_x + (size_t)n * image_bytes,
               (const char *)block->x + (size_t)block->image_of[n] * image_bytes, image_bytes);
    run->y = take(&run->memory, run->y_bytes + GUARD_BYTES, "y");
    run->workspace = take(&run->memory, run->workspace_bytes + GUARD_BYTES, "workspace");
    if (!block->in_place) {
        run->x = take(&run->memory, run->pixels * run->x_row, "x");
        upload(&run->memory, run->x, run->host_x, run->pixels * run->x_row);
    }
    prepare_weights(run);
}

static void end(struct execution *run) {
    denseblock_graph_destroy(run->graph);
    denseblock_buffers_destroy(run->memory.buffers);
    denseblock_context_destroy(run->memory.context);
    free(run->poison);
    free(run->host_x);
}

static void execute(const struct execution *run) {
    if (run->graph != NULL)
        probe_check(denseblock_graph_launch(run->graph), "graph");
    else
        probe_check(denseblock_forward(run->memory.context, run->plan, run->prepared, run->x,
                                       run->y, run->workspace),
                    "forward");
}

/* Executes it once, and says how far y is from what is expected. */
static struct probe_errors try_once(const struct execution *run, const void *expected,
                                    bool *guards_intact) {
    char *y = probe_allocate(run->y_bytes);
    reset(run);
    execute(run);
    probe_check(denseblock_context_synchronize(run->memory.context), "execution");
    download(&run->memory, y, run->y, run->y_bytes);
    const struct probe_errors errors = probe_compare(run->block, y, expected);
    *guards_intact = *guards_intact && guard_intact(run, run->y, run->y_bytes) &&
                     guard_intact(run, run->workspace, run->workspace_bytes);
    free(y);
    return errors;
}

/* ---- Times ---- */

static double now_us(void) {
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return 1e6 * (double)time.tv_sec + 1e-3 * (double)time.tv_nsec;
}

static int ascending(const void *a, const void *b) {
    const double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static struct probe_times time_execution(const struct execution *run) {
    static double device_ms[MOST_REPEATS], host_us[MOST_REPEATS];
    const size_t repeats = (size_t)run->request->repeats;
    denseblock_context *const context = run->memory.context;
    struct probe_times times = {0};
    if (repeats == 0)
        return times;
    reset(run);
    for (int i = 0; i < WARMUPS; i++)
        execute(run);
    probe_check(denseblock_context_synchronize(context), "execution");
    for (size_t i = 0; i < repeats; i++) {
        double seconds;
        probe_check(denseblock_timer_start(context), "timer");
        const double start = now_us();
        execute(run);
        host_us[i] = now_us() - start;
        probe_check(denseblock_timer_stop(context, &seconds), "timer");
        device_ms[i] = 1e3 * seconds;
    }
    qsort(device_ms, repeats, sizeof *device_ms, ascending);
    qsort(host_us, repeats, sizeof *host_us, ascending);
    times.median_ms = device_ms[repeats / 2];
    times.least_ms = device_ms[0];
    times.most_ms = device_ms[repeats - 1];
    times.enqueue_us = host_us[repeats / 2];
    return times;
}

/* ---- The whole ---- */

/* y of the different images. */
static void *reference_result(const struct probe_case *block) {
    denseblock_plan *plan;
    denseblock_context *context;
    probe_check(probe_plan(block, block->images, DENSEBLOCK_BACKEND_REFERENCE, NULL, &plan),
                "the reference's plan");
    probe_check(denseblock_context_create(DENSEBLOCK_BACKEND_REFERENCE, 0, &context), "context");
    void *y = probe_allocate(denseblock_plan_output_bytes(plan));
    void *prepared = probe_allocate(denseblock_plan_weights_bytes(plan));
    void *workspace = probe_allocate(denseblock_plan_workspace_bytes(plan));
    probe_check(
        denseblock_weights_prepare(context, plan, (const void *const *)block->kernels, prepared),
        "preparing the reference's weights");
    probe_check(denseblock_forward(context, plan, prepared, block->x, y, workspace), "reference");
    free(prepared);
    free(workspace);
    denseblock_context_destroy(context);
    denseblock_plan_destroy(plan);
    return y;
}

/* The lines of the plan in one. */
static void copy_plan(const char *text, char *plan, size_t size) {
    size_t length = 0;
    for (; *text != 0 && length + 3 < size; text++) {
        if (*text != '\n')
            plan[length++] = *text;
        else if (text[1] != 0) {
            plan[length++] = ';';
            plan[length++] = ' ';
        }
    }
    plan[length] = 0;
}

void probe_run(const struct probe_request *request, const struct probe_case *block,
               struct probe_findings *findings) {
    const denseblock_plan_options options = {.algorithm = request->algorithm,
                                             .instructions = request->instructions,
                                             .group_size = request->group_size};
    denseblock_plan *plan;
    struct execution run;
    *findings = (struct probe_findings){.guards_intact = true};
    const denseblock_status status =
        probe_plan(block, block->desc.batch, request->backend, &options, &plan);
    if (status == DENSEBLOCK_UNSUPPORTED) {
        findings->unsupported = denseblock_last_error();
        return;
    }
    probe_check(status, "plan");
    findings->output_bytes = denseblock_plan_output_bytes(plan);
    findings->weights_bytes = denseblock_plan_weights_bytes(plan);
    findings->workspace_bytes = denseblock_plan_workspace_bytes(plan);
    findings->flops = denseblock_plan_flops(plan);
    copy_plan(denseblock_plan_describe(plan), findings->plan, sizeof findings->plan);

    void *expected = reference_result(block);
    begin(request, block, plan, &run);
    findings->plain = try_once(&run, expected, &findings->guards_intact);
    findings->plain_times = time_execution(&run);
    if (run.memory.kind == DENSEBLOCK_MEMORY_DEVICE) {
        probe_check(denseblock_graph_create(run.memory.context, plan, run.prepared, run.x, run.y,
                                            run.workspace, &run.graph),
                    "graph");
        findings->has_graph = true;
        findings->graph = try_once(&run, expected, &findings->guards_intact);
        findings->graph_times = time_execution(&run);
    }
    end(&run);
    denseblock_plan_destroy(plan);
    free(expected);
}
