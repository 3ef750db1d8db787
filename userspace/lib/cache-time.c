// SPDX-License-Identifier: LGPL-2.1-or-later
/* Entries with a time to live: (value, time at which it is over). */
#include <errno.h>
#include <stdlib.h>

#include "cache.h"

uint64_t rh_cache_monotonic(void *data)
{
	(void)data;
	return rh_monotonic_ns();
}

void refheap_cache_set_clock(struct refheap_cache *cache,
			     refheap_clock_fn *clock, void *data)
{
	cache->clock = clock ? clock : rh_cache_monotonic;
	cache->clock_data = data;
}

bool rh_cache_is_over(const struct refheap_cache *cache, uint64_t time)
{
	return cache->clock(cache->clock_data) >= time;
}

/* When an entry made now is over; never later than an int can say. */
static int64_t end_of_entry(const struct refheap_cache *cache)
{
	uint64_t now = cache->clock(cache->clock_data);

	if (now > INT64_MAX - cache->ttl_ns)
		return INT64_MAX;
	return (int64_t)(now + cache->ttl_ns);
}

uint32_t rh_cache_read_timed(struct rh_cache_steps *steps, uint64_t tuple,
			     uint16_t flags)
{
	struct refheap_op op = {
		.code = REFHEAP_OP_GET_INDEX, .flags = flags, .a = tuple,
	};
	uint32_t number = rh_cache_step(steps, op);

	op.flags |= REFHEAP_OPF_TEMP;
	op.b = 1;
	rh_cache_step(steps, (struct refheap_op){
		.code = REFHEAP_OP_READ,
		.flags = REFHEAP_OPF_A_RESULT,
		.a = rh_cache_step(steps, op),
		.c = sizeof(steps->time),
	});
	return number;
}

int rh_cache_run_timed(const struct refheap_cache *cache,
		       struct rh_cache_steps *steps, uint32_t number,
		       refheap_id *value)
{
	int err = rh_cache_run(cache, steps);
	bool given = number < steps->done && !steps->results[number].error;

	if (!err)
		*value = steps->results[number].value;
	else if (given)
		refheap_drop(cache->session, steps->results[number].value);
	return err;
}

int rh_cache_make_timed(struct rh_cache_steps *steps,
			const struct refheap_cache *cache,
			const struct rh_cache_key *key, refheap_id value,
			void **buffer)
{
	size_t length = key->text ? strlen(key->text) : 0;
	refheap_id *ids;

	if (length > REFHEAP_MAX_DATA / 2)
		return -EFBIG;
	/* Among the ids it would be taken for an earlier result. */
	if (REFHEAP_ID_TAG(value) == REFHEAP_ID_TAG(REFHEAP_ID_RESULT(0)))
		return -ENOENT;
	ids = malloc(2 * sizeof(*ids) + length);
	if (!ids)
		return -ENOMEM;
	ids[0] = value;
	ids[1] = REFHEAP_ID_RESULT(rh_cache_step(steps, (struct refheap_op){
		.code = REFHEAP_OP_INT,
		.flags = REFHEAP_OPF_TEMP,
		.a = (uint64_t)end_of_entry(cache),
	}));
	if (length)
		memcpy(ids + 2, key->text, length);
	*buffer = ids;
	steps->in = ids;
	steps->key_off = 2 * sizeof(*ids);
	steps->in_len = steps->key_off + length;
	return (int)rh_cache_step(steps, (struct refheap_op){
		.code = REFHEAP_OP_TUPLE,
		.flags = REFHEAP_OPF_TEMP | REFHEAP_OPF_IDS_RESULT,
		.data_len = 2 * sizeof(*ids),
	});
}

bool rh_cache_remove_timed(struct refheap_cache *cache,
			   const struct rh_cache_key *key, refheap_id tuple)
{
	struct rh_cache_steps steps = { .count = 0 };
	struct refheap_op op;

	if (rh_cache_input(&steps, key))
		return false;
	op = rh_cache_keyed(&steps, cache, REFHEAP_OP_DEL_KEY, key);
	op.c = tuple;
	rh_cache_step(&steps, op);
	if (rh_cache_run(cache, &steps))
		return false;
	rh_cache_count(cache, &rh_cache_counts(cache)->expired, 1);
	return true;
}

/* Returns 1 when the entry was removed, 0 when its time is not over. */
static int expire_entry(struct refheap_cache *cache,
			const struct refheap_entry *entry, int64_t *removed)
{
	const struct rh_cache_key key = rh_cache_key(entry->key);
	struct rh_cache_steps steps = { .count = 0 };
	refheap_id value;
	uint32_t number;
	int err;

	number = rh_cache_read_timed(&steps, entry->value, 0);
	err = rh_cache_run_timed(cache, &steps, number, &value);
	if (err)
		return err;
	refheap_drop(cache->session, value);
	if (!rh_cache_is_over(cache, steps.time))
		return 0;
	*removed += rh_cache_remove_timed(cache, &key, entry->value);
	return 1;
}

int64_t refheap_cache_expire(struct refheap_cache *cache)
{
	struct refheap_entry entry;
	uint64_t cursor = 0;
	int64_t removed = 0;
	int more;

	if (cache->kind != REFHEAP_CACHE_TTL)
		return 0;
	if (!cache->writable)
		return -EROFS;
	do {
		more = refheap_next(cache->session, cache->entries, &cursor,
				    &entry);
		if (more != 1)
			break;
		more = expire_entry(cache, &entry, &removed);
		refheap_drop_entry(cache->session, &entry);
	} while (more == 1);
	return more < 0 ? more : removed;
}
