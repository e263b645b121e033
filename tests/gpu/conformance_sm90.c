/* The instructions of sm_90a on a GPU beside their twins: `conformance_sm90 [ROUNDS]`. Ends with 0
 * if all are the same, 1 if not, 77 where there is no GPU that has them.
 *
 * What is copied has to be equal; products within the bound that conformance_compare.c derives for
 * mma, of which wgmma is as many. A twin whose input is a little off must be found out each time. */
#include "conformance_sm90.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "splitmix.h"

enum { SKIPPED = 77, MOST_TILES = 16, MOST_WORDS = 16 * 1024, COPY_ROUNDS = 9, PAIR_ROUNDS = 7 };

static uint64_t state = 1;

static void fail(const struct sm90_side *side, const char *what, const char *problem) {
    printf("FAILED: %s on %s: %s\n", what, side->name, problem);
    exit(EXIT_FAILURE);
}

static void finish(const struct sm90_side *side, const char *what) {
    const char *const problem = side->finish();
    if (problem != NULL)
        fail(side, what, problem);
}

/* ---- Numbers ---- */

static uint32_t element(enum twin_matrix kind) {
    const uint32_t random = (uint32_t)splitmix(&state);
    const uint32_t exponent = (uint32_t)splitmix(&state) % 10;
    if (kind == TWIN_F16)
        return (random & 0x83FF) | (10 + exponent) << 10;
    if (kind == TWIN_BF16)
        return (random & 0x807F) | (120 + exponent) << 7;
    return (random & 0x807FE000) | (120 + exponent) << 23;
}

static void fill_elements(enum twin_matrix kind, uint32_t *words, size_t count) {
    for (size_t i = 0; i < count; i++)
        words[i] = kind == TWIN_TF32 ? element(kind) : element(kind) | element(kind) << 16;
}

static void make_positive(enum twin_matrix kind, uint32_t *to, const uint32_t *from,
                          size_t count) {
    const uint32_t signs = kind == TWIN_TF32 ? 0x80000000u : 0x80008000u;
    for (size_t i = 0; i < count; i++)
        to[i] = from[i] & ~signs;
}

/* ---- wgmma ---- */

struct input {
    struct sm90_product product;
    uint32_t bytes;
    float d[SM90_GROUP * 4 * MOST_TILES];
    uint32_t a[SM90_GROUP * 4], image[MOST_WORDS];
};

static size_t sums_of(const struct input *in) {
    return (size_t)in->product.tiles * SM90_GROUP * 4;
}

static void multiply(const struct sm90_side *side, const struct input *in, float *result) {
    const size_t bytes = sums_of(in) * sizeof(float);
    float *const d = side->give(in->d, bytes);
    side->wgmma(&in->product, d, side->give(in->a, sizeof in->a),
                side->give(in->image, in->bytes), in->bytes);
    finish(side, "wgmma");
    side->take(result, d, bytes);
    side->clear();
}

/* The largest difference, as a part of what is allowed. */
static double compare(const struct input *in, const float *device, const float *twin,
                      const float *magnitudes) {
    const double depth = in->product.kind == TWIN_TF32 ? 8 : 16;
    double largest = 0;
    for (size_t i = 0; i < sums_of(in); i++) {
        const double bound = 1.001 * 2.5 * depth * 0x1p-23 * (double)magnitudes[i];
        const double part = fabs((double)device[i] - (double)twin[i]) / bound;
        if (!(part <= largest))
            largest = isnan(part) ? (double)INFINITY : part;
    }
    return largest;
}

static bool test_wgmma(struct sm90_product product) {
    static struct input in, other;
    static float device[SM90_GROUP * 4 * MOST_TILES], twin[SM90_GROUP * 4 * MOST_TILES],
        magnitudes[SM90_GROUP * 4 * MOST_TILES];
    static const char *const names[] = {"f16", "bf16", "tf32"};
    in.product = product;
    in.bytes =
        product.offset + (uint32_t)(product.tiles - 1) * product.stride + product.leading + 128;
    fill_elements(product.kind, in.a, SM90_GROUP * 4);
    fill_elements(product.kind, in.image, in.bytes / 4);
    for (size_t i = 0; i < sums_of(&in); i++)
        in.d[i] = (float)splitmix_signed(&state);
    multiply(&sm90_device, &in, device);
    multiply(&sm90_twins, &in, twin);
    other = in;
    make_positive(product.kind, other.a, in.a, SM90_GROUP * 4);
    make_positive(product.kind, other.image, in.image, in.bytes / 4);
    for (size_t i = 0; i < sums_of(&in); i++)
        other.d[i] = fabsf(in.d[i]);
    multiply(&sm90_twins, &other, magnitudes);
    const double part = compare(&in, device, twin, magnitudes);
    /* Two registers of one thread exchanged. */
    other = in;
    other.a[77 * 4 + 1] = in.a[77 * 4 + 2];
    other.a[77 * 4 + 2] = in.a[77 * 4 + 1];
    multiply(&sm90_twins, &other, twin);
    const bool mistake_found = compare(&in, device, twin, magnitudes) > 1;
    const bool passed = part <= 1 && mistake_found;
    printf("wgmma %-5s n%-4d at %4u, leading %5u, stride %4u: %s, off by %.2g of what is "
           "allowed%s\n",
           names[product.kind], 8 * product.tiles, product.offset, product.leading,
           product.stride, passed ? "same" : "FAILED", part,
           mistake_found ? "" : ", and a wrong twin was not found out");
    return passed;
}

/* ---- Groups ---- */

enum { GROUP_SUMS = SM90_GROUP * 32, GROUP_IMAGE = 2 * 8 * 128 / 4 };

static void multiply_groups(const struct sm90_side *side, float d[2][GROUP_SUMS],
                            uint32_t a[2][SM90_GROUP * 4], const uint32_t *image) {
    const size_t bytes = sizeof d[0], a_bytes = sizeof a[0];
    float *const d0 = side->give(d[0], bytes), *const d1 = side->give(d[1], bytes);
    side->wgmma_groups(d0, d1, side->give(a[0], a_bytes), side->give(a[1], a_bytes),
                       side->give(image, GROUP_IMAGE * sizeof *image));
    finish(side, "groups of wgmma");
    side->take(d[0], d0, bytes);
    side->take(d[1], d1, bytes);
    side->clear();
}

/* Of numbers whose sums are exact, so that all orders give the same. */
static bool test_groups(void) {
    static float device[2][GROUP_SUMS], twin[2][GROUP_SUMS];
    uint32_t a[2][SM90_GROUP * 4], image[GROUP_IMAGE];
    for (int i = 0; i < 2 * GROUP_SUMS; i++)
        device[i / GROUP_SUMS][i % GROUP_SUMS] = (float)splitmix_between(&state, -64, 64);
    memcpy(twin, device, sizeof twin);
    for (int i = 0; i < 2 * SM90_GROUP * 4; i++) /* 1, -1, 0.5 ... */
        a[i / (SM90_GROUP * 4)][i % (SM90_GROUP * 4)] =
            ((uint32_t)splitmix(&state) & 0x80008000u) | 0x3F803F00u;
    for (int i = 0; i < GROUP_IMAGE; i++)
        image[i] = ((uint32_t)splitmix(&state) & 0x80008000u) | 0x40003F80u;
    multiply_groups(&sm90_device, device, a, image);
    multiply_groups(&sm90_twins, twin, a, image);
    bool same = true;
    for (int i = 0; i < 2 * GROUP_SUMS; i++)
        same = same &&
               device[i / GROUP_SUMS][i % GROUP_SUMS] == twin[i / GROUP_SUMS][i % GROUP_SUMS];
    printf("groups of wgmma: %s\n", same ? "same" : "FAILED");
    return same;
}

/* ---- Copies and barriers ---- */

static void run_words(const struct sm90_side *side, int which, uint32_t *result,
                      const uint32_t *words, size_t count) {
    const size_t bytes = count * sizeof *words;
    memset(result, 0xA5, bytes);
    uint32_t *const to = side->give(result, bytes);
    const uint32_t *const from = side->give(words, bytes);
    if (which < 2)
        side->copy(which, COPY_ROUNDS, to, from);
    else
        side->pairs(PAIR_ROUNDS, to, from);
    finish(side, which < 2 ? "copies" : "named barriers");
    side->take(result, to, bytes);
    side->clear();
}

static bool test_words(int which) {
    static const char *const names[] = {"bulk copies", "copies that an mbarrier counts",
                                        "named barriers"};
    static uint32_t words[MOST_WORDS], device[MOST_WORDS], twin[MOST_WORDS];
    const size_t count = which < 2 ? (size_t)COPY_ROUNDS * SM90_COPIERS * 4 : 64 * SM90_PAIRS;
    for (size_t i = 0; i < count; i++)
        words[i] = (uint32_t)splitmix(&state);
    run_words(&sm90_device, which, device, words, count);
    run_words(&sm90_twins, which, twin, words, count);
    const bool same = memcmp(device, twin, count * sizeof *words) == 0;
    words[count - 1] ^= 1;
    run_words(&sm90_twins, which, twin, words, count);
    const bool mistake_found = memcmp(device, twin, count * sizeof *words) != 0;
    printf("%s: %s%s\n", names[which], same && mistake_found ? "same" : "FAILED",
           mistake_found ? "" : ", and a wrong twin was not found out");
    return same && mistake_found;
}

static unsigned test_all(void) {
    static const int tiles[] = {4, 8, 16};
    unsigned failures = 0;
    for (int kind = TWIN_F16; kind <= TWIN_TF32; kind++)
        for (size_t i = 0; i < sizeof tiles / sizeof *tiles; i++) {
            const uint32_t n = (uint32_t)tiles[i];
            const enum twin_matrix matrix = (enum twin_matrix)kind;
            failures += !test_wgmma((struct sm90_product){matrix, tiles[i], 0, 128 * n, 128});
            failures += !test_wgmma((struct sm90_product){matrix, tiles[i], 32, 128, 256});
            failures +=
                !test_wgmma((struct sm90_product){matrix, tiles[i], 1008, 144 * n + 16, 144});
        }
    failures += !test_groups();
    for (int which = 0; which < 3; which++)
        failures += !test_words(which);
    return failures;
}

int main(int argc, char **argv) {
    const long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 3;
    if (argc > 2 || rounds < 1) {
        fprintf(stderr, "Usage: conformance_sm90 [ROUNDS]\n");
        return 2;
    }
    const char *const absent = sm90_device_begin();
    if (absent != NULL) {
        printf("SKIP: %s\n", absent);
        return SKIPPED;
    }
    printf("%s beside the emulator's twins\n", sm90_device.name);
    unsigned failures = 0;
    for (long round = 0; round < rounds; round++)
        failures += test_all();
    printf("%u failed\n", failures);
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
