#include "comparison_report.h"

#include <inttypes.h>
#include <stdio.h>

#include "text.h"

static void print_place(const char *what, const difference *at) {
    char writer[WRITER_TEXT_SIZE];

    (void)printf("%-10s  %s at [%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64
                 "] of %s: %.9g, expected %.9g\n",
                 "", what, at->batch, at->row, at->column, at->channel,
                 writer_text(at->layer, writer), at->actual, at->expected);
}

void comparison_print(const char *title, const comparison *result) {
    (void)printf("%-10s  %s: max error %.3g, relative L2 %.3g, tolerance %g (largest %.3g)\n",
                 title, result->passed ? "equal" : "DIFFERENT", result->max_abs,
                 result->relative_l2, result->tolerance, result->max_expected);
    if (result->max_abs > 0)
        print_place("worst", &result->worst);
    if (result->special_count > 0) {
        (void)printf("%-10s  elements where NaN or Inf differ: %" PRId64 "\n", "",
                     result->special_count);
        print_place("first", &result->first_special);
    }
}
