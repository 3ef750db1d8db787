// SPDX-License-Identifier: LGPL-2.1-or-later
/* Statistics of snapshots, in the order and the words of Python's tracemalloc. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "snapshot.h"

static int by_place(const void *left, const void *right)
{
	const struct refheap_statistic *a = left, *b = right;
	int names = strcmp(a->filename, b->filename);

	return names ? names : (a->line > b->line) - (a->line < b->line);
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

static void fill(struct refheap_statistic *statistics,
		 const struct refheap_snapshot *snapshot,
		 enum refheap_trace_key key, bool older)
{
	for (size_t i = 0; i < snapshot->count; i++) {
		const struct rh_entry *entry = &snapshot->entry[i];
		int64_t size = (int64_t)entry->bytes;
		int64_t count = (int64_t)entry->count;

		statistics[i] = (struct refheap_statistic){
			.filename = entry->filename,
			.line = key == REFHEAP_TRACE_LINENO ? entry->line : 0,
			.size = older ? 0 : size,
			.size_diff = older ? -size : size,
			.count = older ? 0 : count,
			.count_diff = older ? -count : count,
			.births = older ? 0 : entry->births,
		};
	}
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
	}
	return merged;
}

static size_t drop_empty(struct refheap_statistic *statistics, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (!is_empty(&statistics[i]))
			statistics[kept++] = statistics[i];
	return kept;
}

ssize_t refheap_snapshot_compare(const struct refheap_snapshot *snapshot,
				 const struct refheap_snapshot *older,
				 enum refheap_trace_key key,
				 struct refheap_statistic **statistics)
{
	size_t count = snapshot->count + older->count;
	struct refheap_statistic *made = calloc(count + 1, sizeof(*made));

	if (!made)
		return -ENOMEM;
	fill(made, snapshot, key, false);
	fill(made + snapshot->count, older, key, true);
	count = drop_empty(made, merge(made, count));
	qsort(made, count, sizeof(*made), most_first);
	*statistics = made;
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

int refheap_statistic_format(const struct refheap_statistic *statistic,
			     bool diff, char *buffer, size_t room)
{
	char size[32], change[48] = "", count[32] = "", average[48] = "";

	refheap_format_size((double)statistic->size, false, size, sizeof(size));
	if (diff) {
		strcpy(change, " (");
		refheap_format_size((double)statistic->size_diff, true,
				    change + 2, sizeof(change) - 3);
		strcat(change, ")");
		snprintf(count, sizeof(count), " (%+lld)",
			 (long long)statistic->count_diff);
	}
	if (statistic->count) {
		strcpy(average, ", average=");
		refheap_format_size((double)statistic->size /
					    (double)statistic->count,
				    false, average + 10, sizeof(average) - 10);
	}
	return snprintf(buffer, room, "%s:%u: size=%s%s, count=%lld%s%s",
			statistic->filename, statistic->line, size, change,
			(long long)statistic->count, count, average);
}
