/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A heap as it was at one moment, in memory: every object, every edge, and what
 * is held from outside of the edges. About 32 bytes for an object with two
 * edges, and 16 more when the edges are turned around, too.
 */
#ifndef REFHEAP_CMD_GRAPH_H
#define REFHEAP_CMD_GRAPH_H

#include <refheap.h>

#include "context.h"

/* The node of the root namespace. */
#define GRAPH_ROOT	1

/**
 * struct graph_node - one object
 * @slot: of the object's id
 * @tag: likewise
 * @sizeof_: bytes that it occupies
 * @type: of an instance, else 0
 * @outside: references that are no edges: sessions, garbage, the heap itself
 * @flags: REFHEAP_INFO_*
 * @kind: enum refheap_kind
 * @generation: 0 to 2; 3 permanent
 */
struct graph_node {
	uint32_t slot;
	uint32_t tag;
	uint32_t sizeof_;
	uint32_t outside;
	uint32_t type : 15;
	uint32_t flags : 10;
	uint32_t kind : 5;
	uint32_t generation : 2;
};

_Static_assert(REFHEAP_INFO_CALLBACK < 1U << 10 && __REFHEAP_KIND_MAX <= 1 << 5,
	       "flags and kinds fit");

/**
 * struct graph - a heap in memory
 * @nodes: objects are numbered from 1 to below this, in the order of their slots
 * @node: by number
 * @first: by number, and one more: where its edges begin in @edge
 * @edge: numbers referred to, in the order of the cells, 0 for none
 * @refcount: by number: references to it; NULL unless asked for
 * @reverse_first: likewise, in @reverse; NULL unless asked for
 * @reverse: numbers that refer to it, once for each edge that keeps it
 * @disturbed: the heap has changed while it was looked at, in every try. What
 *	is there was right when it was told, but not all at one moment.
 */
struct graph {
	uint32_t nodes;
	struct graph_node *node;
	uint32_t *first;
	uint32_t *edge;
	uint32_t *refcount;
	uint32_t *reverse_first;
	uint32_t *reverse;
	bool disturbed;
};

/**
 * graph_load() - look at the whole heap
 * @graph: out: to be freed with graph_free(), also after an error
 *
 * Looks again when the heap has changed meanwhile, a few times; then says so on
 * standard error. Only edges that keep something alive are turned around.
 *
 * Return: a status.
 */
int graph_load(struct context *context, struct graph *graph);
void graph_free(struct graph *graph);

/* The same without @refcount and @reverse, and weak references lead nowhere: what sizes need. */
int graph_load_forward(struct context *context, struct graph *graph);

#define cleanup_graph __attribute__((cleanup(graph_free)))

/* The number of an object, 0 when the graph does not have it. */
uint32_t graph_find(const struct graph *graph, refheap_id id);

static inline refheap_id graph_id(const struct graph *graph, uint32_t node)
{
	return REFHEAP_ID(graph->node[node].slot, graph->node[node].tag);
}

/* Whether an object's edges keep alive what they refer to. */
static inline bool graph_keeps(const struct graph *graph, uint32_t node)
{
	return graph->node[node].kind != REFHEAP_KIND_WEAKREF;
}

#endif
