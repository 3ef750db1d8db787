// SPDX-License-Identifier: GPL-2.0
/*
 * T. Lengauer and R. E. Tarjan, "A Fast Algorithm for Finding Dominators in a
 * Flowgraph", 1979, the version with simple path compression. Nodes are known
 * by their numbers in the order of a walk in depth, from 2; 1 is above all roots,
 * 0 is none.
 */
#include <stdlib.h>

#include "dominators.h"
#include "util.h"

#define ABOVE 1

/* All by number in the walk, but for @number. */
struct search {
	const struct dominators *graph;
	uint32_t *number;	/* of a node, 0 when it was not reached yet */
	uint32_t *node;
	uint32_t *parent;
	uint32_t count;		/* the next number */
	bool *from_above;	/* it is a root */
	uint32_t *first;	/* predecessors: where they begin in @from */
	uint32_t *from;
	uint32_t *semi;
	uint32_t *label;
	uint32_t *ancestor;
	uint32_t *bucket;	/* first of those whose semidominator this is */
	uint32_t *next;		/* in the same bucket */
	uint32_t *dominator;
	uint32_t *stack;
};

/* Where an edge leads, or 0. */
static uint32_t target(const struct dominators *graph, uint32_t edge)
{
	uint32_t to = graph->edge[edge];

	return to < graph->nodes && graph->is_there[to] ? to : 0;
}

static void number_node(struct search *search, uint32_t node, uint32_t parent)
{
	search->number[node] = search->count;
	search->node[search->count] = node;
	search->parent[search->count] = parent;
	search->count++;
}

/* @cursor: of each number on the stack, the next edge to follow. */
static void walk_from(struct search *search, uint32_t root, uint32_t *cursor)
{
	const struct dominators *graph = search->graph;
	uint32_t depth = 1, at;

	search->from_above[search->count] = true;
	search->stack[0] = search->count;
	cursor[0] = graph->first[root];
	number_node(search, root, ABOVE);
	while (depth) {
		uint32_t node = search->node[search->stack[depth - 1]], to;

		at = cursor[depth - 1]++;
		if (at == graph->first[node + 1]) {
			depth--;
			continue;
		}
		to = target(graph, at);
		if (!to || search->number[to])
			continue;
		search->stack[depth] = search->count;
		cursor[depth++] = graph->first[to];
		number_node(search, to, search->number[node]);
	}
}

static void walk(struct search *search)
{
	const struct dominators *graph = search->graph;
	uint32_t *cursor = xcalloc(graph->nodes, sizeof(*cursor));

	search->count = ABOVE + 1;
	for (int roots = 1; roots >= 0; roots--) {
		for (uint32_t node = 1; node < graph->nodes; node++) {
			if (!graph->is_there[node] || (roots && !graph->is_root[node]))
				continue;
			if (!search->number[node])
				walk_from(search, node, cursor);
			else if (roots)
				search->from_above[search->number[node]] = true;
		}
	}
	free(cursor);
}

/* The edges turned around, between numbers. */
static void find_predecessors(struct search *search)
{
	const struct dominators *graph = search->graph;
	uint32_t *first;

	first = xcalloc(search->count + 2ULL, sizeof(*first));
	for (uint32_t from = ABOVE + 1; from < search->count; from++) {
		uint32_t node = search->node[from];

		for (uint32_t i = graph->first[node]; i < graph->first[node + 1]; i++)
			first[search->number[target(graph, i)] + 2]++;
	}
	/* Of number 0 are the edges that lead nowhere. */
	for (uint32_t i = 2; i < search->count + 2; i++)
		first[i] += first[i - 1];
	search->from = xcalloc(first[search->count + 1] + 1ULL, sizeof(*search->from));
	for (uint32_t from = ABOVE + 1; from < search->count; from++) {
		uint32_t node = search->node[from];

		for (uint32_t i = graph->first[node]; i < graph->first[node + 1]; i++)
			search->from[first[search->number[target(graph, i)] + 1]++] = from;
	}
	search->first = first;
}

/* The number with the least semidominator on the linked way up from @v. */
static uint32_t evaluate(struct search *search, uint32_t v)
{
	uint32_t *ancestor = search->ancestor, *label = search->label;
	uint32_t depth = 0, top;

	if (!ancestor[v])
		return v;
	for (top = v; ancestor[ancestor[top]]; top = ancestor[top])
		search->stack[depth++] = top;
	while (depth) {
		uint32_t low = search->stack[--depth], high = ancestor[low];

		if (search->semi[label[high]] < search->semi[label[low]])
			label[low] = label[high];
		ancestor[low] = ancestor[high];
	}
	return label[v];
}

static void find_semidominator(struct search *search, uint32_t w)
{
	uint32_t semi = search->from_above[w] ? ABOVE : search->parent[w];

	for (uint32_t i = search->first[w]; semi > ABOVE && i < search->first[w + 1]; i++) {
		uint32_t u = search->semi[evaluate(search, search->from[i])];

		if (u < semi)
			semi = u;
	}
	search->semi[w] = semi;
}

static void empty_bucket(struct search *search, uint32_t parent)
{
	for (uint32_t v = search->bucket[parent]; v; v = search->next[v]) {
		uint32_t u = evaluate(search, v);

		search->dominator[v] = search->semi[u] < search->semi[v] ? u : parent;
	}
	search->bucket[parent] = 0;
}

static void find_dominators(struct search *search)
{
	for (uint32_t w = 0; w < search->count; w++)
		search->semi[w] = search->label[w] = w;
	for (uint32_t w = search->count - 1; w > ABOVE; w--) {
		find_semidominator(search, w);
		search->next[w] = search->bucket[search->semi[w]];
		search->bucket[search->semi[w]] = w;
		search->ancestor[w] = search->parent[w];
		empty_bucket(search, search->parent[w]);
	}
	for (uint32_t w = ABOVE + 1; w < search->count; w++) {
		if (search->dominator[w] != search->semi[w])
			search->dominator[w] = search->dominator[search->dominator[w]];
	}
}

static void search_alloc(struct search *search, uint32_t nodes)
{
	size_t count = nodes + 2ULL;

	search->number = xcalloc(count, sizeof(uint32_t));
	search->node = xcalloc(count, sizeof(uint32_t));
	search->parent = xcalloc(count, sizeof(uint32_t));
	search->from_above = xcalloc(count, sizeof(bool));
	search->semi = xcalloc(count, sizeof(uint32_t));
	search->label = xcalloc(count, sizeof(uint32_t));
	search->ancestor = xcalloc(count, sizeof(uint32_t));
	search->bucket = xcalloc(count, sizeof(uint32_t));
	search->next = xcalloc(count, sizeof(uint32_t));
	search->dominator = xcalloc(count, sizeof(uint32_t));
	search->stack = xcalloc(count, sizeof(uint32_t));
}

static void search_free(struct search *search)
{
	free(search->number);
	free(search->node);
	free(search->parent);
	free(search->from_above);
	free(search->first);
	free(search->from);
	free(search->semi);
	free(search->label);
	free(search->ancestor);
	free(search->bucket);
	free(search->next);
	free(search->dominator);
	free(search->stack);
}

void dominators_find(struct dominators *dominators)
{
	struct search search = { .graph = dominators };

	search_alloc(&search, dominators->nodes);
	walk(&search);
	find_predecessors(&search);
	find_dominators(&search);
	dominators->above = xcalloc(dominators->nodes + 1ULL, sizeof(uint32_t));
	dominators->order = xcalloc(dominators->nodes + 1ULL, sizeof(uint32_t));
	dominators->reached = search.count - (ABOVE + 1);
	for (uint32_t i = ABOVE + 1; i < search.count; i++) {
		dominators->order[i - (ABOVE + 1)] = search.node[i];
		dominators->above[search.node[i]] = search.node[search.dominator[i]];
	}
	search_free(&search);
}

void dominators_free(struct dominators *dominators)
{
	free(dominators->above);
	free(dominators->order);
	dominators->above = NULL;
	dominators->order = NULL;
}

void dominators_sum(const struct dominators *dominators, uint64_t *value)
{
	for (uint32_t i = dominators->reached; i; i--) {
		uint32_t node = dominators->order[i - 1];

		if (dominators->above[node])
			value[dominators->above[node]] += value[node];
	}
}
