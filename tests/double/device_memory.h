/* Device memory and pinned memory: what there is, and who may use it. */
#ifndef TESTS_DOUBLE_DEVICE_MEMORY_H
#define TESTS_DOUBLE_DEVICE_MEMORY_H

#include "objects.h"
#include "operations.h"

struct double_memory {
    struct double_object object;
    char *address;
    size_t bytes;
    int device;
    bool pinned;
    bool there;                          /* kernels may use it */
    bool dropped;                        /* its addresses can never be used again */
    struct double_operation *allocation; /* what makes it be there, if that is an operation */
};

/* The memory that has the address, or that had it. NULL: none of ours. */
struct double_memory *double_memory_find(const void *address);

/* New memory of the current device, in *memory. NULL for 0 bytes. */
cudaError_t double_memory_new(size_t bytes, bool pinned, struct double_memory **memory);

/* Device memory begins to be there, ends to be. */
void double_memory_appear(struct double_memory *memory);
void double_memory_vanish(struct double_memory *memory);

/* Ends it for good. */
void double_memory_drop(struct double_memory *memory);

/* The host gives it back: it counts no more. */
void double_memory_give_back(struct double_memory *memory);

/* The live memory of the kind that begins at the address; NULL, with a mistake, where there is
 * none. */
struct double_memory *double_memory_to_free(void *address, bool pinned);

/* For a call that failed and freed nothing. */
void double_memory_abandon(void *address);

struct double_span double_memory_span(const struct double_memory *memory);

/* Whether all of the span can be used now, by an operation: a mistake where not. */
bool double_memory_usable(struct double_span span, const char *call);

/* Between the two, the double and the emulator can touch the span, or all device memory. */
void double_memory_open(struct double_span span, bool open);
void double_memory_open_all(bool open);

/* Mistakes, where the operation uses memory before it is there, or when it may no longer be. */
void double_memory_check_order(struct double_operation *operation);

void double_forget_memory(void);

#endif
