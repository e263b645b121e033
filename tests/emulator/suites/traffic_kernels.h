/* Kernels whose traffic can be told in advance. */
#ifndef TESTS_EMULATOR_TRAFFIC_KERNELS_H
#define TESTS_EMULATOR_TRAFFIC_KERNELS_H

#ifdef __cplusplus
extern "C" {
#endif

/* All by one warp, after it has written all of its shared memory: lane i loads words of
 * shared memory from `stride` (i mod `period`) on, one in each of `rounds`. */
void traffic_shared_words(float *out, int stride, int period, int rounds);
/* 8 or 16 bytes at `stride` bytes times i. */
void traffic_shared_vectors(float *out, int bytes, int stride);
/* ldmatrix_x4 of rows `stride` bytes apart. */
void traffic_shared_matrices(float *out, int stride);

/* Lane i loads the word at offset + stride i of device memory; lanes below `lanes` only. */
void traffic_global_words(float *out, const float *in, int offset, int stride, int lanes);
/* The same, float4 and pieces of 16 bytes. */
void traffic_global_vectors(float *out, const float *in, int stride);
/* Even lanes load, then odd lanes, then all of them, from the same places. */
void traffic_branches(float *out, const float *in);
/* In every round one lane loads, in code that the compiler puts far away; then all do. */
void traffic_rare_branch(float *out, const float *in, int rounds);
/* In every round, all lanes but one load, that one only in every second round; then all do. */
void traffic_guarded_loop(float *out, const float *in, int rounds);

#ifdef __cplusplus
}
#endif

#endif
