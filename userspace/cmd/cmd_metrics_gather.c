// SPDX-License-Identifier: GPL-2.0
/* All figures of all heaps, asked from the kernel. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "cmd_metrics.h"
#include "interrupt.h"
#include "util.h"

#define TRIES 5			/* while heaps come and go */

static void free_heap(struct metrics_heap *heap)
{
	free(heap->types);
	heap->types = NULL;
}

void metrics_free(struct metrics *metrics)
{
	for (size_t i = 0; i < metrics->count; i++)
		free_heap(&metrics->heaps[i]);
	free(metrics->heaps);
	metrics->heaps = NULL;
	metrics->count = 0;
}

/* What a list of the kernel may miss when it was interrupted is in the next one. */
static int end_of_list(int error)
{
	return error == -EINTR ? 0 : error;
}

static int gather_collector(struct refheap_ctl *control, struct metrics_heap *heap)
{
	struct refheap_gc_info info;
	int error = refheap_gc_get(control, heap->info.heap, &info);

	if (error)
		return error;
	heap->gc_enabled = info.enabled;
	heap->gc_collecting = info.collecting != 0;
	heap->gc_garbage = info.garbage;
	heap->long_lived = info.long_lived_total;
	heap->long_lived_pending = info.long_lived_pending;
	heap->full_duration_ns = info.duration_ns;
	heap->full_hold_ns = info.longest_hold_ns;
	heap->period_ms = info.period_ms;
	heap->finalizers_pending = info.pending;
	heap->finalizers_run = info.finalized;
	heap->finalizers_skipped = info.skipped;
	for (size_t i = 0; i < REFHEAP_GENERATIONS; i++) {
		const struct refheap_generation *generation = &info.generation[i];

		heap->generation_objects[i] = generation->objects;
		heap->threshold[i] = generation->threshold;
		heap->since_collection[i] = generation->count;
		heap->collections[i] = generation->collections;
		heap->collected[i] = generation->collected;
		heap->uncollectable[i] = generation->uncollectable;
		heap->entered[i] = generation->entered;
		heap->left[i] = generation->left;
		heap->untracked[i] = generation->untracked;
		heap->died[i] = generation->died;
		heap->duration_ns[i] = generation->duration_ns;
		heap->longest_hold_ns[i] = generation->longest_hold_ns;
		heap->total_hold_ns[i] = generation->total_hold_ns;
		memcpy(heap->holds[i], generation->holds, sizeof(heap->holds[i]));
	}
	heap->generation_objects[REFHEAP_GENERATIONS] = info.frozen;
	return 0;
}

static int gather_sessions(struct refheap_ctl *control, struct metrics_heap *heap)
{
	refheap_auto_iter struct refheap_iter *iterator = NULL;
	struct refheap_session_info info;
	uint64_t now = clock_now();
	int error = refheap_iter_sessions(control, heap->info.heap, &iterator);

	if (error)
		return error;
	while ((error = refheap_next_session(iterator, &info)) == 1) {
		uint64_t age = now > info.since_ns ? now - info.since_ns : 0;

		if (info.exported)
			heap->exports++;
		else
			heap->sessions++;
		heap->held += info.held;
		heap->frames += info.frames;
		heap->events += info.events;
		if (age > heap->oldest_session_ns)
			heap->oldest_session_ns = age;
	}
	return end_of_list(error);
}

static int gather_arenas(struct refheap_ctl *control, struct metrics_heap *heap)
{
	refheap_auto_iter struct refheap_iter *iterator = NULL;
	struct refheap_arena_info info;
	int error = refheap_iter_arenas(control, heap->info.heap, &iterator);

	if (error)
		return error;
	while ((error = refheap_next_arena(iterator, &info)) == 1) {
		if (info.entry == REFHEAP_ARENA_TOTALS) {
			heap->large_blocks = info.large_blocks;
			heap->large_bytes = info.large_bytes;
			heap->table_bytes = info.table_bytes;
			heap->table_slots = info.table_slots;
		} else if (info.space >= __REFHEAP_SPACE_MAX) {
			continue;
		} else if (info.entry == REFHEAP_ARENA_ARENA) {
			heap->arenas[info.space]++;
			heap->arena_bytes[info.space] += info.bytes;
			heap->arena_pages[info.space] += info.pages;
			heap->arena_pages_free[info.space] += info.pages_free;
		} else {
			heap->pools[info.space] += info.pools;
			heap->blocks_used[info.space] += info.blocks_used;
			heap->blocks_free[info.space] += info.blocks_free;
			heap->block_bytes_used[info.space] += info.blocks_used * info.block_bytes;
			heap->block_bytes_free[info.space] += info.blocks_free * info.block_bytes;
		}
	}
	return end_of_list(error);
}

static void add_to_rest(struct metrics_heap *heap, const struct metrics_type *type)
{
	heap->rest.objects += type->objects;
	heap->rest.bytes += type->bytes;
}

/* Keeps the @room greatest, in order; what has no place goes to the rest. */
static void add_type(struct metrics_heap *heap, const struct refheap_type_info *info, size_t room)
{
	struct metrics_type type = {
		.kind = info->kind, .objects = info->objects, .bytes = info->bytes,
	};
	size_t place = heap->types_count;

	while (place && heap->types[place - 1].bytes < type.bytes)
		place--;
	if (place == room) {
		add_to_rest(heap, &type);
		return;
	}
	memcpy(type.name, info->name, sizeof(type.name));
	if (heap->types_count == room)
		add_to_rest(heap, &heap->types[--heap->types_count]);
	memmove(heap->types + place + 1, heap->types + place,
		(heap->types_count - place) * sizeof(*heap->types));
	heap->types[place] = type;
	heap->types_count++;
}

static int gather_types(struct refheap_ctl *control, struct metrics_heap *heap, size_t room)
{
	refheap_auto_iter struct refheap_iter *iterator = NULL;
	struct refheap_type_info info;
	int error = refheap_iter_types(control, heap->info.heap, &iterator);

	if (error)
		return error;
	if (room)
		heap->types = xcalloc(room, sizeof(*heap->types));
	while ((error = refheap_next_type(iterator, &info)) == 1) {
		if (info.type)
			heap->types_defined++;
		else if (info.kind == REFHEAP_KIND_WEAKREF)
			heap->weakrefs = info.objects;
		/* The kind "instance" has all that the types have. */
		if (info.objects && (info.type || info.kind != REFHEAP_KIND_INSTANCE))
			add_type(heap, &info, room);
	}
	return end_of_list(error);
}

static int gather_traced(struct refheap_ctl *control, struct metrics_heap *heap)
{
	struct refheap_traced traced;
	int error = refheap_heap_traced(control, heap->info.heap, &traced);

	if (error)
		return error;
	heap->traced = traced.on;
	heap->traced_bytes = traced.bytes;
	heap->traced_peak = traced.peak;
	heap->traced_objects = traced.count;
	heap->traced_births = traced.births;
	heap->traced_overhead = traced.overhead;
	heap->traced_sites = traced.sites;
	return 0;
}

static int gather_heap(struct refheap_ctl *control, struct metrics_heap *heap, size_t types)
{
	int error = gather_collector(control, heap);

	if (!error)
		error = gather_sessions(control, heap);
	if (!error)
		error = gather_arenas(control, heap);
	if (!error)
		error = gather_types(control, heap, types);
	if (!error)
		error = gather_traced(control, heap);
	return error;
}

static void add_heap(struct metrics *metrics, const struct refheap_heap_info *info)
{
	metrics->heaps = xrealloc(metrics->heaps, metrics->count + 1, sizeof(*metrics->heaps));
	metrics->heaps[metrics->count++] = (struct metrics_heap){
		.info = *info, .rest.name = "other",
	};
}

static int find_heap(struct refheap_ctl *control, const struct metrics_choice *choice,
		     struct metrics *metrics)
{
	struct refheap_heap_info info;
	uint32_t heap;
	int error = refheap_heap_find(control, choice->name, choice->owner, &heap);

	if (!error)
		error = refheap_heap_get(control, heap, &info);
	if (!error)
		add_heap(metrics, &info);
	return error;
}

static int list_heaps(struct refheap_ctl *control, struct metrics *metrics)
{
	refheap_auto_iter struct refheap_iter *iterator = NULL;
	struct refheap_heap_info info;
	int error = refheap_iter_heaps(control, &iterator);

	if (error)
		return error;
	while ((error = refheap_next_heap(iterator, &info)) == 1)
		add_heap(metrics, &info);
	return error;
}

static int find_heaps(struct refheap_ctl *control, const struct metrics_choice *choice,
		      struct metrics *metrics)
{
	int error = 0;

	if (choice->name)
		return find_heap(control, choice, metrics);
	for (int i = 0; i < TRIES; i++) {
		metrics_free(metrics);
		error = list_heaps(control, metrics);
		if (error != -EINTR)
			break;
	}
	return end_of_list(error);
}

static int by_owner_and_name(const void *a, const void *b)
{
	const struct refheap_heap_info *left = &((const struct metrics_heap *)a)->info;
	const struct refheap_heap_info *right = &((const struct metrics_heap *)b)->info;

	if (left->owner != right->owner)
		return left->owner < right->owner ? -1 : 1;
	return strcmp(left->name, right->name);
}

/*
 * Owners that a user namespace does not know look like one, so their heaps can
 * have the same labels; nobody takes two figures with the same labels.
 */
static void sort(struct metrics *metrics)
{
	size_t kept = 0;

	if (metrics->count)
		qsort(metrics->heaps, metrics->count, sizeof(*metrics->heaps), by_owner_and_name);
	for (size_t i = 0; i < metrics->count; i++) {
		if (!kept || by_owner_and_name(&metrics->heaps[kept - 1], &metrics->heaps[i]))
			metrics->heaps[kept++] = metrics->heaps[i];
	}
	metrics->count = kept;
}

/* A heap that has gone is not an error. */
static int gather_heaps(struct refheap_ctl *control, const struct metrics_choice *choice,
			struct metrics *metrics)
{
	size_t kept = 0;
	int error = 0;

	for (size_t i = 0; i < metrics->count; i++) {
		struct metrics_heap *heap = &metrics->heaps[i];

		if (!error)
			error = interrupted() ? -EINTR :
						gather_heap(control, heap, choice->types);
		if (error)
			free_heap(heap);
		else
			metrics->heaps[kept++] = *heap;
		if (error == -ENOENT || error == -EIDRM)
			error = 0;
	}
	metrics->count = kept;
	return error;
}

int metrics_gather(const struct metrics_choice *choice, struct metrics *metrics)
{
	/* Opened each time, it does not matter when the module is loaded anew. */
	refheap_auto_ctl struct refheap_ctl *control = NULL;
	uint64_t began = clock_now();
	int error = refheap_ctl_open(&control);

	*metrics = (struct metrics){ 0 };
	if (error)
		return error;
	error = find_heaps(control, choice, metrics);
	if (!error) {
		sort(metrics);
		error = gather_heaps(control, choice, metrics);
	}
	if (error) {
		metrics_free(metrics);
		return error;
	}
	metrics->duration_ns = clock_now() - began;
	return 0;
}
