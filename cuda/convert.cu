/* Converts elements, to the very bits that denseblock_convert gives on the host: what a NaN becomes
 * depends on the machine, and is therefore made here.
 *
 * A thread converts as many elements at a time as are 16 bytes of the larger type, where the addresses
 * allow, else one.
 *
 * As nvcc 13.0 compiles it (tests/resources): registers of a thread, and blocks of a multiprocessor.
 *
 *   kernel                           threads  shared   sm_80   sm_90  sm_100
 *   dblk_convert_kernel                  256       0    30/8    32/8    28/8
 */
#include "cuda_check.h"
#include "element_vector.h"
#include "elementwise.h"
#include "grid.h"
#include "kernel_language.h"

/* What is known of a type: its bits, and what a NaN of it looks like. */
template <typename T> struct format;
template <> struct format<float> {
    using bits = uint32_t;
    static constexpr int FRACTION = 23;
    static constexpr bits SIGN = 0x80000000u, INFINITE = 0x7F800000u;
};
template <> struct format<double> {
    using bits = unsigned long long;
    static constexpr int FRACTION = 52;
    static constexpr bits SIGN = 0x8000000000000000u, INFINITE = 0x7FF0000000000000u;
};
template <> struct format<__half> {
    using bits = uint16_t;
    static constexpr int FRACTION = 10;
    static constexpr bits SIGN = 0x8000, INFINITE = 0x7C00;
};
template <> struct format<__nv_bfloat16> {
    using bits = uint16_t;
    static constexpr int FRACTION = 7;
    static constexpr bits SIGN = 0x8000, INFINITE = 0x7F80;
};

template <typename T> union element {
    using bits_type = typename format<T>::bits;
    T value;
    bits_type bits;
    __device__ explicit element(T v) : value(v) {
    }
    __device__ explicit element(bits_type b) : bits(b) {
    }
};

/* Numbers, each with one rounding. */
template <typename D> struct rounded;
template <> struct rounded<float> {
    static __device__ float from(double value) {
        return static_cast<float>(value);
    }
    static __device__ float from(float value) {
        return value;
    }
    static __device__ float from(__half value) {
        return __half2float(value);
    }
    static __device__ float from(__nv_bfloat16 value) {
        return __bfloat162float(value);
    }
};
template <> struct rounded<double> {
    template <typename S> static __device__ double from(S value) {
        return rounded<float>::from(value);
    }
    static __device__ double from(double value) {
        return value;
    }
};
template <> struct rounded<__half> {
    static __device__ __half from(double value) {
        return __double2half(value);
    }
    static __device__ __half from(float value) {
        return __float2half_rn(value);
    }
    static __device__ __half from(__nv_bfloat16 value) {
        return __float2half_rn(__bfloat162float(value));
    }
};
template <> struct rounded<__nv_bfloat16> {
    static __device__ __nv_bfloat16 from(double value) {
        return __double2bfloat16(value);
    }
    static __device__ __nv_bfloat16 from(float value) {
        return __float2bfloat16_rn(value);
    }
    static __device__ __nv_bfloat16 from(__half value) {
        return __float2bfloat16_rn(__half2float(value));
    }
};

/* A NaN keeps its sign. Between f32 and f64 it also keeps what there is room for of its fraction,
 * as on processors of PCs; the other types have one NaN of either sign. */
template <typename D, typename S> __device__ D convert(S value) {
    using to = format<D>;
    using from = format<S>;
    const typename from::bits bits = element<S>(value).bits;
    if ((bits & ~from::SIGN) <= from::INFINITE)
        return rounded<D>::from(value);
    unsigned long long fraction = 0;
    if (sizeof(D) > 2 && sizeof(S) > 2) {
        fraction = bits & (from::INFINITE ^ (from::SIGN - 1));
        fraction = to::FRACTION > from::FRACTION
                       ? fraction << (sizeof(D) > sizeof(S) ? to::FRACTION - from::FRACTION : 0)
                       : fraction >> (sizeof(D) < sizeof(S) ? from::FRACTION - to::FRACTION : 0);
    }
    const bool negative = (bits & from::SIGN) != 0;
    const unsigned long long quiet = 1ull << (to::FRACTION - 1);
    return element<D>(static_cast<typename to::bits>((negative ? to::SIGN : 0) | to::INFINITE |
                                                     quiet | fraction))
        .value;
}

template <typename D, typename S, int N>
__global__ void dblk_convert_kernel(D *dst, const S *src, int64_t count) {
    for (int64_t i = dblk_grid_thread() * N; i < count; i += dblk_grid_threads() * N) {
        dblk_elements<D, N> to;
        dblk_elements<S, N> from;
        if (i + N <= count) {
            from.load(src + i);
#pragma unroll
            for (int e = 0; e < N; e++)
                to.each[e] = convert<D>(from.each[e]);
            to.store(dst + i);
        } else {
            for (int64_t e = i; e < count; e++)
                dst[e] = convert<D>(src[e]);
        }
    }
}

template <typename D, typename S, int N>
static denseblock_status launch_elements(void *stream, void *dst, const void *src,
                                         int64_t count) {
    LAUNCH((dblk_convert_kernel<D, S, N>), dblk_grid_blocks((count - 1) / N + 1), DBLK_GRID_BLOCK,
           0, static_cast<cudaStream_t>(stream), static_cast<D *>(dst),
           static_cast<const S *>(src), count);
    return dblk_launch_check("dblk_convert_kernel");
}

template <typename D, typename S>
static denseblock_status launch(void *stream, void *dst, const void *src, int64_t count) {
    constexpr int N = 16 / (sizeof(D) > sizeof(S) ? sizeof(D) : sizeof(S));
    if (reinterpret_cast<uintptr_t>(dst) % (N * sizeof(D)) == 0 &&
        reinterpret_cast<uintptr_t>(src) % (N * sizeof(S)) == 0)
        return launch_elements<D, S, N>(stream, dst, src, count);
    return launch_elements<D, S, 1>(stream, dst, src, count);
}

/* Bits that stay as they are: a copy of one pixel. */
static denseblock_status copy(void *stream, denseblock_type type, void *dst, const void *src,
                              int64_t count) {
    const struct dblk_channel_copy copy = {type, dst, count, src, count, 1, count, false};
    return dst == src ? DENSEBLOCK_OK : dblk_copy_channels(stream, &copy);
}

denseblock_status dblk_convert_elements(void *stream, denseblock_type dst_type, void *dst,
                                        denseblock_type src_type, const void *src,
                                        int64_t count) {
    if (count == 0)
        return DENSEBLOCK_OK;
    if (dst_type == src_type)
        return copy(stream, dst_type, dst, src, count);
#define CONVERT_FROM(D, FROM, S)       \
    if (src_type == DENSEBLOCK_##FROM) \
        return launch<D, S>(stream, dst, src, count);
    switch (dst_type) {
    case DENSEBLOCK_F32:
        CONVERT_FROM(float, F64, double)
        CONVERT_FROM(float, F16, __half)
        return launch<float, __nv_bfloat16>(stream, dst, src, count);
    case DENSEBLOCK_F64:
        CONVERT_FROM(double, F32, float)
        CONVERT_FROM(double, F16, __half)
        return launch<double, __nv_bfloat16>(stream, dst, src, count);
    case DENSEBLOCK_F16:
        CONVERT_FROM(__half, F32, float)
        CONVERT_FROM(__half, F64, double)
        return launch<__half, __nv_bfloat16>(stream, dst, src, count);
    case DENSEBLOCK_BF16:
        break;
    }
    CONVERT_FROM(__nv_bfloat16, F32, float)
    CONVERT_FROM(__nv_bfloat16, F64, double)
    return launch<__nv_bfloat16, __half>(stream, dst, src, count);
}
