/* Allocations that are counted, and made to fail. The linker puts functions of failing_memory.c in front
 * of libc's (denseblock_wrap in CMakeLists.txt). */
#ifndef DENSEBLOCK_TESTS_FAILING_MEMORY_H
#define DENSEBLOCK_TESTS_FAILING_MEMORY_H

#include "denseblock.h"

/* Allocations from now on are counted; the one with this number, from 0, fails; below 0: none. */
void failing_memory_begin(long which);

/* Ends it. */
struct failing_memory {
    long made;   /* allocations */
    long live;   /* of those, not freed again */
    bool failed; /* one of them was made to fail */
};
struct failing_memory failing_memory_end(void);

/* While this gives true, allocations are not counted: they are not the library's. NULL: all are. */
void failing_memory_ignore(bool (*ignore)(void));

/* Runs `action` with the first allocation failing, then the second, and so on, until it has no
 * more. Returns how many it has. `action` gives back all it made when it succeeds, and uses none
 * of Check's functions. */
long fail_each_allocation(denseblock_status (*action)(void *), void *argument);

#endif
