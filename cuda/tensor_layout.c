/* What the tensor-core convolution needs of memory. */
#include <stdlib.h>

#include "tensor_shape.h"

static int64_t divide_up(int64_t a, int64_t b) {
    return a / b + (a % b != 0);
}

size_t dblk_tensor_weights_bytes(const struct dblk_tensor_way *way, int64_t kernel_height,
                                 int64_t kernel_width, int64_t channels, int64_t columns) {
    const int64_t factors[] = {kernel_height, kernel_width,
                               divide_up(channels, dblk_tensor_chunk(way->form, way->window)),
                               divide_up(columns, way->tile_columns)};
    size_t bytes = (size_t)dblk_tensor_tap_bytes(way->form, way->window, way->tile_columns);
    for (size_t i = 0; i < sizeof factors / sizeof factors[0]; i++)
        if (__builtin_mul_overflow(bytes, (size_t)factors[i], &bytes))
            return SIZE_MAX;
    return bytes;
}

int64_t dblk_tensor_most_splits(const struct dblk_tensor_way *way, int64_t channels) {
    return divide_up(channels, dblk_tensor_chunk(way->form, way->window));
}

size_t dblk_tensor_parts_bytes(const struct dblk_tensor_way *way, int64_t pixels,
                               int64_t columns) {
    size_t bytes = sizeof(float);
    if (way->splits <= 1)
        return 0;
    if (__builtin_mul_overflow(bytes, (size_t)way->splits, &bytes) ||
        __builtin_mul_overflow(bytes, (size_t)pixels, &bytes) ||
        __builtin_mul_overflow(bytes, (size_t)dblk_tensor_parts_stride(columns), &bytes))
        return SIZE_MAX;
    return bytes;
}

static size_t stage_bytes(const struct dblk_tensor_way *way, int64_t width) {
    return (size_t)dblk_tensor_positions(way->window, width) *
               (size_t)dblk_tensor_pitch(way->window) +
           (size_t)dblk_tensor_taps(way->window) *
               (size_t)dblk_tensor_tap_bytes(way->form, way->window, way->tile_columns);
}

/* Outputs of 16 bits are put together in shared memory before they are stored. */
static size_t output_bytes(const struct dblk_tensor_way *way) {
    const int size = dblk_tensor_element_bytes(way->form);
    return size == 2 ? (size_t)DBLK_TENSOR_PIXELS * (size_t)(way->tile_columns * size + 16) : 0;
}

size_t dblk_tensor_shared_bytes(const struct dblk_tensor_way *way, int64_t width) {
    const size_t stages = (size_t)way->stages * stage_bytes(way, width);
    const size_t output = output_bytes(way);
    const size_t barriers = way->instructions == DBLK_TENSOR_WGMMA ? TENSOR_BARRIERS : 0;
    return TENSOR_ZEROS + barriers + (stages > output ? stages : output);
}

/* Sets the tile for so many columns, and stages; false where shared memory does not suffice. */
static bool find_tile(int64_t columns, int64_t width, size_t shared_bytes,
                      struct dblk_tensor_way *way) {
    way->stages = 2;
    way->splits = 1;
    way->tile_columns =
        columns > DBLK_TENSOR_NARROW ? dblk_tensor_wide(way->form) : DBLK_TENSOR_NARROW;
    if (dblk_tensor_shared_bytes(way, width) > shared_bytes)
        way->tile_columns = DBLK_TENSOR_NARROW;
    if (dblk_tensor_shared_bytes(way, width) > shared_bytes)
        return false;
    /* Where a multiprocessor has registers for one block only, the memory is for further windows. */
    const bool wgmma = way->instructions == DBLK_TENSOR_WGMMA;
    if (wgmma || way->tile_columns != DBLK_TENSOR_NARROW) {
        way->stages = wgmma ? 4 : 3;
        while (dblk_tensor_shared_bytes(way, width) > shared_bytes)
            way->stages--;
    }
    return true;
}

bool dblk_tensor_find_way(enum dblk_tensor_form form, enum dblk_tensor_instructions instructions,
                          int64_t kernel_height, int64_t kernel_width, int64_t width,
                          int64_t columns, size_t shared_bytes, struct dblk_tensor_way *way) {
    const enum dblk_direct_window window = dblk_direct_window_of(kernel_height, kernel_width);
    way->form = form;
    way->instructions = instructions;
    way->window = window == DBLK_WINDOW_1X1   ? DBLK_TENSOR_1X1
                  : window == DBLK_WINDOW_3X3 ? DBLK_TENSOR_3X3
                                              : DBLK_TENSOR_ROW;
    if (way->window != DBLK_TENSOR_3X3)
        return find_tile(columns, width, shared_bytes, way);
    /* Of a wide plane a halo of three rows may not fit, but one row at a time does. */
    enum { WIDEST = DBLK_DIRECT_MOST_PIXELS / 4 };
    if (width <= WIDEST && find_tile(columns, width, shared_bytes, way) &&
        (columns <= DBLK_TENSOR_NARROW || way->tile_columns != DBLK_TENSOR_NARROW))
        return true;
    way->window = DBLK_TENSOR_ROW;
    return find_tile(columns, width, shared_bytes, way);
}

bool dblk_tensor_find_product_way(enum dblk_tensor_form form,
                                  enum dblk_tensor_instructions instructions, int64_t columns,
                                  size_t shared_bytes, struct dblk_tensor_way *way) {
    way->form = form;
    way->instructions = instructions;
    way->window = DBLK_TENSOR_PRODUCT;
    return find_tile(columns, 1, shared_bytes, way);
}
