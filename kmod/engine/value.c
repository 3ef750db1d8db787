// SPDX-License-Identifier: GPL-2.0
/*
 * Values. All hashes are keyed with the heap's secret: who shares a heap must
 * not be able to choose keys that collide.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "value.h"

/* Tuples as keys: a bound on what one operation looks at. */
#define TUPLE_DEPTH	8
#define TUPLE_ITEMS	1024

/* Length of the UTF-8 sequence that starts here, or 0: RFC 3629, section 4. */
static u32 utf8_sequence(const u8 *text, u32 len)
{
	u8 first = text[0], low = 0x80, high = 0xbf;
	u32 n, i;

	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first > 0xf4)
		return 0;
	n = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	if (first == 0xe0)
		low = 0xa0;
	else if (first == 0xed)
		high = 0x9f;
	else if (first == 0xf0)
		low = 0x90;
	else if (first == 0xf4)
		high = 0x8f;
	if (n > len || text[1] < low || text[1] > high)
		return 0;
	for (i = 2; i < n; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

bool rh_utf8_valid(const u8 *text, u32 len)
{
	u32 n;

	while (len) {
		n = utf8_sequence(text, len);
		if (!n)
			return false;
		text += n;
		len -= n;
	}
	return true;
}

int rh_leaf_new(struct rh_heap *heap, u32 kind, const void *data, u32 len, u32 *slot)
{
	u32 block;
	int err;

	if (len > heap->params.max_payload)
		return -EFBIG;
	err = rh_object_prepare(heap, kind, len, &block);
	if (err)
		return err;
	if (data && len)
		memcpy(rh_block(heap, rh_kind_space(kind), block), data, len);
	*slot = rh_object_publish(heap, kind, 0, block, len);
	rh_slice_book_bytes(heap, len);
	return 0;
}

u64 rh_leaf_scalar(const struct rh_heap *heap, u32 slot)
{
	u32 kind = rh_kind(heap, slot);
	u64 value;

	if (kind < REFHEAP_KIND_BOOL || kind > REFHEAP_KIND_FLOAT)
		return 0;
	memcpy(&value, rh_payload(heap, slot), sizeof(value));
	return value;
}

static u32 fold(u64 hash)
{
	return (u32)(hash ^ hash >> 32) ?: 1;
}

u32 rh_hash_str(const struct rh_heap *heap, const void *text, u32 len)
{
	return fold(siphash(text, len, &heap->key));
}

/*
 * A double that is an integer of 64 bits, from its bits alone: the kernel does
 * not touch floating point.
 */
static bool float_to_int(u64 bits, s64 *value)
{
	int exponent = (int)(bits >> 52 & 0x7ff) - 1023;
	u64 mantissa = (bits & ((1ULL << 52) - 1)) | 1ULL << 52;
	bool negative = bits >> 63;

	*value = 0;
	if (!(bits << 1))
		return true;
	if (exponent < 0 || exponent > 63)
		return false;
	if (exponent <= 52) {
		if (mantissa & ((1ULL << (52 - exponent)) - 1))
			return false;
		mantissa >>= 52 - exponent;
	} else {
		mantissa <<= exponent - 52;
	}
	if (mantissa > 1ULL << 63 || (mantissa == 1ULL << 63 && !negative))
		return false;
	*value = negative ? (s64)(0 - mantissa) : (s64)mantissa;
	return true;
}

/* Bool, int and float are one family of keys. Return: false for a fraction. */
static bool number(const struct rh_heap *heap, u32 slot, u64 *value)
{
	u64 scalar = rh_leaf_scalar(heap, slot);
	s64 integer;

	*value = scalar;
	if (rh_kind(heap, slot) != REFHEAP_KIND_FLOAT)
		return true;
	if (!float_to_int(scalar, &integer))
		return false;
	*value = integer;
	return true;
}

static u32 hash_leaf(const struct rh_heap *heap, u32 slot, u32 kind)
{
	u64 value;
	bool integer;

	switch (kind) {
	case REFHEAP_KIND_NONE:
		return fold(siphash_1u64(kind, &heap->key));
	case REFHEAP_KIND_BOOL:
	case REFHEAP_KIND_INT:
	case REFHEAP_KIND_FLOAT:
		integer = number(heap, slot, &value);
		return fold(siphash_2u64(value, integer, &heap->key));
	default:
		return rh_hash_str(heap, rh_payload(heap, slot), rh_length(heap, slot)) ^
		       (kind == REFHEAP_KIND_BYTES ? 0x5bd1e995 : 0);
	}
}

/* Everything hashable but tuples. @*bytes grows by what was looked at. */
static int hash_simple(const struct rh_heap *heap, u32 slot, u32 *hash, u32 *bytes)
{
	u32 kind = rh_kind(heap, slot);

	*bytes += 64;
	switch (kind) {
	case REFHEAP_KIND_BYTEARRAY:
	case REFHEAP_KIND_LIST:
	case REFHEAP_KIND_DICT:
	case REFHEAP_KIND_SET:
	case REFHEAP_KIND_WEAK_VALUE_DICT:
	case REFHEAP_KIND_WEAK_KEY_DICT:
	case REFHEAP_KIND_WEAK_SET:
		return -EOPNOTSUPP;
	case REFHEAP_KIND_INSTANCE:
	case REFHEAP_KIND_WEAKREF:
		*hash = fold(siphash_2u64(rh_id(heap, slot), kind, &heap->key));
		return 0;
	default:
		if (rh_length(heap, slot) > RH_KEY_BYTES)
			return -EFBIG;
		*bytes += rh_length(heap, slot);
		*hash = hash_leaf(heap, slot, kind) ?: 1;
		return 0;
	}
}

/* A walk through nested tuples, without recursion and within bounds. */
struct tuple_walk {
	u32 tuple[TUPLE_DEPTH];
	u32 at[TUPLE_DEPTH];
	u32 depth, items;
};

static u32 tuple_len(const struct rh_heap *heap, u32 slot)
{
	const struct rh_cells *cells = rh_cells(heap, slot);

	return cells ? cells->n : 0;
}

int rh_hash(const struct rh_heap *heap, u32 slot, u32 *hash, u32 *cost)
{
	struct tuple_walk walk = { .tuple = { slot } };
	u32 item, bytes = 0;
	u64 mixed = 0;
	int err;

	if (rh_kind(heap, slot) != REFHEAP_KIND_TUPLE) {
		err = hash_simple(heap, slot, hash, &bytes);
		*cost = bytes / 64;
		return err;
	}
	for (;;) {
		u32 tuple = walk.tuple[walk.depth];

		if (walk.at[walk.depth] == tuple_len(heap, tuple)) {
			mixed = siphash_2u64(mixed, tuple_len(heap, tuple), &heap->key);
			if (!walk.depth)
				break;
			walk.depth--;
			continue;
		}
		item = rh_cells(heap, tuple)->cell[walk.at[walk.depth]++];
		if (++walk.items > TUPLE_ITEMS)
			return -EOPNOTSUPP;
		if (rh_kind(heap, item) == REFHEAP_KIND_TUPLE) {
			if (++walk.depth == TUPLE_DEPTH)
				return -EOPNOTSUPP;
			walk.tuple[walk.depth] = item;
			walk.at[walk.depth] = 0;
			continue;
		}
		err = hash_simple(heap, item, hash, &bytes);
		if (!err && bytes > 2 * RH_KEY_BYTES)
			err = -EFBIG;
		if (err)
			return err;
		mixed = siphash_2u64(mixed, *hash, &heap->key);
	}
	*hash = fold(mixed);
	*cost = bytes / 64;
	return 0;
}

static bool is_number(u32 kind)
{
	return kind >= REFHEAP_KIND_BOOL && kind <= REFHEAP_KIND_FLOAT;
}

static bool equal_numbers(const struct rh_heap *heap, u32 a, u32 b)
{
	u64 x, y;
	bool a_integer = number(heap, a, &x), b_integer = number(heap, b, &y);

	/* The exponent of all ones and a mantissa: NaN is equal to nothing. */
	if (!a_integer && (x << 1) > 0xffe0000000000000ULL)
		return false;
	return a_integer == b_integer && x == y;
}

static bool equal_simple(const struct rh_heap *heap, u32 a, u32 b)
{
	u32 kind = rh_kind(heap, a), other = rh_kind(heap, b);

	if (a == b)
		return true;
	if (is_number(kind) && is_number(other))
		return equal_numbers(heap, a, b);
	if (kind != other || (kind != REFHEAP_KIND_STR && kind != REFHEAP_KIND_BYTES))
		return false;
	return rh_length(heap, a) == rh_length(heap, b) &&
	       !memcmp(rh_payload(heap, a), rh_payload(heap, b), rh_length(heap, a));
}

bool rh_equal(const struct rh_heap *heap, u32 a, u32 b)
{
	struct tuple_walk walk = { .tuple = { a } };
	u32 other[TUPLE_DEPTH] = { b };

	if (a == b || rh_kind(heap, a) != REFHEAP_KIND_TUPLE ||
	    rh_kind(heap, b) != REFHEAP_KIND_TUPLE)
		return equal_simple(heap, a, b);
	if (tuple_len(heap, a) != tuple_len(heap, b))
		return false;
	for (;;) {
		u32 at = walk.at[walk.depth]++;

		if (at == tuple_len(heap, walk.tuple[walk.depth])) {
			if (!walk.depth)
				return true;
			walk.depth--;
			continue;
		}
		a = rh_cells(heap, walk.tuple[walk.depth])->cell[at];
		b = rh_cells(heap, other[walk.depth])->cell[at];
		if (a == b)
			continue;
		if (rh_kind(heap, a) != REFHEAP_KIND_TUPLE ||
		    rh_kind(heap, b) != REFHEAP_KIND_TUPLE) {
			if (!equal_simple(heap, a, b))
				return false;
			continue;
		}
		/* Both have been hashed, so neither is deeper than the walk. */
		if (tuple_len(heap, a) != tuple_len(heap, b) ||
		    ++walk.depth == TUPLE_DEPTH)
			return false;
		walk.tuple[walk.depth] = a;
		walk.at[walk.depth] = 0;
		other[walk.depth] = b;
	}
}

bool rh_equal_str(const struct rh_heap *heap, u32 slot, const void *text, u32 len)
{
	return rh_kind(heap, slot) == REFHEAP_KIND_STR && rh_length(heap, slot) == len &&
	       (!len || !memcmp(rh_payload(heap, slot), text, len));
}

int rh_bytearray_resize(struct rh_heap *heap, u32 slot, u32 len)
{
	u32 old = rh_length(heap, slot), block;
	u8 *bytes = rh_payload(heap, slot);
	int err;

	if (len > heap->params.max_payload)
		return -EFBIG;
	if (rh_block_charge(len) != rh_block_charge(old)) {
		err = rh_object_may_grow(heap, rh_block_charge(len));
		if (err && len > old)
			return err;
		err = rh_block_alloc(heap, REFHEAP_SPACE_MUTABLE, len, &block);
		if (err)
			return err;
		rh_object_unmap(heap, slot);
		if (len && old)
			memcpy(rh_block(heap, REFHEAP_SPACE_MUTABLE, block), bytes, min(len, old));
		rh_object_reblock(heap, slot, block, len, old);
	} else if (len != old) {
		rh_object_unmap(heap, slot);
		memset(bytes + min(len, old), 0, max(len, old) - min(len, old));
	}
	*rh_gc(heap, slot) = RH_GC_TOP | len;
	rh_slice_book_bytes(heap, max(len, old));
	return 0;
}
