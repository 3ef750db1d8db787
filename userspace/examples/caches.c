// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Caches: the last used, a time to live, weak values, and a function whose
 * results are remembered.
 */
#include "example.h"

/* Remember a number under a key. */
static void put(struct refheap *session, struct refheap_cache *cache,
		const char *key, int64_t number)
{
	refheap_auto_drop struct refheap_ref value = REFHEAP_REF(session);

	try(refheap_new_int(session, number, &value.id));
	try(refheap_cache_put_str(cache, key, value.id));
}

static void get(struct refheap *session, struct refheap_cache *cache,
		const char *key)
{
	refheap_auto_drop struct refheap_ref value = REFHEAP_REF(session);
	int64_t number;

	if (refheap_cache_get_str(cache, key, &value.id)) {
		printf("  %s is not there\n", key);
		return;
	}
	try(refheap_get_int(session, value.id, &number));
	printf("  %s is %" PRId64 "\n", key, number);
}

static void print_info(struct refheap_cache *cache)
{
	struct refheap_cache_info info;

	try(refheap_cache_get_info(cache, &info));
	printf("  hits %" PRIu64 ", misses %" PRIu64 ", size %" PRIu64
	       " of %" PRIu64 "\n", info.hits, info.misses, info.size,
	       info.maximum);
}

/* By its name any process finds this one. */
static void last_used(struct refheap *session)
{
	struct refheap_cache_options options = REFHEAP_CACHE_OPTIONS_INIT;
	refheap_auto_cache struct refheap_cache *cache = NULL;

	printf("the last two that were used:\n");
	options.kind = REFHEAP_CACHE_LRU;
	options.maximum = 2;
	try(refheap_cache_open(session, "pages", &options, &cache));
	put(session, cache, "a", 1);
	put(session, cache, "b", 2);
	get(session, cache, "a");
	put(session, cache, "c", 3);
	get(session, cache, "b");
	get(session, cache, "a");
	print_info(cache);
}

/* A clock that one can turn. */
static uint64_t read_clock(void *data)
{
	return *(uint64_t *)data;
}

static void time_to_live(struct refheap *session)
{
	struct refheap_cache_options options = REFHEAP_CACHE_OPTIONS_INIT;
	refheap_auto_cache struct refheap_cache *cache = NULL;
	uint64_t now = 0;

	printf("for thirty seconds:\n");
	options.kind = REFHEAP_CACHE_TTL;
	options.ttl_ns = 30 * 1000000000ULL;
	try(refheap_cache_open(session, "logins", &options, &cache));
	refheap_cache_set_clock(cache, read_clock, &now);
	put(session, cache, "ada", 1815);
	now += 29 * 1000000000ULL;
	get(session, cache, "ada");
	now += 1000000000ULL;
	get(session, cache, "ada");
}

static int make_list(struct refheap *session, refheap_id key, const char *text,
		     void *data, refheap_id *value)
{
	(void)key;
	(void)data;
	printf("  making %s\n", text);
	return refheap_new_list(session, NULL, 0, value);
}

/* There is one object for each key, as long as somebody has it. */
static void weak(struct refheap *session)
{
	struct refheap_cache_options options = REFHEAP_CACHE_OPTIONS_INIT;
	refheap_auto_cache struct refheap_cache *cache = NULL;
	refheap_id one, other;

	printf("as long as somebody has it:\n");
	options.kind = REFHEAP_CACHE_WEAK;
	try(refheap_cache_open(session, "documents", &options, &cache));
	try(refheap_cache_call_str(cache, "letter", make_list, NULL, &one));
	try(refheap_cache_call_str(cache, "letter", make_list, NULL, &other));
	printf("  %s\n", one == other ? "the same" : "another");
	try(refheap_drop(session, one));
	try(refheap_drop(session, other));
	try(refheap_cache_call_str(cache, "letter", make_list, NULL, &one));
	try(refheap_drop(session, one));
}

/* As Python's functools.lru_cache: each number is computed once. */
static int fibonacci(struct refheap *session, refheap_id key, const char *text,
		     void *data, refheap_id *value)
{
	struct refheap_cache *cache = data;
	int64_t n, sum = 0, part;

	(void)text;
	try(refheap_get_int(session, key, &n));
	if (n < 2)
		return refheap_new_int(session, n, value);
	for (int64_t before = n - 2; before < n; before++) {
		refheap_auto_drop struct refheap_ref k = REFHEAP_REF(session);
		refheap_auto_drop struct refheap_ref v = REFHEAP_REF(session);

		try(refheap_new_int(session, before, &k.id));
		try(refheap_cache_call(cache, k.id, fibonacci, cache, &v.id));
		try(refheap_get_int(session, v.id, &part));
		sum += part;
	}
	return refheap_new_int(session, sum, value);
}

static void remembered_function(struct refheap *session)
{
	struct refheap_cache_options options = REFHEAP_CACHE_OPTIONS_INIT;
	refheap_auto_cache struct refheap_cache *cache = NULL;
	refheap_auto_drop struct refheap_ref key = REFHEAP_REF(session);
	refheap_auto_drop struct refheap_ref value = REFHEAP_REF(session);
	int64_t number;

	options.kind = REFHEAP_CACHE_LRU;
	options.maximum = 128;
	try(refheap_cache_open(session, NULL, &options, &cache));
	try(refheap_new_int(session, 80, &key.id));
	try(refheap_cache_call(cache, key.id, fibonacci, cache, &value.id));
	try(refheap_get_int(session, value.id, &number));
	printf("fibonacci(80) is %" PRId64 "\n", number);
	print_info(cache);
}

int main(void)
{
	refheap_auto_close struct refheap *session = NULL;
	refheap_auto_ctl struct refheap_ctl *ctl = NULL;

	try(refheap_open("example.caches", REFHEAP_ATTACH_CREATE, &session));
	last_used(session);
	time_to_live(session);
	weak(session);
	remembered_function(session);
	try(refheap_ctl_open(&ctl));
	try(refheap_heap_remove(ctl, refheap_heap(session)));
	return 0;
}
