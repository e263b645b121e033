#include "backends/cpu/caches.h"

#include <unistd.h>

/* 0 if the system does not tell. */
static size_t told(int level) {
#if defined(_SC_LEVEL2_CACHE_SIZE) && defined(_SC_LEVEL3_CACHE_SIZE) /* of glibc */
    const long bytes = sysconf(level == 2 ? _SC_LEVEL2_CACHE_SIZE : _SC_LEVEL3_CACHE_SIZE);
    return bytes > 0 ? (size_t)bytes : 0;
#else
    (void)level;
    return 0;
#endif
}

size_t dblk_cache_total(void) {
    const size_t assumed = (size_t)8 << 20, bytes = told(3);
    return bytes > 0 ? bytes : assumed;
}

size_t dblk_cache_bytes(void) {
    const size_t most = (size_t)32 << 20, bytes = dblk_cache_total();
    return bytes < most ? bytes : most;
}

size_t dblk_cache_for_slice(size_t one, int cores) {
    const size_t near = told(2) * (size_t)cores;
    if (one > near)
        return dblk_cache_bytes() / 4;
    return one > near / 4 * 3 ? one : near / 4 * 3;
}

size_t dblk_cache_for_image(void) {
    return dblk_cache_bytes() / 2;
}
