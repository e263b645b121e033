/* Executing a plan on what a variant pack points to. */
#include <stdint.h>

#include "allocate.h"
#include "cudnn_convolve.h"
#include "cudnn_engines.h"
#include "cudnn_finalize.h"
#include "device_memory.h"
#include "emulator.h"
#include "library_arguments.h"
#include "report.h"
#include "streams.h"

enum { WORKSPACE_ALIGNMENT = 16 };

cudnnStatus_t double_cudnn_finalize_pack(struct double_cudnn_descriptor *descriptor) {
    int64_t identifiers, pointers;
    (void)double_cudnn_get(descriptor, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, &identifiers);
    (void)double_cudnn_get(descriptor, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, &pointers);
    return identifiers == pointers
               ? CUDNN_STATUS_SUCCESS
               : double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM, "%lld identifiers for %lld pointers",
                                     (long long)identifiers, (long long)pointers);
}

/* ---- Running ---- */

struct execution {
    struct double_work base;
    struct double_cudnn_plan plan;
    char *x, *w, *y, *workspace;
};

static bool is_run_written(void *begin, size_t first, size_t bytes) {
    return emulator_memory_is_written((const char *)begin + first, bytes);
}

static bool write_run(void *begin, size_t first, size_t bytes) {
    emulator_memory_written((char *)begin + first, bytes);
    return true;
}

static void check_written(const struct double_cudnn_tensor *tensor, char *begin,
                          const char *name) {
    if (!double_cudnn_each_run(tensor, is_run_written, begin))
        double_mistake("cudnnBackendExecute: not all of %s was written", name);
}

static struct double_span workspace_of(const struct execution *execution) {
    return (struct double_span){execution->workspace, execution->plan.workspace};
}

static cudaError_t run_execution(struct double_work *work) {
    struct execution *execution = (struct execution *)work;
    const struct double_cudnn_problem *problem = &execution->plan.problem;
    if (!double_memory_usable(work->reads, work->call) ||
        !double_memory_usable(double_cudnn_span(&problem->w, execution->w), work->call) ||
        !double_memory_usable(work->writes, work->call) ||
        !double_memory_usable(workspace_of(execution), work->call))
        return cudaErrorIllegalAddress;
    check_written(&problem->x, execution->x, "x");
    check_written(&problem->w, execution->w, "w");
    double_memory_open_all(true);
    double_use_workspace(execution->workspace, execution->plan.workspace);
    double_cudnn_convolve(problem, execution->plan.numerical_notes, execution->x, execution->w,
                          execution->y);
    double_memory_open_all(false);
    (void)double_cudnn_each_run(&problem->y, write_run, execution->y);
    return cudaSuccess;
}

static void destroy_execution(struct double_work *work) {
    free(work);
}

/* ---- What it is given ---- */

/* The pointer that the pack has for a tensor: NULL where there is none. */
static char *find_pointer(const struct double_cudnn_descriptor *pack,
                          const struct double_cudnn_tensor *tensor) {
    int64_t count;
    const int64_t *identifiers =
        double_cudnn_get(pack, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, &count);
    char *const *pointers = double_cudnn_get(pack, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, &count);
    for (int64_t i = 0; i < count; i++)
        if (identifiers[i] == tensor->uid)
            return pointers[i];
    return NULL;
}

static cudnnStatus_t read_pack(const struct double_cudnn_descriptor *pack,
                               struct execution *execution) {
    const struct double_cudnn_problem *problem = &execution->plan.problem;
    int64_t count;
    (void)double_cudnn_get(pack, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, &count);
    execution->x = find_pointer(pack, &problem->x);
    execution->w = find_pointer(pack, &problem->w);
    execution->y = find_pointer(pack, &problem->y);
    execution->workspace = double_cudnn_pointer(pack, CUDNN_ATTR_VARIANT_PACK_WORKSPACE);
    if (execution->x == NULL || execution->w == NULL || execution->y == NULL)
        return double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM_NULL_POINTER,
                                   "a tensor of the graph has no pointer");
    if (count != 3)
        return double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM,
                                   "%lld pointers for 3 tensors that are not virtual",
                                   (long long)count);
    if (execution->plan.workspace > 0 && execution->workspace == NULL)
        return double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM_NULL_POINTER,
                                   "no workspace, though the plan needs %zu bytes",
                                   execution->plan.workspace);
    return CUDNN_STATUS_SUCCESS;
}

static bool is_tensor_good(const struct double_cudnn_tensor *tensor, const char *begin,
                           const char *name) {
    if ((uintptr_t)begin % (uintptr_t)tensor->alignment == 0)
        return double_is_on_device(double_cudnn_span(tensor, begin));
    double_mistake("cudnnBackendExecute: %s is at %p, though a multiple of %lld was promised",
                   name, (const void *)begin, (long long)tensor->alignment);
    return false;
}

/* The workspace is only a pointer: whether enough is behind it, cuDNN does not know. */
static bool is_workspace_good(const struct execution *execution) {
    const struct double_cudnn_problem *problem = &execution->plan.problem;
    const struct double_span workspace = workspace_of(execution);
    if (workspace.bytes == 0)
        return true;
    if ((uintptr_t)workspace.begin % WORKSPACE_ALIGNMENT != 0)
        double_mistake("cudnnBackendExecute: the workspace is at %p",
                       (const void *)workspace.begin);
    else if (double_overlap(workspace, double_cudnn_span(&problem->x, execution->x)) ||
             double_overlap(workspace, double_cudnn_span(&problem->w, execution->w)) ||
             double_overlap(workspace, double_cudnn_span(&problem->y, execution->y)))
        double_mistake("cudnnBackendExecute: the workspace overlaps a tensor");
    else
        return double_is_on_device(workspace);
    return false;
}

/* What cuDNN would not see, but the convolution would suffer from. */
static bool is_good(cudnnHandle_t handle, const struct execution *execution) {
    const struct double_cudnn_problem *problem = &execution->plan.problem;
    if (handle->device != double_current_device())
        double_mistake("cudnnBackendExecute: the handle is of device %d, the current one is %d",
                       handle->device, double_current_device());
    else if (!double_cudnn_is_handle(execution->plan.handle) ||
             handle->device != execution->plan.handle->device)
        double_mistake(
            "cudnnBackendExecute: the handle that the plan was made with is destroyed, "
            "or of another device");
    else if (handle->stream == NULL)
        double_mistake("cudnnBackendExecute: the handle has no stream, and takes the legacy one");
    else if (is_tensor_good(&problem->x, execution->x, "x") &&
             is_tensor_good(&problem->w, execution->w, "w") &&
             is_tensor_good(&problem->y, execution->y, "y") && is_workspace_good(execution)) {
        if (!double_cudnn_share(&problem->y, execution->y, &problem->x, execution->x) &&
            !double_cudnn_share(&problem->y, execution->y, &problem->w, execution->w))
            return true;
        double_mistake("cudnnBackendExecute: y overlaps x or w");
    }
    return false;
}

static cudnnStatus_t enqueue(cudnnHandle_t handle, const struct execution *what) {
    struct CUstream_st *stream = NULL;
    if (double_stream(handle->stream, &stream) != cudaSuccess)
        return double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM, "the handle's stream is none");
    struct execution *execution = double_new(sizeof *execution);
    *execution = *what;
    double_work_begin(&execution->base, cudaGraphNodeTypeKernel);
    execution->base.counts = true;
    execution->base.reads = double_cudnn_span(&what->plan.problem.x, what->x);
    execution->base.writes = double_cudnn_span(&what->plan.problem.y, what->y);
    execution->base.run = run_execution;
    execution->base.destroy = destroy_execution;
    return double_cudnn_status_of(double_enqueue(stream, &execution->base));
}

static cudnnStatus_t execute(cudnnHandle_t handle, cudnnBackendDescriptor_t plan,
                             cudnnBackendDescriptor_t pack) {
    struct execution execution = {.x = NULL};
    if (!double_cudnn_is_handle(handle))
        return double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM, "no handle");
    cudnnStatus_t status = double_cudnn_check(plan, CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
    if (status == CUDNN_STATUS_SUCCESS)
        status = double_cudnn_check(pack, CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
    if (status != CUDNN_STATUS_SUCCESS)
        return status;
    double_cudnn_read_plan(plan, &execution.plan);
    status = read_pack(pack, &execution);
    if (status != CUDNN_STATUS_SUCCESS)
        return status;
    return is_good(handle, &execution)
               ? enqueue(handle, &execution)
               : double_cudnn_refuse(CUDNN_STATUS_EXECUTION_FAILED,
                                     "a mistake of the caller, which the double reports");
}

cudnnStatus_t cudnnBackendExecute(cudnnHandle_t handle, cudnnBackendDescriptor_t plan,
                                  cudnnBackendDescriptor_t pack) {
    CUDNN_CALL(DOUBLE_DEVICE, execute(handle, plan, pack));
}
