#include "goldens.h"

#include <stdlib.h>

#include "against_reference.h"
#include "backends.h"
#include "golden.h"
#include "on_double.h"

static void check_case(const struct golden *golden, const denseblock_plan_options *options) {
    const size_t elements = denseblock_array_count(&golden->output);
    void *y = aligned_memory(elements * denseblock_type_size(golden->desc.type));
    for (int way = 0; way < 2; way++) {
        begin_quietly();
        ck_ok(cuda_case_run(&(struct cuda_case){.backend = tested,
                                                .desc = &golden->desc,
                                                .residual = golden->residual,
                                                .options = options,
                                                .kernels = golden->kernels,
                                                .x = golden->input.data,
                                                .y = y,
                                                .in_place = way == 1}));
        check_quiet(golden->name);
        const double error = golden_error(golden, y);
        ck_assert_msg(error <= tolerance(golden->desc.type), "%s: relative error %g",
                      golden->name, error);
    }
    free(y);
}

static int cases; /* that suited */

static void check_if_it_suits(struct golden *golden, const void *user) {
    const struct golden_choice *choice = user;
    if (golden->desc.type == DENSEBLOCK_F32)
        golden->desc.arithmetic = choice->of_f32;
    if (choice->suits != NULL && !choice->suits(&golden->desc))
        return;
    check_case(golden, choice->options);
    cases++;
}

int check_goldens(const struct golden_choice *choice) {
    cases = 0;
    (void)golden_for_each(choice->residual, check_if_it_suits, choice);
    return cases;
}
