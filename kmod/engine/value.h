/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Values of leaves: making them, and hashing and comparing them as dict keys
 * with Python's rules (1 == 1.0 == True; lists, dicts, sets and bytearrays are
 * not hashable; instances by identity).
 */
#ifndef REFHEAP_ENGINE_VALUE_H
#define REFHEAP_ENGINE_VALUE_H

#include "object.h"

/* Whether @len bytes are valid UTF-8 as of RFC 3629. */
bool rh_utf8_valid(const u8 *text, u32 len);

/* Makes a leaf of @len bytes, copied from @data unless NULL. Return: 0 or an errno. */
int rh_leaf_new(struct rh_heap *heap, u32 kind, const void *data, u32 len, u32 *slot);

/* Value of a bool or int, bits of a float, else 0. */
u64 rh_leaf_scalar(const struct rh_heap *heap, u32 slot);

/* Hash of a string; never 0. */
u32 rh_hash_str(const struct rh_heap *heap, const void *text, u32 len);

/* Bytes of a key at most, over all that a tuple holds. */
#define RH_KEY_BYTES	65536U

/*
 * Hash of an object, never 0, and what computing it cost in units of 64 bytes.
 * Return: 0, -EOPNOTSUPP (not hashable), or -EFBIG (too long for a key).
 */
int rh_hash(const struct rh_heap *heap, u32 slot, u32 *hash, u32 *cost);

/* Whether two hashable objects are the same key. */
bool rh_equal(const struct rh_heap *heap, u32 a, u32 b);

/* Whether an object is that string. */
bool rh_equal_str(const struct rh_heap *heap, u32 slot, const void *text, u32 len);

/* Gives a bytearray another length. Return: 0 or an errno. */
int rh_bytearray_resize(struct rh_heap *heap, u32 slot, u32 len);

#endif
