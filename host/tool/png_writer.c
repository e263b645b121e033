#include "png_writer.h"

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>

enum { MESSAGE_SIZE = 128 };

struct png_writer {
    const char *path;
    size_t width;
    png_structp png;
    png_infop info;
    char message[MESSAGE_SIZE]; /* libpng's, after a failure */
};

static void on_error(png_structp png, png_const_charp message) {
    png_writer *writer = png_get_error_ptr(png);

    (void)snprintf(writer->message, sizeof writer->message, "%s", message);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message) {
    (void)png;
    (void)message;
}

static outcome fail_to_write(const png_writer *writer) {
    return fail_machine("%s cannot be written: %s", writer->path, writer->message);
}

static outcome write_header(png_writer *writer, FILE *stream, size_t height) {
    if (setjmp(png_jmpbuf(writer->png)) != 0)
        return fail_to_write(writer);
    png_init_io(writer->png, stream);
    png_set_IHDR(writer->png, writer->info, (png_uint_32)writer->width, (png_uint_32)height, 8,
                 PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_write_info(writer->png, writer->info);
    return OUTCOME_SUCCESS;
}

outcome png_writer_create(FILE *stream, const char *path, size_t width, size_t height,
                          png_writer **writer) {
    png_writer *made = calloc(1, sizeof *made);

    *writer = made;
    if (made == NULL)
        return fail_out_of_memory();
    made->path = path;
    made->width = width;
    made->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, made, on_error, on_warning);
    if (made->png == NULL)
        return fail_out_of_memory();
    made->info = png_create_info_struct(made->png);
    if (made->info == NULL)
        return fail_out_of_memory();
    return write_header(made, stream, height);
}

outcome png_writer_rows(png_writer *writer, const unsigned char *rgb, size_t row_count) {
    if (setjmp(png_jmpbuf(writer->png)) != 0)
        return fail_to_write(writer);
    for (size_t row = 0; row < row_count; row++)
        png_write_row(writer->png, rgb + row * 3 * writer->width);
    return OUTCOME_SUCCESS;
}

outcome png_writer_finish(png_writer *writer) {
    if (setjmp(png_jmpbuf(writer->png)) != 0)
        return fail_to_write(writer);
    png_write_end(writer->png, writer->info);
    return OUTCOME_SUCCESS;
}

void png_writer_free(png_writer *writer) {
    if (writer == NULL)
        return;
    png_destroy_write_struct(&writer->png, &writer->info);
    free(writer);
}
