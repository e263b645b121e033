/* How fast memory can be read and written. */
#ifndef TOOL_BANDWIDTH_H
#define TOOL_BANDWIDTH_H

#include <stddef.h>

#include "denseblock.h"
#include "failure.h"

typedef struct bandwidth {
    double bytes_per_second; /* the most of several measurements */
    size_t array_bytes;      /* of each array */
    size_t
        cache_bytes; /* the last-level cache, as the system or the device says it; 0: unknown */
} bandwidth;

/* Measures the main memory with a triad, a[i] = b[i] + s * c[i], of `thread_count` threads. Counted
 * are the three elements that each i reads and writes; what a processor reads of a before it writes
 * is not. Together the arrays are at least twice as large as the last-level cache, but never above
 * 1 GiB. Takes about a second. */
outcome bandwidth_measure(int thread_count, bandwidth *measured);

/* Measures the memory of a GPU with a copy from one buffer to another. Counted are the bytes read
 * and the bytes written. */
outcome bandwidth_measure_device(denseblock_backend backend, int device, bandwidth *measured);

#endif
