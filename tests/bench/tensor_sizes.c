/* Prints how the tensor-core kernels are launched for 3x3, 1x1 and 1x3 kernels on the planes of
 * DenseNets, and for products: a line for each form, instructions, window, tile and width,
 *
 *   form instructions window columns width block_shared :
 *       shared_bytes stages positions pitch taps steps tap_bytes
 *
 * for blocks that may have `block_shared` bytes of shared memory. Where the way for a kernel has
 * another window or tile, there is no line. */
#include <stdio.h>

#include "tensor_shape.h"

static void print_way(enum dblk_tensor_form form, enum dblk_tensor_instructions instructions,
                      enum dblk_tensor_window window, int64_t columns, int64_t width,
                      int64_t block_shared) {
    const int64_t height = window == DBLK_TENSOR_3X3 ? 3 : 1;
    const int64_t kernel_width = window == DBLK_TENSOR_1X1 ? 1 : 3;
    struct dblk_tensor_way way;
    const bool found = window == DBLK_TENSOR_PRODUCT
                           ? dblk_tensor_find_product_way(form, instructions, columns,
                                                          (size_t)block_shared, &way)
                           : dblk_tensor_find_way(form, instructions, height, kernel_width, width,
                                                  columns, (size_t)block_shared, &way);
    if (!found || way.window != window || way.tile_columns != columns)
        return;
    printf("%d %d %d %d %d %d : %zu %d %d %d %d %d %d\n", (int)form, (int)instructions,
           (int)window, (int)columns, (int)width, (int)block_shared,
           dblk_tensor_shared_bytes(&way, width), way.stages,
           (int)dblk_tensor_positions(window, width), dblk_tensor_pitch(window),
           dblk_tensor_taps(window), dblk_tensor_steps(window),
           dblk_tensor_tap_bytes(form, window, way.tile_columns));
}

static void print_ways(enum dblk_tensor_form form, enum dblk_tensor_instructions instructions) {
    static const int64_t widths[] = {56, 28, 14, 7};
    static const int64_t limits[] = {163 * 1024, 227 * 1024};
    for (int window = 0; window <= DBLK_TENSOR_PRODUCT; window++)
        for (int wide = 0; wide < 2; wide++)
            for (int w = 0; w < 4; w++)
                for (int limit = 0; limit < 2; limit++)
                    print_way(form, instructions, (enum dblk_tensor_window)window,
                              wide ? dblk_tensor_wide(form) : DBLK_TENSOR_NARROW, widths[w],
                              limits[limit]);
}

int main(void) {
    for (int form = 0; form <= DBLK_TENSOR_TF32X3; form++) {
        print_ways((enum dblk_tensor_form)form, DBLK_TENSOR_MMA);
        print_ways((enum dblk_tensor_form)form, DBLK_TENSOR_WGMMA);
    }
    return 0;
}
