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

/* Cells in use, of which the collector does not see those of a weak-keyed dict. */
u32 rh_map_used(const struct rh_heap *heap, u32 slot);

/* Likewise of any container. */
u32 rh_cells_used(const struct rh_heap *heap, u32 slot);

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

/* The oldest entry that is there, or NULL. */
u32 *rh_map_oldest(const struct rh_heap *heap, u32 slot);

/* Makes an entry the newest; rh_map_prepare() has made room. */
void rh_map_move_to_end(struct rh_heap *heap, u32 slot, u32 *cells);

/* Takes an entry out. Its references are the caller's then. */
void rh_map_remove(struct rh_heap *heap, u32 slot, u32 *cells, u32 *key, u32 *value);

/*
 * Takes the entry of a weak container out that the weak reference @ref, found
 * under @hash, makes up. Touches nothing, as the container may be condemned.
 * Return: whether there is such a container with such an entry; the references
 * to @*key and @*value are the caller's then.
 */
bool rh_map_forget(struct rh_heap *heap, u32 slot, u32 hash, u32 ref, u32 *key, u32 *value);

/* The value of the entry of a weak-keyed dict whose key is @ref, or 0. */
u32 rh_map_value_at(const struct rh_heap *heap, u32 slot, u32 hash, u32 ref);

/* What an entry stands for: the object itself, or of a weak container the referent or 0. */
u32 rh_map_key(const struct rh_heap *heap, u32 slot, const u32 *cells);
u32 rh_map_value(const struct rh_heap *heap, u32 slot, const u32 *cells);

/* Checks index and hashes of a map. */
bool rh_map_verify(const struct rh_heap *heap, u32 slot);

#endif
