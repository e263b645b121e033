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
    const char *name;  /* a class: a page may have several pictures, whose styles meet there */
    const char *title; /* plain text, which is also read to those who do not see the picture */
    const char *desc;  /* likewise, what the picture shows; not drawn */
    const char *light; /* style of its own, of selectors that begin with the class, beside that of
                          `text`, `.title`, `.ground` and `.grid` */
    const char *dark;  /* what is other in a dark theme */
} picture;

/* Begins the picture, up to its title. */
void picture_begin(const picture *drawn, FILE *stream);

void picture_end(FILE *stream);

#endif
