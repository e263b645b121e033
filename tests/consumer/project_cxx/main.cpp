// Plans a block from C++: [1,4,4,2] and one layer of growth 3.
#include <cstdio>

#include <denseblock.h>

int main() {
    denseblock_layer layer{};
    denseblock_layers_fill(&layer, 1, 3, 3, 3);
    denseblock_desc desc{};
    desc.batch = 1;
    desc.height = desc.width = 4;
    desc.channels = 2;
    desc.layer_count = 1;
    desc.layers = &layer;
    denseblock_plan *plan = nullptr;
    if (denseblock_plan_create(&desc, DENSEBLOCK_BACKEND_AUTO, nullptr, &plan) != DENSEBLOCK_OK)
        return 1;
    std::printf("%zu bytes\n", denseblock_plan_output_bytes(plan));
    denseblock_plan_destroy(plan);
}
