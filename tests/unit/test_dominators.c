// SPDX-License-Identifier: GPL-2.0
/*
 * Dominators against their definition: a node dominates another when that is
 * out of reach without it. Then a million nodes, deep and wide.
 *
 *	test_dominators [GRAPHS [SEED]]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../userspace/cmd/dominators.h"

#define NODES_MAX 24

struct graph {
	struct dominators found;
	uint32_t first[NODES_MAX + 2];
	uint32_t edge[NODES_MAX * 4];
	bool is_root[NODES_MAX + 1];
};

static uint64_t state;

static uint32_t pick(uint32_t below)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(state >> 33) % below;
}

/* Some edges lead nowhere. */
static void make(struct graph *graph)
{
	uint32_t nodes = 2 + pick(NODES_MAX - 1), edges = 0;
	uint32_t density = 1 + pick(4);

	memset(graph, 0, sizeof(*graph));
	for (uint32_t node = 1; node < nodes; node++) {
		graph->is_root[node] = !pick(6);
		graph->first[node] = edges;
		for (uint32_t i = pick(density + 1); i; i--)
			graph->edge[edges++] = pick(nodes);
	}
	graph->first[nodes] = edges;
	graph->found = (struct dominators){
		.nodes = nodes, .first = graph->first, .edge = graph->edge,
		.is_root = graph->is_root,
	};
}

static void reach(const struct graph *graph, uint32_t node, uint32_t without, bool *seen)
{
	if (!node || node == without || seen[node])
		return;
	seen[node] = true;
	for (uint32_t i = graph->first[node]; i < graph->first[node + 1]; i++)
		reach(graph, graph->edge[i], without, seen);
}

/* What the roots reach, and, one after the other, the first of what they do not. */
static void find_tops(const struct graph *graph, bool *top)
{
	bool seen[NODES_MAX + 1] = { false };

	for (uint32_t node = 1; node < graph->found.nodes; node++) {
		top[node] = graph->is_root[node];
		if (top[node])
			reach(graph, node, 0, seen);
	}
	for (uint32_t node = 1; node < graph->found.nodes; node++) {
		if (seen[node])
			continue;
		top[node] = true;
		reach(graph, node, 0, seen);
	}
}

static void reach_without(const struct graph *graph, const bool *top, uint32_t without,
			  bool *seen)
{
	memset(seen, 0, NODES_MAX + 1);
	for (uint32_t node = 1; node < graph->found.nodes; node++) {
		if (top[node])
			reach(graph, node, without, seen);
	}
}

static bool is_above(const struct dominators *found, uint32_t above, uint32_t node)
{
	while (node && node != above)
		node = found->above[node];
	return node;
}

/* What dies with a node is what it dominates, no more and no less. */
static int check_node(const struct graph *graph, const bool *top, uint32_t node,
		      const uint64_t *sum, const uint32_t *count)
{
	const struct dominators *found = &graph->found;
	bool seen[NODES_MAX + 1];
	uint32_t dead = 0;
	uint64_t lost = 0;

	reach_without(graph, top, node, seen);
	for (uint32_t other = 1; other < found->nodes; other++) {
		lost += seen[other] ? 0 : 100 + other;
		dead += !seen[other];
		if (is_above(found, node, other) == seen[other])
			return 1;
	}
	return sum[node] != lost || count[node] != dead;
}

static int check(struct graph *graph)
{
	bool top[NODES_MAX + 1] = { false };
	uint32_t count[NODES_MAX + 1];
	uint64_t sum[NODES_MAX + 1];
	int wrong;

	wrong = !dominators_find(&graph->found);
	find_tops(graph, top);
	for (uint32_t node = 0; node < graph->found.nodes; node++)
		sum[node] = 100 + node;
	dominators_sum(&graph->found, sum);
	dominators_count(&graph->found, count);
	for (uint32_t node = 1; node < graph->found.nodes; node++)
		wrong += check_node(graph, top, node, sum, count);
	dominators_free(&graph->found);
	return wrong;
}

/* A chain of @nodes with edges back to anywhere, or a random graph. */
static void time_large(uint32_t nodes, bool chain)
{
	uint32_t *first = calloc(nodes + 2, sizeof(*first));
	uint32_t *edge = calloc(2 * (nodes + 1ULL), sizeof(*edge));
	bool *is_root = calloc(nodes + 1, 1);
	struct timespec begin, end;
	struct dominators found = {
		.nodes = nodes, .first = first, .edge = edge,
		.is_root = is_root,
	};

	is_root[1] = true;
	for (uint32_t node = 1; node < nodes; node++) {
		first[node + 1] = first[node] + 2;
		edge[first[node]] = chain ? (node + 1) % nodes : 1 + pick(nodes - 1);
		edge[first[node] + 1] = 1 + pick(nodes - 1);
	}
	clock_gettime(CLOCK_MONOTONIC, &begin);
	dominators_find(&found);
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("# %u nodes, %s: %.0f ms\n", nodes, chain ? "a chain" : "random",
	       (double)(end.tv_sec - begin.tv_sec) * 1e3 +
	       (double)(end.tv_nsec - begin.tv_nsec) / 1e6);
	dominators_free(&found);
	free(first);
	free(edge);
	free(is_root);
}

int main(int argc, char **argv)
{
	uint32_t graphs = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 0) : 20000;
	struct graph graph;

	state = argc > 2 ? strtoul(argv[2], NULL, 0) : 1;
	for (uint32_t i = 0; i < graphs; i++) {
		make(&graph);
		if (!check(&graph))
			continue;
		printf("not ok 1 - dominators: graph %" PRIu32 " is wrong\n", i);
		return 1;
	}
	time_large(1000000, true);
	time_large(1000000, false);
	puts("ok 1 - dominators\n1..1");
	return 0;
}
