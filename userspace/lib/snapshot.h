/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is inside of a snapshot. */
#ifndef LIBREFHEAP_SNAPSHOT_H
#define LIBREFHEAP_SNAPSHOT_H

#include <refheap.h>

#include "symbols.h"

/* What a site has, and its frames: @frames of those of the snapshot. */
struct rh_entry {
	size_t first;
	size_t frames;
	struct refheap_trace_site site;
};

struct refheap_snapshot {
	struct refheap_traced traced;
	struct rh_entry *entry;
	size_t count;
	size_t room;
	struct rh_frames frames;
	struct rh_strings strings; /* of the frames */
	uint64_t sum;		/* of figures that were loaded, for each frame */
};

struct refheap_snapshot *rh_snapshot_new(void);

/* Appends what a site has; its frames are those that come next. */
int rh_snapshot_add(struct refheap_snapshot *snapshot,
		    const struct refheap_trace_site *site);

/* All frames since then are there. */
void rh_snapshot_added(struct refheap_snapshot *snapshot);

static inline const struct refheap_trace_frame *
rh_entry_frames(const struct refheap_snapshot *snapshot,
		const struct rh_entry *entry)
{
	return &snapshot->frames.frame[entry->first];
}

#endif
