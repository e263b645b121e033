#include "picture.h"

#include <inttypes.h>

static const char LIGHT[] = ".picture text { font: 13px sans-serif; fill: #1f2328 }\n"
                            ".picture .title { font-size: 15px; font-weight: bold }\n"
                            ".picture .ground { fill: #ffffff }\n"
                            ".picture .grid { stroke: #d1d9e0 }\n";

static const char DARK[] = "  .picture text { fill: #f0f6fc }\n"
                           "  .picture .ground { fill: #0d1117 }\n"
                           "  .picture .grid { stroke: #3d444d }\n";

void picture_begin(const picture *drawn, FILE *stream) {
    (void)fprintf(stream,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"picture %s\" viewBox=\"0 0 "
                  "%" PRId64 " %" PRId64 "\" width=\"%" PRId64 "\" height=\"%" PRId64
                  "\" role=\"img\">\n<title>%s</title>\n<desc>%s</desc>\n"
                  "<style>\n%s%s@media (prefers-color-scheme: dark) {\n%s%s}\n</style>\n"
                  "<rect class=\"ground\" width=\"%" PRId64 "\" height=\"%" PRId64 "\"/>\n"
                  "<text class=\"title\" x=\"16\" y=\"24\">%s</text>\n",
                  drawn->name, drawn->width, drawn->height, drawn->width, drawn->height,
                  drawn->title, drawn->desc, LIGHT, drawn->light, DARK, drawn->dark, drawn->width,
                  drawn->height, drawn->title);
}

void picture_end(FILE *stream) {
    (void)fputs("</svg>\n", stream);
}
