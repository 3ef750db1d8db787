/* SPDX-License-Identifier: GPL-2.0 */
/* Paths, with the shell's variables as their first names. */
#ifndef REFHEAP_CMD_PATH_H
#define REFHEAP_CMD_PATH_H

#include <refheap.h>

#include "context.h"

/**
 * path_resolve() - find the object at a path
 * @id: gives a reference
 *
 * Return: a status.
 */
int path_resolve(struct context *context, const char *path, refheap_id *id);

/**
 * path_resolve_parent() - find the place that a path names
 * @place: to be given back with refheap_place_release()
 *
 * Return: a status.
 */
int path_resolve_parent(struct context *context, const char *path, struct refheap_place *place);

/* Say why something at @path failed. Returns a status. */
int path_error(struct context *context, int error, const char *path);

#endif
