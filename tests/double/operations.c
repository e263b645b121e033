/* Operations, and who waits for whom. */
#include "operations.h"

#include <stdint.h>

#include "allocate.h"
#include "calls.h"
#include "device_memory.h"
#include "operation_list.h"

static struct double_operation *first, *last;

struct double_operation *double_first_waiting(void) {
    return first;
}

struct double_work *double_work_begin(struct double_work *work, enum cudaGraphNodeType type) {
    work->references = 1;
    work->type = type;
    work->call = double_call_name();
    return work;
}

struct double_work *double_work_retain(struct double_work *work) {
    work->references++;
    return work;
}

void double_work_release(struct double_work *work) {
    if (work != NULL && --work->references == 0)
        work->destroy(work);
}

struct double_operation *double_operation_retain(struct double_operation *operation) {
    if (operation != NULL)
        operation->references++;
    return operation;
}

void double_operation_release(struct double_operation *operation) {
    if (operation == NULL || --operation->references > 0)
        return;
    free(operation->dependencies);
    free(operation->dependents);
    free(operation);
}

void double_operation_set(struct double_operation **place, struct double_operation *operation) {
    double_operation_retain(operation);
    double_operation_release(*place);
    *place = operation;
}

static void add_dependent(struct double_operation *to, struct double_operation *operation) {
    if (to->dependent_count == to->dependent_capacity) {
        to->dependent_capacity = 2 * to->dependent_capacity + 2;
        to->dependents = double_grow(to->dependents,
                                     to->dependent_capacity * sizeof(struct double_operation *));
    }
    to->dependents[to->dependent_count++] = operation;
}

static void append(struct double_operation *operation) {
    operation->previous = last;
    *(last == NULL ? &first : &last->next) = operation;
    last = operation;
}

void double_remove_waiting(struct double_operation *operation) {
    *(operation->previous == NULL ? &first : &operation->previous->next) = operation->next;
    *(operation->next == NULL ? &last : &operation->next->previous) = operation->previous;
}

struct double_operation *double_submit(int device, struct double_work *work,
                                       struct double_operation *const *dependencies,
                                       size_t count) {
    static unsigned long numbers;
    struct double_operation *operation = double_new(sizeof *operation);
    operation->number = ++numbers;
    operation->references = 1; /* the list's */
    operation->device = device;
    operation->work = work;
    if (count > 0)
        operation->dependencies = double_new(count * sizeof(struct double_operation *));
    for (size_t i = 0; i < count; i++) {
        if (dependencies[i] == NULL || dependencies[i]->done)
            continue;
        operation->dependencies[operation->dependency_count++] =
            double_operation_retain(dependencies[i]);
        add_dependent(dependencies[i], operation);
        operation->unmet++;
    }
    append(operation);
    if (operation->unmet == 0)
        double_is_ready(operation);
    if (work != NULL) {
        double_memory_check_order(operation);
        if (work->enqueued != NULL && double_waiting(work->writes, operation) == NULL)
            work->enqueued(work);
    }
    return operation;
}

/* The operations stand in an order in which each comes after those that it waits for. */
bool double_is_before(struct double_operation *earlier, struct double_operation *later) {
    static unsigned long search;
    if (earlier == NULL || earlier->done)
        return true;
    later->seen = ++search;
    for (struct double_operation *operation = later; operation != NULL;
         operation = operation->previous) {
        if (operation->seen != search)
            continue;
        if (operation == earlier)
            return true;
        for (size_t i = 0; i < operation->dependency_count; i++)
            operation->dependencies[i]->seen = search;
    }
    return false;
}

bool double_overlap(struct double_span a, struct double_span b) {
    const uintptr_t a_begin = (uintptr_t)a.begin, b_begin = (uintptr_t)b.begin;
    return a.bytes > 0 && b.bytes > 0 && a_begin < b_begin + b.bytes &&
           b_begin < a_begin + a.bytes;
}

struct double_operation *double_waiting(struct double_span span,
                                        const struct double_operation *but) {
    for (struct double_operation *operation = first; operation != NULL;
         operation = operation->next)
        if (operation != but && operation->work != NULL &&
            (double_overlap(operation->work->reads, span) ||
             double_overlap(operation->work->writes, span)))
            return operation;
    return NULL;
}

void double_forget_operations(void) {
    double_forget_ready();
    while (first != NULL)
        double_finish(first);
    double_forget_ready();
}
