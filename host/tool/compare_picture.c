/* The figures as bars, in SVG: a panel for each, in it a pair of bars for every way, the dense
 * block's and below it the residual block's. */
#include "compare.h"

#include <inttypes.h>
#include <math.h>

#include "geometry.h"
#include "picture.h"
#include "text.h"

enum {
    WIDTH = 900,
    MARGIN = 16,
    LEGEND = 92,        /* of the panels: below title and legend */
    PANEL_WIDTH = 442,  /* two beside each other */
    PANEL_HEIGHT = 218, /* and two below each other */
    HEAD = 30,          /* of a panel: its title */
    LABEL = 88,         /* what the bars are about, at their left */
    BARS = 236,         /* the longest */
    BAR = 15,
    PAIR = 44, /* from a pair of bars to the next */
    VALUE_SIZE = 64
};

static const char LIGHT[] = ".comparison .dense { fill: #2a6fc9 }\n"
                            ".comparison .residual { fill: #d97a3f }\n"
                            ".comparison .panel { font-weight: bold }\n"
                            ".comparison .range { stroke: #1f2328; stroke-width: 1.4 }\n";

static const char DARK[] = "  .comparison .dense { fill: #3b82d6 }\n"
                           "  .comparison .residual { fill: #c76a2e }\n"
                           "  .comparison .range { stroke: #f0f6fc }\n";

/* Where a pair of bars is drawn, and the figure whose bar is the longest. */
typedef struct place {
    double x, y;
    double longest;
} place;

static const char *value_text(const quantity *figure, claim_unit unit, char text[VALUE_SIZE]) {
    char number[BYTES_TEXT_SIZE > FIGURE_TEXT_SIZE ? BYTES_TEXT_SIZE : FIGURE_TEXT_SIZE];

    if (unit == UNIT_BYTES)
        (void)snprintf(text, VALUE_SIZE, "%s", bytes_text((size_t)figure->value, number));
    else if (unit == UNIT_SECONDS)
        (void)snprintf(text, VALUE_SIZE, "%.3g ms", 1e3 * figure->value);
    else if (figure->value < 1e6)
        (void)snprintf(text, VALUE_SIZE, "%.6g", figure->value);
    else
        (void)snprintf(text, VALUE_SIZE, "%.4g million", 1e-6 * figure->value);
    return text;
}

static double length_of(const place *at, double value) {
    return at->longest > 0 ? BARS * value / at->longest : 0;
}

static void draw_bar(const place *at, block_kind kind, const quantity *figure, claim_unit unit,
                     FILE *stream) {
    const double top = at->y + (kind == BLOCK_RESIDUAL ? BAR + 2 : 0);
    const double low = at->x + LABEL + length_of(at, figure->low);
    const double high = at->x + LABEL + length_of(at, figure->high);
    char value[VALUE_SIZE];

    if (!figure->known)
        return;
    (void)fprintf(stream,
                  "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\"/>"
                  "<text x=\"%.1f\" y=\"%.1f\">%s</text>\n",
                  block_kind_name(kind), at->x + LABEL, top, length_of(at, figure->value), BAR,
                  high + 6, top + BAR - 3, value_text(figure, unit, value));
    if (figure->high > figure->low)
        (void)fprintf(stream,
                      "<path class=\"range\" fill=\"none\" d=\"M%.1f %.1fv7m0 -3.5H%.1fm0 "
                      "-3.5v7\"/>\n",
                      low, top + BAR / 2.0 - 3.5, high);
}

static void draw_pair(const place *at, const char *label, const quantity *dense,
                      const quantity *residual, claim_unit unit, FILE *stream) {
    const double middle = residual->known && dense->known ? BAR + 1 : BAR / 2.0;

    (void)fprintf(stream, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
                  at->x + LABEL - 8, at->y + middle + 4.5, label);
    draw_bar(at, BLOCK_DENSE, dense, unit, stream);
    draw_bar(at, BLOCK_RESIDUAL, residual, unit, stream);
}

static void draw_panel_title(const place *at, const char *title, FILE *stream) {
    (void)fprintf(stream, "<text class=\"panel\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", at->x,
                  at->y + 16, title);
}

/* The line where bars begin, from a place down to below its last pair. */
static void draw_axis(const place *from, const place *to, FILE *stream) {
    (void)fprintf(
        stream, "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>\n",
        from->x + LABEL - 0.5, from->x + LABEL - 0.5, from->y - 5, to->y - PAIR + 2 * BAR + 7.0);
}

/* Each has an axis of its own: they are in different units. */
static void draw_sizes(const compare_figures *figures, place at, FILE *stream) {
    const compared_block *const blocks = figures->blocks;
    const quantity pairs[2][2] = {
        {exact_quantity(blocks[BLOCK_DENSE].parameters),
         exact_quantity(blocks[BLOCK_RESIDUAL].parameters)},
        {exact_quantity(1e-9 * blocks[BLOCK_DENSE].flops),
         exact_quantity(1e-9 * blocks[BLOCK_RESIDUAL].flops)},
    };
    static const char *const labels[] = {"parameters", "GFLOP"};
    place first;

    draw_panel_title(&at, "Parameters, and operations of a forward", stream);
    at.y += HEAD;
    first = at;
    for (int i = 0; i < 2; i++) {
        at.longest = fmax(pairs[i][0].value, pairs[i][1].value);
        draw_pair(&at, labels[i], &pairs[i][0], &pairs[i][1], UNIT_COUNT, stream);
        at.y += PAIR;
    }
    draw_axis(&first, &at, stream);
}

/* What the claims of this name compare. A way of the residual block has its bar once, beside the
 * dense block's same way. */
static void draw_claims(const compare_figures *figures, const char *name, const char *title,
                        place at, FILE *stream) {
    static const quantity none;
    place first;

    draw_panel_title(&at, title, stream);
    at.y += HEAD;
    first = at;
    for (size_t i = 0; i < figures->claim_count; i++) {
        if (figures->claims[i].name == name)
            at.longest = fmax(at.longest, fmax(figures->claims[i].dense.high,
                                               figures->claims[i].residual.high));
    }
    for (size_t i = 0; i < figures->claim_count; i++) {
        const claim *const made = &figures->claims[i];

        if (made->name != name)
            continue;
        draw_pair(&at, made->way->name, &made->dense,
                  made->way == made->residual_way ? &made->residual : &none, made->unit, stream);
        at.y += PAIR;
    }
    draw_axis(&first, &at, stream);
}

static void draw_header(const compare_figures *figures, FILE *stream) {
    const denseblock_desc *const dense = &figures->dense;
    char shape[SHAPE_TEXT_SIZE];
    char layers[LAYERS_TEXT_SIZE];
    int64_t x[4];

    input_shape(dense, x);
    picture_begin(
        &(picture){.width = WIDTH,
                   .height = LEGEND + 2 * PANEL_HEIGHT,
                   .name = "comparison",
                   .title = "A dense block beside a residual block of as many "
                            "convolutions",
                   .desc = "A pair of bars for each figure and way to hold the features",
                   .light = LIGHT,
                   .dark = DARK},
        stream);
    (void)fprintf(stream,
                  "<rect class=\"dense\" x=\"%d\" y=\"38\" width=\"26\" height=\"13\"/>"
                  "<text x=\"%d\" y=\"49\">dense: %s %s, %s, at the end %" PRId64
                  " channels; backend %s</text>\n",
                  MARGIN, MARGIN + 34, shape_text(4, x, shape),
                  type_choice_name(dense->type, dense->arithmetic), layers_text(dense, layers),
                  output_channels(dense), denseblock_backend_name(figures->backend));
    x[3] = figures->residual.channels;
    (void)fprintf(stream,
                  "<rect class=\"residual\" x=\"%d\" y=\"60\" width=\"26\" height=\"13\"/>"
                  "<text x=\"%d\" y=\"71\">residual: %s, %" PRId64
                  " unit%s of two convolutions</text>\n",
                  MARGIN, MARGIN + 34, shape_text(4, x, shape), figures->residual.unit_count,
                  plural(figures->residual.unit_count));
}

void compare_picture(const compare_figures *figures, FILE *stream) {
    static const struct {
        const char *name, *title;
    } panels[] = {
        {CLAIM_INFERENCE_MEMORY, "Memory of a forward, peak"},
        {CLAIM_TRAINING_MEMORY, "Memory for training, by formula"},
        {CLAIM_FORWARD_TIME, "Time of a forward: median, and range of claims"},
    };

    draw_header(figures, stream);
    draw_sizes(figures, (place){.x = MARGIN, .y = LEGEND}, stream);
    for (int i = 0; i < 3; i++)
        draw_claims(figures, panels[i].name, panels[i].title,
                    (place){.x = MARGIN + (i + 1) % 2 * PANEL_WIDTH,
                            .y = LEGEND + (i > 0 ? PANEL_HEIGHT : 0)},
                    stream);
    picture_end(stream);
}
