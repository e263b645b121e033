/* The conformance test: every function of cuda/ptx.h on a GPU, beside its twin of the emulator.
 *
 * A fragment is what one warp works on: 16 words in and 16 out for each of its lanes. What they
 * mean is said in conformance_kernels.h, and a function writes only some of the 16. */
#ifndef TESTS_GPU_CONFORMANCE_H
#define TESTS_GPU_CONFORMANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CONFORMANCE_LIST(EACH_ONE) \
    EACH_ONE(cp_async_4)           \
    EACH_ONE(cp_async_8)           \
    EACH_ONE(cp_async_16)          \
    EACH_ONE(cp_async_groups)      \
    EACH_ONE(ldmatrix_x1)          \
    EACH_ONE(ldmatrix_x2)          \
    EACH_ONE(ldmatrix_x4)          \
    EACH_ONE(ldmatrix_x1_trans)    \
    EACH_ONE(ldmatrix_x2_trans)    \
    EACH_ONE(ldmatrix_x4_trans)    \
    EACH_ONE(mma_m16n8k16_f16)     \
    EACH_ONE(mma_m16n8k16_bf16)    \
    EACH_ONE(mma_m16n8k8_tf32)     \
    EACH_ONE(f32_to_tf32)          \
    EACH_ONE(max_keep_nan)         \
    EACH_ONE(relu_keep_nan_f16x2)  \
    EACH_ONE(relu_keep_nan_bf16x2)

#define CONFORMANCE_NUMBER(name) CONFORMANCE_##name,
enum conformance_function { CONFORMANCE_LIST(CONFORMANCE_NUMBER) CONFORMANCE_FUNCTIONS };

enum { LANES = 32, LANE_WORDS = 16, FRAGMENT_WORDS = LANES * LANE_WORDS };

/* Words of `out` that the function leaves alone keep this. */
#define CONFORMANCE_UNTOUCHED 0xA5A5C3C3u

/* Somebody who carries out the functions: `fragments` of them, from `in` to `out`. NULL, or what
 * went wrong. */
struct conformance_side {
    const char *name;
    const char *(*run)(enum conformance_function function, unsigned fragments, const uint32_t *in,
                       uint32_t *out);
};

/* The GPU. conformance_device_begin, which comes first, finds its name; NULL, or why there is
 * none. */
extern struct conformance_side conformance_device;
const char *conformance_device_begin(void);

/* The twins, and wrong ones: a mistake in every function, which the test has to find. */
extern const struct conformance_side conformance_twins;
extern const struct conformance_side conformance_wrong_twins;

#ifdef __cplusplus
}
#endif

/* ---- Fragments (conformance_fragments.c) ---- */

/* What the numbers of a fragment are like. */
enum conformance_kind {
    KIND_EVEN,    /* of a size */
    KIND_WIDE,    /* of many sizes */
    KIND_CANCEL,  /* sums far smaller than what is summed */
    KIND_SPECIAL, /* some NaN, Inf, zeros of both signs */
    KIND_BITS,    /* any pattern that does not leave the range of f32 */
    KIND_NOTED,   /* what PTX leaves open or no kernel relies on: told, and not judged */
    KINDS
};

enum conformance_kind conformance_kind_of(unsigned fragment);
void conformance_fill(enum conformance_function function, uint64_t seed, unsigned fragments,
                      uint32_t *in);

/* The same with all numbers made positive: mma of it is the sum of magnitudes. */
void conformance_magnitudes(enum conformance_function function, unsigned fragments,
                            const uint32_t *in, uint32_t *magnitudes);

/* ---- Comparison (conformance_compare.c) ---- */

struct conformance_result {
    unsigned long words, differences; /* judged */
    unsigned long noted;              /* differences not judged */
    double largest_ulps;              /* mma: units in the last place of the sum of magnitudes */
    double largest_of_bound;          /* mma: by what is allowed */
    unsigned fragment, lane, word;    /* of the first difference */
    uint32_t device, twin;
};

/* `magnitudes` are the twins' results for conformance_magnitudes. */
struct conformance_result conformance_compare(enum conformance_function function,
                                              unsigned fragments, const uint32_t *device,
                                              const uint32_t *twin, const uint32_t *magnitudes);

#endif
