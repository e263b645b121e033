/* The twins of the instructions of sm_90a against plain computations, copies early and late, in
 * several orders of threads. */
#include <math.h>
#include <stdlib.h>

#include "arena.h"
#include "seeded/seeded.h"
#include "sm90_kernels.h"
#include "suite.h"

enum { SEEDS = 4, MODES = 2 * SEEDS };

static uint64_t state = 11;

static void set_mode(int mode) {
    const struct emulator_settings settings = {.seed = (uint64_t)mode / 2,
                                               .early_copies = mode % 2 != 0};
    emulator_set(&settings);
    emulator_clear();
}

static void silent(void) {
    ck_assert_msg(emulator_count(EMULATOR_FINDINGS) == 0, "%s", emulator_reports());
}

static float as_float(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* ---- wgmma ---- */

/* Random bits for one element, and their value; of tf32, with bits that are not looked at. */
static uint32_t random_element(enum twin_matrix kind, double *value) {
    const uint32_t random = random_word(&state);
    if (kind == TWIN_F16) {
        const uint32_t bits = (random & 0x83FF) | (11 + random / 65536 % 8) << 10;
        const double magnitude = ldexp(0x400 | (bits & 0x3FF), (int)(bits >> 10 & 31) - 25);
        *value = bits & 0x8000 ? -magnitude : magnitude;
        return bits;
    }
    if (kind == TWIN_BF16) {
        const uint32_t bits = (random >> 16 & 0x807F) | (123 + random % 8) << 7;
        *value = (double)as_float(bits << 16);
        return bits;
    }
    const uint32_t bits = (random & 0x807FFFFF) | (123 + random_word(&state) % 8) << 23;
    *value = (double)as_float(bits & 0xFFFFE000);
    return bits;
}

static void put_element(enum twin_matrix kind, uint32_t *words, size_t element, uint32_t bits) {
    if (kind == TWIN_TF32)
        words[element] = bits;
    else
        words[element / 2] |= bits << 16 * (element % 2);
}

enum { ROWS = 64, MOST_N = 128, MOST_K = 16 };
struct factors {
    double a[ROWS][MOST_K], b[MOST_N][MOST_K];
};

/* The document's figures of fragments, for m64nNk16 and (.tf32) k8: thread i of the warpgroup has
 * rows 16 (i / 32) + i % 32 / 4 and 8 more. */
static int row_of(int thread, int upper) {
    return thread / 32 * 16 + thread % 32 / 4 + 8 * upper;
}

static void fill_left(enum twin_matrix kind, uint32_t (*a)[4], struct factors *factors) {
    const int pairs = kind == TWIN_TF32 ? 1 : 2;
    for (int thread = 0; thread < SM90_GROUP; thread++)
        for (int r = 0; r < 4; r++)
            for (int i = 0; i < pairs; i++) {
                const int k = r / 2 * 4 * pairs + thread % 4 * pairs + i;
                const uint32_t bits = random_element(kind, &factors->a[row_of(thread, r % 2)][k]);
                put_element(kind, a[thread], (size_t)r * (size_t)pairs + (size_t)i, bits);
            }
}

static void check_product(const float *d, const float *before, int tiles, int depth,
                          const struct factors *factors) {
    for (int thread = 0; thread < SM90_GROUP; thread++)
        for (int i = 0; i < 4 * tiles; i++) {
            const int row = row_of(thread, i % 4 / 2);
            const int n = i / 4 * 8 + thread % 4 * 2 + i % 2;
            const size_t at = (size_t)thread * 4 * (size_t)tiles + (size_t)i;
            double sum = (double)before[at], magnitude = fabs(sum);
            for (int k = 0; k < depth; k++) {
                sum += factors->a[row][k] * factors->b[n][k];
                magnitude += fabs(factors->a[row][k] * factors->b[n][k]);
            }
            ck_assert_msg(fabs((double)d[at] - sum) <= 17 * 0x1p-24 * magnitude,
                          "thread %d, d%d: %g, not %g", thread, i, (double)d[at], sum);
        }
}

/* Core matrices of 8 rows of 16 bytes, `stride` bytes from one group of 8 columns of the result to
 * the next, and `leading` from one half of k to the other. */
static void check_wgmma(struct sm90_product product) {
    enum { MOST_IMAGE = 40 * 1024 };
    static struct factors factors;
    static uint32_t image[MOST_IMAGE / 4];
    static float d[SM90_GROUP * 4 * 16], before[SM90_GROUP * 4 * 16];
    uint32_t a[SM90_GROUP][4] = {{0}};
    const bool is_tf32 = product.kind == TWIN_TF32;
    const int depth = is_tf32 ? 8 : 16, in_half = depth / 2;
    fill_left(product.kind, a, &factors);
    memset(image, 0, sizeof image);
    for (int n = 0; n < 8 * product.tiles; n++)
        for (int k = 0; k < depth; k++) {
            const size_t at = product.offset + (size_t)(n / 8) * product.stride +
                              (size_t)(k / in_half) * product.leading + (size_t)(n % 8) * 16;
            put_element(product.kind, image + at / 4, (size_t)(k % in_half),
                        random_element(product.kind, &factors.b[n][k]));
        }
    const size_t sums = (size_t)product.tiles * SM90_GROUP * 4;
    for (size_t i = 0; i < sums; i++)
        before[i] = random_float(&state);
    const size_t bytes =
        product.offset + (size_t)(product.tiles - 1) * product.stride + product.leading + 128;
    ck_assert_uint_le(bytes, MOST_IMAGE);
    float *to = device_copy(before, sums * sizeof *before);
    sm90_wgmma(&product, to, device_copy(a, sizeof a), device_copy(image, bytes),
               (uint32_t)bytes);
    memcpy(d, to, sums * sizeof *d);
    device_reset();
    silent();
    check_product(d, before, product.tiles, depth, &factors);
}

START_TEST(wgmma_follows_the_tables) {
    static const int tiles[] = {4, 8, 16};
    set_mode(_i);
    for (int kind = TWIN_F16; kind <= TWIN_TF32; kind++)
        for (size_t i = 0; i < sizeof tiles / sizeof *tiles; i++) {
            const uint32_t n = (uint32_t)tiles[i];
            const enum twin_matrix matrix = (enum twin_matrix)kind;
            /* A half after the other; halves side by side; room in between. */
            check_wgmma((struct sm90_product){matrix, tiles[i], 0, 128 * n, 128});
            check_wgmma((struct sm90_product){matrix, tiles[i], 32, 128, 256});
            check_wgmma((struct sm90_product){matrix, tiles[i], 1008, 144 * n + 16, 144});
        }
}
END_TEST

START_TEST(wgmma_groups_are_apart) {
    static struct factors first, second, both;
    static float before[2][SM90_GROUP * 32], d[2][SM90_GROUP * 32];
    uint32_t a[2][SM90_GROUP][4] = {{{0}}}, image[2 * 8 * 128 / 4] = {0};
    set_mode(_i);
    fill_left(TWIN_BF16, a[0], &first);
    fill_left(TWIN_BF16, a[1], &second);
    for (int n = 0; n < 64; n++)
        for (int k = 0; k < 16; k++) {
            const size_t at = (size_t)k / 8 * 1024 + (size_t)n * 16;
            put_element(TWIN_BF16, image + at / 4, (size_t)(k % 8),
                        random_element(TWIN_BF16, &first.b[n][k]));
            second.b[n][k] = both.b[n][k] = first.b[n][k];
        }
    for (int row = 0; row < ROWS; row++)
        for (int k = 0; k < 16; k++)
            both.a[row][k] = first.a[row][k] + second.a[row][k];
    for (size_t i = 0; i < 2 * sizeof d[0] / sizeof d[0][0]; i++)
        before[i / (SM90_GROUP * 32)][i % (SM90_GROUP * 32)] = random_float(&state);
    float *d0 = device_copy(before[0], sizeof before[0]);
    float *d1 = device_copy(before[1], sizeof before[1]);
    sm90_wgmma_groups(d0, d1, device_copy(a[0], sizeof a[0]), device_copy(a[1], sizeof a[1]),
                      device_copy(image, sizeof image));
    memcpy(d[0], d0, sizeof d[0]);
    memcpy(d[1], d1, sizeof d[1]);
    device_reset();
    silent();
    check_product(d[1], before[1], 8, 16, &second);
    for (int thread = 0; thread < SM90_GROUP; thread++)
        for (int i = 0; i < 32; i++) {
            const int row = row_of(thread, i % 4 / 2), n = i / 4 * 8 + thread % 4 * 2 + i % 2;
            double sum = (double)before[0][thread * 32 + i];
            for (int k = 0; k < 16; k++)
                sum += both.a[row][k] * both.b[n][k];
            ck_assert_double_le(fabs((double)d[0][thread * 32 + i] - sum), 0x1p-12);
        }
}
END_TEST

/* ---- Copies and barriers ---- */

START_TEST(copies_arrive) {
    enum { ROUNDS = 7, WORDS = ROUNDS * SM90_COPIERS * 4 };
    uint32_t from[WORDS], to[WORDS];
    for (int by_threads = 0; by_threads < 2; by_threads++) {
        set_mode(_i);
        for (int i = 0; i < WORDS; i++)
            from[i] = random_word(&state);
        uint32_t *result = device_memory(sizeof to);
        sm90_copy(by_threads, ROUNDS, result, device_copy(from, sizeof from));
        ck_assert(emulator_memory_is_written(result, sizeof to));
        memcpy(to, result, sizeof to);
        device_reset();
        silent();
        for (int i = 0; i < WORDS; i++) {
            const int round = i / 4 / SM90_COPIERS, piece = i / 4 % SM90_COPIERS;
            const int source = (round * SM90_COPIERS + SM90_COPIERS - 1 - piece) * 4 + i % 4;
            ck_assert_uint_eq(to[i], from[source]);
        }
    }
}
END_TEST

START_TEST(pairs_meet) {
    enum { ROUNDS = 5, THREADS = 64 * SM90_PAIRS };
    uint32_t values[THREADS], results[THREADS];
    set_mode(_i);
    for (int i = 0; i < THREADS; i++)
        values[i] = random_word(&state);
    uint32_t *to = device_memory(sizeof results);
    sm90_pairs(ROUNDS, to, device_copy(values, sizeof values));
    memcpy(results, to, sizeof results);
    device_reset();
    silent();
    for (int i = 0; i < THREADS; i++) {
        uint32_t sum = 0;
        for (int round = 0; round < ROUNDS + i / 64; round++)
            sum += values[i ^ 32] + (uint32_t)round;
        ck_assert_uint_eq(results[i], sum);
    }
}
END_TEST

/* ---- A pipeline of all of them ---- */

enum { M = 256, N = 64, K = 224 };

static float widened(uint16_t bits) {
    return as_float((uint32_t)bits << 16);
}

/* Where B's element k, n is: tiles of 32 by 32, then 16 of k, the halves of these, 8 columns. */
static size_t packed(int k, int n) {
    const int tile = n / 32 * (K / 32) + k / 32;
    return (size_t)tile * 1024 + (size_t)(k % 32 / 8) * 256 + (size_t)(n % 32) * 8 +
           (size_t)(k % 8);
}

/* The largest difference from sums in f64, or INFINITY. */
static double run_pipeline(enum specialised_mistake mistake) {
    static uint16_t a[M * K], b[K * N];
    static float c[M * N];
    for (size_t i = 0; i < M * K; i++) {
        const float value = random_float(&state);
        memcpy(&a[i], (const char *)&value + 2, sizeof a[i]);
    }
    for (size_t i = 0; i < K * N; i++) {
        const float value = random_float(&state);
        memcpy(&b[i], (const char *)&value + 2, sizeof b[i]);
    }
    float *result = device_memory(sizeof c);
    specialised_multiply(mistake, result, device_copy(a, sizeof a), device_copy(b, sizeof b), M,
                         N, K);
    double largest = emulator_memory_is_written(result, sizeof c) ? 0.0 : (double)INFINITY;
    memcpy(c, result, sizeof c);
    device_reset();
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) {
            double sum = 0.0;
            for (int k = 0; k < K; k++)
                sum += (double)widened(a[i * K + k]) * (double)widened(b[packed(k, j)]);
            const double difference = fabs((double)c[i * N + j] - sum);
            if (!(difference <= largest))
                largest = isnan(difference) ? (double)INFINITY : difference;
        }
    return largest;
}

START_TEST(pipeline_is_silent_and_right) {
    set_mode(_i);
    const double difference = run_pipeline(SPECIALISED_RIGHT);
    silent();
    ck_assert_double_le(difference, K * K * 0x1p-24);
}
END_TEST

static const struct bug {
    const char *name;
    enum specialised_mistake mistake;
    enum emulator_finding finding;
} bugs[] = {
#define BUG_ENTRY(name, finding) {#name, SPECIALISED_##name, finding},
    SPECIALISED_BUGS(BUG_ENTRY)};
enum { BUGS = sizeof bugs / sizeof *bugs };

static void check_reported(const struct bug *bug, int mode) {
    set_mode(mode);
    (void)run_pipeline(bug->mistake);
    ck_assert_msg(emulator_count(bug->finding) > 0, "%s, mode %d: %s", bug->name, mode,
                  emulator_reports());
}

START_TEST(mistake_is_reported) {
    for (int mode = 0; mode < MODES; mode++)
        check_reported(&bugs[_i], mode);
}
END_TEST

Suite *suite(void) {
    Suite *result = suite_create("sm90");
    TCase *each = tcase_create("each");
    tcase_set_timeout(each, 120);
    tcase_add_loop_test(each, wgmma_follows_the_tables, 0, MODES);
    tcase_add_loop_test(each, wgmma_groups_are_apart, 0, MODES);
    tcase_add_loop_test(each, copies_arrive, 0, MODES);
    tcase_add_loop_test(each, pairs_meet, 0, MODES);
    tcase_add_loop_test(each, pipeline_is_silent_and_right, 0, MODES);
    tcase_add_loop_test(each, mistake_is_reported, 0, BUGS);
    suite_add_tcase(result, each);
    return result;
}
