// SPDX-License-Identifier: LGPL-2.1-or-later
/* Caches as objects: making one, finding it by its name, opening it. */
#include <errno.h>
#include <stdlib.h>

#include "cache.h"

#define TYPE_NAME "refheap.cache"

/* In the order in which the slots are read. */
static const char *const slots[] = {
	"kind", "maximum", "ttl", "entries", "counts",
};

#define SLOTS (sizeof(slots) / sizeof(slots[0]))

/* What people see in the slot "kind". */
static const char *const kinds[] = {
	[REFHEAP_CACHE_WEAK] = "weak",
	[REFHEAP_CACHE_LRU] = "lru",
	[REFHEAP_CACHE_TTL] = "ttl",
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static const struct refheap_type_def definition = {
	.name = TYPE_NAME,
	.slots = slots,
	.slot_count = SLOTS,
};

static bool options_valid(const struct refheap_cache_options *options)
{
	static const uint64_t zeroes[4];

	if (options->flags & ~REFHEAP_CACHE_EXCL ||
	    memcmp(options->reserved, zeroes, sizeof(zeroes)) ||
	    options->maximum > INT64_MAX || options->ttl_ns > INT64_MAX)
		return false;
	switch (options->kind) {
	case REFHEAP_CACHE_WEAK:
		return !options->maximum && !options->ttl_ns;
	case REFHEAP_CACHE_LRU:
		return !options->ttl_ns;
	case REFHEAP_CACHE_TTL:
		return options->ttl_ns;
	default:
		return false;
	}
}

/* An operation whose object is only needed until the batch ends. */
static refheap_id temporary(struct refheap_batch_builder *batch, int n)
{
	return REFHEAP_ID_RESULT(refheap_batch_temp(batch, n));
}

static int new_entries(struct refheap_batch_builder *batch, uint32_t kind)
{
	if (kind == REFHEAP_CACHE_WEAK)
		return refheap_batch_new_weak_value_dict(batch);
	return refheap_batch_new_dict(batch, NULL, 0);
}

/* Returns the number of the operation that makes the instance. */
static int build(struct refheap_batch_builder *batch,
		 const struct refheap_cache_options *options)
{
	const size_t bytes = sizeof(struct rh_cache_counts);
	const int numbers[] = {
		refheap_batch_new_str(batch, kinds[options->kind]),
		refheap_batch_new_int(batch, (int64_t)options->maximum),
		refheap_batch_new_int(batch, (int64_t)options->ttl_ns),
		new_entries(batch, options->kind),
		refheap_batch_new_bytearray(batch, NULL, bytes),
	};
	int type = refheap_batch_type_define(batch, &definition);
	int made = refheap_batch_new_instance(batch, REFHEAP_ID_RESULT(type));

	for (size_t i = 0; i < SLOTS; i++)
		refheap_batch_set_attr(batch, REFHEAP_ID_RESULT(made), slots[i],
				       temporary(batch, numbers[i]));
	return made;
}

/* Make a cache without a name; gives a reference. */
static int make(struct refheap *session,
		const struct refheap_cache_options *options, refheap_id *id)
{
	refheap_auto_batch struct refheap_batch_builder *batch = NULL;
	int err, made;

	err = refheap_batch_alloc(&batch);
	if (err)
		return err;
	made = build(batch, options);
	err = refheap_batch_submit(batch, session, 0);
	if (err) {
		refheap_batch_undo(batch, session);
		return err;
	}
	*id = refheap_batch_value(batch, (size_t)made);
	return 0;
}

/*
 * Make a cache and give it a name, unless somebody was faster; then *@id is
 * that one.
 */
static int make_named(struct refheap *session, const char *name,
		      const struct refheap_cache_options *options,
		      refheap_id *id)
{
	struct refheap_result result;
	struct rh_call call;
	refheap_id made;
	int err;

	err = make(session, options, &made);
	if (err)
		return err;
	call = rh_call_key_str(REFHEAP_OP_SET_DEFAULT, REFHEAP_ID_ROOT, name,
			       made);
	err = rh_run(session, &call, NULL, &result);
	refheap_drop(session, made);
	if (err)
		return err;
	if (!result.info && options->flags & REFHEAP_CACHE_EXCL) {
		refheap_drop(session, result.value);
		return -EEXIST;
	}
	*id = result.value;
	return 0;
}

static int obtain(struct refheap *session, const char *name,
		  const struct refheap_cache_options *options, refheap_id *id)
{
	int err;

	if (!name)
		return make(session, options, id);
	err = refheap_get_name(session, name, id);
	if (!err && options && options->flags & REFHEAP_CACHE_EXCL) {
		refheap_drop(session, *id);
		return -EEXIST;
	}
	if (err != -ENOKEY || !options)
		return err;
	return make_named(session, name, options, id);
}

/* Where the parts of a cache are in the batch that reads it. */
enum {
	READ_INFO,
	READ_TYPE,
	READ_KIND = 3,		/* each behind what gets the slot */
	READ_MAXIMUM = 5,
	READ_TTL = 7,
	GET_ENTRIES,
	GET_COUNTS,
};

/* A reference of the handle does not end with the frame that is the topmost. */
static void hand_out(struct refheap_batch_builder *batch, uint64_t object,
		     uint16_t flags)
{
	const struct refheap_op op = {
		.code = REFHEAP_OP_HAND_OUT,
		.flags = flags,
		.arg = 1,
		.a = object,
	};

	refheap_batch_add(batch, &op, NULL, 0, 0);
}

static void build_reading(struct refheap_batch_builder *batch, refheap_id id)
{
	int n;

	refheap_batch_inspect(batch, id);
	refheap_batch_type_find(batch, TYPE_NAME);
	for (size_t i = 0; i < SLOTS - 2; i++) {
		n = refheap_batch_get_attr(batch, id, slots[i]);
		refheap_batch_read(batch, temporary(batch, n), 0,
				   sizeof(uint64_t));
	}
	refheap_batch_get_attr(batch, id, slots[SLOTS - 2]);
	refheap_batch_get_attr(batch, id, slots[SLOTS - 1]);
	hand_out(batch, GET_ENTRIES, REFHEAP_OPF_A_RESULT);
	hand_out(batch, GET_COUNTS, REFHEAP_OPF_A_RESULT);
	hand_out(batch, id, 0);
}

static bool read_number(const struct refheap_batch_builder *batch, size_t n,
			uint64_t *number)
{
	size_t length;
	const void *bytes = refheap_batch_output(batch, n, &length);

	if (length != sizeof(*number))
		return false;
	memcpy(number, bytes, length);
	return true;
}

static bool read_kind(const struct refheap_batch_builder *batch,
		      uint32_t *kind)
{
	size_t length;
	const char *text = refheap_batch_output(batch, READ_KIND, &length);

	for (*kind = REFHEAP_CACHE_WEAK; *kind < KINDS; ++*kind)
		if (length == strlen(kinds[*kind]) &&
		    !memcmp(text, kinds[*kind], length))
			return true;
	return false;
}

/* Take what was read; its references are the handle's from then on. */
static int take_parts(struct refheap_cache *cache,
		      const struct refheap_batch_builder *batch)
{
	const struct refheap_info *info = refheap_batch_output(batch, READ_INFO,
							       NULL);

	if (info->type != refheap_batch_value(batch, READ_TYPE) ||
	    !read_kind(batch, &cache->kind) ||
	    !read_number(batch, READ_MAXIMUM, &cache->maximum) ||
	    !read_number(batch, READ_TTL, &cache->ttl_ns))
		return -EOPNOTSUPP;
	cache->entries = refheap_batch_value(batch, GET_ENTRIES);
	cache->counted = refheap_batch_value(batch, GET_COUNTS);
	return 0;
}

/* Whether an object is not a cache, rather than out of reach. */
static bool is_something_else(int err)
{
	return err == -ENODATA || err == -ENOENT || err == -EOPNOTSUPP;
}

static int read_parts(struct refheap_cache *cache)
{
	refheap_auto_batch struct refheap_batch_builder *batch = NULL;
	int err;

	err = refheap_batch_alloc(&batch);
	if (err)
		return err;
	build_reading(batch, cache->object);
	err = refheap_batch_submit(batch, cache->session, 0);
	if (!err)
		err = take_parts(cache, batch);
	if (err)
		refheap_batch_undo(batch, cache->session);
	return is_something_else(err) ? -EOPNOTSUPP : err;
}

static int map_counts(struct refheap_cache *cache)
{
	int err;

	err = refheap_view_open(cache->session, cache->counted,
				REFHEAP_VIEW_WRITE, &cache->view);
	cache->writable = !err;
	if (err == -EACCES)
		err = refheap_view_open(cache->session, cache->counted, 0,
					&cache->view);
	if (!err && cache->view.length < sizeof(struct rh_cache_counts))
		err = -EOPNOTSUPP;
	return err;
}

static int check_agreement(const struct refheap_cache *cache,
			   const struct refheap_cache_options *options)
{
	if (options && (options->kind != cache->kind ||
			options->maximum != cache->maximum ||
			options->ttl_ns != cache->ttl_ns))
		return -EEXIST;
	return 0;
}

static int open_parts(struct refheap_cache *cache, const char *name,
		      const struct refheap_cache_options *options)
{
	int err;

	err = obtain(cache->session, name, options, &cache->object);
	if (!err)
		err = read_parts(cache);
	if (!err)
		err = check_agreement(cache, options);
	return err ? err : map_counts(cache);
}

int refheap_cache_open(struct refheap *session, const char *name,
		       const struct refheap_cache_options *options,
		       struct refheap_cache **cache)
{
	struct refheap_cache *opened;
	int err;

	if (options ? !options_valid(options) : !name)
		return -EINVAL;
	opened = calloc(1, sizeof(*opened));
	if (!opened)
		return -ENOMEM;
	opened->session = session;
	opened->clock = rh_cache_monotonic;
	err = open_parts(opened, name, options);
	if (err) {
		refheap_cache_close(opened);
		return err;
	}
	*cache = opened;
	return 0;
}

void refheap_cache_close(struct refheap_cache *cache)
{
	if (!cache)
		return;
	/* Before the bytearray can go, whose mapping would then be none. */
	refheap_view_close(&cache->view);
	refheap_drop_many(cache->session, (const refheap_id[]){
		cache->counted, cache->entries, cache->object }, 3);
	free(cache);
}

refheap_id refheap_cache_object(const struct refheap_cache *cache)
{
	return cache->object;
}
