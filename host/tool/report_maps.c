/* The feature maps, as a picture that is part of the page. */
#include "report.h"

#include <inttypes.h>

#include "feature_maps.h"
#include "geometry.h"
#include "html.h"

void report_maps(const report_figures *figures, FILE *page) {
    const denseblock_desc *const desc = &figures->block->desc;

    if (figures->maps == NULL)
        return;
    html_section(page, "maps", "Feature maps");
    (void)fputs("<figure>\n", page);
    html_scroll_box(page, "Picture of the feature maps");
    (void)fputs("<img class=\"maps\" src=\"data:image/png;base64,", page);
    html_base64(page, (const unsigned char *)figures->maps, figures->maps_bytes);
    (void)fputs("\" alt=\"", page);
    html_text(page,
              "The input, and below it %" PRId64 " of %" PRId64
              " feature maps of the first image, layer by layer",
              feature_maps_shown(desc), output_channels(desc));
    (void)fputs("\">\n</div>\n<figcaption>", page);
    html_text(page,
              "The input, and below it the feature maps, layer by layer. What ReLU keeps is "
              "warm, what it cuts is cold; each map is scaled by its own largest value. NaN and "
              "infinities are magenta.");
    (void)fputs("</figcaption>\n</figure>\n</section>\n", page);
}
