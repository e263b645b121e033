/* Looks for elements that are NaN or Inf: those whose exponent has all bits set.
 *
 * Every thread stops at the first that it finds, and tells. There is at most one atomic operation for
 * a thread, and none where all is well, as it nearly always is: nothing has to be reduced.
 *
 * As nvcc 13.0 compiles it (tests/resources): registers of a thread, and blocks of a multiprocessor.
 *
 *   kernel                           threads  shared   sm_80   sm_90  sm_100
 *   dblk_find_not_finite_kernel          256       0    18/8    20/8    20/8
 */
#include "cuda_check.h"
#include "elementwise.h"
#include "grid.h"
#include "kernel_language.h"
#include "vector_access.h"

/* U is an unsigned integer of an element's size. */
template <typename U> union finite_vector {
    static constexpr int COUNT = 16 / sizeof(U);
    uint4 whole;
    U elements[COUNT];
    __device__ finite_vector() {
    }
};

/* Elements [0, head) and from `tail` on are looked at one by one, those between in vectors. */
template <typename U>
__global__ void dblk_find_not_finite_kernel(const U *elements, int64_t count, int64_t head,
                                            int64_t tail, U exponent, unsigned long long base,
                                            unsigned long long *first) {
    constexpr int COUNT = finite_vector<U>::COUNT;
    int64_t found = count;
    for (int64_t i = head + dblk_grid_thread() * COUNT; i < tail && found == count;
         i += dblk_grid_threads() * COUNT) {
        finite_vector<U> vector;
        vector.whole = load_vector<uint4>(elements + i);
#pragma unroll
        for (int e = COUNT - 1; e >= 0; e--)
            if ((vector.elements[e] & exponent) == exponent)
                found = i + e;
    }
    /* The head and the tail are less than a vector each: one element for a thread. */
    const int64_t thread = dblk_grid_thread();
    const int64_t single = thread < head ? thread : tail + thread - head;
    if (single < found && (elements[single] & exponent) == exponent)
        found = single;
    if (found < count)
        atomicMin(first, base + static_cast<unsigned long long>(found));
}

template <typename U>
static denseblock_status launch(void *stream, U exponent, const void *elements, int64_t count,
                                uint64_t base, uint64_t *first) {
    constexpr int COUNT = finite_vector<U>::COUNT;
    const int64_t past =
        static_cast<int64_t>(reinterpret_cast<uintptr_t>(elements) % 16 / sizeof(U));
    int64_t head = past == 0 ? 0 : COUNT - past;
    head = head < count ? head : count;
    const int64_t vectors = (count - head) / COUNT;
    LAUNCH((dblk_find_not_finite_kernel<U>), dblk_grid_blocks(vectors + 1), DBLK_GRID_BLOCK, 0,
           static_cast<cudaStream_t>(stream), static_cast<const U *>(elements), count, head,
           head + vectors * COUNT, exponent, base, reinterpret_cast<unsigned long long *>(first));
    return dblk_launch_check("dblk_find_not_finite_kernel");
}

denseblock_status dblk_find_not_finite(void *stream, denseblock_type type, const void *elements,
                                       int64_t count, uint64_t base, uint64_t *first) {
    if (count == 0)
        return DENSEBLOCK_OK;
    switch (type) {
    case DENSEBLOCK_F32:
        return launch<uint32_t>(stream, UINT32_C(0x7F800000), elements, count, base, first);
    case DENSEBLOCK_F64:
        return launch<uint64_t>(stream, UINT64_C(0x7FF0000000000000), elements, count, base,
                                first);
    case DENSEBLOCK_F16:
        return launch<uint16_t>(stream, UINT16_C(0x7C00), elements, count, base, first);
    case DENSEBLOCK_BF16:
        break;
    }
    return launch<uint16_t>(stream, UINT16_C(0x7F80), elements, count, base, first);
}
