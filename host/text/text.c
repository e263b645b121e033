#include "text/text.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

void dblk_text_append(struct dblk_text *text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const bool measuring = text->start == NULL;
    const int written =
        vsnprintf(measuring ? NULL : text->start + text->length,
                  measuring ? 0 : text->capacity - text->length, format, arguments);
    va_end(arguments);
    if (written > 0)
        text->length += (size_t)written;
}
