/* SPDX-License-Identifier: GPL-2.0 */
/* Figures of all heaps, for monitoring systems. */
#ifndef REFHEAP_CMD_CMD_METRICS_H
#define REFHEAP_CMD_CMD_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include <refheap.h>

#include "context.h"

struct json_object;

#define METRICS_GENERATIONS 4		/* the permanent one, too */
#define METRICS_TYPES_MAX 1000

struct metrics_type {
	char name[REFHEAP_NAME_MAX];
	uint32_t kind;
	uint64_t objects;
	uint64_t bytes;
};

/**
 * struct metrics_heap - the figures of one heap
 * @info: name, owner and so on
 * @sessions: and what follows, down to @traced_sites: all are uint64_t, for the
 *	table of metrics
 * @types: those with the most bytes
 * @types_count: their number
 * @rest: what all other types have
 */
struct metrics_heap {
	struct refheap_heap_info info;
	uint64_t sessions;
	uint64_t exports;
	uint64_t held;
	uint64_t frames;
	uint64_t events;
	uint64_t oldest_session_ns;
	uint64_t weakrefs;
	uint64_t types_defined;
	uint64_t gc_enabled;
	uint64_t gc_collecting;
	uint64_t gc_garbage;
	uint64_t long_lived;
	uint64_t long_lived_pending;
	uint64_t full_duration_ns;
	uint64_t full_hold_ns;
	uint64_t period_ms;
	uint64_t finalizers_pending;
	uint64_t finalizers_run;
	uint64_t finalizers_skipped;
	uint64_t generation_objects[METRICS_GENERATIONS];
	uint64_t threshold[REFHEAP_GENERATIONS];
	uint64_t since_collection[REFHEAP_GENERATIONS];
	uint64_t collections[REFHEAP_GENERATIONS];
	uint64_t collected[REFHEAP_GENERATIONS];
	uint64_t uncollectable[REFHEAP_GENERATIONS];
	uint64_t entered[REFHEAP_GENERATIONS];
	uint64_t left[REFHEAP_GENERATIONS];
	uint64_t untracked[REFHEAP_GENERATIONS];
	uint64_t died[REFHEAP_GENERATIONS];
	uint64_t duration_ns[REFHEAP_GENERATIONS];
	uint64_t longest_hold_ns[REFHEAP_GENERATIONS];
	uint64_t total_hold_ns[REFHEAP_GENERATIONS];
	uint64_t holds[REFHEAP_GENERATIONS][REFHEAP_HOLD_BUCKETS];
	uint64_t arenas[__REFHEAP_SPACE_MAX];
	uint64_t arena_bytes[__REFHEAP_SPACE_MAX];
	uint64_t arena_pages[__REFHEAP_SPACE_MAX];
	uint64_t arena_pages_free[__REFHEAP_SPACE_MAX];
	uint64_t pools[__REFHEAP_SPACE_MAX];
	uint64_t blocks_used[__REFHEAP_SPACE_MAX];
	uint64_t blocks_free[__REFHEAP_SPACE_MAX];
	uint64_t block_bytes_used[__REFHEAP_SPACE_MAX];
	uint64_t block_bytes_free[__REFHEAP_SPACE_MAX];
	uint64_t large_blocks;
	uint64_t large_bytes;
	uint64_t table_bytes;
	uint64_t table_slots;
	uint64_t traced;
	uint64_t traced_bytes;
	uint64_t traced_peak;
	uint64_t traced_objects;
	uint64_t traced_births;
	uint64_t traced_overhead;
	uint64_t traced_sites;
	struct metrics_type *types;
	size_t types_count;
	struct metrics_type rest;
};

/**
 * struct metrics - the figures of all heaps that one may read
 * @heaps: sorted by owner and name
 * @count: their number
 * @duration_ns: how long it took to get them
 */
struct metrics {
	struct metrics_heap *heaps;
	size_t count;
	uint64_t duration_ns;
};

/**
 * struct metrics_choice - what figures are wanted
 * @name: only of that heap, or NULL
 * @owner: its owner, or REFHEAP_OWNER_SELF
 * @types: how many types of each heap
 */
struct metrics_choice {
	const char *name;
	uint32_t owner;
	uint64_t types;
};

enum metrics_format {
	METRICS_OPENMETRICS,	/* 1.0.0 */
	METRICS_PROMETHEUS,	/* the older text format, 0.0.4 */
};

/* cmd_metrics_gather.c */

/**
 * metrics_gather() - ask the kernel for all figures
 * @metrics: out: to be freed with metrics_free() when 0 is returned
 *
 * Each heap has the figures of one moment or of moments close to each other.
 * One that goes away meanwhile is left out.
 *
 * Return: 0 or a negative errno.
 */
int metrics_gather(const struct metrics_choice *choice, struct metrics *metrics);
void metrics_free(struct metrics *metrics);

/* cmd_metrics_format.c */

/* How a figure is to be read. */
enum metrics_scale {
	METRICS_COUNT,
	METRICS_MILLI,		/* thousandths */
	METRICS_NANO,		/* billionths */
};

struct metrics_label {
	const char *name;	/* NULL after the last */
	const char *value;
};

#define METRICS_LABELS 6		/* an end included */
#define METRICS_UID_TEXT 16

/* One figure of a metric. */
struct metrics_sample {
	const char *suffix;	/* of the metric's name, or "" */
	struct metrics_label labels[METRICS_LABELS];
	uint64_t value;
	enum metrics_scale scale;
};

enum metrics_kind {
	METRICS_GAUGE,
	METRICS_COUNTER,
	METRICS_HISTOGRAM,
	METRICS_INFO,
};

/**
 * struct metrics_family - a metric
 * @name: without what its kind adds to it
 * @unit: that the name ends with, or NULL
 * @help: what it is, one sentence without a final stop
 * @kind: how it behaves
 */
struct metrics_family {
	const char *name;
	const char *unit;
	const char *help;
	enum metrics_kind kind;
};

/**
 * struct metrics_sink - where figures go
 * @family: begins a metric
 * @sample: one figure of it
 * @data: for both
 */
struct metrics_sink {
	void (*family)(void *data, const struct metrics_family *family);
	void (*sample)(void *data, const struct metrics_sample *sample);
	void *data;
};

/* Write all figures; the caller asks the file for errors. */
void metrics_write(FILE *file, const struct metrics *metrics, enum metrics_format format);

/* The same as a JSON document, which is the caller's. */
struct json_object *metrics_json(const struct metrics *metrics);

/* cmd_metrics_emit.c */

/* Hand all figures over, those of a metric one after the other. */
void metrics_emit(const struct metrics *metrics, const struct metrics_sink *sink);

/* cmd_metrics_table.c */

/* Those of which a heap has one, or one a generation or a space. */
void metrics_emit_table(const struct metrics *metrics, const struct metrics_sink *sink);

extern const char *const metrics_generations[METRICS_GENERATIONS];

/* The labels of every figure of a heap; returns their number. */
size_t metrics_heap_labels(const struct metrics_heap *heap, struct metrics_label *labels,
			   char uid[METRICS_UID_TEXT]);

/* cmd_metrics_accept.c */

/* The format that a header Accept wants most; NULL: there is none. */
enum metrics_format metrics_accepted(const char *accept);

/* cmd_metrics_serve.c */

/**
 * metrics_serve() - answer HTTP requests until SIGINT or SIGTERM
 * @where: [ADDRESS:]PORT
 * @public: addresses that others can reach are allowed
 *
 * Return: a status.
 */
int metrics_serve(struct context *context, const struct metrics_choice *choice,
		  const char *where, bool public);

#endif
