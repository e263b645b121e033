/* Operations: what streams are made of. They form a graph of who waits for whom, and run when
 * somebody waits for them: as late as is allowed. */
#ifndef TESTS_DOUBLE_OPERATIONS_H
#define TESTS_DOUBLE_OPERATIONS_H

#include "cuda_double.h"

struct double_span {
    const char *begin;
    size_t bytes;
};

/* Something to do, perhaps several times, as a node of a graph. The first member of the structure
 * of its kind. Counted references. */
struct double_work {
    int references;
    enum cudaGraphNodeType type;
    const char *call; /* that made it */
    bool counts;      /* as an operation of "execution" */

    /* All that it touches, where that is known: of a kernel it is not. */
    struct double_span reads, writes;

    /* NULL, or: it has been put into a stream, and nothing that waits there touches what it writes.
     */
    void (*enqueued)(struct double_work *work);
    cudaError_t (*run)(struct double_work *work);
    void (*destroy)(struct double_work *work); /* frees it */
};
struct double_work *double_work_begin(struct double_work *work, enum cudaGraphNodeType type);
struct double_work *double_work_retain(struct double_work *work);
void double_work_release(struct double_work *work);

struct double_operation {
    struct double_operation *previous, *next; /* of all that wait, in the order of the calls */
    struct double_operation **dependencies, **dependents;
    size_t dependency_count, dependent_count, dependent_capacity;
    size_t unmet;             /* dependencies */
    struct double_work *work; /* NULL: it only keeps an order, or marks a time */
    int references, device;
    unsigned long number; /* by the order of the calls */
    bool done, needed;
    unsigned long seen;  /* by the latest search */
    double milliseconds; /* when it was done */
};

/* Puts it behind `dependencies` (some of which may be NULL). The work's reference is taken. What is
 * returned lives until it is done, and longer where it is retained. */
struct double_operation *double_submit(int device, struct double_work *work,
                                       struct double_operation *const *dependencies,
                                       size_t count);

struct double_operation *double_operation_retain(struct double_operation *operation);
void double_operation_release(struct double_operation *operation);

/* Makes *place refer to it. */
void double_operation_set(struct double_operation **place, struct double_operation *operation);

/* Runs everything that must run before `operation` (NULL: nothing) is done, and that. The error
 * that has stuck. */
cudaError_t double_run(struct double_operation *operation);
cudaError_t double_run_device(int device);

/* cudaSuccess where it is done; otherwise a part of what is missing is done now, so that polling
 * ends, and it is cudaErrorNotReady. */
cudaError_t double_poll(struct double_operation *operation);

/* Whether `first` is known to be done before `second` begins. */
bool double_is_before(struct double_operation *first, struct double_operation *second);

/* The first that waits, but `but`, and is known to touch the span; NULL: none. */
struct double_operation *double_waiting(struct double_span span,
                                        const struct double_operation *but);

bool double_overlap(struct double_span a, struct double_span b);

void double_forget_operations(void);

#endif
