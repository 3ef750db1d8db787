// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What needs to know other objects than an object's own: that no tuple is in
 * itself, that keys can be keys and are all different, and that there is one of
 * what there is only one of. Objects that are the same key get the same number,
 * so that tuples are compared by the numbers of their items.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "image.h"

/* What tuples and weak references wait for. */
static bool is_fixed(const struct refheap_image *image, uint32_t object)
{
	return image->record[object].kind == REFHEAP_KIND_TUPLE ||
	       image->record[object].kind == REFHEAP_KIND_WEAKREF;
}

enum { UNSEEN, BEGUN, DONE };

struct visit {
	uint32_t object;
	uint64_t next;		/* of its edges */
};

/* The next edge to something that must be there first and is not yet, or 0. */
static uint32_t next_needed(const struct refheap_image *image, struct visit *visit,
			    const unsigned char *state)
{
	const uint32_t *edge = rh_image_edges(image, visit->object);

	while (visit->next < image->record[visit->object].n) {
		uint32_t to = edge[visit->next++];

		if (to && is_fixed(image, to - 1) && state[to - 1] != DONE)
			return to;
	}
	return 0;
}

/* Depth first from @object on. */
static int order_from(struct refheap_image *image, uint32_t object,
		      unsigned char *state, struct visit *stack)
{
	uint32_t depth = 0, to;

	stack[0] = (struct visit){ object, 0 };
	state[object] = BEGUN;
	for (;;) {
		to = next_needed(image, &stack[depth], state);
		if (to) {
			if (state[to - 1] == BEGUN)
				return -ELOOP;
			state[to - 1] = BEGUN;
			stack[++depth] = (struct visit){ to - 1, 0 };
			continue;
		}
		state[stack[depth].object] = DONE;
		image->order[image->ordered++] = stack[depth].object;
		if (!depth--)
			return 0;
	}
}

int rh_image_check_order(struct refheap_image *image,
			 const struct rh_image_fault *fault)
{
	unsigned char *state = calloc(image->count, 1);
	uint32_t fixed = 0;
	struct visit *stack;
	int err = 0;

	for (uint32_t i = 0; i < image->count; i++)
		fixed += is_fixed(image, i);
	image->order = malloc((fixed + 1ULL) * sizeof(*image->order));
	stack = malloc((fixed + 1ULL) * sizeof(*stack));
	if (!state || !stack || !image->order)
		err = -ENOMEM;
	for (uint32_t i = 0; !err && i < image->count; i++) {
		if (!is_fixed(image, i) || state[i] == DONE)
			continue;
		err = order_from(image, i, state, stack);
		if (err)
			err = rh_image_bad(fault, "object %u is in itself", i + 1);
	}
	free(state);
	free(stack);
	return err;
}

/*
 * Keys that are equal have the same class. What is no key has none. Of tuples
 * it is also known how much the kernel will have to look at.
 */
struct key {
	uint32_t class;		/* 0: cannot be hashed */
	uint32_t items;
	uint32_t bytes;
	uint8_t levels;
};

struct keys {
	const struct refheap_image *image;
	const struct rh_image_fault *fault;
	struct key *key;	/* by object */
	uint32_t classes;
	uint32_t *example;	/* an object of each class */
	uint64_t *hash;		/* of each class */
	unsigned char *sole;	/* of each class: kinds of which there is one */
	uint32_t *bucket;	/* the newest class with that hash */
	uint32_t *older;	/* of each class: the next in its bucket */
	uint64_t mask;
	uint64_t secret[2];
};

/* Two rounds of multiplying and folding; the secret keeps collisions unknown. */
static uint64_t mix(const struct keys *keys, uint64_t hash, uint64_t value)
{
	unsigned __int128 product;

	product = (unsigned __int128)(hash ^ keys->secret[0]) *
		  (value ^ keys->secret[1] ^ 0x9e3779b97f4a7c15ULL);
	hash = (uint64_t)product ^ (uint64_t)(product >> 64) ^ hash ^ value;
	product = (unsigned __int128)(hash | 1) * 0xd6e8feb86659fd93ULL;
	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash_bytes(const struct keys *keys, uint64_t hash, const char *bytes,
			   uint64_t length)
{
	uint64_t word;

	/* Payload is padded with zeroes to whole words. */
	for (uint64_t i = 0; i < length; i += sizeof(word)) {
		memcpy(&word, bytes + i, sizeof(word));
		hash = mix(keys, hash, word);
	}
	return mix(keys, hash, length);
}

static bool equal_tuples(const struct keys *keys, uint32_t a, uint32_t b)
{
	const struct refheap_image *image = keys->image;
	const uint32_t *x = rh_image_edges(image, a), *y = rh_image_edges(image, b);

	if (image->record[a].n != image->record[b].n)
		return false;
	for (uint64_t i = 0; i < image->record[a].n; i++) {
		if (keys->key[x[i] - 1].class != keys->key[y[i] - 1].class)
			return false;
	}
	return true;
}

static bool equal_keys(const struct keys *keys, uint32_t a, uint32_t b)
{
	const struct refheap_image *image = keys->image;

	if (image->record[a].kind == REFHEAP_KIND_TUPLE &&
	    image->record[b].kind == REFHEAP_KIND_TUPLE)
		return equal_tuples(keys, a, b);
	return rh_image_equal_leaves(image, a, b);
}

static uint64_t hash_key(const struct keys *keys, uint32_t object)
{
	const struct refheap_image *image = keys->image;
	const struct rh_image_record *record = &image->record[object];
	uint64_t value, hash = 0;

	if (rh_image_is_number(image, object)) {
		value = rh_image_as_integer(image, object, &value) ? value : ~value;
		return mix(keys, REFHEAP_KIND_INT, value);
	}
	if (record->kind != REFHEAP_KIND_TUPLE)
		return hash_bytes(keys, record->kind, rh_image_payload(image, object),
				  record->n);
	for (uint64_t i = 0; i < record->n; i++)
		hash = mix(keys, hash,
			   keys->key[rh_image_edges(image, object)[i] - 1].class);
	return mix(keys, hash, record->n);
}

/* A class of its own, in no bucket: such a key is equal to itself alone. */
static uint32_t class_new(struct keys *keys, uint32_t object)
{
	keys->example[++keys->classes] = object;
	return keys->classes;
}

static uint32_t class_of_value(struct keys *keys, uint32_t object)
{
	uint64_t hash = hash_key(keys, object);
	uint32_t *bucket = &keys->bucket[hash & keys->mask], class;

	for (class = *bucket; class; class = keys->older[class]) {
		if (keys->hash[class] == hash &&
		    equal_keys(keys, keys->example[class], object))
			return class;
	}
	class = class_new(keys, object);
	keys->hash[class] = hash;
	keys->older[class] = *bucket;
	*bucket = class;
	return class;
}

static bool looks_like_identifier(const char *text, uint64_t length)
{
	for (uint64_t i = 0; i < length; i++) {
		char c = (char)(text[i] | 0x20);

		if (!((c >= 'a' && c <= 'z' && text[i] >= 'A') || text[i] == '_' ||
		      (text[i] >= '0' && text[i] <= '9')))
			return false;
	}
	return true;
}

static bool is_sole_str(const struct rh_image_record *record, const char *text)
{
	if (record->n > RH_KEY_BYTES)
		return false;
	/* Of what has two bytes: a character that Latin-1 has, too. */
	return record->n < 2 || (record->flags & REFHEAP_INFO_INTERNED) ||
	       (record->n == 2 && ((unsigned char)*text & 0xfe) == 0xc2) ||
	       looks_like_identifier(text, record->n);
}

/* Whether the kernel has one object at most for that value. */
static bool is_sole(const struct refheap_image *image, uint32_t object)
{
	const struct rh_image_record *record = &image->record[object];
	int64_t value;

	switch (record->kind) {
	case REFHEAP_KIND_NONE:
	case REFHEAP_KIND_BOOL:
		return true;
	case REFHEAP_KIND_INT:
		value = (int64_t)rh_image_scalar(image, object);
		return value >= -5 && value <= 256;
	case REFHEAP_KIND_TUPLE:
		return !record->n;
	case REFHEAP_KIND_STR:
		return is_sole_str(record, rh_image_payload(image, object));
	default:
		return false;
	}
}

static int only_one(struct keys *keys, uint32_t object)
{
	const struct rh_image_record *record = &keys->image->record[object];
	unsigned char *sole = &keys->sole[keys->key[object].class];
	/* A class has numbers of three kinds at most, or one kind. */
	unsigned char bit = rh_image_is_number(keys->image, object) ?
			    1U << record->kind : 1;

	if (!is_sole(keys->image, object))
		return 0;
	if (*sole & bit)
		return rh_image_bad(keys->fault, "object %u is there twice", object + 1);
	*sole |= bit;
	return 0;
}

static int classify_leaf(struct keys *keys, uint32_t object)
{
	const struct rh_image_record *record = &keys->image->record[object];
	struct key *key = &keys->key[object];

	key->bytes = 64;
	if (record->kind == REFHEAP_KIND_INSTANCE ||
	    record->kind == REFHEAP_KIND_WEAKREF) {
		key->class = class_new(keys, object);
		return 0;
	}
	if (record->kind >= REFHEAP_KIND_BYTEARRAY || record->n > RH_KEY_BYTES)
		return 0;
	key->bytes += (uint32_t)record->n;
	key->class = class_of_value(keys, object);
	return only_one(keys, object);
}

static int classify_tuple(struct keys *keys, uint32_t object)
{
	const struct rh_image_record *record = &keys->image->record[object];
	const uint32_t *edge = rh_image_edges(keys->image, object);
	struct key *key = &keys->key[object];
	uint64_t items = record->n, bytes = 0;

	for (uint64_t i = 0; i < record->n; i++) {
		const struct key *item = &keys->key[edge[i] - 1];

		if (!item->class)
			return 0;
		items += item->items;
		bytes += item->bytes;
		if (key->levels < item->levels)
			key->levels = item->levels;
	}
	key->levels++;
	if (key->levels > RH_KEY_LEVELS || items > RH_KEY_ITEMS ||
	    bytes > 2 * RH_KEY_BYTES)
		return 0;
	key->items = (uint32_t)items;
	key->bytes = (uint32_t)bytes;
	key->class = class_of_value(keys, object);
	return only_one(keys, object);
}

static int classify(struct keys *keys)
{
	const struct refheap_image *image = keys->image;
	int err = 0;

	for (uint32_t i = 0; !err && i < image->count; i++) {
		if (image->record[i].kind != REFHEAP_KIND_TUPLE)
			err = classify_leaf(keys, i);
	}
	for (uint32_t i = 0; !err && i < image->ordered; i++) {
		if (image->record[image->order[i]].kind == REFHEAP_KIND_TUPLE)
			err = classify_tuple(keys, image->order[i]);
	}
	return err;
}

static bool has_keys(const struct refheap_image *image, uint32_t object)
{
	switch (image->record[object].kind) {
	case REFHEAP_KIND_DICT:
	case REFHEAP_KIND_SET:
	case REFHEAP_KIND_WEAK_VALUE_DICT:
	case REFHEAP_KIND_WEAK_KEY_DICT:
	case REFHEAP_KIND_WEAK_SET:
		return true;
	case REFHEAP_KIND_INSTANCE:
		return rh_image_has_dict(image, object);
	default:
		return false;
	}
}

/* What a cell stands for, from 1: of keys that are held weakly the referent, or 0. */
static uint32_t key_of_cell(const struct refheap_image *image, uint32_t object,
			    uint32_t cell)
{
	unsigned int kind = image->record[object].kind;

	if (kind != REFHEAP_KIND_WEAK_KEY_DICT && kind != REFHEAP_KIND_WEAK_SET)
		return cell;
	return rh_image_referent(image, cell);
}

/* @seen: of each class, in which container it was a key last. */
static int check_keys_of(const struct keys *keys, uint32_t object, uint32_t *seen)
{
	const struct refheap_image *image = keys->image;
	const uint32_t *edge = rh_image_edges(image, object);
	uint64_t stride = rh_image_stride(image, object);
	uint32_t key, class;

	for (uint64_t i = 0; i < image->record[object].n; i += stride) {
		key = key_of_cell(image, object, edge[i]);
		if (!key)
			continue;
		class = keys->key[key - 1].class;
		if (!class)
			return rh_image_bad(keys->fault,
					    "object %u cannot be a key, and is one", key);
		if (seen[class] == object + 1)
			return rh_image_bad(keys->fault,
					    "object %u has the same key twice",
					    object + 1);
		seen[class] = object + 1;
	}
	return 0;
}

static int check_containers(const struct keys *keys)
{
	uint32_t *seen = calloc(keys->classes + 1ULL, sizeof(*seen));
	int err = seen ? 0 : -ENOMEM;

	for (uint32_t i = 0; !err && i < keys->image->count; i++) {
		if (has_keys(keys->image, i))
			err = check_keys_of(keys, i, seen);
	}
	free(seen);
	return err;
}

static int keys_alloc(struct keys *keys)
{
	size_t count = keys->image->count + 1ULL, buckets = 64;

	while (buckets < count)
		buckets *= 2;
	keys->mask = buckets - 1;
	keys->key = calloc(count, sizeof(*keys->key));
	keys->example = malloc(count * sizeof(*keys->example));
	keys->hash = malloc(count * sizeof(*keys->hash));
	keys->older = malloc(count * sizeof(*keys->older));
	keys->sole = calloc(count, 1);
	keys->bucket = calloc(buckets, sizeof(*keys->bucket));
	/* Early after the start of a machine, too: it must not wait. */
	if (getrandom(keys->secret, sizeof(keys->secret), GRND_INSECURE) !=
	    sizeof(keys->secret))
		return -EIO;
	return keys->key && keys->example && keys->hash && keys->older &&
	       keys->sole && keys->bucket ? 0 : -ENOMEM;
}

int rh_image_check_keys(const struct refheap_image *image,
			const struct rh_image_fault *fault)
{
	struct keys keys = { .image = image, .fault = fault };
	int err = keys_alloc(&keys);

	if (!err)
		err = classify(&keys);
	if (!err)
		err = check_containers(&keys);
	free(keys.key);
	free(keys.example);
	free(keys.hash);
	free(keys.older);
	free(keys.sole);
	free(keys.bucket);
	return err;
}
