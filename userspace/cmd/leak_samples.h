/* SPDX-License-Identifier: GPL-2.0 */
/* How many objects of each type there are, again and again, and what has grown. */
#ifndef REFHEAP_CMD_LEAK_SAMPLES_H
#define REFHEAP_CMD_LEAK_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "context.h"

#define LEAK_SAMPLES_MIN 3
#define LEAK_SAMPLES_MAX 1000

/**
 * struct leak_series - what was counted each time
 * @name: of the type or kind; NULL for all of them together
 * @kind: enum refheap_kind
 * @type: of instances, else 0
 * @objects: alive, by number of the sample
 * @bytes: of them, likewise
 */
struct leak_series {
	char *name;
	uint32_t kind;
	uint32_t type;
	uint64_t *objects;
	uint64_t *bytes;
};

/**
 * struct leak_samples - all samples
 * @wanted: how many there are to be, LEAK_SAMPLES_MIN to LEAK_SAMPLES_MAX
 * @count: how many there are
 * @time_ns: when each was taken
 * @all: the whole heap
 * @types: each type and kind that was ever there
 * @type_count: how many
 * @last: the one that was found last; they come in the same order each time
 */
struct leak_samples {
	size_t wanted;
	size_t count;
	uint64_t *time_ns;
	struct leak_series all;
	struct leak_series *types;
	size_t type_count;
	size_t last;
};

void leak_samples_begin(struct leak_samples *samples, size_t wanted);
void leak_samples_free(struct leak_samples *samples);

/* Count everything once. Returns a status. */
int leak_samples_add(struct context *context, struct leak_samples *samples);

/**
 * leak_grows() - whether a figure grows, rather than goes up and down
 * @values: by number of the sample
 * @count: their number
 *
 * It does when the least of the later half is more than the most of the earlier
 * one, and the last is more than the first of the later half: what has only
 * warmed up grows no more by then.
 */
bool leak_grows(const uint64_t *values, size_t count);

/* Whether a type's objects or bytes grow. */
bool leak_series_grows(const struct leak_samples *samples, const struct leak_series *series);

/* Put the types that grow in front, the most bytes first. Returns how many. */
size_t leak_samples_sort(struct leak_samples *samples);

/* What a figure has grown by, from the first to the last sample. */
int64_t leak_growth(const struct leak_samples *samples, const uint64_t *values);

#endif
