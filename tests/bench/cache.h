/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is done to caches of the entries that were used last. The cache has room
 * for CACHE_ENTRIES values of CACHE_VALUE bytes.
 *
 *   get   keys of entries that are there, all equally likely: the value's bytes
 *   put   a new value for one of twice as many keys as there is room for: about
 *         half of them replace one, half of them drive another out
 */
#ifndef REFHEAP_BENCH_CACHE_H
#define REFHEAP_BENCH_CACHE_H

#include "contender.h"

#define CACHE_ENTRIES	10000
#define CACHE_VALUE	16
#define CACHE_CALLS	1000

struct cache_load {
	uint64_t random;
	char key[16];
	char value[CACHE_VALUE];
};

static inline const char *cache_key(struct cache_load *load, unsigned int number)
{
	snprintf(load->key, sizeof(load->key), "key:%u", number);
	return load->key;
}

static inline const char *cache_next_key(struct cache_load *load, unsigned int keys)
{
	return cache_key(load, random_below(&load->random, keys));
}

static inline const char *cache_next_value(struct cache_load *load)
{
	*(uint64_t *)(void *)load->value = random_next(&load->random);
	return load->value;
}

#endif
