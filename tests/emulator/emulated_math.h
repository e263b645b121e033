/* Arithmetic that CUDA C++ has and C++ has not, or has otherwise. */
#ifndef TESTS_EMULATED_MATH_H
#define TESTS_EMULATED_MATH_H

#include <math.h>

#include "emulated_access.h"

/* min and max of CUDA: mixed types, and a NaN loses, as in fmin. */
#define EMULATED_INTEGER_LIMITS(T, A, B)                                                      \
    EMULATED_INLINE T min(A a, B b) {                                                         \
        return static_cast<T>(a) < static_cast<T>(b) ? static_cast<T>(a) : static_cast<T>(b); \
    }                                                                                         \
    EMULATED_INLINE T max(A a, B b) {                                                         \
        return static_cast<T>(a) > static_cast<T>(b) ? static_cast<T>(a) : static_cast<T>(b); \
    }
EMULATED_INTEGER_LIMITS(int, int, int)
EMULATED_INTEGER_LIMITS(unsigned, unsigned, unsigned)
EMULATED_INTEGER_LIMITS(unsigned, int, unsigned)
EMULATED_INTEGER_LIMITS(unsigned, unsigned, int)
EMULATED_INTEGER_LIMITS(long, long, long)
EMULATED_INTEGER_LIMITS(unsigned long, unsigned long, unsigned long)
EMULATED_INTEGER_LIMITS(unsigned long, long, unsigned long)
EMULATED_INTEGER_LIMITS(unsigned long, unsigned long, long)
EMULATED_INTEGER_LIMITS(long long, long long, long long)
EMULATED_INTEGER_LIMITS(unsigned long long, unsigned long long, unsigned long long)
EMULATED_INTEGER_LIMITS(unsigned long long, long long, unsigned long long)
EMULATED_INTEGER_LIMITS(unsigned long long, unsigned long long, long long)
#define EMULATED_FLOAT_LIMITS(T, A, B, low, high) \
    EMULATED_INLINE T min(A a, B b) {             \
        return low(a, b);                         \
    }                                             \
    EMULATED_INLINE T max(A a, B b) {             \
        return high(a, b);                        \
    }
EMULATED_FLOAT_LIMITS(float, float, float, fminf, fmaxf)
EMULATED_FLOAT_LIMITS(double, double, double, fmin, fmax)
EMULATED_FLOAT_LIMITS(double, float, double, fmin, fmax)
EMULATED_FLOAT_LIMITS(double, double, float, fmin, fmax)

/* Rounded to nearest, and never made into other instructions. */
#define EMULATED_ROUNDED(name, T, expression) \
    EMULATED_INLINE T name(T a, T b) {        \
        return expression;                    \
    }
EMULATED_ROUNDED(__fadd_rn, float, a + b)
EMULATED_ROUNDED(__fsub_rn, float, a - b)
EMULATED_ROUNDED(__fmul_rn, float, a *b)
EMULATED_ROUNDED(__fdiv_rn, float, a / b)
EMULATED_ROUNDED(__dadd_rn, double, a + b)
EMULATED_ROUNDED(__dsub_rn, double, a - b)
EMULATED_ROUNDED(__dmul_rn, double, a *b)
EMULATED_ROUNDED(__ddiv_rn, double, a / b)
EMULATED_INLINE float __fmaf_rn(float a, float b, float c) {
    return fmaf(a, b, c);
}
EMULATED_INLINE double __fma_rn(double a, double b, double c) {
    return fma(a, b, c);
}
EMULATED_INLINE float rsqrtf(float a) {
    return 1.0f / sqrtf(a);
}

#define EMULATED_REINTERPRETATION(name, To, From)       \
    EMULATED_INLINE To name(From from) {                \
        return emulated_value<To>(emulated_bits(from)); \
    }
EMULATED_REINTERPRETATION(__float_as_int, int, float)
EMULATED_REINTERPRETATION(__float_as_uint, unsigned, float)
EMULATED_REINTERPRETATION(__int_as_float, float, int)
EMULATED_REINTERPRETATION(__uint_as_float, float, unsigned)
EMULATED_REINTERPRETATION(__double_as_longlong, long long, double)
EMULATED_REINTERPRETATION(__longlong_as_double, double, long long)

EMULATED_INLINE int __popc(unsigned bits) {
    return __builtin_popcount(bits);
}
EMULATED_INLINE int __popcll(unsigned long long bits) {
    return __builtin_popcountll(bits);
}
EMULATED_INLINE int __clz(int bits) {
    return bits == 0 ? 32 : __builtin_clz((unsigned)bits);
}
EMULATED_INLINE int __clzll(long long bits) {
    return bits == 0 ? 64 : __builtin_clzll((unsigned long long)bits);
}
EMULATED_INLINE int __ffs(int bits) {
    return __builtin_ffs(bits);
}
EMULATED_INLINE unsigned __umulhi(unsigned a, unsigned b) {
    return (unsigned)((unsigned long long)a * b >> 32);
}
EMULATED_INLINE int __mulhi(int a, int b) {
    return (int)((long long)a * b >> 32);
}
EMULATED_INLINE unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
    __extension__ typedef unsigned __int128 wide;
    return (unsigned long long)((wide)a * b >> 64);
}
EMULATED_INLINE unsigned __funnelshift_l(unsigned low, unsigned high, unsigned shift) {
    const unsigned long long both = (unsigned long long)high << 32 | low;
    return (unsigned)(both << (shift & 31) >> 32);
}
EMULATED_INLINE unsigned __funnelshift_r(unsigned low, unsigned high, unsigned shift) {
    const unsigned long long both = (unsigned long long)high << 32 | low;
    return (unsigned)(both >> (shift & 31));
}
EMULATED_INLINE unsigned __byte_perm(unsigned a, unsigned b, unsigned selector) {
    const unsigned long long both = (unsigned long long)b << 32 | a;
    unsigned result = 0;
    for (unsigned i = 0; i < 4; i++) {
        unsigned byte = (unsigned)(both >> 8 * (selector >> 4 * i & 7)) & 0xFF;
        if (selector >> 4 * i & 8)
            byte = byte & 0x80 ? 0xFF : 0;
        result |= byte << 8 * i;
    }
    return result;
}

#endif
