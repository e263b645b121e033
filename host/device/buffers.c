/* Buffers of any device, and the account of them. */
#include "block/context.h"
#include "device/device.h"
#include "status/fail.h"
#include "trace/trace.h"

#include <stdlib.h>
#include <string.h>

enum { MEMORIES = 2 };

struct buffer {
    void *address;
    size_t bytes;
    denseblock_memory memory;
    denseblock_context *context;
    char *label;
};

struct denseblock_buffers {
    struct buffer *held; /* in no order */
    size_t held_count, held_capacity;
    size_t bytes[MEMORIES], peak[MEMORIES];
    bool timeline;
    denseblock_buffer_event *events;
    size_t event_count, event_capacity;
    char **labels; /* of buffers that are gone, for their events */
    size_t label_count, label_capacity;
};

static const char no_memory[] = "no memory for the account of a buffer";

/* Room for one more element of `size` bytes. */
static bool grow(void **array, size_t *capacity, size_t count, size_t size) {
    if (count < *capacity)
        return true;
    const size_t larger = *capacity == 0 ? 16 : *capacity * 2;
    void *grown = realloc(*array, larger * size);
    if (grown == NULL)
        return false;
    *array = grown;
    *capacity = larger;
    return true;
}

denseblock_status denseblock_buffers_create(bool timeline, denseblock_buffers **buffers) {
    if (buffers == NULL)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,
                         "denseblock_buffers_create: buffers is NULL");
    *buffers = calloc(1, sizeof **buffers);
    if (*buffers == NULL)
        return dblk_fail(DENSEBLOCK_OUT_OF_MEMORY, "no memory for an account of buffers");
    (*buffers)->timeline = timeline;
    return DENSEBLOCK_OK;
}

/* Cannot fail: make_room was called before. */
static void add_event(denseblock_buffers *buffers, const struct buffer *buffer, bool freed) {
    if (!buffers->timeline)
        return;
    buffers->events[buffers->event_count++] = (denseblock_buffer_event){
        .label = buffer->label,
        .memory = buffer->memory,
        .freed = freed,
        .bytes = buffer->bytes,
        .held = buffers->bytes[buffer->memory],
    };
}

/* For a buffer, and what its end will need: freeing must not fail for want of memory. */
static bool make_room(denseblock_buffers *buffers) {
    const size_t events = buffers->event_count + buffers->held_count + 1;
    const size_t labels = buffers->label_count + buffers->held_count;
    return grow((void **)&buffers->held, &buffers->held_capacity, buffers->held_count,
                sizeof *buffers->held) &&
           (!buffers->timeline || (grow((void **)&buffers->events, &buffers->event_capacity,
                                        events, sizeof *buffers->events) &&
                                   grow((void **)&buffers->labels, &buffers->label_capacity,
                                        labels, sizeof *buffers->labels)));
}

denseblock_status denseblock_buffers_allocate(denseblock_buffers *buffers,
                                              denseblock_context *context,
                                              denseblock_memory memory, size_t bytes,
                                              const char *label, void **address) {
    static const char function[] = "denseblock_buffers_allocate";
    if (address != NULL)
        *address = NULL;
    if (buffers == NULL || context == NULL || label == NULL || address == NULL)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT, "%s: a NULL pointer", function);
    if (memory != DENSEBLOCK_MEMORY_HOST && memory != dblk_context_device(context)->memory)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,
                         "%s: memory %d is not of this context's backend", function, (int)memory);
    if (bytes == 0)
        return DENSEBLOCK_OK;
    struct buffer made = {
        .bytes = bytes, .memory = memory, .context = context, .label = strdup(label)};
    if (made.label == NULL || !make_room(buffers)) {
        free(made.label);
        return dblk_fail(DENSEBLOCK_OUT_OF_MEMORY, no_memory);
    }
    int previous;
    denseblock_status status = dblk_context_enter(context, &previous);
    if (status == DENSEBLOCK_OK) {
        status =
            dblk_context_device(context)->allocate(context->queue, memory, bytes, &made.address);
        dblk_context_leave(context, previous);
    }
    if (status != DENSEBLOCK_OK) {
        free(made.label);
        return status;
    }
    buffers->held[buffers->held_count++] = made;
    buffers->bytes[memory] += bytes;
    if (buffers->bytes[memory] > buffers->peak[memory])
        buffers->peak[memory] = buffers->bytes[memory];
    add_event(buffers, &made, false);
    dblk_trace_allocated(made.address, bytes, memory, label);
    *address = made.address;
    return DENSEBLOCK_OK;
}

static denseblock_status free_at(denseblock_buffers *buffers, size_t index) {
    const struct buffer buffer = buffers->held[index];
    buffers->held[index] = buffers->held[--buffers->held_count];
    buffers->bytes[buffer.memory] -= buffer.bytes;
    add_event(buffers, &buffer, true);
    dblk_trace_freed(buffer.address, buffer.bytes, buffer.memory);
    if (buffers->timeline)
        buffers->labels[buffers->label_count++] = buffer.label;
    else
        free(buffer.label);
    /* Also where the device cannot be entered, what can be is given back. */
    int previous;
    const denseblock_status entered = dblk_context_enter(buffer.context, &previous);
    const denseblock_status freed =
        dblk_context_device(buffer.context)
            ->free(buffer.context->queue, buffer.memory, buffer.address);
    if (entered != DENSEBLOCK_OK)
        return entered;
    dblk_context_leave(buffer.context, previous);
    return freed;
}

denseblock_status denseblock_buffers_free(denseblock_buffers *buffers, void *address) {
    if (buffers == NULL)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT, "denseblock_buffers_free: buffers is NULL");
    if (address == NULL)
        return DENSEBLOCK_OK;
    for (size_t i = buffers->held_count; i-- > 0;)
        if (buffers->held[i].address == address)
            return free_at(buffers, i);
    return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,
                     "denseblock_buffers_free: %p is none of these buffers, or was freed before",
                     address);
}

void denseblock_buffers_destroy(denseblock_buffers *buffers) {
    if (buffers == NULL)
        return;
    while (buffers->held_count > 0)
        (void)free_at(buffers, buffers->held_count - 1); /* there is nobody to tell */
    for (size_t i = 0; i < buffers->label_count; i++)
        free(buffers->labels[i]);
    free(buffers->labels);
    free(buffers->events);
    free(buffers->held);
    free(buffers);
}

size_t denseblock_buffers_held(const denseblock_buffers *buffers, denseblock_memory memory) {
    return buffers->bytes[memory];
}

size_t denseblock_buffers_peak(const denseblock_buffers *buffers, denseblock_memory memory) {
    return buffers->peak[memory];
}

const denseblock_buffer_event *denseblock_buffers_timeline(const denseblock_buffers *buffers,
                                                           size_t *count) {
    *count = buffers->event_count;
    return buffers->events;
}
