#include "json.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Enough to tell the figures of two runs apart, without 0.1 as 0.10000000000000001. */
enum { DIGITS = 12 };

/* Bytes of a letter of UTF-8. */
enum { LONGEST_LETTER = 4 };

/* Replaces the bytes that are in no letter of UTF-8. jansson knows what is one. */
static void replace_invalid(char *text) {
    while (*text != '\0') {
        const size_t most = strnlen(text, LONGEST_LETTER);
        size_t length = 1;
        json_t *letter;

        while ((letter = json_stringn(text, length)) == NULL && length < most)
            length++;
        if (letter != NULL) {
            json_decref(letter);
            text += length;
        } else {
            *text++ = '?';
        }
    }
}

json_t *json_text(const char *text) {
    json_t *value;
    char *valid;

    if (text == NULL)
        return json_null();
    value = json_string(text);
    if (value != NULL)
        return value;
    valid = strdup(text);
    if (valid == NULL)
        return NULL;
    replace_invalid(valid);
    value = json_string(valid);
    free(valid);
    return value;
}

json_t *json_lines(const char *text) {
    json_t *array;

    if (text == NULL)
        return json_null();
    array = json_array();
    while (array != NULL && *text != '\0') {
        const size_t length = strcspn(text, "\n");

        array = json_append(array, json_stringn(text, length));
        text += length + (text[length] == '\n');
    }
    return array;
}

json_t *json_number(double value) {
    if (isnan(value))
        return json_string("nan");
    if (isinf(value))
        return json_string(value > 0 ? "inf" : "-inf");
    return json_real(value);
}

json_t *json_rate(double amount, double seconds) {
    return amount > 0 && seconds > 0 ? json_number(amount / seconds) : json_null();
}

json_t *json_bytes(size_t count) {
    return json_integer((json_int_t)count);
}

/* json_array_append_new frees the value whatever happens. */
json_t *json_append(json_t *array, json_t *value) {
    if (json_array_append_new(array, value) == 0)
        return array;
    json_decref(array);
    return NULL;
}

json_t *json_group(int64_t size) {
    return size > 0 ? json_integer((json_int_t)size) : json_null();
}

json_t *json_shape(const int64_t *shape, int rank) {
    json_t *array = json_array();

    for (int i = 0; array != NULL && i < rank; i++)
        array = json_append(array, json_integer(shape[i]));
    return array;
}

json_t *json_layers(const denseblock_desc *desc) {
    json_t *array = json_array();

    for (int64_t l = 0; array != NULL && l < desc->layer_count; l++) {
        const denseblock_layer *const layer = &desc->layers[l];
        const int64_t size[] = {layer->kernel_height, layer->kernel_width};

        array = json_append(array, json_pack("{s:o, s:I}", "kernel", json_shape(size, 2),
                                             "growth", (json_int_t)layer->growth));
    }
    return array;
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
