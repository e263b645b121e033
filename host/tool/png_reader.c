#include "png_reader.h"

#include <errno.h>
#include <inttypes.h>
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MESSAGE_SIZE = 128 };

/* Everything libpng's calls work on: nothing is kept in local variables across its longjmp. */
typedef struct reader {
    const char *path;
    FILE *file;
    png_structp png;
    png_infop info;
    char message[MESSAGE_SIZE]; /* libpng's, after a failure */
    png_bytep samples;          /* the whole picture */
    png_bytep *rows;            /* where each of its rows begins */
    size_t row_bytes;
} reader;

static void on_error(png_structp png, png_const_charp message) {
    reader *source = png_get_error_ptr(png);

    (void)snprintf(source->message, sizeof source->message, "%s", message);
    png_longjmp(png, 1);
}

/* Warnings are about profiles and comments, which are not used. */
static void on_warning(png_structp png, png_const_charp message) {
    (void)png;
    (void)message;
}

static bool read_header(reader *source) {
    if (setjmp(png_jmpbuf(source->png)) != 0)
        return false;
    png_init_io(source->png, source->file);
    png_read_info(source->png, source->info);
    source->row_bytes = png_get_rowbytes(source->png, source->info);
    return true;
}

static bool read_samples(reader *source) {
    if (setjmp(png_jmpbuf(source->png)) != 0)
        return false;
    png_read_image(source->png, source->rows);
    png_read_end(source->png, NULL);
    return true;
}

static outcome fail_damaged(const reader *source) {
    return fail_input("%s is a damaged PNG: %s", source->path, source->message);
}

static outcome check_format(const reader *source) {
    const int depth = png_get_bit_depth(source->png, source->info);
    const char *advice = "convert it to 8-bit grey, RGB or RGBA first";

    switch (png_get_color_type(source->png, source->info)) {
    case PNG_COLOR_TYPE_GRAY:
    case PNG_COLOR_TYPE_RGB:
    case PNG_COLOR_TYPE_RGB_ALPHA:
        if (depth == 8)
            return OUTCOME_SUCCESS;
        return fail_input("%s is a PNG of %d-bit samples: %s", source->path, depth, advice);
    case PNG_COLOR_TYPE_PALETTE:
        return fail_input("%s is a PNG with a palette: %s", source->path, advice);
    default:
        return fail_input("%s is a PNG of grey with alpha: %s", source->path, advice);
    }
}

/* A small file can declare a huge picture. Deflate packs at most 1032 bytes into one, so what the
 * file is too short to hold is refused before memory is taken for it. */
static outcome check_size(const reader *source, size_t height) {
    const uint64_t most_ratio = 1032;
    const uint64_t needed = (uint64_t)source->row_bytes * height;
    struct stat status;

    if (fstat(fileno(source->file), &status) != 0)
        return fail_machine("%s cannot be looked at: %s", source->path, strerror(errno));
    if (needed / most_ratio > (uint64_t)status.st_size)
        return fail_input("%s is a damaged PNG: it declares %" PRIu64
                          " bytes of picture, more than the file can hold",
                          source->path, needed);
    return OUTCOME_SUCCESS;
}

/* sizeof(float) * row_bytes * height fits in size_t: check_size has compared it with a file. */
static outcome read_picture(reader *source, denseblock_array *array) {
    const size_t height = png_get_image_height(source->png, source->info);
    const size_t width = png_get_image_width(source->png, source->info);
    const size_t count = source->row_bytes * height;
    float *values;

    source->samples = malloc(count);
    source->rows = malloc(height * sizeof *source->rows);
    values = malloc(count * sizeof *values);
    *array = (denseblock_array){
        .type = DENSEBLOCK_F32,
        .rank = 4,
        .shape = {1, (int64_t)height, (int64_t)width,
                  png_get_channels(source->png, source->info)},
        .data = values,
    };
    if (source->samples == NULL || source->rows == NULL || values == NULL)
        return fail_out_of_memory();
    for (size_t row = 0; row < height; row++)
        source->rows[row] = source->samples + row * source->row_bytes;
    if (!read_samples(source))
        return fail_damaged(source);
    for (size_t i = 0; i < count; i++)
        values[i] = (float)source->samples[i] / 255.0f;
    return OUTCOME_SUCCESS;
}

static outcome read_file(reader *source, denseblock_array *array) {
    outcome result;

    source->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, source, on_error, on_warning);
    if (source->png == NULL)
        return fail_out_of_memory();
    source->info = png_create_info_struct(source->png);
    if (source->info == NULL)
        return fail_out_of_memory();
    if (!read_header(source))
        return fail_damaged(source);
    result = check_format(source);
    if (result == OUTCOME_SUCCESS)
        result = check_size(source, png_get_image_height(source->png, source->info));
    if (result == OUTCOME_SUCCESS)
        result = read_picture(source, array);
    return result;
}

outcome png_reader_read(const char *path, denseblock_array *array) {
    reader source = {.path = path};
    outcome result;

    *array = (denseblock_array){0};
    source.file = fopen(path, "rb");
    if (source.file == NULL)
        return fail_input("%s cannot be opened: %s", path, strerror(errno));
    result = read_file(&source, array);
    if (result != OUTCOME_SUCCESS)
        denseblock_array_free(array);
    png_destroy_read_struct(&source.png, &source.info, NULL);
    free(source.samples);
    free(source.rows);
    (void)fclose(source.file); /* nothing was written */
    return result;
}
