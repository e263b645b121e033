#include "line.h"

/* Room for several paths; what is longer is cut. */
enum { LINE_SIZE = 16384 };

void report_line(const char *title, const char *format, ...) {
    va_list arguments;

    (void)printf("%-10s  ", title);
    va_start(arguments, format);
    print_line(stdout, format, arguments);
    va_end(arguments);
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
