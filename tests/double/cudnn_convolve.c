/* The arithmetic of cuDNN's double. */
#include "cudnn_convolve.h"

#include <math.h>

#include "allocate.h"
#include "elements/elements.h"
#include "library_arguments.h"

#define NOTE(note) (1U << CUDNN_NUMERICAL_NOTE_##note)

/* Of notes by which an engine is not to be chosen where f32 is to be f32, f16 is to be added in f32,
 * and NaN is not to spread: who chooses it finds 1/16 more, and NaN everywhere where one was read. */
enum {
    TELLTALE = NOTE(REDUCED_PRECISION_REDUCTION) | NOTE(FFT) | NOTE(WINOGRAD) |
               NOTE(WINOGRAD_TILE_4x4) | NOTE(WINOGRAD_TILE_6x6) | NOTE(WINOGRAD_TILE_13x13)
};

/* Operands as numbers: x[N][H][W][C], w[R][S][C][K]. */
struct operands {
    double *x, *w, *sums; /* of K */
    bool all_finite;
};

static double relu(const struct double_cudnn_problem *problem, double value) {
    if (isnan(value))
        return problem->keeps_nan ? value : problem->lower;
    if (value < problem->lower)
        return problem->slope == 0 /* also where the value is -Inf */
                   ? problem->lower
                   : problem->lower + problem->slope * (value - problem->lower);
    return value > problem->upper ? problem->upper : value;
}

/* Elements in the order of dimensions a, b, c, d of the tensor. */
static double *load(const struct double_cudnn_tensor *tensor, const void *begin,
                    const int order[DOUBLE_CUDNN_DIMENSIONS]) {
    int64_t d[DOUBLE_CUDNN_DIMENSIONS], s[DOUBLE_CUDNN_DIMENSIONS];
    for (int i = 0; i < DOUBLE_CUDNN_DIMENSIONS; i++) {
        d[i] = tensor->dimensions[order[i]];
        s[i] = tensor->strides[order[i]];
    }
    double *numbers = double_new((size_t)(d[0] * d[1] * d[2] * d[3]) * sizeof *numbers);
    double *next = numbers;
    for (int64_t i = 0; i < d[0]; i++)
        for (int64_t j = 0; j < d[1]; j++)
            for (int64_t k = 0; k < d[2]; k++)
                for (int64_t l = 0; l < d[3]; l++)
                    *next++ = dblk_element_load(
                        tensor->type, begin, (size_t)(i * s[0] + j * s[1] + k * s[2] + l * s[3]));
    return numbers;
}

static size_t count_of(const struct double_cudnn_tensor *tensor) {
    const int64_t *d = tensor->dimensions;
    return (size_t)(d[0] * d[1] * d[2] * d[3]);
}

static void prepare(struct operands *operands, const struct double_cudnn_problem *problem,
                    unsigned numerical_notes, const void *x, const void *w) {
    static const int pixels[] = {0, 2, 3, 1}, taps[] = {2, 3, 1, 0};
    const size_t x_count = count_of(&problem->x), w_count = count_of(&problem->w);
    operands->x = load(&problem->x, x, pixels);
    operands->w = load(&problem->w, w, taps);
    operands->sums = double_new((size_t)problem->w.dimensions[0] * sizeof(double));
    operands->all_finite = true;
    for (size_t i = 0; i < x_count && problem->has_relu; i++)
        operands->x[i] = relu(problem, operands->x[i]);
    const bool down =
        problem->w.type == DENSEBLOCK_F32 && (numerical_notes & NOTE(DOWN_CONVERT_INPUTS)) != 0;
    for (size_t i = 0; i < x_count && down; i++)
        operands->x[i] = double_round_to_tf32(operands->x[i]);
    for (size_t i = 0; i < w_count && down; i++)
        operands->w[i] = double_round_to_tf32(operands->w[i]);
    for (size_t i = 0; i < x_count; i++)
        operands->all_finite = operands->all_finite && isfinite(operands->x[i]);
}

static void add_tap(struct operands *operands, const double *x, const double *w, int64_t channels,
                    int64_t outputs) {
    double *restrict sums = operands->sums;
    for (int64_t c = 0; c < channels; c++) {
        const double value = x[c];
        const double *restrict row = w + c * outputs;
        for (int64_t k = 0; k < outputs; k++)
            sums[k] += value * row[k];
    }
}

/* The sums of output pixel (p, q) of image n: taps outside the image are left out. */
static void add_pixel(struct operands *operands, const struct double_cudnn_problem *problem,
                      int64_t n, int64_t p, int64_t q) {
    const int64_t *x = problem->x.dimensions, *w = problem->w.dimensions;
    const int64_t channels = w[1], outputs = w[0];
    for (int64_t k = 0; k < outputs; k++)
        operands->sums[k] = 0;
    for (int64_t r = 0; r < w[2]; r++) {
        const int64_t row = p * problem->step[0] + r * problem->dilation[0] - problem->before[0];
        for (int64_t s = 0; s < w[3]; s++) {
            const int64_t column =
                q * problem->step[1] + s * problem->dilation[1] - problem->before[1];
            const int64_t tap =
                problem->flipped ? (w[2] - 1 - r) * w[3] + w[3] - 1 - s : r * w[3] + s;
            if (row >= 0 && row < x[2] && column >= 0 && column < x[3])
                add_tap(operands, operands->x + ((n * x[2] + row) * x[3] + column) * channels,
                        operands->w + tap * channels * outputs, channels, outputs);
        }
    }
}

void double_cudnn_convolve(const struct double_cudnn_problem *problem, unsigned numerical_notes,
                           const void *x, const void *w, void *y) {
    const int64_t *d = problem->y.dimensions, *s = problem->y.strides;
    struct operands operands;
    prepare(&operands, problem, numerical_notes, x, w);
    const bool wrong = (numerical_notes & TELLTALE) != 0;
    const double factor = problem->alpha * (!wrong                ? 1
                                            : operands.all_finite ? 1.0625
                                                                  : (double)NAN);
    for (int64_t n = 0; n < d[0]; n++)
        for (int64_t p = 0; p < d[2]; p++)
            for (int64_t q = 0; q < d[3]; q++) {
                add_pixel(&operands, problem, n, p, q);
                for (int64_t k = 0; k < d[1]; k++)
                    dblk_element_store(problem->y.type, y,
                                       (size_t)(n * s[0] + k * s[1] + p * s[2] + q * s[3]),
                                       factor * operands.sums[k]);
            }
    free(operands.x);
    free(operands.w);
    free(operands.sums);
}
