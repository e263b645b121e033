#include "report.h"

#include "geometry.h"
#include "html.h"
#include "report_style.h"
#include "text.h"

/* Nothing but what is in the page may be loaded, and nothing runs. */
static const char POLICY[] = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

static void write_title(const report_figures *figures, FILE *page) {
    const denseblock_desc *const desc = &figures->block->desc;
    char shape[SHAPE_TEXT_SIZE];
    char layers[LAYERS_TEXT_SIZE];
    int64_t x[4];

    input_shape(desc, x);
    html_element(page, "title", "Dense block %s, %s", shape_text(4, x, shape),
                 layers_text(desc, layers));
}

void report_page(const report_request *request, const report_figures *figures, FILE *page) {
    (void)fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                "<meta name=\"color-scheme\" content=\"light dark\">\n",
                page);
    (void)fprintf(page, "<meta http-equiv=\"Content-Security-Policy\" content=\"%s\">\n", POLICY);
    (void)fputs("<link rel=\"icon\" href=\"data:,\">\n", page);
    write_title(figures, page);
    (void)fprintf(page, "\n<style>\n%s</style>\n</head>\n<body>\n", REPORT_STYLE);
    report_head(request, figures, page);
    (void)fputs("<main>\n", page);
    report_block_picture(figures, page);
    report_memory(request, figures, page);
    report_layers(request, figures, page);
    report_roofline(figures, page);
    report_speed(request, figures, page);
    report_accuracy(figures, page);
    report_maps(figures, page);
    (void)fputs("</main>\n<footer>", page);
    html_text(page, "denseblock %s. ", denseblock_version_string());
    (void)fputs(
        "Every figure on this page was measured on the machine named above, or follows from "
        "a formula that is named beside it.</footer>\n</body>\n</html>\n",
        page);
}
