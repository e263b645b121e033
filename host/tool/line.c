#include "line.h"

#include <string.h>

/* Room for several paths; what is longer is cut. */
enum { LINE_SIZE = 16384 };

void report_line(const char *title, const char *format, ...) {
    va_list arguments;

    (void)printf("%-10s  ", title);
    va_start(arguments, format);
    print_line(stdout, format, arguments);
    va_end(arguments);
}

void report_lines(const char *title, const char *text) {
    while (*text != '\0') {
        const size_t length = strcspn(text, "\n");

        report_line(title, "%.*s", (int)length, text);
        title = "";
        text += length + (text[length] == '\n');
    }
}

void print_line(FILE *stream, const char *format, va_list arguments) {
    char line[LINE_SIZE];

    (void)vsnprintf(line, sizeof line, format, arguments);
    for (char *letter = line; *letter != '\0'; letter++) {
        if ((unsigned char)*letter < 0x20 || *letter == 0x7f)
            *letter = '?';
    }
    (void)fprintf(stream, "%s\n", line);
}
