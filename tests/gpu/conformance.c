/* Every function of ptx.h on a GPU beside its twin: see --help. */
#include "conformance.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

enum { SKIPPED = 77, BAD_USAGE = 2, DEFAULT_FRAGMENTS = 240 };

#define CONFORMANCE_NAME(name) #name,
static const char *const names[] = {CONFORMANCE_LIST(CONFORMANCE_NAME)};

/* Room for the fragments of one function. */
struct buffers {
    unsigned fragments;
    uint32_t *in, *device, *twin, *magnitudes;
};

static uint32_t *words_for(unsigned fragments) {
    uint32_t *words = calloc(fragments, FRAGMENT_WORDS * sizeof *words);
    if (words == NULL) {
        fputs("no memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    return words;
}

static void run_side(const struct conformance_side *side, enum conformance_function function,
                     unsigned fragments, const uint32_t *in, uint32_t *out) {
    for (size_t i = 0; i < (size_t)fragments * FRAGMENT_WORDS; i++)
        out[i] = CONFORMANCE_UNTOUCHED;
    const char *const problem = side->run(function, fragments, in, out);
    if (problem == NULL)
        return;
    /* After an error of the GPU nothing that it is asked for has a meaning. */
    printf("FAILED: %s on %s: %s\n", names[function], side->name, problem);
    exit(EXIT_FAILURE);
}

/* Compares the device, whose results are there, with the twins. */
static struct conformance_result compare_with(const struct conformance_side *twins,
                                              enum conformance_function function,
                                              const struct buffers *buffers) {
    run_side(twins, function, buffers->fragments, buffers->in, buffers->twin);
    return conformance_compare(function, buffers->fragments, buffers->device, buffers->twin,
                               buffers->magnitudes);
}

/* The sums of magnitudes, which only the functions of matrices have. */
static void find_magnitudes(enum conformance_function function, const struct buffers *buffers) {
    conformance_magnitudes(function, buffers->fragments, buffers->in, buffers->twin);
    uint32_t *const in = words_for(buffers->fragments);
    for (size_t i = 0; i < (size_t)buffers->fragments * FRAGMENT_WORDS; i++)
        in[i] = buffers->twin[i];
    run_side(&conformance_twins, function, buffers->fragments, in, buffers->magnitudes);
    free(in);
}

static void print_result(enum conformance_function function,
                         const struct conformance_result *found, bool mistake_found) {
    const bool passed = found->differences == 0 && found->words > 0 && mistake_found;
    printf("%-22s %-6s %8lu words", names[function], passed ? "same" : "FAILED", found->words);
    if (found->largest_ulps > 0)
        printf(", off by %.3g ulp of the sum of magnitudes, %.2g of what is allowed",
               found->largest_ulps, found->largest_of_bound);
    if (found->noted > 0)
        printf(", %lu differ where none is judged", found->noted);
    if (found->differences > 0)
        printf(", %lu differ; the first in fragment %u, lane %u, word %u: GPU %08x, twin %08x",
               found->differences, found->fragment, found->lane, found->word, found->device,
               found->twin);
    if (!mistake_found)
        printf(", and a wrong twin was not found out");
    putchar('\n');
}

static void write_json(FILE *json, enum conformance_function function, unsigned fragments,
                       const struct conformance_result *found, bool mistake_found) {
    if (json != NULL)
        fprintf(json,
                "{\"function\": \"%s\", \"fragments\": %u, \"words\": %lu, \"differences\": %lu, "
                "\"not_judged\": %lu, \"largest_ulps\": %.6g, \"largest_of_bound\": %.6g, "
                "\"wrong_twin_found\": %s}\n",
                names[function], fragments, found->words, found->differences, found->noted,
                found->largest_ulps, found->largest_of_bound, mistake_found ? "true" : "false");
}

/* Whether the function conforms, and a mistake in its twin would have been found. */
static bool test(enum conformance_function function, uint64_t seed, const struct buffers *buffers,
                 FILE *json) {
    conformance_fill(function, seed, buffers->fragments, buffers->in);
    run_side(&conformance_device, function, buffers->fragments, buffers->in, buffers->device);
    if (function == CONFORMANCE_mma_m16n8k16_f16 || function == CONFORMANCE_mma_m16n8k16_bf16 ||
        function == CONFORMANCE_mma_m16n8k8_tf32)
        find_magnitudes(function, buffers);
    const struct conformance_result found = compare_with(&conformance_twins, function, buffers);
    const bool mistake_found =
        compare_with(&conformance_wrong_twins, function, buffers).differences > 0;
    print_result(function, &found, mistake_found);
    write_json(json, function, buffers->fragments, &found, mistake_found);
    return found.differences == 0 && found.words > 0 && mistake_found;
}

static void usage(FILE *to) {
    fputs(
        "Usage: gpu_conformance [OPTION]...\n\n"
        "Compares every function of cuda/ptx.h, on the first GPU, with the emulator's twin of\n"
        "it, on random fragments: bit for bit where data is moved, within a bound derived in\n"
        "conformance_compare.c where sums are rounded. A wrong twin of each must be found out.\n"
        "Ends with 0 if all are the same, 1 if not, 77 where there is no GPU.\n\n"
        "  --fragments N  of each function; default 240\n"
        "  --seed S       default 1\n"
        "  --json FILE    the figures, an object a line\n",
        to);
}

static unsigned long parse_number(const char *text, unsigned long most) {
    char *end;
    errno = 0;
    const unsigned long value = strtoul(text, &end, 10);
    if (errno != 0 || end == text || *end != 0 || value == 0 || value > most) {
        fprintf(stderr, "gpu_conformance: '%s' is no number from 1 to %lu\n", text, most);
        exit(BAD_USAGE);
    }
    return value;
}

int main(int argc, char **argv) {
    static const struct option options[] = {{"fragments", required_argument, NULL, 'f'},
                                            {"seed", required_argument, NULL, 's'},
                                            {"json", required_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    struct buffers buffers = {.fragments = DEFAULT_FRAGMENTS};
    uint64_t seed = 1;
    FILE *json = NULL;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
        case 'f':
            buffers.fragments = (unsigned)parse_number(optarg, 100000);
            break;
        case 's':
            seed = parse_number(optarg, UINT32_MAX);
            break;
        case 'j':
            json = fopen(optarg, "w");
            if (json == NULL) {
                perror(optarg);
                return BAD_USAGE;
            }
            break;
        default:
            usage(option == 'h' ? stdout : stderr);
            return option == 'h' ? EXIT_SUCCESS : BAD_USAGE;
        }
    }

    const char *const absent = conformance_device_begin();
    if (absent != NULL) {
        const bool required = getenv("DENSEBLOCK_REQUIRE_GPU") != NULL;
        printf("%s: %s\n", required ? "FAILED" : "SKIP", absent);
        return required ? EXIT_FAILURE : SKIPPED;
    }
    printf("%s beside the emulator's twins, seed %lu\n", conformance_device.name,
           (unsigned long)seed);
    buffers.in = words_for(buffers.fragments);
    buffers.device = words_for(buffers.fragments);
    buffers.twin = words_for(buffers.fragments);
    buffers.magnitudes = words_for(buffers.fragments);
    unsigned failures = 0;
    for (unsigned f = 0; f < CONFORMANCE_FUNCTIONS; f++)
        failures += !test((enum conformance_function)f, seed, &buffers, json);
    free(buffers.in);
    free(buffers.device);
    free(buffers.twin);
    free(buffers.magnitudes);
    if (json != NULL && fclose(json) != 0) {
        perror("gpu_conformance: the figures could not be written");
        return EXIT_FAILURE;
    }
    printf("%d functions, %u failed\n", CONFORMANCE_FUNCTIONS, failures);
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
