/* SPDX-License-Identifier: GPL-2.0 */
/* What the commands about caches share. */
#ifndef REFHEAP_CMD_CMD_CACHE_H
#define REFHEAP_CMD_CMD_CACHE_H

#include <refheap.h>

#include "command.h"

/* Open a cache by its name. Returns a status. */
int cache_open(struct context *context, const char *name, struct refheap_cache **cache);

/* Say why something about a cache failed. Returns a status. */
int cache_error(struct context *context, int error, const char *name);

/* cmd_cache_bench.c */
extern const struct command cache_bench_command;

#endif
