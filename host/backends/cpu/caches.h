/* The caches of this processor, as far as plans are made for them. */
#ifndef DENSEBLOCK_HOST_CACHES_H
#define DENSEBLOCK_HOST_CACHES_H

#include <stddef.h>

/* Bytes of the last-level cache, as the system tells it; at most 32 MiB: systems count all caches of
 * a processor, of which one core uses a part. */
size_t dblk_cache_bytes(void);

/* All of it, as the system tells it. What is only read, again and again, may take more of it than a
 * plan should count on. */
size_t dblk_cache_total(void);

/* What the transformed features of several images, `one` bytes each, may take together. If one fits
 * into the second-level caches of so many cores: that one, or three quarters of them; else a part of the
 * last-level cache: weights and y need the rest, and other programs. */
size_t dblk_cache_for_slice(size_t one, int cores);

/* The most that those of one image may take before it is computed in steps. */
size_t dblk_cache_for_image(void);

#endif
