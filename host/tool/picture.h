/* What all pictures in SVG have: text, lines and ground in the colours of the reader's light or
 * dark theme. */
#ifndef TOOL_PICTURE_H
#define TOOL_PICTURE_H

#include <stdint.h>
#include <stdio.h>

/* The height of the title, at the top. */
enum { PICTURE_TITLE = 34 };

typedef struct picture {
    int64_t width, height;
    const char
        *title; /* plain text: it is what is read to those who do not see the picture, too */
    const char *light; /* style of its own, beside that of `text`, `.title`, `.ground`, `.grid` */
    const char *dark;  /* what is other in a dark theme */
} picture;

/* Begins the picture, up to its title. */
void picture_begin(const picture *drawn, FILE *stream);

void picture_end(FILE *stream);

#endif
