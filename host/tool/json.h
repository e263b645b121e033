/* Reports for machines, on top of jansson. */
#ifndef TOOL_JSON_H
#define TOOL_JSON_H

#include <jansson.h>
#include <stdint.h>

#include "denseblock.h"
#include "failure.h"

/* Each makes a value; NULL where memory is out, which json_pack passes on, and json_print finds
 * at the end. */
json_t *json_text(const char *text);  /* bytes that are not UTF-8 become '?'; NULL: null */
json_t *json_lines(const char *text); /* an array of the lines, which are ASCII; NULL: null */
json_t *json_number(double value);    /* JSON has no NaN and Inf: "nan", "inf", "-inf" */
json_t *json_rate(double amount, double seconds); /* amount a second; null for no rate */
json_t *json_bytes(size_t count);
json_t *json_group(int64_t size); /* of --group; 0, which leaves it to the plan: null */
json_t *json_shape(const int64_t *shape, int rank);
json_t *json_layers(const denseblock_desc *desc);

/* Appends the value, and returns the array; where memory is out, frees both and returns NULL. */
json_t *json_append(json_t *array, json_t *value);

/* Prints the report on stdout and frees it. */
outcome json_print(json_t *report);

#endif
