#include "peak_loops.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* Sums that do not wait for each other: an FMA takes four or five cycles, and up to two begin in
 * each. More sums would not fit in the sixteen registers of AVX2. */
enum { SUMS = 10 };

/* Defines a loop over vectors. With s = s * a + b the sums tend to b / (1 - a) = 1: no infinities
 * or denormals slow it down. They begin with different values, or the compiler would see that one
 * sum is enough.
 *
 *   TARGET      the instruction set, as an attribute
 *   VECTOR      the type of a vector, of LANES elements of type ELEMENT
 *   SET(v)      a vector full of v
 *   FMA(s,a,b)  s * a + b */
#define DEFINE_LOOP(NAME, TARGET, VECTOR, ELEMENT, LANES, SET, FMA)             \
    TARGET static double NAME(long rounds) {                                    \
        const VECTOR a = SET((ELEMENT)0.75), b = SET((ELEMENT)0.25);            \
        VECTOR s0 = SET(0), s1 = SET(1), s2 = SET(2), s3 = SET(3), s4 = SET(4); \
        VECTOR s5 = SET(5), s6 = SET(6), s7 = SET(7), s8 = SET(8), s9 = SET(9); \
        union {                                                                 \
            VECTOR vector;                                                      \
            ELEMENT elements[LANES];                                            \
        } total;                                                                \
                                                                                \
        for (long i = 0; i < rounds; i++) {                                     \
            s0 = FMA(s0, a, b);                                                 \
            s1 = FMA(s1, a, b);                                                 \
            s2 = FMA(s2, a, b);                                                 \
            s3 = FMA(s3, a, b);                                                 \
            s4 = FMA(s4, a, b);                                                 \
            s5 = FMA(s5, a, b);                                                 \
            s6 = FMA(s6, a, b);                                                 \
            s7 = FMA(s7, a, b);                                                 \
            s8 = FMA(s8, a, b);                                                 \
            s9 = FMA(s9, a, b);                                                 \
        }                                                                       \
        total.vector = s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7 + s8 + s9;         \
        return (double)total.elements[0];                                       \
    }

#if defined(__x86_64__)
#define AVX512 __attribute__((target("avx512f")))
#define AVX2   __attribute__((target("avx2,fma")))
DEFINE_LOOP(avx512_f32, AVX512, __m512, float, 16, _mm512_set1_ps, _mm512_fmadd_ps)
DEFINE_LOOP(avx512_f64, AVX512, __m512d, double, 8, _mm512_set1_pd, _mm512_fmadd_pd)
DEFINE_LOOP(avx2_f32, AVX2, __m256, float, 8, _mm256_set1_ps, _mm256_fmadd_ps)
DEFINE_LOOP(avx2_f64, AVX2, __m256d, double, 4, _mm256_set1_pd, _mm256_fmadd_pd)
#endif

/* Without knowing the processor: 16 bytes, the vectors of SSE2 and NEON, and a multiplication and
 * an addition, which the compiler may fuse. */
typedef float vector_f32 __attribute__((vector_size(16)));
typedef double vector_f64 __attribute__((vector_size(16)));
#define SET_F32(v)            ((vector_f32){(v), (v), (v), (v)})
#define SET_F64(v)            ((vector_f64){(v), (v)})
#define MULTIPLY_ADD(s, a, b) ((s) * (a) + (b))
DEFINE_LOOP(plain_f32, , vector_f32, float, 4, SET_F32, MULTIPLY_ADD)
DEFINE_LOOP(plain_f64, , vector_f64, double, 2, SET_F64, MULTIPLY_ADD)

/* A multiplication and an addition for every lane of every sum. */
static peak_loop loop_of(double (*run)(long rounds), int lanes) {
    return (peak_loop){.run = run, .operations = 2.0 * SUMS * lanes};
}

peak_loop peak_loop_of(denseblock_type type) {
    const int f64 = type == DENSEBLOCK_F64;

#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f"))
        return f64 ? loop_of(avx512_f64, 8) : loop_of(avx512_f32, 16);
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return f64 ? loop_of(avx2_f64, 4) : loop_of(avx2_f32, 8);
#endif
    return f64 ? loop_of(plain_f64, 2) : loop_of(plain_f32, 4);
}
