/* SPDX-License-Identifier: GPL-2.0 */
/* Who dominates whom in a graph, and how much hangs on each. */
#ifndef REFHEAP_CMD_DOMINATORS_H
#define REFHEAP_CMD_DOMINATORS_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct dominators - a graph and what was found out about it
 * @nodes: nodes are numbered from 1 to below this; 0 is above all roots
 * @first: by node, and one more: where its edges begin in @edge
 * @edge: nodes that it leads to; 0 leads nowhere
 * @is_root: by node: whether it stays without any edge to it
 * @above: out: by node: its immediate dominator, the nearest node that is on
 *	every way from the roots to it; 0 when there is none
 * @order: out: all nodes, each behind its immediate dominator
 *
 * What no root leads to, such as dead cycles, is made to hang on the first of
 * it, as if that were a root.
 */
struct dominators {
	uint32_t nodes;
	const uint32_t *first;
	const uint32_t *edge;
	const bool *is_root;
	uint32_t *above;
	uint32_t *order;
};

/**
 * dominators_find() - find the immediate dominator of every node
 *
 * Without recursion, whatever the graph, and with 16 bytes a node and 4 an edge
 * while it works, of which 8 a node stay.
 *
 * Return: false when it was interrupted. The results are given back with
 * dominators_free(), either way.
 */
bool dominators_find(struct dominators *dominators);
void dominators_free(struct dominators *dominators);

/**
 * dominators_sum() - add up what hangs on each node
 * @value: in: of each node alone; out: of it and all that it dominates
 */
void dominators_sum(const struct dominators *dominators, uint64_t *value);

/* The same, of how many nodes these are; @count is set to 1 for each first. */
void dominators_count(const struct dominators *dominators, uint32_t *count);

#endif
