/* What a profiler is told while it is attached, through NVTX: ranges of what the host does, by name
 * and with the sizes of the work; the names of streams; the memory of buffers. All of it in the
 * domain "denseblock".
 *
 * Ranges nest, and belong to the calling thread: every function that begins one is followed by
 * dblk_trace_end on all ways, errors included. Without a profiler each call is a look at one flag,
 * and in builds without NVTX it is nothing. No call allocates memory or touches a stream, so all of
 * them may stand in what is captured in a CUDA Graph. */
#ifndef DENSEBLOCK_HOST_TRACE_H
#define DENSEBLOCK_HOST_TRACE_H

#include "block/plan.h"

struct dblk_group;

/* What has the same name wherever it occurs. */
enum dblk_trace_phase {
    DBLK_TRACE_FORWARD,       /* denseblock_forward */
    DBLK_TRACE_PREPARE,       /* denseblock_weights_prepare */
    DBLK_TRACE_PREPARE_LAYER, /* one kernel */
    DBLK_TRACE_CAPTURE,       /* denseblock_graph_create: what is in it is not executed */
    DBLK_TRACE_GRAPH,         /* denseblock_graph_launch */
    DBLK_TRACE_PLACE_INPUT,   /* x into y */
    DBLK_TRACE_TRANSFORM,     /* of features, for Winograd layers: once, and kept */
    DBLK_TRACE_IM2COL,        /* the rows of a matrix, for cuBLAS */
    DBLK_TRACE_RECTIFY,       /* a copy of features after the ReLU, for cuDNN */
    DBLK_TRACE_OUTER,         /* products with what was there before the group */
    DBLK_TRACE_INNER,         /* products with what the group has made */
    DBLK_TRACE_COMPLETE,      /* a Winograd layer's output transform, or a copy into y */
    DBLK_TRACE_REPAIR,        /* a Winograd layer directly, where there was NaN or Inf */
    DBLK_TRACE_PHASE_COUNT
};

/* Pixels of a region. */
static inline int64_t dblk_trace_pixels(const denseblock_plan *plan,
                                        const struct dblk_region *region) {
    return region->images * region->rows * plan->width;
}

#ifdef DENSEBLOCK_BUILD_NVTX
/* Whether a profiler listens. Set once, before the first context is there. */
extern bool dblk_trace_attached __attribute__((visibility("hidden")));
/* What is done if one does stands out of the way of what is done if none does. */
#define DBLK_TRACE_LISTENS __builtin_expect(dblk_trace_attached, false)
#else
#define DBLK_TRACE_LISTENS false
#endif

/* What the functions below call if a profiler listens: in builds with NVTX only. */
void dblk_trace_look_for_profiler(void);
void dblk_trace_set_first_layer(int64_t number);
void dblk_trace_push(enum dblk_trace_phase phase);
void dblk_trace_push_block(enum dblk_trace_phase phase, const denseblock_plan *plan);
void dblk_trace_change_group(const denseblock_plan *plan, int64_t l, int64_t pixels,
                             int64_t *open);
void dblk_trace_push_layer(const denseblock_plan *plan, int64_t l, int64_t pixels);
void dblk_trace_push_part(enum dblk_trace_phase phase, const denseblock_plan *plan, int64_t l,
                          int64_t pixels, int64_t read, int64_t written);
void dblk_trace_push_product(const denseblock_plan *plan, int64_t l, int64_t pixels,
                             const struct dblk_group *group);
void dblk_trace_pop(void);
void dblk_trace_name_stream(void *stream, const char *name);
void dblk_trace_add_region(const void *address, size_t bytes, denseblock_memory memory,
                           const char *label);
void dblk_trace_remove_region(const void *address, size_t bytes, denseblock_memory memory);

/* For every context that is made: a profiler is there from the beginning, or never. */
static inline void dblk_trace_attach(void) {
#ifdef DENSEBLOCK_BUILD_NVTX
    dblk_trace_look_for_profiler();
#endif
}

/* ---- Ranges ---- */

/* One that says nothing but its name. */
static inline void dblk_trace_begin(enum dblk_trace_phase phase) {
    if (DBLK_TRACE_LISTENS)
        dblk_trace_push(phase);
}

/* From now on the calling thread's plans begin with layer `number` of the block that they are a part of.
 */
static inline void dblk_trace_number_layers(int64_t number) {
    if (DBLK_TRACE_LISTENS)
        dblk_trace_set_first_layer(number);
}

/* All layers. */
static inline void dblk_trace_block(enum dblk_trace_phase phase, const denseblock_plan *plan) {
    if (DBLK_TRACE_LISTENS)
        dblk_trace_push_block(phase, plan);
}

/* Before layer l: ends the group that is open, unless the layer is one of it, and begins that of
 * the layer, if it has others. `open` is the first layer of the open group; -1: none is. */
static inline void dblk_trace_group(const denseblock_plan *plan, int64_t l,
                                    const struct dblk_region *region, int64_t *open) {
    if (DBLK_TRACE_LISTENS)
        dblk_trace_change_group(plan, l, dblk_trace_pixels(plan, region), open);
}

static inline void dblk_trace_layer(const denseblock_plan *plan, int64_t l,
                                    const struct dblk_region *region) {
    if (DBLK_TRACE_LISTENS)
        dblk_trace_push_layer(plan, l, dblk_trace_pixels(plan, region));
}

/* A part of layer l, for so many pixels, that reads and writes so many channels. */
static inline void dblk_trace_part(enum dblk_trace_phase phase, const denseblock_plan *plan,
                                   int64_t l, int64_t pixels, int64_t read, int64_t written) {
    if (DBLK_TRACE_LISTENS)
        dblk_trace_push_part(phase, plan, l, pixels, read, written);
}

/* The outer product of layer l's group if the layer is its first, else the layer's inner one. */
static inline void dblk_trace_product(const denseblock_plan *plan, int64_t l,
                                      const struct dblk_region *region,
                                      const struct dblk_group *group) {
    if (DBLK_TRACE_LISTENS)
        dblk_trace_push_product(plan, l, dblk_trace_pixels(plan, region), group);
}

static inline void dblk_trace_end(void) {
    if (DBLK_TRACE_LISTENS)
        dblk_trace_pop();
}

/* After the last layer. */
static inline void dblk_trace_group_end(int64_t open) {
    if (DBLK_TRACE_LISTENS && open >= 0)
        dblk_trace_pop();
}

/* ---- Streams and memory ---- */

/* NULL is allowed: it has no name. Not while it is captured. */
static inline void dblk_trace_stream(void *stream, const char *name) {
    if (DBLK_TRACE_LISTENS && stream != NULL)
        dblk_trace_name_stream(stream, name);
}

static inline void dblk_trace_allocated(const void *address, size_t bytes,
                                        denseblock_memory memory, const char *label) {
    if (DBLK_TRACE_LISTENS)
        dblk_trace_add_region(address, bytes, memory, label);
}

/* Before it is given back. */
static inline void dblk_trace_freed(const void *address, size_t bytes, denseblock_memory memory) {
    if (DBLK_TRACE_LISTENS)
        dblk_trace_remove_region(address, bytes, memory);
}

#endif
