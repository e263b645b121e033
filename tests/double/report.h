/* What the host has done wrong. */
#ifndef TESTS_DOUBLE_REPORT_H
#define TESTS_DOUBLE_REPORT_H

#include <stddef.h>

/* Text that grows, a line at a time. */
struct double_text {
    char *text;
    size_t length, capacity;
};
void double_text_line(struct double_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void double_text_clear(struct double_text *text);

/* Reports a mistake of the host. */
void double_mistake(const char *format, ...) __attribute__((format(printf, 1, 2)));

void double_forget_mistakes(void);

#endif
