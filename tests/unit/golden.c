#include "golden.h"

#include <math.h>

#include "elements/elements.h"
#include "suite.h"

void golden_read(const char *name, struct golden *golden) {
    char path[512];
    *golden = (struct golden){0};
    snprintf(path, sizeof path, CASES_FOLDER "/%s/input.npy", name);
    ck_ok(denseblock_npy_read(path, &golden->input));
    snprintf(path, sizeof path, CASES_FOLDER "/%s/output.npy", name);
    ck_ok(denseblock_npy_read(path, &golden->output));
    int count = 0;
    for (; count < FIXTURE_MAX_LAYERS; count++) {
        snprintf(path, sizeof path, CASES_FOLDER "/%s/kernel_%03d.npy", name, count);
        if (denseblock_npy_read(path, &golden->kernels[count]) != DENSEBLOCK_OK)
            break;
        const int64_t *shape = golden->kernels[count].shape;
        golden->layers[count] = (denseblock_layer){
            .kernel_height = shape[0], .kernel_width = shape[1], .growth = shape[3]};
    }
    golden->desc = (denseblock_desc){
        .batch = golden->input.shape[0],
        .height = golden->input.shape[1],
        .width = golden->input.shape[2],
        .channels = golden->input.shape[3],
        .layer_count = count,
        .layers = golden->layers,
        .type = golden->input.type,
    };
}

void golden_free(struct golden *golden) {
    denseblock_array_free(&golden->input);
    denseblock_array_free(&golden->output);
    for (int l = 0; l < FIXTURE_MAX_LAYERS; l++)
        denseblock_array_free(&golden->kernels[l]);
}

double golden_error(const char *name, const denseblock_array *expected, denseblock_type type,
                    const void *y) {
    double largest = 0, error = 0;
    const size_t count = denseblock_array_count(expected);
    for (size_t i = 0; i < count; i++) {
        const double wanted = dblk_element_load(expected->type, expected->data, i);
        const double found = dblk_element_load(type, y, i);
        ck_assert_msg(isnan(wanted) == isnan(found) && isinf(wanted) == isinf(found),
                      "%s: element %zu is %g, expected %g", name, i, found, wanted);
        if (isinf(wanted))
            ck_assert_double_eq(found, wanted);
        if (!isfinite(wanted))
            continue;
        largest = fmax(largest, fabs(wanted));
        error = fmax(error, fabs(found - wanted));
    }
    return largest > 0 ? error / largest : error;
}
