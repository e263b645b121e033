/* Memory for the double's own bookkeeping: the program ends where there is none. */
#ifndef TESTS_DOUBLE_ALLOCATE_H
#define TESTS_DOUBLE_ALLOCATE_H

#include <stdio.h>
#include <stdlib.h>

static inline void *double_checked(void *memory) {
    if (memory == NULL) {
        (void)fprintf(stderr, "runtime double: out of memory\n");
        abort();
    }
    return memory;
}

/* Zeros. */
static inline void *double_new(size_t bytes) {
    return double_checked(calloc(1, bytes));
}

static inline void *double_grow(void *memory, size_t bytes) {
    return double_checked(realloc(memory, bytes));
}

#endif
