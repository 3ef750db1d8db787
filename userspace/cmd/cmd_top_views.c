// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "cmd_top.h"
#include "interrupt.h"
#include "util.h"

#define TOP_ROOM (2 * TOP_ROWS)	/* sorted and cut when it is full */

static const struct column heap_columns[] = {
	{ "name", "HEAP", "its owner, when that is another, and its name", COLUMN_NAME },
	{ "objects", "OBJECTS", "objects alive", COLUMN_NUMBER },
	{ "bytes", "BYTES", "what objects occupy", COLUMN_NUMBER },
	{ "births", "BIRTHS/S", "objects made, a second", COLUMN_NUMBER },
	{ "deaths", "DEATHS/S", "objects that died, a second", COLUMN_NUMBER },
	{ "used", "%LIMIT", "of its limit of bytes or objects, the one that is nearer", COLUMN_NUMBER },
	{ "sessions", "SESSIONS", "open sessions", COLUMN_NUMBER },
	{ "reserved", "RESERVED", "bytes of arenas and tables", COLUMN_NUMBER },
	{ "names", "NAMES", "entries of the root dict", COLUMN_NUMBER },
};
static const enum top_form heap_forms[] = {
	TOP_NAME, TOP_COUNT, TOP_BYTES, TOP_RATE, TOP_RATE, TOP_PERCENT, TOP_COUNT, TOP_BYTES,
	TOP_COUNT,
};

static const struct column type_columns[] = {
	{ "name", "TYPE", "the type or built-in kind", COLUMN_NAME },
	{ "objects", "OBJECTS", "how many are alive", COLUMN_NUMBER },
	{ "bytes", "BYTES", "what they occupy", COLUMN_NUMBER },
	{ "change", "CHANGE/S", "objects more or less, a second", COLUMN_NUMBER },
	{ "bytes_change", "BYTES/S", "bytes more or less, a second", COLUMN_NUMBER },
	{ "average", "AVERAGE", "bytes of one", COLUMN_NUMBER },
};
static const enum top_form type_forms[] = {
	TOP_NAME, TOP_COUNT, TOP_BYTES, TOP_CHANGE, TOP_CHANGE, TOP_BYTES,
};

static const struct column site_columns[] = {
	{ "name", "SITE", "where in a program objects were made", COLUMN_NAME },
	{ "size", "SIZE", "bytes of those that live", COLUMN_NUMBER },
	{ "count", "COUNT", "how many live", COLUMN_NUMBER },
	{ "change", "BYTES/S", "bytes more or less, a second", COLUMN_NUMBER },
	{ "births", "BIRTHS/S", "objects made, a second", COLUMN_NUMBER },
	{ "average", "AVERAGE", "bytes of one", COLUMN_NUMBER },
};
static const enum top_form site_forms[] = {
	TOP_NAME, TOP_BYTES, TOP_COUNT, TOP_CHANGE, TOP_RATE, TOP_BYTES,
};

static const struct column generation_columns[] = {
	{ "name", "GENERATION", "0 to 2, or permanent", COLUMN_NAME },
	{ "objects", "OBJECTS", "tracked objects in it", COLUMN_NUMBER },
	{ "count", "COUNT", "its count", COLUMN_NUMBER },
	{ "threshold", "THRESHOLD", "the count at which it is collected", COLUMN_NUMBER },
	{ "collections", "RUNS", "collections of it", COLUMN_NUMBER },
	{ "collected", "COLLECTED", "objects that they freed", COLUMN_NUMBER },
	{ "uncollectable", "UNCOLLECTABLE", "those that they could not", COLUMN_NUMBER },
	{ "runs", "RUNS/S", "collections, a second", COLUMN_NUMBER },
	{ "freed", "FREED/S", "objects freed, a second", COLUMN_NUMBER },
	{ "longest", "LONGEST", "microseconds that one held others up, at most", COLUMN_NUMBER },
};
static const enum top_form generation_forms[] = {
	TOP_NAME, TOP_COUNT, TOP_COUNT, TOP_COUNT, TOP_COUNT, TOP_COUNT, TOP_COUNT, TOP_RATE,
	TOP_RATE, TOP_COUNT,
};

static const struct column session_columns[] = {
	{ "name", "SESSION", "its number and its process", COLUMN_NAME },
	{ "pid", "PID", "the process that opened it", COLUMN_NUMBER },
	{ "uid", "UID", "the user of that process", COLUMN_NUMBER },
	{ "held", "HELD", "references that it holds", COLUMN_NUMBER },
	{ "change", "CHANGE/S", "references more or less, a second", COLUMN_NUMBER },
	{ "frames", "FRAMES", "frames that it has pushed", COLUMN_NUMBER },
	{ "events", "EVENTS", "callbacks and finalizers that it has not read", COLUMN_NUMBER },
	{ "age", "AGE", "seconds since it was opened", COLUMN_NUMBER },
};
static const enum top_form session_forms[] = {
	TOP_NAME, TOP_COUNT, TOP_COUNT, TOP_COUNT, TOP_CHANGE, TOP_COUNT, TOP_COUNT, TOP_COUNT,
};

#define LAYOUT(word, which, by) { \
	.name = word, .one = #which, .columns = which##_columns, .count = ARRAY_SIZE(which##_columns), \
	.forms = which##_forms, .sort = by, \
}

const struct top_layout top_layouts[TOP_VIEWS] = {
	[TOP_HEAPS] = LAYOUT("heaps", heap, 2),
	[TOP_TYPES] = LAYOUT("types", type, 2),
	[TOP_SITES] = LAYOUT("sites", site, 1),
	[TOP_GENERATIONS] = LAYOUT("generations", generation, 0),
	[TOP_SESSIONS] = LAYOUT("sessions", session, 3),
};

_Static_assert(ARRAY_SIZE(generation_columns) <= TOP_NUMBERS + 1 &&
	       ARRAY_SIZE(heap_columns) <= TOP_NUMBERS + 1, "a row has room for its figures");

static int compare_rows(const void *a, const void *b, void *data)
{
	const struct top_row *one = a, *other = b;
	const struct top *sorted = data;
	size_t column = sorted->sort[sorted->view];
	int sign = sorted->reverse[sorted->view] ? -1 : 1;

	if (column) {
		double x = one->numbers[column - 1], y = other->numbers[column - 1];

		/* What is not known comes last, whichever way. */
		if (isnan(x) != isnan(y))
			return isnan(x) ? 1 : -1;
		if (x != y && !isnan(x))
			return x < y ? sign : -sign;
	} else if (strcmp(one->name, other->name)) {
		return sign * strcmp(one->name, other->name);
	}
	return one->key < other->key ? -1 : one->key > other->key;
}

void top_sort(struct top *top)
{
	if (top->count)
		qsort_r(top->rows, top->count, sizeof(*top->rows), compare_rows, top);
}

static int compare_keys(const void *a, const void *b)
{
	const struct top_row *one = a, *other = b;

	return one->key < other->key ? -1 : one->key > other->key;
}

/* How much more a raw figure of a row is than at the look before, a second. */
static double rate(const struct top *top, const struct top_row *row, unsigned int which)
{
	const struct top_row *found = NULL;

	if (top->before_count)
		found = bsearch(row, top->before, top->before_count, sizeof(*top->before),
				compare_keys);
	return found && top->seconds > 0 ? (row->raw[which] - found->raw[which]) / top->seconds :
					   NAN;
}

/* The same of a figure that was 0 if there was no such row. */
static double rate_from_none(const struct top *top, const struct top_row *row, unsigned int which)
{
	double known = rate(top, row, which);

	return isnan(known) && top->whole && top->seconds > 0 ? row->raw[which] / top->seconds :
								known;
}

static double average(double bytes, double count)
{
	return count > 0 ? bytes / count : NAN;
}

/* Takes a row unless the filter has something against it. */
static void add(struct top *top, const struct top_row *row)
{
	if (*top->filter && !strcasestr(row->name, top->filter))
		return;
	top->total++;
	if (top->count == TOP_ROOM) {
		top_sort(top);
		top->count = TOP_ROWS;
	}
	top->rows[top->count++] = *row;
}

static double percent(uint64_t value, uint64_t limit)
{
	return limit ? 100.0 * (double)value / (double)limit : NAN;
}

static void add_heap(struct top *top, const struct refheap_heap_info *info)
{
	const struct passwd *user = info->owner == getuid() ? NULL : getpwuid(info->owner);
	struct top_row row = { .key = info->heap, .raw = { (double)info->births,
							   (double)info->deaths } };

	if (user)
		snprintf(row.name, sizeof(row.name), "%s/%s", user->pw_name, info->name);
	else if (info->owner == getuid())
		snprintf(row.name, sizeof(row.name), "%s", info->name);
	else
		snprintf(row.name, sizeof(row.name), "%" PRIu32 "/%s", info->owner, info->name);
	row.numbers[0] = (double)info->objects;
	row.numbers[1] = (double)info->bytes;
	/* One that was not there may have been, only for others to read. */
	row.numbers[2] = rate(top, &row, 0);
	row.numbers[3] = rate(top, &row, 1);
	row.numbers[4] = fmax(percent(info->bytes, info->max_bytes),
			      percent(info->objects, info->max_objects));
	row.numbers[5] = info->sessions;
	row.numbers[6] = (double)info->reserved_bytes;
	row.numbers[7] = (double)info->names;
	add(top, &row);
}

static int look_at_heaps(struct top *top)
{
	refheap_auto_iter struct refheap_iter *iterator = NULL;
	struct refheap_heap_info info;
	int error = refheap_iter_heaps(top->control, &iterator);

	if (error)
		return error;
	while (!interrupted() && (error = refheap_next_heap(iterator, &info)) == 1)
		add_heap(top, &info);
	return error;
}

static int look_at_types(struct top *top)
{
	refheap_auto_iter struct refheap_iter *iterator = NULL;
	struct refheap_type_info info;
	int error = refheap_iter_types(top->control, top->heap, &iterator);

	if (error)
		return error;
	while (!interrupted() && (error = refheap_next_type(iterator, &info)) == 1) {
		struct top_row row = {
			.key = info.type ? info.type : (uint64_t)info.kind << 32,
			.raw = { (double)info.objects, (double)info.bytes },
		};

		/* The kind "instance" has all that the types have. */
		if (!info.type && (!info.objects || info.kind == REFHEAP_KIND_INSTANCE))
			continue;
		snprintf(row.name, sizeof(row.name), "%s", info.name);
		row.numbers[0] = (double)info.objects;
		row.numbers[1] = (double)info.bytes;
		row.numbers[2] = rate_from_none(top, &row, 0);
		row.numbers[3] = rate_from_none(top, &row, 1);
		row.numbers[4] = average(row.numbers[1], row.numbers[0]);
		add(top, &row);
	}
	return error;
}

/* The same for a place whenever it is looked at: FNV-1a. */
static uint64_t key_of(const char *text)
{
	uint64_t key = 0xcbf29ce484222325ULL;

	for (; *text; text++)
		key = (key ^ (unsigned char)*text) * 0x100000001b3ULL;
	return key;
}

static void add_site(struct top *top, const struct refheap_statistic *site)
{
	struct top_row row = { .raw = { (double)site->size, (double)site->births } };

	if (site->line)
		snprintf(row.name, sizeof(row.name), "%s:%" PRIu32, site->filename, site->line);
	else
		snprintf(row.name, sizeof(row.name), "%s", site->filename);
	row.key = key_of(row.name);
	row.numbers[0] = (double)site->size;
	row.numbers[1] = (double)site->count;
	row.numbers[2] = rate_from_none(top, &row, 0);
	/* There is no row while nothing lives of what was made there. */
	row.numbers[3] = site->births == (uint64_t)site->count ? rate_from_none(top, &row, 1) :
						       rate(top, &row, 1);
	row.numbers[4] = average(row.numbers[0], row.numbers[1]);
	add(top, &row);
}

/* Sites are read by a session, which can only read and is kept for the next look. */
static int open_session(struct top *top)
{
	struct refheap_options options = REFHEAP_OPTIONS_INIT;

	if (top->session)
		return 0;
	options.flags = REFHEAP_ATTACH_RDONLY;
	options.owner = top->heap_owner;
	return refheap_open_with(top->heap_name, &options, &top->session);
}

static int look_at_sites(struct top *top)
{
	struct refheap_snapshot *snapshot;
	struct refheap_statistic *sites;
	ssize_t count;
	int error = refheap_heap_traced(top->control, top->heap, &top->traced);

	if (!error && !top->traced.on)
		top->note = "the heap is not traced; 'refheap trace start' does";
	if (error || top->note)
		return error;
	error = open_session(top);
	if (error)
		return error;
	error = refheap_snapshot_take(top->session, &snapshot);
	if (error)
		return error;
	count = refheap_snapshot_statistics(snapshot, REFHEAP_TRACE_LINENO, &sites);
	for (ssize_t i = 0; i < count; i++)
		add_site(top, &sites[i]);
	if (count >= 0)
		free(sites);
	refheap_snapshot_free(snapshot);
	return count < 0 ? (int)count : 0;
}

static int look_at_generations(struct top *top)
{
	struct refheap_gc_info info;
	int error = refheap_gc_get(top->control, top->heap, &info);

	if (error)
		return error;
	for (unsigned int i = 0; i < REFHEAP_GENERATIONS; i++) {
		const struct refheap_generation *generation = &info.generation[i];
		struct top_row row = { .key = i, .raw = { (double)generation->collections,
							  (double)generation->collected } };

		snprintf(row.name, sizeof(row.name), "%u", i);
		row.numbers[0] = (double)generation->objects;
		row.numbers[1] = generation->count;
		row.numbers[2] = generation->threshold;
		row.numbers[3] = (double)generation->collections;
		row.numbers[4] = (double)generation->collected;
		row.numbers[5] = (double)generation->uncollectable;
		row.numbers[6] = rate(top, &row, 0);
		row.numbers[7] = rate(top, &row, 1);
		row.numbers[8] = (double)(generation->longest_hold_ns / 1000);
		add(top, &row);
	}
	add(top, &(struct top_row){
		.key = REFHEAP_GENERATIONS,
		.name = "permanent",
		.numbers = { (double)info.frozen, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN },
	});
	return 0;
}

static int look_at_sessions(struct top *top)
{
	refheap_auto_iter struct refheap_iter *iterator = NULL;
	struct refheap_session_info info;
	int error = refheap_iter_sessions(top->control, top->heap, &iterator);

	if (error)
		return error;
	while (!interrupted() && (error = refheap_next_session(iterator, &info)) == 1) {
		struct top_row row = { .key = info.session, .raw = { (double)info.held } };

		snprintf(row.name, sizeof(row.name), "%" PRIu32 " %s%s", info.session, info.comm,
			 info.exported ? " (exported)" : "");
		row.numbers[0] = info.pid;
		row.numbers[1] = info.uid;
		row.numbers[2] = (double)info.held;
		row.numbers[3] = rate_from_none(top, &row, 0);
		row.numbers[4] = info.frames;
		row.numbers[5] = (double)info.events;
		row.numbers[6] = floor(clock_age(info.since_ns));
		add(top, &row);
	}
	return error;
}

static int look_at_view(struct top *top)
{
	static int (*const looks[TOP_VIEWS])(struct top *top) = {
		[TOP_HEAPS] = look_at_heaps,
		[TOP_TYPES] = look_at_types,
		[TOP_SITES] = look_at_sites,
		[TOP_GENERATIONS] = look_at_generations,
		[TOP_SESSIONS] = look_at_sessions,
	};
	int error = 0;

	if (*top->heap_name) {
		error = refheap_heap_get(top->control, top->heap, &top->info);
		/* All of its views are empty from now on, the heaps are not. */
		if (error == -ENOENT)
			top->heap_name[0] = '\0';
		else if (error)
			return error;
	}
	if (top->view == TOP_HEAPS || *top->heap_name)
		return looks[top->view](top);
	top->note = "there is no heap to look at: choose one of the heaps";
	return 0;
}

/* What was there becomes what rates are computed against. */
static void turn_over(struct top *top)
{
	struct top_row *rows = top->before;
	uint64_t now = clock_now();

	if (!rows)
		rows = xcalloc(TOP_ROOM, sizeof(*rows));
	if (!top->rows)
		top->rows = xcalloc(TOP_ROOM, sizeof(*rows));
	top->before = top->rows;
	top->before_count = top->count;
	top->rows = rows;
	top->count = 0;
	if (top->before_count)
		qsort(top->before, top->before_count, sizeof(*rows), compare_keys);
	top->seconds = top->looked_ns ? (double)(now - top->looked_ns) / 1e9 : 0;
	top->looked_ns = now;
	top->total = 0;
	top->note = NULL;
}

int top_look(struct top *top)
{
	int error;

	turn_over(top);
	error = look_at_view(top);
	top->whole = !error && !top->note && !interrupted() && top->total <= TOP_ROWS;
	/* What a walk may have missed will be seen next time. */
	if (error == -EINTR)
		error = 0;
	top_sort(top);
	if (top->count > TOP_ROWS)
		top->count = TOP_ROWS;
	return error;
}

static void forget(struct top *top)
{
	top->count = 0;
	top->total = 0;
	top->looked_ns = 0;
	top->whole = false;
	top->note = NULL;
	refheap_close(top->session);
	top->session = NULL;
}

void top_go(struct top *top, enum top_view view)
{
	forget(top);
	top->view = view;
}

void top_choose(struct top *top, uint32_t heap, const char *name, uint32_t owner)
{
	forget(top);
	top->heap = heap;
	top->heap_owner = owner;
	snprintf(top->heap_name, sizeof(top->heap_name), "%s", name);
}

void top_show_only(struct top *top, const char *text)
{
	snprintf(top->filter, sizeof(top->filter), "%s", text);
	top->whole = false;
}

void top_free(struct top *top)
{
	forget(top);
	free(top->rows);
	free(top->before);
}

struct cell top_cell(const struct top_row *row, enum top_form form, size_t column)
{
	double number;

	if (form == TOP_NAME)
		return cell_text(row->name);
	number = row->numbers[column - 1];
	if (isnan(number))
		return (struct cell){ .type = CELL_NOTHING };
	switch (form) {
	case TOP_CHANGE:
		return (struct cell){ .type = CELL_SIGNED, .integer = llround(number) };
	case TOP_RATE:
	case TOP_PERCENT:
		return cell_real(number);
	default:
		return cell_number((uint64_t)number);
	}
}

char *top_text(const struct top_row *row, enum top_form form, size_t column, char *text,
	       size_t room)
{
	double number = form == TOP_NAME ? 0 : row->numbers[column - 1];

	if (form == TOP_NAME)
		snprintf(text, room, "%s", row->name);
	else if (isnan(number))
		snprintf(text, room, "-");
	else if (form == TOP_BYTES)
		refheap_format_size(number, false, text, room);
	else if (form == TOP_CHANGE)
		snprintf(text, room, number == 0 ? "0" : "%+.0f", number);
	else
		snprintf(text, room, form == TOP_RATE ? "%.1f" : "%.0f", number);
	return text;
}
