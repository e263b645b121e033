#include "json.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Enough to tell the figures of two runs apart, without 0.1 as 0.10000000000000001. */
enum { DIGITS = 12 };

json_t *json_text(const char *text) {
    json_t *value;
    char *ascii;

    if (text == NULL)
        return json_null();
    value = json_string(text);
    if (value != NULL)
        return value;
    ascii = strdup(text);
    if (ascii == NULL)
        return NULL;
    for (char *letter = ascii; *letter != '\0'; letter++) {
        if ((unsigned char)*letter >= 0x80)
            *letter = '?';
    }
    value = json_string(ascii);
    free(ascii);
    return value;
}

json_t *json_number(double value) {
    if (isnan(value))
        return json_string("nan");
    if (isinf(value))
        return json_string(value > 0 ? "inf" : "-inf");
    return json_real(value);
}

json_t *json_bytes(size_t count) {
    return json_integer((json_int_t)count);
}

/* json_array_append_new frees the value whatever happens. */
static json_t *append(json_t *array, json_t *value) {
    if (json_array_append_new(array, value) == 0)
        return array;
    json_decref(array);
    return NULL;
}

json_t *json_shape(const int64_t *shape, int rank) {
    json_t *array = json_array();

    for (int i = 0; array != NULL && i < rank; i++)
        array = append(array, json_integer(shape[i]));
    return array;
}

json_t *json_layers(const denseblock_desc *desc) {
    json_t *array = json_array();

    for (int64_t l = 0; array != NULL && l < desc->layer_count; l++) {
        const denseblock_layer *const layer = &desc->layers[l];
        const int64_t size[] = {layer->kernel_height, layer->kernel_width};

        array = append(array, json_pack("{s:o, s:I}", "kernel", json_shape(size, 2), "growth",
                                        (json_int_t)layer->growth));
    }
    return array;
}

static json_t *json_difference(const difference *at) {
    const int64_t position[] = {at->batch, at->row, at->column, at->channel};

    return json_pack("{s:o, s:I, s:o, s:o}", "position", json_shape(position, 4), "layer",
                     (json_int_t)at->layer, "actual", json_number(at->actual), "expected",
                     json_number(at->expected));
}

json_t *json_comparison(const comparison *result) {
    return json_pack(
        "{s:b, s:o, s:o, s:o, s:o, s:o, s:I, s:o}", "passed", result->passed, "tolerance",
        json_number(result->tolerance), "max_abs_error", json_number(result->max_abs),
        "relative_l2_error", json_number(result->relative_l2), "largest_expected",
        json_number(result->max_expected), "worst",
        result->max_abs > 0 ? json_difference(&result->worst) : json_null(), "special_mismatches",
        (json_int_t)result->special_count, "first_mismatch",
        result->special_count > 0 ? json_difference(&result->first_special) : json_null());
}

outcome json_print(json_t *report) {
    int failed;

    if (report == NULL)
        return fail_out_of_memory();
    failed = json_dumpf(report, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(DIGITS));
    json_decref(report);
    if (failed != 0 || putchar('\n') == EOF)
        return fail_machine("the report cannot be written: %s", strerror(errno));
    return OUTCOME_SUCCESS;
}
