/* How the convolutions of a plan of the cuda backend run: on tensor cores or not, with which tiles, and
 * by how many blocks of threads. */
#ifndef DENSEBLOCK_HOST_CUDA_WAYS_H
#define DENSEBLOCK_HOST_CUDA_WAYS_H

#include "backends/cuda/cuda_model.h"
#include "backends/cuda/cuda_plan.h"

/* Whether the GPU has matrix instructions for what the plan shall compute. They are there from sm_80
 * on. */
bool dblk_cuda_has_tensor_cores(const denseblock_plan *plan);

/* Sets cuda->tensor and cuda->form, for 3x3 layers of that algorithm: F(4x4) does not have TF32, whose
 * error it makes too large. */
void dblk_cuda_choose_cores(const denseblock_plan *plan, denseblock_algorithm algorithm);

/* Sets the ways of all layers, whose groups and slices are there, and cuda->parts_bytes, which is at
 * most `room`. False where a convolution on tensor cores does not find the shared memory that it
 * needs. */
bool dblk_cuda_choose_ways(const denseblock_plan *plan, size_t room);

/* What is computed of a slice of the batch: the outer product of layer l's group, if it is the first, or
 * the layer's inner one. */
struct dblk_cuda_work dblk_cuda_work_of(const denseblock_plan *plan, int64_t l);

#endif
