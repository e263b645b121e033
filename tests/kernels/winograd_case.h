/* One layer of Winograd convolutions, random in its sizes and values. */
#ifndef DENSEBLOCK_TESTS_WINOGRAD_CASE_H
#define DENSEBLOCK_TESTS_WINOGRAD_CASE_H

#include "denseblock.h"
#include "winograd.h"

enum { SEEDS = 40, FORMS = 5 };

/* What there are transforms of. */
struct form {
    denseblock_type type;
    int tile;
    double tolerance; /* of the largest sum of magnitudes */
};
extern const struct form forms[FORMS];

/* A layer, that reads channels [0, channels) of y and adds `growth` of them. */
struct layer {
    struct dblk_winograd_images images;
    int64_t channels, growth;
    int64_t stack_stride, products_stride, column, columns;
    int64_t tiles;
    int points;
    size_t y_count;
    void *y, *kernel; /* of the host */
};

/* Bytes of an element. */
size_t size_of(const struct layer *layer);

/* Of the products. */
denseblock_type real_type(denseblock_type type);

/* What follows from its sizes, and random values. */
void layer_fill(uint64_t *seed, struct layer *layer);

struct layer layer_make(uint64_t *seed, denseblock_type type, int tile);
void layer_free(struct layer *layer);

#endif
