#include "compare_verdict.h"

#include <math.h>

const char *verdict_name(verdict found) {
    static const char *const names[] = {"not measured", "confirmed", "refuted", "undecided"};

    return names[found];
}

quantity exact_quantity(double value) {
    return (quantity){.known = true, .low = value, .value = value, .high = value};
}

static bool is_usable(const quantity *figure) {
    return figure->known && isfinite(figure->low) && isfinite(figure->high);
}

static bool has_few_samples(const quantity *figure) {
    return figure->samples > 0 && figure->samples < LEAST_SAMPLES;
}

judgement judge(const quantity *more, const quantity *less) {
    if (!is_usable(more) || !is_usable(less))
        return (judgement){VERDICT_NOT_MEASURED, ""};
    if (has_few_samples(more) || has_few_samples(less))
        return (judgement){VERDICT_UNDECIDED, "fewer than 7 repeats"};
    if (more->low > less->high)
        return (judgement){VERDICT_CONFIRMED, ""};
    if (more->high < less->low)
        return (judgement){VERDICT_REFUTED, ""};
    if (more->low == more->high && less->low == less->high)
        return (judgement){VERDICT_UNDECIDED, "equal"};
    return (judgement){VERDICT_UNDECIDED, "the ranges overlap"};
}
