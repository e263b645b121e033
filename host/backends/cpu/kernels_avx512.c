/* Compiled for AVX-512: thirty-two registers of 64 bytes. */
#define ISA           avx512
#define VECTOR_BYTES  64
#define MOST_PIXELS_1 12
#define MOST_PIXELS_2 12
#define MOST_PIXELS_3 8
#include "backends/cpu/kernel_table.h"
