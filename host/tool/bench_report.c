#include "bench.h"

#include <inttypes.h>
#include <stdio.h>

#include "json.h"
#include "text.h"

/* Amount a second; nothing at all takes no time. */
static double rate(double amount, double seconds) {
    return seconds > 0 ? amount / seconds : 0;
}

static void print_timing(const timing *measured) {
    const double speed = rate(measured->flops, measured->median);

    (void)printf("%-10s  %7d %11.3f %11.3f %11.3f %9.2f %8.2f", //
                 denseblock_backend_name(measured->backend), measured->threads,
                 1e3 * measured->median, 1e3 * measured->least, 1e3 * measured->most,
                 1e-9 * speed, 1e-9 * rate(measured->bytes, measured->median));
    if (measured->peak > 0)
        (void)printf(" %7.1f %%", 100 * speed / measured->peak);
    (void)putchar('\n');
}

void bench_print(const bench_request *request, const denseblock_desc *desc,
                 const bench_figures *figures) {
    const int64_t x[] = {desc->batch, desc->height, desc->width, desc->channels};
    const timing *const first = &figures->timings[0];
    char shape[SHAPE_TEXT_SIZE];
    char layers[LAYERS_TEXT_SIZE];

    (void)printf("%-10s  %s %s, %s\n", "block", shape_text(4, x, shape),
                 denseblock_type_name(desc->type), layers_text(desc, layers));
    (void)printf("%-10s  %.3f GFLOP as direct convolution, %.3f GB moved layer by layer\n",
                 "work", 1e-9 * first->flops, 1e-9 * first->bytes);
    for (size_t i = 0; i < figures->count; i++) {
        const timing *const measured = &figures->timings[i];

        /* Backends with as many threads share a measurement. */
        if (measured->peak > 0 && (i == 0 || measured->threads != first->threads))
            (void)printf("%-10s  %.1f GFLOP/s of multiply-adds, %d thread%s\n", "peak",
                         1e-9 * measured->peak, measured->threads,
                         measured->threads == 1 ? "" : "s");
    }
    (void)printf("%-10s  %" PRId64 ", after one to warm up; milliseconds below\n\n", "repeats",
                 request->repeats);
    (void)printf("%-10s  %7s %11s %11s %11s %9s %8s %9s\n", "backend", "threads", "median", "min",
                 "max", "GFLOP/s", "GB/s", "of peak");
    for (size_t i = 0; i < figures->count; i++)
        print_timing(&figures->timings[i]);
}

static json_t *json_timing(const timing *measured) {
    const double speed = rate(measured->flops, measured->median);

    return json_pack(
        "{s:s, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "backend",
        denseblock_backend_name(measured->backend), "threads", measured->threads, "median_ms",
        json_number(1e3 * measured->median), "min_ms", json_number(1e3 * measured->least),
        "max_ms", json_number(1e3 * measured->most), "gflops_per_second",
        json_number(1e-9 * speed), "gbytes_per_second",
        json_number(1e-9 * rate(measured->bytes, measured->median)), "peak_gflops_per_second",
        measured->peak > 0 ? json_number(1e-9 * measured->peak) : json_null(), "fraction_of_peak",
        measured->peak > 0 ? json_number(speed / measured->peak) : json_null());
}

outcome bench_print_json(const bench_request *request, const denseblock_desc *desc,
                         const bench_figures *figures) {
    const int64_t x[] = {desc->batch, desc->height, desc->width, desc->channels};
    const timing *const first = &figures->timings[0];
    json_t *backends = json_array();

    for (size_t i = 0; backends != NULL && i < figures->count; i++) {
        if (json_array_append_new(backends, json_timing(&figures->timings[i])) != 0) {
            json_decref(backends);
            backends = NULL;
        }
    }
    return json_print(json_pack("{s:s, s:s, s:o, s:o, s:s, s:I, s:o, s:o, s:o}", "command",
                                "bench", "type", denseblock_type_name(desc->type), "input_shape",
                                json_shape(x, 4), "layers", json_layers(desc), "algorithm",
                                algorithm_name(request->options.algorithm), "repeats",
                                (json_int_t)request->repeats, "flops", json_number(first->flops),
                                "bytes_moved", json_number(first->bytes), "backends", backends));
}
