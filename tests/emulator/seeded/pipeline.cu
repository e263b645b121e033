/* A product of matrices as kernels for tensor cores are built, and the mistakes that such kernels
 * have. */
#include "seeded.h"

#include "ptx.h"

enum { TILE_M = 64, TILE_N = 32, TILE_K = 32, THREADS = 128, STAGES = 3, PAD = 8 };

struct stage {
    uint16_t a[TILE_M][TILE_K + PAD];
    uint16_t b[TILE_K][TILE_N + PAD];
};
struct pipeline {
    stage stages[STAGES];
};

struct product {
    float *c;
    const uint16_t *a, *b;
    int m, n, k;
};

/* Begins to copy the chunk of A and B that begins at k0. */
template <pipeline_mistake MISTAKE>
__device__ void load_stage(stage &to, const product &product, int row0, int column0, int k0) {
    for (int piece = (int)threadIdx.x; piece < TILE_M * TILE_K / 8; piece += THREADS) {
        const int row = piece / (TILE_K / 8), k = piece % (TILE_K / 8) * 8;
        const bool inside = MISTAKE == PIPELINE_NO_PREDICATE || row0 + row < product.m;
        const uint16_t *from = product.a + (inside ? row0 + row : 0) * product.k + k0 + k;
        if (MISTAKE != PIPELINE_NO_ZEROS || inside)
            cp_async_16(&to.a[row][k], from, inside ? 16 : 0);
    }
    const int k = (int)threadIdx.x / (TILE_N / 8), column = (int)threadIdx.x % (TILE_N / 8) * 8;
    cp_async_16(&to.b[k][column], product.b + (k0 + k) * product.n + column0 + column);
}

template <pipeline_mistake MISTAKE>
__device__ void multiply_stage(const stage &from, float (&sums)[TILE_N / 8][4]) {
    const int warp = (int)threadIdx.x / 32, lane = (int)threadIdx.x % 32;
    for (int k = 0; k < TILE_K; k += 16) {
        uint32_t a[4];
        ldmatrix_x4(a, &from.a[16 * warp + lane % 16][k + lane / 16 * 8]);
        for (int j = 0; j < TILE_N / 16; j++) {
            uint32_t b[4];
            ldmatrix_x4_trans(b, &from.b[k + lane % 16][16 * j + lane / 16 * 8]);
            uint32_t left[2] = {b[0], b[1]};
            const uint32_t right[2] = {b[2], b[3]};
            if (MISTAKE == PIPELINE_SWAPPED_HALVES) {
                left[0] = b[1];
                left[1] = b[0];
            }
            mma_m16n8k16_bf16(sums[2 * j], a, left);
            mma_m16n8k16_bf16(sums[2 * j + 1], a, right);
        }
    }
}

template <pipeline_mistake MISTAKE>
__device__ void store_sums(const product &product, int row0, int column0,
                           const float (&sums)[TILE_N / 8][4]) {
    const int warp = (int)threadIdx.x / 32, lane = (int)threadIdx.x % 32;
    for (int j = 0; j < TILE_N / 8; j++)
        for (int r = 0; r < 4; r++) {
            const bool wrong = MISTAKE == PIPELINE_WRONG_ACCUMULATOR;
            const int below = wrong ? r % 2 : r / 2, right = wrong ? r / 2 : r % 2;
            const int row = row0 + 16 * warp + lane / 4 + 8 * below;
            const int column = column0 + 8 * j + lane % 4 * 2 + right;
            if (row < product.m)
                product.c[row * product.n + column] = sums[j][r];
        }
}

template <pipeline_mistake MISTAKE>
__global__ void __launch_bounds__(THREADS) pipeline_kernel(product product) {
    SHARED_MEMORY(pipeline, shared);
    const int row0 = (int)blockIdx.y * TILE_M, column0 = (int)blockIdx.x * TILE_N;
    const int chunks = product.k / TILE_K;
    float sums[TILE_N / 8][4] = {};
    for (int i = 0; i < STAGES - 1; i++) {
        if (i < chunks)
            load_stage<MISTAKE>(shared.stages[i], product, row0, column0, i * TILE_K);
        cp_async_commit();
    }
    for (int i = 0; i < chunks; i++) {
        const int next = i + STAGES - 1;
        stage &free_stage = shared.stages[next % STAGES];
        if (MISTAKE == PIPELINE_LOAD_TOO_EARLY && next < chunks)
            load_stage<MISTAKE>(free_stage, product, row0, column0, next * TILE_K);
        cp_async_wait<MISTAKE == PIPELINE_WEAK_WAIT ? STAGES - 1 : STAGES - 2>();
        if (MISTAKE != PIPELINE_NO_BARRIER)
            __syncthreads();
        if (MISTAKE != PIPELINE_LOAD_TOO_EARLY && next < chunks)
            load_stage<MISTAKE>(free_stage, product, row0, column0, next * TILE_K);
        cp_async_commit();
        multiply_stage<MISTAKE>(shared.stages[i % STAGES], sums);
    }
    store_sums<MISTAKE>(product, row0, column0, sums);
}

template <pipeline_mistake MISTAKE> static void launch(const product &product) {
    const dim3 grid((unsigned)(product.n / TILE_N),
                    (unsigned)((product.m + TILE_M - 1) / TILE_M));
    LAUNCH((pipeline_kernel<MISTAKE>), grid, THREADS, sizeof(pipeline), NULL, product);
}

extern "C" void pipeline_multiply(enum pipeline_mistake mistake, float *c, const uint16_t *a,
                                  const uint16_t *b, int m, int n, int k) {
    const product product = {c, a, b, m, n, k};
    static void (*const launchers[PIPELINE_MISTAKES])(const struct product &) = {
        launch<PIPELINE_RIGHT>,          launch<PIPELINE_WEAK_WAIT>,
        launch<PIPELINE_NO_BARRIER>,     launch<PIPELINE_LOAD_TOO_EARLY>,
        launch<PIPELINE_NO_PREDICATE>,   launch<PIPELINE_NO_ZEROS>,
        launch<PIPELINE_SWAPPED_HALVES>, launch<PIPELINE_WRONG_ACCUMULATOR>};
    launchers[mistake](product);
}
