// SPDX-License-Identifier: GPL-2.0
/* Which metrics there are, and where their figures are. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cmd_metrics.h"
#include "util.h"

/* What a metric has one figure for, besides the heap. */
enum each {
	EACH_HEAP,
	EACH_GENERATION,
	EACH_GENERATION_AND_PERMANENT,
	EACH_SPACE,
};

#define ALWAYS 0

/**
 * struct figure - a metric of heaps
 * @family: name and kind
 * @each: what it has one figure for
 * @scale: of the figures
 * @offset: of the first one in struct metrics_heap
 * @condition: offset of a figure without which, when it is 0, there is none of
 *	these; or ALWAYS
 */
struct figure {
	struct metrics_family family;
	enum each each;
	enum metrics_scale scale;
	size_t offset;
	size_t condition;
};

#define AT(field) offsetof(struct metrics_heap, field)
#define GAUGE(name, unit, help) { name, unit, help, METRICS_GAUGE }
#define COUNTER(name, unit, help) { name, unit, help, METRICS_COUNTER }

static const struct figure figures[] = {
	{ GAUGE("refheap_objects", NULL, "Objects alive"),
	  EACH_HEAP, METRICS_COUNT, AT(info.objects), ALWAYS },
	{ GAUGE("refheap_object_bytes", "bytes", "Metadata and blocks of the objects alive"),
	  EACH_HEAP, METRICS_COUNT, AT(info.bytes), ALWAYS },
	{ GAUGE("refheap_reserved_bytes", "bytes", "Memory of arenas and tables"),
	  EACH_HEAP, METRICS_COUNT, AT(info.reserved_bytes), ALWAYS },
	{ GAUGE("refheap_limit_objects", NULL,
		"Most objects that the heap may have; none: no limit"),
	  EACH_HEAP, METRICS_COUNT, AT(info.max_objects), AT(info.max_objects) },
	{ GAUGE("refheap_limit_bytes", "bytes",
		"Most bytes that objects may occupy; none: no limit"),
	  EACH_HEAP, METRICS_COUNT, AT(info.max_bytes), AT(info.max_bytes) },
	{ GAUGE("refheap_names", NULL, "Entries of the root namespace"),
	  EACH_HEAP, METRICS_COUNT, AT(info.names), ALWAYS },
	{ COUNTER("refheap_births", NULL, "Objects made"),
	  EACH_HEAP, METRICS_COUNT, AT(info.births), ALWAYS },
	{ COUNTER("refheap_deaths", NULL, "Objects that died"),
	  EACH_HEAP, METRICS_COUNT, AT(info.deaths), ALWAYS },

	{ COUNTER("refheap_refusals", NULL, "Operations refused for want of memory"),
	  EACH_HEAP, METRICS_COUNT, AT(info.refusals), ALWAYS },
	{ COUNTER("refheap_lost_events", NULL, "Events that sessions did not read in time"),
	  EACH_HEAP, METRICS_COUNT, AT(info.events_lost), ALWAYS },

	{ GAUGE("refheap_sessions", NULL, "Open sessions"),
	  EACH_HEAP, METRICS_COUNT, AT(sessions), ALWAYS },
	{ GAUGE("refheap_exports", NULL, "Descriptors that hold a reference to be handed on"),
	  EACH_HEAP, METRICS_COUNT, AT(exports), ALWAYS },
	{ GAUGE("refheap_held_references", NULL, "References that sessions hold"),
	  EACH_HEAP, METRICS_COUNT, AT(held), ALWAYS },
	{ GAUGE("refheap_frames", NULL, "Frames that sessions have pushed"),
	  EACH_HEAP, METRICS_COUNT, AT(frames), ALWAYS },
	{ GAUGE("refheap_unread_events", NULL,
		"Callbacks and finalizers that sessions have not read"),
	  EACH_HEAP, METRICS_COUNT, AT(events), ALWAYS },
	{ GAUGE("refheap_oldest_session_seconds", "seconds", "Age of the oldest session"),
	  EACH_HEAP, METRICS_NANO, AT(oldest_session_ns), ALWAYS },
	{ GAUGE("refheap_weak_references", NULL, "Weak references"),
	  EACH_HEAP, METRICS_COUNT, AT(weakrefs), ALWAYS },
	{ GAUGE("refheap_types", NULL, "Types that programs have defined"),
	  EACH_HEAP, METRICS_COUNT, AT(types_defined), ALWAYS },

	{ GAUGE("refheap_generation_objects", NULL,
		"Objects that the collector tracks, by generation"),
	  EACH_GENERATION_AND_PERMANENT, METRICS_COUNT, AT(generation_objects), ALWAYS },
	{ COUNTER("refheap_generation_entered_objects", NULL,
		  "Tracked objects that came into the generation"),
	  EACH_GENERATION, METRICS_COUNT, AT(entered), ALWAYS },
	{ COUNTER("refheap_generation_left_objects", NULL,
		  "Tracked objects that went on to another generation"),
	  EACH_GENERATION, METRICS_COUNT, AT(left), ALWAYS },
	{ COUNTER("refheap_generation_untracked_objects", NULL,
		  "Objects found to be in no cycle, and left alone from then on"),
	  EACH_GENERATION, METRICS_COUNT, AT(untracked), ALWAYS },
	{ COUNTER("refheap_generation_died_objects", NULL,
		  "Tracked objects that died in the generation, collected or not"),
	  EACH_GENERATION, METRICS_COUNT, AT(died), ALWAYS },
	{ GAUGE("refheap_gc_enabled", NULL, "Whether collections run by themselves"),
	  EACH_HEAP, METRICS_COUNT, AT(gc_enabled), ALWAYS },
	{ GAUGE("refheap_gc_running", NULL, "Whether a collection runs"),
	  EACH_HEAP, METRICS_COUNT, AT(gc_collecting), ALWAYS },
	{ GAUGE("refheap_gc_threshold", NULL,
		"What refheap_gc_since_collection has to exceed for a collection"),
	  EACH_GENERATION, METRICS_COUNT, AT(threshold), ALWAYS },
	{ GAUGE("refheap_gc_since_collection", NULL,
		"Births less deaths, or collections of the younger generation, "
		"since the last collection"),
	  EACH_GENERATION, METRICS_COUNT, AT(since_collection), ALWAYS },
	{ COUNTER("refheap_gc_collections", NULL, "Collections"),
	  EACH_GENERATION, METRICS_COUNT, AT(collections), ALWAYS },
	{ COUNTER("refheap_gc_collected_objects", NULL, "Objects that collections freed"),
	  EACH_GENERATION, METRICS_COUNT, AT(collected), ALWAYS },
	{ COUNTER("refheap_gc_uncollectable_objects", NULL,
		  "Objects that collections found dead and could not free"),
	  EACH_GENERATION, METRICS_COUNT, AT(uncollectable), ALWAYS },
	{ COUNTER("refheap_gc_duration_seconds", "seconds", "Time that collections took"),
	  EACH_GENERATION, METRICS_NANO, AT(duration_ns), ALWAYS },
	{ GAUGE("refheap_gc_longest_hold_seconds", "seconds",
		"The longest time that a collection has ever held others up in one go"),
	  EACH_GENERATION, METRICS_NANO, AT(longest_hold_ns), ALWAYS },
	{ GAUGE("refheap_gc_garbage_objects", NULL, "Objects in garbage"),
	  EACH_HEAP, METRICS_COUNT, AT(gc_garbage), ALWAYS },
	{ GAUGE("refheap_gc_long_lived_objects", NULL,
		"Objects that survived the last full collection"),
	  EACH_HEAP, METRICS_COUNT, AT(long_lived), ALWAYS },
	{ GAUGE("refheap_gc_long_lived_pending_objects", NULL,
		"Objects that have got into generation 2 since the last full collection"),
	  EACH_HEAP, METRICS_COUNT, AT(long_lived_pending), ALWAYS },
	{ GAUGE("refheap_gc_last_full_duration_seconds", "seconds",
		"How long the last full collection took"),
	  EACH_HEAP, METRICS_NANO, AT(full_duration_ns), ALWAYS },
	{ GAUGE("refheap_gc_last_full_longest_hold_seconds", "seconds",
		"The longest time that the last full collection held others up in one go"),
	  EACH_HEAP, METRICS_NANO, AT(full_hold_ns), ALWAYS },
	{ GAUGE("refheap_gc_period_seconds", "seconds",
		"Time between collections on a timer; none: no timer"),
	  EACH_HEAP, METRICS_MILLI, AT(period_ms), AT(period_ms) },
	{ COUNTER("refheap_finalizers_run", NULL, "Finalizers handed to sessions"),
	  EACH_HEAP, METRICS_COUNT, AT(finalizers_run), ALWAYS },
	{ COUNTER("refheap_finalizers_skipped", NULL, "Finalizers that nobody was there for"),
	  EACH_HEAP, METRICS_COUNT, AT(finalizers_skipped), ALWAYS },
	{ GAUGE("refheap_finalizers_pending", NULL, "Finalizers that have not ended"),
	  EACH_HEAP, METRICS_COUNT, AT(finalizers_pending), ALWAYS },

	{ GAUGE("refheap_arenas", NULL, "Arenas"),
	  EACH_SPACE, METRICS_COUNT, AT(arenas), ALWAYS },
	{ GAUGE("refheap_arena_bytes", "bytes", "Memory of the arenas"),
	  EACH_SPACE, METRICS_COUNT, AT(arena_bytes), ALWAYS },
	{ GAUGE("refheap_arena_pages", NULL, "Pages of the arenas"),
	  EACH_SPACE, METRICS_COUNT, AT(arena_pages), ALWAYS },
	{ GAUGE("refheap_arena_free_pages", NULL, "Pages of the arenas that nothing uses"),
	  EACH_SPACE, METRICS_COUNT, AT(arena_pages_free), ALWAYS },
	{ GAUGE("refheap_pools", NULL, "Pools, of all size classes"),
	  EACH_SPACE, METRICS_COUNT, AT(pools), ALWAYS },
	{ GAUGE("refheap_used_blocks", NULL, "Blocks of pools in use"),
	  EACH_SPACE, METRICS_COUNT, AT(blocks_used), ALWAYS },
	{ GAUGE("refheap_free_blocks", NULL, "Blocks of pools not in use"),
	  EACH_SPACE, METRICS_COUNT, AT(blocks_free), ALWAYS },
	{ GAUGE("refheap_used_block_bytes", "bytes", "Memory of the blocks of pools in use"),
	  EACH_SPACE, METRICS_COUNT, AT(block_bytes_used), ALWAYS },
	{ GAUGE("refheap_free_block_bytes", "bytes", "Memory of the blocks of pools not in use"),
	  EACH_SPACE, METRICS_COUNT, AT(block_bytes_free), ALWAYS },
	{ GAUGE("refheap_large_blocks", NULL, "Blocks of whole pages"),
	  EACH_HEAP, METRICS_COUNT, AT(large_blocks), ALWAYS },
	{ GAUGE("refheap_large_block_bytes", "bytes", "Memory of the blocks of whole pages"),
	  EACH_HEAP, METRICS_COUNT, AT(large_bytes), ALWAYS },
	{ GAUGE("refheap_table_slots", NULL, "Slots of the object table"),
	  EACH_HEAP, METRICS_COUNT, AT(table_slots), ALWAYS },
	{ GAUGE("refheap_table_bytes", "bytes", "Memory of the object table"),
	  EACH_HEAP, METRICS_COUNT, AT(table_bytes), ALWAYS },

	{ GAUGE("refheap_traced", NULL, "Whether births are booked on their sites"),
	  EACH_HEAP, METRICS_COUNT, AT(traced), ALWAYS },
	{ GAUGE("refheap_traced_bytes", "bytes", "What traced objects occupy that are alive"),
	  EACH_HEAP, METRICS_COUNT, AT(traced_bytes), AT(traced) },
	{ GAUGE("refheap_traced_peak_bytes", "bytes", "The most that traced objects have occupied"),
	  EACH_HEAP, METRICS_COUNT, AT(traced_peak), AT(traced) },
	{ GAUGE("refheap_traced_objects", NULL, "Traced objects alive"),
	  EACH_HEAP, METRICS_COUNT, AT(traced_objects), AT(traced) },
	{ COUNTER("refheap_traced_births", NULL, "Objects made while they were traced"),
	  EACH_HEAP, METRICS_COUNT, AT(traced_births), AT(traced) },
	{ GAUGE("refheap_traced_sites", NULL, "Sites that traced objects come from"),
	  EACH_HEAP, METRICS_COUNT, AT(traced_sites), AT(traced) },
	{ GAUGE("refheap_traced_overhead_bytes", "bytes", "Memory that tracing takes"),
	  EACH_HEAP, METRICS_COUNT, AT(traced_overhead), AT(traced) },
};

const char *const metrics_generations[METRICS_GENERATIONS] = { "0", "1", "2", "permanent" };

static const char *const spaces[__REFHEAP_SPACE_MAX] = {
	[REFHEAP_SPACE_REFS] = "refs",
	[REFHEAP_SPACE_CONST] = "const",
	[REFHEAP_SPACE_MUTABLE] = "mutable",
};

static const struct {
	const char *label;
	const char *const *names;
	size_t count;
} eaches[] = {
	[EACH_HEAP] = { NULL, NULL, 1 },
	[EACH_GENERATION] = { "generation", metrics_generations, REFHEAP_GENERATIONS },
	[EACH_GENERATION_AND_PERMANENT] = {
		"generation", metrics_generations, METRICS_GENERATIONS,
	},
	[EACH_SPACE] = { "space", spaces, __REFHEAP_SPACE_MAX },
};

size_t metrics_heap_labels(const struct metrics_heap *heap, struct metrics_label *labels,
			   char uid[METRICS_UID_TEXT])
{
	snprintf(uid, METRICS_UID_TEXT, "%u", heap->info.owner);
	labels[0] = (struct metrics_label){ "heap", heap->info.name };
	labels[1] = (struct metrics_label){ "uid", uid };
	return 2;
}

/* A metric with no figures is not mentioned. */
static bool is_there(const struct metrics_heap *heap, size_t condition)
{
	return condition == ALWAYS ||
	       *(const uint64_t *)((const char *)heap + condition) != 0;
}

static void emit_figures(const struct metrics_heap *heap, const struct figure *figure,
			 const struct metrics_sink *sink)
{
	const uint64_t *values = (const uint64_t *)((const char *)heap + figure->offset);
	struct metrics_sample sample = { .suffix = "", .scale = figure->scale };
	char uid[METRICS_UID_TEXT];
	size_t next = metrics_heap_labels(heap, sample.labels, uid);

	for (size_t i = 0; i < eaches[figure->each].count; i++) {
		if (eaches[figure->each].label)
			sample.labels[next] = (struct metrics_label){
				eaches[figure->each].label, eaches[figure->each].names[i],
			};
		sample.value = values[i];
		sink->sample(sink->data, &sample);
	}
}

void metrics_emit_table(const struct metrics *metrics, const struct metrics_sink *sink)
{
	for (size_t i = 0; i < ARRAY_SIZE(figures); i++) {
		bool mentioned = false;

		for (size_t j = 0; j < metrics->count; j++) {
			if (!is_there(&metrics->heaps[j], figures[i].condition))
				continue;
			if (!mentioned)
				sink->family(sink->data, &figures[i].family);
			mentioned = true;
			emit_figures(&metrics->heaps[j], &figures[i], sink);
		}
	}
}
