/* denseblock info: what this build and this machine can run, and why not the rest. */
#include "command.h"

#include <stdio.h>

#include "denseblock.h"
#include "json.h"
#include "line.h"
#include "machine.h"
#include "options.h"
#include "text.h"

static const command_page PAGE = {
    .name = "info",
    .synopsis = "[OPTION...]",
    .summary = "Show what this build and this machine can run, and why not the rest.\n",
    .examples = "Example: denseblock info --json\n",
};

enum { TITLE_SIZE = 32 };

static void print_build(void) {
    const denseblock_build *const build = denseblock_build_info();
    char model[CPU_MODEL_SIZE];

    report_line("version", "%s", denseblock_version_string());
    report_line("compiler", "%s, OpenMP %s", build->compiler, build->openmp ? "on" : "off");
    if (build->cuda_compiler != NULL)
        report_line("", "%s, architectures %s", build->cuda_compiler, build->cuda_architectures);
    report_line("processor", "%s, %ld hardware thread%s", cpu_model(model), hardware_threads(),
                plural(hardware_threads()));
    report_line("kernels", "%s", kernels_text());
    report_line("NVTX", "%s",
                build->nvtx ? "built in: profilers see layers, streams and buffers"
                            : "not in this build: its header was not found");
}

static void print_device(int number) {
    char title[TITLE_SIZE];
    char memory[BYTES_TEXT_SIZE];
    denseblock_device device;

    (void)snprintf(title, sizeof title, "device %d", number);
    if (denseblock_device_query(number, &device) != DENSEBLOCK_OK) {
        report_line(title, "%s", denseblock_last_error());
        return;
    }
    report_line(title, "%s, sm_%d, %d multiprocessors, %s%s%s", device.name,
                device.compute_capability, device.multiprocessors,
                bytes_text(device.memory_bytes, memory),
                device.usable ? "" : "; cannot be used: ", device.problem);
    report_line("", "its energy is %s%s",
                device.energy_counted ? "counted" : "not counted: ", device.energy_problem);
}

/* CUDA's numbers: 13.1.0 is 130100. */
static void print_library(const char *name, int version, const char *files) {
    if (version == 0)
        report_line(name, "not found: %s", files);
    else
        report_line(name, "%d.%d.%d", version / 10000, version / 100 % 100, version % 100);
}

static void print_cuda(void) {
    denseblock_cuda cuda;

    denseblock_cuda_query(&cuda);
    report_line("CUDA", "%s", cuda.condition);
    for (int i = 0; i < cuda.device_count; i++)
        print_device(i);
    if (denseblock_build_info()->cuda_compiler == NULL)
        return;
    print_library("cuBLAS", cuda.cublas_version, cuda.cublas_files);
    print_library("cuDNN", cuda.cudnn_version, cuda.cudnn_files);
}

static void print_backends(void) {
    for (int i = DENSEBLOCK_BACKEND_AUTO + 1; i < DENSEBLOCK_BACKEND_COUNT; i++) {
        const denseblock_backend backend = (denseblock_backend)i;
        const bool runs = denseblock_backend_check(backend) == DENSEBLOCK_OK;

        report_line(denseblock_backend_name(backend), "%s%s",
                    runs ? "can run" : denseblock_last_error(),
                    backend == denseblock_backend_auto() ? "; auto chooses it" : "");
    }
}

static json_t *json_device(int number) {
    denseblock_device device;

    if (denseblock_device_query(number, &device) != DENSEBLOCK_OK)
        return json_pack("{s:i, s:b, s:o}", "device", number, "usable", false, "error",
                         json_text(denseblock_last_error()));
    return json_pack("{s:i, s:b, s:s, s:o, s:i, s:i, s:o, s:o, s:b, s:o}", "device", number,
                     "usable", device.usable, "problem", device.problem, "name",
                     json_text(device.name), "compute_capability", device.compute_capability,
                     "multiprocessors", device.multiprocessors, "memory_bytes",
                     json_bytes(device.memory_bytes), "l2_bytes", json_bytes(device.l2_bytes),
                     "energy_counted", device.energy_counted, "energy_problem",
                     json_text(device.energy_problem));
}

static json_t *json_backend(int number) {
    const denseblock_backend backend = (denseblock_backend)number;
    const bool runs = denseblock_backend_check(backend) == DENSEBLOCK_OK;

    return json_pack("{s:s, s:b, s:o}", "name", denseblock_backend_name(backend), "can_run", runs,
                     "reason", json_text(runs ? NULL : denseblock_last_error()));
}

/* The values for first .. end-1. */
static json_t *json_list(json_t *(*make)(int number), int first, int end) {
    json_t *list = json_array();

    for (int i = first; list != NULL && i < end; i++)
        list = json_append(list, make(i));
    return list;
}

static json_t *json_cuda(void) {
    const denseblock_build *const build = denseblock_build_info();
    denseblock_cuda cuda;
    json_t *condition;

    denseblock_cuda_query(&cuda);
    condition = json_text(cuda.condition);
    return json_pack("{s:o, s:o, s:o, s:i, s:i, s:i, s:i, s:o}", "compiler",
                     json_text(build->cuda_compiler), "architectures",
                     json_text(build->cuda_architectures), "condition", condition,
                     "runtime_version", cuda.runtime_version, "driver_version",
                     cuda.driver_version, "cublas_version", cuda.cublas_version, "cudnn_version",
                     cuda.cudnn_version, "devices", json_list(json_device, 0, cuda.device_count));
}

static outcome print_json(void) {
    const denseblock_build *const build = denseblock_build_info();
    char model[CPU_MODEL_SIZE];

    return json_print(json_pack(
        "{s:s, s:s, s:o, s:b, s:b, s:o, s:i, s:o, s:o, s:s, s:o}", "command", "info", "version",
        denseblock_version_string(), "compiler", json_text(build->compiler), "openmp",
        build->openmp, "nvtx", build->nvtx, "processor", json_text(cpu_model(model)),
        "hardware_threads", (int)hardware_threads(), "isa", json_text(build->isa), "cuda",
        json_cuda(), "auto", denseblock_backend_name(denseblock_backend_auto()), "backends",
        json_list(json_backend, DENSEBLOCK_BACKEND_AUTO + 1, DENSEBLOCK_BACKEND_COUNT)));
}

outcome command_info(int argc, char **argv) {
    bool json = false;
    const option options[] = {
        {"json", NULL, "report as JSON", NULL, &json, false},
    };
    command_line line;
    outcome result;

    result = options_parse(&PAGE, options, sizeof options / sizeof options[0], argc, argv, &line);
    if (result == OUTCOME_SUCCESS && !line.help && json) {
        result = print_json();
    } else if (result == OUTCOME_SUCCESS && !line.help) {
        print_build();
        print_cuda();
        print_backends();
    }
    command_line_free(&line);
    return result;
}
