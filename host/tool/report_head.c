/* The head of the page: the block, the machine, and the figures that matter most. */
#include "report.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "geometry.h"
#include "html.h"
#include "machine.h"
#include "text.h"

enum { DATE_SIZE = 32, SENTENCE_SIZE = 256 };

/* ---- Facts --------------------------------------------------------------------------------- */

static void begin_fact(const char *title, FILE *page) {
    (void)fprintf(page, "<div><dt>%s</dt><dd>", title);
}

static void end_fact(FILE *page) {
    (void)fputs("</dd></div>\n", page);
}

/* As a shell reads it, so that it can be repeated. */
static void write_argument(const char *argument, FILE *page) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-+=:,./@%";

    if (argument[0] != '\0' && argument[strspn(argument, plain)] == '\0') {
        html_escape(page, argument);
        return;
    }
    html_text(page, "'");
    for (const char *at = argument; *at != '\0';) {
        const size_t length = strcspn(at, "'");

        html_text(page, "%.*s", (int)length, at);
        at += length;
        if (*at == '\'') {
            html_text(page, "'\\''");
            at++;
        }
    }
    html_text(page, "'");
}

static void write_command(const report_request *request, FILE *page) {
    begin_fact("Command", page);
    (void)fputs("<code>denseblock report", page);
    for (int i = 0; i < request->argc; i++) {
        (void)fputc(' ', page);
        write_argument(request->argv[i], page);
    }
    (void)fputs("</code>", page);
    end_fact(page);
}

static void write_date(const report_figures *figures, FILE *page) {
    char text[DATE_SIZE] = "unknown";
    struct tm utc;

    if (gmtime_r(&figures->date, &utc) != NULL)
        (void)strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &utc);
    begin_fact("Date", page);
    html_text(page, "%s", text);
    end_fact(page);
}

static void write_block(const report_request *request, const report_figures *figures,
                        FILE *page) {
    const denseblock_desc *const desc = &figures->block->desc;
    char shape[SHAPE_TEXT_SIZE];
    char y_bytes[BYTES_TEXT_SIZE];
    int64_t y[4];

    output_shape(desc, y);
    begin_fact("Output", page);
    html_text(page, "%s %s, %s", shape_text(4, y, shape),
              type_choice_name(desc->type, desc->arithmetic),
              bytes_text(features_bytes(desc, desc->layer_count), y_bytes));
    end_fact(page);
    begin_fact("Data", page);
    if (request->input != NULL)
        html_text(page, "input %s, kernels %s", request->input, request->kernels);
    else
        html_text(page, "random numbers, seed 0");
    end_fact(page);
}

static void write_version(const char *name, int version, FILE *page) {
    if (version > 0)
        html_text(page, ", %s %d.%d.%d", name, version / 10000, version / 100 % 100,
                  version % 100);
}

static void write_devices(const denseblock_cuda *cuda, FILE *page) {
    char memory[BYTES_TEXT_SIZE];
    denseblock_device device;

    for (int i = 0; i < cuda->device_count; i++) {
        begin_fact("GPU", page);
        if (denseblock_device_query(i, &device) == DENSEBLOCK_OK)
            html_text(page, "%s, sm_%d, %d multiprocessors, %s%s%s", device.name,
                      device.compute_capability, device.multiprocessors,
                      bytes_text(device.memory_bytes, memory),
                      device.usable ? "" : "; cannot be used: ", device.problem);
        else
            html_text(page, "%s", denseblock_last_error());
        end_fact(page);
    }
}

static void write_machine(FILE *page) {
    const denseblock_build *const build = denseblock_build_info();
    char model[CPU_MODEL_SIZE];
    denseblock_cuda cuda;

    denseblock_cuda_query(&cuda);
    begin_fact("Processor", page);
    html_text(page, "%s, %ld hardware thread%s; kernels for %s", cpu_model(model),
              hardware_threads(), plural(hardware_threads()), kernels_text());
    end_fact(page);
    write_devices(&cuda, page);
    begin_fact("CUDA", page);
    html_text(page, "%s", cuda.condition);
    write_version("cuBLAS", cuda.cublas_version, page);
    write_version("cuDNN", cuda.cudnn_version, page);
    end_fact(page);
    begin_fact("Build", page);
    html_text(page, "denseblock %s, %s, OpenMP %s", denseblock_version_string(), build->compiler,
              build->openmp ? "on" : "off");
    if (build->cuda_compiler != NULL)
        html_text(page, ", %s for architectures %s", build->cuda_compiler,
                  build->cuda_architectures);
    end_fact(page);
}

/* ---- Figures ------------------------------------------------------------------------------- */

static void write_card(const char *title, const char *figure, const char *unit, const char *note,
                       FILE *page) {
    (void)fputs("<li>", page);
    html_element(page, "span class=\"card-title\"", "%s", title);
    (void)fputs("<span class=\"card-figure\">", page);
    html_text(page, "%s", figure);
    html_element(page, "span class=\"unit\"", " %s", unit);
    (void)fputs("</span>", page);
    html_element(page, "span class=\"card-note\"", "%s", note);
    (void)fputs("</li>\n", page);
}

static void write_time_card(const timing *first, FILE *page) {
    char figure[FIGURE_TEXT_SIZE];
    char note[SENTENCE_SIZE];

    (void)snprintf(note, sizeof note, "median, backend %s",
                   denseblock_backend_name(first->backend));
    write_card("Time", rounded_text(1e3 * first->time.median, figure), "ms", note, page);
}

static void write_rate_card(const timing *first, FILE *page) {
    char figure[FIGURE_TEXT_SIZE];
    char note[SENTENCE_SIZE] = "as direct convolution";

    if (first->flops <= 0 || first->time.median <= 0)
        return;
    if (first->peak > 0)
        (void)snprintf(note, sizeof note, "as direct convolution; %.0f %% of the peak",
                       100 * first->flops / first->time.median / first->peak);
    write_card("Speed", rounded_text(1e-9 * first->flops / first->time.median, figure), "GFLOP/s",
               note, page);
}

/* "102.1 MiB" in two parts. */
static void write_bytes_card(const char *title, size_t bytes, const char *note, FILE *page) {
    char text[BYTES_TEXT_SIZE];
    size_t length;

    (void)bytes_text(bytes, text);
    length = strcspn(text, " ");
    text[length] = '\0';
    write_card(title, text, text + length + 1, note, page);
}

static void write_memory_card(const report_figures *figures, FILE *page) {
    const memory_trial *const place = report_memory_of(figures, "inplace");
    const memory_trial *const copy = report_memory_of(figures, "copy");
    char note[SENTENCE_SIZE] = "peak, in place";

    if (place == NULL)
        return;
    if (copy != NULL && copy->measured.peak > 0)
        (void)snprintf(note, sizeof note, "peak, in place; %.0f %% of copying's",
                       100 * (double)place->measured.peak / (double)copy->measured.peak);
    write_bytes_card("Memory", place->measured.peak, note, page);
}

static void write_error_card(const report_figures *figures, FILE *page) {
    const comparison *const check = &figures->checks[0];
    char figure[FIGURE_TEXT_SIZE];
    char note[SENTENCE_SIZE];

    (void)snprintf(note, sizeof note, "relative L2, %s: tolerance %g",
                   check->passed ? "equal" : "DIFFERENT", check->tolerance);
    (void)snprintf(figure, sizeof figure, "%.2g", check->relative_l2);
    write_card("Error", figure, "", note, page);
}

/* The main figures in words. */
static void write_sentence(const report_figures *figures, FILE *page) {
    const denseblock_desc *const desc = &figures->block->desc;
    const timing *const first = &figures->speed.figures.timings[0];
    const memory_trial *const place = report_memory_of(figures, "inplace");
    const memory_trial *const copy = report_memory_of(figures, "copy");
    char text[2][BYTES_TEXT_SIZE];
    char figure[FIGURE_TEXT_SIZE];

    (void)fputs("<p class=\"lead\">", page);
    html_text(page, "The backend %s computes this block in %s ms",
              denseblock_backend_name(first->backend),
              rounded_text(1e3 * first->time.median, figure));
    if (denseblock_backend_memory(first->backend) == DENSEBLOCK_MEMORY_HOST)
        html_text(page, " on %d thread%s", first->threads, plural(first->threads));
    if (first->flops > 0 && first->time.median > 0)
        html_text(page, ", %s GFLOP/s counted as direct convolution",
                  rounded_text(1e-9 * first->flops / first->time.median, figure));
    if (place != NULL && copy != NULL)
        html_text(page, ". Held in place, it takes %s at most; concatenation by copying takes %s",
                  bytes_text(place->measured.peak, text[0]),
                  bytes_text(copy->measured.peak, text[1]));
    html_text(page, ". ");
    if (first->backend != DENSEBLOCK_BACKEND_REFERENCE)
        html_text(page, "Its result %s of %s.",
                  figures->checks[0].passed ? "equals that of the reference, within the tolerance"
                                            : "differs from that of the reference: beyond the "
                                              "tolerance",
                  type_choice_name(desc->type, desc->arithmetic));
    (void)fputs("</p>\n", page);
}

static void write_figures(const report_figures *figures, FILE *page) {
    const timing *const first = &figures->speed.figures.timings[0];

    (void)fputs("<ul class=\"cards\">\n", page);
    write_time_card(first, page);
    write_rate_card(first, page);
    write_memory_card(figures, page);
    write_error_card(figures, page);
    (void)fputs("</ul>\n", page);
}

static void write_links(const report_figures *figures, FILE *page) {
    static const char *const sections[][2] = {{"block", "Block"},      {"memory", "Memory"},
                                              {"layers", "Layers"},    {"roofline", "Roofline"},
                                              {"speed", "Speed"},      {"accuracy", "Accuracy"},
                                              {"maps", "Feature maps"}};

    (void)fputs("<nav aria-label=\"Sections\"><ul>", page);
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        const bool of_layers = i == 2 || i == 3;

        if ((of_layers && figures->layers == NULL) || (i == 6 && figures->maps == NULL))
            continue;
        (void)fprintf(page, "<li><a href=\"#%s\">%s</a></li>", sections[i][0], sections[i][1]);
    }
    (void)fputs("</ul></nav>\n", page);
}

void report_head(const report_request *request, const report_figures *figures, FILE *page) {
    const denseblock_desc *const desc = &figures->block->desc;
    char shape[SHAPE_TEXT_SIZE];
    char layers[LAYERS_TEXT_SIZE];
    int64_t x[4];

    input_shape(desc, x);
    (void)fputs("<header>\n<p class=\"kicker\">denseblock report</p>\n<h1>", page);
    html_text(page, "Dense block %s %s, %s", shape_text(4, x, shape),
              type_choice_name(desc->type, desc->arithmetic), layers_text(desc, layers));
    (void)fputs("</h1>\n", page);
    write_sentence(figures, page);
    write_figures(figures, page);
    (void)fputs("<dl class=\"facts\">\n", page);
    write_block(request, figures, page);
    write_machine(page);
    write_date(figures, page);
    write_command(request, page);
    (void)fputs("</dl>\n", page);
    write_links(figures, page);
    (void)fputs("</header>\n", page);
}
