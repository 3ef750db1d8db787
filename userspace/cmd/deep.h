/* SPDX-License-Identifier: GPL-2.0 */
/* The bytes of an object and of all that it reaches, each once. */
#ifndef REFHEAP_CMD_DEEP_H
#define REFHEAP_CMD_DEEP_H

#include <refheap.h>

#include "context.h"
#include "graph.h"

/**
 * deep_size() - look at the heap for the bytes of an object and of all that it reaches
 * @id: object
 * @size: out: of itself
 * @deep: out
 *
 * Weak references reach nothing. Needs no graph: what has been reached when the
 * heap tells of it is counted and forgotten. What has not, as parts often are
 * made before the whole, is kept in 20 bytes for an object with two edges and 4
 * for one with none.
 *
 * Return: 0; -EAGAIN when the heap changed meanwhile, or is too large for this:
 * then a graph can tell; -ESTALE; other errors as of refheap_scan_next().
 */
int deep_size(struct context *context, refheap_id id, uint64_t *size, uint64_t *deep);

/* The same of a node of a graph in which weak references lead nowhere. */
uint64_t deep_size_of_node(const struct graph *graph, uint32_t node);

#endif
