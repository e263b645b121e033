/* The backends side by side. */
#include <inttypes.h>

#include "html.h"
#include "report.h"
#include "text.h"

static const char *const TITLES[] = {"Backend", "Median, ms", "Min, ms", "Max, ms", "GFLOP/s",
                                     "",        "Of peak",    "Threads", "Weights", "Workspace"};
enum { TITLE_COUNT = sizeof TITLES / sizeof TITLES[0] };

static double rate(const timing *measured) {
    return measured->time.median > 0 ? measured->flops / measured->time.median : 0;
}

static void write_figure(double number, FILE *page) {
    char text[FIGURE_TEXT_SIZE];

    html_element(page, "td", "%s", rounded_text(number, text));
}

static void write_name(const timing *measured, FILE *page) {
    html_element(page, "th scope=\"row\"", "%s%s", denseblock_backend_name(measured->backend),
                 measured->graph ? " graph" : "");
}

static void write_timing(const timing *measured, double fastest, FILE *page) {
    char bytes[BYTES_TEXT_SIZE];

    (void)fputs("<tr>", page);
    write_name(measured, page);
    write_figure(1e3 * measured->time.median, page);
    write_figure(1e3 * measured->time.least, page);
    write_figure(1e3 * measured->time.most, page);
    if (rate(measured) > 0)
        write_figure(1e-9 * rate(measured), page);
    else
        (void)fputs("<td>-</td>", page);
    (void)fprintf(page, "<td class=\"bar\"><span style=\"width:%.1f%%\"></span></td>",
                  fastest > 0 ? 100 * rate(measured) / fastest : 0);
    if (measured->peak > 0 && measured->flops > 0)
        html_element(page, "td", "%.3g %%", 100 * rate(measured) / measured->peak);
    else
        (void)fputs("<td>-</td>", page);
    html_element(page, "td", "%d", measured->threads);
    html_element(page, "td", "%s", bytes_text(measured->weights_bytes, bytes));
    html_element(page, "td", "%s", bytes_text(measured->workspace_bytes, bytes));
    (void)fputs("</tr>\n", page);
}

static void write_not_run(denseblock_backend backend, const char *reason, FILE *page) {
    (void)fputs("<tr>", page);
    html_element(page, "th scope=\"row\"", "%s", denseblock_backend_name(backend));
    (void)fprintf(page, "<td class=\"text\" colspan=\"%d\">", TITLE_COUNT - 1);
    html_text(page, "not run: %s", reason);
    (void)fputs("</td></tr>\n", page);
}

static bool is_listed(const backend_list *list, denseblock_backend backend) {
    for (size_t i = 0; i < list->count; i++) {
        if (list->backends[i] == backend)
            return true;
    }
    return false;
}

/* Those that were not measured, and why. */
static void write_others(const report_request *request, const bench_figures *figures,
                         FILE *page) {
    for (size_t i = 0; i < figures->omission_count; i++)
        write_not_run(figures->omissions[i].backend, figures->omissions[i].reason, page);
    for (int i = DENSEBLOCK_BACKEND_AUTO + 1; i < DENSEBLOCK_BACKEND_COUNT; i++) {
        const denseblock_backend backend = (denseblock_backend)i;

        if (is_listed(&request->backends, backend))
            continue;
        if (denseblock_backend_check(backend) != DENSEBLOCK_OK)
            write_not_run(backend, denseblock_last_error(), page);
        else
            write_not_run(backend,
                          backend == DENSEBLOCK_BACKEND_REFERENCE && request->backends.all
                              ? "it is slow, and what the others are compared with below"
                              : "it was not asked for",
                          page);
    }
}

static void write_plan(const timing *measured, FILE *page) {
    (void)fputs("<details>", page);
    html_element(page, "summary", "How %s computes it",
                 denseblock_backend_name(measured->backend));
    html_scroll_box(page, "Plan");
    (void)fputs("<pre>", page);
    html_escape(page, denseblock_plan_describe(measured->plan));
    (void)fputs("</pre></div></details>\n", page);
}

static bool peak_is_known(const bench_figures *figures) {
    for (size_t i = 0; i < figures->count; i++) {
        if (figures->timings[i].peak > 0)
            return true;
    }
    return false;
}

static void write_note(const report_request *request, const bench_figures *figures, FILE *page) {
    html_element(
        page, "p class=\"note\"",
        "Of %" PRId64 " execution%s after one to warm up, in which the backends take turns. "
        "Operations are those of direct convolution%s",
        request->repeats, plural(request->repeats),
        peak_is_known(figures)
            ? "; the peak is that of multiply-adds, measured with as many threads on this "
              "processor. Winograd multiplies less, and can be above it."
            : ".");
}

void report_speed(const report_request *request, const report_figures *figures, FILE *page) {
    const bench_figures *const speed = &figures->speed.figures;
    double fastest = 0;

    for (size_t i = 0; i < speed->count; i++)
        fastest = rate(&speed->timings[i]) > fastest ? rate(&speed->timings[i]) : fastest;
    html_section(page, "speed", "Speed of the backends");
    html_scroll_box(page, "Table of backends");
    (void)fputs("<table>\n", page);
    html_table_head(page, TITLES, TITLE_COUNT);
    (void)fputs("<tbody>\n", page);
    for (size_t i = 0; i < speed->count; i++)
        write_timing(&speed->timings[i], fastest, page);
    write_others(request, speed, page);
    (void)fputs("</tbody></table></div>\n", page);
    write_note(request, speed, page);
    for (size_t i = 0; i < speed->count; i++) {
        if (!speed->timings[i].graph) /* its plan is that of the line above */
            write_plan(&speed->timings[i], page);
    }
    (void)fputs("</section>\n", page);
}
