// SPDX-License-Identifier: LGPL-2.1-or-later
/* Remembering what a function made: functools.lru_cache. */
#include <errno.h>

#include "cache.h"

static int call(struct refheap_cache *cache, struct rh_cache_key key,
		refheap_make_fn *make, void *data, refheap_id *value)
{
	refheap_id made;
	int err;

	err = rh_cache_get(cache, key, value);
	if (err != -ENOKEY)
		return err;
	err = make(cache->session, key.id, key.text, data, &made);
	if (err)
		return err;
	err = rh_cache_put_default(cache, key, made, value);
	refheap_drop(cache->session, made);
	return err;
}

int refheap_cache_call(struct refheap_cache *cache, refheap_id key,
		       refheap_make_fn *make, void *data, refheap_id *value)
{
	return call(cache, rh_cache_key(key), make, data, value);
}

int refheap_cache_call_str(struct refheap_cache *cache, const char *key,
			   refheap_make_fn *make, void *data,
			   refheap_id *value)
{
	return call(cache, rh_cache_key_str(key), make, data, value);
}
