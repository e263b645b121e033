#include "compare.h"

#include <inttypes.h>

#include "geometry.h"
#include "line.h"
#include "text.h"

enum { COLUMN_SIZE = 64 };

/* What report_line leaves of a block's table, in the order of print_trial. */
#define TABLE_FORMAT "%10s %10s %10s %10s %10s %10s %9s %10s %10s %10s %9s"

static void print_blocks(const compare_figures *figures) {
    const denseblock_desc *const dense = &figures->dense;
    const denseblock_residual_desc *const residual = &figures->residual;
    char shape[SHAPE_TEXT_SIZE];
    char output[SHAPE_TEXT_SIZE];
    char layers[LAYERS_TEXT_SIZE];
    int64_t x[4];
    int64_t y[4];

    input_shape(dense, x);
    output_shape(dense, y);
    report_line("dense", "%s %s, %s; output %s", shape_text(4, x, shape),
                type_choice_name(dense->type, dense->arithmetic), layers_text(dense, layers),
                shape_text(4, y, output));
    x[3] = residual->channels;
    report_line("residual",
                "%s %s, %" PRId64 " unit%s of two %" PRId64 "x%" PRId64
                " convolutions; output of that shape",
                shape_text(4, x, shape), type_choice_name(dense->type, dense->arithmetic),
                residual->unit_count, plural(residual->unit_count), residual->kernel_height,
                residual->kernel_width);
}

static void print_match(match matched) {
    static const char *const texts[] = {
        "the residual block has the channels of the dense block's output",
        "the residual block has the channels with which its parameters are nearest",
        ("the residual block has the channels with which its operations are nearest: those "
         "of --match parameters, since each parameter is used once for every pixel"),
    };

    report_line("match", "%s: %s", match_name(matched), texts[matched]);
}

static const char *ratio_text(double dense, double residual, char text[FIGURE_TEXT_SIZE]) {
    if (residual > 0)
        (void)snprintf(text, FIGURE_TEXT_SIZE, "%.4g", dense / residual);
    else
        (void)snprintf(text, FIGURE_TEXT_SIZE, "-");
    return text;
}

static void print_sizes(const compare_figures *figures) {
    const compared_block *const dense = &figures->blocks[BLOCK_DENSE];
    const compared_block *const residual = &figures->blocks[BLOCK_RESIDUAL];
    char ratio[FIGURE_TEXT_SIZE];
    char flops[2][FIGURE_TEXT_SIZE];

    report_line("", "%14s %14s %16s", "dense", "residual", "dense / residual");
    report_line("parameters", "%14.0f %14.0f %16s", dense->parameters, residual->parameters,
                ratio_text(dense->parameters, residual->parameters, ratio));
    report_line("GFLOP", "%14s %14s %16s   as direct convolution",
                figure_text(1e-9 * dense->flops, flops[0]),
                figure_text(1e-9 * residual->flops, flops[1]),
                ratio_text(dense->flops, residual->flops, ratio));
}

static void print_check(const comparison *check) {
    report_line("",
                "%s: max error %.3g, the largest expected value %.3g; relative L2 %.3g; "
                "tolerance %g",
                check->passed ? "equal to the reference" : "DIFFERENT from the reference",
                check->max_abs, check->max_expected, check->relative_l2, check->tolerance);
}

static void print_trial(const compare_request *request, double flops,
                        const compare_trial *trial) {
    const memory_trial *const memory = &trial->memory;
    const double median = trial->time.median;
    char peak[BYTES_TEXT_SIZE];
    char training[BYTES_TEXT_SIZE];
    char features[BYTES_TEXT_SIZE];
    char weights[BYTES_TEXT_SIZE];
    char workspace[BYTES_TEXT_SIZE];
    char moved[BYTES_TEXT_SIZE] = "-";
    char figures[5][FIGURE_TEXT_SIZE] = {"-"};
    char joules[COLUMN_SIZE] = "";

    if (memory->not_run[0] != '\0') {
        report_line(memory->way->name, "not run: %s", memory->not_run);
        return;
    }
    if (trial->moved_known) {
        (void)bytes_text((size_t)trial->moved, moved);
        if (trial->moved > 0)
            (void)figure_text(flops / trial->moved, figures[0]);
    }
    if (trial->joules.known)
        (void)snprintf(joules, sizeof joules, " %9.6g", 1e3 * trial->joules.value);
    report_line(
        memory->way->name, TABLE_FORMAT "%s", bytes_text(memory->measured.peak, peak),
        bytes_text(memory_trial_features(memory), features),
        bytes_text(memory->weights_bytes, weights),
        bytes_text(memory->workspace_bytes, workspace),
        bytes_text(trial->training_bytes, training), moved, figures[0],
        figure_text(1e3 * median, figures[1]), figure_text(1e3 * trial->time.low, figures[2]),
        figure_text(1e3 * trial->time.high, figures[3]),
        flops > 0 && median > 0 ? figure_text(1e-9 * flops / median, figures[4]) : "-", joules);
    memory_print_difference(memory);
    if (request->check)
        print_check(&trial->check);
}

static bool energy_is_known(const compared_block *block) {
    for (size_t s = 0; s < STRATEGY_COUNT; s++) {
        if (block->trials[s].joules.known)
            return true;
    }
    return false;
}

static void print_block(const compare_request *request, block_kind kind,
                        const compared_block *block) {
    report_line(block_kind_name(kind), TABLE_FORMAT "%s", "peak", "features", "weights",
                "workspace", "training", "moved", "FLOP/byte", "median", "from", "to", "GFLOP/s",
                energy_is_known(block) ? "        mJ" : "");
    for (size_t s = 0; s < STRATEGY_COUNT; s++) {
        if (block->trials[s].memory.way != NULL)
            print_trial(request, block->flops, &block->trials[s]);
    }
}

static const char *quantity_text(const quantity *figure, claim_unit unit,
                                 char text[COLUMN_SIZE]) {
    char number[BYTES_TEXT_SIZE > FIGURE_TEXT_SIZE ? BYTES_TEXT_SIZE : FIGURE_TEXT_SIZE];
    char doubt[FIGURE_TEXT_SIZE];

    if (!figure->known)
        return "-";
    switch (unit) {
    case UNIT_COUNT:
        (void)snprintf(text, COLUMN_SIZE, "%.0f", figure->value);
        break;
    case UNIT_BYTES:
        (void)snprintf(text, COLUMN_SIZE, "%s", bytes_text((size_t)figure->value, number));
        break;
    case UNIT_SECONDS:
        (void)snprintf(text, COLUMN_SIZE, "%s ms", figure_text(1e3 * figure->value, number));
        break;
    case UNIT_JOULES:
        (void)snprintf(text, COLUMN_SIZE, "%s +-%s mJ", rounded_text(1e3 * figure->value, number),
                       rounded_text(1e3 * (figure->high - figure->value), doubt));
        break;
    }
    return text;
}

/* Why energy is not measured stands above, and is the same for all ways. */
static const char *why_text(const claim *made) {
    return made->unit == UNIT_JOULES && made->verdict == VERDICT_NOT_MEASURED ? "see above"
                                                                              : made->why;
}

static void print_claim(const claim *made) {
    const char *const why = why_text(made);
    char dense[COLUMN_SIZE];
    char residual[COLUMN_SIZE];
    char ratio[FIGURE_TEXT_SIZE] = "-";

    if (made->dense.known && made->residual.known)
        (void)ratio_text(made->dense.value, made->residual.value, ratio);
    report_line(made->way != NULL ? made->way->name : "", "%-44s %14s %14s %8s  %s%s%s",
                made->text, quantity_text(&made->dense, made->unit, dense),
                quantity_text(&made->residual, made->unit, residual), ratio,
                verdict_name(made->verdict), why[0] != '\0' ? ": " : "", why);
}

static void print_claims(const compare_figures *figures) {
    report_line("claims", "%-44s %14s %14s %8s  %s", "The dense block ...", "dense", "residual",
                "ratio", "verdict");
    for (size_t i = 0; i < figures->claim_count; i++)
        print_claim(&figures->claims[i]);
}

static bool all_agree(const compare_figures *figures) {
    for (size_t b = 0; b < BLOCK_KIND_COUNT; b++) {
        for (size_t s = 0; s < STRATEGY_COUNT; s++) {
            if (!memory_trial_agrees(&figures->blocks[b].trials[s].memory))
                return false;
        }
    }
    return true;
}

static void print_notes(const compare_request *request, const compare_figures *figures) {
    if (all_agree(figures))
        report_line("peak", "of the forward, as measured; a formula says the same, to the byte");
    report_line("training",
                "by formula: the parameters, the block's output, and the inputs of all its "
                "convolutions; no gradients, optimiser or workspace");
    report_line("moved", "by formula, layer by layer, with what copies read and write");
    report_line("times",
                "of %" PRId64 " forward%s, after %" PRId64
                " to warm up, in milliseconds; all ways take turns",
                request->repeats, plural(request->repeats), request->warmups);
    report_line("from .. to",
                "without the least and the most seventh of each way's times: these ranges "
                "decide claims");
    report_line("copies", "claims of time and energy compare with the residual block in place: a "
                          "residual network need not copy before it adds");
    for (size_t b = 0; b < BLOCK_KIND_COUNT; b++) {
        for (size_t s = 0; s < STRATEGY_COUNT; s++) {
            const char *const why = figures->blocks[b].trials[s].no_energy;

            if (why[0] != '\0') {
                report_line("energy", "not measured: %s", why);
                return;
            }
        }
    }
    report_line("energy", "of a forward, in millijoules, from about a second of them");
}

void compare_print(const compare_request *request, const compare_figures *figures) {
    int threads = 1;

    for (size_t b = 0; b < BLOCK_KIND_COUNT; b++) {
        for (size_t s = 0; s < STRATEGY_COUNT; s++) {
            const int here = figures->blocks[b].trials[s].threads;

            threads = here > threads ? here : threads;
        }
    }
    print_blocks(figures);
    print_match(request->matched);
    report_line("backend", "%s, %d thread%s", denseblock_backend_name(figures->backend), threads,
                plural(threads));
    (void)putchar('\n');
    print_sizes(figures);
    for (int b = 0; b < BLOCK_KIND_COUNT; b++) {
        (void)putchar('\n');
        print_block(request, (block_kind)b, &figures->blocks[b]);
    }
    (void)putchar('\n');
    print_notes(request, figures);
    (void)putchar('\n');
    print_claims(figures);
}
