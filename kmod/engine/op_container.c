// SPDX-License-Identifier: GPL-2.0
/*
 * Operations on containers.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "execute.h"
#include "inspect.h"
#include "intern.h"
#include "list.h"
#include "map.h"
#include "type.h"
#include "weakref.h"

static bool is_sequence(u32 kind)
{
	return kind == REFHEAP_KIND_LIST || kind == REFHEAP_KIND_TUPLE;
}

static u32 kind_of(const struct rh_op *op)
{
	return rh_kind(op->heap, op->object);
}

int rh_op_len(struct rh_op *op)
{
	u32 kind = kind_of(op);

	if (kind < REFHEAP_KIND_STR || kind == REFHEAP_KIND_INSTANCE ||
	    kind == REFHEAP_KIND_WEAKREF)
		return -EOPNOTSUPP;
	op->result->value = rh_object_len(op->heap, op->object);
	return 0;
}

/* The index b into a sequence of length @n. Return: 0 or -ERANGE. */
static int decode_index(const struct rh_op *op, u32 n, u32 *index)
{
	s64 i = op->b;

	if (i < 0)
		i += n;
	if (i < 0 || i >= n)
		return -ERANGE;
	*index = i;
	return 0;
}

/* The cell that a and b name. */
static int find_cell(const struct rh_op *op, bool change, u32 *index, u32 **cell)
{
	u32 kind = kind_of(op);
	int err;

	if (!is_sequence(kind) || (change && kind == REFHEAP_KIND_TUPLE))
		return -EOPNOTSUPP;
	err = decode_index(op, rh_sequence_len(op->heap, op->object), index);
	if (!err)
		*cell = &rh_cells(op->heap, op->object)->cell[*index];
	return err;
}

int rh_op_get_index(struct rh_op *op)
{
	u32 index, *cell;
	int err = find_cell(op, false, &index, &cell);

	return err ?: rh_op_give_borrowed(op, *cell);
}

/* Puts the item c into a cell in place of what it holds. */
static int replace(struct rh_op *op, u32 owner, u32 *cell, u32 item)
{
	u32 old;

	if (!rh_can_take(op->heap, item, 1))
		return -EOVERFLOW;
	rh_take(op->heap, item);
	old = rh_cell_empty(op->heap, owner, cell);
	rh_cell_fill(op->heap, owner, cell, item);
	if (old)
		rh_release(op->heap, old);
	return 0;
}

int rh_op_set_index(struct rh_op *op)
{
	u32 index, *cell;
	int err = find_cell(op, true, &index, &cell);

	return err ?: replace(op, op->object, cell, op->item);
}

int rh_op_del_index(struct rh_op *op)
{
	u32 index, *cell;
	int err = find_cell(op, true, &index, &cell);

	if (!err)
		rh_release(op->heap, rh_list_remove(op->heap, op->object, index));
	return err;
}

static int insert_item(struct rh_op *op, u32 index)
{
	int err;

	if (!rh_can_take(op->heap, op->item, 1))
		return -EOVERFLOW;
	err = rh_list_prepare(op->heap, op->object, 1);
	if (err)
		return err;
	rh_take(op->heap, op->item);
	rh_list_insert(op->heap, op->object, index, op->item);
	return 0;
}

int rh_op_append(struct rh_op *op)
{
	if (kind_of(op) != REFHEAP_KIND_LIST)
		return -EOPNOTSUPP;
	return insert_item(op, rh_sequence_len(op->heap, op->object));
}

int rh_op_extend(struct rh_op *op)
{
	u32 n = op->len / sizeof(u64), i, item;
	int err;

	if (kind_of(op) != REFHEAP_KIND_LIST)
		return -EOPNOTSUPP;
	err = rh_op_take_ids(op, n);
	if (err)
		return err;
	err = rh_list_prepare(op->heap, op->object, n);
	if (err) {
		rh_op_release_ids(op, n);
		return err;
	}
	for (i = 0; i < n; i++) {
		rh_op_id_at(op, i, &item);
		rh_sequence_append(op->heap, op->object, item);
	}
	return 0;
}

int rh_op_insert(struct rh_op *op)
{
	s64 n, index = op->b;

	if (kind_of(op) != REFHEAP_KIND_LIST)
		return -EOPNOTSUPP;
	n = rh_sequence_len(op->heap, op->object);
	if (index < 0)
		index = index < -n ? 0 : index + n;
	return insert_item(op, min(index, n));
}

int rh_op_pop(struct rh_op *op)
{
	u32 index, *cell;
	int err = find_cell(op, true, &index, &cell);

	if (!err)
		err = rh_holder_prepare(op->heap, op->batch->holder, *cell);
	return err ?: rh_op_give(op, rh_list_remove(op->heap, op->object, index));
}

/* What b or data looks for in a map. */
static int decode_key(struct rh_op *op, struct rh_key *key)
{
	int err;

	if (op->raw->flags & REFHEAP_OPF_KEY_STR)
		return rh_key_of_string(op->heap, op->data, op->len, key);
	err = rh_key_of_object(op->heap, op->key, key);
	if (!err)
		rh_slice_book(op->heap, key->cost);
	return err;
}

/* The cells of the entry that is looked for, or NULL with *@err. */
static u32 *find_entry(struct rh_op *op, bool (*is_kind)(u32 kind), int *err)
{
	struct rh_key key;
	u32 *cells;

	*err = is_kind(kind_of(op)) ? decode_key(op, &key) : -EOPNOTSUPP;
	if (*err)
		return NULL;
	cells = rh_map_find(op->heap, op->object, &key);
	/* A value may be dead, and its entry about to go. */
	if (!cells || (rh_kind_is_dict(kind_of(op)) &&
		       !rh_map_value(op->heap, op->object, cells))) {
		*err = -ENOKEY;
		return NULL;
	}
	return cells;
}

int rh_op_get_key(struct rh_op *op)
{
	int err;
	u32 *cells = find_entry(op, rh_kind_is_dict, &err);

	return err ?: rh_op_give_borrowed(op, rh_map_value(op->heap, op->object, cells));
}

/* A dict is tracked from the first thing in it that can be part of a cycle. */
static void track_if_needed(struct rh_heap *heap, u32 map, u32 key, u32 value)
{
	if (rh_kind(heap, map) != REFHEAP_KIND_DICT ||
	    (rh_head(heap, map)->meta & RH_META_TRACKED))
		return;
	if (rh_object_may_be_tracked(heap, key) || rh_object_may_be_tracked(heap, value))
		rh_object_track(heap, map);
}

/*
 * What a new entry has as its key and its value, with one reference each: of a
 * weak container a weak reference in place of what it holds weakly.
 */
static int take_cell(struct rh_op *op, u32 map, u32 slot, u32 weak, u32 hash, u32 *cell)
{
	int err;

	*cell = slot;
	if (!slot)
		return 0;
	if (!weak) {
		if (!rh_can_take(op->heap, slot, 1))
			return -EOVERFLOW;
		rh_take(op->heap, slot);
		return 0;
	}
	if (!rh_may_be_weakly_referenced(op->heap, slot))
		return -EOPNOTSUPP;
	err = rh_weakref_new(op->heap, NULL, slot, weak, map, cell);
	if (!err)
		rh_weak(op->heap, *cell)->hash = hash;
	return err;
}

static int take_key(struct rh_op *op, u32 map, const struct rh_key *key, u32 *cell)
{
	u32 kind = rh_kind(op->heap, map);
	bool weak = kind == REFHEAP_KIND_WEAK_KEY_DICT || kind == REFHEAP_KIND_WEAK_SET;

	if (key->slot)
		return take_cell(op, map, key->slot, weak ? RH_WEAK_KEY : 0, key->hash, cell);
	if (weak)
		return -EOPNOTSUPP;
	return rh_str(op->heap, key->text, key->len, true, cell);
}

static int take_value(struct rh_op *op, u32 map, const struct rh_key *key, u32 value, u32 *cell)
{
	bool weak = rh_kind(op->heap, map) == REFHEAP_KIND_WEAK_VALUE_DICT;

	return take_cell(op, map, value, weak ? RH_WEAK_VALUE : 0, key->hash, cell);
}

/* A weak reference that was made for an entry takes its birth back with its death. */
static void release_cell(struct rh_op *op, u32 cell)
{
	if (!cell)
		return;
	if (rh_kind(op->heap, cell) == REFHEAP_KIND_WEAKREF &&
	    (rh_weak(op->heap, cell)->flags & RH_WEAK_ENTRY))
		op->batch->state.counted = 0;
	rh_release(op->heap, cell);
}

static int insert_entry(struct rh_op *op, u32 map, const struct rh_key *key, u32 value)
{
	u32 key_cell, value_cell = 0;
	int err = take_key(op, map, key, &key_cell);

	if (err)
		return err;
	/* After the key: it may be the value, too. */
	err = take_value(op, map, key, value, &value_cell);
	if (err)
		goto err_release_key;
	/* Last, so that a map which is refused an entry has not grown for it. */
	err = rh_map_prepare(op->heap, map);
	if (err)
		goto err_release_value;
	rh_map_insert(op->heap, map, key, key_cell, value_cell);
	if (value)
		track_if_needed(op->heap, map, key_cell, value);
	return 0;

err_release_value:
	release_cell(op, value_cell);
err_release_key:
	release_cell(op, key_cell);
	return err;
}

/* Puts another value into an entry. */
static int replace_value(struct rh_op *op, u32 map, const struct rh_key *key, u32 *cells,
			 u32 value)
{
	u32 cell, old;
	int err = take_value(op, map, key, value, &cell);

	if (err)
		return err;
	old = rh_cell_empty(op->heap, map, cells + 1);
	rh_cell_fill(op->heap, map, cells + 1, cell);
	rh_release(op->heap, old);
	track_if_needed(op->heap, map, cells[0], value);
	return 0;
}

static int map_set(struct rh_op *op, u32 map, const struct rh_key *key, u32 value)
{
	u32 *cells = rh_map_find(op->heap, map, key);

	if (!cells) {
		op->result->value = !value;
		return insert_entry(op, map, key, value);
	}
	if (rh_kind(op->heap, map) != REFHEAP_KIND_WEAK_VALUE_DICT)
		rh_op_not_born(op);
	return value ? replace_value(op, map, key, cells, value) : 0;
}

int rh_op_map_set(struct rh_op *op, u32 map, u32 value, u32 *cost)
{
	struct rh_key key;
	int err = rh_key_of_object(op->heap, op->key, &key);

	if (err)
		return err;
	*cost += key.cost;
	return map_set(op, map, &key, value);
}

int rh_op_set_key(struct rh_op *op)
{
	struct rh_key key;
	int err = rh_kind_is_dict(kind_of(op)) ? decode_key(op, &key) : -EOPNOTSUPP;

	return err ?: map_set(op, op->object, &key, op->item);
}

int rh_op_set_default(struct rh_op *op)
{
	struct rh_key key;
	u32 *cells, there;
	int err = rh_kind_is_dict(kind_of(op)) ? decode_key(op, &key) : -EOPNOTSUPP;

	if (err)
		return err;
	cells = rh_map_find(op->heap, op->object, &key);
	there = cells ? rh_map_value(op->heap, op->object, cells) : 0;
	if (there) {
		rh_op_not_born(op);
		return rh_op_give_borrowed(op, there);
	}
	err = rh_op_give_borrowed(op, op->item);
	if (err)
		return err;
	err = cells ? replace_value(op, op->object, &key, cells, op->item) :
		      insert_entry(op, op->object, &key, op->item);
	if (err) {
		rh_op_take_back(op, op->item);
		return err;
	}
	op->result->info = 1;
	return 0;
}

/* Takes an entry out and lets go of it. */
static void remove_entry(struct rh_op *op, u32 *cells)
{
	u32 key, value;

	rh_map_remove(op->heap, op->object, cells, &key, &value);
	rh_release(op->heap, key);
	if (value)
		rh_release(op->heap, value);
}

int rh_op_del_key(struct rh_op *op)
{
	int err;
	u32 *cells = find_entry(op, rh_kind_is_dict, &err);

	/* Somebody else may have put another value there. */
	if (!err && op->item && rh_map_value(op->heap, op->object, cells) != op->item)
		err = -ENOKEY;
	if (!err)
		remove_entry(op, cells);
	return err;
}

int rh_op_pop_key(struct rh_op *op)
{
	int err;
	u32 *cells = find_entry(op, rh_kind_is_dict, &err);

	if (!err)
		err = rh_op_give_borrowed(op, rh_map_value(op->heap, op->object, cells));
	if (!err)
		remove_entry(op, cells);
	return err;
}

int rh_op_move_to_end(struct rh_op *op)
{
	u32 *cells;
	int err;

	cells = find_entry(op, rh_kind_is_dict, &err);
	if (!err)
		err = rh_map_prepare(op->heap, op->object);
	if (err)
		return err;
	/* It may be elsewhere now. */
	cells = find_entry(op, rh_kind_is_dict, &err);
	err = rh_op_give_borrowed(op, rh_map_value(op->heap, op->object, cells));
	if (!err)
		rh_map_move_to_end(op->heap, op->object, cells);
	return err;
}

int rh_op_pop_oldest(struct rh_op *op)
{
	u64 *n = &op->batch->state.n;
	u32 *cells;

	if (!rh_kind_is_dict(kind_of(op)))
		return -EOPNOTSUPP;
	while (rh_map_len(op->heap, op->object) > op->b) {
		cells = rh_map_oldest(op->heap, op->object);
		if (!cells)
			break;
		remove_entry(op, cells);
		op->batch->state.begun = 1;
		++*n;
		/* What dies of it dies before the next one goes. */
		if (op->heap->dying != op->batch->dying || rh_slice_over(op->heap))
			return RH_MORE;
	}
	op->result->value = *n;
	return 0;
}

/* Looks for an object in a sequence by identity, in slices. */
static int contains_item(struct rh_op *op)
{
	const struct rh_cells *cells = rh_cells(op->heap, op->object);
	u32 *i = &op->batch->state.cursor;

	while (cells && *i < cells->n && cells->cell[*i] != op->key) {
		++*i;
		if (rh_slice_over(op->heap))
			return RH_MORE;
	}
	op->result->value = cells && *i < cells->n;
	return 0;
}

int rh_op_contains(struct rh_op *op)
{
	u32 kind = kind_of(op);
	int err;

	if (is_sequence(kind)) {
		if (op->raw->flags & REFHEAP_OPF_KEY_STR)
			return -EOPNOTSUPP;
		return contains_item(op);
	}
	if (!rh_kind_is_map(kind))
		return -EOPNOTSUPP;
	op->result->value = !!find_entry(op, rh_kind_is_map, &err);
	return err == -ENOKEY ? 0 : err;
}

int rh_op_add(struct rh_op *op)
{
	struct rh_key key;
	int err = rh_kind_is_set(kind_of(op)) ? decode_key(op, &key) : -EOPNOTSUPP;

	return err ?: map_set(op, op->object, &key, 0);
}

int rh_op_discard(struct rh_op *op)
{
	int err;
	u32 *cells = find_entry(op, rh_kind_is_set, &err);

	op->result->value = !!cells;
	if (!cells)
		return err == -ENOKEY ? 0 : err;
	remove_entry(op, cells);
	return 0;
}

static bool has_dict(const struct rh_op *op)
{
	return rh_type_has_dict(op->heap, rh_meta_type(rh_head(op->heap, op->object)->meta));
}

/* The cell of an attribute: of a slot, or of the value in the dict; else NULL. */
static u32 *find_attr(const struct rh_op *op, struct rh_key *key, int *err)
{
	u32 type = rh_meta_type(rh_head(op->heap, op->object)->meta), *cells;
	int slot;

	*err = 0;
	if (kind_of(op) != REFHEAP_KIND_INSTANCE) {
		*err = -EOPNOTSUPP;
		return NULL;
	}
	if (has_dict(op)) {
		*err = rh_key_of_string(op->heap, op->data, op->len, key);
		cells = *err ? NULL : rh_map_find(op->heap, op->object, key);
		if (!*err && !cells)
			*err = -ENODATA;
		return cells ? cells + 1 : NULL;
	}
	if (op->len > RH_KEY_BYTES) {
		*err = -EFBIG;
		return NULL;
	}
	slot = rh_type_slot(op->heap, type, op->data, op->len);
	if (slot >= 0)
		return &rh_cells(op->heap, op->object)->cell[slot];
	*err = -ENODATA;
	return NULL;
}

int rh_op_get_attr(struct rh_op *op)
{
	struct rh_key key;
	int err;
	u32 *cell = find_attr(op, &key, &err);

	if (!err && !*cell)
		err = -ENODATA;
	return err ?: rh_op_give_borrowed(op, *cell);
}

int rh_op_set_attr(struct rh_op *op)
{
	struct rh_key key;
	int err;
	u32 *cell = find_attr(op, &key, &err);

	if (cell)
		return replace(op, op->object, cell, op->item);
	if (err == -ENODATA && has_dict(op))
		return insert_entry(op, op->object, &key, op->item);
	return err;
}

int rh_op_del_attr(struct rh_op *op)
{
	u32 *cell, name, value;
	struct rh_key key;
	int err;

	cell = find_attr(op, &key, &err);
	if (!err && !*cell)
		err = -ENODATA;
	if (err)
		return err;
	if (has_dict(op)) {
		rh_map_remove(op->heap, op->object, cell - 1, &name, &value);
		rh_release(op->heap, name);
	} else {
		value = rh_cell_empty(op->heap, op->object, cell);
	}
	rh_release(op->heap, value);
	return 0;
}

int rh_op_clear(struct rh_op *op)
{
	u32 kind = kind_of(op);

	if (kind == REFHEAP_KIND_BYTEARRAY)
		return rh_bytearray_resize(op->heap, op->object, 0);
	if (kind != REFHEAP_KIND_LIST && !rh_object_is_map(op->heap, op->object))
		return -EOPNOTSUPP;
	return rh_object_clear(op->heap, op->object);
}

/* One entry of a container as NEXT gives it; both 0: there is none in that place. */
static void read_entry(const struct rh_op *op, u32 at, u32 *key, u32 *value)
{
	struct rh_heap *heap = op->heap;
	const u32 *cell = rh_cells(heap, op->object)->cell;
	u32 meta = rh_head(heap, op->object)->meta;

	*key = 0;
	*value = 0;
	if (rh_object_is_map(heap, op->object)) {
		u32 stride = rh_map_stride(heap, op->object);

		*key = rh_map_key(heap, op->object, cell + at * stride);
		if (*key && stride == 2)
			*value = rh_map_value(heap, op->object, cell + at * stride);
		if (stride == 2 && !*value)
			*key = 0;
		return;
	}
	*value = cell[at];
	if (rh_meta_kind(meta) == REFHEAP_KIND_INSTANCE && *value)
		*key = heap->types.type[rh_meta_type(meta)]->slot[at];
}

static u32 count_places(const struct rh_op *op)
{
	const struct rh_cells *cells = rh_cells(op->heap, op->object);

	if (!cells)
		return 0;
	if (rh_object_is_map(op->heap, op->object))
		return rh_map_used(op->heap, op->object) / rh_map_stride(op->heap, op->object);
	return cells->n;
}

static int hold_entry(struct rh_op *op, u32 key, u32 value)
{
	int err = rh_op_hold(op, key);

	if (err)
		return err;
	err = rh_op_hold(op, value);
	if (err && key) {
		rh_holder_del(op->heap, op->batch->holder, key);
		rh_release(op->heap, key);
	}
	return err;
}

/* The next place from @at on that holds something, as far as the slice reaches. */
static u32 next_place(struct rh_op *op, u32 at, u32 places, u32 *key, u32 *value)
{
	for (; at < places; at++) {
		read_entry(op, at, key, value);
		if (*key || *value || rh_slice_over(op->heap))
			break;
	}
	return at;
}

static int give_entry(struct rh_op *op, u32 at, u32 key, u32 value)
{
	struct refheap_entry *entry = rh_op_output(op, sizeof(*entry));
	int err;

	if (!entry)
		return -ENOSPC;
	err = hold_entry(op, key, value);
	if (err) {
		rh_op_output_undo(op, sizeof(*entry));
		return err;
	}
	*entry = (struct refheap_entry){
		.key = rh_id(op->heap, key),
		.value = rh_id(op->heap, value),
		.index = is_sequence(kind_of(op)) ? at : 0,
	};
	return 0;
}

int rh_op_next(struct rh_op *op)
{
	u32 want = op->arg ?: 1, *n = &op->result->info, places, at, key = 0, value = 0;
	int err = 0;

	if (rh_kind_is_leaf(kind_of(op)))
		return -EOPNOTSUPP;
	if (want > REFHEAP_MAX_IDS)
		return -E2BIG;
	places = count_places(op);
	at = op->batch->state.cursor ?: min_t(u64, op->b, places);
	while (*n < want) {
		at = next_place(op, at, places, &key, &value);
		if (at >= places)
			break;
		if (!key && !value) {
			/* A long stretch of what has been taken out. */
			op->batch->state.cursor = at + 1;
			if (!*n)
				return RH_MORE;
			break;
		}
		err = give_entry(op, at, key, value);
		if (err)
			break;
		++*n;
		at++;
	}
	rh_slice_book(op->heap, *n);
	/* What has been given out cannot be taken back: it is told, the error next time. */
	if (err && !*n)
		return err;
	op->result->value = at < places ? at : 0;
	return 0;
}
