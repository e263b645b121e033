/* The claims that people repeat, each with the two figures that it is about. */
#include "compare.h"

const char CLAIM_INFERENCE_MEMORY[] = "inference_memory";
const char CLAIM_TRAINING_MEMORY[] = "training_memory";
const char CLAIM_FORWARD_TIME[] = "forward_time";

static const char NO_BACKWARD_PASS[] = "there is no backward pass yet";
static const char NO_TRAINED_NETWORK[] =
    "it takes networks trained on data, and this command measures one block";

/* The residual block's way beside one of the dense block's. Of memory, the first that holds
 * features alike, since it has no groups of layers. Of time and energy, always in place: its copies
 * are a pass of their own here, which a residual network does not need, since adding into a new
 * tensor moves as much as adding in place. */
static size_t counterpart(size_t way, claim_unit unit) {
    const concatenation how = unit == UNIT_BYTES ? STRATEGIES[way].how : CONCATENATION_IN_PLACE;
    size_t s = 0;

    while (STRATEGIES[s].how != how)
        s++;
    return s;
}

/* What a claim is about, of one way of one block. */
typedef quantity figure_of(const compare_request *request, const compare_trial *trial);

static quantity peak_of(const compare_request *request, const compare_trial *trial) {
    (void)request;
    return exact_quantity((double)trial->memory.measured.peak);
}

static quantity training_of(const compare_request *request, const compare_trial *trial) {
    (void)request;
    return exact_quantity((double)trial->training_bytes);
}

static quantity time_of(const compare_request *request, const compare_trial *trial) {
    return (quantity){.known = true,
                      .low = trial->time.low,
                      .value = trial->time.median,
                      .high = trial->time.high,
                      .samples = request->repeats};
}

static quantity energy_of(const compare_request *request, const compare_trial *trial) {
    (void)request;
    return trial->joules;
}

typedef struct claim_of_ways {
    const char *name;
    const char *text;
    claim_unit unit;
    figure_of *figure;
} claim_of_ways;

static const claim_of_ways CLAIMS[] = {
    {CLAIM_INFERENCE_MEMORY, "needs more memory for inference", UNIT_BYTES, peak_of},
    {CLAIM_TRAINING_MEMORY, "needs more memory for training, by formula", UNIT_BYTES,
     training_of},
    {CLAIM_FORWARD_TIME, "takes longer for a forward", UNIT_SECONDS, time_of},
    {"forward_energy", "uses more energy for a forward", UNIT_JOULES, energy_of},
};

static claim *add_claim(const claim *made, compare_figures *figures) {
    claim *const added = &figures->claims[figures->claim_count++];

    *added = *made;
    added->why = "";
    return added;
}

static void explain(claim *made, const char *why) {
    if (made->why[0] == '\0')
        made->why = why;
}

static void settle(const quantity *more, const quantity *less, claim *made) {
    const judgement found = judge(more, less);

    made->verdict = found.verdict;
    explain(made, found.why);
}

static void claim_of_a_way(const compare_request *request, const claim_of_ways *about, size_t way,
                           compare_figures *figures) {
    const compare_trial *const dense = &figures->blocks[BLOCK_DENSE].trials[way];
    const size_t other = counterpart(way, about->unit);
    const compare_trial *const residual = &figures->blocks[BLOCK_RESIDUAL].trials[other];
    claim *const made = add_claim(&(claim){.name = about->name,
                                           .text = about->text,
                                           .way = &STRATEGIES[way],
                                           .residual_way = &STRATEGIES[other],
                                           .unit = about->unit},
                                  figures);

    explain(made, dense->memory.not_run);
    explain(made, residual->memory.not_run);
    if (compare_trial_is_run(dense))
        made->dense = about->figure(request, dense);
    if (compare_trial_is_run(residual))
        made->residual = about->figure(request, residual);
    if (about->unit == UNIT_JOULES) {
        explain(made, dense->no_energy);
        explain(made, residual->no_energy);
    }
    settle(&made->dense, &made->residual, made);
}

static void claim_parameters(const compare_request *request, compare_figures *figures) {
    claim *const made = add_claim(
        &(claim){.name = "parameters",
                 .text = "has fewer parameters",
                 .unit = UNIT_COUNT,
                 .dense = exact_quantity(figures->blocks[BLOCK_DENSE].parameters),
                 .residual = exact_quantity(figures->blocks[BLOCK_RESIDUAL].parameters)},
        figures);

    settle(&made->residual, &made->dense, made);
    if (figures->dense.layer_count == 0)
        return;
    if (request->matched == MATCH_CHANNELS) {
        explain(made, "by the match: the residual block's convolutions have all output channels");
    } else {
        made->verdict = VERDICT_UNDECIDED;
        made->why = "by the match: the ratio is what rounding to whole channels leaves";
    }
}

void compare_claim(const compare_request *request, compare_figures *figures) {
    figures->claim_count = 0;
    claim_parameters(request, figures);
    for (size_t i = 0; i < sizeof CLAIMS / sizeof CLAIMS[0]; i++) {
        for (size_t way = 0; way < STRATEGY_COUNT; way++) {
            if (figures->blocks[BLOCK_DENSE].trials[way].memory.way != NULL)
                claim_of_a_way(request, &CLAIMS[i], way, figures);
        }
    }
    explain(add_claim(&(claim){.name = "training_time", .text = "trains more slowly"}, figures),
            NO_BACKWARD_PASS);
    explain(add_claim(&(claim){.name = "accuracy",
                               .text = "reaches equal accuracy with fewer parameters"},
                      figures),
            NO_TRAINED_NETWORK);
}
