#include "comparison_report.h"

#include <inttypes.h>

#include "json.h"
#include "line.h"
#include "text.h"

static void print_verdict(const char *title, const comparison *result) {
    const char *const verdict = result->passed ? "equal" : "DIFFERENT";

    if (result->max_expected > 0)
        report_line(title,
                    "%s: max error %.3g, %.3g of the largest expected value (%.3g); relative L2 "
                    "%.3g; tolerance %g for both",
                    verdict, result->max_abs, result->max_abs / result->max_expected,
                    result->max_expected, result->relative_l2, result->tolerance);
    else
        report_line(title,
                    "%s: max error %.3g; L2 error %.3g; no finite value but 0 is expected: "
                    "tolerance %g for both as they are",
                    verdict, result->max_abs, result->relative_l2, result->tolerance);
}

static void print_place(const char *what, const difference *at) {
    char writer[WRITER_TEXT_SIZE];

    report_line(
        "", "%s at [%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 "] of %s: %.9g, expected %.9g",
        what, at->batch, at->row, at->column, at->channel, writer_text(at->layer, writer),
        at->actual, at->expected);
}

void comparison_print(const char *title, const comparison *result) {
    print_verdict(title, result);
    if (result->strange_count > 0)
        report_line("", "%" PRId64 " value%s, %" PRId64 " of them NaN or Inf", result->count,
                    plural(result->count), result->strange_count);
    else
        report_line("", "%" PRId64 " value%s", result->count, plural(result->count));
    if (result->max_abs > 0)
        print_place("worst", &result->worst);
    if (result->special_count > 0) {
        report_line("", "elements where NaN or Inf differ: %" PRId64, result->special_count);
        print_place("first", &result->first_special);
    }
}

static json_t *json_difference(const difference *at) {
    const int64_t position[] = {at->batch, at->row, at->column, at->channel};

    return json_pack("{s:o, s:I, s:o, s:o}", "position", json_shape(position, 4), "layer",
                     (json_int_t)at->layer, "actual", json_number(at->actual), "expected",
                     json_number(at->expected));
}

json_t *json_comparison(const comparison *result) {
    return json_pack(
        "{s:b, s:o, s:I, s:I, s:o, s:o, s:o, s:o, s:I, s:o}", "passed", result->passed,
        "tolerance", json_number(result->tolerance), "values", (json_int_t)result->count,
        "nan_or_inf", (json_int_t)result->strange_count, "max_abs_error",
        json_number(result->max_abs), "relative_l2_error", json_number(result->relative_l2),
        "largest_expected", json_number(result->max_expected), "worst",
        result->max_abs > 0 ? json_difference(&result->worst) : json_null(), "special_mismatches",
        (json_int_t)result->special_count, "first_mismatch",
        result->special_count > 0 ? json_difference(&result->first_special) : json_null());
}
