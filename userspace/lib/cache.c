// SPDX-License-Identifier: LGPL-2.1-or-later
/* Entries of caches: getting, putting, forgetting; one system call each. */
#include <errno.h>
#include <stdlib.h>

#include "cache.h"

uint32_t rh_cache_step(struct rh_cache_steps *steps, struct refheap_op op)
{
	steps->ops[steps->count] = op;
	return steps->count++;
}

struct refheap_op rh_cache_keyed(const struct rh_cache_steps *steps,
				 const struct refheap_cache *cache,
				 uint16_t code, const struct rh_cache_key *key)
{
	if (!key->text)
		return (struct refheap_op){
			.code = code, .a = cache->entries, .b = key->id,
		};
	return (struct refheap_op){
		.code = code,
		.flags = REFHEAP_OPF_KEY_STR,
		.a = cache->entries,
		.data_off = (uint32_t)steps->key_off,
		.data_len = (uint32_t)(steps->in_len - steps->key_off),
	};
}

int rh_cache_input(struct rh_cache_steps *steps,
		   const struct rh_cache_key *key)
{
	if (!key->text)
		return 0;
	steps->in = key->text;
	steps->in_len = strlen(key->text);
	return steps->in_len > REFHEAP_MAX_DATA ? -EFBIG : 0;
}

int rh_cache_run(const struct refheap_cache *cache,
		 struct rh_cache_steps *steps)
{
	struct refheap_batch batch = {
		.size = sizeof(batch),
		.ops = (uintptr_t)steps->ops,
		.results = (uintptr_t)steps->results,
		.in = (uintptr_t)steps->in,
		.out = (uintptr_t)&steps->time,
		.count = steps->count,
		.in_len = (uint32_t)steps->in_len,
		.out_len = sizeof(steps->time),
	};
	int err = rh_execute(cache->session, &batch);

	steps->done = batch.done;
	return err ? err : steps->results[batch.done - 1].error;
}

/* Whether an operation was executed, and succeeded. */
static bool succeeded(const struct rh_cache_steps *steps, uint32_t n)
{
	return n < steps->done && !steps->results[n].error;
}

/* A session that may only read leaves the order as it is. */
static uint16_t look_up(const struct refheap_cache *cache)
{
	return cache->kind == REFHEAP_CACHE_LRU && cache->writable ?
		       REFHEAP_OP_MOVE_TO_END : REFHEAP_OP_GET_KEY;
}

static int find(struct refheap_cache *cache, const struct rh_cache_key *key,
		uint16_t code, refheap_id *value)
{
	struct rh_cache_steps steps = { .count = 0 };
	int err;

	err = rh_cache_input(&steps, key);
	if (err)
		return err;
	rh_cache_step(&steps, rh_cache_keyed(&steps, cache, code, key));
	err = rh_cache_run(cache, &steps);
	if (!err)
		*value = steps.results[0].value;
	return err;
}

/* With @change an entry that is over is removed. */
static int find_timed(struct refheap_cache *cache,
		      const struct rh_cache_key *key, bool change,
		      refheap_id *value)
{
	struct rh_cache_steps steps = { .count = 0 };
	struct refheap_op op;
	refheap_id found;
	uint32_t number;
	int err;

	err = rh_cache_input(&steps, key);
	if (err)
		return err;
	op = rh_cache_keyed(&steps, cache, REFHEAP_OP_GET_KEY, key);
	op.flags |= REFHEAP_OPF_TEMP;
	number = rh_cache_read_timed(&steps, rh_cache_step(&steps, op),
				     REFHEAP_OPF_A_RESULT);
	err = rh_cache_run_timed(cache, &steps, number, &found);
	if (err)
		return err;
	if (!rh_cache_is_over(cache, steps.time)) {
		*value = found;
		return 0;
	}
	refheap_drop(cache->session, found);
	if (change)
		rh_cache_remove_timed(cache, key, steps.results[0].value);
	return -ENOKEY;
}

int rh_cache_peek(struct refheap_cache *cache, struct rh_cache_key key,
		  refheap_id *value)
{
	if (cache->kind == REFHEAP_CACHE_TTL)
		return find_timed(cache, &key, false, value);
	return find(cache, &key, REFHEAP_OP_GET_KEY, value);
}

int rh_cache_get(struct refheap_cache *cache, struct rh_cache_key key,
		 refheap_id *value)
{
	struct rh_cache_counts *counts = rh_cache_counts(cache);
	int err;

	if (cache->kind == REFHEAP_CACHE_TTL)
		err = find_timed(cache, &key, cache->writable, value);
	else
		err = find(cache, &key, look_up(cache), value);
	if (!err)
		rh_cache_count(cache, &counts->hits, 1);
	else if (err == -ENOKEY)
		rh_cache_count(cache, &counts->misses, 1);
	return err;
}

/* Add what takes out that which is over the maximum, if there is one. */
static uint32_t add_eviction(struct rh_cache_steps *steps,
			     const struct refheap_cache *cache)
{
	if (!cache->maximum)
		return steps->count;
	return rh_cache_step(steps, (struct refheap_op){
		.code = REFHEAP_OP_POP_OLDEST,
		.a = cache->entries,
		.b = cache->maximum,
	});
}

static void count_evicted(struct refheap_cache *cache,
			  const struct rh_cache_steps *steps, uint32_t evict)
{
	if (succeeded(steps, evict))
		rh_cache_count(cache, &rh_cache_counts(cache)->evicted,
			       steps->results[evict].value);
}

/*
 * What was put must not stay over the maximum when the steps ended before the
 * eviction.
 */
static void evict_after_all(struct refheap_cache *cache,
			    const struct rh_cache_steps *steps, uint32_t put,
			    uint32_t evict)
{
	struct rh_cache_steps again = { .count = 0 };

	if (!succeeded(steps, put) || evict >= steps->count ||
	    succeeded(steps, evict))
		return;
	add_eviction(&again, cache);
	rh_cache_run(cache, &again);
	count_evicted(cache, &again, 0);
}

/* Whether it is an error that the entry could not be made the newest. */
static int put_error(const struct rh_cache_steps *steps, int err,
		     uint32_t newest)
{
	/* Somebody removed it at once. */
	if (err == -ENOKEY && newest < steps->done &&
	    steps->results[newest].error == -ENOKEY)
		return 0;
	return err;
}

/* The value is an object, or, with REFHEAP_OPF_C_RESULT, a result. */
static int put_entry(struct refheap_cache *cache, struct rh_cache_steps *steps,
		     const struct rh_cache_key *key, uint64_t value,
		     uint16_t flags)
{
	struct refheap_op op = rh_cache_keyed(steps, cache, REFHEAP_OP_SET_KEY,
					      key);
	uint32_t put, newest, evict;
	int err;

	op.flags |= flags;
	op.c = value;
	put = rh_cache_step(steps, op);
	if (cache->kind == REFHEAP_CACHE_WEAK)
		return rh_cache_run(cache, steps);

	op = rh_cache_keyed(steps, cache, REFHEAP_OP_MOVE_TO_END, key);
	op.flags |= REFHEAP_OPF_TEMP;
	newest = rh_cache_step(steps, op);
	evict = add_eviction(steps, cache);
	err = rh_cache_run(cache, steps);
	count_evicted(cache, steps, evict);
	evict_after_all(cache, steps, put, evict);
	return put_error(steps, err, newest);
}

int rh_cache_put(struct refheap_cache *cache, struct rh_cache_key key,
		 refheap_id value)
{
	struct rh_cache_steps steps = { .count = 0 };
	void *buffer = NULL;
	int err, tuple;

	if (cache->kind != REFHEAP_CACHE_TTL) {
		err = rh_cache_input(&steps, &key);
		return err ? err : put_entry(cache, &steps, &key, value, 0);
	}
	tuple = rh_cache_make_timed(&steps, cache, &key, value, &buffer);
	if (tuple < 0)
		return tuple;
	err = put_entry(cache, &steps, &key, (uint64_t)tuple,
			REFHEAP_OPF_C_RESULT);
	free(buffer);
	return err;
}

static int put_default(struct refheap_cache *cache,
		       const struct rh_cache_key *key, refheap_id value,
		       refheap_id *stored)
{
	struct rh_cache_steps steps = { .count = 0 };
	uint32_t evict = UINT32_MAX;
	struct refheap_op op;
	int err;

	err = rh_cache_input(&steps, key);
	if (err)
		return err;
	op = rh_cache_keyed(&steps, cache, REFHEAP_OP_SET_DEFAULT, key);
	op.c = value;
	rh_cache_step(&steps, op);
	if (cache->kind != REFHEAP_CACHE_WEAK)
		evict = add_eviction(&steps, cache);
	err = rh_cache_run(cache, &steps);
	count_evicted(cache, &steps, evict);
	if (!succeeded(&steps, 0))
		return err;
	*stored = steps.results[0].value;
	return 0;
}

/* Takes over what is there, unless its time is over. */
static int put_default_timed(struct refheap_cache *cache,
			     const struct rh_cache_key *key, refheap_id value,
			     refheap_id *stored)
{
	struct rh_cache_steps steps = { .count = 0 };
	uint32_t put, number, evict;
	void *buffer = NULL;
	struct refheap_op op;
	int err, tuple;

	tuple = rh_cache_make_timed(&steps, cache, key, value, &buffer);
	if (tuple < 0)
		return tuple;
	op = rh_cache_keyed(&steps, cache, REFHEAP_OP_SET_DEFAULT, key);
	op.flags |= REFHEAP_OPF_C_RESULT | REFHEAP_OPF_TEMP;
	op.c = (uint64_t)tuple;
	put = rh_cache_step(&steps, op);
	number = rh_cache_read_timed(&steps, put, REFHEAP_OPF_A_RESULT);
	evict = add_eviction(&steps, cache);
	err = rh_cache_run_timed(cache, &steps, number, stored);
	free(buffer);
	count_evicted(cache, &steps, evict);
	evict_after_all(cache, &steps, put, evict);
	if (err || steps.results[put].info ||
	    !rh_cache_is_over(cache, steps.time))
		return err;
	refheap_drop(cache->session, *stored);
	err = rh_cache_put(cache, *key, value);
	if (!err)
		err = refheap_take(cache->session, value);
	*stored = value;
	return err;
}

int rh_cache_put_default(struct refheap_cache *cache, struct rh_cache_key key,
			 refheap_id value, refheap_id *stored)
{
	if (cache->kind == REFHEAP_CACHE_TTL)
		return put_default_timed(cache, &key, value, stored);
	return put_default(cache, &key, value, stored);
}

static int del(struct refheap_cache *cache, struct rh_cache_key key)
{
	struct rh_cache_steps steps = { .count = 0 };
	int err;

	err = rh_cache_input(&steps, &key);
	if (err)
		return err;
	rh_cache_step(&steps, rh_cache_keyed(&steps, cache, REFHEAP_OP_DEL_KEY,
					     &key));
	return rh_cache_run(cache, &steps);
}

int refheap_cache_get(struct refheap_cache *cache, refheap_id key,
		      refheap_id *value)
{
	return rh_cache_get(cache, rh_cache_key(key), value);
}

int refheap_cache_get_str(struct refheap_cache *cache, const char *key,
			  refheap_id *value)
{
	return rh_cache_get(cache, rh_cache_key_str(key), value);
}

int refheap_cache_peek(struct refheap_cache *cache, refheap_id key,
		       refheap_id *value)
{
	return rh_cache_peek(cache, rh_cache_key(key), value);
}

int refheap_cache_peek_str(struct refheap_cache *cache, const char *key,
			   refheap_id *value)
{
	return rh_cache_peek(cache, rh_cache_key_str(key), value);
}

int refheap_cache_put(struct refheap_cache *cache, refheap_id key,
		      refheap_id value)
{
	return rh_cache_put(cache, rh_cache_key(key), value);
}

int refheap_cache_put_str(struct refheap_cache *cache, const char *key,
			  refheap_id value)
{
	return rh_cache_put(cache, rh_cache_key_str(key), value);
}

int refheap_cache_del(struct refheap_cache *cache, refheap_id key)
{
	return del(cache, rh_cache_key(key));
}

int refheap_cache_del_str(struct refheap_cache *cache, const char *key)
{
	return del(cache, rh_cache_key_str(key));
}
