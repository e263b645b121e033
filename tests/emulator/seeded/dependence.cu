/* Mistakes of launches that overlap. */
#include "seeded.h"

#include "ptx.h"

enum { BLOCK = 64 };

__global__ void first_kernel(int *values) {
    values[threadIdx.x] = (int)threadIdx.x;
    griddepcontrol_launch_dependents();
}

/* What a kernel does ahead of its wait. */
enum early { EARLY_NOTHING, EARLY_LOAD, EARLY_COPY, EARLY_STORE, EARLY_EXIT };

struct rows {
    alignas(16) int values[BLOCK];
};

/* Weights, which no kernel writes, may be read at once; values of the kernel before only later. */
template <early EARLY>
__global__ void next_kernel(int *out, const int *values, const int *weights) {
    SHARED_MEMORY(rows, shared);
    const unsigned i = threadIdx.x;
    cp_async_4(&shared.values[i], EARLY == EARLY_COPY ? values + i : weights + i);
    int value = EARLY == EARLY_LOAD ? values[i] : 0;
    if (EARLY == EARLY_STORE)
        out[i] = 0;
    if (EARLY == EARLY_EXIT && i == BLOCK - 1)
        return;
    griddepcontrol_wait();
    cp_async_commit();
    cp_async_wait<0>();
    if (EARLY != EARLY_LOAD)
        value = values[i];
    out[i] = value + shared.values[i];
}

/* The values are those of an ordinary launch, or of one that overlaps with it. */
static void launch(bool wrong, enum early early, bool chained) {
    int *values = (int *)device_filled(BLOCK * sizeof(int), 0);
    int *out = (int *)device_memory(BLOCK * sizeof(int));
    const int *weights = (const int *)device_filled(BLOCK * sizeof(int), 1);
    LAUNCH(first_kernel, 1, BLOCK, 0, NULL, values);
    if (chained)
        LAUNCH_DEPENDENT(true, (next_kernel<EARLY_NOTHING>), 1, BLOCK, sizeof(rows), NULL,
                         (int *)device_memory(BLOCK * sizeof(int)), weights, weights);
    static decltype(&next_kernel<EARLY_NOTHING>) const kernels[] = {
        next_kernel<EARLY_NOTHING>, next_kernel<EARLY_LOAD>, next_kernel<EARLY_COPY>,
        next_kernel<EARLY_STORE>, next_kernel<EARLY_EXIT>};
    LAUNCH_DEPENDENT(true, kernels[wrong ? early : EARLY_NOTHING], 1, BLOCK, sizeof(rows), NULL,
                     out, values, weights);
}

extern "C" void seeded_load_before_dependency(bool wrong) {
    launch(wrong, EARLY_LOAD, false);
}
extern "C" void seeded_load_two_launches_behind(bool wrong) {
    launch(wrong, EARLY_LOAD, true);
}
extern "C" void seeded_copy_before_dependency(bool wrong) {
    launch(wrong, EARLY_COPY, false);
}
extern "C" void seeded_store_before_dependency(bool wrong) {
    launch(wrong, EARLY_STORE, false);
}
extern "C" void seeded_thread_without_dependency(bool wrong) {
    launch(wrong, EARLY_EXIT, false);
}

/* Behind a second ordinary launch, the values of the first are there. */
extern "C" void seeded_weights_of_this_forward(bool wrong) {
    int *values = (int *)device_filled(BLOCK * sizeof(int), 0);
    int *out = (int *)device_memory(BLOCK * sizeof(int));
    LAUNCH(first_kernel, 1, BLOCK, 0, NULL, values);
    LAUNCH_DEPENDENT(wrong, (next_kernel<EARLY_NOTHING>), 1, BLOCK, sizeof(rows), NULL, out,
                     (const int *)device_filled(BLOCK * sizeof(int), 0), values);
}
