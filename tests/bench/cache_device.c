// SPDX-License-Identifier: GPL-2.0
/*
 * The library's cache: cache_device get|put, as in cache.h.
 *
 * A get finds the value, reads its bytes and gives the reference back, which are
 * three system calls; a put makes the value, puts it and gives the reference
 * back. Prints nanoseconds a get or put.
 */
#include "cache.h"
#include "library.h"

struct run {
	struct refheap *session;
	struct refheap_cache *cache;
	struct cache_load load;
};

static void put(struct run *run, const char *key)
{
	refheap_id value;

	must(refheap_new_bytes(run->session, cache_next_value(&run->load), CACHE_VALUE,
			       &value));
	must(refheap_cache_put_str(run->cache, key, value));
	must(refheap_drop(run->session, value));
}

static void get(struct run *run, const char *key)
{
	char bytes[CACHE_VALUE];
	refheap_id value;

	must(refheap_cache_get_str(run->cache, key, &value));
	if (must(refheap_read(run->session, value, 0, bytes, sizeof(bytes))) != sizeof(bytes))
		fail("a value is too short");
	must(refheap_drop(run->session, value));
}

static void report(uint64_t start)
{
	printf("%.3f\n", (double)(now_ns() - start) / CACHE_CALLS);
}

static void get_sample(void *arg)
{
	struct run *run = arg;
	uint64_t start = now_ns();
	unsigned int i;

	for (i = 0; i < CACHE_CALLS; i++)
		get(run, cache_next_key(&run->load, CACHE_ENTRIES));
	report(start);
}

static void put_sample(void *arg)
{
	struct refheap_cache_info info;
	struct run *run = arg;
	uint64_t start = now_ns();
	unsigned int i;

	for (i = 0; i < CACHE_CALLS; i++)
		put(run, cache_next_key(&run->load, 2 * CACHE_ENTRIES));
	report(start);
	must(refheap_cache_get_info(run->cache, &info));
	if (info.size != CACHE_ENTRIES)
		fail("the cache has %llu entries", (unsigned long long)info.size);
}

int main(int argc, char **argv)
{
	struct refheap_cache_options options = REFHEAP_CACHE_OPTIONS_INIT;
	struct run run = { .load = { .random = RANDOM_SEED } };
	unsigned int i;

	if (argc != 2)
		fail("usage: cache_device get|put");
	run.session = library_open(getpid());
	options.kind = REFHEAP_CACHE_LRU;
	options.maximum = CACHE_ENTRIES;
	must(refheap_cache_open(run.session, NULL, &options, &run.cache));
	for (i = 0; i < CACHE_ENTRIES; i++)
		put(&run, cache_key(&run.load, i));
	return contend(strcmp(argv[1], "get") ? put_sample : get_sample, &run);
}
