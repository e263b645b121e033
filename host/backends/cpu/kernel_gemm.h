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
                    __builtin_prefetch(*ahead, 0, 2);
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

#define CASE(PIXELS)                                                        \
    case PIXELS:                                                            \
        if ((PIXELS) <= MOST_PIXELS(PANEL))                                 \
            NAME(block)(gemm, a, next, sums, &ahead, lines, PIXELS, PANEL); \
        break;

/* The pixels are dealt out evenly: a block of one pixel would wait for its own sums. */
INLINE void NAME(blocks)(const struct dblk_gemm *gemm, int64_t pixels, const int PANEL) {
    const int64_t blocks = (pixels + MOST_PIXELS(PANEL) - 1) / MOST_PIXELS(PANEL);
    const int64_t panel_lines = (int64_t)PANEL * LANES * STRIP * sizeof(REAL) / LINE_BYTES;
    const int64_t lines = gemm->b_ahead == NULL ? 0 : (panel_lines + blocks - 1) / blocks;
    const char *ahead = gemm->b_ahead;
    const REAL *a = gemm->a;
    REAL *sums = gemm->sums;
    for (int64_t block = 0; block < blocks; block++) {
        const int64_t size = pixels * (block + 1) / blocks - pixels * block / blocks;
        const REAL *next = a + size * gemm->pixel_stride;
        if (block == blocks - 1)
            next = gemm->a_ahead == NULL ? a : gemm->a_ahead;
        switch (size) {
            CASE(1)
            CASE(2)
            CASE(3)
            CASE(4)
            CASE(5)
            CASE(6)
            CASE(7)
            CASE(8)
            CASE(9)
            CASE(10)
            CASE(11)
            CASE(12)
        default: /* larger than any MOST_PIXELS */
            break;
        }
        a += size * gemm->pixel_stride;
        sums += size * gemm->sums_stride;
    }
}

static void NAME(gemm1)(const struct dblk_gemm *gemm, int64_t pixels) {
    NAME(blocks)(gemm, pixels, 1);
}

static void NAME(gemm2)(const struct dblk_gemm *gemm, int64_t pixels) {
    NAME(blocks)(gemm, pixels, 2);
}

static void NAME(gemm3)(const struct dblk_gemm *gemm, int64_t pixels) {
    NAME(blocks)(gemm, pixels, 3);
}

#undef CASE
