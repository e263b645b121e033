#include "expectation.h"

#include <stdbool.h>

#include "geometry.h"
#include "text.h"

outcome parse_expect_at(const char *option, const char *text, void *target) {
    expectation_choice *choice = target;

    choice->at_text = text;
    return parse_corner(option, text, &choice->at);
}

/* A window may be lower and narrower than y; without --expect-at all of y is meant. */
static bool fits(const denseblock_array *expected, const int64_t *y,
                 const expectation_choice *choice) {
    const int64_t *const shape = expected->shape;

    if (expected->rank != 4 || shape[0] != y[0] || shape[3] != y[3])
        return false;
    if (choice->at_text == NULL)
        return shape[1] == y[1] && shape[2] == y[2];
    /* Without rows or columns it would fit everywhere, and be equal to everything. */
    if (shape[1] == 0 || shape[2] == 0)
        return false;
    return shape[1] <= y[1] && shape[2] <= y[2] && choice->at.row <= y[1] - shape[1] &&
           choice->at.column <= y[2] - shape[2];
}

static outcome fail_to_fit(const denseblock_array *expected, const int64_t *y,
                           const expectation_choice *choice) {
    char expected_text[SHAPE_TEXT_SIZE];
    char y_text[SHAPE_TEXT_SIZE];

    (void)shape_text(expected->rank, expected->shape, expected_text);
    (void)shape_text(4, y, y_text);
    if (choice->at_text == NULL)
        return fail_input("%s has the shape %s and the result %s: they must be the same, or "
                          "--expect-at says where a window of it begins",
                          choice->path, expected_text, y_text);
    return fail_input(
        "%s has the shape %s, which --expect-at %s makes no window of the result %s",
        choice->path, expected_text, choice->at_text, y_text);
}

outcome expectation_load(const expectation_choice *choice, const denseblock_desc *desc,
                         ledger *account, denseblock_array *expected) {
    denseblock_status status;
    int64_t y[4];

    *expected = (denseblock_array){0};
    if (choice->path == NULL && choice->at_text != NULL)
        return fail_input("--expect-at needs --expect: it says where that file's window begins");
    if (choice->path == NULL)
        return OUTCOME_SUCCESS;
    status = denseblock_npy_read(choice->path, expected);
    if (status != DENSEBLOCK_OK)
        return fail_status(status);
    if (expected->data != NULL)
        ledger_add(account, array_bytes(expected));
    output_shape(desc, y);
    if (!fits(expected, y, choice))
        return fail_to_fit(expected, y, choice);
    return OUTCOME_SUCCESS;
}
