/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is inside of a snapshot. */
#ifndef LIBREFHEAP_SNAPSHOT_H
#define LIBREFHEAP_SNAPSHOT_H

#include <refheap.h>

struct rh_entry {
	char *filename;
	uint32_t line;
	uint64_t bytes;
	uint64_t count;
	uint64_t births;
};

struct refheap_snapshot {
	struct refheap_traced traced;
	struct rh_entry *entry;
	size_t count;
	size_t room;
};

struct refheap_snapshot *rh_snapshot_new(void);

/* Appends what a site has; @where is "file:line", "file", or NULL. */
int rh_snapshot_add(struct refheap_snapshot *snapshot, const char *where,
		    const struct refheap_trace_site *site);

#endif
