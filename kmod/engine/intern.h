/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Objects of which there is one: None, True and False, the small integers, the
 * empty tuple, the empty and one-character strings, and interned strings.
 */
#ifndef REFHEAP_ENGINE_INTERN_H
#define REFHEAP_ENGINE_INTERN_H

#include "value.h"

/*
 * Each gives the object in @*slot with one reference for the caller, making it
 * when there is none. Return: 0 or an errno.
 */
int rh_none(struct rh_heap *heap, u32 *slot);
int rh_bool(struct rh_heap *heap, bool value, u32 *slot);
int rh_int(struct rh_heap *heap, s64 value, u32 *slot);
int rh_empty_tuple(struct rh_heap *heap, u32 *slot);

/*
 * A string: interned when it looks like an identifier or @intern is set.
 */
int rh_str(struct rh_heap *heap, const void *text, u32 len, bool intern, u32 *slot);

/* The interned string of that text, or 0; no reference is taken. */
u32 rh_intern_find(const struct rh_heap *heap, const void *text, u32 len);

/* Takes a dying string out of the table. */
void rh_intern_remove(struct rh_heap *heap, u32 slot);

void rh_intern_exit(struct rh_heap *heap);

#endif
