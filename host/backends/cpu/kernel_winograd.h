/* The transforms of F(2x2,3x3) and F(4x4,3x3), over vectors of channels, for f32. Included by
 * kernel_table.h.
 *
 * F(2x2) has the interpolation points 0, 1, -1 and infinity. F(4x4) has 0, +-sqrt(1/2), +-sqrt(2)
 * and infinity: with a point beside its reciprocal, the matrices have no large elements, and the
 * error is less than half of that with 0, +-1, +-2 (what makes points good: Barabasz et al.,
 * arXiv 1803.10986). Scale is moved into the kernel's transform, which is done once, in f64. */

#define ROOT_HALF 0.70710678118654752f
#define ROOT_2    1.41421356237309505f

static const double kernel2[4][3] = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};

static const double kernel4[6][3] = {
    {1, 0, 0},
    {-2.0 / 3, -2.0 / 3 * 0.70710678118654752440, -1.0 / 3},
    {-2.0 / 3, 2.0 / 3 * 0.70710678118654752440, -1.0 / 3},
    {1.0 / 6, 1.0 / 6 * 1.41421356237309504880, 1.0 / 3},
    {1.0 / 6, -1.0 / 6 * 1.41421356237309504880, 1.0 / 3},
    {0, 0, 1},
};

typedef NAME(vector) vec;

/* One dimension of the transforms: d -> t and m -> y, whose elements lie `from` and `to` apart. */
INLINE void input2(const vec *d, vec *t, const int from, const int to) {
    t[0] = d[0] - d[2 * from];
    t[to] = d[from] + d[2 * from];
    t[2 * to] = d[2 * from] - d[from];
    t[3 * to] = d[3 * from] - d[from];
}

INLINE void output2(const vec *m, vec *y, const int from, const int to) {
    y[0] = m[0] + m[from] + m[2 * from];
    y[to] = m[from] - m[2 * from] + m[3 * from];
}

INLINE void input4(const vec *d, vec *t, const int from, const int to) {
    const vec d1 = d[from], d2 = d[2 * from], d3 = d[3 * from], d4 = d[4 * from];
    const vec near_even = d4 - 2 * d2, near_odd = d3 - 2 * d1;
    const vec far_even = d4 - 0.5f * d2, far_odd = d3 - 0.5f * d1;
    t[0] = d[0] + (d4 - 2.5f * d2);
    t[to] = near_even + ROOT_HALF * near_odd;
    t[2 * to] = near_even - ROOT_HALF * near_odd;
    t[3 * to] = far_even + ROOT_2 * far_odd;
    t[4 * to] = far_even - ROOT_2 * far_odd;
    t[5 * to] = d[5 * from] + (d1 - 2.5f * d3);
}

INLINE void output4(const vec *m, vec *y, const int from, const int to) {
    const vec near_even = m[from] + m[2 * from], near_odd = m[from] - m[2 * from];
    const vec far_even = m[3 * from] + m[4 * from], far_odd = m[3 * from] - m[4 * from];
    y[0] = m[0] + near_even + far_even;
    y[to] = ROOT_HALF * near_odd + ROOT_2 * far_odd;
    y[2 * to] = 0.5f * near_even + 2 * far_even;
    y[3 * to] = 0.5f * ROOT_HALF * near_odd + (2 * ROOT_2 * far_odd + m[5 * from]);
}

/* Both dimensions, for TILE x TILE outputs. */
INLINE void transform_input(const float *pixels, ptrdiff_t row_stride, ptrdiff_t column_stride,
                            int64_t count, float *stack, ptrdiff_t plane, ptrdiff_t next,
                            const int TILE) {
    const int POINTS = TILE + 2;
    for (int64_t c = 0; c < count; c += LANES) {
        if (c % STRIP == 0)
            EACH (p, POINTS * POINTS)
                __builtin_prefetch(stack + next + p * plane + c, 1);
        vec columns[36];
        EACH (column, POINTS) {
            vec d[6];
            EACH (row, POINTS)
                d[row] = NAME(load)(pixels + row * row_stride + column * column_stride + c);
            if (TILE == 2)
                input2(d, columns + column, 1, POINTS);
            else
                input4(d, columns + column, 1, POINTS);
        }
        EACH (row, POINTS) {
            vec t[6];
            if (TILE == 2)
                input2(columns + row * POINTS, t, 1, 1);
            else
                input4(columns + row * POINTS, t, 1, 1);
            EACH (column, POINTS)
                NAME(store)(stack + (row * POINTS + column) * plane + c, t[column]);
        }
    }
}

/* Lanes below `count` keep their value, the others become 0. */
INLINE vec first_lanes(vec v, int64_t count) {
    NAME(mask) mask = {0};
    for (int lane = 0; lane < LANES; lane++)
        mask[lane] = lane < count ? -1 : 0;
    return (vec)((NAME(mask))v & mask);
}

INLINE bool transform_output(const float *products, ptrdiff_t plane, int64_t count,
                             int64_t writable, float *const *pixels, const int TILE) {
    const int POINTS = TILE + 2;
    vec zeros = {0}; /* as long as everything is finite */
    for (int64_t c = 0; c < count; c += LANES) {
        vec columns[24], y[16];
        EACH (column, POINTS) {
            vec m[6];
            EACH (row, POINTS)
                m[row] = NAME(load)(products + (row * POINTS + column) * plane + c);
            if (TILE == 2)
                output2(m, columns + column, 1, POINTS);
            else
                output4(m, columns + column, 1, POINTS);
        }
        vec sum = {0};
        EACH (row, TILE) {
            if (TILE == 2)
                output2(columns + row * POINTS, y + row * TILE, 1, 1);
            else
                output4(columns + row * POINTS, y + row * TILE, 1, 1);
            EACH (column, TILE)
                sum += y[row * TILE + column] * 0;
        }
        zeros += count - c >= LANES ? sum : first_lanes(sum, count - c);
        if (writable - c >= LANES) {
            EACH (p, TILE * TILE)
                NAME(store)(pixels[p] + c, y[p]);
        } else {
            for (int p = 0; p < TILE * TILE; p++)
                memcpy(pixels[p] + c, &y[p], (size_t)(count - c) * sizeof(float));
        }
    }
    float sum = 0;
    for (int lane = 0; lane < LANES; lane++)
        sum += zeros[lane];
    return sum == 0;
}

static void winograd2_input(const float *pixels, ptrdiff_t row, ptrdiff_t column, int64_t count,
                            float *stack, ptrdiff_t plane, ptrdiff_t next) {
    transform_input(pixels, row, column, count, stack, plane, next, 2);
}

static bool winograd2_output(const float *products, ptrdiff_t plane, int64_t count,
                             int64_t writable, float *const *pixels) {
    return transform_output(products, plane, count, writable, pixels, 2);
}

static void winograd4_input(const float *pixels, ptrdiff_t row, ptrdiff_t column, int64_t count,
                            float *stack, ptrdiff_t plane, ptrdiff_t next) {
    transform_input(pixels, row, column, count, stack, plane, next, 4);
}

static bool winograd4_output(const float *products, ptrdiff_t plane, int64_t count,
                             int64_t writable, float *const *pixels) {
    return transform_output(products, plane, count, writable, pixels, 4);
}

static const struct dblk_winograd_kernels winograd2 = {
    .tile = 2,
    .points = 4,
    .input = winograd2_input,
    .output = winograd2_output,
    .kernel = kernel2,
};

static const struct dblk_winograd_kernels winograd4 = {
    .tile = 4,
    .points = 6,
    .input = winograd4_input,
    .output = winograd4_output,
    .kernel = kernel4,
};
