/* Nodes of graphs. */
#include "graph_nodes.h"

#include "allocate.h"

void double_nodes_add(struct double_nodes *nodes, struct CUgraphNode_st *node) {
    for (size_t i = 0; i < nodes->count; i++)
        if (nodes->items[i] == node)
            return;
    if (nodes->count == nodes->capacity) {
        nodes->capacity = 2 * nodes->capacity + 2;
        nodes->items =
            double_grow(nodes->items, nodes->capacity * sizeof(struct CUgraphNode_st *));
    }
    nodes->items[nodes->count++] = node;
}

void double_nodes_add_all(struct double_nodes *nodes, const struct double_nodes *more) {
    for (size_t i = 0; i < more->count; i++)
        double_nodes_add(nodes, more->items[i]);
}

void double_nodes_clear(struct double_nodes *nodes) {
    free(nodes->items);
    *nodes = (struct double_nodes){.items = NULL};
}

struct double_graph_body *double_graph_body_new(void) {
    struct double_graph_body *body = double_new(sizeof *body);
    body->references = 1;
    return body;
}

void double_graph_body_release(struct double_graph_body *body) {
    if (--body->references > 0)
        return;
    for (size_t i = 0; i < body->nodes.count; i++) {
        struct CUgraphNode_st *node = body->nodes.items[i];
        double_work_release(node->work);
        double_nodes_clear(&node->dependencies);
        free(node);
    }
    double_nodes_clear(&body->nodes);
    free(body);
}

struct CUgraphNode_st *double_graph_body_add(struct double_graph_body *body,
                                             struct double_work *work,
                                             const struct double_nodes *dependencies) {
    struct CUgraphNode_st *node = double_new(sizeof *node);
    node->index = body->nodes.count;
    node->work = work;
    node->last = true;
    double_nodes_add_all(&node->dependencies, dependencies);
    for (size_t i = 0; i < dependencies->count; i++)
        dependencies->items[i]->last = false;
    double_nodes_add(&body->nodes, node);
    return node;
}
