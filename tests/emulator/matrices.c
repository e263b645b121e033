/* ldmatrix and mma: fragments laid out as the PTX ISA document has them. In its words, a lane's
 * group is lane / 4, and its number in the group is lane % 4. */
#include "matrices.h"

#include <string.h>

#include "memory.h"
#include "traffic.h"
#include "warpgroups.h"

/* ---- ldmatrix ---- */

/* A row that cannot be read is reported as an access of the lane that named it. */
static void check_row(unsigned lane, const void *row, const void *caller) {
    const uintptr_t address = (uintptr_t)row;
    now.thread = &threads[now.warp * WARP + lane];
    now.number = now.thread->number;
    now.lane_bit = UINT32_C(1) << lane;
    if (address % 16 != 0) {
        report(EMULATOR_MISALIGNED, caller, "ldmatrix of a row at no multiple of 16");
        now.given_up = true;
    } else if (address - shared_low >= shared_region.bytes ||
               shared_region.bytes - (address - shared_low) < 16) {
        report(EMULATOR_OUT_OF_BOUNDS, caller,
               "ldmatrix of a row at byte %td of %zu bytes of shared memory",
               (ptrdiff_t)(address - shared_low), shared_region.bytes);
        now.given_up = true;
    }
}

/* A register of the lane that now.thread is has been written. */
static void note_register(const void *place, const void *caller) {
    const uintptr_t own = now.stack_low;
    now.stack_low = fiber_stack(now.number);
    warpgroups_note_registers((uintptr_t)place, sizeof(uint32_t), ACCESS_WRITE, caller);
    now.stack_low = own;
}

void matrices_load(struct warp_call *const calls[WARP], const void *caller) {
    struct thread *const self = now.thread;
    const unsigned matrices = calls[0]->operand;
    const bool transposed = calls[0]->width;
    /* Of all lanes: before sm_80 those that are not needed have to be valid too. */
    for (unsigned lane = 0; lane < WARP && !now.given_up; lane++)
        check_row(lane, calls[lane]->row, caller);
    for (unsigned m = 0; m < matrices && !now.given_up; m++) {
        const unsigned char *rows[8];
        for (unsigned row = 0; row < 8; row++)
            rows[row] = calls[8 * m + row]->row;
        traffic_matrix(rows);
        /* Lane 4i + j gets elements 2j and 2j + 1 of row i; of column i if transposed. */
        for (unsigned lane = 0; lane < WARP; lane++) {
            const unsigned i = lane / 4, j = lane % 4;
            now.thread = &threads[now.warp * WARP + lane];
            now.number = now.thread->number;
            now.lane_bit = UINT32_C(1) << lane;
            uint16_t pair[2];
            if (transposed) {
                for (unsigned k = 0; k < 2; k++) {
                    const unsigned char *from = rows[2 * j + k] + 2 * i;
                    shadow_access(&shared_region, (uintptr_t)from - shared_low, 2, ACCESS_READ,
                                  caller);
                    memcpy(&pair[k], from, sizeof pair[k]);
                }
            } else {
                const unsigned char *from = rows[i] + 4 * j;
                shadow_access(&shared_region, (uintptr_t)from - shared_low, 4, ACCESS_READ,
                              caller);
                memcpy(pair, from, sizeof pair);
            }
            calls[lane]->fragments[m] = (uint32_t)pair[1] << 16 | pair[0];
            if (now.thread->registers_watched)
                note_register(&calls[lane]->fragments[m], caller);
        }
    }
    now.thread = self;
    now.number = self->number;
    now.lane_bit = UINT32_C(1) << self->number % WARP;
    now.counters.matrix_instructions++;
    if (now.given_up)
        give_up();
}

/* ---- mma ---- */

static float from_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static float from_bf16(uint32_t bits) {
    return from_bits(bits << 16);
}

static float from_f16(uint32_t bits) {
    const uint32_t sign = (bits & 0x8000) << 16, magnitude = bits & 0x7FFF;
    if (magnitude >= 0x7C00) /* infinity and NaN */
        return from_bits(sign | 0x7F800000 | (magnitude & 0x3FF) << 13);
    if (magnitude < 0x0400) /* zero and what is below the smallest normal number */
        return from_bits(sign | 0x3F800000) * ((float)magnitude * 0x1p-24f);
    return from_bits(sign | ((magnitude << 13) + ((127 - 15) << 23)));
}

/* The low bits are not looked at. */
static float from_tf32(uint32_t bits) {
    return from_bits(bits & ~UINT32_C(0x1FFF));
}

enum { M = 16, N = 8, MOST_K = 16 };
struct operands {
    float a[M][MOST_K], b[N][MOST_K];
};

/* Registers r of A hold row group + 8 * (r % 2), and columns from 8 * (r / 2) on; those of B rows
 * from 8 * r on. */
static void gather_pairs(struct warp_call *const calls[WARP], struct operands *operands,
                         float (*convert)(uint32_t)) {
    for (unsigned lane = 0; lane < WARP; lane++) {
        const unsigned group = lane / 4, first = lane % 4 * 2;
        for (unsigned half = 0; half < 2; half++) {
            for (unsigned r = 0; r < 4; r++)
                operands->a[group + 8 * (r % 2)][8 * (r / 2) + first + half] =
                    convert(calls[lane]->a[r] >> 16 * half & 0xFFFF);
            for (unsigned r = 0; r < 2; r++)
                operands->b[group][8 * r + first + half] =
                    convert(calls[lane]->b[r] >> 16 * half & 0xFFFF);
        }
    }
}

static void gather_tf32(struct warp_call *const calls[WARP], struct operands *operands) {
    for (unsigned lane = 0; lane < WARP; lane++) {
        const unsigned group = lane / 4, member = lane % 4;
        for (unsigned r = 0; r < 4; r++)
            operands->a[group + 8 * (r % 2)][4 * (r / 2) + member] = from_tf32(calls[lane]->a[r]);
        for (unsigned r = 0; r < 2; r++)
            operands->b[group][4 * r + member] = from_tf32(calls[lane]->b[r]);
    }
}

/* Sums in f32, in the order of k: hardware sums in another order, and rounds otherwise. */
void matrices_multiply(struct warp_call *const calls[WARP]) {
    struct operands operands;
    unsigned depth = 16;
    switch (calls[0]->operand) {
    case EMULATOR_M16N8K16_F16:
        gather_pairs(calls, &operands, from_f16);
        break;
    case EMULATOR_M16N8K16_BF16:
        gather_pairs(calls, &operands, from_bf16);
        break;
    default:
        depth = 8;
        gather_tf32(calls, &operands);
    }
    for (unsigned lane = 0; lane < WARP; lane++)
        for (unsigned r = 0; r < 4; r++) {
            const float *a = operands.a[lane / 4 + 8 * (r / 2)];
            const float *b = operands.b[lane % 4 * 2 + r % 2];
            float sum = calls[lane]->accumulator[r];
            for (unsigned k = 0; k < depth; k++)
                sum += a[k] * b[k];
            calls[lane]->accumulator[r] = sum;
        }
    now.counters.matrix_instructions++;
}

/* ---- wgmma ---- */

void matrices_convert(enum emulator_matrix kind, const void *from, unsigned count, float *to) {
    for (unsigned i = 0; i < count; i++) {
        if (kind == EMULATOR_M16N8K8_TF32) {
            uint32_t word;
            memcpy(&word, (const unsigned char *)from + sizeof word * i, sizeof word);
            to[i] = from_tf32(word);
        } else {
            uint16_t half;
            memcpy(&half, (const unsigned char *)from + sizeof half * i, sizeof half);
            to[i] = kind == EMULATOR_M16N8K16_F16 ? from_f16(half) : from_bf16(half);
        }
    }
}

/* Rows as [k], gathered as those of mma are. */
static void gather_rows(enum emulator_matrix kind, const uint32_t a[WARP][4],
                        float rows[M][MOST_K]) {
    for (unsigned lane = 0; lane < WARP; lane++)
        for (unsigned r = 0; r < 4; r++) {
            float *row = rows[lane / 4 + 8 * (r % 2)];
            if (kind == EMULATOR_M16N8K8_TF32)
                row[4 * (r / 2) + lane % 4] = from_tf32(a[lane][r]);
            else
                matrices_convert(kind, &a[lane][r], 2, &row[8 * (r / 2) + lane % 4 * 2]);
        }
}

void matrices_multiply_wide(enum emulator_matrix kind, unsigned tiles, float *const sums[WARP],
                            const uint32_t a[WARP][4], const struct group_operands *operands) {
    const unsigned depth = kind == EMULATOR_M16N8K8_TF32 ? 8 : 16;
    float rows[M][MOST_K];
    gather_rows(kind, a, rows);
    for (unsigned lane = 0; lane < WARP; lane++)
        for (unsigned i = 0; i < 4 * tiles; i++) {
            const float *row = rows[lane / 4 + 8 * (i % 4 / 2)];
            const float *column = operands->b[i / 4 * 8 + lane % 4 * 2 + i % 2];
            float sum = sums[lane][i];
            for (unsigned k = 0; k < depth; k++)
                sum += row[k] * column[k];
            sums[lane][i] = sum;
        }
}
