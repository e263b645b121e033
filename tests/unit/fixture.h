/* A block with everything that it needs to run, in host memory. */
#ifndef DENSEBLOCK_TESTS_FIXTURE_H
#define DENSEBLOCK_TESTS_FIXTURE_H

#include "denseblock.h"

enum { FIXTURE_MAX_LAYERS = 8 };

struct fixture {
    denseblock_backend backend; /* AUTO, which is 0, stands for the reference here */
    bool residual;              /* what desc describes: see described_plan_create */
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

/* A residual block is described here as a dense block is: two layers for each unit, all of one kernel
 * size, whose growth is what they write, hidden_channels and channels by turns. */
denseblock_status described_plan_create(const denseblock_desc *desc, bool residual,
                                        denseblock_backend backend,
                                        const denseblock_plan_options *options,
                                        denseblock_plan **plan);

/* Input channels of layer l. */
int64_t described_inputs(const denseblock_desc *desc, bool residual, int64_t l);

/* Completes fixture->desc, which has all but its layers, as that of a residual block. */
void fixture_describe_residual(struct fixture *fixture, int64_t units, int64_t hidden_channels,
                               int64_t kernel_height, int64_t kernel_width);

/* A small random residual block: ragged channels, kernels as above. */
void fixture_random_residual(struct fixture *fixture, uint64_t seed, denseblock_type type);

/* From fixture->desc and the options: plan, context, random x and kernels, prepared weights. */
void fixture_make(struct fixture *fixture, uint64_t seed, const denseblock_plan_options *options);

/* Puts NaN, Inf and -Inf, by turns, to so many random places of x. */
void fixture_strew_specials(struct fixture *fixture, uint64_t *state, int64_t count);

size_t fixture_x_count(const struct fixture *fixture);
size_t fixture_y_count(const struct fixture *fixture);

/* x -> y, through a separate x. */
void fixture_forward(struct fixture *fixture);

/* Fails unless y is what a formula gives, but for so many roundings of the largest value. `seed` is for
 * the message. */
void fixture_check_formula(const struct fixture *fixture, const double *expected,
                           double roundings, unsigned long seed);

void fixture_free(struct fixture *fixture);

/* Memory of at least one byte, aligned for the library; the test fails where there is none. */
void *aligned_memory(size_t bytes);

#endif
