/* Nodes of graphs. */
#ifndef TESTS_DOUBLE_GRAPH_NODES_H
#define TESTS_DOUBLE_GRAPH_NODES_H

#include "operations.h"

/* A set of nodes, without their ownership. */
struct double_nodes {
    struct CUgraphNode_st **items;
    size_t count, capacity;
};
void double_nodes_add(struct double_nodes *nodes, struct CUgraphNode_st *node);
void double_nodes_add_all(struct double_nodes *nodes, const struct double_nodes *more);
void double_nodes_clear(struct double_nodes *nodes);

struct CUgraphNode_st {
    size_t index; /* in its graph, where it stands behind those that it waits for */
    struct double_work *work;
    struct double_nodes dependencies;
    bool last; /* none waits for it */
};

/* What a graph and what is made of it have in common; counted references. */
struct double_graph_body {
    int references;
    struct double_nodes nodes; /* with their ownership */
};
struct double_graph_body *double_graph_body_new(void);
void double_graph_body_release(struct double_graph_body *body);

/* A new node; the work's reference is taken. */
struct CUgraphNode_st *double_graph_body_add(struct double_graph_body *body,
                                             struct double_work *work,
                                             const struct double_nodes *dependencies);

/* The graph of a body whose reference is taken. */
struct CUgraph_st *double_graph_new(struct double_graph_body *body);

#endif
