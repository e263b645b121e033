/* Random fragments. */
#include "conformance.h"
#include "splitmix.h"

static unsigned below(uint64_t *state, unsigned limit) {
    return (unsigned)(splitmix(state) % limit);
}

enum conformance_kind conformance_kind_of(unsigned fragment) {
    return (enum conformance_kind)(fragment % KINDS);
}

/* The formats of the numbers. */
enum format { F32, TF32, F16, BF16 };
static const struct {
    unsigned bits, fraction_bits, exponent_bias;
} formats[] = {
    [F32] = {32, 23, 127}, [TF32] = {32, 23, 127}, [F16] = {16, 10, 15}, [BF16] = {16, 7, 127}};

/* What f32_to_tf32 leaves away. */
enum { TF32_LOST_BITS = 13 };

static uint32_t number_of(enum format format, unsigned sign, unsigned exponent,
                          uint32_t fraction) {
    const unsigned fraction_bits = formats[format].fraction_bits;
    return (uint32_t)sign << (formats[format].bits - 1) | exponent << fraction_bits |
           (fraction & ((1u << fraction_bits) - 1));
}

/* With an exponent of least..most, 2^0 being 0. */
static uint32_t number_between(enum format format, int least, int most, uint64_t *random) {
    const int exponent = least + (int)below(random, (unsigned)(most - least) + 1);
    return number_of(format, below(random, 2),
                     (unsigned)(exponent + (int)formats[format].exponent_bias),
                     (uint32_t)splitmix(random));
}

static uint32_t special(enum format format, uint64_t *random) {
    const unsigned exponents =
        (1u << (formats[format].bits - 1 - formats[format].fraction_bits)) - 1;
    const unsigned quiet = 1u << (formats[format].fraction_bits - 1);
    const unsigned sign = below(random, 2);
    switch (below(random, 4)) {
    case 0:
        return number_of(format, sign, exponents, quiet);
    case 1:
        return number_of(format, sign, exponents, 0);
    default:
        return number_of(format, sign, 0, 0);
    }
}

/* f16 has no exponents beyond those that products in f32 have room for, the others do. */
static uint32_t pattern(enum format format, uint64_t *random) {
    if (format == F16)
        return number_of(format, below(random, 2), below(random, 31), (uint32_t)splitmix(random));
    return number_between(format, -30, 30, random);
}

static uint32_t number(enum format format, enum conformance_kind kind, uint64_t *random) {
    switch (kind) {
    case KIND_WIDE:
        return number_between(format, -8, 8, random);
    case KIND_SPECIAL:
        if (below(random, 16) == 0)
            return special(format, random);
        break;
    case KIND_BITS:
        return pattern(format, random);
    case KIND_EVEN:
    case KIND_CANCEL:
    case KIND_NOTED:
    default:
        break;
    }
    return number_between(format, -2, 0, random);
}

/* ---- Functions of one thread ---- */

/* Any bits at all, and often values at which something changes. */
static uint32_t any_word(enum format format, uint64_t *random) {
    static const uint32_t edges_f32[] = {0x00000000u, 0x80000000u, 0x7F800000u, 0xFF800000u,
                                         0x7FC00000u, 0xFFC00000u, 0x7F800001u, 0xFF800001u,
                                         0x3F801000u, 0x3F803000u, 0x3F800FFFu, 0xBF801000u,
                                         0x00000001u, 0x807FFFFFu, 0x7F7FEFFFu, 0xFF7FDFFFu};
    static const uint32_t edges_f16[] = {0x0000u, 0x8000u, 0x7C00u, 0xFC00u, 0x7E00u,
                                         0xFE00u, 0x7C01u, 0xFC01u, 0x0001u, 0x8001u};
    static const uint32_t edges_bf16[] = {0x0000u, 0x8000u, 0x7F80u, 0xFF80u, 0x7FC0u,
                                          0xFFC0u, 0x7F81u, 0xFF81u, 0x0001u, 0x8001u};
    if (below(random, 3) != 0)
        return (uint32_t)splitmix(random);
    if (formats[format].bits == 32)
        return edges_f32[below(random, sizeof edges_f32 / sizeof *edges_f32)];
    const uint32_t *const edges = format == F16 ? edges_f16 : edges_bf16;
    const uint32_t low = edges[below(random, sizeof edges_f16 / sizeof *edges_f16)];
    return low | edges[below(random, sizeof edges_f16 / sizeof *edges_f16)] << 16;
}

/* ---- mma ---- */

static uint32_t pair(enum format format, enum conformance_kind kind, uint64_t *random) {
    const uint32_t low = number(format, kind, random);
    return low | number(format, kind, random) << 16;
}

static uint32_t operand(enum format format, enum conformance_kind kind, uint64_t *random) {
    if (formats[format].bits == 16)
        return pair(format, kind, random);
    const uint32_t bits = number(F32, kind, random);
    /* The instruction reads only what f32_to_tf32 keeps: noted where there is more. */
    return kind == KIND_NOTED ? bits : bits & ~((1u << TF32_LOST_BITS) - 1);
}

static void fill_mma(enum format format, enum conformance_kind kind, uint64_t *random,
                     uint32_t *words) {
    for (unsigned i = 0; i < 6; i++)
        words[i] = operand(format, kind, random);
    for (unsigned i = 6; i < 10; i++)
        words[i] = number(F32, kind, random);
    if (kind != KIND_CANCEL)
        return;
    /* The second half of the products undoes the first, a small accumulator remains. Registers
     * 0, 1 of a and 0 of b are the first half, 2, 3 and 1 the second. */
    const uint32_t signs = formats[format].bits == 16 ? 0x80008000u : 0x80000000u;
    words[2] = words[0] ^ signs;
    words[3] = words[1] ^ signs;
    words[5] = words[4];
    for (unsigned i = 6; i < 10; i++)
        words[i] = number_between(F32, -16, -10, random);
}

static enum format format_of(enum conformance_function function) {
    switch (function) {
    case CONFORMANCE_mma_m16n8k16_f16:
    case CONFORMANCE_relu_keep_nan_f16x2:
        return F16;
    case CONFORMANCE_mma_m16n8k16_bf16:
    case CONFORMANCE_relu_keep_nan_bf16x2:
        return BF16;
    case CONFORMANCE_mma_m16n8k8_tf32:
        return TF32;
    default:
        return F32;
    }
}

/* ---- All ---- */

static void fill_lane(enum conformance_function function, enum conformance_kind kind,
                      uint64_t *random, uint32_t *words) {
    const enum format format = format_of(function);
    switch (function) {
    case CONFORMANCE_mma_m16n8k16_f16:
    case CONFORMANCE_mma_m16n8k16_bf16:
    case CONFORMANCE_mma_m16n8k8_tf32:
        fill_mma(format, kind, random, words);
        return;
    case CONFORMANCE_f32_to_tf32:
    case CONFORMANCE_max_keep_nan:
    case CONFORMANCE_relu_keep_nan_f16x2:
    case CONFORMANCE_relu_keep_nan_bf16x2:
        for (unsigned i = 0; i < LANE_WORDS; i++)
            words[i] = any_word(format, random);
        return;
    default:
        for (unsigned i = 0; i < LANE_WORDS; i++)
            words[i] = (uint32_t)splitmix(random);
    }
    if (function == CONFORMANCE_cp_async_4 || function == CONFORMANCE_cp_async_8 ||
        function == CONFORMANCE_cp_async_16) {
        const unsigned most = function == CONFORMANCE_cp_async_4   ? 4
                              : function == CONFORMANCE_cp_async_8 ? 8
                                                                   : 16;
        words[8] = below(random, 3) == 0 ? most : below(random, most + 1);
    } else {
        words[4] = below(random, LANES); /* ldmatrix: the row */
    }
}

void conformance_fill(enum conformance_function function, uint64_t seed, unsigned fragments,
                      uint32_t *in) {
    uint64_t random = seed * CONFORMANCE_FUNCTIONS + (uint64_t)function;
    for (unsigned f = 0; f < fragments; f++)
        for (unsigned lane = 0; lane < LANES; lane++, in += LANE_WORDS)
            fill_lane(function, conformance_kind_of(f), &random, in);
}

void conformance_magnitudes(enum conformance_function function, unsigned fragments,
                            const uint32_t *in, uint32_t *magnitudes) {
    const uint32_t signs = formats[format_of(function)].bits == 16 ? 0x80008000u : 0x80000000u;
    for (size_t i = 0; i < (size_t)fragments * FRAGMENT_WORDS; i++)
        magnitudes[i] = in[i] & ~(i % LANE_WORDS < 6 ? signs : 0x80000000u);
}
