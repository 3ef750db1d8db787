// SPDX-License-Identifier: GPL-2.0
/*
 * When nobody leaves the heap alone for long enough, the records of one look do
 * not fit together: the slot that an edge names may have got another object
 * between the two records. An object that was seen before and is seen again
 * after such a look, with the same tag, has been there all the time; edges to
 * others are left out. So what is shown has been true, each for itself.
 */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph.h"
#include "heap.h"
#include "interrupt.h"
#include "progress.h"
#include "report.h"
#include "util.h"

#define TRIES	5
#define KEPT		(64 << 20)	/* bytes of freed memory that are for what comes next */

static const char disturbed_text[] =
	"refheap: the heap changed meanwhile; what is shown was true, but not all at one moment\n";
static const char disturbed_json[] =
	"{\"warning\":{\"code\":\"EINTR\",\"message\":\"the heap changed meanwhile; what is "
	"shown was true, but not all at one moment\"}}\n";

/* Slots for each object; when there are more, no array has them all. */
#define FAR_APART	8

/* What grows while records come; edges are slots until all have come. */
struct loader {
	struct graph *graph;
	uint32_t node_room;
	uint32_t edges;
	size_t edge_room;
	uint32_t *number;	/* by slot, or NULL */
	uint32_t slots;		/* that it has room for */
};

static void make_room(struct loader *loader, size_t edges)
{
	struct graph *graph = loader->graph;
	uint32_t room = loader->node_room;

	if (graph->nodes + 1 >= room) {
		room = graph->nodes + graph->nodes / 2 + 1024;
		graph->node = xrealloc(graph->node, room, sizeof(*graph->node));
		graph->first = xrealloc(graph->first, room, sizeof(*graph->first));
		loader->node_room = room;
	}
	if (loader->edges + edges > loader->edge_room) {
		loader->edge_room = loader->edges + edges + loader->edge_room / 2 + 4096;
		graph->edge = xrealloc(graph->edge, loader->edge_room, sizeof(*graph->edge));
	}
}

/*
 * All at once, as far as there is so much: what grows moves, page by page. An
 * edge has four bytes of the heap at least, so that there is room for more of
 * them than there are; what is not written to costs nothing.
 */
static void expect(struct context *context, struct loader *loader)
{
	struct graph *graph = loader->graph;
	uint32_t objects;
	uint64_t bytes;

	if (!heap_extent(context, &objects, &bytes))
		return;
	objects += objects / 64 + 1024;
	graph->node = malloc(objects * sizeof(*graph->node));
	graph->first = malloc(objects * sizeof(*graph->first));
	if (graph->node && graph->first)
		loader->node_room = objects;
	graph->edge = malloc(bytes);
	if (graph->edge)
		loader->edge_room = bytes / sizeof(*graph->edge);
}

static void begin_node(struct loader *loader, const struct refheap_scan *record)
{
	struct graph *graph = loader->graph;

	graph->first[graph->nodes] = loader->edges;
	graph->node[graph->nodes++] = (struct graph_node){
		.slot = REFHEAP_ID_SLOT(record->id),
		.tag = REFHEAP_ID_TAG(record->id),
		.sizeof_ = (uint32_t)record->sizeof_,
		.outside = record->refcount,
		.type = record->type,
		.flags = record->flags,
		.kind = record->kind,
		.generation = record->generation,
	};
}

/* Whether a record goes on with the object that was told last. */
static bool goes_on(const struct loader *loader, const struct refheap_scan *record)
{
	const struct graph *graph = loader->graph;
	uint32_t last = graph->nodes - 1;

	return last && graph_id(graph, last) == record->id &&
	       record->first == loader->edges - graph->first[last];
}

/* Return: 0, or -EOVERFLOW when there are more edges, or bytes, than can be counted. */
static int add_record(struct loader *loader, const struct refheap_scan *record)
{
	uint32_t n = refheap_scan_has_edges(record) ? record->n : 0;
	struct graph *graph = loader->graph;

	if (n > UINT32_MAX - loader->edges || record->sizeof_ > UINT32_MAX)
		return -EOVERFLOW;
	make_room(loader, n);
	if (!record->first)
		begin_node(loader, record);
	else if (!goes_on(loader, record))
		return 0;	/* another object by now: the scan is disturbed */
	if (n)
		memcpy(graph->edge + loader->edges, refheap_scan_edges(record),
		       n * sizeof(*graph->edge));
	loader->edges += n;
	return 0;
}

static uint32_t find_slot(const struct graph *graph, uint32_t slot)
{
	uint32_t low = 1, high = graph->nodes;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (graph->node[middle].slot < slot)
			low = middle + 1;
		else
			high = middle;
	}
	return low < graph->nodes && graph->node[low].slot == slot ? low : 0;
}

static void number_slots(struct loader *loader)
{
	const struct graph *graph = loader->graph;
	uint32_t last = graph->node[graph->nodes - 1].slot;

	if (last / FAR_APART > graph->nodes)
		return;
	loader->slots = last + 1;
	loader->number = xcalloc(loader->slots, sizeof(*loader->number));
	for (uint32_t node = 1; node < graph->nodes; node++)
		loader->number[graph->node[node].slot] = node;
}

/* Slots become numbers. What is on its way out is not told: nothing leads there. */
static void number_edges(struct loader *loader)
{
	struct graph *graph = loader->graph;

	if (graph->nodes == 1)
		return;
	number_slots(loader);
	for (uint32_t i = 0; i < loader->edges; i++) {
		uint32_t slot = graph->edge[i];

		if (!loader->number)
			graph->edge[i] = find_slot(graph, slot);
		else
			graph->edge[i] = slot < loader->slots ? loader->number[slot] : 0;
	}
	free(loader->number);
}

static int scan_into(struct context *context, uint32_t flags, struct graph *graph)
{
	refheap_auto_scan struct refheap_scanner *scanner = NULL;
	struct loader loader = { .graph = graph };
	const struct refheap_scan *record;
	int error;

	error = refheap_scan_open(context->session, flags, &scanner);
	if (error)
		return error;
	graph->nodes = 1;
	expect(context, &loader);
	make_room(&loader, 1);
	graph->node[0] = (struct graph_node){ 0 };
	graph->first[0] = 0;
	while ((error = refheap_scan_next(scanner, &record)) == 1) {
		error = interrupted() ? -EINTR : add_record(&loader, record);
		if (error)
			return error;
	}
	graph->first[graph->nodes] = loader.edges;
	graph->disturbed = refheap_scan_disturbed(scanner);
	if (!error)
		number_edges(&loader);
	return error;
}

uint32_t graph_find(const struct graph *graph, refheap_id id)
{
	uint32_t node = find_slot(graph, REFHEAP_ID_SLOT(id));

	return graph_id(graph, node) == id ? node : 0;
}

/* Leaves in @graph only edges to what was there before and is there after it. */
static void keep_sure_edges(struct graph *graph, const struct graph *before,
			    const struct graph *after)
{
	for (uint32_t i = 0; i < graph->first[graph->nodes]; i++) {
		refheap_id id = graph_id(graph, graph->edge[i]);

		if (!graph_find(before, id) || !graph_find(after, id))
			graph->edge[i] = 0;
	}
}

static void forget(struct graph *graph)
{
	free(graph->node);
	free(graph->first);
	free(graph->edge);
	free(graph->refcount);
	free(graph->reverse_first);
	free(graph->reverse);
	*graph = (struct graph){ 0 };
}

void graph_free(struct graph *graph)
{
	forget(graph);
}

/* The last try was disturbed, too: @before is from the one before it. */
static int settle(struct context *context, struct graph *graph, const struct graph *before)
{
	cleanup_graph struct graph after = { 0 };
	int error = scan_into(context, 0, &after);

	if (!error)
		keep_sure_edges(graph, before, &after);
	return error;
}

static int look(struct context *context, struct graph *graph)
{
	cleanup_graph struct graph before = { 0 };
	int error = 0;

	for (int i = 0; !error && i < TRIES; i++) {
		forget(&before);
		before = *graph;
		*graph = (struct graph){ 0 };
		error = scan_into(context, REFHEAP_SCAN_EDGES, graph);
		if (!graph->disturbed)
			return error;
	}
	return error ? error : settle(context, graph, &before);
}

/* Before edges are taken from what is outside of them. */
static void keep_refcounts(struct graph *graph)
{
	graph->refcount = xcalloc(graph->nodes, sizeof(*graph->refcount));
	for (uint32_t node = 1; node < graph->nodes; node++)
		graph->refcount[node] = graph->node[node].outside;
}

/* Of each object's references those that are edges are taken away. */
static void count_outside(struct graph *graph)
{
	for (uint32_t node = 1; node < graph->nodes; node++) {
		for (uint32_t i = graph->first[node];
		     graph_keeps(graph, node) && i < graph->first[node + 1]; i++) {
			uint32_t *outside = &graph->node[graph->edge[i]].outside;

			*outside -= *outside > 0;
		}
	}
}

static void count_reverse(struct graph *graph)
{
	for (uint32_t node = 1; node < graph->nodes; node++) {
		for (uint32_t i = graph->first[node];
		     graph_keeps(graph, node) && i < graph->first[node + 1]; i++)
			graph->reverse_first[graph->edge[i] + 1]++;
	}
	/* What leads nowhere. */
	graph->reverse_first[1] = 0;
	for (uint32_t node = 0; node < graph->nodes; node++)
		graph->reverse_first[node + 1] += graph->reverse_first[node];
}

/* Moves each beginning forward, then back: no further array is needed. */
static void fill_reverse(struct graph *graph)
{
	for (uint32_t node = 1; node < graph->nodes; node++) {
		for (uint32_t i = graph->first[node];
		     graph_keeps(graph, node) && i < graph->first[node + 1]; i++) {
			uint32_t to = graph->edge[i];

			if (to)
				graph->reverse[graph->reverse_first[to]++] = node;
		}
	}
	memmove(graph->reverse_first + 1, graph->reverse_first,
		graph->nodes * sizeof(*graph->reverse_first));
	graph->reverse_first[0] = 0;
}

static void turn_around(struct graph *graph)
{
	graph->reverse_first = xcalloc(graph->nodes + 1ULL, sizeof(*graph->reverse_first));
	count_reverse(graph);
	graph->reverse = xcalloc(graph->reverse_first[graph->nodes] + 1ULL,
				 sizeof(*graph->reverse));
	fill_reverse(graph);
}

static int load(struct context *context, struct graph *graph, bool refcounts)
{
	struct progress progress = { .what = "reading objects" };
	struct refheap *session;
	int error, status;

	*graph = (struct graph){ 0 };
	status = heap_session(context, &session);
	if (status)
		return status;
	/* Step after step wants as much again: it need not be new from the kernel. */
	mallopt(M_MMAP_THRESHOLD, KEPT / 2);
	mallopt(M_TRIM_THRESHOLD, KEPT);
	progress_begin(&progress);
	error = look(context, graph);
	progress_end(&progress);
	if (error)
		return report_error(context, error, "cannot look at the heap");
	if (refcounts)
		keep_refcounts(graph);
	count_outside(graph);
	if (graph->disturbed)
		fputs(context->format.json ? disturbed_json : disturbed_text, stderr);
	return STATUS_OK;
}

int graph_load(struct context *context, struct graph *graph)
{
	int status = load(context, graph, true);

	if (!status)
		turn_around(graph);
	return status;
}

static void drop_weak_edges(struct graph *graph)
{
	for (uint32_t node = 1; node < graph->nodes; node++) {
		for (uint32_t i = graph->first[node];
		     !graph_keeps(graph, node) && i < graph->first[node + 1]; i++)
			graph->edge[i] = 0;
	}
}

int graph_load_forward(struct context *context, struct graph *graph)
{
	int status = load(context, graph, false);

	if (!status)
		drop_weak_edges(graph);
	return status;
}
