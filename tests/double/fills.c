/* cudaMemset: asynchronous in both forms, but for pinned memory. */
#include <string.h>

#include "allocate.h"
#include "calls.h"
#include "copies.h"
#include "device_memory.h"
#include "emulator.h"
#include "report.h"
#include "streams.h"

/* `height` rows of `width` bytes. */
struct fill {
    struct double_work base;
    char *to;
    size_t pitch, width, height;
    int value;
    bool on_device;
};

static cudaError_t run_fill(struct double_work *work) {
    const struct fill *fill = (struct fill *)work;
    if (!double_memory_usable(work->writes, work->call))
        return cudaErrorIllegalAddress;
    double_memory_open(work->writes, true);
    for (size_t row = 0; row < fill->height; row++) {
        memset(fill->to + row * fill->pitch, fill->value, fill->width);
        if (fill->on_device)
            emulator_memory_written(fill->to + row * fill->pitch, fill->width);
    }
    double_memory_open(work->writes, false);
    return cudaSuccess;
}

static void destroy_fill(struct double_work *work) {
    free(work);
}

/* `what` says where and how much. */
static cudaError_t set(struct fill what, cudaStream_t handle, bool is_asynchronous) {
    struct CUstream_st *stream = NULL;
    enum double_place place;
    cudaError_t error = double_stream(handle, &stream);
    if (error != cudaSuccess || what.width == 0 || what.height == 0)
        return error;
    if (what.pitch < what.width)
        return cudaErrorInvalidValue;
    const struct double_span span = {what.to, (what.height - 1) * what.pitch + what.width};
    error = double_place(span, &place);
    if (error != cudaSuccess)
        return error;
    if (place == DOUBLE_PAGEABLE) {
        double_mistake("%s: %p is memory of the host", double_call_name(), (void *)what.to);
        return cudaErrorInvalidValue;
    }
    struct fill *fill = double_new(sizeof *fill);
    *fill = what;
    double_work_begin(&fill->base, cudaGraphNodeTypeMemset);
    fill->base.counts = true;
    fill->base.writes = span;
    fill->base.run = run_fill;
    fill->base.destroy = destroy_fill;
    fill->on_device = place == DOUBLE_ON_DEVICE;
    return place == DOUBLE_PINNED && !is_asynchronous
               ? double_enqueue_and_wait(stream, &fill->base)
               : double_enqueue(stream, &fill->base);
}

static struct fill line(void *to, int value, size_t bytes) {
    return (struct fill){.to = to, .pitch = bytes, .width = bytes, .height = 1, .value = value};
}

cudaError_t cudaMemset(void *to, int value, size_t bytes) {
    DOUBLE_CALL(DOUBLE_UNSAFE, set(line(to, value, bytes), NULL, false));
}

cudaError_t cudaMemsetAsync(void *to, int value, size_t bytes, cudaStream_t stream) {
    DOUBLE_CALL(DOUBLE_DEVICE, set(line(to, value, bytes), stream, true));
}

cudaError_t cudaMemset2D(void *to, size_t pitch, int value, size_t width, size_t height) {
    const struct fill what = {
        .to = to, .pitch = pitch, .width = width, .height = height, .value = value};
    DOUBLE_CALL(DOUBLE_UNSAFE, set(what, NULL, false));
}

cudaError_t cudaMemset2DAsync(void *to, size_t pitch, int value, size_t width, size_t height,
                              cudaStream_t stream) {
    const struct fill what = {
        .to = to, .pitch = pitch, .width = width, .height = height, .value = value};
    DOUBLE_CALL(DOUBLE_DEVICE, set(what, stream, true));
}
