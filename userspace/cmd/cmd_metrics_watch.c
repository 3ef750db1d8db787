// SPDX-License-Identifier: GPL-2.0
/* What only notices tell: how long each collection held others up. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd_metrics.h"
#include "util.h"

#define NOTICES_AT_ONCE 4096

/*
 * The bounds of the buckets, finest about the 100 us that a slice of a collection
 * is to hold the heap at most; as text in the form that everybody compares.
 */
static const struct {
	uint64_t ns;
	const char *seconds;
} bounds[METRICS_BUCKETS] = {
	{ 10000, "1e-05" }, { 25000, "2.5e-05" }, { 50000, "5e-05" }, { 100000, "0.0001" },
	{ 250000, "0.00025" }, { 500000, "0.0005" }, { 1000000, "0.001" }, { 10000000, "0.01" },
	{ 100000000, "0.1" }, { UINT64_MAX, "+Inf" },
};

/* Which module it is: a monitor hears nothing of one that was loaded later. */
static ino_t loaded_module(void)
{
	struct stat status;

	return stat("/sys/module/refheap", &status) ? 0 : status.st_ino;
}

/* Numbers of heaps begin anew as well. */
static void stop(struct metrics_watch *watch)
{
	refheap_monitor_close(watch->monitor);
	watch->monitor = NULL;
	watch->count = 0;
}

void metrics_watch_open(struct metrics_watch *watch)
{
	ino_t module = loaded_module();

	if (module != watch->module)
		stop(watch);
	watch->module = module;
	if (!watch->monitor)
		refheap_monitor_open(REFHEAP_MONITOR_HEAPS | REFHEAP_MONITOR_GC, &watch->monitor);
}

int metrics_watch_fd(const struct metrics_watch *watch)
{
	return watch->monitor ? refheap_monitor_fd(watch->monitor) : -1;
}

/* The place of a heap among those known, or where it belongs. */
static size_t find_place(const struct metrics_watch *watch, uint32_t heap)
{
	size_t low = 0, high = watch->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (watch->heaps[middle].heap < heap)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct metrics_watched *metrics_watch_find(const struct metrics_watch *watch, uint32_t heap)
{
	size_t place = find_place(watch, heap);

	return place < watch->count && watch->heaps[place].heap == heap ? &watch->heaps[place] :
									  NULL;
}

static struct metrics_watched *learn(struct metrics_watch *watch, uint32_t heap)
{
	size_t place = find_place(watch, heap);

	if (place < watch->count && watch->heaps[place].heap == heap)
		return &watch->heaps[place];
	watch->heaps = xrealloc(watch->heaps, watch->count + 1, sizeof(*watch->heaps));
	memmove(watch->heaps + place + 1, watch->heaps + place,
		(watch->count - place) * sizeof(*watch->heaps));
	watch->count++;
	watch->heaps[place] = (struct metrics_watched){ .heap = heap };
	return &watch->heaps[place];
}

/* Numbers of heaps are not used again. */
static void forget(struct metrics_watch *watch, uint32_t heap)
{
	size_t place = find_place(watch, heap);

	if (place == watch->count || watch->heaps[place].heap != heap)
		return;
	watch->count--;
	memmove(watch->heaps + place, watch->heaps + place + 1,
		(watch->count - place) * sizeof(*watch->heaps));
}

static void count_pause(struct metrics_pauses *pauses, uint64_t hold_ns)
{
	size_t bucket = 0;

	while (hold_ns > bounds[bucket].ns)
		bucket++;
	pauses->count[bucket]++;
	pauses->sum_ns += hold_ns;
}

static void count(struct metrics_watch *watch, const struct refheap_notice *notice)
{
	watch->lost[notice->group == REFHEAP_MONITOR_GC] += notice->lost;
	/* The end of a heap may have been missed: none is kept for ever. */
	if (notice->lost && notice->group == REFHEAP_MONITOR_HEAPS)
		watch->count = 0;
	switch (notice->event) {
	case REFHEAP_NTF_GC_STOP:
		if (notice->generation < REFHEAP_GENERATIONS)
			count_pause(&learn(watch, notice->heap)->pauses[notice->generation],
				    notice->longest_hold_ns);
		break;
	case REFHEAP_NTF_LIMIT:
		learn(watch, notice->heap)->refusals++;
		break;
	case REFHEAP_NTF_HEAP_REMOVED:
		forget(watch, notice->heap);
		break;
	default:
		break;
	}
}

void metrics_watch_read(struct metrics_watch *watch)
{
	struct refheap_notice notice;
	int got = 0;

	/* Not for ever when they come faster than they are counted. */
	for (int i = 0; watch->monitor && i < NOTICES_AT_ONCE; i++) {
		got = refheap_monitor_next(watch->monitor, 0, &notice);
		if (got <= 0)
			break;
		count(watch, &notice);
	}
	if (got < 0 && got != -EINTR)
		stop(watch);
}

static void emit_pauses(const struct metrics_heap *heap, const char *generation,
			const struct metrics_pauses *pauses, const struct metrics_sink *sink)
{
	struct metrics_sample sample = { .suffix = "_bucket" };
	char uid[METRICS_UID_TEXT];
	size_t next = metrics_heap_labels(heap, sample.labels, uid);

	sample.labels[next++] = (struct metrics_label){ "generation", generation };
	for (size_t i = 0; i < METRICS_BUCKETS; i++) {
		sample.value += pauses->count[i];
		sample.labels[next] = (struct metrics_label){ "le", bounds[i].seconds };
		sink->sample(sink->data, &sample);
	}
	sample.labels[next] = (struct metrics_label){ 0 };
	sample.suffix = "_count";
	sink->sample(sink->data, &sample);
	sample.suffix = "_sum";
	sample.value = pauses->sum_ns;
	sample.scale = METRICS_NANO;
	sink->sample(sink->data, &sample);
}

static void emit_lost(const struct metrics_watch *watch, const struct metrics_sink *sink)
{
	static const char *const groups[] = { "heap", "gc" };
	static const struct metrics_family family = {
		"refheap_notices_lost", NULL,
		"Notices that came too fast: what they told is missing here", METRICS_COUNTER,
	};

	sink->family(sink->data, &family);
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		sink->sample(sink->data, &(struct metrics_sample){
			.suffix = "", .labels = { { "group", groups[i] } },
			.value = watch->lost[i],
		});
}

static void emit_refusals(const struct metrics_heap *heap, uint64_t refusals,
			  const struct metrics_sink *sink)
{
	struct metrics_sample sample = { .suffix = "", .value = refusals };
	char uid[METRICS_UID_TEXT];

	metrics_heap_labels(heap, sample.labels, uid);
	sink->sample(sink->data, &sample);
}

void metrics_watch_emit(const struct metrics *metrics, const struct metrics_sink *sink)
{
	static const char *const generations[REFHEAP_GENERATIONS] = { "0", "1", "2" };
	static const struct metrics_watched nothing;
	static const struct metrics_family pauses = {
		"refheap_gc_pause_seconds", "seconds",
		"The longest time that each collection held others up in one go",
		METRICS_HISTOGRAM,
	}, refusals = {
		"refheap_limit_refusals", NULL, "Operations refused for want of memory",
		METRICS_COUNTER,
	};

	emit_lost(metrics->watch, sink);
	for (size_t i = 0; i < metrics->count; i++) {
		const struct metrics_heap *heap = &metrics->heaps[i];
		const struct metrics_watched *watched = heap->watched ? heap->watched : &nothing;

		if (!i)
			sink->family(sink->data, &refusals);
		emit_refusals(heap, watched->refusals, sink);
	}
	for (size_t i = 0; i < metrics->count; i++) {
		const struct metrics_heap *heap = &metrics->heaps[i];
		const struct metrics_watched *watched = heap->watched ? heap->watched : &nothing;

		if (!i)
			sink->family(sink->data, &pauses);
		for (size_t g = 0; g < REFHEAP_GENERATIONS; g++)
			emit_pauses(heap, generations[g], &watched->pauses[g], sink);
	}
}

void metrics_watch_close(struct metrics_watch *watch)
{
	stop(watch);
	free(watch->heaps);
	*watch = (struct metrics_watch){ 0 };
}
