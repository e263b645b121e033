/* What each layer takes. */
#include <inttypes.h>
#include <math.h>

#include "html.h"
#include "report.h"
#include "text.h"

static const char *const TITLES[] = {"Layer", "Kernel",  "Reads", "Adds",     "Time, ms",
                                     "",      "GFLOP/s", "GFLOP", "MB moved", "FLOP/byte"};
enum { TITLE_COUNT = sizeof TITLES / sizeof TITLES[0] };

/* More are folded up. */
enum { MOST_OPEN = 32 };

static void write_number(double number, FILE *page) {
    char text[FIGURE_TEXT_SIZE];

    html_element(page, "td", "%s", rounded_text(number, text));
}

static void write_rate(double amount, double seconds, FILE *page) {
    if (amount > 0 && seconds > 0)
        write_number(amount / seconds, page);
    else
        (void)fputs("<td>-</td>", page);
}

static void write_layer(const report_figures *figures, int64_t l, double longest, FILE *page) {
    const denseblock_layer *const layer = &figures->block->layers[l];
    const layer_figures *const found = &figures->layers[l];

    (void)fputs("<tr>", page);
    html_element(page, "th scope=\"row\"", "%" PRId64, l);
    html_element(page, "td", "%" PRId64 "x%" PRId64, layer->kernel_height, layer->kernel_width);
    html_element(page, "td", "%" PRId64, found->channels);
    html_element(page, "td", "%" PRId64, layer->growth);
    write_number(1e3 * found->seconds, page);
    (void)fprintf(page, "<td class=\"bar\"><span style=\"width:%.1f%%\"></span></td>",
                  longest > 0 ? 100 * found->seconds / longest : 0);
    write_rate(1e-9 * found->flops, found->seconds, page);
    write_number(1e-9 * found->flops, page);
    write_number(1e-6 * found->bytes, page);
    write_number(found->flops / found->bytes, page);
    (void)fputs("</tr>\n", page);
}

static void write_table(const report_figures *figures, FILE *page) {
    const int64_t count = figures->block->desc.layer_count;
    layer_figures sum = {0};
    double longest = 0;

    for (int64_t l = 0; l < count; l++) {
        longest = fmax(longest, figures->layers[l].seconds);
        sum.seconds += figures->layers[l].seconds;
        sum.flops += figures->layers[l].flops;
        sum.bytes += figures->layers[l].bytes;
    }
    html_scroll_box(page, "Table of layers");
    (void)fputs("<table>\n", page);
    html_table_head(page, TITLES, TITLE_COUNT);
    (void)fputs("<tbody>\n", page);
    for (int64_t l = 0; l < count; l++)
        write_layer(figures, l, longest, page);
    (void)fputs("</tbody>\n<tfoot><tr><th scope=\"row\">Sum</th><td></td><td></td><td></td>",
                page);
    write_number(1e3 * sum.seconds, page);
    (void)fputs("<td></td>", page);
    write_rate(1e-9 * sum.flops, sum.seconds, page);
    write_number(1e-9 * sum.flops, page);
    write_number(1e-6 * sum.bytes, page);
    write_number(sum.flops / sum.bytes, page);
    (void)fputs("</tr></tfoot></table></div>\n", page);
}

void report_layers(const report_request *request, const report_figures *figures, FILE *page) {
    const timing *const first = &figures->speed.figures.timings[0];
    const int64_t count = figures->block->desc.layer_count;
    const bool folded = count > MOST_OPEN;
    char figure[FIGURE_TEXT_SIZE];

    if (figures->layers == NULL)
        return;
    html_section(page, "layers", "Layers");
    html_element(
        page, "p",
        "Each layer on backend %s, in groups of one layer, so that its time is its own: the "
        "median of %" PRId64
        " execution%s, in which every layer is waited for. As planned, the whole "
        "block takes %s ms.",
        denseblock_backend_name(first->backend), request->repeats, plural(request->repeats),
        rounded_text(1e3 * first->time.median, figure));
    if (folded) {
        (void)fputs("<details>", page);
        html_element(page, "summary", "All %" PRId64 " layers", count);
    }
    write_table(figures, page);
    if (folded)
        (void)fputs("</details>\n", page);
    html_element(page, "p class=\"note\"",
                 "Operations are those of direct convolution, whatever the algorithm: "
                 "2 N H W kh kw C g, with the channels C that it reads and the g that it adds. "
                 "Bytes are those of the layer-by-layer schedule: a layer reads its "
                 "channels and its kernel once, and writes what it adds; caches may keep part of "
                 "them. x's copy or transform counts for layer 0.");
    (void)fputs("</section>\n", page);
}
