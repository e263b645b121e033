/* Writing an RGB picture as PNG, strip by strip from the top. */
#ifndef TOOL_PNG_WRITER_H
#define TOOL_PNG_WRITER_H

#include <stddef.h>
#include <stdio.h>

#include "failure.h"

typedef struct png_writer png_writer;

/* Begins a picture.
 *
 *   path     for messages
 *   writer   receives the writer, for png_writer_free, whatever the outcome */
outcome png_writer_create(FILE *stream, const char *path, size_t width, size_t height,
                          png_writer **writer);

/* Writes the next rows, 3 bytes a pixel and without gaps. */
outcome png_writer_rows(png_writer *writer, const unsigned char *rgb, size_t row_count);

/* Ends the picture: all rows have been written. */
outcome png_writer_finish(png_writer *writer);

/* NULL is allowed. */
void png_writer_free(png_writer *writer);

#endif
