/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of caches share.
 *
 * A cache is an instance of the type "refheap.cache". Its entries are a dict in
 * the order of use, or a weak-valued dict. In a cache with a time to live each
 * value is a tuple of the value and of the time at which it is over.
 */
#ifndef LIBREFHEAP_CACHE_H
#define LIBREFHEAP_CACHE_H

#include "calls.h"

/* The payload of the bytearray that every process maps. */
struct rh_cache_counts {
	uint64_t hits;
	uint64_t misses;
	uint64_t evicted;
	uint64_t expired;
	uint64_t reserved[4];
};

/**
 * struct refheap_cache - a handle; only the clock changes after it was opened
 * @session: session
 * @kind: enum refheap_cache_kind
 * @maximum: entries, 0 for no limit
 * @ttl_ns: how long an entry stays
 * @object: the cache; the session holds a reference to it and the next two
 * @entries: dict or weak-valued dict
 * @counted: bytearray of struct rh_cache_counts
 * @view: of it
 * @writable: the session may change the cache
 * @clock: tells the time
 * @clock_data: for @clock
 */
struct refheap_cache {
	struct refheap *session;
	uint32_t kind;
	uint64_t maximum;
	uint64_t ttl_ns;
	refheap_id object;
	refheap_id entries;
	refheap_id counted;
	struct refheap_view view;
	bool writable;
	refheap_clock_fn *clock;
	void *clock_data;
};

/* A key as an object, or as text. */
struct rh_cache_key {
	refheap_id id;
	const char *text;
};

static inline struct rh_cache_key rh_cache_key(refheap_id id)
{
	return (struct rh_cache_key){ .id = id };
}

static inline struct rh_cache_key rh_cache_key_str(const char *text)
{
	return (struct rh_cache_key){ .text = text };
}

#define RH_CACHE_STEPS	7

/**
 * struct rh_cache_steps - a few operations on one key: one system call
 * @ops: operations
 * @results: theirs
 * @count: how many
 * @done: how many have a result
 * @in: their input: the ids of a tuple, then the text of the key
 * @in_len: bytes
 * @key_off: where the text of the key begins
 * @time: output: the time at which an entry is over
 */
struct rh_cache_steps {
	struct refheap_op ops[RH_CACHE_STEPS];
	struct refheap_result results[RH_CACHE_STEPS];
	uint32_t count;
	uint32_t done;
	const void *in;
	size_t in_len;
	size_t key_off;
	uint64_t time;
};

/* Add an operation. Returns its number. */
uint32_t rh_cache_step(struct rh_cache_steps *steps, struct refheap_op op);

/* An operation on an entry; a key that is text is in the input of the steps. */
struct refheap_op rh_cache_keyed(const struct rh_cache_steps *steps,
				 const struct refheap_cache *cache,
				 uint16_t code, const struct rh_cache_key *key);

/* The text of the key as the only input. Returns 0 or -EFBIG. */
int rh_cache_input(struct rh_cache_steps *steps,
		   const struct rh_cache_key *key);

/* Returns the error of the call or of the operation that failed, or 0. */
int rh_cache_run(const struct refheap_cache *cache,
		 struct rh_cache_steps *steps);

static inline struct rh_cache_counts *
rh_cache_counts(const struct refheap_cache *cache)
{
	return cache->view.data;
}

/* Add to a count that processes share. */
static inline void rh_cache_count(const struct refheap_cache *cache,
				  uint64_t *count, uint64_t more)
{
	if (more && cache->writable)
		__atomic_fetch_add(count, more, __ATOMIC_RELAXED);
}

/* CLOCK_MONOTONIC */
uint64_t rh_cache_monotonic(void *data);

/* The operations, whatever the key is. */
int rh_cache_get(struct refheap_cache *cache, struct rh_cache_key key,
		 refheap_id *value);
int rh_cache_peek(struct refheap_cache *cache, struct rh_cache_key key,
		  refheap_id *value);

int rh_cache_put(struct refheap_cache *cache, struct rh_cache_key key,
		 refheap_id value);

/* Put a value where there is none. Gives a reference to what is there then. */
int rh_cache_put_default(struct refheap_cache *cache, struct rh_cache_key key,
			 refheap_id value, refheap_id *stored);

/*
 * Add what reads an entry of a cache with a time to live: its value, then its
 * time. The tuple is an object, or, with REFHEAP_OPF_A_RESULT, a result.
 * Returns the number of the value.
 */
uint32_t rh_cache_read_timed(struct rh_cache_steps *steps, uint64_t tuple,
			     uint16_t flags);

/*
 * Run steps that read an entry so; *@value gets the reference, and the entry's
 * time is steps->time.
 */
int rh_cache_run_timed(const struct refheap_cache *cache,
		       struct rh_cache_steps *steps, uint32_t number,
		       refheap_id *value);

/* Whether an entry with that time is over. */
bool rh_cache_is_over(const struct refheap_cache *cache, uint64_t time);

/*
 * Add the making of an entry with a time to live, whose ids and key become the
 * input. *@buffer is to be freed. Returns the number of the tuple, or an error.
 */
int rh_cache_make_timed(struct rh_cache_steps *steps,
			const struct refheap_cache *cache,
			const struct rh_cache_key *key, refheap_id value,
			void **buffer);

/* Remove an entry that is over, unless it has been replaced. */
bool rh_cache_remove_timed(struct refheap_cache *cache,
			   const struct rh_cache_key *key, refheap_id tuple);

#endif
