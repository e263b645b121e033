/* The matrix product at the heart of both algorithms: a block of pixels times a panel of output
 * channels, all sums of which stay in registers. Included by kernel_table.h, once for each REAL.
 *
 * One step of the inner loop loads PANEL vectors of weights, broadcasts one feature of each of
 * PIXELS pixels, and does PIXELS * PANEL multiply-adds. Now and then it asks for what is needed soon:
 * the next block's features, and of the weights behind this panel so many lines that all blocks
 * together fetch a panel. */

_Static_assert(MOST_PIXELS_1 >= MOST_PIXELS_2 && MOST_PIXELS_1 >= MOST_PIXELS_3,
               "sum[][] has room for the largest block");

#define STRIP ((int)(LINE_BYTES / sizeof(REAL))) /* channels in a line */
#define PART  (PART_BYTES / (2 * VECTOR_BYTES))  /* channels */

/* clang-format off */
#define MOST_PIXELS(PANEL) ((PANEL) == 1 ? MOST_PIXELS_1 : (PANEL) == 2 ? MOST_PIXELS_2 : MOST_PIXELS_3)
/* clang-format on */

INLINE void NAME(block)(const struct dblk_gemm *gemm, const REAL *a, const REAL *next, REAL *sums,
                        const char **ahead, const int64_t lines, const int PIXELS,
                        const int PANEL) {
    NAME(vector) sum[MOST_PIXELS_1][DBLK_MOST_PANEL];
    EACH (p, PIXELS)
        EACH (v, PANEL)
            sum[p][v] = (NAME(vector)){0};

    const ptrdiff_t pixel = gemm->pixel_stride;
    const int64_t depth = gemm->depth;
    const NAME(vector) *b = gemm->b;
    for (int64_t i = 0; i < gemm->tap_rows; i++)
        for (int64_t j = 0; j < gemm->tap_columns; j++) {
            const REAL *tap = a + i * gemm->tap_row_stride + j * gemm->tap_column_stride;
            for (int64_t strip = 0; strip < depth; strip += STRIP) {
                const int64_t end = strip + STRIP < depth ? strip + STRIP : depth;
                EACH (p, PIXELS)
                    __builtin_prefetch(next + p * pixel + strip);
                for (int64_t line = 0; line < lines; line++, *ahead += LINE_BYTES)
                    __builtin_prefetch(*ahead);
                for (int64_t c = strip; c < end; c++) {
                    NAME(vector) weights[DBLK_MOST_PANEL];
                    EACH (v, PANEL)
                        weights[v] = b[v];
                    EACH (p, PIXELS)
                        EACH (v, PANEL)
                            sum[p][v] += weights[v] * tap[p * pixel + c];
                    b += PANEL;
                }
            }
        }

    EACH (p, PIXELS)
        EACH (v, PANEL) {
            REAL *to = sums + p * gemm->sums_stride + v * LANES;
            NAME(store)(to, gemm->accumulate ? NAME(load)(to) + sum[p][v] : sum[p][v]);
        }
}

/* How a product is dealt out to blocks: a run of pixels evenly, since a block of one pixel would wait
 * for its own sums; and channels, so that the first-level cache holds a part of a panel until all
 * pixels have used it, and the next part, on its way. */
struct NAME(dealing) {
    int64_t blocks;
    int64_t part;  /* channels */
    int64_t lines; /* of weights to fetch ahead, in each strip */
};

INLINE struct NAME(dealing)
    NAME(deal)(const struct dblk_gemm *gemm, int64_t pixels, const int PANEL) {
    const int64_t most = MOST_PIXELS(PANEL), blocks = (pixels + most - 1) / most;
    const int64_t panel_lines = (int64_t)PANEL * LANES * STRIP * sizeof(REAL) / LINE_BYTES;
    struct NAME(dealing) dealing = {.blocks = blocks, .part = gemm->depth};
    if (gemm->b_ahead && blocks > 0) {
        const int64_t parts = gemm->depth / PART;
        const int64_t strips = (gemm->depth + STRIP - 1) / STRIP;
        if (parts > 1)
            dealing.part = (strips + parts - 1) / parts * STRIP;
        dealing.lines = (panel_lines + blocks - 1) / blocks;
    }
    return dealing;
}

/* Literals, so that the compiler makes none of the blocks that there are no registers for. */
#define CASE(PIXELS, PANEL)                                                         \
    case PIXELS:                                                                    \
        if ((PIXELS) <= MOST_PIXELS(PANEL))                                         \
            NAME(block)(gemm, a, next, sums, &ahead, dealing.lines, PIXELS, PANEL); \
        break;

#define DEFINE_GEMM(PANEL)                                                            \
    static void NAME(part##PANEL)(const struct dblk_gemm *gemm, int64_t pixels,       \
                                  struct NAME(dealing) dealing) {                     \
        const char *ahead =                                                           \
            (const char *)((const NAME(vector) *)gemm->b + dealing.part * (PANEL));   \
        const REAL *a = gemm->a;                                                      \
        REAL *sums = gemm->sums;                                                      \
        for (int64_t i = 0; i < dealing.blocks; i++) {                                \
            const int64_t size =                                                      \
                pixels * (i + 1) / dealing.blocks - pixels * i / dealing.blocks;      \
            const REAL *next = a + size * gemm->pixel_stride;                         \
            if (i == dealing.blocks - 1)                                              \
                next = gemm->a_ahead == NULL ? a : gemm->a_ahead;                     \
            switch (size) {                                                           \
                CASE(1, PANEL)                                                        \
                CASE(2, PANEL)                                                        \
                CASE(3, PANEL)                                                        \
                CASE(4, PANEL)                                                        \
                CASE(5, PANEL)                                                        \
                CASE(6, PANEL)                                                        \
                CASE(7, PANEL)                                                        \
                CASE(8, PANEL)                                                        \
                CASE(9, PANEL)                                                        \
                CASE(10, PANEL)                                                       \
                CASE(11, PANEL)                                                       \
                CASE(12, PANEL)                                                       \
                CASE(13, PANEL)                                                       \
                CASE(14, PANEL)                                                       \
            default: /* larger than any MOST_PIXELS */                                \
                break;                                                                \
            }                                                                         \
            a += size * gemm->pixel_stride;                                           \
            sums += size * gemm->sums_stride;                                         \
        }                                                                             \
    }                                                                                 \
                                                                                      \
    static void NAME(gemm##PANEL)(const struct dblk_gemm *gemm, int64_t pixels) {     \
        const struct NAME(dealing) dealing = NAME(deal)(gemm, pixels, PANEL);         \
        struct dblk_gemm part = *gemm;                                                \
        for (int64_t left = gemm->depth; left > dealing.part; left -= dealing.part) { \
            const REAL *a_next = (const REAL *)part.a + dealing.part;                 \
            part.depth = dealing.part;                                                \
            part.a_ahead = a_next;                                                    \
            NAME(part##PANEL)(&part, pixels, dealing);                                \
            part.a = a_next;                                                          \
            part.b = (const NAME(vector) *)part.b + dealing.part * (PANEL);           \
            part.accumulate = true;                                                   \
            part.depth = left - dealing.part;                                         \
        }                                                                             \
        part.a_ahead = gemm->a_ahead;                                                 \
        NAME(part##PANEL)(&part, pixels, dealing);                                    \
    }

DEFINE_GEMM(1)
DEFINE_GEMM(2)
DEFINE_GEMM(3)

#undef DEFINE_GEMM
#undef CASE
