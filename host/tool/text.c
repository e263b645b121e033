#include "text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

const char *plural(int64_t count) {
    return count == 1 ? "" : "s";
}

const char *figure_text(double figure, char text[FIGURE_TEXT_SIZE]) {
    (void)snprintf(text, FIGURE_TEXT_SIZE, figure < 1 ? "%.3g" : "%.3f", figure);
    return text;
}

const char *rounded_text(double figure, char text[FIGURE_TEXT_SIZE]) {
    if (figure < 1)
        (void)snprintf(text, FIGURE_TEXT_SIZE, "%.3g", figure);
    else
        (void)snprintf(text, FIGURE_TEXT_SIZE, "%.*f",
                       figure < 10    ? 2
                       : figure < 100 ? 1
                                      : 0,
                       figure);
    return text;
}

const char *bytes_text(size_t bytes, char text[BYTES_TEXT_SIZE]) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double amount = (double)bytes;
    size_t unit = 0;

    while (amount >= 1024 && unit + 1 < sizeof units / sizeof units[0]) {
        amount /= 1024;
        unit++;
    }
    (void)snprintf(text, BYTES_TEXT_SIZE, "%.*f %s", unit == 0 ? 0 : 1, amount, units[unit]);
    return text;
}

const char *shape_text(int rank, const int64_t *shape, char text[SHAPE_TEXT_SIZE]) {
    size_t length = 0;

    if (rank == 0)
        (void)snprintf(text, SHAPE_TEXT_SIZE, "()");
    for (int i = 0; i < rank; i++)
        length += (size_t)snprintf(text + length, SHAPE_TEXT_SIZE - length, "%s%" PRId64,
                                   i > 0 ? "x" : "", shape[i]);
    return text;
}

static bool layers_alike(const denseblock_desc *desc) {
    const denseblock_layer *const first = &desc->layers[0];

    for (int64_t l = 1; l < desc->layer_count; l++) {
        const denseblock_layer *const layer = &desc->layers[l];

        if (layer->kernel_height != first->kernel_height ||
            layer->kernel_width != first->kernel_width || layer->growth != first->growth)
            return false;
    }
    return true;
}

const char *layers_text(const denseblock_desc *desc, char text[LAYERS_TEXT_SIZE]) {
    const int64_t count = desc->layer_count;
    /* Room for ", ..." and for the longest entry that is still written out. */
    const size_t full = LAYERS_TEXT_SIZE - 32;
    size_t length;

    length =
        (size_t)snprintf(text, LAYERS_TEXT_SIZE, "%" PRId64 " layer%s", count, plural(count));
    if (count == 0)
        return text;
    if (layers_alike(desc)) {
        (void)snprintf(text + length, LAYERS_TEXT_SIZE - length,
                       " of %" PRId64 "x%" PRId64 ", growth %" PRId64,
                       desc->layers[0].kernel_height, desc->layers[0].kernel_width,
                       desc->layers[0].growth);
        return text;
    }
    for (int64_t l = 0; l < count; l++) {
        const denseblock_layer *const layer = &desc->layers[l];

        if (length > full) {
            (void)snprintf(text + length, LAYERS_TEXT_SIZE - length, ", ...");
            break;
        }
        length += (size_t)snprintf(text + length, LAYERS_TEXT_SIZE - length,
                                   "%s%" PRId64 "x%" PRId64 " +%" PRId64, l == 0 ? ": " : ", ",
                                   layer->kernel_height, layer->kernel_width, layer->growth);
        if (length >= LAYERS_TEXT_SIZE)
            break;
    }
    return text;
}

const char *writer_text(int64_t layer, char text[WRITER_TEXT_SIZE]) {
    if (layer < 0)
        (void)snprintf(text, WRITER_TEXT_SIZE, "the input");
    else
        (void)snprintf(text, WRITER_TEXT_SIZE, "layer %" PRId64, layer);
    return text;
}
