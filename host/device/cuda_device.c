/* A GPU as a device: a CUDA stream, and what belongs to it. */
#include <cuda_runtime_api.h>
#include <stdlib.h>
#include <string.h>

#include "cuda_check.h"
#include "device/cuda_devices.h"
#include "device/energy.h"
#include "elements/elements.h"
#include "elementwise.h"
#include "status/fail.h"

struct dblk_queue {
    cudaStream_t stream;
    cudaEvent_t start, stop; /* of the timer */
    uint64_t *scratch;       /* a word of device memory */
    double fetched[1];       /* room for a word of it: a copy that failed may still arrive */
    bool has_pools;          /* memory can be had in stream order */
    int number;              /* of the device */
    struct dblk_energy energy;
};

static denseblock_status cuda_enter(int number, int *previous) {
    (void)cudaGetLastError(); /* an old error of the caller's would look like that of a launch */
    denseblock_status status = dblk_cuda_check(cudaGetDevice(previous), "cudaGetDevice");
    if (status == DENSEBLOCK_OK && *previous != number)
        status = dblk_cuda_check(cudaSetDevice(number), "cudaSetDevice");
    return status;
}

static void cuda_leave(int number, int previous) {
    if (previous != number && cudaSetDevice(previous) != cudaSuccess)
        (void)cudaGetLastError(); /* the caller's device was good before */
}

static denseblock_status cuda_allocate(struct dblk_queue *queue, denseblock_memory memory,
                                       size_t bytes, void **address) {
    const char *call;
    cudaError_t error;
    *address = NULL;
    if (memory == DENSEBLOCK_MEMORY_HOST) {
        call = "cudaMallocHost";
        error = cudaMallocHost(address, bytes);
    } else if (queue->has_pools) {
        call = "cudaMallocAsync";
        error = cudaMallocAsync(address, bytes, queue->stream);
    } else {
        call = "cudaMalloc";
        error = cudaMalloc(address, bytes);
    }
    if (error == cudaErrorMemoryAllocation) {
        (void)cudaGetLastError();
        *address = NULL;
        return dblk_fail(
            DENSEBLOCK_OUT_OF_MEMORY, "no memory: %zu bytes %s could not be had", bytes,
            memory == DENSEBLOCK_MEMORY_HOST ? "of pinned host memory" : "on the GPU");
    }
    return dblk_cuda_check(error, call);
}

/* Memory of a pool is freed in stream order. What is enqueued may still use the rest, and that CUDA
 * waits for it is not promised. */
static denseblock_status cuda_free(struct dblk_queue *queue, denseblock_memory memory,
                                   void *address) {
    if (memory == DENSEBLOCK_MEMORY_DEVICE && queue->has_pools)
        return dblk_cuda_check(cudaFreeAsync(address, queue->stream), "cudaFreeAsync");
    const denseblock_status status =
        dblk_cuda_check(cudaStreamSynchronize(queue->stream), "the work on the GPU");
    const denseblock_status freed = memory == DENSEBLOCK_MEMORY_DEVICE
                                        ? dblk_cuda_check(cudaFree(address), "cudaFree")
                                        : dblk_cuda_check(cudaFreeHost(address), "cudaFreeHost");
    return status == DENSEBLOCK_OK ? freed : status;
}

static denseblock_status cuda_free_memory(struct dblk_queue *queue, size_t *bytes) {
    (void)queue;
    size_t total;
    return dblk_cuda_check(cudaMemGetInfo(bytes, &total), "cudaMemGetInfo");
}

static denseblock_status cuda_synchronize(struct dblk_queue *queue) {
    return dblk_cuda_check(cudaStreamSynchronize(queue->stream), "the work on the GPU");
}

static void cuda_close(struct dblk_queue *queue) {
    if (queue == NULL)
        return;
    /* Nobody is left to be told of an error. */
    if (queue->stream != NULL)
        (void)cudaStreamSynchronize(queue->stream);
    if (queue->scratch != NULL)
        (void)cudaFree(queue->scratch);
    if (queue->start != NULL)
        (void)cudaEventDestroy(queue->start);
    if (queue->stop != NULL)
        (void)cudaEventDestroy(queue->stop);
    if (queue->stream != NULL)
        (void)cudaStreamDestroy(queue->stream);
    dblk_energy_close(&queue->energy);
    (void)cudaGetLastError();
    free(queue);
}

static denseblock_status make_parts(int number, struct dblk_queue *queue) {
    int pools = 0;
    /* Not ordered with the legacy default stream, which others may use. */
    denseblock_status status =
        dblk_cuda_check(cudaStreamCreateWithFlags(&queue->stream, cudaStreamNonBlocking),
                        "cudaStreamCreateWithFlags");
    if (status == DENSEBLOCK_OK)
        status = dblk_cuda_check(cudaEventCreate(&queue->start), "cudaEventCreate");
    if (status == DENSEBLOCK_OK)
        status = dblk_cuda_check(cudaEventCreate(&queue->stop), "cudaEventCreate");
    if (status == DENSEBLOCK_OK)
        status = dblk_cuda_check(
            cudaDeviceGetAttribute(&pools, cudaDevAttrMemoryPoolsSupported, number),
            "cudaDeviceGetAttribute");
    queue->has_pools = pools != 0;
    if (status == DENSEBLOCK_OK)
        status = dblk_cuda_check(cudaMalloc((void **)&queue->scratch, sizeof *queue->scratch),
                                 "cudaMalloc");
    return status;
}

static denseblock_status cuda_open(int number, struct dblk_queue **queue) {
    struct dblk_queue *made = calloc(1, sizeof *made);
    if (made == NULL)
        return dblk_fail(DENSEBLOCK_OUT_OF_MEMORY, "no memory for a context");
    made->number = number;
    const denseblock_status status = make_parts(number, made);
    if (status != DENSEBLOCK_OK)
        cuda_close(made);
    else
        *queue = made;
    return status;
}

static void *cuda_stream(const struct dblk_queue *queue) {
    return queue->stream;
}

static denseblock_status cuda_copy(struct dblk_queue *queue, denseblock_direction direction,
                                   void *dst, size_t dst_pitch, const void *src, size_t src_pitch,
                                   size_t row_bytes, size_t rows) {
    static const enum cudaMemcpyKind kinds[] = {cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost,
                                                cudaMemcpyDeviceToDevice};
    if (rows == 1 || (dst_pitch == row_bytes && src_pitch == row_bytes))
        return dblk_cuda_check(
            cudaMemcpyAsync(dst, src, row_bytes * rows, kinds[direction], queue->stream),
            "cudaMemcpyAsync");
    return dblk_cuda_check(cudaMemcpy2DAsync(dst, dst_pitch, src, src_pitch, row_bytes, rows,
                                             kinds[direction], queue->stream),
                           "cudaMemcpy2DAsync");
}

/* Copies so many bytes to queue->fetched, and waits. */
static denseblock_status fetch(struct dblk_queue *queue, const void *from, size_t bytes) {
    const denseblock_status status = dblk_cuda_check(
        cudaMemcpyAsync(queue->fetched, from, bytes, cudaMemcpyDeviceToHost, queue->stream),
        "cudaMemcpyAsync");
    return status == DENSEBLOCK_OK ? cuda_synchronize(queue) : status;
}

static denseblock_status cuda_first_not_finite(struct dblk_queue *queue, denseblock_type type,
                                               const void *elements, int64_t count,
                                               int64_t *first, double *value) {
    const size_t size = denseblock_type_size(type);
    uint64_t found;
    denseblock_status status = dblk_cuda_check(
        cudaMemsetAsync(queue->scratch, 0xff, sizeof found, queue->stream), "cudaMemsetAsync");
    if (status == DENSEBLOCK_OK)
        status = dblk_find_not_finite(queue->stream, type, elements, count, 0, queue->scratch);
    if (status == DENSEBLOCK_OK)
        status = fetch(queue, queue->scratch, sizeof found);
    if (status != DENSEBLOCK_OK)
        return status;
    memcpy(&found, queue->fetched, sizeof found);
    *first = found < (uint64_t)count ? (int64_t)found : count;
    if (*first == count)
        return DENSEBLOCK_OK;
    status = fetch(queue, (const char *)elements + (size_t)*first * size, size);
    if (status == DENSEBLOCK_OK)
        *value = dblk_element_load(type, queue->fetched, 0);
    return status;
}

static denseblock_status cuda_timer_start(struct dblk_queue *queue) {
    return dblk_cuda_check(cudaEventRecord(queue->start, queue->stream), "cudaEventRecord");
}

static denseblock_status cuda_timer_stop(struct dblk_queue *queue, double *seconds) {
    float milliseconds = 0;
    denseblock_status status =
        dblk_cuda_check(cudaEventRecord(queue->stop, queue->stream), "cudaEventRecord");
    if (status == DENSEBLOCK_OK)
        status = dblk_cuda_check(cudaEventSynchronize(queue->stop), "the work on the GPU");
    if (status == DENSEBLOCK_OK)
        status = dblk_cuda_check(cudaEventElapsedTime(&milliseconds, queue->start, queue->stop),
                                 "cudaEventElapsedTime");
    *seconds = (double)milliseconds / 1e3;
    return status;
}

static denseblock_status cuda_energy(struct dblk_queue *queue, double *joules) {
    struct dblk_problem problem;
    const denseblock_status status =
        dblk_energy_read(&queue->energy, queue->number, joules, &problem);
    return status == DENSEBLOCK_OK ? status : dblk_fail(status, "%s", problem.text);
}

static denseblock_status cuda_capture_begin(struct dblk_queue *queue) {
    return dblk_cuda_check(
        cudaStreamBeginCapture(queue->stream, cudaStreamCaptureModeThreadLocal),
        "cudaStreamBeginCapture");
}

static denseblock_status cuda_capture_end(struct dblk_queue *queue, void **graph) {
    cudaGraph_t captured = NULL;
    cudaGraphExec_t executable = NULL;
    *graph = NULL;
    denseblock_status status =
        dblk_cuda_check(cudaStreamEndCapture(queue->stream, &captured), "cudaStreamEndCapture");
    if (status != DENSEBLOCK_OK)
        return status;
    status = dblk_cuda_check(cudaGraphInstantiateWithFlags(&executable, captured, 0),
                             "cudaGraphInstantiateWithFlags");
    const denseblock_status destroyed =
        dblk_cuda_check(cudaGraphDestroy(captured), "cudaGraphDestroy");
    if (status == DENSEBLOCK_OK)
        status = destroyed;
    if (status != DENSEBLOCK_OK && executable != NULL)
        (void)cudaGraphExecDestroy(executable);
    else
        *graph = executable;
    return status;
}

static denseblock_status cuda_graph_launch(struct dblk_queue *queue, void *graph) {
    return dblk_cuda_check(cudaGraphLaunch(graph, queue->stream), "cudaGraphLaunch");
}

static void cuda_graph_destroy(void *graph) {
    if (graph != NULL && cudaGraphExecDestroy(graph) != cudaSuccess)
        (void)cudaGetLastError();
}

const struct dblk_device dblk_cuda_device = {
    .memory = DENSEBLOCK_MEMORY_DEVICE,
    .check = dblk_cuda_device_check,
    .open = cuda_open,
    .close = cuda_close,
    .stream = cuda_stream,
    .synchronize = cuda_synchronize,
    .enter = cuda_enter,
    .leave = cuda_leave,
    .allocate = cuda_allocate,
    .free = cuda_free,
    .free_memory = cuda_free_memory,
    .copy = cuda_copy,
    .first_not_finite = cuda_first_not_finite,
    .timer_start = cuda_timer_start,
    .timer_stop = cuda_timer_stop,
    .energy = cuda_energy,
    .capture_begin = cuda_capture_begin,
    .capture_end = cuda_capture_end,
    .graph_launch = cuda_graph_launch,
    .graph_destroy = cuda_graph_destroy,
};
