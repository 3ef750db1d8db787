// SPDX-License-Identifier: LGPL-2.1-or-later
/* Statistics of snapshots, in the order and the words of Python's tracemalloc. */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "snapshot.h"

/* With a probability of 95 % a normal deviate is not beyond so many deviations. */
#define DEVIATIONS 1.96

/* Of count_squares, which are in 64ths. */
#define COUNT_UNIT (1.0 / 8)

static int compare_frames(const struct refheap_trace_frame *a,
			  const struct refheap_trace_frame *b)
{
	int names = strcmp(a->filename, b->filename);

	return names ? names : (a->line > b->line) - (a->line < b->line);
}

/* As Python compares them: from the oldest frame on. */
static int by_place(const void *left, const void *right)
{
	const struct refheap_statistic *one = left, *other = right;
	const struct refheap_traceback *a = &one->traceback;
	const struct refheap_traceback *b = &other->traceback;

	for (size_t i = 1; i <= a->count && i <= b->count; i++) {
		int order = compare_frames(&a->frame[a->count - i],
					   &b->frame[b->count - i]);

		if (order)
			return order;
	}
	return (a->count > b->count) - (a->count < b->count);
}

static int descending(int64_t a, int64_t b)
{
	return (a < b) - (a > b);
}

static int most_first(const void *left, const void *right)
{
	const struct refheap_statistic *a = left, *b = right;
	const int orders[] = {
		descending(llabs(a->size_diff), llabs(b->size_diff)),
		descending(a->size, b->size),
		descending(llabs(a->count_diff), llabs(b->count_diff)),
		descending(a->count, b->count),
	};

	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
		if (orders[i])
			return orders[i];
	return by_place(right, left);
}

/*
 * Statistics while they are made, in one allocation with frames of their own:
 * by file these have no lines.
 */
struct making {
	struct refheap_statistic *statistic;
	struct refheap_trace_frame *frame;
	size_t count;
	enum refheap_trace_key key;
	bool cumulative;
	bool older;		/* what is added now is of the older snapshot */
};

static double variance(uint64_t squares, double unit)
{
	return (double)squares * unit * unit;
}

void refheap_traced_errors(const struct refheap_traced *traced, double *bytes,
			   double *count)
{
	*bytes = DEVIATIONS * sqrt(variance(traced->byte_squares,
					    (double)traced->byte_unit));
	*count = DEVIATIONS * sqrt(variance(traced->count_squares,
					    COUNT_UNIT));
}

/* Errors are variances until all have been added up. */
static void set_figures(struct refheap_statistic *statistic,
			const struct refheap_snapshot *snapshot,
			const struct refheap_trace_site *site, bool older)
{
	int64_t size = (int64_t)site->bytes, count = (int64_t)site->count;

	statistic->size = older ? 0 : size;
	statistic->size_diff = older ? -size : size;
	statistic->count = older ? 0 : count;
	statistic->count_diff = older ? -count : count;
	statistic->births = older ? 0 : site->births;
	statistic->size_error = variance(site->byte_squares,
					 (double)snapshot->traced.byte_unit);
	statistic->count_error = variance(site->count_squares, COUNT_UNIT);
}

/* Its own frame, unless it is a whole traceback. */
static void set_frames(struct making *making,
		       struct refheap_statistic *statistic,
		       const struct refheap_trace_frame *frames, size_t count)
{
	struct refheap_trace_frame *frame = &making->frame[making->count];

	statistic->traceback.frame = frames;
	statistic->traceback.count = count;
	if (making->key == REFHEAP_TRACE_TRACEBACK)
		return;
	*frame = *frames;
	if (making->key == REFHEAP_TRACE_FILENAME) {
		/* Addresses of a file are of that file. */
		if (!frame->line && frame->module && *frame->module)
			frame->filename = frame->module;
		frame->line = 0;
		frame->function = NULL;
	}
	statistic->traceback.frame = frame;
	statistic->traceback.count = 1;
}

static void add_all(struct making *making,
		    const struct refheap_snapshot *snapshot, bool older)
{
	for (size_t i = 0; i < snapshot->count; i++) {
		const struct rh_entry *entry = &snapshot->entry[i];
		const struct refheap_trace_frame *frames =
			rh_entry_frames(snapshot, entry);
		size_t times = making->cumulative ? entry->frames : 1;

		for (size_t j = 0; j < times; j++) {
			struct refheap_statistic *statistic =
				&making->statistic[making->count];

			set_figures(statistic, snapshot, &entry->site, older);
			set_frames(making, statistic, &frames[j],
				   entry->frames);
			making->count++;
		}
	}
}

/* In Python the name of a traceback is that of its oldest frame. */
static void finish(struct refheap_statistic *statistic)
{
	const struct refheap_traceback *traceback = &statistic->traceback;

	statistic->filename = traceback->frame[traceback->count - 1].filename;
	statistic->line = traceback->frame[traceback->count - 1].line;
	statistic->size_error = DEVIATIONS * sqrt(statistic->size_error);
	statistic->count_error = DEVIATIONS * sqrt(statistic->count_error);
}

static bool is_empty(const struct refheap_statistic *statistic)
{
	return !statistic->size && !statistic->size_diff && !statistic->count &&
	       !statistic->count_diff;
}

/* Adds up those of the same place. Return: how many are left. */
static size_t merge(struct refheap_statistic *statistics, size_t count)
{
	size_t merged = 0;

	qsort(statistics, count, sizeof(*statistics), by_place);
	for (size_t i = 0; i < count; i++) {
		struct refheap_statistic *last = &statistics[merged - !!merged];
		const struct refheap_statistic *next = &statistics[i];

		if (!merged || by_place(last, next)) {
			statistics[merged++] = *next;
			continue;
		}
		last->size += next->size;
		last->size_diff += next->size_diff;
		last->count += next->count;
		last->count_diff += next->count_diff;
		last->births += next->births;
		last->size_error += next->size_error;
		last->count_error += next->count_error;
	}
	return merged;
}

static size_t drop_empty(struct refheap_statistic *statistics, size_t count,
			 bool born)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (!is_empty(&statistics[i]) ||
		    (born && statistics[i].births))
			statistics[kept++] = statistics[i];
	return kept;
}

static size_t places(const struct refheap_snapshot *snapshot, bool cumulative)
{
	size_t count = snapshot->count;

	if (!cumulative)
		return count;
	count = 0;
	for (size_t i = 0; i < snapshot->count; i++)
		count += snapshot->entry[i].frames;
	return count;
}

ssize_t refheap_snapshot_compare(const struct refheap_snapshot *snapshot,
				 const struct refheap_snapshot *older,
				 enum refheap_trace_key key,
				 struct refheap_statistic **statistics)
{
	struct making making = {
		.key = key & ~(REFHEAP_TRACE_CUMULATIVE | REFHEAP_TRACE_BORN),
		.cumulative = key & REFHEAP_TRACE_CUMULATIVE,
	};
	size_t count = places(snapshot, making.cumulative) +
		       places(older, making.cumulative);

	if (making.key > REFHEAP_TRACE_TRACEBACK ||
	    (making.key == REFHEAP_TRACE_TRACEBACK && making.cumulative))
		return -EINVAL;
	making.statistic = calloc(count + 1, sizeof(*making.statistic) +
						     sizeof(*making.frame));
	if (!making.statistic)
		return -ENOMEM;
	making.frame = (void *)(making.statistic + count + 1);
	add_all(&making, snapshot, false);
	add_all(&making, older, true);
	count = drop_empty(making.statistic, merge(making.statistic, count),
			   key & REFHEAP_TRACE_BORN);
	for (size_t i = 0; i < count; i++)
		finish(&making.statistic[i]);
	qsort(making.statistic, count, sizeof(*making.statistic), most_first);
	*statistics = making.statistic;
	return (ssize_t)count;
}

ssize_t refheap_snapshot_statistics(const struct refheap_snapshot *snapshot,
				    enum refheap_trace_key key,
				    struct refheap_statistic **statistics)
{
	const struct refheap_snapshot nothing = { .count = 0 };
	ssize_t count = refheap_snapshot_compare(snapshot, &nothing, key,
						 statistics);

	/* Differences to nothing sort like what there is. */
	for (ssize_t i = 0; i < count; i++) {
		(*statistics)[i].size_diff = 0;
		(*statistics)[i].count_diff = 0;
	}
	return count;
}

int refheap_format_size(double bytes, bool sign, char *buffer, size_t room)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	size_t unit = 0;
	int digits;

	while (fabs(bytes) >= 10 * 1024 && unit < 4) {
		bytes /= 1024;
		unit++;
	}
	digits = unit && fabs(bytes) < 100;
	return snprintf(buffer, room, sign ? "%+.*f %s" : "%.*f %s", digits,
			bytes, units[unit]);
}

/* Texts of which each is as long as the last one before it lets it be. */
struct text {
	char text[256];
	size_t length;
};

static void __attribute__((format(printf, 2, 3)))
add_text(struct text *to, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(to->text + to->length,
			   sizeof(to->text) - to->length, format, arguments);
	va_end(arguments);
	to->length += (size_t)length;
}

static void add_size(struct text *to, const char *before, double bytes,
		     bool sign, const char *after)
{
	char size[32];

	refheap_format_size(bytes, sign, size, sizeof(size));
	add_text(to, "%s%s%s", before, size, after);
}

int refheap_statistic_format(const struct refheap_statistic *statistic,
			     bool diff, char *buffer, size_t room)
{
	struct text text = { .length = 0 };

	add_size(&text, "size=", (double)statistic->size, false, "");
	if (diff)
		add_size(&text, " (", (double)statistic->size_diff, true, ")");
	if (statistic->size_error > 0)
		add_size(&text, " ±", statistic->size_error, false, "");
	add_text(&text, ", count=%lld", (long long)statistic->count);
	if (diff)
		add_text(&text, " (%+lld)", (long long)statistic->count_diff);
	if (statistic->count_error > 0)
		add_text(&text, " ±%.0f", statistic->count_error);
	if (statistic->count)
		add_size(&text, ", average=",
			 (double)statistic->size / (double)statistic->count,
			 false, "");
	return snprintf(buffer, room, "%s:%u: %s", statistic->filename,
			statistic->line, text.text);
}
