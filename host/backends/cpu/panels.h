/* Weights as the kernels read them. The columns of a matrix, its output channels, are filled up with
 * zeros to whole vectors, and dealt to panels of 1 to DBLK_MOST_PANEL vectors. A panel lies in one
 * piece, [taps][channels][columns of the panel]. */
#ifndef DENSEBLOCK_HOST_PANELS_H
#define DENSEBLOCK_HOST_PANELS_H

#include "backends/cpu/kernels.h"
#include "memory/integer.h"

struct dblk_panel {
    int vectors;
    int64_t first; /* its first column */
};

static inline int64_t dblk_vectors(int64_t columns, int lanes) {
    return dblk_quotient_up(columns, lanes);
}

/* Panels of a matrix with so many vectors of columns. Two vectors are best; three are next, and
 * take the place of two and one. */
static inline int64_t dblk_panel_count(int64_t vectors) {
    return vectors == 1 ? 1 : vectors / 2;
}

static inline struct dblk_panel dblk_panel_of(int64_t vectors, int64_t index, int lanes) {
    const bool last = index == dblk_panel_count(vectors) - 1;
    return (struct dblk_panel){
        .vectors = (int)(last ? vectors - 2 * index : 2),
        .first = 2 * index * lanes,
    };
}

/* The panel that holds a column. */
static inline struct dblk_panel dblk_panel_with(int64_t vectors, int64_t column, int lanes) {
    const int64_t pair = column / (2 * lanes), last = dblk_panel_count(vectors) - 1;
    return dblk_panel_of(vectors, pair < last ? pair : last, lanes);
}

#endif
