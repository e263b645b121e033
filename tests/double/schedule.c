/* Runs operations: those that somebody waits for, in an order that the seed decides. */
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "allocate.h"
#include "calls.h"
#include "injection.h"
#include "machine.h"
#include "nvml_double.h"
#include "operation_list.h"

/* The seed lets one in so many steps be one that nobody waits for. */
enum { STEPS_TO_SPARE = 4 };

static struct double_operation **ready;
static size_t ready_count, ready_capacity;

void double_is_ready(struct double_operation *operation) {
    if (ready_count == ready_capacity) {
        ready_capacity = 2 * ready_capacity + 16;
        ready = double_grow(ready, ready_capacity * sizeof(struct double_operation *));
    }
    ready[ready_count++] = operation;
}

void double_forget_ready(void) {
    free(ready);
    ready = NULL;
    ready_count = ready_capacity = 0;
}

static double now(void) {
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec * 1e-6;
}

void double_finish(struct double_operation *operation) {
    operation->done = true;
    operation->milliseconds = now();
    for (size_t i = 0; i < operation->dependent_count; i++)
        if (--operation->dependents[i]->unmet == 0)
            double_is_ready(operation->dependents[i]);
    operation->dependent_count = 0;
    for (size_t i = 0; i < operation->dependency_count; i++)
        double_operation_release(operation->dependencies[i]);
    operation->dependency_count = 0;
    double_work_release(operation->work);
    operation->work = NULL;
    double_remove_waiting(operation);
    double_operation_release(operation);
}

/* splitmix64 */
static unsigned long long next_random(void) {
    unsigned long long z = double_seed += 0x9E3779B97F4A7C15ULL;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
}

/* The place in `ready` of the next one. There is one that is needed. */
static size_t choose(void) {
    size_t chosen = 0, candidates = 0;
    if (double_seed == 0) {
        for (size_t i = 0; i < ready_count; i++)
            if (ready[i]->needed &&
                (candidates++ == 0 || ready[i]->number > ready[chosen]->number))
                chosen = i;
        return chosen;
    }
    if (next_random() % STEPS_TO_SPARE == 0)
        return (size_t)(next_random() % ready_count);
    for (size_t i = 0; i < ready_count; i++)
        if (ready[i]->needed && next_random() % ++candidates == 0)
            chosen = i;
    return chosen;
}

/* What the first error leaves undone is given up. */
static void give_up(void) {
    while (double_first_waiting() != NULL)
        double_finish(double_first_waiting());
    ready_count = 0;
}

static void step(void) {
    const size_t place = choose();
    struct double_operation *operation = ready[place];
    ready[place] = ready[--ready_count];
    cudaError_t error = cudaSuccess;
    if (operation->work != NULL && operation->work->counts) {
        error = double_count("execution");
        double_use_energy(operation->device);
    }
    if (error == cudaSuccess && operation->work != NULL)
        error = operation->work->run(operation->work);
    double_finish(operation);
    if (error != cudaSuccess) {
        double_stick(error);
        give_up();
    }
}

/* Marks what must run before the one, and that, and nothing else. */
static void mark_needed(struct double_operation *target) {
    for (struct double_operation *other = double_first_waiting(); other != NULL;
         other = other->next)
        other->needed = false;
    target->needed = true;
    for (struct double_operation *operation = target; operation != NULL;
         operation = operation->previous)
        for (size_t i = 0; operation->needed && i < operation->dependency_count; i++)
            operation->dependencies[i]->needed = true;
}

/* So many steps, or until it is done. */
static cudaError_t run(struct double_operation *operation, size_t steps) {
    double_operation_retain(operation);
    mark_needed(operation);
    while (!operation->done && steps-- > 0)
        step();
    double_operation_release(operation);
    return double_stuck();
}

cudaError_t double_run(struct double_operation *operation) {
    if (operation == NULL || operation->done)
        return double_stuck();
    return run(operation, SIZE_MAX);
}

cudaError_t double_poll(struct double_operation *operation) {
    if (operation == NULL || operation->done)
        return double_stuck();
    const cudaError_t error = run(operation, 1);
    return error != cudaSuccess ? error : cudaErrorNotReady;
}

/* The newest of the device that waits. */
static struct double_operation *newest(int device) {
    struct double_operation *found = NULL;
    for (struct double_operation *operation = double_first_waiting(); operation != NULL;
         operation = operation->next)
        if (operation->device == device)
            found = operation;
    return found;
}

cudaError_t double_run_device(int device) {
    struct double_operation *operation;
    while ((operation = newest(device)) != NULL)
        (void)double_run(operation);
    return double_stuck();
}
