/* A product of matrices as kernels for sm_90a are built: a warp that copies, two warpgroups that
 * multiply, mbarriers between them; and the mistakes that such kernels have. */
#include "seeded.h"

#include "ptx.h"
#include "ptx_sm90.h"
#include "vector_access.h"

enum {
    TILE_M = 128,
    TILE_N = 32,
    TILE_K = 32,
    STAGES = 3,
    PAD = 8,
    GROUP = 128,
    CONSUMERS = 2 * GROUP,
    THREADS = GROUP + CONSUMERS,
    TILES = TILE_N / 8,
    RIGHT_BYTES = TILE_N * TILE_K * 2
};

/* Names of types are those of no other file: with -O0, templates of the same name are one.
 *
 * B is packed: of each 16 of k, core matrices of the first half, then of the second. */
struct specialised_stage {
    uint16_t a[TILE_M][TILE_K + PAD];
    uint4 b[RIGHT_BYTES / 16];
};
struct specialised_shared {
    uint64_t full[STAGES], empty[STAGES];
    specialised_stage stages[STAGES];
    float results[TILE_M][TILE_N + 4];
};

struct specialised_product {
    float *c;
    const uint16_t *a, *b;
    int n, k;
};

template <specialised_mistake MISTAKE> __device__ static void begin(specialised_shared &shared) {
    if (threadIdx.x == 0) {
        for (int i = 0; i < STAGES; i++) {
            mbarrier_init(&shared.full[i], 32 + 1);
            mbarrier_init(&shared.empty[i], CONSUMERS / 32 + (MISTAKE == SPECIALISED_COUNT));
        }
        if (MISTAKE != SPECIALISED_NO_INIT_FENCE)
            mbarrier_init_fence();
    }
    if (MISTAKE != SPECIALISED_NO_INIT_BARRIER)
        __syncthreads();
}

template <specialised_mistake MISTAKE>
__device__ static void produce(specialised_shared &shared, const specialised_product &product) {
    const int lane = (int)threadIdx.x % 32;
    const int row0 = (int)blockIdx.y * TILE_M;
    const int chunks = product.k / TILE_K;
    for (int i = 0; i < chunks; i++) {
        const int s = i % STAGES;
        const unsigned parity = (unsigned)(i / STAGES) % 2;
        if (MISTAKE != SPECIALISED_NO_WAIT_EMPTY)
            mbarrier_wait(&shared.empty[s], parity ^ 1);
        specialised_stage &to = shared.stages[s];
        for (int piece = lane; piece < TILE_M * TILE_K / 8; piece += 32) {
            const int row = piece / (TILE_K / 8), k = piece % (TILE_K / 8) * 8;
            cp_async_16(&to.a[row][k], product.a + (row0 + row) * product.k + i * TILE_K + k);
        }
        cp_async_arrive(&shared.full[s]);
        if (lane == 0) {
            const unsigned more = MISTAKE == SPECIALISED_EXPECTS_MORE ? 16 : 0;
            const unsigned less = MISTAKE == SPECIALISED_EXPECTS_LESS ? RIGHT_BYTES / 2 : 0;
            mbarrier_arrive_expect(&shared.full[s], RIGHT_BYTES + more - less);
            const uint16_t *from = product.b + ((int)blockIdx.x * chunks + i) * (TILE_N * TILE_K);
            bulk_copy(to.b, from, RIGHT_BYTES / 2, &shared.full[s]);
            bulk_copy(to.b + RIGHT_BYTES / 32, from + RIGHT_BYTES / 4, RIGHT_BYTES / 2,
                      &shared.full[s]);
        }
    }
}

template <specialised_mistake MISTAKE>
__device__ static void multiply(specialised_stage &from, float (&sums)[TILES][4]) {
    const int consumer = (int)threadIdx.x - GROUP, warp = consumer / 32, lane = consumer % 32;
    for (int k = 0; k < TILE_K; k += 16) {
        uint32_t a[4];
        ldmatrix_x4(a, &from.a[16 * warp + lane % 16][k + lane / 16 * 8]);
        if (MISTAKE != SPECIALISED_NO_GROUP_FENCE)
            wgmma_fence();
        const uint64_t b = wgmma_descriptor(from.b + k * TILE_N / 8, TILES * 128, 128);
        if (MISTAKE != SPECIALISED_WARP_MISSING || warp != 5)
            wgmma_bf16(sums, a, b);
        wgmma_commit();
        if (MISTAKE == SPECIALISED_CHANGED_REGISTER)
            a[0] ^= 1;
        if (MISTAKE == SPECIALISED_LOADED_REGISTER)
            ldmatrix_x4(a, &from.a[16 * warp + lane % 16][k + lane / 16 * 8]);
        if (MISTAKE == SPECIALISED_EARLY_STORE && lane == 0)
            store_vector(from.b, make_uint4(0, 0, 0, 0));
        if (MISTAKE == SPECIALISED_READ_SUMS && sums[0][0] > 0.0f)
            from.a[16 * warp + lane % 16][TILE_K + lane / 16] = 1;
        if (MISTAKE == SPECIALISED_CHANGED_SUMS)
            sums[1][2] += 1.0f;
        if (MISTAKE != SPECIALISED_EMPTY_TOO_EARLY && MISTAKE != SPECIALISED_NO_LAST_WAIT)
            wgmma_wait<0>();
        else if (k == 0)
            wgmma_wait<0>();
    }
}

template <specialised_mistake MISTAKE>
__device__ static void consume(specialised_shared &shared, const specialised_product &product) {
    const int consumer = (int)threadIdx.x - GROUP, warp = consumer / 32, lane = consumer % 32;
    float sums[TILES][4] = {};
    for (int i = 0; i < product.k / TILE_K; i++) {
        const int s = i % STAGES;
        const unsigned parity = (unsigned)(i / STAGES) % 2;
        const bool lax = MISTAKE == SPECIALISED_NO_WAIT_FULL ||
                         (MISTAKE == SPECIALISED_LANE_WAITS && lane != 0);
        if (!lax)
            mbarrier_wait(&shared.full[s], parity ^ (MISTAKE == SPECIALISED_PARITY));
        multiply<MISTAKE>(shared.stages[s], sums);
        __syncwarp();
        if (lane == 0)
            mbarrier_arrive(&shared.empty[s]);
        if (lane == 0 && MISTAKE == SPECIALISED_ARRIVES_TWICE)
            mbarrier_arrive(&shared.empty[s]);
        if (MISTAKE == SPECIALISED_EMPTY_TOO_EARLY)
            wgmma_wait<0>();
    }
    for (int j = 0; j < TILES && MISTAKE != SPECIALISED_NO_LAST_WAIT; j++)
        for (int r = 0; r < 4; r++)
            shared.results[16 * warp + lane / 4 + r / 2 * 8][8 * j + lane % 4 * 2 + r % 2] =
                sums[j][r];
    if (MISTAKE == SPECIALISED_NO_LAST_WAIT)
        return;
    named_barrier<1>(MISTAKE == SPECIALISED_FEW_AT_BARRIER ? CONSUMERS / 2 : CONSUMERS);
    for (int piece = consumer; piece < TILE_M * TILE_N; piece += CONSUMERS) {
        /* Rows of the other warpgroup. */
        const int row = (piece / TILE_N + TILE_M / 2) % TILE_M, column = piece % TILE_N;
        product
            .c[((int)blockIdx.y * TILE_M + row) * product.n + (int)blockIdx.x * TILE_N + column] =
            shared.results[row][column];
    }
}

template <specialised_mistake MISTAKE>
__global__ void __launch_bounds__(THREADS) specialised_kernel(specialised_product product) {
    SHARED_MEMORY(specialised_shared, shared);
    begin<MISTAKE>(shared);
    if (threadIdx.x >= GROUP) {
        registers_take<240>();
        consume<MISTAKE>(shared, product);
    } else {
        if (MISTAKE != SPECIALISED_FEW_REGISTERS)
            registers_give<24>();
        else
            registers_give<40>();
        if (threadIdx.x < 32)
            produce<MISTAKE>(shared, product);
    }
}

template <specialised_mistake MISTAKE>
static void launch(const specialised_product &product, int m) {
    const dim3 grid((unsigned)(product.n / TILE_N), (unsigned)(m / TILE_M));
    LAUNCH((specialised_kernel<MISTAKE>), grid, THREADS, sizeof(specialised_shared), NULL,
           product);
}

extern "C" void specialised_multiply(enum specialised_mistake mistake, float *c,
                                     const uint16_t *a, const uint16_t *b, int m, int n, int k) {
    const specialised_product product = {c, a, b, n, k};
    static void (*const launchers[SPECIALISED_MISTAKES])(const struct specialised_product &,
                                                         int) = {
#define SPECIALISED_LAUNCHER(name, finding) launch<SPECIALISED_##name>,
        launch<SPECIALISED_RIGHT>, SPECIALISED_BUGS(SPECIALISED_LAUNCHER)};
    launchers[mistake](product, m);
}
