/* How the cpu backend will run a block: what is in denseblock_plan.details. */
#ifndef DENSEBLOCK_HOST_CPU_PLAN_H
#define DENSEBLOCK_HOST_CPU_PLAN_H

#include "backends/cpu/kernels.h"
#include "block/plan.h"

struct dblk_text;

/* Layers are computed in groups, since a convolution is linear: first, for all layers of a group at
 * once, the outer sum over the channels that were there before the group; then, layer by layer, the
 * inner sum over the group's own earlier outputs. A group shares an algorithm and a kernel size.
 */
struct dblk_cpu_layer {
    denseblock_algorithm algorithm; /* never AUTO */
    int64_t group_first;            /* the first layer of its group */
    int64_t group_size;             /* layers of its group */
    int64_t group_channels;         /* channels before the group */
    int64_t group_columns;          /* output channels of the group */
    int64_t column;                 /* where this layer's begin among them */

    /* Bytes, in the prepared weights. */
    size_t outer;  /* of its group */
    size_t inner;  /* not for the first of a group */
    size_t direct; /* a Winograd layer's kernel for the direct algorithm, should it be needed */
};

/* Strides and counts are in reals: elements of the type that sums are made in. */
struct dblk_cpu_plan {
    const struct dblk_kernels *kernels;
    size_t real_size;

    /* Direct: one thread computes tile_rows x tile_columns output pixels at a time. */
    int64_t tile_rows, tile_columns;
    size_t tile_reals;      /* of a thread's copy of the input of a tile */
    size_t sums_reals;      /* of a thread's sums of a tile */
    int64_t partial_stride; /* of a pixel's outer sums, kept for groups of more than one layer */

    /* Winograd; NULL if no layer uses it. Tiles are numbered image by image, row by row. Of each
     * image, `ring_rows` rows of tiles are kept, row r in place r modulo ring_rows. */
    const struct dblk_winograd_kernels *winograd;
    int64_t ring_rows, ring_columns;
    int64_t stack_slots;    /* of all images of a slice */
    int64_t stack_channels; /* of the features kept: what the last Winograd layer reads */
    int64_t stack_stride;   /* from tile to tile */
    int64_t stack_plane;    /* from point to point */
    bool together; /* tiles are few, and points are dealt to threads; else chunks of tiles */
    int64_t flags_per_image; /* of dblk_cpu_spoiled */
    bool products_shared;    /* a group's, kept for all tiles; else a thread's, for one chunk */
    int64_t chunk_tiles;
    int64_t products_stride, products_plane; /* from tile to tile, from point to point */

    /* Bytes, in the workspace. For Winograd, it begins with the flags of dblk_cpu_spoiled. */
    size_t partial_offset;
    size_t stack_offset;
    size_t products_offset; /* shared */
    size_t threads_offset;  /* what is private to a thread: see dblk_cpu_thread */
    size_t thread_bytes;

    struct dblk_cpu_layer layers[];
};

static inline const struct dblk_cpu_plan *dblk_cpu_plan_of(const denseblock_plan *plan) {
    return plan->details;
}

/* For each image of a slice, whether a Winograd layer made NaN or Inf. One such value reaches a whole
 * tile there, and a transform may overflow where a plain sum does not. Not one flag for the slice:
 * how large that is depends on the number of threads, on which results may not depend. If the plan's
 * only layer is placed, for each tile of each image: it reads nothing of what it makes. */
static inline int *dblk_cpu_spoiled(void *workspace) {
    return workspace;
}

/* The calling thread's part of the workspace. */
void *dblk_cpu_thread(const struct dblk_cpu_plan *cpu, void *workspace);

/* plan of struct dblk_backend. */
denseblock_status dblk_cpu_plan_make(denseblock_plan *plan,
                                     const denseblock_plan_options *options);

/* describe of struct dblk_backend. */
void dblk_cpu_plan_describe(struct dblk_text *text, const denseblock_plan *plan);

#endif
