/* Each backend's result beside the reference's. */
#include <inttypes.h>

#include "html.h"
#include "report.h"
#include "text.h"

static const char *const TITLES[] = {"Backend",       "Verdict",        "Relative L2 error",
                                     "Largest error", "By the largest", "Worst at"};
enum { TITLE_COUNT = sizeof TITLES / sizeof TITLES[0] };

static void write_place(const comparison *check, FILE *page) {
    const difference *const at = &check->worst;
    char writer[WRITER_TEXT_SIZE];

    if (check->max_abs > 0)
        html_element(page, "td class=\"text\"",
                     "[%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64
                     "] of %s: %.9g, expected %.9g",
                     at->batch, at->row, at->column, at->channel, writer_text(at->layer, writer),
                     at->actual, at->expected);
    else
        (void)fputs("<td class=\"text\">nowhere</td>", page);
}

static void write_check(denseblock_backend backend, const comparison *check, FILE *page) {
    (void)fputs("<tr>", page);
    html_element(page, "th scope=\"row\"", "%s", denseblock_backend_name(backend));
    html_element(page, check->passed ? "td class=\"good\"" : "td class=\"alarm\"", "%s",
                 check->passed ? "equal" : "DIFFERENT");
    html_element(page, "td", "%.3g", check->relative_l2);
    html_element(page, "td", "%.3g", check->max_abs);
    if (check->max_expected > 0)
        html_element(page, "td", "%.3g", check->max_abs / check->max_expected);
    else
        (void)fputs("<td>-</td>", page);
    write_place(check, page);
    (void)fputs("</tr>\n", page);
    if (check->special_count > 0) {
        (void)fprintf(page, "<tr><td class=\"alarm\" colspan=\"%d\">", TITLE_COUNT);
        html_text(page, "elements where NaN or Inf differ: %" PRId64, check->special_count);
        (void)fputs("</td></tr>\n", page);
    }
}

void report_accuracy(const report_figures *figures, FILE *page) {
    const denseblock_desc *const desc = &figures->block->desc;
    const comparison *const first = &figures->checks[0];

    html_section(page, "accuracy", "Accuracy");
    (void)fputs("<p>", page);
    html_text(page, "The results beside those of the reference, plain loops that sum in double "
                    "precision");
    if (figures->compared_images < desc->batch)
        html_text(page,
                  ", which is slow: it has computed the first %" PRId64 " of %" PRId64 " images",
                  figures->compared_images, desc->batch);
    html_text(page, ": %" PRId64 " value%s of each.", first->count, plural(first->count));
    (void)fputs("</p>\n", page);
    html_scroll_box(page, "Table of errors");
    (void)fputs("<table>\n", page);
    html_table_head(page, TITLES, TITLE_COUNT);
    (void)fputs("<tbody>\n", page);
    for (size_t i = 0; i < figures->speed.run_count; i++)
        write_check(denseblock_plan_backend(figures->speed.runs[i].plan), &figures->checks[i],
                    page);
    (void)fputs("</tbody></table></div>\n", page);
    html_element(
        page, "p class=\"note\"",
        "Equal are results whose NaN and infinities stand at the same places, and whose "
        "largest error, by the largest value expected, and relative L2 error are at most "
        "%g: the tolerance of %s, as verify has it. Positions are [n,row,column,channel].",
        first->tolerance, type_choice_name(desc->type, desc->arithmetic));
    (void)fputs("</section>\n", page);
}
