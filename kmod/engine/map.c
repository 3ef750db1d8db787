// SPDX-License-Identifier: GPL-2.0
/*
 * Maps keep their entries in the order of insertion and an index of positions
 * beside them, as CPython's compact dict (Raymond Hettinger, 2012). Small ones
 * have no index. In one block, behind the header and the cells:
 *
 *	u32 hash[entries]	of each entry; 0: taken out
 *	u32 live		entries that are not
 *	u32 order:6		2^order slots has the index, or 0: there is none
 *	u32 hidden:26		of a weak-keyed dict: cells in use; its n is 0
 *	u32 index[slots]	0: never used, else position + 1, or REMOVED
 *	u32 first		with an index: no entry before this position is live
 *
 * A map is resized before an insertion that has no room; then what has been
 * taken out is left behind.
 *
 * In place of what they hold weakly, weak containers have weak references that
 * belong to them alone.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/string.h>
#include "collect.h"
#include "map.h"
#include "table.h"
#include "type.h"
#include "value.h"
#include "weakref.h"

#define SMALL_SLOTS	8U
#define REMOVED		0xffffffffU
#define FULL_MIN	65536U	/* entries of a map that is worth the trouble */

struct tail {
	u32 live;
	u32 order : 6;
	u32 hidden : 26;
	u32 index[];
};

/* Slots of the index, or 0. */
static u32 slots_of(const struct tail *t)
{
	return t->order ? (u32)BIT(t->order) : 0;
}

static u32 *first_of(struct tail *t)
{
	return &t->index[slots_of(t)];
}

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
	return rh_kind_is_set(rh_kind(heap, slot)) ? 1 : 2;
}

size_t rh_map_bytes(u32 capacity, u32 stride)
{
	u32 entries = capacity / stride, slots = index_slots(entries);

	return rh_cells_bytes(capacity) + entries * sizeof(u32) + sizeof(struct tail) +
	       (slots ? slots + 1 : 0) * sizeof(u32);
}

static u32 *hashes(struct rh_cells *cells)
{
	return &cells->cell[cells->capacity];
}

static struct tail *tail(struct rh_cells *cells, u32 stride)
{
	return (struct tail *)&hashes(cells)[cells->capacity / stride];
}

static bool is_hidden(const struct rh_heap *heap, u32 slot)
{
	return rh_kind(heap, slot) == REFHEAP_KIND_WEAK_KEY_DICT;
}

u32 rh_map_used(const struct rh_heap *heap, u32 slot)
{
	struct rh_cells *cells = rh_cells(heap, slot);

	if (!cells)
		return 0;
	return is_hidden(heap, slot) ? tail(cells, 2)->hidden : cells->n;
}

u32 rh_cells_used(const struct rh_heap *heap, u32 slot)
{
	const struct rh_cells *cells = rh_cells(heap, slot);

	if (is_hidden(heap, slot))
		return rh_map_used(heap, slot);
	return cells ? cells->n : 0;
}

static void use_cells(struct rh_heap *heap, u32 slot, struct rh_cells *cells, u32 used)
{
	if (is_hidden(heap, slot))
		tail(cells, 2)->hidden = used;
	else
		cells->n = used;
}

static bool has_weak_keys(const struct rh_heap *heap, u32 slot)
{
	u32 kind = rh_kind(heap, slot);

	return kind == REFHEAP_KIND_WEAK_KEY_DICT || kind == REFHEAP_KIND_WEAK_SET;
}

u32 rh_map_key(const struct rh_heap *heap, u32 slot, const u32 *cells)
{
	return cells[0] && has_weak_keys(heap, slot) ? rh_weakref_referent(heap, cells[0]) :
						       cells[0];
}

u32 rh_map_value(const struct rh_heap *heap, u32 slot, const u32 *cells)
{
	if (cells[1] && rh_kind(heap, slot) == REFHEAP_KIND_WEAK_VALUE_DICT)
		return rh_weakref_referent(heap, cells[1]);
	return cells[1];
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

static bool matches(const struct rh_heap *heap, u32 slot, const u32 *cells,
		    const struct rh_key *key)
{
	u32 other = rh_map_key(heap, slot, cells);

	if (!other)
		return false;
	if (key->slot)
		return rh_equal(heap, other, key->slot);
	return rh_equal_str(heap, other, key->text, key->len);
}

static u32 *find_linear(const struct rh_heap *heap, u32 slot, struct rh_cells *cells, u32 stride,
			const struct rh_key *key)
{
	u32 i, n = rh_map_used(heap, slot) / stride;
	const u32 *hash = hashes(cells);

	for (i = 0; i < n; i++)
		if (hash[i] == key->hash && matches(heap, slot, &cells->cell[i * stride], key))
			return &cells->cell[i * stride];
	return NULL;
}

u32 *rh_map_find(const struct rh_heap *heap, u32 slot, const struct rh_key *key)
{
	u32 stride = rh_map_stride(heap, slot), i, entry, mask;
	struct rh_cells *cells = rh_cells(heap, slot);
	const struct tail *t;

	if (!cells)
		return NULL;
	t = tail(cells, stride);
	if (!t->order)
		return find_linear(heap, slot, cells, stride, key);
	mask = slots_of(t) - 1;
	for (i = key->hash & mask; t->index[i]; i = (i + 1) & mask) {
		entry = t->index[i] - 1;
		if (t->index[i] != REMOVED && hashes(cells)[entry] == key->hash &&
		    matches(heap, slot, &cells->cell[entry * stride], key))
			return &cells->cell[entry * stride];
	}
	return NULL;
}

/* The cells of the entry that has @ref in one of them, or NULL. */
static u32 *find_ref(const struct rh_heap *heap, u32 slot, u32 hash, u32 ref)
{
	u32 stride, column, i, n, mask, entry;
	struct rh_cells *cells;
	const struct tail *t;

	if (slot >= rh_table_end(heap) || !rh_kind_is_weak_map(rh_kind(heap, slot)) ||
	    (rh_head(heap, slot)->meta & RH_META_DEAD) || !rh_cells(heap, slot))
		return NULL;
	stride = rh_map_stride(heap, slot);
	column = has_weak_keys(heap, slot) ? 0 : 1;
	cells = rh_cells(heap, slot);
	t = tail(cells, stride);
	if (!t->order) {
		n = rh_map_used(heap, slot);
		for (i = 0; i < n; i += stride)
			if (cells->cell[i + column] == ref)
				return &cells->cell[i];
		return NULL;
	}
	mask = slots_of(t) - 1;
	for (i = hash & mask; t->index[i]; i = (i + 1) & mask) {
		entry = t->index[i] - 1;
		if (t->index[i] != REMOVED && cells->cell[entry * stride + column] == ref)
			return &cells->cell[entry * stride];
	}
	return NULL;
}

u32 rh_map_value_at(const struct rh_heap *heap, u32 slot, u32 hash, u32 ref)
{
	const u32 *cells = find_ref(heap, slot, hash, ref);

	return cells && rh_kind(heap, slot) == REFHEAP_KIND_WEAK_KEY_DICT ? cells[1] : 0;
}

static void index_put(struct tail *t, u32 hash, u32 entry)
{
	u32 mask = slots_of(t) - 1, i = hash & mask;

	while (t->index[i] && t->index[i] != REMOVED)
		i = (i + 1) & mask;
	t->index[i] = entry + 1;
}

/*
 * Copies what is live of the @used cells into an empty block with enough room.
 * Return: cells in use there.
 */
static u32 copy_entries(struct rh_cells *to, struct rh_cells *from, u32 used, u32 stride)
{
	struct tail *t = tail(to, stride);
	u32 i, k;

	for (i = 0; i < used / stride; i++) {
		if (!hashes(from)[i])
			continue;
		for (k = 0; k < stride; k++)
			to->cell[t->live * stride + k] = from->cell[i * stride + k];
		hashes(to)[t->live] = hashes(from)[i];
		if (t->order)
			index_put(t, hashes(from)[i], t->live);
		t->live++;
	}
	return t->live * stride;
}

int rh_map_prepare(struct rh_heap *heap, u32 slot)
{
	u32 stride = rh_map_stride(heap, slot), slots, entries, block, live, used;
	struct rh_cells *old = rh_cells(heap, slot), *cells;
	size_t bytes, old_bytes;
	int err;

	used = rh_map_used(heap, slot);
	if (old && used < old->capacity)
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
	slots = index_slots(entries);
	tail(cells, stride)->order = slots ? ilog2(slots) : 0;
	if (old)
		used = copy_entries(cells, old, used, stride);
	use_cells(heap, slot, cells, used);
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
	u32 used = rh_map_used(heap, slot), entry = used / stride;

	hashes(cells)[entry] = key->hash;
	if (t->order)
		index_put(t, key->hash, entry);
	t->live++;
	use_cells(heap, slot, cells, used + stride);
	rh_cell_fill(heap, slot, &cells->cell[entry * stride], key_slot);
	if (stride == 2)
		rh_cell_fill(heap, slot, &cells->cell[entry * stride + 1], value);
}

static void index_remove(struct tail *t, u32 hash, u32 entry)
{
	u32 mask = slots_of(t) - 1, i = hash & mask;

	while (t->index[i] != entry + 1)
		i = (i + 1) & mask;
	t->index[i] = REMOVED;
}

static void forget_entry(struct rh_cells *cells, u32 stride, const u32 *at)
{
	struct tail *t = tail(cells, stride);
	u32 entry = (at - cells->cell) / stride;

	if (t->order)
		index_remove(t, hashes(cells)[entry], entry);
	hashes(cells)[entry] = 0;
	t->live--;
}

bool rh_map_forget(struct rh_heap *heap, u32 slot, u32 hash, u32 ref, u32 *key, u32 *value)
{
	u32 *at = find_ref(heap, slot, hash, ref), stride;

	if (!at)
		return false;
	stride = rh_map_stride(heap, slot);
	forget_entry(rh_cells(heap, slot), stride, at);
	*key = at[0];
	*value = stride == 2 ? at[1] : 0;
	memset(at, 0, stride * sizeof(*at));
	heap->changes++;
	return true;
}

void rh_map_remove(struct rh_heap *heap, u32 slot, u32 *at, u32 *key, u32 *value)
{
	u32 stride = rh_map_stride(heap, slot);

	forget_entry(rh_cells(heap, slot), stride, at);
	*key = rh_cell_empty(heap, slot, at);
	*value = stride == 2 ? rh_cell_empty(heap, slot, at + 1) : 0;
}

u32 *rh_map_oldest(const struct rh_heap *heap, u32 slot)
{
	u32 stride = rh_map_stride(heap, slot), n = rh_map_used(heap, slot) / stride, i = 0;
	struct rh_cells *cells = rh_cells(heap, slot);
	struct tail *t;

	if (!cells)
		return NULL;
	/* What has been taken out before is passed over only once. */
	t = tail(cells, stride);
	if (t->order)
		i = *first_of(t);
	while (i < n && !hashes(cells)[i])
		i++;
	if (t->order)
		*first_of(t) = i;
	return i < n ? &cells->cell[i * stride] : NULL;
}

void rh_map_move_to_end(struct rh_heap *heap, u32 slot, u32 *at)
{
	struct rh_cells *cells = rh_cells(heap, slot);
	u32 stride = rh_map_stride(heap, slot), key, value;
	u32 newest = rh_map_used(heap, slot) - stride;
	struct rh_key moved = { .hash = hashes(cells)[(at - cells->cell) / stride] };

	if (at == &cells->cell[newest])
		return;
	rh_map_remove(heap, slot, at, &key, &value);
	rh_map_insert(heap, slot, &moved, key, value);
}

bool rh_map_verify(const struct rh_heap *heap, u32 slot)
{
	u32 stride = rh_map_stride(heap, slot), i, n = rh_map_used(heap, slot) / stride;
	struct rh_cells *cells = rh_cells(heap, slot);
	u32 live = 0, object;
	struct rh_key key;

	for (i = 0; i < n; i++) {
		u32 *at = &cells->cell[i * stride];

		if (!*at != !hashes(cells)[i] || (stride == 2 && !at[0] != !at[1]))
			return false;
		if (!*at)
			continue;
		live++;
		/* The key is dead, and the entry about to go. */
		object = rh_map_key(heap, slot, at);
		if (!object)
			continue;
		if (rh_key_of_object(heap, object, &key) || key.hash != hashes(cells)[i] ||
		    rh_map_find(heap, slot, &key) != at)
			return false;
	}
	return !cells || live == tail(cells, stride)->live;
}
