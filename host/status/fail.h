/* How every function of the library reports an error. */
#ifndef DENSEBLOCK_HOST_FAIL_H
#define DENSEBLOCK_HOST_FAIL_H

#include "denseblock.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Keeps the message for denseblock_last_error() of this thread. */
__attribute__((format(printf, 1, 2))) void dblk_keep_message(const char *format, ...);

/* Keeps the message and gives the status: `return dblk_fail(DENSEBLOCK_..., "...", ...)`. A
 * macro, so that who reads one file, a static analyser too, knows which status comes out. */
#define dblk_fail(status, ...) (dblk_keep_message(__VA_ARGS__), (status))

#ifdef __cplusplus
}
#endif

#endif
