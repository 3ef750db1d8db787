/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lists and tuples.
 */
#ifndef REFHEAP_ENGINE_LIST_H
#define REFHEAP_ENGINE_LIST_H

#include "object.h"

/*
 * Makes a list or tuple with room for @n items, none of them filled in. A
 * tuple is not empty. Return: 0 or an errno.
 */
int rh_sequence_new(struct rh_heap *heap, u32 kind, u32 n, u32 *slot);

/* Appends to one that has room, as rh_sequence_new() or rh_list_prepare() gave it. */
void rh_sequence_append(struct rh_heap *heap, u32 slot, u32 item);

u32 rh_sequence_len(const struct rh_heap *heap, u32 slot);

/* Makes sure that @n items can be inserted. Return: 0 or an errno. */
int rh_list_prepare(struct rh_heap *heap, u32 slot, u32 n);

/* Inserts before @index, and takes over the caller's reference. */
void rh_list_insert(struct rh_heap *heap, u32 slot, u32 index, u32 item);

/* Takes an item out. Its reference is the caller's then. */
u32 rh_list_remove(struct rh_heap *heap, u32 slot, u32 index);

#endif
