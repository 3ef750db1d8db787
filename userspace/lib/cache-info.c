// SPDX-License-Identifier: LGPL-2.1-or-later
/* What is known of a cache: figures and entries. */
#include <errno.h>

#include "cache.h"

static uint64_t read_count(const uint64_t *count)
{
	return __atomic_load_n(count, __ATOMIC_RELAXED);
}

int refheap_cache_get_info(struct refheap_cache *cache,
			   struct refheap_cache_info *info)
{
	const struct rh_cache_counts *counts = rh_cache_counts(cache);
	int64_t size = refheap_len(cache->session, cache->entries);

	if (size < 0)
		return (int)size;
	*info = (struct refheap_cache_info){
		.kind = cache->kind,
		.maximum = cache->maximum,
		.ttl_ns = cache->ttl_ns,
		.size = (uint64_t)size,
		.hits = read_count(&counts->hits),
		.misses = read_count(&counts->misses),
		.evicted = read_count(&counts->evicted),
		.expired = read_count(&counts->expired),
	};
	return 0;
}

int refheap_cache_clear(struct refheap_cache *cache)
{
	struct rh_cache_counts *counts = rh_cache_counts(cache);
	int err = refheap_clear(cache->session, cache->entries);

	if (err)
		return err;
	__atomic_store_n(&counts->hits, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&counts->misses, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&counts->evicted, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&counts->expired, 0, __ATOMIC_RELAXED);
	return 0;
}

/* Put the value in place of the tuple. Returns 0 when the entry is over. */
static int unwrap(struct refheap_cache *cache,
		  struct refheap_cache_entry *entry)
{
	struct rh_cache_steps steps = { .count = 0 };
	refheap_id tuple = entry->value;
	uint32_t number;
	int err;

	number = rh_cache_read_timed(&steps, tuple, 0);
	err = rh_cache_run_timed(cache, &steps, number, &entry->value);
	refheap_drop(cache->session, tuple);
	if (err) {
		entry->value = 0;
		return err;
	}
	entry->expires_ns = steps.time;
	return !rh_cache_is_over(cache, steps.time);
}

int refheap_cache_next(struct refheap_cache *cache, uint64_t *cursor,
		       struct refheap_cache_entry *entry)
{
	struct refheap_cache_entry found;
	struct refheap_entry raw;
	int shown = 1;
	int more;

	do {
		more = refheap_next(cache->session, cache->entries, cursor,
				    &raw);
		if (more != 1)
			return more;
		found = (struct refheap_cache_entry){
			.key = raw.key, .value = raw.value,
		};
		if (cache->kind == REFHEAP_CACHE_TTL)
			shown = unwrap(cache, &found);
		if (shown != 1)
			refheap_drop_many(cache->session, (const refheap_id[]){
				found.key, found.value }, 2);
	} while (!shown);
	if (shown == 1)
		*entry = found;
	return shown;
}
