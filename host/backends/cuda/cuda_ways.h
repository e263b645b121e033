/* How the convolutions of a plan of the cuda backend run: on tensor cores or not, with which tiles, and
 * split over channels or not. */
#ifndef DENSEBLOCK_HOST_CUDA_WAYS_H
#define DENSEBLOCK_HOST_CUDA_WAYS_H

#include "backends/cuda/cuda_model.h"
#include "backends/cuda/cuda_plan.h"

/* Sets cuda->tensor and cuda->form: whether the GPU has matrix instructions for what the plan shall
 * compute. They are there from sm_80 on. */
void dblk_cuda_choose_cores(const denseblock_plan *plan, const struct dblk_cuda_limits *gpu);

/* Sets the ways of all layers, whose groups and slices are there, and cuda->parts_bytes, which is at
 * most `room`. False where a convolution on tensor cores does not find the shared memory that it
 * needs. */
bool dblk_cuda_choose_ways(const denseblock_plan *plan, const struct dblk_cuda_limits *gpu,
                           size_t room);

/* Sets cuda->microseconds and its bounds. */
void dblk_cuda_predict(const denseblock_plan *plan, const struct dblk_cuda_limits *gpu);

#endif
