/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Histories: who took and dropped an object last.
 */
#ifndef REFHEAP_ENGINE_HISTORY_H
#define REFHEAP_ENGINE_HISTORY_H

#include "heap.h"

/* A history of @n changes. Return: it or an ERR_PTR. */
struct rh_history *rh_history_new(struct rh_heap *heap, u32 n);

void rh_history_free(struct rh_heap *heap, struct rh_history *history);

/* Gives an object, which has a struct rh_extra, another history, or none (NULL). */
void rh_history_attach(struct rh_heap *heap, u32 slot, struct rh_history *history);

/* Keeps the last @n changes of an object from now on, 0: none. Return: 0 or an errno. */
int rh_history_keep(struct rh_heap *heap, u32 slot, u32 n);

/*
 * Changes kept of an object, and how many there have been, in *@total. Copies
 * them, oldest first, unless @out is NULL. Return: their number.
 */
u32 rh_history_read(const struct rh_heap *heap, u32 slot, struct refheap_change *out,
		    u64 *total);

/* How many changes are kept of an object, 0: none. */
u32 rh_history_kept(const struct rh_heap *heap, u32 slot);

/* Bytes that a history of @n changes takes, 0: none. */
size_t rh_history_cost(u32 n);

/* Bytes that the history of an object takes. */
size_t rh_history_bytes(const struct rh_heap *heap, u32 slot);

/* Makes a site of what @data says. Return: 0 or an errno. */
int rh_site_new(struct rh_heap *heap, const u8 *data, u32 len, u32 *site);
bool rh_site_valid(const struct rh_heap *heap, u32 site);

#endif
