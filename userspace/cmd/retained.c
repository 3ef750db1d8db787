// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>

#include "graph_names.h"
#include "progress.h"
#include "retained.h"
#include "util.h"

#define STEPS_MAX 64

static void sum_up(const struct graph *graph, struct retained *retained)
{
	retained->bytes = xcalloc(graph->nodes, sizeof(*retained->bytes));
	retained->objects = xcalloc(graph->nodes, sizeof(*retained->objects));
	for (uint32_t node = 1; node < graph->nodes; node++)
		retained->bytes[node] = graph->node[node].sizeof_;
	dominators_sum(&retained->found, retained->bytes);
	dominators_count(&retained->found, retained->objects);
	/* Who comes next needs memory, and nobody the order any more. */
	free(retained->found.order);
	retained->found.order = NULL;
}

int retained_find(const struct graph *graph, struct retained *retained)
{
	struct progress progress = { .what = "finding out who retains what" };
	bool found;

	*retained = (struct retained){
		.is_root = xcalloc(graph->nodes, sizeof(*retained->is_root)),
	};
	for (uint32_t node = 1; node < graph->nodes; node++)
		retained->is_root[node] = node == GRAPH_ROOT || graph->node[node].outside ||
					  (graph->node[node].flags & REFHEAP_INFO_IMMORTAL);
	retained->found = (struct dominators){
		.nodes = graph->nodes,
		.first = graph->first,
		.edge = graph->edge,
		.is_root = retained->is_root,
	};
	progress_begin(&progress);
	found = dominators_find(&retained->found);
	if (found)
		sum_up(graph, retained);
	progress_end(&progress);
	return found ? 0 : -EINTR;
}

void retained_free(struct retained *retained)
{
	dominators_free(&retained->found);
	free(retained->is_root);
	free(retained->bytes);
	free(retained->objects);
	*retained = (struct retained){ 0 };
}

/* A walk in breadth. */
struct walk_wide {
	uint32_t *came_from;
	uint32_t *queue;
	uint32_t head;
	uint32_t tail;
};

static void reach(struct walk_wide *walk, uint32_t number, uint32_t from)
{
	if (walk->came_from[number])
		return;
	walk->came_from[number] = from;
	walk->queue[walk->tail++] = number;
}

static void spread(struct walk_wide *walk, const struct graph *graph)
{
	while (walk->head < walk->tail) {
		uint32_t number = walk->queue[walk->head++];

		for (uint32_t i = graph->first[number]; i < graph->first[number + 1]; i++) {
			if (graph->edge[i])
				reach(walk, graph->edge[i], number);
		}
	}
}

uint32_t *retained_ways(const struct graph *graph, const struct retained *retained)
{
	struct walk_wide walk = {
		.came_from = xcalloc(graph->nodes, sizeof(*walk.came_from)),
		.queue = xcalloc(graph->nodes, sizeof(*walk.queue)),
	};

	reach(&walk, GRAPH_ROOT, GRAPH_ROOT);
	spread(&walk, graph);
	for (uint32_t number = 1; number < graph->nodes; number++) {
		if (retained->is_root[number])
			reach(&walk, number, number);
	}
	spread(&walk, graph);
	for (uint32_t number = 1; number < graph->nodes; number++) {
		reach(&walk, number, number);
		spread(&walk, graph);
	}
	free(walk.queue);
	return walk.came_from;
}

char *retained_path(struct context *context, const struct graph *graph, const uint32_t *ways,
		    uint32_t number)
{
	uint32_t step[STEPS_MAX], steps = 0;
	struct text text = { 0 };
	char id[REFHEAP_ID_TEXT];

	for (; ways[number] != number && steps < STEPS_MAX; number = ways[number])
		step[steps++] = number;
	text_add(&text, "", 0);
	if (number != GRAPH_ROOT)
		text_add_string(&text, refheap_format_id(graph_id(graph, number), id));
	while (steps) {
		uint32_t to = step[--steps];
		cleanup_free char *name = graph_edge_name(context, graph, number,
							  graph_first_cell(graph, number, to));

		text_add_string(&text, name);
		number = to;
	}
	return text.data;
}
