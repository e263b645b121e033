/* Vectors of REAL, VECTOR_BYTES wide, in the language's vector extensions: the compiler's target
 * decides what they become. Included by kernel_table.h, once for each REAL. */

typedef REAL NAME(vector) __attribute__((vector_size(VECTOR_BYTES)));
typedef REAL NAME(unaligned)
    __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(REAL)), may_alias));
typedef MASK NAME(mask) __attribute__((vector_size(VECTOR_BYTES)));

INLINE NAME(vector) NAME(load)(const REAL *from) {
    return *(const NAME(unaligned) *)from;
}

INLINE void NAME(store)(REAL *to, NAME(vector) v) {
    *(NAME(unaligned) *)to = v;
}
