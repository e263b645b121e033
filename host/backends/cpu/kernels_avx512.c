/* Compiled for AVX-512: thirty-two registers of 64 bytes. */
#ifndef ISA /* a test compiles this for narrower vectors, under another name */
#define ISA avx512
#endif
#define VECTOR_BYTES  64
#define MOST_PIXELS_1 14
#define MOST_PIXELS_2 14
#define MOST_PIXELS_3 9
#include "backends/cpu/kernel_table.h"
