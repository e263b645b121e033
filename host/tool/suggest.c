#include "suggest.h"

#include <string.h>

#include "minmax.h"

/* Longer words are nobody's slip of the finger. */
enum { LONGEST_WORD = 31 };

/* The least number of letters to insert, drop, change, or swap with their neighbour, to turn a
 * into b (optimal string alignment). Both are at most LONGEST_WORD letters long. */
static size_t edit_distance(const char *a, const char *b) {
    const size_t rows = strlen(a);
    const size_t columns = strlen(b);
    size_t distance[LONGEST_WORD + 1][LONGEST_WORD + 1];

    for (size_t i = 0; i <= rows; i++)
        distance[i][0] = i;
    for (size_t j = 0; j <= columns; j++)
        distance[0][j] = j;
    for (size_t i = 1; i <= rows; i++) {
        for (size_t j = 1; j <= columns; j++) {
            const size_t change = distance[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            const size_t drop_or_insert = smaller(distance[i - 1][j], distance[i][j - 1]) + 1;

            distance[i][j] = smaller(change, drop_or_insert);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                distance[i][j] = smaller(distance[i][j], distance[i - 2][j - 2] + 1);
        }
    }
    return distance[rows][columns];
}

const char *suggest(const char *word, const char *const *candidates, size_t count) {
    const size_t length = strlen(word);
    const char *nearest = NULL;
    /* A third of the letters wrong, and it is another word. */
    size_t least = length / 3 + 2;

    if (length > LONGEST_WORD)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        size_t distance;

        if (strlen(candidates[i]) > LONGEST_WORD)
            continue;
        distance = edit_distance(word, candidates[i]);
        if (distance < least && distance < length) {
            least = distance;
            nearest = candidates[i];
        }
    }
    return nearest;
}
