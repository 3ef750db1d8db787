/* SPDX-License-Identifier: GPL-2.0 */
/* What an object reaches, without a graph of everything else. */
#ifndef REFHEAP_CMD_DEEP_H
#define REFHEAP_CMD_DEEP_H

#include <refheap.h>

#include "context.h"

/* The bytes of something that has a number. */
typedef uint64_t deep_fn(const void *data, uint32_t number);

/**
 * deep_sum() - the bytes of an object and of all that it reaches, each once
 * @nodes: numbers are below this; 0 is of nothing
 * @first: by number, and one more: where its edges begin in @edge
 * @edge: numbers; those that are too large lead nowhere, as 0 does
 * @fn: tells the bytes
 * @data: for @fn
 * @number: of the object
 */
uint64_t deep_sum(uint32_t nodes, const uint32_t *first, const uint32_t *edge, deep_fn *fn,
		  const void *data, uint32_t number);

/**
 * deep_size() - the bytes of an object and of all that it reaches, each once
 * @id: object
 * @size: out: of itself
 * @deep: out
 *
 * Weak references reach nothing. About 20 bytes for an object with two edges: a
 * fraction of what a graph takes, as nothing but sizes and edges is kept.
 *
 * Return: 0; -EAGAIN when the heap changed meanwhile, or has too few objects for
 * the slots that it uses: then a graph can tell; -ESTALE; other errors as of
 * refheap_scan_next().
 */
int deep_size(struct context *context, refheap_id id, uint64_t *size, uint64_t *deep);

#endif
