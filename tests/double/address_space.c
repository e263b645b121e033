/* Addresses for device memory and pinned memory: a large piece of address space, given away from
 * one end to the other. */
#include "address_space.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    ALIGNMENT = 256,
    /* Memory of gigabytes that a test takes and never writes is not to cost that much. What lies
     * beyond is 0. */
    GARBAGE_BYTES = 4 * 1024 * 1024
};
static const size_t space_bytes = (size_t)1 << 39;

static char *space;
static size_t used;

static size_t page_bytes(void) {
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* Of the pages that hold memory at the address. */
static char *first_page(const char *address) {
    return space + ((size_t)(address - space) / page_bytes() * page_bytes());
}

static size_t length_of_pages(size_t bytes) {
    return (ALIGNMENT + bytes + page_bytes() - 1) / page_bytes() * page_bytes();
}

static void protect(char *address, size_t bytes, int protection) {
    char *page = first_page(address);
    const size_t length = (size_t)(address - page) + bytes;
    if (mprotect(page, (length + page_bytes() - 1) / page_bytes() * page_bytes(), protection) !=
        0) {
        perror("runtime double: mprotect");
        abort();
    }
}

char *double_space_take(size_t bytes, int garbage) {
    if (space == NULL) {
        const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
        /* cppcheck-suppress invalidFunctionArg; there is no file */
        void *mapped = mmap(NULL, space_bytes, PROT_NONE, flags, -1, 0);
        if (mapped == MAP_FAILED)
            return NULL;
        space = mapped;
    }
    if (bytes > space_bytes - used || length_of_pages(bytes) + page_bytes() > space_bytes - used)
        return NULL;
    char *address = space + used + ALIGNMENT;
    used += length_of_pages(bytes) + page_bytes();
    double_space_open(address, bytes, true);
    memset(address, garbage, bytes < GARBAGE_BYTES ? bytes : GARBAGE_BYTES);
    double_space_open(address, bytes, false);
    return address;
}

bool double_space_has(const void *address) {
    const uintptr_t begin = (uintptr_t)space, wanted = (uintptr_t)address;
    return space != NULL && wanted >= begin && wanted - begin < space_bytes;
}

void double_space_open(char *address, size_t bytes, bool open) {
    protect(address, bytes, open ? PROT_READ | PROT_WRITE : PROT_NONE);
}

void double_space_drop(char *address, size_t bytes) {
    protect(address, bytes, PROT_NONE);
    (void)madvise(first_page(address), length_of_pages(bytes), MADV_DONTNEED);
}

void double_forget_space(void) {
    if (space != NULL)
        (void)munmap(space, space_bytes);
    space = NULL;
    used = 0;
}
