/* What two figures say of a claim. Numbers in, verdict out. */
#ifndef TOOL_COMPARE_VERDICT_H
#define TOOL_COMPARE_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

typedef enum verdict {
    VERDICT_NOT_MEASURED,
    VERDICT_CONFIRMED,
    VERDICT_REFUTED,
    VERDICT_UNDECIDED
} verdict;

/* "not measured", "confirmed", "refuted", "undecided". */
const char *verdict_name(verdict found);

/* A figure, and the range in which it was found. */
typedef struct quantity {
    bool known;
    double low, value, high;
    int64_t
        samples; /* that the range comes from; 0: all three are one number, counted or derived */
} quantity;

quantity exact_quantity(double value);

/* Below so many samples a range says nothing. Ranges leave out the least and the most seventh
 * of the samples; those of two ways that are alike lie apart by chance once in 34 times with 7
 * samples each, once in 2366 with 14. */
enum { LEAST_SAMPLES = 7 };

typedef struct judgement {
    verdict verdict;
    const char *why; /* of what is undecided; else "" */
} judgement;

/* Whether `more` is more than `less`: confirmed, where all of its range is above all of the other;
 * refuted, where all of it is below; else undecided. */
judgement judge(const quantity *more, const quantity *less);

#endif
