/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A heap as it was at one moment, in memory: every object, every edge in both
 * directions, and what is held from outside of the edges. About 50 bytes for an
 * object with two edges.
 */
#ifndef REFHEAP_CMD_GRAPH_H
#define REFHEAP_CMD_GRAPH_H

#include <refheap.h>

#include "context.h"

/* The slot of the root namespace. */
#define GRAPH_ROOT	REFHEAP_ID_SLOT(REFHEAP_ID_ROOT)

/**
 * struct graph_node - one object
 * @sizeof_: bytes that it occupies
 * @tag: of its id; 0: there is no object in this slot
 * @refcount: references to it
 * @type: of an instance, else 0
 * @outside: references that are no edges: sessions, garbage, the heap itself
 * @flags: REFHEAP_INFO_*
 * @kind: enum refheap_kind
 * @generation: 0 to 2; 3 permanent
 */
struct graph_node {
	uint64_t sizeof_;
	uint32_t tag;
	uint32_t refcount;
	uint32_t type;
	uint32_t outside;
	uint16_t flags;
	uint8_t kind;
	uint8_t generation;
};

/**
 * struct graph - a heap in memory
 * @slots: nodes are numbered by slot, from 1 to below this
 * @objects: how many slots have one
 * @node: by slot
 * @first: by slot, and one more: where its edges begin in @edge
 * @edge: slots referred to, in the order of the cells, 0 for none
 * @reverse_first: likewise, in @reverse
 * @reverse: slots that refer to it, once for each edge that keeps it
 * @disturbed: the heap has changed while it was looked at, in every try. What
 *	is there was right when it was told, but not all at one moment.
 */
struct graph {
	uint32_t slots;
	uint32_t objects;
	struct graph_node *node;
	uint32_t *first;
	uint32_t *edge;
	uint32_t *reverse_first;
	uint32_t *reverse;
	bool disturbed;
};

/**
 * graph_load() - look at the whole heap
 * @graph: out: to be freed with graph_free(), also after an error
 *
 * Looks again when the heap has changed meanwhile, a few times; then says so on
 * standard error.
 *
 * Return: a status.
 */
int graph_load(struct context *context, struct graph *graph);
void graph_free(struct graph *graph);

#define cleanup_graph __attribute__((cleanup(graph_free)))

/* The slot of an object, 0 when the graph does not have it. */
uint32_t graph_find(const struct graph *graph, refheap_id id);

static inline bool graph_has(const struct graph *graph, uint32_t slot)
{
	return slot < graph->slots && graph->node[slot].tag;
}

static inline refheap_id graph_id(const struct graph *graph, uint32_t slot)
{
	return REFHEAP_ID(slot, graph->node[slot].tag);
}

/* Whether an object's edges keep alive what they refer to. */
static inline bool graph_keeps(const struct graph *graph, uint32_t slot)
{
	return graph->node[slot].kind != REFHEAP_KIND_WEAKREF;
}

#endif
