// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "deep.h"
#include "heap.h"
#include "interrupt.h"
#include "progress.h"
#include "util.h"

#define SLOTS_MORE	1048576		/* than four for each object */

/**
 * struct reach - sizes and edges by slot
 * @slots: that were told, and one
 * @objects: that were told
 * @room: slots that there is room for
 * @first: where the edges of a slot begin; those of slots without object are none
 * @size: of a slot's object
 * @edge: slots referred to
 * @edges: their number
 * @edge_room: that there is room for
 */
struct reach {
	uint32_t slots;
	uint32_t objects;
	uint32_t room;
	uint32_t *first;
	uint32_t *size;
	uint32_t *edge;
	uint32_t edges;
	size_t edge_room;
};

static void reach_free(struct reach *reach)
{
	free(reach->first);
	free(reach->size);
	free(reach->edge);
}

static void make_room(struct reach *reach, uint32_t slot, size_t edges)
{
	if (slot + 2 > reach->room) {
		reach->room = slot + slot / 2 + 1024;
		reach->first = xrealloc(reach->first, reach->room, sizeof(*reach->first));
		reach->size = xrealloc(reach->size, reach->room, sizeof(*reach->size));
	}
	if (reach->edges + edges > reach->edge_room) {
		reach->edge_room = reach->edges + edges + reach->edge_room / 2 + 4096;
		reach->edge = xrealloc(reach->edge, reach->edge_room, sizeof(*reach->edge));
	}
}

/* As a graph does; slots are a few more than objects. */
static void expect(struct context *context, struct reach *reach)
{
	uint32_t objects;
	uint64_t bytes;

	if (!heap_extent(context, &objects, &bytes))
		return;
	objects += objects / 8 + 1024;
	reach->first = malloc(objects * sizeof(*reach->first));
	reach->size = malloc(objects * sizeof(*reach->size));
	if (reach->first && reach->size)
		reach->room = objects;
	reach->edge = malloc(bytes);
	if (reach->edge)
		reach->edge_room = bytes / sizeof(*reach->edge);
}

static void begin_object(struct reach *reach, uint32_t slot, uint32_t size)
{
	for (; reach->slots <= slot; reach->slots++) {
		reach->first[reach->slots] = reach->edges;
		reach->size[reach->slots] = 0;
	}
	reach->size[slot] = size;
	reach->objects++;
}

/* Return: 0, or -EAGAIN when a graph does it better. */
static int add_record(struct reach *reach, const struct refheap_scan *record)
{
	bool keeps = record->kind != REFHEAP_KIND_WEAKREF && refheap_scan_has_edges(record);
	uint32_t slot = REFHEAP_ID_SLOT(record->id), n = keeps ? record->n : 0;

	if (slot / 4 > reach->objects + SLOTS_MORE || n > UINT32_MAX - reach->edges ||
	    record->sizeof_ > UINT32_MAX)
		return -EAGAIN;
	make_room(reach, slot, n);
	if (!record->first)
		begin_object(reach, slot, (uint32_t)record->sizeof_);
	if (n)
		memcpy(reach->edge + reach->edges, refheap_scan_edges(record),
		       n * sizeof(*reach->edge));
	reach->edges += n;
	return 0;
}

static int scan(struct refheap *session, refheap_id id, struct reach *reach)
{
	refheap_auto_scan struct refheap_scanner *scanner = NULL;
	const struct refheap_scan *record;
	bool found = false;
	int error;

	error = refheap_scan_open(session, REFHEAP_SCAN_EDGES, &scanner);
	while (!error && (error = refheap_scan_next(scanner, &record)) == 1) {
		found |= record->id == id;
		error = interrupted() ? -EINTR : add_record(reach, record);
	}
	if (error)
		return error;
	if (refheap_scan_disturbed(scanner))
		return -EAGAIN;
	make_room(reach, reach->slots, 0);
	reach->first[reach->slots] = reach->edges;
	return found ? 0 : -ESTALE;
}

uint64_t deep_sum(uint32_t nodes, const uint32_t *first, const uint32_t *edge, deep_fn *fn,
		  const void *data, uint32_t number)
{
	uint32_t *stack = xcalloc(nodes, sizeof(*stack));
	bool *seen = xcalloc(nodes, sizeof(*seen));
	uint32_t depth = 1;
	uint64_t bytes = 0;

	stack[0] = number;
	/* What leads nowhere has been there. */
	seen[0] = true;
	seen[number] = true;
	while (depth) {
		number = stack[--depth];
		bytes += fn(data, number);
		for (uint32_t i = first[number]; i < first[number + 1]; i++) {
			uint32_t to = edge[i];

			if (to >= nodes || seen[to])
				continue;
			seen[to] = true;
			stack[depth++] = to;
		}
	}
	free(stack);
	free(seen);
	return bytes;
}

static uint64_t size_in_slot(const void *data, uint32_t slot)
{
	const struct reach *reach = data;

	return reach->size[slot];
}

int deep_size(struct context *context, refheap_id id, uint64_t *size, uint64_t *deep)
{
	struct progress progress = { .what = "reading objects" };
	uint32_t slot = REFHEAP_ID_SLOT(id);
	struct reach reach = { 0 };
	int error;

	expect(context, &reach);
	progress_begin(&progress);
	error = scan(context->session, id, &reach);
	if (!error) {
		*size = reach.size[slot];
		*deep = deep_sum(reach.slots, reach.first, reach.edge, size_in_slot, &reach,
				 slot);
	}
	progress_end(&progress);
	reach_free(&reach);
	return error;
}
