/* Compiled for AVX2 and FMA: sixteen registers of 32 bytes. */
#define ISA           avx2
#define VECTOR_BYTES  32
#define MOST_PIXELS_1 8
#define MOST_PIXELS_2 6
#define MOST_PIXELS_3 4
#include "backends/cpu/kernel_table.h"
