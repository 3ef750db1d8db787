/* SPDX-License-Identifier: GPL-2.0 */
/* The way down into containers that the two kinds of repr share. */
#ifndef REFHEAP_CMD_WALK_H
#define REFHEAP_CMD_WALK_H

#include "repr.h"

/**
 * struct walk - where a walk is
 * @context: whose session is used
 * @limits: where to stop
 * @path: the containers that it is in, outermost first
 * @depth: their number
 * @entered: containers, ever
 */
struct walk {
	struct context *context;
	struct repr_limits limits;
	refheap_id path[REPR_DEPTH_MAX];
	unsigned int depth;
	uint64_t entered;
};

void walk_begin(struct walk *walk, struct context *context, const struct repr_limits *limits);

/* Go into a container; false when that would be a circle, too deep, or one too many. */
bool walk_enter(struct walk *walk, refheap_id id);
void walk_leave(struct walk *walk);

/* What walk_each() calls; returns 0 or a negative errno. */
typedef int walk_fn(struct walk *walk, const struct refheap_entry *entry, uint64_t index,
		    void *data);

/**
 * walk_each() - the entries of a container, up to the limit
 * @cut: out: whether there were more
 *
 * The entry's objects are held while @fn is called. Constant memory.
 *
 * Return: 0 or a negative errno.
 */
int walk_each(struct walk *walk, refheap_id container, walk_fn *fn, void *data, bool *cut);

#endif
