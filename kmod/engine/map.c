// SPDX-License-Identifier: GPL-2.0
/*
 * Maps keep their entries in the order of insertion and an index of positions
 * beside them, as CPython's compact dict (Raymond Hettinger, 2012). Small ones
 * have no index. In one block, behind the header and the cells:
 *
 *	u32 hash[entries]	of each entry; 0: taken out
 *	u32 live		entries that are not
 *	u32 slots		of the index, a power of two, or 0
 *	u32 index[slots]	0: never used, else position + 1, or REMOVED
 *
 * A map is resized before an insertion that has no room; then what has been
 * taken out is left behind.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "collect.h"
#include "map.h"
#include "type.h"
#include "value.h"

#define SMALL_SLOTS	8U
#define REMOVED		0xffffffffU
#define FULL_MIN	65536U	/* entries of a map that is worth the trouble */

struct tail {
	u32 live;
	u32 slots;
	u32 index[];
};

/* Entries for which an index of so many slots has room: two thirds. */
static u32 usable(u32 slots)
{
	return slots * 2ULL / 3;
}

static u32 index_slots(u32 entries)
{
	u32 slots = SMALL_SLOTS;

	if (entries <= usable(SMALL_SLOTS))
		return 0;
	while (usable(slots) < entries)
		slots *= 2;
	return slots;
}

u32 rh_map_stride(const struct rh_heap *heap, u32 slot)
{
	return rh_kind(heap, slot) == REFHEAP_KIND_SET ? 1 : 2;
}

size_t rh_map_bytes(u32 capacity, u32 stride)
{
	u32 entries = capacity / stride;

	return rh_cells_bytes(capacity) + entries * sizeof(u32) + sizeof(struct tail) +
	       index_slots(entries) * sizeof(u32);
}

static u32 *hashes(struct rh_cells *cells)
{
	return &cells->cell[cells->capacity];
}

static struct tail *tail(struct rh_cells *cells, u32 stride)
{
	return (struct tail *)&hashes(cells)[cells->capacity / stride];
}

int rh_key_of_object(const struct rh_heap *heap, u32 slot, struct rh_key *key)
{
	key->slot = slot;
	return rh_hash(heap, slot, &key->hash, &key->cost);
}

int rh_key_of_string(const struct rh_heap *heap, const void *text, u32 len,
		     struct rh_key *key)
{
	if (len > RH_KEY_BYTES)
		return -EFBIG;
	key->slot = 0;
	key->text = text;
	key->len = len;
	key->cost = len / 64;
	key->hash = rh_hash_str(heap, text, len);
	return 0;
}

u32 rh_map_len(const struct rh_heap *heap, u32 slot)
{
	struct rh_cells *cells = rh_cells(heap, slot);

	return cells ? tail(cells, rh_map_stride(heap, slot))->live : 0;
}

static bool matches(const struct rh_heap *heap, u32 slot, const struct rh_key *key)
{
	if (key->slot)
		return rh_equal(heap, slot, key->slot);
	return rh_equal_str(heap, slot, key->text, key->len);
}

static u32 *find_linear(const struct rh_heap *heap, struct rh_cells *cells, u32 stride,
			const struct rh_key *key)
{
	const u32 *hash = hashes(cells);
	u32 i;

	for (i = 0; i < cells->n / stride; i++)
		if (hash[i] == key->hash && matches(heap, cells->cell[i * stride], key))
			return &cells->cell[i * stride];
	return NULL;
}

u32 *rh_map_find(const struct rh_heap *heap, u32 slot, const struct rh_key *key)
{
	u32 stride = rh_map_stride(heap, slot), i, entry;
	struct rh_cells *cells = rh_cells(heap, slot);
	const struct tail *t;

	if (!cells)
		return NULL;
	t = tail(cells, stride);
	if (!t->slots)
		return find_linear(heap, cells, stride, key);
	for (i = key->hash & (t->slots - 1); t->index[i]; i = (i + 1) & (t->slots - 1)) {
		entry = t->index[i] - 1;
		if (t->index[i] != REMOVED && hashes(cells)[entry] == key->hash &&
		    matches(heap, cells->cell[entry * stride], key))
			return &cells->cell[entry * stride];
	}
	return NULL;
}

static void index_put(struct tail *t, u32 hash, u32 entry)
{
	u32 i = hash & (t->slots - 1);

	while (t->index[i] && t->index[i] != REMOVED)
		i = (i + 1) & (t->slots - 1);
	t->index[i] = entry + 1;
}

/* Copies what is live into an empty block with enough room. */
static void copy_entries(struct rh_cells *to, struct rh_cells *from, u32 stride)
{
	struct tail *t = tail(to, stride);
	u32 i, k;

	for (i = 0; i < from->n / stride; i++) {
		if (!hashes(from)[i])
			continue;
		for (k = 0; k < stride; k++)
			to->cell[to->n + k] = from->cell[i * stride + k];
		hashes(to)[t->live] = hashes(from)[i];
		if (t->slots)
			index_put(t, hashes(from)[i], t->live);
		to->n += stride;
		t->live++;
	}
}

int rh_map_prepare(struct rh_heap *heap, u32 slot)
{
	u32 stride = rh_map_stride(heap, slot), slots, entries, block, live;
	struct rh_cells *old = rh_cells(heap, slot), *cells;
	size_t bytes, old_bytes;
	int err;

	if (old && old->n < old->capacity)
		return 0;
	/* As CPython grows: room for thrice what is live. */
	live = old ? tail(old, stride)->live : 0;
	for (slots = SMALL_SLOTS; slots <= live * 3ULL; slots *= 2)
		;
	entries = min(usable(slots), heap->params.max_cells / stride);
	/* Room for a few would soon be used up, and all be arranged anew each time. */
	if (entries <= live || (live > FULL_MIN && entries - live < live / 8))
		return -EFBIG;
	bytes = rh_map_bytes(entries * stride, stride);
	old_bytes = rh_block_bytes(heap, slot);
	err = bytes > old_bytes ? rh_object_may_grow(heap, bytes) : 0;
	if (!err)
		err = rh_block_alloc(heap, REFHEAP_SPACE_REFS, bytes, &block);
	if (err)
		return err;
	cells = rh_block(heap, REFHEAP_SPACE_REFS, block);
	memset(cells, 0, bytes);
	cells->capacity = entries * stride;
	tail(cells, stride)->slots = index_slots(entries);
	if (old)
		copy_entries(cells, old, stride);
	rh_object_reblock(heap, slot, block, bytes, old_bytes);
	rh_slice_book(heap, entries);
	rh_cells_rearranged(heap, slot);
	return 0;
}

void rh_map_insert(struct rh_heap *heap, u32 slot, const struct rh_key *key, u32 key_slot,
		   u32 value)
{
	u32 stride = rh_map_stride(heap, slot);
	struct rh_cells *cells = rh_cells(heap, slot);
	struct tail *t = tail(cells, stride);
	u32 entry = cells->n / stride;

	hashes(cells)[entry] = key->hash;
	if (t->slots)
		index_put(t, key->hash, entry);
	t->live++;
	cells->n += stride;
	rh_cell_fill(heap, slot, &cells->cell[entry * stride], key_slot);
	if (stride == 2)
		rh_cell_fill(heap, slot, &cells->cell[entry * stride + 1], value);
}

static void index_remove(struct tail *t, u32 hash, u32 entry)
{
	u32 i = hash & (t->slots - 1);

	while (t->index[i] != entry + 1)
		i = (i + 1) & (t->slots - 1);
	t->index[i] = REMOVED;
}

void rh_map_remove(struct rh_heap *heap, u32 slot, u32 *at, u32 *key, u32 *value)
{
	u32 stride = rh_map_stride(heap, slot);
	struct rh_cells *cells = rh_cells(heap, slot);
	struct tail *t = tail(cells, stride);
	u32 entry = (at - cells->cell) / stride;

	if (t->slots)
		index_remove(t, hashes(cells)[entry], entry);
	hashes(cells)[entry] = 0;
	t->live--;
	*key = rh_cell_empty(heap, slot, at);
	*value = stride == 2 ? rh_cell_empty(heap, slot, at + 1) : 0;
}

bool rh_map_verify(const struct rh_heap *heap, u32 slot)
{
	u32 stride = rh_map_stride(heap, slot), i, live = 0;
	struct rh_cells *cells = rh_cells(heap, slot);
	struct rh_key key;

	if (!cells)
		return true;
	for (i = 0; i < cells->n / stride; i++) {
		u32 *at = &cells->cell[i * stride];

		if (!*at != !hashes(cells)[i] || (stride == 2 && !at[0] != !at[1]))
			return false;
		if (!*at)
			continue;
		live++;
		if (rh_key_of_object(heap, *at, &key) || key.hash != hashes(cells)[i] ||
		    rh_map_find(heap, slot, &key) != at)
			return false;
	}
	return live == tail(cells, stride)->live;
}
