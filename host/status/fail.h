/* How every function of the library reports an error. */
#ifndef DENSEBLOCK_HOST_FAIL_H
#define DENSEBLOCK_HOST_FAIL_H

#include "denseblock.h"

/* Keeps the message for denseblock_last_error() of this thread, and returns `status`, so that a
 * caller can write `return dblk_fail(DENSEBLOCK_..., "...", ...)`. */
__attribute__((format(printf, 2, 3))) denseblock_status dblk_fail(denseblock_status status,
                                                                  const char *format, ...);

#endif
