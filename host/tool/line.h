/* Lines for people, of reports and of messages. */
#ifndef TOOL_LINE_H
#define TOOL_LINE_H

#include <stdarg.h>
#include <stdio.h>

/* Prints a line of a report on stdout: `title`, and beside it the text; "" as title goes on with
 * what the line above is about. */
void report_line(const char *title, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same for a text of several lines, each ended by a newline. */
void report_lines(const char *title, const char *text);

/* Prints the text and ends the line. Names of files may hold control bytes: they become '?', so
 * that one line stays one, and no terminal obeys it. */
void print_line(FILE *stream, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

#endif
