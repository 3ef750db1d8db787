// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include <refheap.h>

#include "cmd_report_choice.h"
#include "heap.h"
#include "report.h"
#include "util.h"

#define NEAR_MAX	48	/* objects of a container that are chosen for being near */
#define WAY_MAX		64	/* steps of a way that are chosen for what it leads to */

static bool choose(struct choice *choice, uint32_t node)
{
	if (choice->place[node])
		return true;
	if (choice->count == choice->max)
		return false;
	choice->node[choice->count++] = node;
	choice->place[node] = choice->count;
	return true;
}

bool choice_is_held(const struct choice *choice, uint32_t node)
{
	const struct graph_node *info = &choice->graph.node[node];

	return node != GRAPH_ROOT && (info->outside || (info->flags & REFHEAP_INFO_IMMORTAL));
}

static bool has_keys(const struct choice *choice, uint32_t node)
{
	const struct graph_node *info = &choice->graph.node[node];

	switch (info->kind) {
	case REFHEAP_KIND_DICT:
	case REFHEAP_KIND_WEAK_VALUE_DICT:
	case REFHEAP_KIND_WEAK_KEY_DICT:
		return true;
	case REFHEAP_KIND_INSTANCE:
		return info->type < choice->type_count && choice->types[info->type].in_pairs;
	default:
		return false;
	}
}

bool choice_shows(const struct choice *choice, uint32_t from, uint32_t i)
{
	const struct graph *graph = &choice->graph;
	bool is_key;

	if (!graph->edge[i])
		return false;
	is_key = (i - graph->first[from]) % 2 == 0 && has_keys(choice, from);
	return !is_key || !choice_is_leaf(choice, graph->edge[i]);
}

const char *choice_slot(const struct choice *choice, uint32_t node, uint32_t cell)
{
	const struct graph_node *info = &choice->graph.node[node];
	const struct choice_type *type;

	if (info->kind != REFHEAP_KIND_INSTANCE || info->type >= choice->type_count)
		return NULL;
	type = &choice->types[info->type];
	return cell < type->count ? type->slots[cell] : NULL;
}

/* A walk in breadth from the names and from what is held otherwise. */
struct breadth {
	uint32_t *from;		/* by which one each was reached; itself: a root */
	uint32_t *order;
	uint32_t count;
};

static void reach(struct breadth *breadth, uint32_t node, uint32_t from)
{
	if (breadth->from[node])
		return;
	breadth->from[node] = from;
	breadth->order[breadth->count++] = node;
}

static void walk(const struct choice *choice, struct breadth *breadth)
{
	const struct graph *graph = &choice->graph;
	uint32_t done = 0, node, i;

	reach(breadth, GRAPH_ROOT, GRAPH_ROOT);
	for (node = GRAPH_ROOT + 1; node < graph->nodes; node++) {
		if (graph->node[node].outside)
			reach(breadth, node, node);
	}
	while (done < breadth->count) {
		node = breadth->order[done++];
		if (!graph_keeps(graph, node))
			continue;
		for (i = graph->first[node]; i < graph->first[node + 1]; i++) {
			if (choice_shows(choice, node, i))
				reach(breadth, graph->edge[i], node);
		}
	}
}

struct ranked {
	uint64_t bytes;
	uint32_t node;
};

static int by_bytes(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	return x->node < y->node ? -1 : x->node > y->node;
}

/* From an object to where a way to it begins. */
static void choose_way(struct choice *choice, const struct breadth *breadth, uint32_t node)
{
	for (uint32_t step = 0; step < WAY_MAX && node && choose(choice, node); step++) {
		if (breadth->from[node] == node)
			break;
		node = breadth->from[node];
	}
}

/* What is above another in the tree of who retains whom retains more: it comes first. */
static void choose_largest(struct choice *choice, const struct breadth *breadth)
{
	uint32_t count = choice->graph.nodes - 1;
	struct ranked *ranked = xcalloc(count + 1ULL, sizeof(*ranked));

	for (uint32_t i = 0; i < count; i++)
		ranked[i] = (struct ranked){ choice->retained.bytes[i + 1], i + 1 };
	qsort(ranked, count, sizeof(*ranked), by_bytes);
	for (uint32_t i = 0; i < count && choice->count < choice->max / 2; i++)
		choose_way(choice, breadth, ranked[i].node);
	free(ranked);
}

static void choose_near(struct choice *choice, const struct breadth *breadth)
{
	uint32_t *near = xcalloc(choice->graph.nodes, sizeof(*near));

	for (uint32_t i = 0; i < breadth->count; i++) {
		uint32_t node = breadth->order[i], from = breadth->from[node];

		if (from != node && (!choice->place[from] || near[from]++ >= NEAR_MAX))
			continue;
		if (!choose(choice, node))
			break;
	}
	free(near);
}

static void choose_all(struct choice *choice)
{
	struct breadth breadth = {
		.from = xcalloc(choice->graph.nodes, sizeof(uint32_t)),
		.order = xcalloc(choice->graph.nodes, sizeof(uint32_t)),
	};

	walk(choice, &breadth);
	choose(choice, GRAPH_ROOT);
	choose_largest(choice, &breadth);
	choose_near(choice, &breadth);
	free(breadth.from);
	free(breadth.order);
}

/* What a weak reference refers to is shown, but not retained. */
static int find_retained(struct context *context, struct choice *choice)
{
	const struct graph *graph = &choice->graph;
	cleanup_free uint32_t *edge = xcalloc(graph->first[graph->nodes] + 1ULL, sizeof(*edge));
	struct graph strong = *graph;
	int error;

	strong.edge = edge;
	for (uint32_t node = 1; node < graph->nodes; node++) {
		uint32_t first = graph->first[node], count = graph->first[node + 1] - first;

		if (count && graph_keeps(graph, node))
			memcpy(edge + first, graph->edge + first, count * sizeof(*edge));
	}
	error = retained_find(&strong, &choice->retained);
	return error ? report_error(context, error, "cannot find out what is retained") :
		       STATUS_OK;
}

static void learn_type(struct choice *choice, const struct refheap_type_info *info)
{
	struct choice_type *type;

	if (info->type >= choice->type_count) {
		choice->types = xrealloc(choice->types, info->type + 1, sizeof(*choice->types));
		memset(choice->types + choice->type_count, 0,
		       (info->type + 1 - choice->type_count) * sizeof(*choice->types));
		choice->type_count = info->type + 1;
	}
	type = &choice->types[info->type];
	type->in_pairs = info->flags & REFHEAP_TYPE_DICT;
	/* A type whose slots are many comes again with the others. */
	type->slots = xrealloc(type->slots, type->count + info->slot_count + 1,
			       sizeof(*type->slots));
	for (size_t i = 0; i < info->slot_count; i++)
		type->slots[type->count++] = xstrdup(info->slots[i]);
}

static int learn_types(struct context *context, struct choice *choice)
{
	refheap_auto_iter struct refheap_iter *iterator = NULL;
	struct refheap_type_info info;
	struct refheap_ctl *control;
	uint32_t heap;
	int error, status = heap_inspect(context, &control, &heap);

	if (status)
		return status;
	error = refheap_iter_types(control, heap, &iterator);
	while (!error && (error = refheap_next_type(iterator, &info)) == 1) {
		/* Slots of a type without instances need no names. */
		if (info.type && info.objects)
			learn_type(choice, &info);
		error = 0;
	}
	return error ? report_error(context, error, "cannot list the types") : STATUS_OK;
}

int choice_make(struct context *context, uint32_t max, struct choice *choice)
{
	int status;

	*choice = (struct choice){ .max = max };
	status = learn_types(context, choice);
	if (!status)
		status = graph_load(context, &choice->graph);
	if (!status)
		status = find_retained(context, choice);
	if (status)
		return status;
	choice->place = xcalloc(choice->graph.nodes, sizeof(*choice->place));
	choice->node = xcalloc(max, sizeof(*choice->node));
	choose_all(choice);
	return STATUS_OK;
}

void choice_free(struct choice *choice)
{
	for (uint32_t i = 0; i < choice->type_count; i++) {
		for (size_t slot = 0; slot < choice->types[i].count; slot++)
			free(choice->types[i].slots[slot]);
		free(choice->types[i].slots);
	}
	free(choice->types);
	free(choice->place);
	free(choice->node);
	retained_free(&choice->retained);
	graph_free(&choice->graph);
}
