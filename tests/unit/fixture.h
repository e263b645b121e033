/* A block with everything that it needs to run, in host memory. */
#ifndef DENSEBLOCK_TESTS_FIXTURE_H
#define DENSEBLOCK_TESTS_FIXTURE_H

#include "denseblock.h"

enum { FIXTURE_MAX_LAYERS = 8 };

struct fixture {
    denseblock_backend backend; /* AUTO, which is 0, stands for the reference here */
    denseblock_layer layers[FIXTURE_MAX_LAYERS];
    denseblock_desc desc; /* its layers point to the above */
    denseblock_plan *plan;
    denseblock_context *context;
    void *kernels[FIXTURE_MAX_LAYERS]; /* in desc's type */
    void *x;
    void *y; /* filled with NaN: nothing may depend on it */
    void *prepared;
    void *workspace;
};

/* Repeatable numbers: splitmix64. */
uint64_t next_random(uint64_t *state);
double random_between(uint64_t *state, double low, double high);
int64_t random_size(uint64_t *state, int64_t low, int64_t high);

/* A small random block: ragged growth, kernels of 1 to 5 rows and columns, odd and even. */
void fixture_random_desc(struct fixture *fixture, uint64_t seed, denseblock_type type);

/* From fixture->desc and the options: plan, context, random x and kernels, prepared weights. */
void fixture_make(struct fixture *fixture, uint64_t seed, const denseblock_plan_options *options);

size_t fixture_x_count(const struct fixture *fixture);
size_t fixture_y_count(const struct fixture *fixture);

/* x -> y, through a separate x. */
void fixture_forward(struct fixture *fixture);

void fixture_free(struct fixture *fixture);

/* Memory of at least one byte, aligned for the library; the test fails where there is none. */
void *aligned_memory(size_t bytes);

#endif
