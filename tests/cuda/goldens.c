#include "goldens.h"

#include <dirent.h>
#include <stdlib.h>

#include "against_reference.h"
#include "backends.h"
#include "golden.h"
#include "on_double.h"

static void check_case(const char *name, const struct golden *golden,
                       const denseblock_plan_options *options) {
    const void *kernels[FIXTURE_MAX_LAYERS];
    for (int l = 0; l < FIXTURE_MAX_LAYERS; l++)
        kernels[l] = golden->kernels[l].data;
    const size_t elements = denseblock_array_count(&golden->output);
    void *y = aligned_memory(elements * denseblock_type_size(golden->desc.type));
    for (int way = 0; way < 2; way++) {
        begin_quietly();
        ck_ok(cuda_case_run(&(struct cuda_case){.backend = tested,
                                                .desc = &golden->desc,
                                                .options = options,
                                                .kernels = kernels,
                                                .x = golden->input.data,
                                                .y = y,
                                                .in_place = way == 1}));
        check_quiet(name);
        const double error = golden_error(name, &golden->output, golden->desc.type, y);
        ck_assert_msg(error <= tolerance(golden->desc.type), "%s: relative error %g", name,
                      error);
    }
    free(y);
}

int check_goldens(bool (*suits)(const denseblock_desc *desc), denseblock_arithmetic of_f32,
                  const denseblock_plan_options *options) {
    struct dirent **entries;
    const int count = scandir(CASES_FOLDER, &entries, NULL, alphasort);
    int cases = 0;
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        if (name[0] != '.') {
            struct golden golden;
            golden_read(name, &golden);
            if (golden.desc.type == DENSEBLOCK_F32)
                golden.desc.arithmetic = of_f32;
            if (suits == NULL || suits(&golden.desc)) {
                check_case(name, &golden, options);
                cases++;
            }
            golden_free(&golden);
        }
        free(entries[i]);
    }
    free(entries);
    return cases;
}
