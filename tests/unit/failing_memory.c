#include "failing_memory.h"

#include <errno.h>
#include <stdlib.h>

#include "suite.h"

static bool counting;  /* off while Check, which is linked in as well, may allocate */
static long countdown; /* allocations until the one that fails; below 0: none fails any more */
static struct failing_memory seen;
static bool (*ignores)(void);

static bool counts(void) {
    return counting && (ignores == NULL || !ignores());
}

/* True for the allocation that has to fail. */
static bool fails_now(void) {
    if (!counts())
        return false;
    seen.made++;
    if (countdown >= 0 && countdown-- == 0) {
        seen.failed = true;
        errno = ENOMEM;
        return true;
    }
    return false;
}

#define WRAPPED(result, name, parameters) \
    result __real_##name parameters;      \
    result __wrap_##name parameters;      \
    result __wrap_##name parameters

/* A counted allocation, or its failure. */
#define ALLOCATE(call)                              \
    do {                                            \
        void *memory = fails_now() ? NULL : (call); \
        seen.live += counts() && memory != NULL;    \
        return memory;                              \
    } while (0)

WRAPPED(void *, malloc, (size_t size)) {
    ALLOCATE(__real_malloc(size));
}

WRAPPED(void *, calloc, (size_t count, size_t size)) {
    ALLOCATE(__real_calloc(count, size));
}

WRAPPED(void *, aligned_alloc, (size_t alignment, size_t size)) {
    ALLOCATE(__real_aligned_alloc(alignment, size));
}

/* What is made larger stays one allocation. */
WRAPPED(void *, realloc, (void *memory, size_t size)) {
    void *grown = fails_now() ? NULL : __real_realloc(memory, size);
    seen.live += counts() && memory == NULL && grown != NULL;
    return grown;
}

WRAPPED(char *, strdup, (const char *text)) {
    ALLOCATE(__real_strdup(text));
}

WRAPPED(char *, strndup, (const char *text, size_t most)) {
    ALLOCATE(__real_strndup(text, most));
}

WRAPPED(char *, realpath, (const char *path, char *resolved)) {
    ALLOCATE(__real_realpath(path, resolved));
}

/* Its memory is the stream's own, which fclose gives back. */
WRAPPED(FILE *, fdopen, (int fd, const char *mode)) {
    return fails_now() ? NULL : __real_fdopen(fd, mode);
}

WRAPPED(void, free, (void *memory)) {
    seen.live -= counts() && memory != NULL;
    __real_free(memory);
}

void failing_memory_begin(long which) {
    seen = (struct failing_memory){0};
    countdown = which;
    counting = true;
}

struct failing_memory failing_memory_end(void) {
    counting = false;
    return seen;
}

void failing_memory_ignore(bool (*ignore)(void)) {
    ignores = ignore;
}

long fail_each_allocation(denseblock_status (*action)(void *), void *argument) {
    for (long which = 0;; which++) {
        failing_memory_begin(which);
        const denseblock_status status = action(argument);
        const struct failing_memory memory = failing_memory_end();
        ck_assert_msg(memory.live == 0, "allocation %ld failed: %ld stay allocated", which,
                      memory.live);
        if (!memory.failed) {
            ck_ok(status);
            return memory.made;
        }
        ck_assert_msg(status == DENSEBLOCK_OUT_OF_MEMORY,
                      "allocation %ld failed: the status is '%s'", which,
                      denseblock_status_string(status));
        ck_assert_ptr_nonnull(strstr(denseblock_last_error(), "no memory"));
    }
}
