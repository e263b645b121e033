/* For any processor: vectors of 16 bytes, which all have that have any. */
#define ISA           portable
#define VECTOR_BYTES  16
#define MOST_PIXELS_1 8
#define MOST_PIXELS_2 6
#define MOST_PIXELS_3 4
#include "backends/cpu/kernel_table.h"
