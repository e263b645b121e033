/* A batch larger than a GPU's memory is cut into slices. Two lanes, each with a stream of its own,
 * take turns: while one computes, the other copies. */
#ifndef TOOL_LANE_H
#define TOOL_LANE_H

#include <stdbool.h>
#include <stdint.h>

#include "denseblock.h"
#include "failure.h"

enum { MOST_LANES = 2 };

/* How the batch is cut. */
typedef struct slicing {
    int64_t batch;  /* images in all */
    int64_t images; /* of a slice; all slices have as many */
    int64_t count;
    int lanes;               /* that take turns */
    size_t pixels;           /* of an image */
    size_t x_pixel, y_pixel; /* bytes of a pixel's channels */
} slicing;

typedef struct slicing_request {
    const denseblock_desc *desc; /* of the whole batch */
    denseblock_backend backend;
    const denseblock_plan_options *options;
    bool x_apart;       /* there is an x beside y */
    size_t other_bytes; /* beside the slices and the prepared weights */
} slicing_request;

/* The slices that fit into the memory of the context's device.
 *
 *   plan   receives the plan of a slice, for denseblock_plan_destroy, whatever the outcome */
outcome slicing_choose(const slicing_request *request, denseblock_context *context,
                       slicing *slices, denseblock_plan **plan);

/* The first image of a slice. The last slice may overlap the one before it. */
int64_t slicing_first(const slicing *slices, int64_t slice);

/* What one slice needs. */
typedef struct lane {
    denseblock_context *context;
    void *x; /* where x is apart from y; NULL if not */
    void *y; /* in the backend's memory; on the CPU the caller's */
    void *workspace;
    void *staging; /* pinned host memory as large as y */
    int64_t holds; /* the first image of what is under way in it; -1: nothing is */
} lane;

/* Enqueues the upload of the slice that begins with this image.
 *
 *   x   of the whole batch, contiguous; NULL: it is in the first channels of y
 *   y   of the whole batch */
outcome lane_upload(lane *one, const slicing *slices, int64_t image, const void *x,
                    const void *y);

/* Enqueues the download into the staging buffer. */
outcome lane_download(lane *one, const slicing *slices);

/* Waits for what is under way, and takes it to its place in the whole y. */
outcome lane_collect(lane *one, const slicing *slices, void *y);

#endif
