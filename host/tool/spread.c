#include "spread.h"

#include <stdlib.h>

enum { SHARE = 7 }; /* one of so many values is left out at each end */

static int ascending(const void *a, const void *b) {
    const double left = *(const double *)a;
    const double right = *(const double *)b;

    return (left > right) - (left < right);
}

spread spread_of(double *values, size_t count) {
    const size_t seventh = count / SHARE > 1 ? count / SHARE : 1;
    const size_t cut = count < 3 ? 0 : seventh;

    qsort(values, count, sizeof *values, ascending);
    return (spread){
        .least = values[0],
        .median = (values[(count - 1) / 2] + values[count / 2]) / 2,
        .most = values[count - 1],
        .low = values[cut],
        .high = values[count - 1 - cut],
    };
}
