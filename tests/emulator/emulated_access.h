/* Memory accesses of kernels that go through a function: vectors, atomics, cached loads. */
#ifndef TESTS_EMULATED_ACCESS_H
#define TESTS_EMULATED_ACCESS_H

#include "emulated_device.h"

#define EMULATED_INLINE static inline __attribute__((always_inline, unused))

template <typename T> EMULATED_INLINE struct emulator_bits emulated_bits(T value) {
    static_assert(sizeof(T) <= 16 && (sizeof(T) & (sizeof(T) - 1)) == 0, "one access");
    struct emulator_bits bits = {0, 0};
    __builtin_memcpy(&bits, &value, sizeof value);
    return bits;
}

template <typename T> EMULATED_INLINE T emulated_value(struct emulator_bits bits) {
    T value;
    __builtin_memcpy(static_cast<void *>(&value), &bits, sizeof value);
    return value;
}

template <typename V> EMULATED_INLINE V load_vector(const void *from) {
    static_assert(sizeof(V) <= 16 && alignof(V) == sizeof(V), "one access, at its own alignment");
    return emulated_value<V>(emulator_load(from, sizeof(V)));
}

template <typename V> EMULATED_INLINE void store_vector(void *to, V value) {
    static_assert(sizeof(V) <= 16 && alignof(V) == sizeof(V), "one access, at its own alignment");
    emulator_store(to, sizeof value, emulated_bits(value));
}

/* Loads and stores with a hint for the caches. */
#define EMULATED_LOAD(name)                                       \
    template <typename T> EMULATED_INLINE T name(const T *from) { \
        return emulated_value<T>(emulator_load(from, sizeof(T))); \
    }
#define EMULATED_STORE(name)                                          \
    template <typename T> EMULATED_INLINE void name(T *to, T value) { \
        emulator_store(to, sizeof(T), emulated_bits(value));          \
    }
EMULATED_LOAD(__ldg)
EMULATED_LOAD(__ldca)
EMULATED_LOAD(__ldcg)
EMULATED_LOAD(__ldcs)
EMULATED_LOAD(__ldlu)
EMULATED_LOAD(__ldcv)
EMULATED_STORE(__stwb)
EMULATED_STORE(__stcg)
EMULATED_STORE(__stcs)
EMULATED_STORE(__stwt)

/* ---- Atomics ---- */

#define EMULATED_ATOMIC(name, T, expression)                                             \
    EMULATED_INLINE T name(T *address, T value) {                                        \
        const T old = emulated_value<T>({emulator_atomic_begin(address, sizeof(T)), 0}); \
        emulator_atomic_end(address, sizeof(T), emulated_bits<T>(expression).low);       \
        return old;                                                                      \
    }
#define EMULATED_ATOMICS(T)                                  \
    EMULATED_ATOMIC(atomicAdd, T, old + value)               \
    EMULATED_ATOMIC(atomicMin, T, value < old ? value : old) \
    EMULATED_ATOMIC(atomicMax, T, value > old ? value : old) \
    EMULATED_ATOMIC(atomicAnd, T, old &value)                \
    EMULATED_ATOMIC(atomicOr, T, old | value)                \
    EMULATED_ATOMIC(atomicXor, T, old ^ value)               \
    EMULATED_ATOMIC(atomicExch, T, value)
EMULATED_ATOMICS(unsigned)
EMULATED_ATOMICS(unsigned long long)
EMULATED_ATOMIC(atomicAdd, int, (int)((unsigned)old + (unsigned)value))
EMULATED_ATOMIC(atomicMin, int, value < old ? value : old)
EMULATED_ATOMIC(atomicMax, int, value > old ? value : old)
EMULATED_ATOMIC(atomicAnd, int, old &value)
EMULATED_ATOMIC(atomicOr, int, old | value)
EMULATED_ATOMIC(atomicXor, int, old ^ value)
EMULATED_ATOMIC(atomicExch, int, value)
EMULATED_ATOMIC(atomicMin, long long, value < old ? value : old)
EMULATED_ATOMIC(atomicMax, long long, value > old ? value : old)
EMULATED_ATOMIC(atomicSub, int, (int)((unsigned)old - (unsigned)value))
EMULATED_ATOMIC(atomicSub, unsigned, old - value)
EMULATED_ATOMIC(atomicAdd, float, old + value)
EMULATED_ATOMIC(atomicAdd, double, old + value)
EMULATED_ATOMIC(atomicExch, float, value)

template <typename T> EMULATED_INLINE T atomicCAS(T *address, T expected, T value) {
    static_assert(std::is_integral<T>::value, "atomicCAS is for integers");
    const T old = emulated_value<T>({emulator_atomic_begin(address, sizeof(T)), 0});
    emulator_atomic_end(address, sizeof(T), emulated_bits(old == expected ? value : old).low);
    return old;
}

#endif
