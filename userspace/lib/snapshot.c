// SPDX-License-Identifier: LGPL-2.1-or-later
/* Snapshots in memory: making, filtering. */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>

#include "snapshot.h"

struct refheap_snapshot *rh_snapshot_new(void)
{
	return calloc(1, sizeof(struct refheap_snapshot));
}

void refheap_snapshot_free(struct refheap_snapshot *snapshot)
{
	if (!snapshot)
		return;
	free(snapshot->entry);
	free(snapshot->frames.frame);
	rh_strings_free(&snapshot->strings);
	free(snapshot);
}

const struct refheap_traced *
refheap_snapshot_traced(const struct refheap_snapshot *snapshot)
{
	return &snapshot->traced;
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

int rh_snapshot_add(struct refheap_snapshot *snapshot,
		    const struct refheap_trace_site *site)
{
	if (make_room(snapshot))
		return -ENOMEM;
	snapshot->entry[snapshot->count++] = (struct rh_entry){
		.first = snapshot->frames.count, .site = *site,
	};
	return 0;
}

void rh_snapshot_added(struct refheap_snapshot *snapshot)
{
	struct rh_entry *entry = &snapshot->entry[snapshot->count - 1];

	entry->frames = snapshot->frames.count - entry->first;
}

/* In the patterns of Python a backslash means nothing. */
static bool is_match(const struct refheap_trace_filter *filter,
		     const struct refheap_trace_frame *frame)
{
	return (!filter->line || filter->line == frame->line) &&
	       !fnmatch(filter->pattern, frame->filename, FNM_NOESCAPE);
}

static bool matches(const struct refheap_trace_filter *filter,
		    const struct refheap_trace_frame *frames, size_t count)
{
	if (!filter->all_frames)
		count = 1;
	for (size_t i = 0; i < count; i++)
		if (is_match(filter, &frames[i]))
			return true;
	return false;
}

static bool is_kept(const struct refheap_snapshot *snapshot,
		    const struct rh_entry *entry,
		    const struct refheap_trace_filter *filters, size_t count)
{
	bool asked = false, included = false;

	for (size_t i = 0; i < count; i++) {
		bool match = matches(&filters[i],
				     rh_entry_frames(snapshot, entry),
				     entry->frames);

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

	for (size_t i = 0; i < snapshot->count; i++)
		if (is_kept(snapshot, &snapshot->entry[i], filters, count))
			snapshot->entry[kept++] = snapshot->entry[i];
	snapshot->count = kept;
}
