// SPDX-License-Identifier: GPL-2.0
/*
 * A scan tells of objects in the order of their slots. An object that is told
 * of is reached by then, or it waits: it is put by until something reaches it.
 * So memory is needed for what waits, and one bit for each slot.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "deep.h"
#include "heap.h"
#include "interrupt.h"
#include "progress.h"
#include "util.h"

#define SPAN_SHIFT	16
#define SPAN_SLOTS	(1U << SPAN_SHIFT)
#define SPANS		(1U << (32 - SPAN_SHIFT))

/**
 * struct span - neighbouring slots
 * @reached: by slot, a bit
 * @waits: of a slot whose object waits: where in the store it is or, when it has
 *	no edges, its size with LONE; else 0
 *
 * Most of it is never touched, and costs nothing then.
 */
struct span {
	uint64_t reached[SPAN_SLOTS / 64];
	uint32_t waits[SPAN_SLOTS];
};

#define LONE		(1U << 31)
#define STORE_MAX	LONE	/* what is there needs another number than what is lone */

/**
 * struct waiting - an object that waits, in the store
 * @size: in bytes
 * @next: where the next is to be followed, when this one is, too; 0: none
 * @n: number of edges
 * @edge: slots
 */
struct waiting {
	union {
		uint32_t size;
		uint32_t next;
	};
	uint32_t n;
	uint32_t edge[];
};

#define HEAD_WORDS	(sizeof(struct waiting) / sizeof(uint32_t))

/**
 * struct reach - what is reached so far
 * @span: by slot / SPAN_SLOTS, NULL when nothing is known of them
 * @spans: from here on there is none
 * @slot: all objects below it have been told of
 * @bytes: of what has been reached and told of
 * @store: of objects that wait, see above
 * @used: of @store; the first word is nobody's
 * @room: words that @store has room for
 * @last: where the object is that was put there last
 * @follow: the first in the store whose edges are still to be followed, 0: none
 */
struct reach {
	struct span **span;
	uint32_t spans;
	uint32_t slot;
	uint64_t bytes;
	uint32_t *store;
	size_t used;
	size_t room;
	uint32_t last;
	uint32_t follow;
};

static void reach_free(struct reach *reach)
{
	for (uint32_t i = 0; i < reach->spans; i++)
		free(reach->span[i]);
	free(reach->span);
	free(reach->store);
}

static struct span *span_of(struct reach *reach, uint32_t slot)
{
	uint32_t i = slot >> SPAN_SHIFT;

	if (!reach->span[i]) {
		reach->span[i] = xcalloc(1, sizeof(*reach->span[i]));
		if (i >= reach->spans)
			reach->spans = i + 1;
	}
	return reach->span[i];
}

static struct waiting *waiting_at(const struct reach *reach, uint32_t at)
{
	return (struct waiting *)(reach->store + at);
}

/* Return: whether it had been reached before. */
static bool mark(struct span *span, uint32_t slot)
{
	uint64_t *word = &span->reached[slot % SPAN_SLOTS / 64], bit = 1ULL << slot % 64;
	bool before = *word & bit;

	*word |= bit;
	return before;
}

static bool is_reached(const struct span *span, uint32_t slot)
{
	return span->reached[slot % SPAN_SLOTS / 64] >> slot % 64 & 1;
}

/* What waits there goes on the list of those that are to be followed. */
static void reach_slot(struct reach *reach, uint32_t slot)
{
	struct span *span = span_of(reach, slot);
	struct waiting *waiting;
	uint32_t waits;

	/* Of what will be told yet, nothing more is known. */
	if (mark(span, slot) || slot >= reach->slot)
		return;
	waits = span->waits[slot % SPAN_SLOTS];
	if (waits & LONE) {
		reach->bytes += waits & ~LONE;
	} else if (waits) {
		waiting = waiting_at(reach, waits);
		reach->bytes += waiting->size;
		waiting->next = reach->follow;
		reach->follow = waits;
	}
}

static void reach_all(struct reach *reach, const uint32_t *edge, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		reach_slot(reach, edge[i]);
}

static int follow(struct reach *reach)
{
	while (reach->follow && !interrupted()) {
		const struct waiting *waiting = waiting_at(reach, reach->follow);

		reach->follow = waiting->next;
		reach_all(reach, waiting->edge, waiting->n);
	}
	return reach->follow ? -EINTR : 0;
}

/*
 * At first for all that there may be, as what grows moves: edges have four bytes
 * of the heap, too, and objects more than is kept of them. What is not written
 * to costs nothing.
 */
static int make_room(struct context *context, struct reach *reach, size_t words)
{
	uint32_t objects;
	uint64_t bytes;

	if (reach->used + words > STORE_MAX)
		return -EAGAIN;
	if (!reach->room && heap_extent(context, &objects, &bytes)) {
		reach->store = malloc(bytes);
		reach->room = reach->store ? bytes / sizeof(*reach->store) : 0;
	}
	if (reach->used + words > reach->room) {
		reach->room = reach->used + words + reach->room / 2 + 4096;
		reach->store = xrealloc(reach->store, reach->room, sizeof(*reach->store));
	}
	return 0;
}

/* Puts an object by, as far as the record tells of it. */
static int put_by(struct context *context, struct reach *reach,
		  const struct refheap_scan *record, uint32_t n)
{
	uint32_t slot = REFHEAP_ID_SLOT(record->id);
	uint32_t *waits = &span_of(reach, slot)->waits[slot % SPAN_SLOTS];
	struct waiting *waiting;
	int error;

	if (!n && record->sizeof_ < LONE) {
		*waits = LONE | (uint32_t)record->sizeof_;
		return 0;
	}
	error = make_room(context, reach, HEAD_WORDS + n);
	if (error)
		return error;
	reach->last = (uint32_t)reach->used;
	*waits = reach->last;
	waiting = waiting_at(reach, reach->last);
	waiting->size = (uint32_t)record->sizeof_;
	waiting->n = n;
	memcpy(waiting->edge, refheap_scan_edges(record), n * sizeof(*waiting->edge));
	reach->used += HEAD_WORDS + n;
	return 0;
}

/* The last one has more edges. Return: -EAGAIN when it is another one by now. */
static int put_by_more(struct context *context, struct reach *reach,
		       const struct refheap_scan *record, uint32_t n)
{
	uint32_t slot = REFHEAP_ID_SLOT(record->id);
	struct waiting *waiting;
	int error;

	if (!reach->last || span_of(reach, slot)->waits[slot % SPAN_SLOTS] != reach->last ||
	    waiting_at(reach, reach->last)->n != record->first)
		return -EAGAIN;
	error = make_room(context, reach, n);
	if (error)
		return error;
	waiting = waiting_at(reach, reach->last);
	memcpy(waiting->edge + waiting->n, refheap_scan_edges(record),
	       n * sizeof(*waiting->edge));
	waiting->n += n;
	reach->used += n;
	return 0;
}

static int add_record(struct context *context, struct reach *reach,
		      const struct refheap_scan *record)
{
	bool keeps = record->kind != REFHEAP_KIND_WEAKREF && refheap_scan_has_edges(record);
	uint32_t slot = REFHEAP_ID_SLOT(record->id), n = keeps ? record->n : 0;

	if (record->sizeof_ > UINT32_MAX)
		return -EAGAIN;
	reach->slot = slot;
	if (!is_reached(span_of(reach, slot), slot))
		return record->first ? put_by_more(context, reach, record, n) :
				       put_by(context, reach, record, n);
	if (!record->first)
		reach->bytes += record->sizeof_;
	reach_all(reach, refheap_scan_edges(record), n);
	return follow(reach);
}

static int scan(struct context *context, refheap_id id, struct reach *reach, uint64_t *size)
{
	refheap_auto_scan struct refheap_scanner *scanner = NULL;
	const struct refheap_scan *record;
	bool found = false;
	int error;

	error = refheap_scan_open(context->session, REFHEAP_SCAN_EDGES, &scanner);
	while (!error && (error = refheap_scan_next(scanner, &record)) == 1) {
		if (record->id == id) {
			found = true;
			*size = record->sizeof_;
		}
		error = interrupted() ? -EINTR : add_record(context, reach, record);
	}
	if (error)
		return error;
	if (refheap_scan_disturbed(scanner))
		return -EAGAIN;
	return found ? 0 : -ESTALE;
}

int deep_size(struct context *context, refheap_id id, uint64_t *size, uint64_t *deep)
{
	struct progress progress = { .what = "reading objects" };
	struct reach reach = { .used = 1 };
	int error;

	reach.span = xcalloc(SPANS, sizeof(*reach.span));
	/* What leads nowhere has been there. */
	reach_slot(&reach, 0);
	reach_slot(&reach, REFHEAP_ID_SLOT(id));
	progress_begin(&progress);
	error = scan(context, id, &reach, size);
	progress_end(&progress);
	*deep = reach.bytes;
	reach_free(&reach);
	return error;
}

uint64_t deep_size_of_node(const struct graph *graph, uint32_t node)
{
	uint32_t *stack = xcalloc(graph->nodes, sizeof(*stack)), depth = 1;
	bool *seen = xcalloc(graph->nodes, sizeof(*seen));
	uint64_t bytes = 0;

	stack[0] = node;
	seen[0] = true;
	seen[node] = true;
	while (depth) {
		node = stack[--depth];
		bytes += graph->node[node].sizeof_;
		for (uint32_t i = graph->first[node]; i < graph->first[node + 1]; i++) {
			uint32_t to = graph->edge[i];

			if (seen[to])
				continue;
			seen[to] = true;
			stack[depth++] = to;
		}
	}
	free(stack);
	free(seen);
	return bytes;
}
