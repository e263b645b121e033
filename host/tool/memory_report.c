#include "memory.h"

#include <inttypes.h>

#include "geometry.h"
#include "line.h"
#include "text.h"

enum { NAME_SIZE = 48 };

static void print_block(const memory_request *request, const memory_figures *figures,
                        size_t index) {
    const denseblock_desc *const desc = &figures->blocks[index].desc;
    char network[NAME_SIZE] = "";
    char shape[SHAPE_TEXT_SIZE];
    char layers[LAYERS_TEXT_SIZE];
    int64_t x[4];
    int64_t y[4];

    if (request->network != NULL)
        (void)snprintf(network, sizeof network, "  (%s, block %zu of %zu)",
                       request->network->name, index + 1, figures->count);
    input_shape(desc, x);
    output_shape(desc, y);
    report_line("block", "%s %s, %s%s", shape_text(4, x, shape),
                type_choice_name(desc->type, desc->arithmetic), layers_text(desc, layers),
                network);
    report_line("output", "%s", shape_text(4, y, shape));
}

static void print_heading(const memory_request *request, denseblock_backend backend) {
    report_line(denseblock_backend_name(backend), "%10s %10s %10s %10s %10s %10s %8s%s", "peak",
                "features", "weights", "workspace", "copied", "read", "buffers",
                request->batch_limit > 0 ? "   largest batch" : "");
}

void memory_print_difference(const memory_trial *trial) {
    if (!memory_trial_agrees(trial))
        report_line("",
                    "the formula differs: peak %zu B, not %zu; copied %zu B, not %zu; %" PRId64
                    " buffers, not %" PRId64,
                    trial->formula.peak, trial->measured.peak, trial->formula.written,
                    trial->measured.written, trial->formula.allocations,
                    trial->measured.allocations);
}

static void print_timeline(const memory_trial *trial) {
    char bytes[BYTES_TEXT_SIZE];
    char held[BYTES_TEXT_SIZE];
    size_t count;
    const denseblock_buffer_event *const events =
        denseblock_buffers_timeline(trial->account, &count);

    for (size_t i = 0; i < count; i++) {
        if (i == trial->first_event)
            report_line("", "%10s %10s   the forward begins", "", "");
        report_line("", "%10s %10s   %c %s", bytes_text(events[i].held, held),
                    bytes_text(events[i].bytes, bytes), events[i].freed ? '-' : '+',
                    events[i].label);
    }
}

static void print_trial(const memory_request *request, const memory_trial *trial) {
    const footprint *const taken = &trial->measured;
    char text[6][BYTES_TEXT_SIZE];
    char batch[NAME_SIZE] = "";

    if (trial->not_run[0] != '\0') {
        report_line(trial->way->name, "not run: %s", trial->not_run);
        return;
    }
    if (request->batch_limit > 0)
        (void)snprintf(batch, sizeof batch, " %15" PRId64, trial->largest_batch);
    report_line(trial->way->name, "%10s %10s %10s %10s %10s %10s %8" PRId64 "%s",
                bytes_text(taken->peak, text[0]),
                bytes_text(memory_trial_features(trial), text[1]),
                bytes_text(trial->weights_bytes, text[2]),
                bytes_text(trial->workspace_bytes, text[3]), bytes_text(taken->written, text[4]),
                trial->formula.reads_known ? bytes_text(trial->formula.read, text[5]) : "-",
                taken->allocations, batch);
    memory_print_difference(trial);
    if (request->timeline)
        print_timeline(trial);
}

static void print_trials(const memory_request *request, const memory_block *block) {
    for (size_t i = 0; i < block->count; i++) {
        const memory_trial *const trial = &block->trials[i];

        if (i == 0 || trial->backend != block->trials[i - 1].backend)
            print_heading(request, trial->backend);
        print_trial(request, trial);
    }
}

void memory_print(const memory_request *request, const memory_figures *figures) {
    char limit[BYTES_TEXT_SIZE];
    bool agree = true;

    if (request->batch_limit > 0)
        report_line("limit", "%s, for the largest batches",
                    bytes_text(request->batch_limit, limit));
    for (size_t b = 0; b < figures->count; b++) {
        print_block(request, figures, b);
        print_trials(request, &figures->blocks[b]);
        (void)putchar('\n');
        for (size_t i = 0; i < figures->blocks[b].count; i++)
            agree = agree && memory_trial_agrees(&figures->blocks[b].trials[i]);
    }
    if (agree)
        report_line("formula",
                    "every peak and buffer measured, and every copy counted, is as it says");
    report_line("", "counted are the bytes asked for; allocators round them up to pages");
}
