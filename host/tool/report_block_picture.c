/* The picture of the block: above, an arc from each source of features to every layer that reads
 * it; below, for each layer what it has made and all that was there before, as bars of channels. */
#include <inttypes.h>
#include <math.h>

#include "geometry.h"
#include "html.h"
#include "report.h"
#include "text.h"

enum {
    MOST_WIDTH = 860,
    HEIGHT = 392,
    SIDE = 44,
    NODES = 152,    /* height of the line of nodes */
    ARCS = 128,     /* of the highest arc */
    BARS = 190,     /* where the bars begin */
    BAR_MOST = 176, /* the longest one */
    MOST_STEP = 84,
    MOST_BAR_WIDTH = 44,
    LEAST_LABEL_STEP = 38,
    MOST_NODES = 33 /* with the input; of more layers, as many are drawn as are apart */
};

/* A source of features: the input, or a layer; where not all are drawn, with those since the one
 * before. */
typedef struct node {
    int64_t layer; /* -1: the input */
    double first;  /* channels before its own */
    double last;   /* and with them */
} node;

typedef struct plot {
    int count;
    node nodes[MOST_NODES];
    double step, width;
} plot;

static double node_x(const plot *in, int i) {
    return SIDE + in->step * i;
}

static double channel_y(const plot *in, double channel) {
    return BARS + BAR_MOST * channel / in->nodes[in->count - 1].last;
}

static void choose_nodes(const denseblock_desc *desc, plot *in) {
    const int64_t layers = desc->layer_count;
    double channels = (double)desc->channels;
    double first = channels;

    in->count = 1;
    in->nodes[0] = (node){.layer = -1, .last = channels};
    for (int64_t l = 0; l < layers; l++) {
        const int64_t due =
            layers <= MOST_NODES - 1 ? l + 1 : (l + 1) * (MOST_NODES - 1) / layers;

        channels += (double)desc->layers[l].growth;
        if (due < in->count)
            continue;
        in->nodes[in->count++] = (node){l, first, channels};
        first = channels;
    }
    in->step = in->count > 1 ? fmin(MOST_STEP, (MOST_WIDTH - 2.0 * SIDE) / (in->count - 1)) : 0;
    in->width = 2.0 * SIDE + in->step * (in->count - 1);
}

/* From green to violet, as seen on white; on black the style sheet makes them lighter. */
static void write_colour(const plot *in, int i, FILE *page) {
    if (i == 0)
        (void)fputs("#6e7781", page);
    else
        (void)fprintf(page, "hsl(%.0f,52%%,40%%)",
                      158 + 116.0 * (i - 1) / (in->count > 2 ? in->count - 2 : 1));
}

/* One path of all arcs that begin here. */
static void draw_arcs(const plot *in, int i, FILE *page) {
    const bool dense = in->count > 12;

    if (i + 1 >= in->count)
        return;
    (void)fputs("<path fill=\"none\" stroke=\"", page);
    write_colour(in, i, page);
    (void)fprintf(page, "\" stroke-width=\"%s\" stroke-opacity=\"%s\" d=\"", dense ? "1" : "1.6",
                  dense ? ".5" : ".85");
    for (int j = i + 1; j < in->count; j++) {
        const double height = ARCS * sqrt((double)(j - i) / (in->count - 1));

        (void)fprintf(page, "M%.1f %dQ%.1f %.1f %.1f %d", node_x(in, i), NODES,
                      (node_x(in, i) + node_x(in, j)) / 2, NODES - 2 * height, node_x(in, j),
                      NODES);
    }
    (void)fputs("\"/>\n", page);
}

/* Its channels in the bars of nodes begin .. end-1. */
static void draw_channels(const plot *in, int i, int begin, int end, const char *opacity,
                          FILE *page) {
    const double width = fmin(MOST_BAR_WIDTH, 0.74 * (in->count > 1 ? in->step : MOST_BAR_WIDTH));
    const double top = channel_y(in, in->nodes[i].first);
    const double height = channel_y(in, in->nodes[i].last) - top;
    const double gap = height > 3 ? 1 : 0;

    if (begin >= end)
        return;
    (void)fputs("<path fill=\"", page);
    write_colour(in, i, page);
    (void)fprintf(page, "\" fill-opacity=\"%s\" d=\"", opacity);
    for (int j = begin; j < end; j++)
        (void)fprintf(page, "M%.1f %.1fh%.1fv%.1fh%.1fz", node_x(in, j) - width / 2, top, width,
                      height - gap, -width);
    (void)fputs("\"/>\n", page);
}

static void draw_node(const plot *in, int i, FILE *page) {
    (void)fprintf(page, "<circle cx=\"%.1f\" cy=\"%d\" r=\"%s\" fill=\"", node_x(in, i), NODES,
                  in->count > 12 ? "4" : "6");
    write_colour(in, i, page);
    (void)fputs("\"/>\n", page);
}

static void draw_labels(const plot *in, int i, FILE *page) {
    const double x = node_x(in, i);

    (void)fprintf(page, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">", x, NODES + 24);
    if (i == 0)
        (void)fputs("x", page);
    else
        (void)fprintf(page, "%" PRId64, in->nodes[i].layer);
    (void)fprintf(page,
                  "</text><text class=\"quiet\" x=\"%.1f\" y=\"%.1f\" "
                  "text-anchor=\"middle\">%.0f</text>\n",
                  x, channel_y(in, in->nodes[i].last) + 15, in->nodes[i].last);
}

static void draw(const denseblock_desc *desc, const plot *in, FILE *page) {
    const int stride = in->step > 0 ? (int)ceil(LEAST_LABEL_STEP / in->step) : 1;
    char layers[LAYERS_TEXT_SIZE];

    /* On a phone it is a little smaller than here, and what is then too wide is scrolled. */
    (void)fprintf(page,
                  "<svg class=\"chart\" role=\"img\" viewBox=\"0 0 %.0f %d\" "
                  "style=\"min-width:%.0fpx;max-width:%.0fpx\">\n<title>",
                  in->width, HEIGHT, fmin(0.84 * in->width, 640), 1.3 * in->width);
    html_text(page, "The dense block");
    (void)fputs("</title><desc>", page);
    html_text(page,
              "%" PRId64 " channels of x, and %s: every layer reads all channels before it, "
              "%" PRId64 " in the end",
              desc->channels, layers_text(desc, layers), output_channels(desc));
    (void)fputs("</desc>\n<g class=\"features\">\n", page);
    for (int i = 0; i < in->count; i++)
        draw_arcs(in, i, page);
    for (int i = 0; i < in->count; i++) {
        draw_channels(in, i, i, i + 1, "1", page);
        draw_channels(in, i, i + 1, in->count, ".45", page);
    }
    for (int i = 0; i < in->count; i++)
        draw_node(in, i, page);
    (void)fputs("</g>\n", page);
    /* Those near the last label make room for it. */
    for (int i = 0; i + stride < in->count; i += stride)
        draw_labels(in, i, page);
    draw_labels(in, in->count - 1, page);
    (void)fputs("</svg>\n", page);
}

void report_block_picture(const report_figures *figures, FILE *page) {
    const denseblock_desc *const desc = &figures->block->desc;
    plot in;

    choose_nodes(desc, &in);
    html_section(page, "block", "The block");
    (void)fputs("<figure>\n", page);
    html_scroll_box(page, "Picture of the block");
    draw(desc, &in, page);
    (void)fputs("</div>\n<figcaption>", page);
    html_text(page,
              "Above, an arc leads from x and from each layer to every layer that reads its "
              "features: all later ones. Below, the channels that are there after x or the "
              "layer of that number, with the new ones in full colour: they are appended in "
              "place, and nothing is copied.");
    if (desc->layer_count > MOST_NODES - 1)
        html_text(page,
                  " Of %" PRId64 " layers %d are drawn, each with the channels of those "
                  "before it that are not.",
                  desc->layer_count, in.count - 1);
    (void)fputs("</figcaption>\n</figure>\n</section>\n", page);
}
