/* How the convolutions of a plan of the cuda backend run: on tensor cores or not, with which tiles, and
 * by how many blocks of threads. */
#ifndef DENSEBLOCK_HOST_CUDA_WAYS_H
#define DENSEBLOCK_HOST_CUDA_WAYS_H

#include "backends/cuda/cuda_model.h"
#include "backends/cuda/cuda_plan.h"

/* Whether the GPU has matrix instructions for what the plan shall compute. They are there from sm_80
 * on. */
bool dblk_cuda_has_tensor_cores(const denseblock_plan *plan);

/* Whether there are kernels for the products of Winograd layers, by the cores that were chosen: on
 * ordinary ones for what they multiply without converting it. */
bool dblk_cuda_has_products(const denseblock_plan *plan);

/* Sets cuda->tensor and cuda->form, for Winograd layers of that algorithm: F(4x4) does not have
 * TF32, whose error it makes too large. Not on tensor cores either: convolutions that do not find
 * the shared memory that they need there. */
void dblk_cuda_choose_cores(const denseblock_plan *plan, denseblock_algorithm algorithm);

/* Sets the way of layer l, whose group and slices are there, on tensor cores: the fastest whose
 * parts have room. */
void dblk_cuda_choose_way(const denseblock_plan *plan, int64_t l, size_t room);

/* Bytes of the parts of its shared tiles. */
size_t dblk_cuda_parts_bytes(const denseblock_plan *plan, int64_t l);

/* What is computed of a slice of the batch: the outer product of layer l's group, if it is the first, or
 * the layer's inner one. */
struct dblk_cuda_work dblk_cuda_work_of(const denseblock_plan *plan, int64_t l);

#endif
