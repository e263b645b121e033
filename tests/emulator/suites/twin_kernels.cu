/* Kernels of one instruction each. */
#include "twin_kernels.h"

#include "ptx.h"
#include "vector_access.h"

enum { LANES = 32 };

template <twin_matrix KIND>
__global__ void mma_kernel(float *d, const uint32_t *a, const uint32_t *b) {
    uint32_t left[4], right[2];
    float sums[4];
    for (int r = 0; r < 4; r++) {
        left[r] = a[4 * threadIdx.x + r];
        sums[r] = d[4 * threadIdx.x + r];
    }
    for (int r = 0; r < 2; r++)
        right[r] = b[2 * threadIdx.x + r];
    if (KIND == TWIN_F16)
        mma_m16n8k16_f16(sums, left, right);
    else if (KIND == TWIN_BF16)
        mma_m16n8k16_bf16(sums, left, right);
    else
        mma_m16n8k8_tf32(sums, left, right);
    for (int r = 0; r < 4; r++)
        d[4 * threadIdx.x + r] = sums[r];
}

extern "C" void twin_mma(enum twin_matrix kind, float *d, const uint32_t *a, const uint32_t *b) {
    if (kind == TWIN_F16)
        LAUNCH((mma_kernel<TWIN_F16>), 1, LANES, 0, NULL, d, a, b);
    else if (kind == TWIN_BF16)
        LAUNCH((mma_kernel<TWIN_BF16>), 1, LANES, 0, NULL, d, a, b);
    else
        LAUNCH((mma_kernel<TWIN_TF32>), 1, LANES, 0, NULL, d, a, b);
}

struct image {
    uint32_t words[1];
};

template <int MATRICES, bool TRANSPOSED>
__global__ void ldmatrix_kernel(uint32_t *fragments, const uint32_t *words, uint32_t bytes,
                                const uint32_t *rows) {
    SHARED_MEMORY(image, shared);
    uint32_t *to = shared.words;
    for (uint32_t i = threadIdx.x; i < bytes / 4; i += LANES)
        to[i] = words[i];
    __syncthreads();
    const char *row = (const char *)to + rows[threadIdx.x];
    uint32_t registers[MATRICES];
    if constexpr (MATRICES == 1) {
        TRANSPOSED ? ldmatrix_x1_trans(registers, row) : ldmatrix_x1(registers, row);
    } else if constexpr (MATRICES == 2) {
        TRANSPOSED ? ldmatrix_x2_trans(registers, row) : ldmatrix_x2(registers, row);
    } else {
        TRANSPOSED ? ldmatrix_x4_trans(registers, row) : ldmatrix_x4(registers, row);
    }
    for (int m = 0; m < MATRICES; m++)
        fragments[MATRICES * threadIdx.x + m] = registers[m];
}

template <int MATRICES>
static void load(int transposed, uint32_t *fragments, const uint32_t *words, uint32_t bytes,
                 const uint32_t *rows) {
    if (transposed)
        LAUNCH((ldmatrix_kernel<MATRICES, true>), 1, LANES, bytes, NULL, fragments, words, bytes,
               rows);
    else
        LAUNCH((ldmatrix_kernel<MATRICES, false>), 1, LANES, bytes, NULL, fragments, words, bytes,
               rows);
}

extern "C" void twin_ldmatrix(int matrices, int transposed, uint32_t *fragments,
                              const uint32_t *words, uint32_t bytes, const uint32_t *rows) {
    if (matrices == 1)
        load<1>(transposed, fragments, words, bytes, rows);
    else if (matrices == 2)
        load<2>(transposed, fragments, words, bytes, rows);
    else
        load<4>(transposed, fragments, words, bytes, rows);
}

struct pieces {
    uint4 pieces[LANES];
};

template <int BYTES>
__global__ void cp_async_kernel(uint32_t *result, const uint32_t *source, const uint32_t *valid) {
    SHARED_MEMORY(pieces, shared);
    uint4 *to = &shared.pieces[threadIdx.x];
    store_vector(to, make_uint4(0xEEEEEEEE, 0xEEEEEEEE, 0xEEEEEEEE, 0xEEEEEEEE));
    const uint32_t *from = source + 4 * threadIdx.x;
    if (BYTES == 4)
        cp_async_4(to, from, valid[threadIdx.x]);
    else if (BYTES == 8)
        cp_async_8(to, from, valid[threadIdx.x]);
    else
        cp_async_16(to, from, valid[threadIdx.x]);
    cp_async_commit();
    cp_async_wait<0>();
    store_vector(result + 4 * threadIdx.x, load_vector<uint4>(to));
}

extern "C" void twin_cp_async(int bytes, uint32_t *result, const uint32_t *source,
                              const uint32_t *valid) {
    if (bytes == 4)
        LAUNCH((cp_async_kernel<4>), 1, LANES, sizeof(pieces), NULL, result, source, valid);
    else if (bytes == 8)
        LAUNCH((cp_async_kernel<8>), 1, LANES, sizeof(pieces), NULL, result, source, valid);
    else
        LAUNCH((cp_async_kernel<16>), 1, LANES, sizeof(pieces), NULL, result, source, valid);
}

__global__ void map_kernel(twin_function function, uint32_t *result, const uint32_t *first,
                           const uint32_t *second, int count) {
    const int i = (int)(blockIdx.x * blockDim.x + threadIdx.x);
    if (i >= count)
        return;
    uint32_t bits;
    if (function == TWIN_TO_TF32)
        bits = f32_to_tf32(__uint_as_float(first[i]));
    else if (function == TWIN_RELU_F16X2)
        bits = relu_keep_nan_f16x2(first[i]);
    else if (function == TWIN_RELU_BF16X2)
        bits = relu_keep_nan_bf16x2(first[i]);
    else
        bits =
            __float_as_uint(max_keep_nan(__uint_as_float(first[i]), __uint_as_float(second[i])));
    result[i] = bits;
}

extern "C" void twin_map(enum twin_function function, uint32_t *result, const uint32_t *first,
                         const uint32_t *second, int count) {
    LAUNCH(map_kernel, (count + 127) / 128, 128, 0, NULL, function, result, first, second, count);
}

__global__ void shuffle_kernel(twin_direction how, int width, uint32_t *result,
                               const uint32_t *values, const uint32_t *operands) {
    const uint32_t value = values[threadIdx.x];
    const int operand = (int)operands[threadIdx.x];
    uint32_t received;
    if (how == TWIN_INDEX)
        received = __shfl_sync(0xFFFFFFFF, value, operand, width);
    else if (how == TWIN_UP)
        received = __shfl_up_sync(0xFFFFFFFF, value, (unsigned)operand, width);
    else if (how == TWIN_DOWN)
        received = __shfl_down_sync(0xFFFFFFFF, value, (unsigned)operand, width);
    else
        received = __shfl_xor_sync(0xFFFFFFFF, value, operand, width);
    result[threadIdx.x] = received;
}

extern "C" void twin_shuffle(enum twin_direction how, int width, uint32_t *result,
                             const uint32_t *values, const uint32_t *operands) {
    LAUNCH(shuffle_kernel, 1, LANES, 0, NULL, how, width, result, values, operands);
}

__global__ void vote_kernel(uint32_t *result, const uint32_t *conditions) {
    const bool holds = conditions[threadIdx.x] != 0;
    result[3 * threadIdx.x] = __ballot_sync(0xFFFFFFFF, holds);
    result[3 * threadIdx.x + 1] = (uint32_t)__any_sync(0xFFFFFFFF, holds);
    result[3 * threadIdx.x + 2] = (uint32_t)__all_sync(0xFFFFFFFF, holds);
}

extern "C" void twin_vote(uint32_t *result, const uint32_t *conditions) {
    LAUNCH(vote_kernel, 1, LANES, 0, NULL, result, conditions);
}
