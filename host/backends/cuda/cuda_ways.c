#include "backends/cuda/cuda_ways.h"

#include <limits.h>
#include <math.h>

#include "memory/integer.h"

static struct dblk_cuda_plan *cuda_of(const denseblock_plan *plan) {
    return plan->details;
}

static bool find_form(const denseblock_plan *plan, enum dblk_tensor_form *form) {
    switch (plan->type) {
    case DENSEBLOCK_F16:
        *form = DBLK_TENSOR_F16;
        return true;
    case DENSEBLOCK_BF16:
        *form = DBLK_TENSOR_BF16;
        return true;
    case DENSEBLOCK_F32:
        *form = plan->arithmetic == DENSEBLOCK_ARITHMETIC_TF32 ? DBLK_TENSOR_TF32
                                                               : DBLK_TENSOR_TF32X3;
        return plan->arithmetic != DENSEBLOCK_ARITHMETIC_FULL;
    case DENSEBLOCK_F64:
        break;
    }
    return false;
}

bool dblk_cuda_has_tensor_cores(const denseblock_plan *plan) {
    enum dblk_tensor_form form;
    return cuda_of(plan)->gpu.compute_capability >= 80 && find_form(plan, &form);
}

bool dblk_cuda_has_products(const denseblock_plan *plan) {
    return cuda_of(plan)->tensor || plan->type == DENSEBLOCK_F32 || plan->type == DENSEBLOCK_F64;
}

/* Whether a block of threads may have the shared memory for all tiles of the layer. */
static bool has_ways(const denseblock_plan *plan, int64_t l, denseblock_algorithm winograd) {
    const struct dblk_cuda_plan *cuda = cuda_of(plan);
    const struct dblk_layer *layer = &plan->layers[l];
    const size_t shared = cuda->gpu.shared_bytes;
    bool has = true;
    for (int wide = 0; has && wide < 2; wide++) {
        const int64_t columns = wide ? DBLK_TENSOR_NARROW + 1 : DBLK_TENSOR_NARROW;
        struct dblk_tensor_way way;
        has =
            dblk_tensor_find_way(cuda->form, cuda->instructions, layer->kernel_height,
                                 layer->kernel_width, plan->width, columns, shared, &way) &&
            (!dblk_algorithm_is_winograd(winograd) ||
             dblk_tensor_find_product_way(cuda->form, cuda->instructions, columns, shared, &way));
    }
    return has;
}

void dblk_cuda_choose_cores(const denseblock_plan *plan, denseblock_algorithm algorithm) {
    struct dblk_cuda_plan *cuda = cuda_of(plan);
    cuda->tensor = dblk_cuda_has_tensor_cores(plan) && find_form(plan, &cuda->form);
    if (algorithm == DENSEBLOCK_ALGORITHM_WINOGRAD4)
        cuda->form = DBLK_TENSOR_TF32X3;
    for (int64_t l = 0; cuda->tensor && l < plan->layer_count; l++)
        cuda->tensor = has_ways(plan, l, algorithm);
}

static bool is_winograd(const denseblock_plan *plan, int64_t l) {
    return dblk_algorithm_is_winograd(cuda_of(plan)->layers[l].algorithm);
}

struct dblk_cuda_work dblk_cuda_work_of(const denseblock_plan *plan, int64_t l) {
    const struct dblk_winograd_stack *stack = &cuda_of(plan)->stack;
    const struct dblk_layer *layer = &plan->layers[l];
    const struct dblk_group *group = &cuda_of(plan)->layers[l].group;
    const bool outer = l == group->first, winograd = is_winograd(plan, l);
    return (struct dblk_cuda_work){
        .type = plan->type,
        .matrices = winograd ? dblk_winograd_points(stack->tile) : 1,
        .pixels = winograd ? stack->slice_tiles : plan->slice_images * plan->height * plan->width,
        .taps = winograd ? 1 : layer->kernel_height * layer->kernel_width,
        .channels = outer ? group->channels : layer->channels - group->channels,
        .columns = outer ? group->columns : layer->growth,
    };
}

static bool find_way(const denseblock_plan *plan, int64_t l, int64_t columns,
                     struct dblk_tensor_way *way) {
    const struct dblk_cuda_plan *cuda = cuda_of(plan);
    const struct dblk_layer *layer = &plan->layers[l];
    return is_winograd(plan, l)
               ? dblk_tensor_find_product_way(cuda->form, cuda->instructions, columns,
                                              cuda->gpu.shared_bytes, way)
               : dblk_tensor_find_way(cuda->form, cuda->instructions, layer->kernel_height,
                                      layer->kernel_width, plan->width, columns,
                                      cuda->gpu.shared_bytes, way);
}

/* Takes the way with so many blocks, if its parts have room and the model finds it faster. */
static void try_blocks(const denseblock_plan *plan, const struct dblk_cuda_work *work,
                       struct dblk_tensor_way way, int64_t blocks, size_t room,
                       struct dblk_tensor_way *best, double *least) {
    int64_t units;
    if (blocks != 0 &&
        (__builtin_mul_overflow(dblk_tensor_tiles(&way, work->pixels, work->columns),
                                dblk_tensor_chunks(&way, work->channels), &units) ||
         units > INT_MAX || blocks > units))
        return; /* more than a launch counts, or fewer than a unit for each */
    way.blocks = (int)blocks;
    if (dblk_tensor_parts_bytes(&way, work->pixels, work->columns) > room)
        return;
    const double time = dblk_cuda_tensor_time(&cuda_of(plan)->gpu, &way, work);
    if (time < *least) {
        *least = time;
        *best = way;
    }
}

/* The fastest, by the model: with a block for each tile; with as many as run at once, of which a
 * wide tile's takes all registers of a multiprocessor, and of the narrow ones a second computes
 * while the first one stores; or, of few tiles, with several for each. Products, of which there is
 * one for every point, have a block for each tile. */
static bool choose_way(const denseblock_plan *plan, int64_t l, size_t room,
                       struct dblk_tensor_way *best) {
    enum { MOST_BLOCKS_OF_A_TILE = 64 };
    const struct dblk_cuda_work work = dblk_cuda_work_of(plan, l);
    double least = INFINITY;
    for (int narrow = 0; narrow < 2; narrow++) {
        struct dblk_tensor_way way;
        if (!find_way(plan, l, narrow ? DBLK_TENSOR_NARROW : work.columns, &way))
            return false;
        try_blocks(plan, &work, way, 0, room, best, &least);
        if (is_winograd(plan, l))
            continue;
        const int64_t tiles = dblk_tensor_tiles(&way, work.pixels, work.columns);
        const int64_t most =
            dblk_smaller(dblk_tensor_chunks(&way, work.channels), MOST_BLOCKS_OF_A_TILE);
        const int at_once =
            way.tile_columns == DBLK_TENSOR_NARROW && way.instructions == DBLK_TENSOR_MMA ? 2 : 1;
        try_blocks(plan, &work, way, (int64_t)cuda_of(plan)->gpu.multiprocessors * at_once, room,
                   best, &least);
        for (int64_t blocks = 2; blocks <= most; blocks++)
            try_blocks(plan, &work, way, blocks * tiles, room, best, &least);
    }
    return true;
}

void dblk_cuda_choose_way(const denseblock_plan *plan, int64_t l, size_t room) {
    (void)choose_way(plan, l, room, dblk_cuda_way_of(plan, l));
}

size_t dblk_cuda_parts_bytes(const denseblock_plan *plan, int64_t l) {
    const struct dblk_cuda_work work = dblk_cuda_work_of(plan, l);
    return cuda_of(plan)->tensor
               ? dblk_tensor_parts_bytes(dblk_cuda_way_of(plan, l), work.pixels, work.columns)
               : 0;
}
