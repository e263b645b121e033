/* A dense block made of oneDNN primitives, for the benchmark. Loaded with ctypes. */
#ifndef DENSEBLOCK_BENCH_ONEDNN_BLOCK_H
#define DENSEBLOCK_BENCH_ONEDNN_BLOCK_H

/* How features are laid out in memory, and so what a concatenation costs. */
enum onednn_layout {
    /* nChw8c, nChw16c: the channels of a layer follow those before it in memory, image by image,
     * so that a layer writes behind its input. Channel counts are padded to the block's size. */
    ONEDNN_BLOCKED_8 = 0,
    ONEDNN_BLOCKED_16 = 1,
    /* nhwc, the layout of oneDNN's newest kernels. They need dense input: every concatenation is
     * a copy. One image, or the whole batch at a time. */
    ONEDNN_NHWC_IMAGE = 2,
    ONEDNN_NHWC_BATCH = 3
};

struct onednn_block;

/* Kernels are HWIO, kernel_size x kernel_size, an odd size. Everything that can be done beforehand is done
 * here, for the number of threads set. NULL on an error, see onednn_block_error. */
struct onednn_block *onednn_block_create(int batch, int height, int width, int channels,
                                         int layers, int growth, int kernel_size,
                                         const float *const *kernels, enum onednn_layout layout,
                                         int winograd);
void onednn_block_destroy(struct onednn_block *block);

/* x[N,H,W,C] to where and how the block reads it; not a part of the run. */
void onednn_block_set_input(struct onednn_block *block, const float *x);
/* 0, or 1 on an error. */
int onednn_block_run(struct onednn_block *block);
/* y[N,H,W,C_L] from how the block left it; not a part of the run. */
void onednn_block_get_output(const struct onednn_block *block, float *y);

/* The name of the convolutions' implementation, such as "jit:avx2". */
const char *onednn_block_implementation(const struct onednn_block *block);

void onednn_block_set_threads(int count);
const char *onednn_block_error(void);
/* 30200 for 3.2.0 */
int onednn_block_version(void);

#endif
