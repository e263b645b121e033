#include "parse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "comparison.h"

/* Reads digits at *cursor and moves it behind them. Signs and blanks, which strtoll would take,
 * are none. False where there is no digit; a number too large to hold becomes INT64_MAX, which
 * every range below, or the plan, refuses. */
static bool read_digits(const char **cursor, int64_t *number) {
    char *end;

    if (**cursor < '0' || **cursor > '9')
        return false;
    *number = strtoll(*cursor, &end, 10);
    *cursor = end;
    return true;
}

/* Reads at most `limit` numbers with `separator` between them. Returns how many there are, which
 * may be more than the limit, or -1 where the text is anything else. */
static int read_numbers(const char *text, char separator, int limit, int64_t *numbers) {
    const char *cursor = text;
    int count = 0;

    for (;;) {
        int64_t number;

        if (!read_digits(&cursor, &number))
            return -1;
        if (count < limit)
            numbers[count] = number;
        count++;
        if (*cursor == '\0')
            return count;
        if (*cursor != separator)
            return -1;
        cursor++;
    }
}

static outcome parse_integer(const char *option, const char *text, int64_t least, int64_t most,
                             int64_t *number) {
    int64_t value;

    if (read_numbers(text, '\0', 1, &value) != 1)
        return fail_input("--%s is '%s': it must be a whole number from %lld", option, text,
                          (long long)least);
    if (value < least || value > most)
        return fail_input("--%s is %s: it must be from %lld to %lld", option, text,
                          (long long)least, (long long)most);
    *number = value;
    return OUTCOME_SUCCESS;
}

outcome parse_text(const char *option, const char *text, void *target) {
    const char **value = target;

    if (text[0] == '\0')
        return fail_input("--%s is empty: it needs a value", option);
    *value = text;
    return OUTCOME_SUCCESS;
}

outcome parse_threads(const char *option, const char *text, void *target) {
    return parse_integer(option, text, 1, 1024, target);
}

outcome parse_group(const char *option, const char *text, void *target) {
    return parse_integer(option, text, 1, 10000, target);
}

outcome parse_workspace(const char *option, const char *text, void *target) {
    size_t *value = target;
    int64_t bytes = 0;
    const outcome result = parse_integer(option, text, 1, INT64_MAX - 1, &bytes);

    if (result == OUTCOME_SUCCESS)
        *value = (size_t)bytes;
    return result;
}

outcome parse_batch(const char *option, const char *text, void *target) {
    return parse_integer(option, text, 0, INT64_MAX - 1, target);
}

outcome parse_layers(const char *option, const char *text, void *target) {
    return parse_integer(option, text, 0, 10000, target);
}

outcome parse_growth(const char *option, const char *text, void *target) {
    return parse_integer(option, text, 1, INT64_MAX - 1, target);
}

outcome parse_repeats(const char *option, const char *text, void *target) {
    return parse_integer(option, text, 1, 1000000, target);
}

outcome parse_warmups(const char *option, const char *text, void *target) {
    return parse_integer(option, text, 0, 1000000, target);
}

outcome parse_seed(const char *option, const char *text, void *target) {
    return parse_integer(option, text, 0, SEED_MOST, target);
}

outcome parse_tolerance(const char *option, const char *text, void *target) {
    double *value = target;
    char *end;
    double number;

    /* strtod would skip blanks and read "nan" and "inf". */
    if (strspn(text, "0123456789.eE+-") != strlen(text) || text[0] == '\0')
        return fail_input("--%s is '%s': it must be a number such as 1e-5", option, text);
    number = strtod(text, &end);
    if (*end != '\0')
        return fail_input("--%s is '%s': it must be a number such as 1e-5", option, text);
    if (!(number >= 0) || !isfinite(number))
        return fail_input("--%s is %s: it must be 0 or more, and finite", option, text);
    *value = number;
    return OUTCOME_SUCCESS;
}

outcome parse_shape(const char *option, const char *text, void *target) {
    static const char *const names[] = {"batch", "height", "width", "channels"};
    block_shape *value = target;
    int64_t sizes[4];
    const int count = read_numbers(text, ',', 4, sizes);

    if (count == -1)
        return fail_input(
            "--%s is '%s': it must be four whole numbers N,H,W,C, such as 1,32,32,3", option,
            text);
    if (count != 4)
        return fail_input("--%s is '%s': it needs four numbers N,H,W,C (batch, height, width, "
                          "channels), and has %d",
                          option, text, count);
    for (int i = 0; i < 4; i++) {
        const int64_t least = i == 0 ? 0 : 1; /* an empty batch is valid */

        if (sizes[i] < least || sizes[i] == INT64_MAX)
            return fail_input("--%s is '%s': the %s must be from %lld to %lld", option, text,
                              names[i], (long long)least, (long long)INT64_MAX - 1);
    }
    *value = (block_shape){true, sizes[0], sizes[1], sizes[2], sizes[3]};
    return OUTCOME_SUCCESS;
}

outcome parse_kernel_size(const char *option, const char *text, void *target) {
    kernel_size *value = target;
    int64_t sizes[2];

    if (read_numbers(text, 'x', 2, sizes) != 2 || sizes[0] == 0 || sizes[1] == 0)
        return fail_input("--%s is '%s': it must be height x width, such as 3x3, each at least 1",
                          option, text);
    if (sizes[0] == INT64_MAX || sizes[1] == INT64_MAX)
        return fail_input("--%s is '%s': no kernel is that large", option, text);
    *value = (kernel_size){sizes[0], sizes[1]};
    return OUTCOME_SUCCESS;
}

outcome parse_corner(const char *option, const char *text, void *target) {
    corner *value = target;
    int64_t sizes[2];

    if (read_numbers(text, ',', 2, sizes) != 2)
        return fail_input("--%s is '%s': it must be row,column, such as 0,128", option, text);
    *value = (corner){sizes[0], sizes[1]};
    return OUTCOME_SUCCESS;
}
