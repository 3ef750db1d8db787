// SPDX-License-Identifier: LGPL-2.1-or-later
/* Snapshots in memory: making, filtering. */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "snapshot.h"

struct refheap_snapshot *rh_snapshot_new(void)
{
	return calloc(1, sizeof(struct refheap_snapshot));
}

void refheap_snapshot_free(struct refheap_snapshot *snapshot)
{
	if (!snapshot)
		return;
	for (size_t i = 0; i < snapshot->count; i++)
		free(snapshot->entry[i].filename);
	free(snapshot->entry);
	free(snapshot);
}

const struct refheap_traced *
refheap_snapshot_traced(const struct refheap_snapshot *snapshot)
{
	return &snapshot->traced;
}

/* The line behind the last colon; where the name ends goes to @length. */
static uint32_t split(const char *where, size_t *length)
{
	const char *colon = strrchr(where, ':');
	unsigned long line;
	char *end;

	*length = strlen(where);
	if (!colon || colon[1] < '0' || colon[1] > '9')
		return 0;
	line = strtoul(colon + 1, &end, 10);
	if (*end || line > UINT32_MAX)
		return 0;
	*length = (size_t)(colon - where);
	return (uint32_t)line;
}

static int make_room(struct refheap_snapshot *snapshot)
{
	size_t room = snapshot->room ? snapshot->room * 2 : 64;
	struct rh_entry *grown;

	if (snapshot->count < snapshot->room)
		return 0;
	grown = reallocarray(snapshot->entry, room, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	snapshot->entry = grown;
	snapshot->room = room;
	return 0;
}

int rh_snapshot_add(struct refheap_snapshot *snapshot, const char *where,
		    const struct refheap_trace_site *site)
{
	struct rh_entry entry = {
		.bytes = site->bytes,
		.count = site->count,
		.births = site->births,
	};
	size_t length;

	if (make_room(snapshot))
		return -ENOMEM;
	if (!where)
		where = "<unknown>";
	entry.line = split(where, &length);
	entry.filename = strndup(where, length);
	if (!entry.filename)
		return -ENOMEM;
	snapshot->entry[snapshot->count++] = entry;
	return 0;
}

static bool matches(const struct refheap_trace_filter *filter,
		    const struct rh_entry *entry)
{
	return (!filter->line || filter->line == entry->line) &&
	       !fnmatch(filter->pattern, entry->filename, 0);
}

static bool is_kept(const struct rh_entry *entry,
		    const struct refheap_trace_filter *filters, size_t count)
{
	bool asked = false, included = false;

	for (size_t i = 0; i < count; i++) {
		bool match = matches(&filters[i], entry);

		if (filters[i].exclude && match)
			return false;
		if (filters[i].exclude)
			continue;
		asked = true;
		included |= match;
	}
	return included || !asked;
}

void refheap_snapshot_filter(struct refheap_snapshot *snapshot,
			     const struct refheap_trace_filter *filters,
			     size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < snapshot->count; i++) {
		if (is_kept(&snapshot->entry[i], filters, count))
			snapshot->entry[kept++] = snapshot->entry[i];
		else
			free(snapshot->entry[i].filename);
	}
	snapshot->count = kept;
}
