// SPDX-License-Identifier: GPL-2.0
/* Caches of the library: each call of theirs is one of the device, or a few. */
#include <errno.h>
#include <string.h>

#include "tries.h"

static int open_cache(struct world *w, const char *name, uint32_t kind)
{
	struct refheap_cache_options options = REFHEAP_CACHE_OPTIONS_INIT;
	struct refheap_cache *cache = NULL;
	int err;

	options.kind = kind;
	options.maximum = kind == REFHEAP_CACHE_WEAK ? 0 : 2;
	err = UNDER_FAULTS(w, refheap_cache_open(w->session, name, &options, &cache));
	refheap_cache_close(cache);
	return err;
}

int try_cache_make(struct world *w)
{
	return open_cache(w, "new cache", REFHEAP_CACHE_LRU);
}

int try_cache_make_weak(struct world *w)
{
	return open_cache(w, "new cache", REFHEAP_CACHE_WEAK);
}

int try_cache_open(struct world *w)
{
	return open_cache(w, "cache", REFHEAP_CACHE_LRU);
}

static int get(struct world *w, const char *key)
{
	refheap_id value;

	return refheap_cache_get_str(w->cache, key, &value);
}

int try_cache_hit(struct world *w)
{
	return UNDER_FAULTS(w, get(w, "one"));
}

int try_cache_put(struct world *w)
{
	return UNDER_FAULTS(w, refheap_cache_put_str(w->cache, "two", w->thing[LIST]));
}

/* There is room for two. */
int try_cache_replace(struct world *w)
{
	return UNDER_FAULTS(w, refheap_cache_put_str(w->cache, "one", w->thing[LIST]));
}

static int make_list(struct refheap *session, refheap_id key, const char *text, void *data,
		     refheap_id *value)
{
	(void)key;
	(void)text;
	(void)data;
	return refheap_new_list(session, NULL, 0, value);
}

static int call(struct world *w)
{
	refheap_id value;

	return refheap_cache_call_str(w->cache, "three", make_list, NULL, &value);
}

int try_cache_call(struct world *w)
{
	return UNDER_FAULTS(w, call(w));
}

int try_cache_delete(struct world *w)
{
	return UNDER_FAULTS(w, refheap_cache_del_str(w->cache, "one"));
}

int try_cache_clear(struct world *w)
{
	return UNDER_FAULTS(w, refheap_cache_clear(w->cache));
}

static int next(struct world *w)
{
	struct refheap_cache_entry entry;
	uint64_t cursor = 0;
	int err = refheap_cache_next(w->cache, &cursor, &entry);

	return err < 0 ? err : 0;
}

int try_cache_next(struct world *w)
{
	return UNDER_FAULTS(w, next(w));
}
