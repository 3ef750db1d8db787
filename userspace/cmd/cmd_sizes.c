// SPDX-License-Identifier: GPL-2.0
/*
 * Sizes: of an object alone, of all that it reaches, and of what would be freed
 * if it died now. Nothing is collected for that, and nobody stopped.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <refheap.h>

#include "cmd.h"
#include "dominators.h"
#include "graph.h"
#include "graph_names.h"
#include "heap.h"
#include "output.h"
#include "path.h"
#include "report.h"
#include "util.h"

#define TOP_DEFAULT 10

/* A heap in memory and who retains what; all arrays are by slot. */
struct sizes {
	struct graph graph;
	struct dominators found;
	bool *is_there;
	bool *is_root;
	uint64_t *bytes;	/* retained */
	uint64_t *objects;	/* retained, itself included */
};

#define cleanup_sizes __attribute__((cleanup(sizes_free)))

static void sizes_free(struct sizes *sizes)
{
	dominators_free(&sizes->found);
	graph_free(&sizes->graph);
	free(sizes->is_there);
	free(sizes->is_root);
	free(sizes->bytes);
	free(sizes->objects);
}

/* What does not keep anything alive leads nowhere. */
static void drop_weak_edges(struct graph *graph)
{
	for (uint32_t slot = 1; slot < graph->slots; slot++) {
		if (!graph_has(graph, slot) || graph_keeps(graph, slot))
			continue;
		for (uint32_t i = graph->first[slot]; i < graph->first[slot + 1]; i++)
			graph->edge[i] = 0;
	}
}

static int sizes_load(struct context *context, struct sizes *sizes)
{
	struct graph *graph = &sizes->graph;
	int status = graph_load(context, graph);

	if (!status)
		drop_weak_edges(graph);
	return status;
}

static void find_retained(struct sizes *sizes)
{
	const struct graph *graph = &sizes->graph;

	sizes->is_there = xcalloc(graph->slots + 1ULL, sizeof(bool));
	sizes->is_root = xcalloc(graph->slots + 1ULL, sizeof(bool));
	sizes->bytes = xcalloc(graph->slots + 1ULL, sizeof(uint64_t));
	sizes->objects = xcalloc(graph->slots + 1ULL, sizeof(uint64_t));
	for (uint32_t slot = 1; slot < graph->slots; slot++) {
		sizes->is_there[slot] = graph_has(graph, slot);
		sizes->is_root[slot] = slot == GRAPH_ROOT || graph->node[slot].outside ||
				       (graph->node[slot].flags & REFHEAP_INFO_IMMORTAL);
		sizes->bytes[slot] = graph->node[slot].sizeof_;
		sizes->objects[slot] = sizes->is_there[slot];
	}
	sizes->found = (struct dominators){
		.nodes = graph->slots,
		.first = graph->first,
		.edge = graph->edge,
		.is_there = sizes->is_there,
		.is_root = sizes->is_root,
	};
	dominators_find(&sizes->found);
	dominators_sum(&sizes->found, sizes->bytes);
	dominators_sum(&sizes->found, sizes->objects);
}

/* All that an object reaches, each once, and it. */
static uint64_t deep_size(const struct graph *graph, uint32_t slot)
{
	uint32_t *stack = xcalloc(graph->slots, sizeof(*stack));
	bool *seen = xcalloc(graph->slots, sizeof(*seen));
	uint32_t depth = 1;
	uint64_t bytes = 0;

	stack[0] = slot;
	seen[slot] = true;
	while (depth) {
		slot = stack[--depth];
		bytes += graph->node[slot].sizeof_;
		for (uint32_t i = graph->first[slot]; i < graph->first[slot + 1]; i++) {
			uint32_t to = graph->edge[i];

			if (!graph_has(graph, to) || seen[to])
				continue;
			seen[to] = true;
			stack[depth++] = to;
		}
	}
	free(stack);
	free(seen);
	return bytes;
}

/* The session's own reference would keep what is looked at, so it is dropped first. */
static int resolve(struct context *context, const char *path, struct refheap_info *info)
{
	refheap_id id;
	int error, status;

	status = path_resolve(context, path, &id);
	if (status)
		return status;
	error = refheap_inspect(context->session, id, info);
	refheap_drop(context->session, id);
	return error ? path_error(context, error, path) : STATUS_OK;
}

/* The sizes that were asked for. */
struct answer {
	refheap_id id;
	uint64_t size;
	uint64_t deep;
	uint64_t retained;
	bool wants_deep;
	bool wants_retained;
};

static void print_answer(struct context *context, const struct answer *answer)
{
	struct json_object *document;
	char id[REFHEAP_ID_TEXT];

	if (!context->format.json && answer->wants_deep && answer->wants_retained)
		printf("size      %" PRIu64 "\ndeep      %" PRIu64 "\nretained  %" PRIu64 "\n",
		       answer->size, answer->deep, answer->retained);
	else if (!context->format.json)
		printf("%" PRIu64 "\n", answer->wants_deep ? answer->deep :
		       answer->wants_retained ? answer->retained : answer->size);
	if (!context->format.json)
		return;
	document = json_object_new_object();
	json_object_object_add(document, "id",
			       json_object_new_string(refheap_format_id(answer->id, id)));
	json_object_object_add(document, "size", json_object_new_uint64(answer->size));
	if (answer->wants_deep)
		json_object_object_add(document, "deep", json_object_new_uint64(answer->deep));
	if (answer->wants_retained)
		json_object_object_add(document, "retained",
				       json_object_new_uint64(answer->retained));
	output_json(context, document);
}

static int find_answer(struct context *context, const char *path, struct answer *answer)
{
	cleanup_sizes struct sizes sizes = { 0 };
	uint32_t slot;
	int status = sizes_load(context, &sizes);

	if (status)
		return status;
	slot = graph_find(&sizes.graph, answer->id);
	if (!slot)
		return path_error(context, -ESTALE, path);
	answer->size = sizes.graph.node[slot].sizeof_;
	if (answer->wants_deep)
		answer->deep = deep_size(&sizes.graph, slot);
	if (answer->wants_retained) {
		find_retained(&sizes);
		answer->retained = sizes.bytes[slot];
	}
	return STATUS_OK;
}

static int run_sizeof(struct context *context, struct arguments *arguments)
{
	struct answer answer = {
		.wants_deep = argument_option(arguments, "deep"),
		.wants_retained = argument_option(arguments, "retained"),
	};
	struct refheap_info info;
	int status = resolve(context, arguments->words[0], &info);

	if (status)
		return status;
	answer.id = info.id;
	answer.size = info.sizeof_;
	if (answer.wants_deep || answer.wants_retained)
		status = find_answer(context, arguments->words[0], &answer);
	if (!status)
		print_answer(context, &answer);
	return status;
}

static const struct option_spec sizeof_options[] = {
	{ "deep", 'd', NULL, "with all that it reaches, each once" },
	{ "retained", 'r', NULL, "with what would be freed if it died now" },
	{ 0 },
};

const struct command sizeof_command = {
	.name = "sizeof",
	.synopsis = "PATH",
	.summary = "Print the bytes that an object itself occupies",
	.details = "Weak references reach nothing. What others refer to, too, is not retained.",
	.options = sizeof_options,
	.minimum = 1,
	.maximum = 1,
	.flags = COMMAND_SAVED,
	.run = run_sizeof,
};

static const struct column columns[] = {
	{ "id", "ID", "of the object", COLUMN_ID },
	{ "type", "TYPE", "its type or kind", 0 },
	{ "size", "SIZE", "bytes that it occupies itself", COLUMN_NUMBER },
	{ "retained", "RETAINED", "bytes that would be freed with it", COLUMN_NUMBER },
	{ "objects", "OBJECTS", "objects that would be freed with it", COLUMN_NUMBER },
	{ "path", "PATH", "a shortest way to it", COLUMN_NAME },
};

/* A walk in breadth: by which object each was reached. Where it began comes from itself. */
struct ways {
	uint32_t *came_from;
	uint32_t *queue;
	uint32_t head;
	uint32_t tail;
};

static void reach(struct ways *ways, uint32_t slot, uint32_t from)
{
	if (ways->came_from[slot])
		return;
	ways->came_from[slot] = from;
	ways->queue[ways->tail++] = slot;
}

static void spread(struct ways *ways, const struct graph *graph)
{
	while (ways->head < ways->tail) {
		uint32_t slot = ways->queue[ways->head++];

		for (uint32_t i = graph->first[slot]; i < graph->first[slot + 1]; i++) {
			if (graph_has(graph, graph->edge[i]))
				reach(ways, graph->edge[i], slot);
		}
	}
}

/* From names first, then from what is held otherwise, then from dead cycles. */
static uint32_t *find_ways(const struct sizes *sizes)
{
	const struct graph *graph = &sizes->graph;
	struct ways ways = {
		.came_from = xcalloc(graph->slots, sizeof(*ways.came_from)),
		.queue = xcalloc(graph->slots, sizeof(*ways.queue)),
	};

	reach(&ways, GRAPH_ROOT, GRAPH_ROOT);
	spread(&ways, graph);
	for (uint32_t slot = 1; slot < graph->slots; slot++) {
		if (sizes->is_there[slot] && sizes->is_root[slot])
			reach(&ways, slot, slot);
	}
	spread(&ways, graph);
	for (uint32_t slot = 1; slot < graph->slots; slot++) {
		if (sizes->is_there[slot])
			reach(&ways, slot, slot);
		spread(&ways, graph);
	}
	free(ways.queue);
	return ways.came_from;
}

/* A path as text, to be freed; of long ones the end, from an object on. */
#define STEPS_MAX 64

static char *way_text(struct context *context, const struct graph *graph,
		      const uint32_t *came_from, uint32_t slot)
{
	uint32_t step[STEPS_MAX], steps = 0;
	struct text text = { 0 };
	char id[REFHEAP_ID_TEXT];

	for (; came_from[slot] && came_from[slot] != slot && steps < STEPS_MAX;
	     slot = came_from[slot])
		step[steps++] = slot;
	text_add(&text, "", 0);
	if (slot != GRAPH_ROOT)
		text_add_string(&text, refheap_format_id(graph_id(graph, slot), id));
	while (steps) {
		uint32_t to = step[--steps];
		cleanup_free char *name =
			graph_edge_name(context, graph, slot, graph_first_cell(graph, slot, to));

		text_add_string(&text, name);
		slot = to;
	}
	return text.data;
}

struct ranked {
	uint64_t bytes;
	uint32_t slot;
};

static int by_bytes(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	return x->slot < y->slot ? -1 : 1;
}

/* All but the root dict, the largest first. */
static struct ranked *rank(const struct sizes *sizes, uint32_t *count)
{
	struct ranked *ranked = xcalloc(sizes->graph.slots, sizeof(*ranked));
	uint32_t n = 0;

	for (uint32_t slot = GRAPH_ROOT + 1; slot < sizes->graph.slots; slot++) {
		if (sizes->is_there[slot])
			ranked[n++] = (struct ranked){ sizes->bytes[slot], slot };
	}
	qsort(ranked, n, sizeof(*ranked), by_bytes);
	*count = n;
	return ranked;
}

static void print_row(struct context *context, struct listing *listing, const struct sizes *sizes,
		      const uint32_t *came_from, uint32_t slot)
{
	const struct graph *graph = &sizes->graph;
	cleanup_free char *path = way_text(context, graph, came_from, slot);
	struct cell cells[ARRAY_SIZE(columns)];
	char id[REFHEAP_ID_TEXT];

	cells[0] = cell_text(refheap_format_id(graph_id(graph, slot), id));
	cells[1] = cell_text(graph_type(context, graph, slot));
	cells[2] = cell_number(graph->node[slot].sizeof_);
	cells[3] = cell_number(sizes->bytes[slot]);
	cells[4] = cell_number(sizes->objects[slot]);
	cells[5] = cell_text(path);
	listing_row(listing, cells);
}

static int print_top(struct context *context, const struct sizes *sizes, uint64_t top)
{
	struct listing *listing;
	struct ranked *ranked;
	uint32_t *came_from, count;
	int status;

	listing = listing_begin(context, columns, ARRAY_SIZE(columns), &status);
	if (!listing)
		return status;
	came_from = find_ways(sizes);
	ranked = rank(sizes, &count);
	for (uint32_t i = 0; i < count && i < top; i++)
		print_row(context, listing, sizes, came_from, ranked[i].slot);
	listing_end(listing);
	free(ranked);
	free(came_from);
	return STATUS_OK;
}

static int run_retained(struct context *context, struct arguments *arguments)
{
	cleanup_sizes struct sizes sizes = { 0 };
	uint64_t top = TOP_DEFAULT;
	int status = argument_number(context, arguments, "top", &top);

	if (!status)
		status = sizes_load(context, &sizes);
	if (status)
		return status;
	find_retained(&sizes);
	return print_top(context, &sizes, top);
}

static const struct option_spec retained_options[] = {
	{ "top", 'n', "N", "so many, 10 unless given" },
	{ 0 },
};

const struct command retained_command = {
	.name = "retained",
	.synopsis = "",
	.summary = "List the objects with which most would be freed",
	.details = "What an object retains is what nothing else keeps alive. Nothing is collected to\n"
		   "find out.",
	.options = retained_options,
	.flags = COMMAND_SAVED,
	.run = run_retained,
};
