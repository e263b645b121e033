#include "block/description.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

#include "backends/backend.h"
#include "status/fail.h"

/* Text that is first measured, with no memory, and then written. */
struct text {
    char *start; /* NULL while measuring */
    size_t capacity;
    size_t length;
};

__attribute__((format(printf, 2, 3))) static void append(struct text *text, const char *format,
                                                         ...) {
    va_list arguments;
    va_start(arguments, format);
    const bool measuring = text->start == NULL;
    const int written =
        vsnprintf(measuring ? NULL : text->start + text->length,
                  measuring ? 0 : text->capacity - text->length, format, arguments);
    va_end(arguments);
    if (written > 0)
        text->length += (size_t)written;
}

static void write_description(struct text *text, const denseblock_plan *plan) {
    append(text, "backend %s: %s, %d thread%s\n", plan->backend->name, plan->backend->method,
           plan->thread_count, plan->thread_count == 1 ? "" : "s");
    append(text,
           "x [%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 "] -> y [%" PRId64 ",%" PRId64
           ",%" PRId64 ",%" PRId64 "], %s\n",
           plan->batch, plan->height, plan->width, plan->channels, plan->batch, plan->height,
           plan->width, plan->output_channels, denseblock_type_name(plan->type));
    for (int64_t l = 0; l < plan->layer_count; l++) {
        const struct dblk_layer *layer = &plan->layers[l];
        append(text,
               "layer %" PRId64 ": direct %" PRId64 "x%" PRId64 ", channels 0..%" PRId64
               " -> %" PRId64 "..%" PRId64 "\n",
               l, layer->kernel_height, layer->kernel_width, layer->channels - 1, layer->channels,
               layer->channels + layer->growth - 1);
    }
    append(text, "bytes: y %zu, prepared weights %zu, workspace %zu\n", plan->output_bytes,
           plan->weights_bytes, plan->workspace_bytes);
}

denseblock_status dblk_description_make(denseblock_plan *plan) {
    struct text measured = {0};
    write_description(&measured, plan);
    struct text text = {.capacity = measured.length + 1};
    text.start = malloc(text.capacity);
    if (text.start == NULL)
        return dblk_fail(DENSEBLOCK_OUT_OF_MEMORY,
                         "no memory for the description of a plan of %" PRId64 " layers",
                         plan->layer_count);
    write_description(&text, plan);
    plan->description = text.start;
    return DENSEBLOCK_OK;
}
