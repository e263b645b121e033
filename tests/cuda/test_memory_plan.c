/* The memory of plans in place of backends of GPUs, for the blocks of DenseNets: nothing is run. */
#include "backends.h"
#include "on_double.h"

/* Planes, channels, layers and growth. */
static const int64_t blocks[][4] = {
    {56, 64, 6, 32},   {28, 128, 12, 32}, {14, 256, 24, 32}, {7, 512, 16, 32},  /* DenseNet-121 */
    {14, 256, 32, 32}, {7, 640, 32, 32},  {14, 256, 48, 32}, {7, 896, 32, 32},  /* 169 and 201 */
    {14, 256, 64, 32}, {7, 1152, 48, 32}, {32, 24, 16, 12},  {16, 108, 16, 12}, /* 264, BC-100 */
    {8, 150, 16, 12},  {32, 16, 12, 12},  {16, 160, 12, 12}, {8, 304, 12, 12},  /* 40-12 */
};
enum { BLOCKS = sizeof blocks / sizeof blocks[0], MOST_LAYERS = 64 };

static const int64_t batches[] = {1, 8, 64};

static denseblock_plan *plan_of(const int64_t block[4], int64_t batch, denseblock_type type,
                                denseblock_arithmetic arithmetic,
                                const denseblock_plan_options *options) {
    denseblock_layer layers[MOST_LAYERS];
    denseblock_layers_fill(layers, (size_t)block[2], 3, 3, block[3]);
    const denseblock_desc desc = {.batch = batch,
                                  .height = block[0],
                                  .width = block[0],
                                  .channels = block[1],
                                  .layer_count = block[2],
                                  .layers = layers,
                                  .type = type,
                                  .arithmetic = arithmetic};
    denseblock_plan *plan;
    ck_ok(denseblock_plan_create(&desc, tested, options, &plan));
    return plan;
}

static void check_little_memory(denseblock_type type, denseblock_arithmetic arithmetic) {
    const denseblock_plan_options options = {.algorithm = DENSEBLOCK_ALGORITHM_DIRECT,
                                             .group_size = 1};
    for (int b = 0; b < BLOCKS; b++)
        for (size_t n = 0; n < sizeof batches / sizeof batches[0]; n++) {
            denseblock_plan *const plan =
                plan_of(blocks[b], batches[n], type, arithmetic, &options);
            const size_t needed =
                denseblock_plan_output_bytes(plan) + denseblock_plan_weights_bytes(plan);
            ck_assert_uint_le(denseblock_plan_workspace_bytes(plan), needed / 20);
            denseblock_plan_destroy(plan);
        }
}

/* Tensor cores share tiles of small batches, and add in the workspace. */
START_TEST(direct_layers_one_by_one_need_no_more_than_y_and_weights_and_5_percent) {
    begin_quietly();
    check_little_memory(DENSEBLOCK_F32, DENSEBLOCK_ARITHMETIC_FULL);
    check_little_memory(DENSEBLOCK_F32, DENSEBLOCK_ARITHMETIC_TF32);
    check_little_memory(DENSEBLOCK_F16, DENSEBLOCK_ARITHMETIC_FULL);
}
END_TEST

START_TEST(every_other_plan_needs_its_workspace_limit_at_most_on_top) {
    static const denseblock_type types[] = {DENSEBLOCK_F32, DENSEBLOCK_F16, DENSEBLOCK_F32};
    static const denseblock_arithmetic arithmetics[] = {
        DENSEBLOCK_ARITHMETIC_FULL, DENSEBLOCK_ARITHMETIC_FULL, DENSEBLOCK_ARITHMETIC_TF32};
    begin_quietly();
    for (int b = 0; b < BLOCKS; b++)
        for (int t = 0; t < 3; t++)
            for (int64_t group = 0; group <= 1; group++) {
                const denseblock_plan_options options = {.group_size = group};
                denseblock_plan *const plan =
                    plan_of(blocks[b], 8, types[t], arithmetics[t], &options);
                ck_assert_uint_le(denseblock_plan_workspace_bytes(plan), (size_t)64 << 20);
                denseblock_plan_destroy(plan);
            }
}
END_TEST

Suite *suite(void) {
    const TTest *const none[] = {NULL};
    const TTest *const all[] = {every_other_plan_needs_its_workspace_limit_at_most_on_top, NULL};
    const TTest *const of_cuda[] = {
        direct_layers_one_by_one_need_no_more_than_y_and_weights_and_5_percent,
        NULL,
    };
    return suite_of_backends("memory_plan", all, of_cuda, none, none);
}
