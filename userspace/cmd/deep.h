/* SPDX-License-Identifier: GPL-2.0 */
/* What an object reaches, without a graph of everything else. */
#ifndef REFHEAP_CMD_DEEP_H
#define REFHEAP_CMD_DEEP_H

#include <refheap.h>

/**
 * deep_size() - the bytes of an object and of all that it reaches, each once
 * @session: session
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
int deep_size(struct refheap *session, refheap_id id, uint64_t *size, uint64_t *deep);

#endif
