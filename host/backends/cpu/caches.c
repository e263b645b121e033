#include "backends/cpu/caches.h"

#include <unistd.h>

size_t dblk_cache_bytes(void) {
    const size_t assumed = (size_t)8 << 20, most = (size_t)32 << 20;
#if defined(_SC_LEVEL3_CACHE_SIZE) /* of glibc */
    const long bytes = sysconf(_SC_LEVEL3_CACHE_SIZE);
#else
    const long bytes = 0;
#endif
    if (bytes <= 0)
        return assumed;
    return (size_t)bytes < most ? (size_t)bytes : most;
}

size_t dblk_cache_for_slice(void) {
    return dblk_cache_bytes() / 4;
}

size_t dblk_cache_for_image(void) {
    return dblk_cache_bytes() / 2;
}
