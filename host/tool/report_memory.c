/* Memory: the time lines, and the table of peaks. */
#include "report.h"

#include <inttypes.h>

#include "html.h"
#include "text.h"

static const char *const TITLES[] = {"Backend, way", "Peak",   "Features", "Weights",
                                     "Workspace",    "Copied", "Buffers"};
enum { TITLE_COUNT = sizeof TITLES / sizeof TITLES[0] };

static void write_bytes(size_t bytes, FILE *page) {
    char text[BYTES_TEXT_SIZE];

    html_element(page, "td", "%s", bytes_text(bytes, text));
}

static void write_trial(const memory_trial *trial, FILE *page) {
    const footprint *const taken = &trial->measured;

    (void)fputs("<tr>", page);
    html_element(page, "th scope=\"row\"", "%s %s", denseblock_backend_name(trial->backend),
                 trial->way->name);
    if (trial->not_run[0] != '\0') {
        (void)fprintf(page, "<td class=\"text\" colspan=\"%d\">", TITLE_COUNT - 1);
        html_text(page, "not run: %s", trial->not_run);
        (void)fputs("</td></tr>\n", page);
        return;
    }
    write_bytes(taken->peak, page);
    write_bytes(memory_trial_features(trial), page);
    write_bytes(trial->weights_bytes, page);
    write_bytes(trial->workspace_bytes, page);
    write_bytes(taken->written, page);
    html_element(page, "td", "%" PRId64, taken->allocations);
    (void)fputs("</tr>\n", page);
}

static void write_formula(const memory_block *block, FILE *page) {
    bool agree = true;

    for (size_t i = 0; i < block->count; i++) {
        const memory_trial *const trial = &block->trials[i];

        if (memory_trial_agrees(trial))
            continue;
        agree = false;
        html_element(page, "p class=\"alarm\"",
                     "%s %s: the formula differs: peak %zu B, not %zu; copied %zu B, not %zu; "
                     "%" PRId64 " buffers, not %" PRId64 ".",
                     denseblock_backend_name(trial->backend), trial->way->name,
                     trial->formula.peak, trial->measured.peak, trial->formula.written,
                     trial->measured.written, trial->formula.allocations,
                     trial->measured.allocations);
    }
    (void)fputs("<p class=\"note\">", page);
    html_text(page,
              "Peaks and buffers are measured: all tensors are allocated through one account. "
              "Copies are counted as they are made. ");
    if (agree)
        html_text(page,
                  "A formula of the block's sizes and the plans' says the same of each, to the "
                  "byte. ");
    html_text(page,
              "Counted are the bytes asked for, in the forward; allocators round them up. Each "
              "way has a plan of its own.");
    (void)fputs("</p>\n", page);
}

void report_memory(const report_request *request, const report_figures *figures, FILE *page) {
    const memory_request asked = {.options = request->options};
    const memory_block *const block = &figures->memory.blocks[0];

    html_section(page, "memory", "Memory");
    (void)fputs("<figure>\n", page);
    html_scroll_box(page, "Time lines of memory");
    memory_picture(&asked, &figures->memory, page);
    (void)fputs("</div>\n<figcaption>", page);
    html_text(
        page,
        "What is held after so many layers, for each way to concatenate: copy makes a "
        "larger tensor for every layer and frees the one before; copy-keep keeps them all, "
        "as naive training does; inplace writes every layer into one tensor; groups does so "
        "too, in groups of layers, as the plan has them.");
    (void)fputs("</figcaption>\n</figure>\n", page);
    html_scroll_box(page, "Table of memory");
    (void)fputs("<table>\n", page);
    html_table_head(page, TITLES, TITLE_COUNT);
    (void)fputs("<tbody>\n", page);
    for (size_t i = 0; i < block->count; i++)
        write_trial(&block->trials[i], page);
    (void)fputs("</tbody></table></div>\n", page);
    write_formula(block, page);
    (void)fputs("</section>\n", page);
}
