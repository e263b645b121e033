/* The kinds of devices that backends run on: this machine's processor, and NVIDIA GPUs. A kind is a
 * row of function pointers, so that what is the same for both is written once. */
#ifndef DENSEBLOCK_HOST_DEVICE_H
#define DENSEBLOCK_HOST_DEVICE_H

#include "denseblock.h"

/* Where a context enqueues its work, in order: a CUDA stream with what belongs to it, or a
 * processor, which does the work at once. Each kind has a struct of its own. */
struct dblk_queue;

struct dblk_problem {
    char text[256];
};

struct dblk_device {
    denseblock_memory memory;

    /* Whether device `number` can run this build's code: DENSEBLOCK_OK, or else why not in
     * `problem`, which is not yet the thread's last error. */
    denseblock_status (*check)(int number, struct dblk_problem *problem);

    /* Makes device `number` the calling thread's current one, and the previous one again. */
    denseblock_status (*enter)(int number, int *previous);
    void (*leave)(int number, int previous);

    /* All that follow are called between the two. */

    denseblock_status (*open)(int number, struct dblk_queue **queue);
    void (*close)(struct dblk_queue *queue);
    void *(*stream)(const struct dblk_queue *queue);
    denseblock_status (*synchronize)(struct dblk_queue *queue);

    denseblock_status (*allocate)(struct dblk_queue *queue, denseblock_memory memory,
                                  size_t bytes, void **address);
    denseblock_status (*free)(struct dblk_queue *queue, denseblock_memory memory, void *address);
    denseblock_status (*free_memory)(struct dblk_queue *queue, size_t *bytes);

    denseblock_status (*copy)(struct dblk_queue *queue, denseblock_direction direction, void *dst,
                              size_t dst_pitch, const void *src, size_t src_pitch,
                              size_t row_bytes, size_t rows);

    /* The first element that is NaN or Inf of `count` elements, and its value; `count` if there is
     * none. Waits. */
    denseblock_status (*first_not_finite)(struct dblk_queue *queue, denseblock_type type,
                                          const void *elements, int64_t count, int64_t *first,
                                          double *value);

    denseblock_status (*timer_start)(struct dblk_queue *queue);
    denseblock_status (*timer_stop)(struct dblk_queue *queue, double *seconds);

    /* What the device has used so far. NULL where nobody counts it. */
    denseblock_status (*energy)(struct dblk_queue *queue, double *joules);

    /* A graph of what is enqueued between begin and end; end makes one whatever the status, or
     * none. NULL where there are no graphs. */
    denseblock_status (*capture_begin)(struct dblk_queue *queue);
    denseblock_status (*capture_end)(struct dblk_queue *queue, void **graph);
    denseblock_status (*graph_launch)(struct dblk_queue *queue, void *graph);
    void (*graph_destroy)(void *graph);
};

extern const struct dblk_device dblk_host_device, dblk_cuda_device;

#endif
