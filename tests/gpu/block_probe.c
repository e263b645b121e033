/* A backend beside the reference, on one block or on random ones: see --help. It uses nothing but
 * the public interface, and no library besides: GPU machines often lack the tool's. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "probe.h"

enum { DIFFERENT = 1, BAD_USAGE = 2, SKIPPED = 77 };
enum { MOST = 1 << 24 }; /* of sizes and counts */

static void usage(FILE *to) {
    fputs(
        "Usage: block_probe --shape N,H,W,C --layers L --growth G [OPTION]...\n"
        "       block_probe --random COUNT [OPTION]...\n\n"
        "Runs a block on a backend, by plain launches and as a graph, and compares it with the\n"
        "reference: where NaN and Inf stand, the largest error by the largest value, and the\n"
        "relative error in the L2 norm. Writes an object of JSON a line. Ends with 0 if all are\n"
        "equal, 1 if not, 2 for bad usage, 3 where something failed, 77 where the backend\n"
        "cannot run.\n\n"
        "  --residual       a residual block: of L / 2 units, with G hidden channels\n"
        "  --kernel KHxKW   default 3x3\n"
        "  --backend B      default cuda\n"
        "  --type T         f32 (default), f64, f16, bf16; tf32, which is f32 with operands\n"
        "                   rounded to it; tf32x3, with three such products for each; all,\n"
        "                   for random blocks: each of another one\n"
        "  --group G        layers computed together; default: the plan decides\n"
        "  --algorithm A    auto (default), direct, winograd2, winograd4\n"
        "  --wgmma          by the matrix instructions of sm_90a\n"
        "  --seed S         default 1; of random blocks, the first one's\n"
        "  --images P       different images of the batch, at most; default 2\n"
        "  --repeat R       also time it, R times by plain launches and R times as a graph\n"
        "  --tolerance T    default as the tool's verify\n"
        "  --no-poison      leave y as allocated before, and not full of NaN: for a sanitizer\n"
        "                   that looks for reads of what nobody has written\n",
        to);
}

static void bad_usage(const char *option, const char *text) {
    fprintf(stderr, "block_probe: --%s %s is not understood (--help tells)\n", option, text);
    exit(BAD_USAGE);
}

static int64_t parse_number(const char *option, const char *text, int64_t least, int64_t most) {
    char *end;
    errno = 0;
    const long long value = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != 0 || value < least || value > most)
        bad_usage(option, text);
    return value;
}

/* So many sizes from 1 on, with the separator between them. */
static void parse_sizes(const char *option, const char *text, char separator, size_t count,
                        int64_t **sizes) {
    const char *rest = text;
    for (size_t i = 0; i < count; i++) {
        char *end;
        errno = 0;
        const long long value = strtoll(rest, &end, 10);
        const char expected = i + 1 < count ? separator : 0;
        if (errno != 0 || end == rest || *end != expected || value < 1 || value > MOST)
            bad_usage(option, text);
        *sizes[i] = value;
        rest = end + 1;
    }
}

static void parse_type(const char *text, struct probe_request *request) {
    request->every_type = strcmp(text, "all") == 0;
    if (request->every_type)
        return;
    if (strcmp(text, "tf32") == 0 || strcmp(text, "tf32x3") == 0) {
        request->type = DENSEBLOCK_F32;
        request->arithmetic =
            strcmp(text, "tf32") == 0 ? DENSEBLOCK_ARITHMETIC_TF32 : DENSEBLOCK_ARITHMETIC_TF32X3;
    } else if (denseblock_type_from_name(text, &request->type) != DENSEBLOCK_OK) {
        bad_usage("type", text);
    }
}

static const char *const algorithms[] = {
    [DENSEBLOCK_ALGORITHM_AUTO] = "auto",
    [DENSEBLOCK_ALGORITHM_DIRECT] = "direct",
    [DENSEBLOCK_ALGORITHM_WINOGRAD2] = "winograd2",
    [DENSEBLOCK_ALGORITHM_WINOGRAD4] = "winograd4",
};

static denseblock_algorithm parse_algorithm(const char *text) {
    for (size_t a = 0; a < sizeof algorithms / sizeof algorithms[0]; a++)
        if (strcmp(text, algorithms[a]) == 0)
            return (denseblock_algorithm)a;
    bad_usage("algorithm", text);
    return DENSEBLOCK_ALGORITHM_AUTO;
}

enum option_name {
    SHAPE = 1,
    LAYERS,
    GROWTH,
    KERNEL,
    RESIDUAL,
    RANDOM,
    BACKEND,
    TYPE,
    GROUP,
    ALGORITHM,
    WGMMA,
    SEED,
    IMAGES,
    REPEAT,
    TOLERANCE,
    NO_POISON,
    HELP
};

static const struct option options[] = {{"shape", required_argument, NULL, SHAPE},
                                        {"layers", required_argument, NULL, LAYERS},
                                        {"growth", required_argument, NULL, GROWTH},
                                        {"kernel", required_argument, NULL, KERNEL},
                                        {"residual", no_argument, NULL, RESIDUAL},
                                        {"random", required_argument, NULL, RANDOM},
                                        {"backend", required_argument, NULL, BACKEND},
                                        {"type", required_argument, NULL, TYPE},
                                        {"group", required_argument, NULL, GROUP},
                                        {"algorithm", required_argument, NULL, ALGORITHM},
                                        {"wgmma", no_argument, NULL, WGMMA},
                                        {"seed", required_argument, NULL, SEED},
                                        {"images", required_argument, NULL, IMAGES},
                                        {"repeat", required_argument, NULL, REPEAT},
                                        {"tolerance", required_argument, NULL, TOLERANCE},
                                        {"no-poison", no_argument, NULL, NO_POISON},
                                        {"help", no_argument, NULL, HELP},
                                        {0}};

static void parse_option(int option, const char *name, struct probe_request *request) {
    int64_t *const shape = request->shape;
    switch ((enum option_name)option) {
    case SHAPE:
        parse_sizes(name, optarg, ',', 4,
                    (int64_t *[]){&shape[0], &shape[1], &shape[2], &shape[3]});
        break;
    case KERNEL:
        parse_sizes(name, optarg, 'x', 2,
                    (int64_t *[]){&request->kernel_height, &request->kernel_width});
        break;
    case LAYERS:
        request->layers = parse_number(name, optarg, 0, MOST);
        break;
    case GROWTH:
        request->growth = parse_number(name, optarg, 1, MOST);
        break;
    case RESIDUAL:
        request->residual = true;
        break;
    case RANDOM:
        request->random = parse_number(name, optarg, 1, MOST);
        break;
    case BACKEND:
        if (denseblock_backend_from_name(optarg, &request->backend) != DENSEBLOCK_OK)
            bad_usage(name, optarg);
        break;
    case TYPE:
        parse_type(optarg, request);
        break;
    case GROUP:
        request->group_size = parse_number(name, optarg, 0, MOST);
        break;
    case ALGORITHM:
        request->algorithm = parse_algorithm(optarg);
        break;
    case WGMMA:
        request->instructions = DENSEBLOCK_INSTRUCTIONS_WGMMA;
        break;
    case SEED:
        request->seed = (uint64_t)parse_number(name, optarg, 0, INT64_MAX / 2);
        break;
    case IMAGES:
        request->images = parse_number(name, optarg, 1, MOST);
        break;
    case REPEAT:
        request->repeats = parse_number(name, optarg, 1, 1000);
        break;
    case TOLERANCE: {
        char *end;
        request->tolerance = strtod(optarg, &end);
        if (end == optarg || *end != 0)
            bad_usage(name, optarg);
        break;
    }
    case NO_POISON:
        request->no_poison = true;
        break;
    case HELP:
        usage(stdout);
        exit(EXIT_SUCCESS);
    default:
        usage(stderr);
        exit(BAD_USAGE);
    }
}

static struct probe_request parse_arguments(int argc, char **argv) {
    struct probe_request request = {
        .kernel_height = 3,
        .kernel_width = 3,
        .seed = 1,
        .backend = DENSEBLOCK_BACKEND_CUDA,
        .images = 2,
        .layers = -1,
        .tolerance = -1,
    };
    int index = 0;
    for (int option; (option = getopt_long(argc, argv, "", options, &index)) != -1;)
        parse_option(option, option == '?' ? "" : options[index].name, &request);
    const bool one = request.shape[0] > 0 && request.layers >= 0 && request.growth > 0;
    if (optind != argc || one == (request.random > 0)) {
        usage(stderr);
        exit(BAD_USAGE);
    }
    return request;
}

/* ---- Report ---- */

static void print_text(const char *text) {
    putchar('"');
    for (; *text != 0; text++)
        if (*text == '"' || *text == '\\')
            printf("\\%c", *text);
        else if ((unsigned char)*text < ' ')
            printf("\\u%04x", (unsigned)*text);
        else
            putchar(*text);
    putchar('"');
}

static void print_errors(const char *name, const struct probe_errors *errors) {
    printf(", \"%s\": {\"max_error\": %.4g, \"l2_error\": %.4g, \"special_differences\": %" PRId64
           ", \"compared\": %" PRId64 ", \"worst\": [%" PRId64 ", %" PRId64 ", %" PRId64
           ", %" PRId64 "]}",
           name, errors->max_error, errors->l2_error, errors->special_differences, errors->count,
           errors->worst[0], errors->worst[1], errors->worst[2], errors->worst[3]);
}

static void print_times(const char *name, const struct probe_times *times) {
    printf(", \"%s\": {\"median_ms\": %.6g, \"min_ms\": %.6g, \"max_ms\": %.6g, "
           "\"enqueue_us\": %.4g}",
           name, times->median_ms, times->least_ms, times->most_ms, times->enqueue_us);
}

static const char *type_name(const denseblock_desc *desc) {
    return desc->arithmetic == DENSEBLOCK_ARITHMETIC_TF32     ? "tf32"
           : desc->arithmetic == DENSEBLOCK_ARITHMETIC_TF32X3 ? "tf32x3"
                                                              : denseblock_type_name(desc->type);
}

static void print_block(const struct probe_request *request, const struct probe_case *block) {
    const denseblock_desc *const desc = &block->desc;
    printf("{\"shape\": [%" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64 "], \"layers\": [",
           desc->batch, desc->height, desc->width, desc->channels);
    for (int64_t l = 0; l < desc->layer_count; l++)
        printf("%s[%" PRId64 ", %" PRId64 ", %" PRId64 "]", l > 0 ? ", " : "",
               desc->layers[l].kernel_height, desc->layers[l].kernel_width,
               desc->layers[l].growth);
    printf("], \"type\": \"%s\", \"backend\": \"%s\", \"algorithm\": \"%s\", "
           "\"residual\": %s, \"wgmma\": %s, \"group\": %" PRId64 ", \"seed\": %" PRIu64
           ", \"in_place\": %s",
           type_name(desc), denseblock_backend_name(request->backend),
           algorithms[request->algorithm], block->residual ? "true" : "false",
           request->instructions == DENSEBLOCK_INSTRUCTIONS_WGMMA ? "true" : "false",
           request->group_size, block->seed, block->in_place ? "true" : "false");
}

static bool is_good(const struct probe_errors *errors, double tolerance) {
    return errors->special_differences == 0 && errors->max_error <= tolerance &&
           errors->l2_error <= tolerance; /* false for NaN */
}

/* Prints what was found; whether it is as it should be. */
static bool report(const struct probe_request *request, const struct probe_case *block,
                   const struct probe_findings *findings) {
    print_block(request, block);
    if (findings->unsupported != NULL) {
        printf(", \"unsupported\": ");
        print_text(findings->unsupported);
        printf("}\n");
        return true;
    }
    const double tolerance = request->tolerance >= 0
                                 ? request->tolerance
                                 : probe_tolerance(block->desc.type, block->desc.arithmetic);
    const bool passed = is_good(&findings->plain, tolerance) && findings->guards_intact &&
                        (!findings->has_graph || is_good(&findings->graph, tolerance));
    printf(", \"passed\": %s, \"tolerance\": %g, \"guards_intact\": %s",
           passed ? "true" : "false", tolerance, findings->guards_intact ? "true" : "false");
    print_errors("plain", &findings->plain);
    if (findings->has_graph)
        print_errors("graph", &findings->graph);
    if (request->repeats > 0) {
        print_times("plain_times", &findings->plain_times);
        if (findings->has_graph)
            print_times("graph_times", &findings->graph_times);
    }
    printf(", \"output_bytes\": %zu, \"weights_bytes\": %zu, \"workspace_bytes\": %zu, "
           "\"flops\": %.0f, \"plan\": ",
           findings->output_bytes, findings->weights_bytes, findings->workspace_bytes,
           findings->flops);
    print_text(findings->plan);
    printf("}\n");
    (void)fflush(stdout);
    return passed;
}

int main(int argc, char **argv) {
    const struct probe_request request = parse_arguments(argc, argv);
    if (denseblock_backend_check(request.backend) != DENSEBLOCK_OK) {
        printf("SKIP: the %s backend: %s\n", denseblock_backend_name(request.backend),
               denseblock_last_error());
        return SKIPPED;
    }
    const int64_t count = request.random > 0 ? request.random : 1;
    int64_t failed = 0;
    for (int64_t i = 0; i < count; i++) {
        struct probe_case block;
        struct probe_findings findings;
        probe_case_make(&request, request.seed + (uint64_t)i, &block);
        probe_run(&request, &block, &findings);
        failed += !report(&request, &block, &findings);
        probe_case_free(&block);
    }
    return failed == 0 ? EXIT_SUCCESS : DIFFERENT;
}
