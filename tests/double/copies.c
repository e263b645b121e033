/* Copies. What is synchronous, and to what extent, follows the section "API synchronization
 * behavior" of NVIDIA's reference: what it leaves open happens late. */
#include "copies.h"

#include <stdint.h>
#include <string.h>

#include "address_space.h"
#include "allocate.h"
#include "calls.h"
#include "device_memory.h"
#include "emulator.h"
#include "report.h"
#include "streams.h"

enum { POISON = 0xA5 };

/* `height` rows of `width` bytes. */
struct shape {
    size_t to_pitch, from_pitch, width, height;
};

struct copy {
    struct double_work base;
    char *to;
    const char *from;
    struct shape shape;
    char *staged; /* a copy of pageable memory, made at the call */
    bool from_device, to_device;
};

cudaError_t double_place(struct double_span span, enum double_place *place) {
    const struct double_memory *memory = double_memory_find(span.begin);
    const char *call = double_call_name();
    *place = DOUBLE_PAGEABLE;
    if (memory == NULL && !double_space_has(span.begin))
        return cudaSuccess;
    if (memory == NULL) {
        double_mistake("%s: %p is in no memory", call, (const void *)span.begin);
        return cudaErrorInvalidValue;
    }
    *place = memory->pinned ? DOUBLE_PINNED : DOUBLE_ON_DEVICE;
    const char *kind = memory->pinned ? "pinned" : "device";
    const size_t offset = (size_t)(span.begin - memory->address);
    if (memory->object.gone)
        double_mistake("%s: %s memory %ld was freed", call, kind, memory->object.number);
    else if (span.bytes > memory->bytes - offset)
        double_mistake("%s: bytes %zu to %zu of %s memory %ld, which has %zu", call, offset,
                       offset + span.bytes, kind, memory->object.number, memory->bytes);
    else
        return cudaSuccess;
    return cudaErrorInvalidValue;
}

static bool matches(enum cudaMemcpyKind kind, enum double_place to, enum double_place from) {
    const bool to_device = to == DOUBLE_ON_DEVICE, from_device = from == DOUBLE_ON_DEVICE;
    switch (kind) {
    case cudaMemcpyHostToHost:
        return !to_device && !from_device;
    case cudaMemcpyHostToDevice:
        return to_device && !from_device;
    case cudaMemcpyDeviceToHost:
        return !to_device && from_device;
    case cudaMemcpyDeviceToDevice:
        return to_device && from_device;
    default:
        return kind == cudaMemcpyDefault;
    }
}

static void poison(struct double_work *work) {
    const struct copy *copy = (struct copy *)work;
    for (size_t row = 0; row < copy->shape.height; row++)
        memset(copy->to + row * copy->shape.to_pitch, POISON, copy->shape.width);
}

static bool is_written(const struct copy *copy) {
    for (size_t row = 0; row < copy->shape.height; row++)
        if (!emulator_memory_is_written(copy->from + row * copy->shape.from_pitch,
                                        copy->shape.width))
            return false;
    return true;
}

static cudaError_t run_copy(struct double_work *work) {
    const struct copy *copy = (struct copy *)work;
    const struct shape *shape = &copy->shape;
    if (!double_memory_usable(work->reads, work->call) ||
        !double_memory_usable(work->writes, work->call))
        return cudaErrorIllegalAddress;
    if (copy->from_device && !is_written(copy))
        double_mistake("%s: copies device memory %ld, of which not all was written", work->call,
                       double_memory_find(copy->from)->object.number);
    double_memory_open(work->reads, true);
    double_memory_open(work->writes, true);
    for (size_t row = 0; row < shape->height; row++) {
        char *to = copy->to + row * shape->to_pitch;
        const char *from = copy->staged != NULL ? copy->staged + row * shape->width
                                                : copy->from + row * shape->from_pitch;
        memmove(to, from, shape->width);
        if (copy->to_device)
            emulator_memory_written(to, shape->width);
    }
    double_memory_open(work->reads, false);
    double_memory_open(work->writes, false);
    return cudaSuccess;
}

static void destroy_copy(struct double_work *work) {
    free(((struct copy *)work)->staged);
    free(work);
}

static struct double_span rows(const char *begin, size_t pitch, const struct shape *shape) {
    return (struct double_span){begin, (shape->height - 1) * pitch + shape->width};
}

/* Reads the source now. */
static void stage(struct copy *copy) {
    const struct shape *shape = &copy->shape;
    copy->staged = double_checked(malloc(shape->width * shape->height));
    for (size_t row = 0; row < shape->height; row++)
        memcpy(copy->staged + row * shape->width, copy->from + row * shape->from_pitch,
               shape->width);
    copy->base.reads.bytes = 0;
}

static cudaError_t enqueue(struct copy *copy, enum double_place to, enum double_place from,
                           struct CUstream_st *stream, bool is_asynchronous) {
    const bool captured = stream->capture != NULL;
    const bool staged = from == DOUBLE_PAGEABLE && to == DOUBLE_ON_DEVICE && !captured;
    if (staged && !is_asynchronous) {
        const cudaError_t error = double_enqueue_and_wait(stream, NULL);
        if (error != cudaSuccess) {
            double_work_release(&copy->base);
            return error;
        }
    }
    if (staged)
        stage(copy);
    if (to == DOUBLE_PINNED && from == DOUBLE_ON_DEVICE)
        copy->base.enqueued = poison;
    const cudaError_t error = double_enqueue(stream, &copy->base);
    if (error != cudaSuccess || captured)
        return error;
    const bool on_host = to != DOUBLE_ON_DEVICE && from != DOUBLE_ON_DEVICE;
    const bool waits = on_host || to == DOUBLE_PAGEABLE ||
                       (!is_asynchronous && (to == DOUBLE_PINNED || from == DOUBLE_PINNED));
    return waits ? double_run(stream->last) : cudaSuccess;
}

static cudaError_t transfer(char *to, const char *from, const struct shape *shape,
                            enum cudaMemcpyKind kind, cudaStream_t handle, bool is_asynchronous) {
    struct CUstream_st *stream = NULL;
    enum double_place to_place, from_place;
    cudaError_t error = double_stream(handle, &stream);
    if (error != cudaSuccess)
        return error;
    if (shape->width == 0 || shape->height == 0)
        return double_stuck();
    if (shape->to_pitch < shape->width || shape->from_pitch < shape->width)
        return cudaErrorInvalidPitchValue;
    const struct double_span writes = rows(to, shape->to_pitch, shape),
                             reads = rows(from, shape->from_pitch, shape);
    error = to == NULL || from == NULL ? cudaErrorInvalidValue : double_place(writes, &to_place);
    if (error == cudaSuccess)
        error = double_place(reads, &from_place);
    if (error != cudaSuccess)
        return error;
    if (!matches(kind, to_place, from_place)) {
        double_mistake("%s: the direction is not that of the pointers", double_call_name());
        return cudaErrorInvalidValue;
    }
    if (shape->height == 1 && double_overlap(writes, reads))
        double_mistake("%s: source and destination overlap", double_call_name());
    struct copy *copy = double_new(sizeof *copy);
    double_work_begin(&copy->base, cudaGraphNodeTypeMemcpy);
    copy->base.counts = true;
    copy->base.reads = reads;
    copy->base.writes = writes;
    copy->base.run = run_copy;
    copy->base.destroy = destroy_copy;
    copy->to = to;
    copy->from = from;
    copy->shape = *shape;
    copy->to_device = to_place == DOUBLE_ON_DEVICE;
    copy->from_device = from_place == DOUBLE_ON_DEVICE;
    return enqueue(copy, to_place, from_place, stream, is_asynchronous);
}

cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind) {
    const struct shape shape = {bytes, bytes, bytes, 1};
    DOUBLE_CALL(DOUBLE_UNSAFE, transfer(to, from, &shape, kind, NULL, false));
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind,
                            cudaStream_t stream) {
    const struct shape shape = {bytes, bytes, bytes, 1};
    DOUBLE_CALL(DOUBLE_DEVICE, transfer(to, from, &shape, kind, stream, true));
}

cudaError_t cudaMemcpy2D(void *to, size_t to_pitch, const void *from, size_t from_pitch,
                         size_t width, size_t height, enum cudaMemcpyKind kind) {
    const struct shape shape = {to_pitch, from_pitch, width, height};
    DOUBLE_CALL(DOUBLE_UNSAFE, transfer(to, from, &shape, kind, NULL, false));
}

cudaError_t cudaMemcpy2DAsync(void *to, size_t to_pitch, const void *from, size_t from_pitch,
                              size_t width, size_t height, enum cudaMemcpyKind kind,
                              cudaStream_t stream) {
    const struct shape shape = {to_pitch, from_pitch, width, height};
    DOUBLE_CALL(DOUBLE_DEVICE, transfer(to, from, &shape, kind, stream, true));
}
