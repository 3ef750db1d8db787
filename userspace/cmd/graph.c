// SPDX-License-Identifier: GPL-2.0
/*
 * When nobody leaves the heap alone for long enough, the records of one look do
 * not fit together: the slot that an edge names may have got another object
 * between the two records. An object that was seen before and is seen again
 * after such a look, with the same tag, has been there all the time; edges to
 * others are left out. So what is shown has been true, each for itself.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph.h"
#include "heap.h"
#include "interrupt.h"
#include "report.h"
#include "util.h"

#define TRIES	5

static const char disturbed_text[] =
	"refheap: the heap changed meanwhile; what is shown was true, but not all at one moment\n";
static const char disturbed_json[] =
	"{\"warning\":{\"code\":\"EINTR\",\"message\":\"the heap changed meanwhile; what is "
	"shown was true, but not all at one moment\"}}\n";

/* What grows while records come. */
struct loader {
	struct graph *graph;
	uint32_t node_room;
	uint32_t edges;
	size_t edge_room;
	uint32_t last;		/* slot that the edges told last belong to */
};

static void make_room(struct loader *loader, uint32_t slot, size_t edges)
{
	struct graph *graph = loader->graph;
	uint32_t room = loader->node_room;

	if (slot + 2 > room) {
		room = slot + slot / 2 + 1024;
		graph->node = xrealloc(graph->node, room, sizeof(*graph->node));
		graph->first = xrealloc(graph->first, room, sizeof(*graph->first));
		loader->node_room = room;
	}
	if (loader->edges + edges > loader->edge_room) {
		loader->edge_room = loader->edges + edges + loader->edge_room / 2 + 4096;
		graph->edge = xrealloc(graph->edge, loader->edge_room, sizeof(*graph->edge));
	}
}

/* Slots between two objects have none. */
static void begin_node(struct loader *loader, const struct refheap_scan *record)
{
	struct graph *graph = loader->graph;
	uint32_t slot = REFHEAP_ID_SLOT(record->id);

	for (uint32_t i = graph->slots; i <= slot; i++) {
		graph->node[i] = (struct graph_node){ 0 };
		graph->first[i] = loader->edges;
	}
	graph->slots = slot + 1;
	graph->objects++;
	graph->node[slot] = (struct graph_node){
		.sizeof_ = record->sizeof_,
		.tag = REFHEAP_ID_TAG(record->id),
		.refcount = record->refcount,
		.type = record->type,
		.flags = (uint16_t)record->flags,
		.kind = (uint8_t)record->kind,
		.generation = (uint8_t)record->generation,
	};
	loader->last = slot;
}

/* Return: 0, or -EOVERFLOW when there are more edges than can be numbered. */
static int add_record(struct loader *loader, const struct refheap_scan *record)
{
	uint32_t slot = REFHEAP_ID_SLOT(record->id);
	uint32_t n = refheap_scan_has_edges(record) ? record->n : 0;
	struct graph *graph = loader->graph;

	if (n > UINT32_MAX - loader->edges)
		return -EOVERFLOW;
	make_room(loader, slot, n);
	if (!record->first)
		begin_node(loader, record);
	else if (loader->last != slot || graph->node[slot].tag != REFHEAP_ID_TAG(record->id) ||
		 record->first != loader->edges - graph->first[slot])
		return 0;	/* another object by now: the scan is disturbed */
	if (n)
		memcpy(graph->edge + loader->edges, refheap_scan_edges(record),
		       n * sizeof(*graph->edge));
	loader->edges += n;
	return 0;
}

static int scan_into(struct refheap *session, uint32_t flags, struct graph *graph)
{
	refheap_auto_scan struct refheap_scanner *scanner = NULL;
	struct loader loader = { .graph = graph };
	const struct refheap_scan *record;
	int error;

	error = refheap_scan_open(session, flags, &scanner);
	if (error)
		return error;
	make_room(&loader, 0, 1);
	while ((error = refheap_scan_next(scanner, &record)) == 1) {
		error = interrupted() ? -EINTR : add_record(&loader, record);
		if (error)
			return error;
	}
	graph->first[graph->slots] = loader.edges;
	graph->disturbed = refheap_scan_disturbed(scanner);
	return error;
}

uint32_t graph_find(const struct graph *graph, refheap_id id)
{
	uint32_t slot = REFHEAP_ID_SLOT(id);

	return graph_has(graph, slot) && graph->node[slot].tag == REFHEAP_ID_TAG(id) ? slot : 0;
}

static bool stayed(const struct graph *before, const struct graph *after, uint32_t slot)
{
	return graph_has(before, slot) && graph_has(after, slot) &&
	       before->node[slot].tag == after->node[slot].tag;
}

/* Leaves in @graph only edges to what was there before and is there after it. */
static void keep_sure_edges(struct graph *graph, const struct graph *before,
			    const struct graph *after)
{
	for (uint32_t i = 0; i < graph->first[graph->slots]; i++) {
		uint32_t to = graph->edge[i];

		if (!graph_has(graph, to) || !stayed(before, after, to) ||
		    before->node[to].tag != graph->node[to].tag)
			graph->edge[i] = 0;
	}
}

static void forget(struct graph *graph)
{
	free(graph->node);
	free(graph->first);
	free(graph->edge);
	free(graph->reverse_first);
	free(graph->reverse);
	*graph = (struct graph){ 0 };
}

void graph_free(struct graph *graph)
{
	forget(graph);
}

/* The last try was disturbed, too: @before is from the one before it. */
static int settle(struct refheap *session, struct graph *graph, const struct graph *before)
{
	cleanup_graph struct graph after = { 0 };
	int error = scan_into(session, 0, &after);

	if (!error)
		keep_sure_edges(graph, before, &after);
	return error;
}

static int look(struct refheap *session, struct graph *graph)
{
	cleanup_graph struct graph before = { 0 };
	int error = 0;

	for (int i = 0; !error && i < TRIES; i++) {
		forget(&before);
		before = *graph;
		*graph = (struct graph){ 0 };
		error = scan_into(session, REFHEAP_SCAN_EDGES, graph);
		if (!graph->disturbed)
			return error;
	}
	return error ? error : settle(session, graph, &before);
}

static void count_reverse(struct graph *graph)
{
	for (uint32_t slot = 1; slot < graph->slots; slot++) {
		if (!graph->node[slot].tag || !graph_keeps(graph, slot))
			continue;
		for (uint32_t i = graph->first[slot]; i < graph->first[slot + 1]; i++) {
			if (graph_has(graph, graph->edge[i]))
				graph->reverse_first[graph->edge[i] + 1]++;
		}
	}
	for (uint32_t slot = 0; slot < graph->slots; slot++)
		graph->reverse_first[slot + 1] += graph->reverse_first[slot];
}

/* Moves each beginning forward, then back: no further array is needed. */
static void fill_reverse(struct graph *graph)
{
	for (uint32_t slot = 1; slot < graph->slots; slot++) {
		if (!graph->node[slot].tag || !graph_keeps(graph, slot))
			continue;
		for (uint32_t i = graph->first[slot]; i < graph->first[slot + 1]; i++) {
			if (graph_has(graph, graph->edge[i]))
				graph->reverse[graph->reverse_first[graph->edge[i]]++] = slot;
		}
	}
	memmove(graph->reverse_first + 1, graph->reverse_first,
		graph->slots * sizeof(*graph->reverse_first));
	graph->reverse_first[0] = 0;
}

static void count_outside(struct graph *graph)
{
	for (uint32_t slot = 1; slot < graph->slots; slot++) {
		uint32_t edges = graph->reverse_first[slot + 1] - graph->reverse_first[slot];
		struct graph_node *node = &graph->node[slot];

		node->outside = node->refcount > edges ? node->refcount - edges : 0;
	}
}

static void turn_around(struct graph *graph)
{
	graph->reverse_first = xcalloc((size_t)graph->slots + 1, sizeof(*graph->reverse_first));
	count_reverse(graph);
	graph->reverse = xcalloc((size_t)graph->reverse_first[graph->slots] + 1,
				 sizeof(*graph->reverse));
	fill_reverse(graph);
	count_outside(graph);
}

int graph_load(struct context *context, struct graph *graph)
{
	struct refheap *session;
	int error, status;

	*graph = (struct graph){ 0 };
	status = heap_session(context, &session);
	if (status)
		return status;
	error = look(session, graph);
	if (error)
		return report_error(context, error, "cannot look at the heap");
	turn_around(graph);
	if (graph->disturbed)
		fputs(context->format.json ? disturbed_json : disturbed_text, stderr);
	return STATUS_OK;
}
