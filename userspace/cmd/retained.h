/* SPDX-License-Identifier: GPL-2.0 */
/* Which object of a heap retains what, and by what way it is reached. */
#ifndef REFHEAP_CMD_RETAINED_H
#define REFHEAP_CMD_RETAINED_H

#include "dominators.h"
#include "graph.h"

/**
 * struct retained - what would be freed with each object if it died now
 * @found: its dominators; found.above[] is the tree of who retains whom
 * @is_root: whether it stays without any edge to it
 * @bytes: what is retained, itself included
 * @objects: likewise, how many objects
 *
 * All arrays are by number of the object in the graph.
 */
struct retained {
	struct dominators found;
	bool *is_root;
	uint64_t *bytes;
	uint32_t *objects;
};

/**
 * retained_find() - find out who retains what
 * @graph: of graph_load_forward(); must outlive @retained
 * @retained: out: to be freed with retained_free(), also after an error
 *
 * Nothing is collected for it, and nobody is asked: it is a matter of the graph.
 *
 * Return: 0 or -EINTR.
 */
int retained_find(const struct graph *graph, struct retained *retained);
void retained_free(struct retained *retained);

#define cleanup_retained __attribute__((cleanup(retained_free)))

/**
 * retained_ways() - a shortest way to every object
 *
 * From names first, then from what is held otherwise, then from dead cycles.
 *
 * Return: by number, by which object each was reached, where a way begins
 * itself; to be freed.
 */
uint32_t *retained_ways(const struct graph *graph, const struct retained *retained);

/* The way to an object as a path, to be freed; of a long one the end, from an id on. */
char *retained_path(struct context *context, const struct graph *graph, const uint32_t *ways,
		    uint32_t number);

#endif
