#include "feature_maps.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "arrays.h"
#include "colour.h"
#include "geometry.h"
#include "minmax.h"
#include "png_writer.h"
#include "tiles.h"

/* Pixels of the sheet. */
enum {
    MOST_ZOOM = 8, /* for tiny maps */
    MOST_COLUMNS = 16,
    GUTTER = 2,   /* between maps */
    GROUP_GAP = 8 /* around layers */
};

static const colour BACKGROUND = {28, 28, 34};

/* A row of maps. Every layer begins a new one. */
typedef struct strip {
    size_t first, count; /* maps */
    size_t gap;          /* background above */
} strip;

typedef struct sheet {
    tiles maps;
    bool picture;    /* the first strip is the input as a picture, one tile */
    size_t channels; /* of the input, that are shown */
    size_t zoom;
    size_t width, height;
    size_t strip_count;
    strip *strips;
    unsigned char *rgb; /* one strip, with the gap above it */
} sheet;

int64_t feature_maps_shown(const denseblock_desc *desc) {
    const int64_t channels = output_channels(desc);

    return channels < FEATURE_MAPS_MOST ? channels : FEATURE_MAPS_MOST;
}

/* Breaks the maps first .. end-1 into strips. */
static void add_group(sheet *page, size_t first, size_t end) {
    size_t gap = GROUP_GAP;

    while (first < end) {
        const size_t count = smaller(end - first, MOST_COLUMNS);

        page->strips[page->strip_count++] = (strip){first, count, gap};
        first += count;
        gap = GUTTER;
    }
}

static void arrange(const denseblock_desc *desc, sheet *page) {
    const size_t tile_height = page->maps.height * page->zoom;
    const size_t tile_width = page->maps.width * page->zoom;
    size_t first = page->channels;
    size_t columns = 1;

    if (page->picture)
        page->strips[page->strip_count++] = (strip){0, 1, GROUP_GAP};
    else
        add_group(page, 0, page->channels);
    for (int64_t l = 0; l < desc->layer_count && first < page->maps.count; l++) {
        /* The last layer shown may be cut. */
        const size_t count = smaller((size_t)desc->layers[l].growth, page->maps.count - first);

        add_group(page, first, first + count);
        first += count;
    }

    page->height = GROUP_GAP;
    for (size_t i = 0; i < page->strip_count; i++) {
        page->height += page->strips[i].gap + tile_height;
        columns = larger(columns, page->strips[i].count);
    }
    page->width = GROUP_GAP + columns * tile_width + (columns - 1) * GUTTER + GROUP_GAP;
}

static void clear(sheet *page, size_t row_count) {
    unsigned char *sample = page->rgb;

    for (size_t i = 0; i < row_count * page->width; i++) {
        *sample++ = BACKGROUND.red;
        *sample++ = BACKGROUND.green;
        *sample++ = BACKGROUND.blue;
    }
}

static double largest_finite(const double *values, size_t count) {
    double largest = 0;

    for (size_t i = 0; i < count; i++) {
        if (isfinite(values[i]) && fabs(values[i]) > largest)
            largest = fabs(values[i]);
    }
    return largest;
}

/* The colour of element `at` of the input as a picture; alpha lies over the background. */
static colour picture_colour(const sheet *page, size_t at) {
    const unsigned char red = colour_level(tiles_map(&page->maps, 0)[at]);
    unsigned char green;
    unsigned char blue;
    double alpha;

    if (page->channels == 1)
        return (colour){red, red, red};
    green = colour_level(tiles_map(&page->maps, 1)[at]);
    blue = colour_level(tiles_map(&page->maps, 2)[at]);
    if (page->channels == 3)
        return (colour){red, green, blue};
    alpha = tiles_map(&page->maps, 3)[at];
    return (colour){
        (unsigned char)(BACKGROUND.red + alpha * (red - BACKGROUND.red)),
        (unsigned char)(BACKGROUND.green + alpha * (green - BACKGROUND.green)),
        (unsigned char)(BACKGROUND.blue + alpha * (blue - BACKGROUND.blue)),
    };
}

static void fill_square(const sheet *page, size_t top, size_t left, colour paint) {
    for (size_t row = top; row < top + page->zoom; row++) {
        unsigned char *sample = page->rgb + 3 * (row * page->width + left);

        for (size_t column = 0; column < page->zoom; column++) {
            *sample++ = paint.red;
            *sample++ = paint.green;
            *sample++ = paint.blue;
        }
    }
}

/* Paints a map, or the picture, with its upper left corner at (top, left) of the strip. */
static void paint_tile(const sheet *page, size_t map, bool picture, size_t top, size_t left) {
    const size_t count = page->maps.height * page->maps.width;
    const double *const values = tiles_map(&page->maps, map);
    const double largest = largest_finite(values, count);
    const double scale = largest > 0 ? largest : 1;

    for (size_t at = 0; at < count; at++) {
        const size_t row = at / page->maps.width;
        const size_t column = at % page->maps.width;

        fill_square(page, top + row * page->zoom, left + column * page->zoom,
                    picture ? picture_colour(page, at) : colour_of(values[at] / scale));
    }
}

static outcome write_strips(sheet *page, png_writer *writer) {
    const size_t tile_height = page->maps.height * page->zoom;
    const size_t pitch = page->maps.width * page->zoom + GUTTER;
    outcome result = OUTCOME_SUCCESS;

    for (size_t i = 0; result == OUTCOME_SUCCESS && i < page->strip_count; i++) {
        const strip *const row = &page->strips[i];

        clear(page, row->gap + tile_height);
        for (size_t column = 0; column < row->count; column++)
            paint_tile(page, row->first + column, page->picture && i == 0, row->gap,
                       GROUP_GAP + column * pitch);
        result = png_writer_rows(writer, page->rgb, row->gap + tile_height);
    }
    clear(page, GROUP_GAP);
    if (result == OUTCOME_SUCCESS)
        result = png_writer_rows(writer, page->rgb, GROUP_GAP);
    if (result == OUTCOME_SUCCESS)
        result = png_writer_finish(writer);
    return result;
}

/* Whether the input can be looked at as a picture: grey, RGB or RGBA, and nothing outside 0 to 1.
 * In this direction a NaN is none. */
static bool is_picture(const denseblock_desc *desc, const denseblock_array *y) {
    const size_t channels = (size_t)desc->channels;
    const size_t pixels = (size_t)desc->height * (size_t)desc->width;
    const size_t pixel_bytes = (size_t)y->shape[3] * denseblock_type_size(y->type);
    const char *pixel = y->data;
    double samples[4];

    if (channels != 1 && channels != 3 && channels != 4)
        return false;
    for (size_t i = 0; i < pixels; i++, pixel += pixel_bytes) {
        denseblock_convert(DENSEBLOCK_F64, samples, y->type, pixel, channels);
        for (size_t c = 0; c < channels; c++) {
            if (!(samples[c] >= 0 && samples[c] <= 1))
                return false;
        }
    }
    return true;
}

/* Layers are what one wants to see: where there are too many maps, the input's are left out
 * first, but not a picture, which is one tile. */
static outcome make_tiles(const denseblock_desc *desc, const denseblock_array *y, size_t longest,
                          sheet *page) {
    const size_t input = (size_t)desc->channels;
    const size_t shown = (size_t)feature_maps_shown(desc);
    const size_t of_layers = smaller((size_t)y->shape[3] - input, shown);
    channel_range ranges[2];

    page->picture = is_picture(desc, y);
    page->channels = page->picture ? input : shown - of_layers;
    ranges[0] = (channel_range){0, page->channels};
    ranges[1] = (channel_range){input, shown - page->channels};
    return tiles_create(y, ranges, longest, &page->maps);
}

static outcome prepare(const denseblock_desc *desc, const denseblock_array *y, size_t longest,
                       sheet *page) {
    void *rgb;
    outcome result;

    result = make_tiles(desc, y, longest, page);
    if (result != OUTCOME_SUCCESS)
        return result;
    page->zoom = smaller(longest / larger(page->maps.height, page->maps.width), MOST_ZOOM);
    page->strips = calloc(page->maps.count, sizeof *page->strips); /* no strip is empty */
    if (page->strips == NULL)
        return fail_out_of_memory();
    arrange(desc, page);
    result =
        allocate_aligned((GROUP_GAP + page->maps.height * page->zoom) * page->width * 3, &rgb);
    page->rgb = rgb;
    return result;
}

outcome feature_maps_write(const denseblock_desc *desc, const denseblock_array *y, size_t longest,
                           FILE *stream, const char *path) {
    sheet page = {0};
    png_writer *writer = NULL;
    outcome result;

    result = prepare(desc, y, longest, &page);
    if (result == OUTCOME_SUCCESS)
        result = png_writer_create(stream, path, page.width, page.height, &writer);
    if (result == OUTCOME_SUCCESS)
        result = write_strips(&page, writer);
    png_writer_free(writer);
    tiles_free(&page.maps);
    free(page.strips);
    free(page.rgb);
    return result;
}
