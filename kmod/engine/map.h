/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Maps: dicts, sets, and the attributes of dict-backed instances.
 */
#ifndef REFHEAP_ENGINE_MAP_H
#define REFHEAP_ENGINE_MAP_H

#include "object.h"

/* What is looked for: an object, or, with @slot 0, a string. */
struct rh_key {
	u32 slot;
	u32 hash;
	u32 cost;		/* of hashing it, in units of 64 bytes */
	const void *text;
	u32 len;
};

/* Return: 0, -EOPNOTSUPP (not hashable), or -EFBIG (too long for a key). */
int rh_key_of_object(const struct rh_heap *heap, u32 slot, struct rh_key *key);
int rh_key_of_string(const struct rh_heap *heap, const void *text, u32 len,
		     struct rh_key *key);

/* Cells of an entry: 1 for a set (the key), else 2 (key, value). */
u32 rh_map_stride(const struct rh_heap *heap, u32 slot);

/* Bytes of a map's block with room for so many cells. */
size_t rh_map_bytes(u32 capacity, u32 stride);

/* Live entries. */
u32 rh_map_len(const struct rh_heap *heap, u32 slot);

/* The cells of the entry with that key, or NULL. */
u32 *rh_map_find(const struct rh_heap *heap, u32 slot, const struct rh_key *key);

/* Makes sure that one rh_map_insert() cannot fail. Return: 0 or an errno. */
int rh_map_prepare(struct rh_heap *heap, u32 slot);

/*
 * Adds an entry that is not there yet and takes over the caller's references
 * to key and value (0 in a set).
 */
void rh_map_insert(struct rh_heap *heap, u32 slot, const struct rh_key *key, u32 key_slot,
		   u32 value);

/* Takes an entry out. Its references are the caller's then. */
void rh_map_remove(struct rh_heap *heap, u32 slot, u32 *cells, u32 *key, u32 *value);

/* Checks index and hashes of a map. */
bool rh_map_verify(const struct rh_heap *heap, u32 slot);

#endif
