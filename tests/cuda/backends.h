/* The suites of this folder run once for each backend that computes on GPUs. */
#ifndef DENSEBLOCK_TESTS_BACKENDS_H
#define DENSEBLOCK_TESTS_BACKENDS_H

#include "suite.h"

/* The one that runs now. */
extern denseblock_backend tested;

/* Each list ends with NULL: the tests of all, and those of one. */
Suite *suite_of_backends(const char *name, const TTest *const *all, const TTest *const *of_cuda,
                         const TTest *const *of_cublas, const TTest *const *of_cudnn);

/* The description of a plan of the tested backend has some words, and lacks others (NULL: none). */
void check_description(const denseblock_desc *desc, const denseblock_plan_options *options,
                       const char *has, const char *has_not);

#endif
