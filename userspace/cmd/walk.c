// SPDX-License-Identifier: GPL-2.0
#include <errno.h>

#include "interrupt.h"
#include "walk.h"

void walk_begin(struct walk *walk, struct context *context, const struct repr_limits *limits)
{
	walk->context = context;
	walk->limits = *limits;
	walk->depth = 0;
	walk->entered = 0;
	if (walk->limits.depth > REPR_DEPTH_MAX)
		walk->limits.depth = REPR_DEPTH_MAX;
}

bool walk_enter(struct walk *walk, refheap_id id)
{
	if (walk->depth >= walk->limits.depth || walk->entered >= walk->limits.containers)
		return false;
	for (unsigned int i = 0; i < walk->depth; i++) {
		if (walk->path[i] == id)
			return false;
	}
	walk->path[walk->depth++] = id;
	walk->entered++;
	return true;
}

void walk_leave(struct walk *walk)
{
	walk->depth--;
}

int walk_each(struct walk *walk, refheap_id container, walk_fn *fn, void *data, bool *cut)
{
	struct refheap *session = walk->context->session;
	struct refheap_entry entry;
	uint64_t cursor = 0;
	uint64_t index;
	int error;

	*cut = false;
	for (index = 0;; index++) {
		error = refheap_next(session, container, &cursor, &entry);
		if (error <= 0)
			return error;
		*cut = index == walk->limits.items;
		error = *cut ? 0 : fn(walk, &entry, index, data);
		refheap_drop_entry(session, &entry);
		if (error || *cut)
			return error;
		if (interrupted())
			return -EINTR;
	}
}
