/* Text that is first measured, with no memory, and then written. */
#ifndef DENSEBLOCK_HOST_TEXT_H
#define DENSEBLOCK_HOST_TEXT_H

#include <stddef.h>

struct dblk_text {
    char *start; /* NULL while measuring */
    size_t capacity;
    size_t length;
};

__attribute__((format(printf, 2, 3))) void dblk_text_append(struct dblk_text *text,
                                                            const char *format, ...);

#endif
