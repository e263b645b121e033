#include "backends/host_tensor.h"

#include <string.h>

#ifdef _OPENMP
#include <omp.h>
#endif

denseblock_status dblk_host_place_input(denseblock_context *context, const denseblock_plan *plan,
                                        const struct dblk_region *region, const void *x,
                                        void *features, void *workspace) {
    (void)context; /* the table's functions all take them */
    (void)workspace;
    if (x == NULL)
        return DENSEBLOCK_OK;
    const size_t element_size = denseblock_type_size(plan->type);
    const size_t pixel = (size_t)plan->channels * element_size;
    const size_t pitch = (size_t)plan->feature_pitch * element_size;
    const int64_t rows = region->images * region->rows;
#pragma omp parallel for num_threads(plan->thread_count)
    for (int64_t r = 0; r < rows; r++) {
        const int64_t image = region->image + r / region->rows;
        const int64_t row = image * plan->height + region->row + r % region->rows;
        for (int64_t p = row * plan->width; p < (row + 1) * plan->width; p++)
            memcpy((char *)features + (size_t)p * pitch, (const char *)x + (size_t)p * pixel,
                   pixel);
    }
    return DENSEBLOCK_OK;
}

int dblk_host_thread_count(int64_t asked) {
#ifdef _OPENMP
    int count = asked != 0 ? (int)asked : omp_get_max_threads();
    if (count > omp_get_thread_limit()) /* more would not be started */
        count = omp_get_thread_limit();
    return count < DBLK_MAX_THREADS ? count : DBLK_MAX_THREADS;
#else
    (void)asked;
    return 1;
#endif
}

size_t dblk_host_thread(void) {
#ifdef _OPENMP
    return (size_t)omp_get_thread_num();
#else
    return 0;
#endif
}
