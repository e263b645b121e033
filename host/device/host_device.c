/* The processor as a device: what is enqueued has been done at the return. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "device/device.h"
#include "elements/elements.h"
#include "status/fail.h"

struct dblk_queue {
    struct timespec start; /* of the timer */
};

static denseblock_status host_check(int number, struct dblk_problem *problem) {
    if (number == 0)
        return DENSEBLOCK_OK;
    (void)snprintf(problem->text, sizeof problem->text,
                   "device %d: CPU backends run on the processor, device 0", number);
    return DENSEBLOCK_INVALID_ARGUMENT;
}

static denseblock_status host_open(int number, struct dblk_queue **queue) {
    (void)number;
    *queue = calloc(1, sizeof **queue);
    return *queue != NULL ? DENSEBLOCK_OK
                          : dblk_fail(DENSEBLOCK_OUT_OF_MEMORY, "no memory for a context");
}

static void host_close(struct dblk_queue *queue) {
    free(queue);
}

static void *host_stream(const struct dblk_queue *queue) {
    (void)queue;
    return NULL;
}

static denseblock_status host_synchronize(struct dblk_queue *queue) {
    (void)queue;
    return DENSEBLOCK_OK;
}

static denseblock_status host_enter(int number, int *previous) {
    *previous = number;
    return DENSEBLOCK_OK;
}

static void host_leave(int number, int previous) {
    (void)number;
    (void)previous;
}

/* Large blocks ask for large pages: the processor then finds their addresses faster. */
static denseblock_status host_allocate(struct dblk_queue *queue, denseblock_memory memory,
                                       size_t bytes, void **address) {
    (void)queue;
    (void)memory; /* buffers.c asks for none but the host's */
    const size_t large_page = (size_t)2 << 20;
    const size_t alignment = bytes < large_page ? (size_t)DENSEBLOCK_ALIGNMENT : large_page;
    const size_t whole = bytes <= SIZE_MAX - alignment ? (bytes + alignment - 1) / alignment : 0;
    *address = whole > 0 ? aligned_alloc(alignment, whole * alignment) : NULL;
    if (*address == NULL)
        return dblk_fail(DENSEBLOCK_OUT_OF_MEMORY, "no memory: %zu bytes could not be had",
                         bytes);
    if (alignment == large_page)
        (void)madvise(*address, whole * alignment, MADV_HUGEPAGE); /* a wish */
    return DENSEBLOCK_OK;
}

static denseblock_status host_free(struct dblk_queue *queue, denseblock_memory memory,
                                   void *address) {
    (void)queue;
    (void)memory;
    free(address);
    return DENSEBLOCK_OK;
}

static denseblock_status host_free_memory(struct dblk_queue *queue, size_t *bytes) {
    (void)queue;
    *bytes = SIZE_MAX;
    return DENSEBLOCK_OK;
}

static denseblock_status host_copy(struct dblk_queue *queue, denseblock_direction direction,
                                   void *dst, size_t dst_pitch, const void *src, size_t src_pitch,
                                   size_t row_bytes, size_t rows) {
    (void)queue;
    (void)direction;
    if (dst_pitch == row_bytes && src_pitch == row_bytes) {
        memcpy(dst, src, row_bytes * rows);
        return DENSEBLOCK_OK;
    }
    for (size_t r = 0; r < rows; r++)
        memcpy((char *)dst + r * dst_pitch, (const char *)src + r * src_pitch, row_bytes);
    return DENSEBLOCK_OK;
}

static denseblock_status host_first_not_finite(struct dblk_queue *queue, denseblock_type type,
                                               const void *elements, int64_t count,
                                               int64_t *first, double *value) {
    (void)queue;
    for (*first = 0; *first < count; ++*first) {
        *value = dblk_element_load(type, elements, (size_t)*first);
        if (!isfinite(*value))
            break;
    }
    return DENSEBLOCK_OK;
}

static denseblock_status host_timer_start(struct dblk_queue *queue) {
    (void)clock_gettime(CLOCK_MONOTONIC, &queue->start);
    return DENSEBLOCK_OK;
}

static denseblock_status host_timer_stop(struct dblk_queue *queue, double *seconds) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    *seconds = (double)(now.tv_sec - queue->start.tv_sec) +
               (double)(now.tv_nsec - queue->start.tv_nsec) * 1e-9;
    return DENSEBLOCK_OK;
}

const struct dblk_device dblk_host_device = {
    .memory = DENSEBLOCK_MEMORY_HOST,
    .check = host_check,
    .open = host_open,
    .close = host_close,
    .stream = host_stream,
    .synchronize = host_synchronize,
    .enter = host_enter,
    .leave = host_leave,
    .allocate = host_allocate,
    .free = host_free,
    .free_memory = host_free_memory,
    .copy = host_copy,
    .first_not_finite = host_first_not_finite,
    .timer_start = host_timer_start,
    .timer_stop = host_timer_stop,
};
