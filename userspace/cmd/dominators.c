// SPDX-License-Identifier: GPL-2.0
/*
 * L. Georgiadis, "Linear-Time Algorithms for Dominators and Related Problems",
 * 2005: Semi-NCA. It finds semidominators as Lengauer and Tarjan do, with simple
 * path compression, and then dominators by walking up the tree. Nodes are known
 * by their numbers in the order of a walk in depth, from 2; 1 is above all roots,
 * 0 is none.
 */
#include <stdlib.h>

#include "dominators.h"
#include "interrupt.h"
#include "util.h"

#define ABOVE	1
#define OFTEN	65536	/* steps between looks at what came meanwhile */

/* All by number in the walk, but for @number. Some serve twice. */
struct search {
	const struct dominators *graph;
	uint32_t *number;	/* of a node, 0 when it was not reached yet; later dominators */
	uint32_t *node;
	uint32_t *parent;	/* in the walk; later the way up is shortened */
	uint32_t count;		/* the next number */
	uint32_t *first;	/* predecessors: where they begin in @from; see semi_of() */
	uint32_t *from;
	uint32_t *label;	/* in the walk: the next edge */
};

static uint32_t number_node(struct search *search, uint32_t node, uint32_t parent)
{
	search->number[node] = search->count;
	search->node[search->count] = node;
	search->parent[search->count] = parent;
	search->label[search->count] = search->graph->first[node];
	return search->count++;
}

static void walk_from(struct search *search, uint32_t root)
{
	const struct dominators *graph = search->graph;
	uint32_t at = number_node(search, root, ABOVE);

	while (at != ABOVE) {
		uint32_t edge = search->label[at]++, to;

		if (edge == graph->first[search->node[at] + 1]) {
			at = search->parent[at];
			continue;
		}
		to = graph->edge[edge];
		if (to && !search->number[to])
			at = number_node(search, to, at);
	}
}

static void walk(struct search *search)
{
	const struct dominators *graph = search->graph;

	search->count = ABOVE + 1;
	for (int roots = 1; roots >= 0; roots--) {
		for (uint32_t node = 1; node < graph->nodes; node++) {
			if (!search->number[node] && (!roots || graph->is_root[node]))
				walk_from(search, node);
		}
	}
}

/* Where an edge leads. Of edges by which the walk went, which is known, nowhere. */
static uint32_t target(const struct search *search, uint32_t from, uint32_t edge)
{
	uint32_t to = search->number[search->graph->edge[edge]];

	return search->parent[to] == from ? 0 : to;
}

static void count_predecessors(struct search *search)
{
	const struct dominators *graph = search->graph;

	for (uint32_t node = 1; node < graph->nodes; node++) {
		for (uint32_t i = graph->first[node]; i < graph->first[node + 1]; i++) {
			uint32_t to = target(search, search->number[node], i);

			if (to)
				search->first[to + 2]++;
		}
	}
	for (uint32_t i = 2; i < search->count + 2; i++)
		search->first[i] += search->first[i - 1];
}

/* The edges turned around, between numbers. */
static void find_predecessors(struct search *search)
{
	const struct dominators *graph = search->graph;

	count_predecessors(search);
	search->from = xcalloc(search->first[search->count + 1] + 1ULL, sizeof(*search->from));
	for (uint32_t node = 1; node < graph->nodes; node++) {
		uint32_t from = search->number[node];

		for (uint32_t i = graph->first[node]; i < graph->first[node + 1]; i++) {
			uint32_t to = target(search, from, i);

			if (to)
				search->from[search->first[to + 1]++] = from;
		}
	}
}

/* The least semidominator on the way up from @v, as far as numbers are above @w. */
static uint32_t evaluate(struct search *search, uint32_t v, uint32_t w)
{
	uint32_t *parent = search->parent, *label = search->label;
	uint32_t below = 0, top = v, end;

	/* Going up turns the way around, lest it be forgotten. */
	while (parent[top] > w) {
		uint32_t next = parent[top];

		parent[top] = below;
		below = top;
		top = next;
	}
	end = parent[top];
	while (below) {
		uint32_t low = below;

		below = parent[low];
		parent[low] = end;
		if (label[top] < label[low])
			label[low] = label[top];
		top = low;
	}
	return label[v];
}

/* Takes the place of where the predecessors end, once these have been looked at. */
static uint32_t *semi_of(struct search *search, uint32_t w)
{
	return &search->first[w + 1];
}

static void find_semidominator(struct search *search, uint32_t w)
{
	uint32_t semi = search->graph->is_root[search->node[w]] ? ABOVE : search->parent[w];

	for (uint32_t i = search->first[w]; semi > ABOVE && i < search->first[w + 1]; i++) {
		uint32_t u = evaluate(search, search->from[i], w);

		if (u < semi)
			semi = u;
	}
	*semi_of(search, w) = semi;
	search->label[w] = semi;
}

/* Return: false when it was interrupted. */
static bool find_dominators(struct search *search)
{
	uint32_t *dominator = search->number;

	for (uint32_t w = 0; w < search->count; w++) {
		search->label[w] = w;
		dominator[w] = search->parent[w];
	}
	for (uint32_t w = search->count - 1; w > ABOVE; w--) {
		find_semidominator(search, w);
		if (!(w % OFTEN) && interrupted())
			return false;
	}
	for (uint32_t w = ABOVE + 1; w < search->count; w++) {
		while (dominator[w] > *semi_of(search, w))
			dominator[w] = dominator[dominator[w]];
	}
	return true;
}

static void search_alloc(struct search *search, uint32_t nodes)
{
	size_t count = nodes + 3ULL;

	search->number = xcalloc(count, sizeof(uint32_t));
	search->node = xcalloc(count, sizeof(uint32_t));
	search->parent = xcalloc(count, sizeof(uint32_t));
	search->first = xcalloc(count, sizeof(uint32_t));
	search->label = xcalloc(count, sizeof(uint32_t));
}

static void search_free(struct search *search)
{
	free(search->number);
	free(search->first);
	free(search->from);
	free(search->label);
}

/* Two arrays of the search become those of the result. */
static void take_results(const struct search *search, struct dominators *dominators)
{
	uint32_t *above = search->parent, *node = search->node;

	above[0] = 0;
	for (uint32_t i = ABOVE + 1; i < search->count; i++)
		above[node[i]] = node[search->number[i]];
	for (uint32_t i = ABOVE + 1; i < search->count; i++)
		node[i - (ABOVE + 1)] = node[i];
	dominators->above = above;
	dominators->order = node;
}

bool dominators_find(struct dominators *dominators)
{
	struct search search = { .graph = dominators };
	bool found;

	search_alloc(&search, dominators->nodes);
	walk(&search);
	find_predecessors(&search);
	found = find_dominators(&search);
	take_results(&search, dominators);
	search_free(&search);
	return found;
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
	for (uint32_t i = dominators->nodes - 1; i; i--) {
		uint32_t node = dominators->order[i - 1];

		if (dominators->above[node])
			value[dominators->above[node]] += value[node];
	}
}

void dominators_count(const struct dominators *dominators, uint32_t *count)
{
	for (uint32_t node = 1; node < dominators->nodes; node++)
		count[node] = 1;
	for (uint32_t i = dominators->nodes - 1; i; i--) {
		uint32_t node = dominators->order[i - 1];

		if (dominators->above[node])
			count[dominators->above[node]] += count[node];
	}
}
