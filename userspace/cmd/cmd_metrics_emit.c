// SPDX-License-Identifier: GPL-2.0
/* All metrics, in their order. */
#include <stdio.h>

#include "cmd_metrics.h"
#include "util.h"

/* What is the same for all. */
static void emit_general(const struct metrics *metrics, const struct metrics_sink *sink)
{
	static const struct metrics_family build = {
		"refheap_build", NULL, "The version of the command", METRICS_INFO,
	};
	static const struct metrics_family heaps = {
		"refheap_heaps", NULL, "Heaps that can be seen", METRICS_GAUGE,
	};
	static const struct metrics_family duration = {
		"refheap_scrape_duration_seconds", "seconds",
		"How long it took to get these figures", METRICS_GAUGE,
	};

	sink->family(sink->data, &build);
	sink->sample(sink->data, &(struct metrics_sample){
		.suffix = "", .labels = { { "version", REFHEAP_VERSION } }, .value = 1,
	});
	sink->family(sink->data, &heaps);
	sink->sample(sink->data, &(struct metrics_sample){
		.suffix = "", .value = metrics->count,
	});
	sink->family(sink->data, &duration);
	sink->sample(sink->data, &(struct metrics_sample){
		.suffix = "", .value = metrics->duration_ns, .scale = METRICS_NANO,
	});
}

static void emit_heap_info(const struct metrics *metrics, const struct metrics_sink *sink)
{
	static const struct metrics_family family = {
		"refheap_heap", NULL, "Number, group and mode of the heap", METRICS_INFO,
	};
	char uid[METRICS_UID_TEXT], number[16], group[16], mode[8];

	if (metrics->count)
		sink->family(sink->data, &family);
	for (size_t i = 0; i < metrics->count; i++) {
		const struct refheap_heap_info *info = &metrics->heaps[i].info;
		struct metrics_sample sample = { .suffix = "", .value = 1 };
		struct metrics_label *next =
			sample.labels + metrics_heap_labels(&metrics->heaps[i], sample.labels, uid);

		snprintf(number, sizeof(number), "%u", info->heap);
		snprintf(group, sizeof(group), "%u", info->group);
		snprintf(mode, sizeof(mode), "%04o", info->mode & 0777);
		*next++ = (struct metrics_label){ "number", number };
		*next++ = (struct metrics_label){ "gid", group };
		*next++ = (struct metrics_label){ "mode", mode };
		sink->sample(sink->data, &sample);
	}
}

/* Bounds of REFHEAP_HOLD_BOUNDS in seconds, in the form that everybody compares. */
static const char *const bounds[REFHEAP_HOLD_BUCKETS] = {
	"1e-05", "2.5e-05", "5e-05", "0.0001", "0.00025", "0.0005", "0.001", "0.01", "0.1", "+Inf",
};

static void emit_generation_holds(const struct metrics_heap *heap, size_t generation,
				  const struct metrics_sink *sink)
{
	struct metrics_sample sample = { .suffix = "_bucket" };
	char uid[METRICS_UID_TEXT];
	size_t next = metrics_heap_labels(heap, sample.labels, uid);

	sample.labels[next++] = (struct metrics_label){
		"generation", metrics_generations[generation],
	};
	for (size_t i = 0; i < REFHEAP_HOLD_BUCKETS; i++) {
		sample.value += heap->holds[generation][i];
		sample.labels[next] = (struct metrics_label){ "le", bounds[i] };
		sink->sample(sink->data, &sample);
	}
	sample.labels[next] = (struct metrics_label){ 0 };
	sample.suffix = "_count";
	sink->sample(sink->data, &sample);
	sample.suffix = "_sum";
	sample.value = heap->total_hold_ns[generation];
	sample.scale = METRICS_NANO;
	sink->sample(sink->data, &sample);
}

static void emit_holds(const struct metrics *metrics, const struct metrics_sink *sink)
{
	static const struct metrics_family family = {
		"refheap_gc_hold_seconds", "seconds",
		"The longest time that each collection held others up in one go",
		METRICS_HISTOGRAM,
	};

	if (metrics->count)
		sink->family(sink->data, &family);
	for (size_t i = 0; i < metrics->count; i++) {
		for (size_t g = 0; g < REFHEAP_GENERATIONS; g++)
			emit_generation_holds(&metrics->heaps[i], g, sink);
	}
}

static void emit_type(const struct metrics_heap *heap, const struct metrics_type *type,
		      const char *kind, uint64_t value, const struct metrics_sink *sink)
{
	struct metrics_sample sample = { .suffix = "", .value = value };
	char uid[METRICS_UID_TEXT];
	size_t next = metrics_heap_labels(heap, sample.labels, uid);

	sample.labels[next++] = (struct metrics_label){ "type", type->name };
	sample.labels[next++] = (struct metrics_label){ "kind", kind };
	sink->sample(sink->data, &sample);
}

/* One metric of the two: @bytes or objects. */
static void emit_types_of(const struct metrics_heap *heap, bool bytes,
			  const struct metrics_sink *sink)
{
	for (size_t i = 0; i < heap->types_count; i++) {
		const struct metrics_type *type = &heap->types[i];

		emit_type(heap, type, refheap_kind_name(type->kind),
			  bytes ? type->bytes : type->objects, sink);
	}
	/* No kind is called so, whatever types are. */
	emit_type(heap, &heap->rest, "other", bytes ? heap->rest.bytes : heap->rest.objects, sink);
}

static void emit_types(const struct metrics *metrics, const struct metrics_sink *sink)
{
	static const struct metrics_family families[] = {
		{ "refheap_type_objects", NULL,
		  "Objects alive, by type; of the kind \"other\": of all types not listed",
		  METRICS_GAUGE },
		{ "refheap_type_bytes", "bytes", "What the objects occupy, by type",
		  METRICS_GAUGE },
	};

	for (size_t f = 0; f < ARRAY_SIZE(families); f++) {
		bool mentioned = false;

		for (size_t i = 0; i < metrics->count; i++) {
			if (!metrics->heaps[i].types)
				continue;
			if (!mentioned)
				sink->family(sink->data, &families[f]);
			mentioned = true;
			emit_types_of(&metrics->heaps[i], f, sink);
		}
	}
}

void metrics_emit(const struct metrics *metrics, const struct metrics_sink *sink)
{
	emit_general(metrics, sink);
	emit_heap_info(metrics, sink);
	metrics_emit_table(metrics, sink);
	emit_holds(metrics, sink);
	emit_types(metrics, sink);
}
