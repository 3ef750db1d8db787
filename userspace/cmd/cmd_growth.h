/* SPDX-License-Identifier: GPL-2.0 */
/* Objects that have come since a mark; constant memory. */
#ifndef REFHEAP_CMD_CMD_GROWTH_H
#define REFHEAP_CMD_CMD_GROWTH_H

#include "context.h"

/* Write the ids of all objects to a file. Returns a status. */
int growth_mark(struct context *context, const char *file);

/* List the objects of a type, NULL for any, that are not in it. Returns a status. */
int growth_fresh(struct context *context, const char *file, const char *type);

#endif
