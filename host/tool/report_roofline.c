/* The roofline: operations a second by operations a byte, of each layer and of the whole block,
 * under what the processor and its memory allow (Williams, Waterman and Patterson 2009). */
#include <inttypes.h>
#include <math.h>

#include "html.h"
#include "report.h"
#include "text.h"

enum {
    WIDTH = 860,
    HEIGHT = 430,
    LEFT = 76,
    RIGHT = 28,
    TOP = 24,
    BOTTOM = 56,
    LABEL = 190, /* room for the longest label */
    GAP = 12,    /* before it */
    LINE = 14    /* its height */
};

/* More decades have ticks at powers of ten alone. */
static const double FINE_DECADES = 2.6;

/* What the axes span: from and to, in FLOP/byte and in GFLOP/s, both logarithmic. */
typedef struct axes {
    double x_least, x_most;
    double y_least, y_most;
} axes;

static double plot_x(const axes *in, double intensity) {
    return LEFT +
           (WIDTH - LEFT - RIGHT) * log(intensity / in->x_least) / log(in->x_most / in->x_least);
}

static double plot_y(const axes *in, double rate) {
    return HEIGHT - BOTTOM -
           (HEIGHT - TOP - BOTTOM) * log(rate / in->y_least) / log(in->y_most / in->y_least);
}

/* A point of the picture. */
typedef struct mark {
    double intensity; /* FLOP/byte */
    double rate;      /* GFLOP/s */
} mark;

static mark mark_of(double flops, double bytes, double seconds) {
    return (mark){flops / bytes, 1e-9 * flops / seconds};
}

static mark mark_of_layer(const layer_figures *layer) {
    return mark_of(layer->flops, layer->bytes, layer->seconds);
}

static mark mark_of_block(const report_figures *figures) {
    const timing *const first = &figures->speed.figures.timings[0];

    return mark_of(first->flops, first->bytes, first->time.median);
}

/* What both roofs are, in the units of the axes; the peak is 0 where it was not measured. */
static double peak_of(const report_figures *figures) {
    return 1e-9 * figures->speed.figures.timings[0].peak;
}

static double memory_of(const report_figures *figures) {
    return 1e-9 * figures->memory_speed.bytes_per_second;
}

static void span(mark point, axes *in) {
    in->x_least = fmin(in->x_least, point.intensity);
    in->x_most = fmax(in->x_most, point.intensity);
    in->y_least = fmin(in->y_least, point.rate);
    in->y_most = fmax(in->y_most, point.rate);
}

/* All points, and the ridge where the roofs meet, or the one roof above the block; with room
 * around. */
static axes choose_axes(const report_figures *figures) {
    const mark block = mark_of_block(figures);
    const double peak = peak_of(figures);
    const double memory = memory_of(figures);
    axes in = {block.intensity, block.intensity, block.rate, block.rate};

    for (int64_t l = 0; l < figures->block->desc.layer_count; l++) {
        if (figures->layers[l].seconds > 0)
            span(mark_of_layer(&figures->layers[l]), &in);
    }
    if (peak > 0 && memory > 0)
        span((mark){peak / memory, peak}, &in);
    else if (memory > 0)
        span((mark){block.intensity, memory * block.intensity}, &in);
    in.x_least /= 4;
    in.x_most *= 3;
    in.y_most *= 1.8;
    if (memory > 0)
        in.y_least = fmin(in.y_least, memory * in.x_least);
    in.y_least /= 1.6;
    return in;
}

/* The ticks are 1, 2, 5 and 10 of every decade, or 1 alone: the next one, and the first one from
 * `least` on. */
static double next_tick(double tick, bool fine) {
    const double power = pow(10, floor(log10(tick) + 1e-9));
    const double digit = tick / power;

    if (!fine)
        return 10 * power;
    return digit < 1.5 ? 2 * power : digit < 3 ? 5 * power : 10 * power;
}

static double first_tick(double least, bool fine) {
    double tick = pow(10, floor(log10(least)));

    while (tick < least)
        tick = next_tick(tick, fine);
    return tick;
}

static void draw_x_ticks(const axes *in, FILE *page) {
    const bool fine = log10(in->x_most / in->x_least) < FINE_DECADES;
    const int bottom = HEIGHT - BOTTOM;
    double tick = first_tick(in->x_least, fine);

    while (tick <= in->x_most) {
        const double x = plot_x(in, tick);

        (void)fprintf(page,
                      "<path class=\"grid\" d=\"M%.1f %dV%d\"/><text class=\"quiet\" x=\"%.1f\" "
                      "y=\"%d\" text-anchor=\"middle\">%g</text>\n",
                      x, TOP, bottom, x, bottom + 20, tick);
        tick = next_tick(tick, fine);
    }
}

static void draw_y_ticks(const axes *in, FILE *page) {
    const bool fine = log10(in->y_most / in->y_least) < FINE_DECADES;
    double tick = first_tick(in->y_least, fine);

    while (tick <= in->y_most) {
        const double y = plot_y(in, tick);

        (void)fprintf(page,
                      "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text class=\"quiet\" x=\"%d\" "
                      "y=\"%.1f\" text-anchor=\"end\">%g</text>\n",
                      LEFT, y, WIDTH - RIGHT, LEFT - 8, y + 4.5, tick);
        tick = next_tick(tick, fine);
    }
}

static void draw_axes(const axes *in, FILE *page) {
    draw_x_ticks(in, page);
    draw_y_ticks(in, page);
    (void)fprintf(page,
                  "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">intensity, FLOP/byte</text>"
                  "<text transform=\"translate(18 %d) rotate(-90)\" text-anchor=\"middle\">"
                  "GFLOP/s</text>\n",
                  (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, (TOP + HEIGHT - BOTTOM) / 2);
}

static void draw_memory_roof(const axes *in, double memory, double peak, FILE *page) {
    const double begin = fmax(in->x_least, in->y_least / memory);
    const double end = fmin(in->x_most, (peak > 0 ? peak : in->y_most) / memory);
    const double slope = -atan2(plot_y(in, memory * begin) - plot_y(in, memory * begin * 10),
                                plot_x(in, begin * 10) - plot_x(in, begin));
    char text[FIGURE_TEXT_SIZE];

    if (begin >= end)
        return;
    (void)fprintf(page, "<path class=\"roof\" d=\"M%.1f %.1fL%.1f %.1f\"/>\n", plot_x(in, begin),
                  plot_y(in, memory * begin), plot_x(in, end), plot_y(in, memory * end));
    (void)fprintf(
        page, "<text transform=\"translate(%.1f %.1f) rotate(%.1f)\" dy=\"-8\">memory, ",
        plot_x(in, begin * 1.1), plot_y(in, memory * begin * 1.1), slope * 180 / acos(-1));
    html_text(page, "%s GB/s", rounded_text(memory, text));
    (void)fputs("</text>\n", page);
}

/* Its label stands before the ridge, where no point can be, if there is room. */
static void draw_peak(const axes *in, double memory, double peak, FILE *page) {
    const double begin = plot_x(in, memory > 0 ? fmax(in->x_least, peak / memory) : in->x_least);
    const bool before = begin > LEFT + LABEL + GAP;
    char text[FIGURE_TEXT_SIZE];

    (void)fprintf(page, "<path class=\"roof\" d=\"M%.1f %.1fH%d\"/>", begin, plot_y(in, peak),
                  WIDTH - RIGHT);
    (void)fprintf(page, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">",
                  before ? begin - GAP : WIDTH - RIGHT, plot_y(in, peak) + (before ? -8 : 18));
    html_text(page, "multiply-adds, %s GFLOP/s", rounded_text(peak, text));
    (void)fputs("</text>\n", page);
}

/* What belongs to a point, beside it. */
static void draw_label(const axes *in, mark at, bool right, const char *text, FILE *page) {
    (void)fprintf(page, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">",
                  plot_x(in, at.intensity) + (right ? GAP : -GAP), plot_y(in, at.rate) + 4.5,
                  right ? "start" : "end");
    html_escape(page, text);
    (void)fputs("</text>\n", page);
}

/* The first layer and the last are labelled; the last one not where it would lie on the first. */
static void label_layers(const axes *in, const report_figures *figures, FILE *page) {
    const int64_t last = figures->block->desc.layer_count - 1;
    const mark begin = mark_of_layer(&figures->layers[0]);
    const mark end = mark_of_layer(&figures->layers[last]);
    char text[WRITER_TEXT_SIZE];

    if (figures->layers[0].seconds > 0)
        draw_label(in, begin, false, writer_text(0, text), page);
    if (last > 0 && figures->layers[last].seconds > 0 &&
        fabs(plot_y(in, begin.rate) - plot_y(in, end.rate)) > LINE)
        draw_label(in, end, false, writer_text(last, text), page);
}

static void draw_layers(const axes *in, const report_figures *figures, FILE *page) {
    for (int64_t l = 0; l < figures->block->desc.layer_count; l++) {
        const mark at = mark_of_layer(&figures->layers[l]);

        if (!(figures->layers[l].seconds > 0))
            continue;
        (void)fprintf(page,
                      "<circle class=\"layer\" cx=\"%.1f\" cy=\"%.1f\" r=\"5\"><title>layer "
                      "%" PRId64 "</title></circle>\n",
                      plot_x(in, at.intensity), plot_y(in, at.rate), l);
    }
    label_layers(in, figures, page);
}

static void draw_block(const axes *in, const report_figures *figures, FILE *page) {
    const mark at = mark_of_block(figures);
    const double x = plot_x(in, at.intensity);
    const double y = plot_y(in, at.rate);

    (void)fprintf(page, "<path class=\"whole\" d=\"M%.1f %.1fl9 9l-9 9l-9 -9z\"/>", x, y - 9);
    draw_label(in, at, true, "whole block", page);
}

static void write_caption(const report_figures *figures, FILE *page) {
    const timing *const first = &figures->speed.figures.timings[0];
    const bandwidth *const memory = &figures->memory_speed;
    char text[2][BYTES_TEXT_SIZE];

    (void)fputs("</div>\n<figcaption>", page);
    html_text(page,
              "Circles are layers, each computed alone; the diamond is the whole block, as "
              "planned. Operations are the direct algorithm's: Winograd multiplies less, and may "
              "be above the roof. Bytes are the layer-by-layer formula's: what caches keep is "
              "counted too. ");
    if (first->peak > 0)
        html_text(page, "The peak of multiply-adds is measured with %d thread%s. ",
                  first->threads, plural(first->threads));
    else
        html_text(page,
                  "The peak of operations was not measured on this device, and has no roof. ");
    if (first->peak > 0)
        html_text(page,
                  "Memory is measured with a triad of as many threads, three arrays of %s "
                  "(last-level cache: %s): counted are the two elements read and the one "
                  "written.",
                  bytes_text(memory->array_bytes, text[0]),
                  memory->cache_bytes > 0 ? bytes_text(memory->cache_bytes, text[1]) : "unknown");
    else
        html_text(page,
                  "Memory is measured with a copy of %s (L2 cache: %s): counted are the bytes "
                  "read and those written.",
                  bytes_text(memory->array_bytes, text[0]),
                  bytes_text(memory->cache_bytes, text[1]));
    (void)fputs("</figcaption>\n</figure>\n", page);
}

void report_roofline(const report_figures *figures, FILE *page) {
    const double memory = memory_of(figures);
    const double peak = peak_of(figures);
    axes in;

    if (figures->layers == NULL)
        return;
    in = choose_axes(figures);
    html_section(page, "roofline", "Roofline");
    (void)fputs("<figure>\n", page);
    html_scroll_box(page, "Roofline");
    (void)fprintf(page, "<svg class=\"chart\" role=\"img\" viewBox=\"0 0 %d %d\">\n", WIDTH,
                  HEIGHT);
    (void)fputs(
        "<title>Roofline of the layers</title><desc>Operations a second by operations a byte, "
        "in logarithmic axes; the figures of layers are in the table above</desc>\n",
        page);
    draw_axes(&in, page);
    if (memory > 0)
        draw_memory_roof(&in, memory, peak, page);
    if (peak > 0)
        draw_peak(&in, memory, peak, page);
    draw_layers(&in, figures, page);
    draw_block(&in, figures, page);
    (void)fputs("</svg>\n", page);
    write_caption(figures, page);
    (void)fputs("</section>\n", page);
}
