/* Engines, and what they take. */
#ifndef TESTS_DOUBLE_CUDNN_ENGINES_H
#define TESTS_DOUBLE_CUDNN_ENGINES_H

#include "cudnn_double.h"
#include "cudnn_graph.h"

/* The engines that there are, in the order of the heuristics. */
const struct cudnn_double_engine *double_cudnn_engines(size_t *count);

/* What the engine takes of what not every one does. */
unsigned double_cudnn_abilities(const struct cudnn_double_engine *engine);

/* The one with this global index; NULL: none. And one more than the highest index. */
const struct cudnn_double_engine *double_cudnn_engine(int64_t index);
int64_t double_cudnn_engine_end(void);

size_t double_cudnn_version(void);

/* What a finalised plan runs, and with how much workspace. */
struct double_cudnn_plan {
    cudnnHandle_t handle;
    struct double_cudnn_problem problem;
    unsigned numerical_notes;
    size_t workspace;
};
void double_cudnn_read_plan(const struct double_cudnn_descriptor *descriptor,
                            struct double_cudnn_plan *plan);

#endif
