/* The time lines as SVG: a panel for every block and backend, in it a line for every way of
 * concatenation, which goes up where a buffer is allocated and down where one is freed. */
#include "memory.h"

#include <inttypes.h>
#include <math.h>

#include "geometry.h"
#include "minmax.h"
#include "picture.h"
#include "text.h"

enum {
    WIDTH = 860,
    PANEL = 300, /* height of a panel, with its title and axis */
    HEADER = 64, /* title and legend */
    LEFT = 76,
    RIGHT = 24,
    TOP = 34, /* of a panel: its title */
    BOTTOM = 54,
    MOST_TICKS = 6,
    MOST_LAYER_TICKS = 12,
    TITLE_SIZE = 128
};

/* Colours that differ in lightness too; dashes tell lines apart where they lie on each other. */
static const char LIGHT[] =
    ".timeline .line { fill: none; stroke-width: 2.2; stroke-linejoin: round }\n"
    ".timeline .copy { stroke: #c4501b }\n"
    ".timeline .copy-keep { stroke: #8250df }\n"
    ".timeline .inplace { stroke: #0a7d5a }\n"
    ".timeline .groups { stroke: #2a6fc9; stroke-dasharray: 7 5 }\n";

static const char DARK[] = "  .timeline .copy { stroke: #f0883e }\n"
                           "  .timeline .copy-keep { stroke: #c297ff }\n"
                           "  .timeline .inplace { stroke: #3fb98a }\n"
                           "  .timeline .groups { stroke: #79b8ff }\n";

/* How a panel maps layers and bytes to the picture. */
typedef struct panel {
    double top;       /* of its plot */
    double most;      /* bytes at the top */
    double unit;      /* bytes of the axis' unit */
    const char *name; /* of the unit */
    double step;      /* between ticks, in units */
    int64_t layers;
} panel;

static double plot_x(const panel *in, double layer) {
    const double layers = in->layers > 0 ? (double)in->layers : 1;

    return LEFT + (WIDTH - LEFT - RIGHT) * layer / layers;
}

static double plot_y(const panel *in, double bytes) {
    const double height = PANEL - TOP - BOTTOM;

    return in->top + height * (1 - bytes / in->most);
}

/* 1, 2 or 5 times a power of ten, so that there are few ticks up to the largest. */
static double tick_step(double largest) {
    const double least = largest / MOST_TICKS;
    const double power = pow(10, floor(log10(least)));

    if (least <= power)
        return power;
    if (least <= 2 * power)
        return 2 * power;
    return least <= 5 * power ? 5 * power : 10 * power;
}

/* The axis for so many bytes. */
static void set_axis(size_t largest, panel *in) {
    static const char *const names[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    const double bytes = largest > 0 ? (double)largest : 1;
    size_t unit = 0;

    in->unit = 1;
    while (bytes / in->unit >= 1024 && unit + 1 < sizeof names / sizeof names[0]) {
        in->unit *= 1024;
        unit++;
    }
    in->name = names[unit];
    in->step = tick_step(bytes / in->unit);
    in->most = in->step * ceil(bytes / in->unit / in->step) * in->unit;
}

static bool is_in_panel(const memory_trial *trial, denseblock_backend backend) {
    return trial->backend == backend && trial->not_run[0] == '\0';
}

static size_t largest_peak(const memory_block *block, denseblock_backend backend) {
    size_t largest = 0;

    for (size_t i = 0; i < block->count; i++) {
        if (is_in_panel(&block->trials[i], backend))
            largest = larger(largest, block->trials[i].measured.peak);
    }
    return largest;
}

static void draw_axes(const panel *in, FILE *stream) {
    const int64_t step = (in->layers + MOST_LAYER_TICKS - 1) / MOST_LAYER_TICKS;
    const double bottom = plot_y(in, 0);
    const int count = (int)lround(in->most / in->unit / in->step);

    for (int i = 0; i <= count; i++) {
        const double y = plot_y(in, i * in->step * in->unit);

        (void)fprintf(stream,
                      "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
                      "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%g</text>\n",
                      LEFT, WIDTH - RIGHT, y, y, LEFT - 8, y + 4.5, i * in->step);
    }
    for (int64_t l = 0; l <= in->layers; l += step > 0 ? step : 1)
        (void)fprintf(stream,
                      "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>"
                      "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%" PRId64 "</text>\n",
                      plot_x(in, (double)l), plot_x(in, (double)l), bottom, bottom + 5,
                      plot_x(in, (double)l), bottom + 20, l);
    (void)fprintf(stream,
                  "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">layers computed</text>\n"
                  "<text transform=\"translate(18 %.1f) rotate(-90)\" text-anchor=\"middle\">"
                  "held, %s</text>\n",
                  plot_x(in, (double)in->layers / 2), bottom + 40, plot_y(in, in->most / 2),
                  in->name);
}

/* A layer's tensor is allocated when it begins, and what it has used up is freed when it ends. */
static void draw_line(const panel *in, const memory_trial *trial, FILE *stream) {
    size_t count;
    const denseblock_buffer_event *const events =
        denseblock_buffers_timeline(trial->account, &count);
    const size_t end = trial->marks[in->layers];
    double held = trial->first_event > 0 ? (double)events[trial->first_event - 1].held : 0;
    int64_t layer = 0;

    (void)fprintf(stream, "<polyline class=\"line %s\" points=\"%.1f,%.1f", trial->way->name,
                  plot_x(in, 0), plot_y(in, held));
    for (size_t i = trial->first_event; i < end; i++) {
        double x;

        while (layer < in->layers && i >= trial->marks[layer + 1])
            layer++;
        x = plot_x(in, (double)layer + (events[i].freed && i >= trial->marks[0] ? 1 : 0));
        (void)fprintf(stream, " %.1f,%.1f", x, plot_y(in, held));
        held = (double)events[i].held;
        (void)fprintf(stream, " %.1f,%.1f", x, plot_y(in, held));
    }
    (void)fprintf(stream, " %.1f,%.1f\"/>\n", plot_x(in, (double)in->layers), plot_y(in, held));
}

static void draw_panel(const memory_block *block, denseblock_backend backend, int64_t number,
                       FILE *stream) {
    const denseblock_desc *const desc = &block->desc;
    panel in = {.top = HEADER + (double)number * PANEL + TOP, .layers = desc->layer_count};
    char shape[SHAPE_TEXT_SIZE];
    char layers[LAYERS_TEXT_SIZE];
    int64_t x[4];

    input_shape(desc, x);
    set_axis(largest_peak(block, backend), &in);
    (void)fprintf(stream, "<text x=\"%d\" y=\"%.1f\">%s, %s, %s %s</text>\n", LEFT, in.top - 12,
                  denseblock_backend_name(backend), layers_text(desc, layers),
                  shape_text(4, x, shape), type_choice_name(desc->type, desc->arithmetic));
    draw_axes(&in, stream);
    for (size_t i = 0; i < block->count; i++) {
        if (is_in_panel(&block->trials[i], backend))
            draw_line(&in, &block->trials[i], stream);
    }
}

static void draw_header(const memory_request *request, int64_t panels, FILE *stream) {
    static const char *const legends[STRATEGY_COUNT] = {
        "copy: a tensor a layer", "copy-keep: all are kept", "inplace: one buffer",
        "groups: in place too"};
    const int column = WIDTH / STRATEGY_COUNT;
    char title[TITLE_SIZE];

    (void)snprintf(title, sizeof title,
                   "Memory of the forward: features, prepared weights and workspace%s%s",
                   request->network != NULL ? ", " : "",
                   request->network != NULL ? request->network->name : "");
    picture_begin(&(picture){.width = WIDTH,
                             .height = HEADER + panels * PANEL,
                             .name = "timeline",
                             .title = title,
                             .desc = "Bytes held after so many layers, a line for each way of "
                                     "concatenation",
                             .light = LIGHT,
                             .dark = DARK},
                  stream);
    for (int s = 0; s < STRATEGY_COUNT; s++)
        (void)fprintf(stream,
                      "<line class=\"line %s\" x1=\"%d\" x2=\"%d\" y1=\"48\" y2=\"48\"/>"
                      "<text x=\"%d\" y=\"52\">%s</text>\n",
                      STRATEGIES[s].name, 16 + s * column, 44 + s * column, 50 + s * column,
                      legends[s]);
}

/* Backends of which nothing was measured have no panel. */
static int64_t draw_panels(const memory_block *block, int64_t number, FILE *stream) {
    for (size_t i = 0; i < block->count; i++) {
        const denseblock_backend backend = block->trials[i].backend;

        if ((i > 0 && block->trials[i - 1].backend == backend) ||
            largest_peak(block, backend) == 0)
            continue;
        if (stream != NULL)
            draw_panel(block, backend, number, stream);
        number++;
    }
    return number;
}

void memory_picture(const memory_request *request, const memory_figures *figures, FILE *stream) {
    int64_t panels = 0;

    for (size_t b = 0; b < figures->count; b++)
        panels = draw_panels(&figures->blocks[b], panels, NULL);
    draw_header(request, panels, stream);
    panels = 0;
    for (size_t b = 0; b < figures->count; b++)
        panels = draw_panels(&figures->blocks[b], panels, stream);
    picture_end(stream);
}
