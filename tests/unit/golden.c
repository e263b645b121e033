#include "golden.h"

#include <dirent.h>
#include <math.h>
#include <stdlib.h>

#include "elements/elements.h"
#include "suite.h"

static const char *const folders[] = {CASES_FOLDER, RESIDUAL_FOLDER};

static denseblock_status read_array(const struct golden *golden, const char *file,
                                    denseblock_array *array) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s/%s.npy", folders[golden->residual], golden->name, file);
    return denseblock_npy_read(path, array);
}

/* A residual block is described by its first layer even where it has none. */
static int read_kernels(struct golden *golden) {
    int count = 0;
    golden->layers[0] = (denseblock_layer){
        .kernel_height = 3, .kernel_width = 3, .growth = golden->input.shape[3]};
    for (; count < FIXTURE_MAX_LAYERS; count++) {
        char file[32];
        snprintf(file, sizeof file, "kernel_%03d", count);
        if (read_array(golden, file, &golden->arrays[count]) != DENSEBLOCK_OK)
            break;
        const int64_t *shape = golden->arrays[count].shape;
        golden->kernels[count] = golden->arrays[count].data;
        golden->layers[count] = (denseblock_layer){
            .kernel_height = shape[0], .kernel_width = shape[1], .growth = shape[3]};
    }
    return count;
}

static void golden_read(const char *name, bool residual, struct golden *golden) {
    *golden = (struct golden){.name = name, .residual = residual};
    ck_ok(read_array(golden, "input", &golden->input));
    ck_ok(read_array(golden, "output", &golden->output));
    const int count = read_kernels(golden);
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

static void golden_free(struct golden *golden) {
    denseblock_array_free(&golden->input);
    denseblock_array_free(&golden->output);
    for (int l = 0; l < FIXTURE_MAX_LAYERS; l++)
        denseblock_array_free(&golden->arrays[l]);
}

/* A folder, and no program that writes them. */
static int is_case(const struct dirent *entry) {
    return strchr(entry->d_name, '.') == NULL;
}

int golden_for_each(bool residual, void (*check)(struct golden *golden, const void *user),
                    const void *user) {
    struct dirent **entries;
    const int count = scandir(folders[residual], &entries, is_case, alphasort);
    ck_assert_int_gt(count, 0);
    for (int i = 0; i < count; i++) {
        struct golden golden;
        golden_read(entries[i]->d_name, residual, &golden);
        check(&golden, user);
        golden_free(&golden);
        free(entries[i]);
    }
    free(entries);
    return count;
}

double golden_error(const struct golden *golden, const void *y) {
    const denseblock_array *expected = &golden->output;
    double largest = 0, error = 0;
    const size_t count = denseblock_array_count(expected);
    for (size_t i = 0; i < count; i++) {
        const double wanted = dblk_element_load(expected->type, expected->data, i);
        const double found = dblk_element_load(golden->desc.type, y, i);
        ck_assert_msg(same_kind(wanted, found), "%s: element %zu is %g, expected %g",
                      golden->name, i, found, wanted);
        if (!isfinite(wanted))
            continue;
        largest = fmax(largest, fabs(wanted));
        error = fmax(error, fabs(found - wanted));
    }
    return largest > 0 ? error / largest : error;
}
