/* SPDX-License-Identifier: GPL-2.0 */
/* Listings of objects, in constant memory whatever their number. */
#ifndef REFHEAP_CMD_OBJECTS_H
#define REFHEAP_CMD_OBJECTS_H

#include <stdio.h>

#include <refheap.h>

#include "command.h"

enum {
	OBJECTS_EDGES = 1,	/* show how often each refers to the object asked for */
};

/**
 * objects_list() - list the objects that a filter lets through
 * @filter: its generation, kind and type may come from the options, too
 * @flags: OBJECTS_*
 *
 * Return: a status.
 */
int objects_list(struct context *context, const struct refheap_filter *filter,
		 unsigned int flags);

/* Write what an object is, shortened to what the kernel gives of it. */
void objects_preview(FILE *file, const struct refheap_object_info *info);

/* Options that choose objects; part of the lists of commands' options. */
#define OBJECTS_OPTIONS \
	{ "generation", 'g', "N", "only that generation: 0, 1, 2, or permanent" }, \
	{ "kind", 'K', "KIND", "only objects of that kind" }, \
	{ "type", 't', "TYPE", "only instances of that type" }

/* Fill a filter from those options. Returns a status. */
int objects_filter(struct context *context, const struct arguments *arguments,
		   struct refheap_filter *filter);

#endif
