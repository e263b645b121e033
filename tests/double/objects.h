/* Everything that the host makes and has to give back. What was given back is remembered, so that
 * its use afterwards can be told from any other wrong handle. */
#ifndef TESTS_DOUBLE_OBJECTS_H
#define TESTS_DOUBLE_OBJECTS_H

#include "cuda_double.h"

enum double_kind {
    DOUBLE_DEVICE_MEMORY,
    DOUBLE_PINNED_MEMORY,
    DOUBLE_STREAM,
    DOUBLE_EVENT,
    DOUBLE_GRAPH,
    DOUBLE_CUBLAS_HANDLE,
    DOUBLE_CUDNN_HANDLE,
    DOUBLE_CUDNN_DESCRIPTOR,
    DOUBLE_NVML_USE,
    DOUBLE_EXECUTABLE
};

/* The first member of what it is about. */
struct double_object {
    struct double_object *next;
    enum double_kind kind;
    const char *made_by; /* the call */
    long number;         /* of its kind, from 1 */
    size_t bytes;        /* of memory */
    bool gone;
    bool abandoned; /* the host tried to give it back, and the call failed: not a leak */
    void (*forget)(void *object); /* frees it */
};

void double_object_add(struct double_object *object, enum double_kind kind);

/* Whether `handle` is a live one of this kind; otherwise a mistake, where `must` is set. */
bool double_object_is(const void *handle, enum double_kind kind, bool must);

void double_object_give_back(struct double_object *object);

/* For a call that gave nothing back, because it failed. */
void double_object_abandon(void *handle, enum double_kind kind);

/* The live ones of a kind: the one after `object`, or the first. */
struct double_object *double_object_next(enum double_kind kind, struct double_object *object);

void double_forget_objects(void);

#endif
