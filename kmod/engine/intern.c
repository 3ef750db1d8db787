// SPDX-License-Identifier: GPL-2.0
/*
 * Interning. The singletons are made when they are first asked for and live as
 * long as the heap, which holds a reference to each. Interned strings are
 * mortal, as in CPython: the table holds no reference and lets go of a string
 * when it dies.
 *
 * The table doubles without stopping: the old one is moved over a few entries
 * with every insertion.
 */
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "intern.h"

#define SMALL_INT_MIN	(-5)
#define REMOVED		0xffffffffU
#define FIRST_SLOTS	64U
#define MAX_SLOTS	0x40000000U
#define MOVE_AT_ONCE	8

/* Gives the singleton at @where, or makes it of @kind and @data. */
static int singleton(struct rh_heap *heap, u32 *where, u32 kind, const void *data, u32 len,
		     u32 *slot)
{
	int err;

	if (!*where) {
		err = rh_leaf_new(heap, kind, data, len, where);
		if (err)
			return err;
		rh_head(heap, *where)->meta |= RH_META_IMMORTAL;
	}
	if (!rh_can_take(heap, *where, 1))
		return -EOVERFLOW;
	rh_take(heap, *where);
	*slot = *where;
	return 0;
}

int rh_none(struct rh_heap *heap, u32 *slot)
{
	return singleton(heap, &heap->intern.none, REFHEAP_KIND_NONE, NULL, 0, slot);
}

int rh_bool(struct rh_heap *heap, bool value, u32 *slot)
{
	u64 payload = value;

	return singleton(heap, &heap->intern.truth[value], REFHEAP_KIND_BOOL, &payload,
			 sizeof(payload), slot);
}

int rh_int(struct rh_heap *heap, s64 value, u32 *slot)
{
	u64 n = (u64)value - SMALL_INT_MIN;

	if (n < ARRAY_SIZE(heap->intern.small_int))
		return singleton(heap, &heap->intern.small_int[n], REFHEAP_KIND_INT, &value,
				 sizeof(value), slot);
	return rh_leaf_new(heap, REFHEAP_KIND_INT, &value, sizeof(value), slot);
}

int rh_empty_tuple(struct rh_heap *heap, u32 *slot)
{
	return singleton(heap, &heap->intern.empty_tuple, REFHEAP_KIND_TUPLE, NULL, 0, slot);
}

/* The code point of a string of one Latin-1 character, or -1. */
static int latin1(const u8 *text, u32 len)
{
	if (len == 1)
		return text[0] < 0x80 ? text[0] : -1;
	if (len == 2 && (text[0] == 0xc2 || text[0] == 0xc3) && (text[1] & 0xc0) == 0x80)
		return (text[0] & 3) << 6 | (text[1] & 0x3f);
	return -1;
}

static bool looks_like_identifier(const u8 *text, u32 len)
{
	u32 i;

	for (i = 0; i < len; i++) {
		u8 c = text[i] | 0x20;

		if (!((c >= 'a' && c <= 'z' && text[i] >= 'A') || text[i] == '_' ||
		      (text[i] >= '0' && text[i] <= '9')))
			return false;
	}
	return true;
}

/* A dying string may still be in the table; it is none any more. */
static u32 table_find(const struct rh_heap *heap, const struct rh_intern_table *table,
		      const void *text, u32 len, u32 hash)
{
	u32 i;

	if (!table->mask)
		return REMOVED;
	for (i = hash & table->mask; table->slot[i]; i = (i + 1) & table->mask)
		if (table->slot[i] != REMOVED && table->hash[i] == hash &&
		    !(rh_head(heap, table->slot[i])->meta & RH_META_DEAD) &&
		    rh_equal_str(heap, table->slot[i], text, len))
			return i;
	return REMOVED;
}

u32 rh_intern_find(const struct rh_heap *heap, const void *text, u32 len)
{
	const struct rh_intern *intern = &heap->intern;
	u32 hash = rh_hash_str(heap, text, len), i, point;

	if (!len)
		return intern->empty_str;
	point = latin1(text, len);
	if (point < ARRAY_SIZE(intern->latin1))
		return intern->latin1[point];
	i = table_find(heap, &intern->now, text, len, hash);
	if (i != REMOVED)
		return intern->now.slot[i];
	i = table_find(heap, &intern->old, text, len, hash);
	return i == REMOVED ? 0 : intern->old.slot[i];
}

static void table_put(struct rh_intern_table *table, u32 slot, u32 hash)
{
	u32 i = hash & table->mask;

	while (table->slot[i])
		i = (i + 1) & table->mask;
	table->slot[i] = slot;
	table->hash[i] = hash;
	table->used++;
}

static size_t table_bytes(const struct rh_intern_table *table)
{
	return ((size_t)table->mask + 1) * sizeof(u32);
}

static void table_free(struct rh_heap *heap, struct rh_intern_table *table)
{
	if (!table->mask)
		return;
	rh_free(heap, table->slot, table_bytes(table));
	rh_free(heap, table->hash, table_bytes(table));
	*table = (struct rh_intern_table){};
}

static int table_new(struct rh_heap *heap, struct rh_intern_table *table, u32 slots)
{
	table->mask = slots - 1;
	table->used = 0;
	table->slot = rh_alloc(heap, table_bytes(table));
	if (IS_ERR(table->slot))
		return PTR_ERR(table->slot);
	table->hash = rh_alloc(heap, table_bytes(table));
	if (IS_ERR(table->hash)) {
		rh_free(heap, table->slot, table_bytes(table));
		return PTR_ERR(table->hash);
	}
	return 0;
}

static void move_some(struct rh_heap *heap)
{
	struct rh_intern *intern = &heap->intern;
	u32 n;

	if (!intern->old.mask)
		return;
	for (n = 0; n < MOVE_AT_ONCE && intern->moved <= intern->old.mask; n++) {
		u32 slot = intern->old.slot[intern->moved];

		if (slot && slot != REMOVED)
			table_put(&intern->now, slot, intern->old.hash[intern->moved]);
		/* Probes must still pass here. */
		if (slot)
			intern->old.slot[intern->moved] = REMOVED;
		intern->moved++;
	}
	if (intern->moved > intern->old.mask)
		table_free(heap, &intern->old);
}

/*
 * Makes sure that one string can be put. The move of the old table is through
 * long before the new one, which has room for it and more, is full.
 */
static int intern_prepare(struct rh_heap *heap)
{
	struct rh_intern *intern = &heap->intern;
	struct rh_intern_table grown = {};
	u64 want;
	u32 slots;
	int err;

	move_some(heap);
	if (intern->now.mask && (intern->now.used + 1) * 3ULL <= intern->now.mask * 2ULL)
		return 0;
	/* So much larger than what is moved over that it is not full before. */
	want = max(intern->live * 4ULL, intern->now.mask / 4ULL);
	for (slots = FIRST_SLOTS; slots < want && slots < MAX_SLOTS; slots *= 2)
		;
	if (slots < want)
		return -EFBIG;
	err = table_new(heap, &grown, slots);
	if (err)
		return err;
	while (intern->old.mask)
		move_some(heap);
	intern->old = intern->now;
	intern->now = grown;
	intern->moved = 0;
	return 0;
}

static int intern_new(struct rh_heap *heap, const void *text, u32 len, u32 *slot)
{
	int err;

	err = intern_prepare(heap);
	if (err)
		return err;
	err = rh_leaf_new(heap, REFHEAP_KIND_STR, text, len, slot);
	if (err)
		return err;
	table_put(&heap->intern.now, *slot, rh_hash_str(heap, text, len));
	heap->intern.live++;
	rh_head(heap, *slot)->meta |= RH_META_INTERNED;
	return 0;
}

int rh_str(struct rh_heap *heap, const void *text, u32 len, bool intern, u32 *slot)
{
	u32 point, found;

	if (!rh_utf8_valid(text, len))
		return -EILSEQ;
	if (!len)
		return singleton(heap, &heap->intern.empty_str, REFHEAP_KIND_STR, NULL, 0, slot);
	point = latin1(text, len);
	if (point < ARRAY_SIZE(heap->intern.latin1))
		return singleton(heap, &heap->intern.latin1[point], REFHEAP_KIND_STR, text, len,
				 slot);
	/* What is too long for a key is not looked up either. */
	if (len > RH_KEY_BYTES || (!intern && !looks_like_identifier(text, len)))
		return rh_leaf_new(heap, REFHEAP_KIND_STR, text, len, slot);
	found = rh_intern_find(heap, text, len);
	if (!found)
		return intern_new(heap, text, len, slot);
	if (!rh_can_take(heap, found, 1))
		return -EOVERFLOW;
	rh_take(heap, found);
	*slot = found;
	return 0;
}

void rh_intern_remove(struct rh_heap *heap, u32 slot)
{
	struct rh_intern_table *table = &heap->intern.now;
	const void *text = rh_payload(heap, slot);
	u32 len = rh_length(heap, slot), i, pass;
	u32 hash = rh_hash_str(heap, text, len);

	for (pass = 0; pass < 2; pass++, table = &heap->intern.old) {
		if (!table->mask)
			continue;
		for (i = hash & table->mask; table->slot[i]; i = (i + 1) & table->mask) {
			if (table->slot[i] != slot)
				continue;
			table->slot[i] = REMOVED;
			heap->intern.live--;
			return;
		}
	}
	WARN_ON_ONCE(1);
}

void rh_intern_exit(struct rh_heap *heap)
{
	table_free(heap, &heap->intern.old);
	table_free(heap, &heap->intern.now);
}
