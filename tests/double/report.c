/* What the host has done wrong. */
#include "report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "allocate.h"
#include "calls.h"

/* A loop that makes a mistake at every turn is not to fill the memory. */
enum { LINE_BYTES = 512, MOST_BYTES = 64 * 1024 };

__attribute__((format(printf, 2, 0))) static void add(struct double_text *text,
                                                      const char *format, va_list arguments) {
    if (text->length > MOST_BYTES)
        return;
    if (text->capacity - text->length < LINE_BYTES) {
        text->capacity += 8 * LINE_BYTES;
        text->text = double_grow(text->text, text->capacity);
    }
    char *line = text->text + text->length;
    int length = vsnprintf(line, LINE_BYTES - 1, format, arguments);
    if (length < 0)
        length = 0;
    if (length > LINE_BYTES - 2)
        length = LINE_BYTES - 2;
    line[length] = '\n';
    line[length + 1] = 0;
    text->length += (size_t)length + 1;
}

void double_text_line(struct double_text *text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    add(text, format, arguments);
    va_end(arguments);
}

void double_text_clear(struct double_text *text) {
    free(text->text);
    *text = (struct double_text){.text = NULL};
}

static struct double_text mistakes;

void double_mistake(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    add(&mistakes, format, arguments);
    va_end(arguments);
}

void double_forget_mistakes(void) {
    double_text_clear(&mistakes);
}

const char *cuda_double_mistakes(void) {
    double_lock();
    const char *text = mistakes.text == NULL ? "" : mistakes.text;
    double_unlock();
    return text;
}
