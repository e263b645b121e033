/* The twins of PTX instructions against the tables of the PTX ISA document, written down here once
 * more, as the document has them: for every lane and element of a fragment, its row and column. */
#include <math.h>
#include <stdlib.h>

#include "arena.h"
#include "suite.h"
#include "twin_kernels.h"

enum { LANES = 32, ROUNDS = 20 };

static uint64_t state = 7;

static void silent(void) {
    ck_assert_msg(emulator_count(EMULATOR_FINDINGS) == 0, "%s", emulator_reports());
}

static float as_float(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* ---- The document's tables ---- */

struct place {
    int row, column;
};

/* mma.m16n8k16, .f16 and .bf16: elements a0 to a7, b0 to b3. */
static struct place a_of_16(int lane, int i) {
    const int group = lane >> 2, in_group = lane % 4;
    const int row = (0 <= i && i < 2) || (4 <= i && i < 6) ? group : group + 8;
    const int column = i < 4 ? in_group * 2 + (i & 1) : in_group * 2 + (i & 1) + 8;
    return (struct place){row, column};
}

static struct place b_of_16(int lane, int i) {
    const int group = lane >> 2, in_group = lane % 4;
    const int row = i < 2 ? in_group * 2 + (i & 1) : in_group * 2 + (i & 1) + 8;
    return (struct place){row, group};
}

/* mma.m16n8k8, .tf32: elements a0 to a3, b0 and b1. */
static struct place a_of_8(int lane, int i) {
    const int group = lane >> 2, in_group = lane % 4;
    const int row = i == 0 || i == 2 ? group : group + 8;
    const int column = i == 0 || i == 1 ? in_group : in_group + 4;
    return (struct place){row, column};
}

static struct place b_of_8(int lane, int i) {
    const int group = lane >> 2, in_group = lane % 4;
    return (struct place){i == 0 ? in_group : in_group + 4, group};
}

/* The accumulators of both: c0 to c3. */
static struct place c_of(int lane, int i) {
    const int group = lane >> 2, in_group = lane % 4;
    return (struct place){i < 2 ? group : group + 8, in_group * 2 + (i & 1)};
}

/* ---- mma ---- */

struct matrices {
    double a[16][16], b[16][8], c[16][8];
};

/* Random bits for one element, and their value. Numbers of all signs and of many sizes. */
static uint32_t random_element(enum twin_matrix kind, double *value) {
    const uint32_t random = random_word(&state);
    if (kind == TWIN_F16) { /* exponents -8 to 1, and numbers below the normal ones */
        const uint32_t exponent = random % 16 == 0 ? 0 : 7 + random / 16 % 10;
        const uint32_t bits = (random >> 16 & 0x83FF) | exponent << 10;
        const double magnitude = exponent == 0
                                     ? ldexp(bits & 0x3FF, -24)
                                     : ldexp(0x400 | (bits & 0x3FF), (int)exponent - 25);
        *value = bits & 0x8000 ? -magnitude : magnitude;
        return bits;
    }
    if (kind == TWIN_BF16) {
        const uint32_t bits = (random >> 16 & 0x807F) | (120 + random % 10) << 7;
        *value = as_float(bits << 16);
        return bits;
    }
    /* Bits that hardware does not look at are there too. */
    const uint32_t bits = (random & 0x807FFFFF) | (120 + random_word(&state) % 10) << 23;
    *value = as_float(bits & 0xFFFFE000);
    return bits;
}

static void check_mma(enum twin_matrix kind) {
    const bool is_tf32 = kind == TWIN_TF32;
    struct matrices matrices;
    uint32_t a[LANES][4] = {{0}}, b[LANES][2] = {{0}};
    float c[LANES][4], d[LANES][4];
    for (int lane = 0; lane < LANES; lane++) {
        for (int i = 0; i < (is_tf32 ? 4 : 8); i++) {
            const struct place at = is_tf32 ? a_of_8(lane, i) : a_of_16(lane, i);
            const uint32_t bits = random_element(kind, &matrices.a[at.row][at.column]);
            a[lane][is_tf32 ? i : i / 2] |= is_tf32 ? bits : bits << 16 * (i % 2);
        }
        for (int i = 0; i < (is_tf32 ? 2 : 4); i++) {
            const struct place at = is_tf32 ? b_of_8(lane, i) : b_of_16(lane, i);
            const uint32_t bits = random_element(kind, &matrices.b[at.row][at.column]);
            b[lane][is_tf32 ? i : i / 2] |= is_tf32 ? bits : bits << 16 * (i % 2);
        }
        for (int i = 0; i < 4; i++) {
            const struct place at = c_of(lane, i);
            c[lane][i] = random_float(&state);
            matrices.c[at.row][at.column] = (double)c[lane][i];
        }
    }
    float *sums = device_copy(c, sizeof c);
    twin_mma(kind, sums, device_copy(a, sizeof a), device_copy(b, sizeof b));
    memcpy(d, sums, sizeof d);
    device_reset();
    silent();
    for (int lane = 0; lane < LANES; lane++)
        for (int i = 0; i < 4; i++) {
            const struct place at = c_of(lane, i);
            double sum = matrices.c[at.row][at.column], magnitude = fabs(sum);
            for (int k = 0; k < (is_tf32 ? 8 : 16); k++) {
                const double product = matrices.a[at.row][k] * matrices.b[k][at.column];
                sum += product;
                magnitude += fabs(product);
            }
            ck_assert_msg(fabs((double)d[lane][i] - sum) <= 17 * 0x1p-24 * magnitude,
                          "lane %d, c%d: %g, not %g", lane, i, (double)d[lane][i], sum);
        }
}

START_TEST(mma_follows_the_tables) {
    for (int round = 0; round < ROUNDS; round++) {
        check_mma(TWIN_F16);
        check_mma(TWIN_BF16);
        check_mma(TWIN_TF32);
    }
}
END_TEST

/* One element that is not finite shows in its row, and nowhere else. */
START_TEST(mma_keeps_what_is_not_finite) {
    static const uint32_t specials[][2] = {{0x7C00, 0x7F80}, {0xFC00, 0xFF80}, {0x7E01, 0x7FC1}};
    for (size_t s = 0; s < 3; s++)
        for (int kind = TWIN_F16; kind <= TWIN_BF16; kind++) {
            uint32_t a[LANES][4] = {{0}}, b[LANES][2];
            float d[LANES][4] = {{0.0f}};
            const uint32_t one = kind == TWIN_F16 ? 0x3C003C00 : 0x3F803F80;
            for (int lane = 0; lane < LANES; lane++)
                b[lane][0] = b[lane][1] = one;
            a[5][1] = specials[s][kind]; /* a2 of lane 5: row 9 */
            float *sums = device_copy(d, sizeof d);
            twin_mma((enum twin_matrix)kind, sums, device_copy(a, sizeof a),
                     device_copy(b, sizeof b));
            memcpy(d, sums, sizeof d);
            device_reset();
            const float expected = as_float(specials[s][TWIN_BF16] << 16);
            for (int lane = 0; lane < LANES; lane++)
                for (int i = 0; i < 4; i++) {
                    const bool affected = c_of(lane, i).row == 9;
                    if (isnan(expected) && affected)
                        ck_assert(isnan(d[lane][i]));
                    else
                        ck_assert(d[lane][i] == (affected ? expected : 0.0f));
                }
        }
}
END_TEST

/* ---- ldmatrix ---- */

START_TEST(ldmatrix_follows_the_tables) {
    enum { ROWS = 64, ROW_BYTES = 16, BYTES = ROWS * ROW_BYTES };
    static uint16_t image[ROWS][8];
    for (int round = 0; round < ROUNDS; round++)
        for (int matrices = 1; matrices <= 4; matrices *= 2)
            for (int transposed = 0; transposed < 2; transposed++) {
                for (int i = 0; i < ROWS * 8; i++)
                    image[i / 8][i % 8] = (uint16_t)random_word(&state);
                uint32_t rows[LANES], fragments[LANES * 4];
                for (int lane = 0; lane < LANES; lane++)
                    rows[lane] = random_word(&state) % ROWS * ROW_BYTES;
                const size_t bytes = (size_t)matrices * LANES * sizeof(uint32_t);
                uint32_t *result = device_memory(bytes);
                twin_ldmatrix(matrices, transposed, result, device_copy(image, sizeof image),
                              BYTES, device_copy(rows, sizeof rows));
                memcpy(fragments, result, bytes);
                device_reset();
                silent();
                for (int lane = 0; lane < LANES; lane++)
                    for (int m = 0; m < matrices; m++)
                        for (int half = 0; half < 2; half++) {
                            /* Four threads hold a row, two elements each. */
                            const int row = lane / 4, column = lane % 4 * 2 + half;
                            const int i = transposed ? column : row;
                            const int j = transposed ? row : column;
                            const uint16_t expected = image[rows[8 * m + i] / ROW_BYTES][j];
                            const uint32_t got = fragments[matrices * lane + m] >> 16 * half;
                            ck_assert_uint_eq(got & 0xFFFF, expected);
                        }
            }
}
END_TEST

/* ---- cp.async ---- */

START_TEST(cp_async_fills_with_zeros) {
    for (int early = 0; early < 2; early++)
        for (int bytes = 4; bytes <= 16; bytes *= 2) {
            const struct emulator_settings settings = {.early_copies = early != 0};
            emulator_set(&settings);
            uint8_t source[LANES][16], result[LANES][16];
            uint32_t valid[LANES];
            for (int lane = 0; lane < LANES; lane++) {
                valid[lane] = (uint32_t)(lane % (bytes + 1));
                for (int i = 0; i < 16; i++)
                    source[lane][i] = (uint8_t)(random_word(&state) | 1);
            }
            uint32_t *to = device_memory(sizeof result);
            twin_cp_async(bytes, to, device_copy(source, sizeof source),
                          device_copy(valid, sizeof valid));
            memcpy(result, to, sizeof result);
            device_reset();
            silent();
            for (int lane = 0; lane < LANES; lane++)
                for (int i = 0; i < 16; i++) {
                    const bool copied = i < (int)valid[lane];
                    const uint8_t beyond = i < bytes ? 0 : 0xEE;
                    ck_assert_uint_eq(result[lane][i], copied ? source[lane][i] : beyond);
                }
        }
}
END_TEST

/* ---- One thread alone ---- */

static void map(enum twin_function function, uint32_t *result, const uint32_t *first,
                const uint32_t *second, int count) {
    const size_t bytes = (size_t)count * sizeof *result;
    uint32_t *to = device_memory(bytes);
    twin_map(function, to, device_copy(first, bytes), device_copy(second, bytes), count);
    memcpy(result, to, bytes);
    device_reset();
    silent();
}

START_TEST(tf32_is_rounded_to_nearest) {
    enum { COUNT = 512 };
    uint32_t values[COUNT], results[COUNT];
    for (int i = 0; i < COUNT; i++)
        values[i] = random_word(&state);
    values[0] = 0x3F801000; /* a tie: away from zero */
    values[1] = 0xBF801000;
    values[2] = 0x3F800FFF;
    values[3] = 0x7F800000;
    values[4] = 0xFF800000;
    values[5] = 0x7F7FFFFF; /* the largest: to infinity */
    values[6] = 0x7FC00001;
    values[7] = 0x80000000;
    map(TWIN_TO_TF32, results, values, values, COUNT);
    ck_assert_uint_eq(results[0], 0x3F802000);
    ck_assert_uint_eq(results[1], 0xBF802000);
    ck_assert_uint_eq(results[2], 0x3F800000);
    ck_assert_uint_eq(results[3], 0x7F800000);
    ck_assert_uint_eq(results[4], 0xFF800000);
    ck_assert_uint_eq(results[5], 0x7F800000);
    ck_assert(isnan(as_float(results[6])));
    ck_assert_uint_eq(results[7], 0x80000000);
    for (int i = 8; i < COUNT; i++) {
        const double value = as_float(values[i]), rounded = as_float(results[i]);
        if (!isfinite(value) || !isfinite(rounded))
            continue;
        int exponent;
        (void)frexp(value, &exponent);
        ck_assert_uint_eq(results[i] & 0x1FFF, 0);
        if (exponent > -120)
            ck_assert_double_le(fabs(rounded - value), ldexp(0.5, exponent - 11));
    }
}
END_TEST

START_TEST(relu_of_halves) {
    enum { COUNT = 1 << 15 };
    static uint32_t values[COUNT], results[COUNT];
    for (int format = 0; format < 2; format++) {
        const uint32_t infinity = format == 0 ? 0x7C00 : 0x7F80;
        for (uint32_t i = 0; i < COUNT; i++)
            values[i] = (2 * i + 1) << 16 | 2 * i; /* all there are */
        map(format == 0 ? TWIN_RELU_F16X2 : TWIN_RELU_BF16X2, results, values, values, COUNT);
        for (int i = 0; i < 2 * COUNT; i++) {
            const uint32_t value = values[i / 2] >> 16 * (i % 2) & 0xFFFF;
            const uint32_t result = results[i / 2] >> 16 * (i % 2) & 0xFFFF;
            if ((value & 0x7FFF) > infinity)
                ck_assert_uint_gt(result & 0x7FFF, infinity);
            else
                ck_assert_uint_eq(result, value & 0x8000 ? 0 : value);
        }
    }
}
END_TEST

START_TEST(max_keeps_nan) {
    static const uint32_t numbers[] = {0x00000000, 0x80000000, 0x3F800000, 0xBF800000,
                                       0x7F800000, 0xFF800000, 0x7FC00000, 0xFFC12345,
                                       0x00000001, 0x7F7FFFFF};
    enum { NUMBERS = sizeof numbers / sizeof *numbers, COUNT = NUMBERS * NUMBERS };
    uint32_t first[COUNT], second[COUNT], results[COUNT];
    for (int i = 0; i < COUNT; i++) {
        first[i] = numbers[i / NUMBERS];
        second[i] = numbers[i % NUMBERS];
    }
    map(TWIN_MAX, results, first, second, COUNT);
    for (int i = 0; i < COUNT; i++) {
        const float a = as_float(first[i]), b = as_float(second[i]), max = as_float(results[i]);
        if (isnan(a) || isnan(b))
            ck_assert(isnan(max));
        else
            ck_assert(max == (a > b ? a : b) &&
                      (a != 0 || b != 0 || !signbit(max) == !(signbit(a) && signbit(b))));
    }
}
END_TEST

/* ---- Shuffles and votes ---- */

/* Of the CUDA C++ Programming Guide. */
static int source_of(enum twin_direction how, int lane, int operand, int width) {
    const int first = lane / width * width;
    int from;
    switch (how) {
    case TWIN_INDEX:
        return first + operand % width;
    case TWIN_UP:
        from = lane - operand;
        return from < first ? lane : from;
    case TWIN_DOWN:
        from = lane + operand;
        break;
    default:
        from = lane ^ operand;
    }
    return from >= first + width ? lane : from;
}

START_TEST(shuffles) {
    for (int how = TWIN_INDEX; how <= TWIN_XOR; how++)
        for (int width = 1; width <= 32; width *= 2) {
            uint32_t values[LANES], operands[LANES], results[LANES];
            const uint32_t same = random_word(&state) % 32;
            for (int lane = 0; lane < LANES; lane++) {
                values[lane] = random_word(&state);
                operands[lane] = how == TWIN_INDEX ? random_word(&state) % 64 : same;
            }
            uint32_t *to = device_memory(sizeof results);
            twin_shuffle((enum twin_direction)how, width, to, device_copy(values, sizeof values),
                         device_copy(operands, sizeof operands));
            memcpy(results, to, sizeof results);
            device_reset();
            silent();
            for (int lane = 0; lane < LANES; lane++)
                ck_assert_uint_eq(results[lane], values[source_of((enum twin_direction)how, lane,
                                                                  (int)operands[lane], width)]);
        }
}
END_TEST

START_TEST(votes) {
    for (int round = 0; round < ROUNDS; round++) {
        const uint32_t lanes = round == 0 ? 0 : round == 1 ? ~0u : random_word(&state);
        uint32_t conditions[LANES], results[LANES][3];
        for (int lane = 0; lane < LANES; lane++)
            conditions[lane] = lanes >> lane & 1 ? 5 : 0;
        uint32_t *to = device_memory(sizeof results);
        twin_vote(to, device_copy(conditions, sizeof conditions));
        memcpy(results, to, sizeof results);
        device_reset();
        silent();
        for (int lane = 0; lane < LANES; lane++) {
            ck_assert_uint_eq(results[lane][0], lanes);
            ck_assert_uint_eq(results[lane][1], lanes != 0);
            ck_assert_uint_eq(results[lane][2], lanes == ~0u);
        }
    }
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {mma_follows_the_tables,
                                  mma_keeps_what_is_not_finite,
                                  ldmatrix_follows_the_tables,
                                  cp_async_fills_with_zeros,
                                  tf32_is_rounded_to_nearest,
                                  relu_of_halves,
                                  max_keeps_nan,
                                  shuffles,
                                  votes,
                                  NULL};
    return suite_of("twins", tests);
}
