/* Counts calls, and makes the ones fail that a test has chosen. */
#include "injection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calls.h"

enum { NAME_BYTES = 64, COUNTERS = 160 };

/* `left` calls from now on fails; 0: none does. */
struct counter {
    char name[NAME_BYTES];
    long calls, left;
    cudaError_t error;
};

static struct counter counters[COUNTERS];
static struct counter every; /* function that can fail */

static const char executed[] = "execution";

/* Its counter, made where there is none. */
static struct counter *find(const char *name) {
    for (struct counter *counter = counters; counter < counters + COUNTERS; counter++) {
        if (counter->name[0] == 0)
            (void)snprintf(counter->name, sizeof counter->name, "%s", name);
        if (strcmp(counter->name, name) == 0)
            return counter;
    }
    (void)fprintf(stderr, "runtime double: too many names of functions\n");
    abort();
}

static cudaError_t count(struct counter *counter) {
    counter->calls++;
    return counter->left > 0 && --counter->left == 0 ? counter->error : cudaSuccess;
}

cudaError_t double_count(const char *function) {
    const cudaError_t own = count(find(function));
    /* Operations are no calls. */
    const cudaError_t any = strcmp(function, executed) == 0 ? cudaSuccess : count(&every);
    return own != cudaSuccess ? own : any;
}

void double_fail(const char *function, long n, cudaError_t error) {
    struct counter *counter = function == NULL ? &every : find(function);
    counter->left = n;
    counter->error = error;
    for (counter = counters; function == NULL && n == 0 && counter->name[0] != 0; counter++)
        counter->left = 0;
}

void double_forget_failures(void) {
    memset(counters, 0, sizeof counters);
    every = (struct counter){.calls = 0};
}

void cuda_double_fail(const char *function, long n, cudaError_t error) {
    double_lock();
    double_fail(function, n, error);
    double_unlock();
}

long cuda_double_calls(const char *function) {
    double_lock();
    const long calls = (function == NULL ? &every : find(function))->calls;
    double_unlock();
    return calls;
}
