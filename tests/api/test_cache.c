// SPDX-License-Identifier: GPL-2.0
/* Caches: against naive models, and by many processes and threads at once. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "fixture.h"

#define SECOND 1000000000ULL

static unsigned long system_calls;

/* In place of the C library's: counts what librefheap asks of the kernel. */
int ioctl(int fd, unsigned long request, ...)
{
	va_list values;
	void *argument;

	va_start(values, request);
	argument = va_arg(values, void *);
	va_end(values);
	__atomic_fetch_add(&system_calls, 1, __ATOMIC_RELAXED);
	return (int)syscall(SYS_ioctl, fd, request, argument);
}

static struct refheap_cache_options options_of(uint32_t kind, uint64_t maximum,
					       uint64_t ttl_ns)
{
	struct refheap_cache_options options = REFHEAP_CACHE_OPTIONS_INIT;

	options.kind = kind;
	options.maximum = maximum;
	options.ttl_ns = ttl_ns;
	return options;
}

static struct refheap_cache *open_cache(struct refheap *session,
					const char *name, uint32_t kind,
					uint64_t maximum, uint64_t ttl_ns)
{
	struct refheap_cache_options options = options_of(kind, maximum,
							  ttl_ns);
	struct refheap_cache *cache;

	ok(refheap_cache_open(session, name, &options, &cache));
	return cache;
}

static struct refheap_cache_info info_of(struct refheap_cache *cache)
{
	struct refheap_cache_info info;

	ok(refheap_cache_get_info(cache, &info));
	return info;
}

/*
 * Objects alive with all that stays once it was made: the type, the names of
 * its slots, small ints and letters.
 */
static uint64_t alive_before(struct fixture *f)
{
	static const uint32_t kinds[] = { REFHEAP_CACHE_WEAK,
					  REFHEAP_CACHE_LRU };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		refheap_cache_close(open_cache(f->session, NULL, kinds[i], 0,
					       0));
	for (int i = 0; i <= 256; i++)
		ok(refheap_drop(f->session, new_int(f->session, i)));
	for (char letter[] = "a"; letter[0] <= 'z'; letter[0]++)
		ok(refheap_drop(f->session, new_str(f->session, letter)));
	ok(refheap_drop(f->session, new_str(f->session, "")));
	return alive(f);
}

static void put_int(struct refheap *session, struct refheap_cache *cache,
		    const char *key, int64_t value)
{
	refheap_id id = new_int(session, value);

	ok(refheap_cache_put_str(cache, key, id));
	ok(refheap_drop(session, id));
}

static void assert_int(struct refheap *session, refheap_id id,
		       int64_t expected)
{
	int64_t value;

	ok(refheap_get_int(session, id, &value));
	assert_int_equal(value, expected);
	ok(refheap_drop(session, id));
}

/* Opening. */

static void options_are_checked(void **state)
{
	static const struct {
		uint32_t kind;
		uint64_t maximum, ttl_ns;
	} wrong[] = {
		{ 0, 10, 0 }, { 99, 10, 0 }, { REFHEAP_CACHE_WEAK, 1, 0 },
		{ REFHEAP_CACHE_WEAK, 0, 1 }, { REFHEAP_CACHE_LRU, 1, 1 },
		{ REFHEAP_CACHE_TTL, 1, 0 },
		{ REFHEAP_CACHE_LRU, UINT64_MAX, 0 },
	};
	struct fixture *f = *state;
	struct refheap_cache_options options;
	struct refheap_cache *cache;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		options = options_of(wrong[i].kind, wrong[i].maximum,
				     wrong[i].ttl_ns);
		fails(refheap_cache_open(f->session, "c", &options, &cache),
		      EINVAL);
	}
	options = options_of(REFHEAP_CACHE_LRU, 1, 0);
	options.flags = 1U << 31;
	fails(refheap_cache_open(f->session, "c", &options, &cache), EINVAL);
	options.flags = 0;
	options.reserved[3] = 1;
	fails(refheap_cache_open(f->session, "c", &options, &cache), EINVAL);
	fails(refheap_cache_open(f->session, NULL, NULL, &cache), EINVAL);
	fails(refheap_cache_open(f->session, "c", NULL, &cache), ENOKEY);
	refheap_cache_close(NULL);
	assert_int_equal(alive(f), f->births);
}

static void what_is_there_must_agree(void **state)
{
	struct fixture *f = *state;
	uint64_t before = alive_before(f);
	struct refheap_cache *cache = open_cache(f->session, "c",
						 REFHEAP_CACHE_TTL, 5, 7);
	struct refheap_cache_options options;
	struct refheap_cache *other;

	options = options_of(REFHEAP_CACHE_LRU, 5, 0);
	fails(refheap_cache_open(f->session, "c", &options, &other), EEXIST);
	options = options_of(REFHEAP_CACHE_TTL, 6, 7);
	fails(refheap_cache_open(f->session, "c", &options, &other), EEXIST);
	options = options_of(REFHEAP_CACHE_TTL, 5, 8);
	fails(refheap_cache_open(f->session, "c", &options, &other), EEXIST);
	options = options_of(REFHEAP_CACHE_TTL, 5, 7);
	options.flags = REFHEAP_CACHE_EXCL;
	fails(refheap_cache_open(f->session, "c", &options, &other), EEXIST);
	options.flags = 0;
	ok(refheap_cache_open(f->session, "c", &options, &other));
	assert_true(refheap_cache_object(other) == refheap_cache_object(cache));
	refheap_cache_close(other);
	ok(refheap_cache_open(f->session, "c", NULL, &other));
	assert_int_equal(info_of(other).kind, REFHEAP_CACHE_TTL);
	assert_int_equal(info_of(other).maximum, 5);
	assert_int_equal(info_of(other).ttl_ns, 7);
	refheap_cache_close(other);
	refheap_cache_close(cache);
	ok(refheap_del_name(f->session, "c"));
	assert_int_equal(alive(f), before);
}

static void what_is_there_must_be_a_cache(void **state)
{
	const struct refheap_type_def definition = {
		.name = "Page", .flags = REFHEAP_TYPE_DICT,
	};
	struct fixture *f = *state;
	struct refheap *s = f->session;
	struct refheap_cache *cache;
	refheap_id list = new_list(s), instance;
	uint32_t type;

	ok(refheap_set_name(s, "list", list));
	fails(refheap_cache_open(s, "list", NULL, &cache), EOPNOTSUPP);
	alive_before(f);
	fails(refheap_cache_open(s, "list", NULL, &cache), EOPNOTSUPP);
	ok(refheap_type_define(s, &definition, &type));
	ok(refheap_new_instance(s, type, &instance));
	ok(refheap_set_name(s, "page", instance));
	fails(refheap_cache_open(s, "page", NULL, &cache), EOPNOTSUPP);
	assert_int_equal(refheap_refcount(s, list), 2);
	assert_int_equal(refheap_refcount(s, instance), 2);
}

/* Attributes that somebody has changed are refused, and nothing leaks. */
static void what_is_there_must_be_whole(void **state)
{
	static const char *const slots[] = {
		"kind", "maximum", "ttl", "counts",
	};
	struct fixture *f = *state;
	struct refheap *s = f->session;
	struct refheap_cache *cache = open_cache(s, "c", REFHEAP_CACHE_LRU, 5,
						 0);
	refheap_id object = refheap_cache_object(cache), value, text;

	ok(refheap_new_bytearray(s, "abc", 3, &text));
	for (size_t i = 0; i < sizeof(slots) / sizeof(slots[0]); i++) {
		struct refheap_cache *other;

		ok(refheap_get_attr(s, object, slots[i], &value));
		ok(refheap_set_attr(s, object, slots[i], text));
		fails(refheap_cache_open(s, "c", NULL, &other), EOPNOTSUPP);
		ok(refheap_del_attr(s, object, slots[i]));
		fails(refheap_cache_open(s, "c", NULL, &other), EOPNOTSUPP);
		ok(refheap_set_attr(s, object, slots[i], value));
		ok(refheap_drop(s, value));
		assert_int_equal(refheap_refcount(s, text), 1);
		assert_int_equal(refheap_refcount(s, object), 2);
	}
	refheap_cache_close(cache);
	ok(refheap_cache_open(s, "c", NULL, &cache));
	refheap_cache_close(cache);
}

static void handle_keeps_a_cache_without_name(void **state)
{
	struct fixture *f = *state;
	uint64_t before = alive_before(f);
	struct refheap_cache *cache = open_cache(f->session, "c",
						 REFHEAP_CACHE_LRU, 5, 0);
	refheap_id value;

	ok(refheap_del_name(f->session, "c"));
	put_int(f->session, cache, "k", 1000);
	ok(refheap_cache_get_str(cache, "k", &value));
	assert_int(f->session, value, 1000);
	assert_int_equal(info_of(cache).hits, 1);
	refheap_cache_close(cache);
	assert_int_equal(alive(f), before);
}

static void handle_outlives_a_frame(void **state)
{
	struct fixture *f = *state;
	uint64_t before = alive_before(f);
	struct refheap_cache *cache;
	refheap_id value;

	assert_int_equal(refheap_frame_push(f->session), 1);
	assert_int_equal(refheap_frame_push(f->session), 2);
	cache = open_cache(f->session, "c", REFHEAP_CACHE_LRU, 5, 0);
	put_int(f->session, cache, "k", 1000);
	ok(refheap_cache_get_str(cache, "k", &value));
	ok(refheap_frame_pop(f->session, 2));
	ok(refheap_frame_pop(f->session, 1));
	ok(refheap_del_name(f->session, "c"));
	/* What was got belongs to the frame. */
	fails(refheap_drop(f->session, value), ENOTUNIQ);
	ok(refheap_cache_get_str(cache, "k", &value));
	assert_int(f->session, value, 1000);
	assert_int_equal(info_of(cache).hits, 2);
	refheap_cache_close(cache);
	assert_int_equal(alive(f), before);
}

static void readers(void **state)
{
	struct fixture *f = *state;
	struct refheap *reader = another_session(f, REFHEAP_ATTACH_RDONLY);
	struct refheap_cache *cache = open_cache(f->session, "c",
						 REFHEAP_CACHE_LRU, 2, 0);
	struct refheap_cache_options options = options_of(REFHEAP_CACHE_LRU, 2,
							  0);
	struct refheap_cache *read;
	refheap_id value;

	put_int(f->session, cache, "a", 1000);
	put_int(f->session, cache, "b", 1001);
	ok(refheap_cache_open(reader, "c", &options, &read));
	ok(refheap_cache_get_str(read, "a", &value));
	assert_int(reader, value, 1000);
	fails(refheap_cache_get_str(read, "c", &value), ENOKEY);
	fails(refheap_cache_put_str(read, "c", refheap_cache_object(read)),
	      EROFS);
	fails(refheap_cache_del_str(read, "a"), EROFS);
	fails(refheap_cache_clear(read), EROFS);
	fails(refheap_cache_open(reader, "d", &options, &read), EROFS);
	assert_int_equal(info_of(read).hits, 0);
	assert_int_equal(info_of(read).size, 2);
	/* What it has read is the oldest all the same. */
	put_int(f->session, cache, "c", 1002);
	fails(refheap_cache_get_str(cache, "a", &value), ENOKEY);
	refheap_cache_close(read);
	refheap_close(reader);
	refheap_cache_close(cache);
}

/* Entries. */

static void keys_of_all_kinds(void **state)
{
	struct fixture *f = *state;
	struct refheap *s = f->session;
	uint64_t before = alive_before(f);
	struct refheap_cache *cache = open_cache(s, NULL, REFHEAP_CACHE_LRU, 0,
						 0);
	refheap_id five = new_int(s, 5000), again = new_int(s, 5000);
	refheap_id text = new_str(s, "two words"), list = new_list(s);
	refheap_id pair, value;
	char *long_key;

	ok(refheap_new_tuple(s, (refheap_id[]){ five, text }, 2, &pair));
	ok(refheap_cache_put(cache, five, five));
	ok(refheap_cache_put(cache, pair, pair));
	ok(refheap_cache_put(cache, text, text));
	ok(refheap_cache_get(cache, again, &value));
	assert_true(value == five);
	ok(refheap_cache_get(cache, pair, &value));
	assert_true(value == pair);
	ok(refheap_cache_get_str(cache, "two words", &value));
	assert_true(value == text);
	fails(refheap_cache_get(cache, list, &value), EOPNOTSUPP);
	fails(refheap_cache_put(cache, list, five), EOPNOTSUPP);
	fails(refheap_cache_del(cache, list), EOPNOTSUPP);
	fails(refheap_cache_put(cache, five, 0), ENOENT);
	ok(refheap_cache_put_str(cache, "", five));
	ok(refheap_cache_get_str(cache, "", &value));
	assert_int_equal(info_of(cache).size, 4);
	assert_int_equal(info_of(cache).misses, 0);

	long_key = malloc((1 << 16) + 2);
	assert_non_null(long_key);
	memset(long_key, 'k', (1 << 16) + 1);
	long_key[(1 << 16) + 1] = '\0';
	fails(refheap_cache_put_str(cache, long_key, five), EFBIG);
	fails(refheap_cache_get_str(cache, long_key, &value), EFBIG);
	free(long_key);

	ok(refheap_cache_del(cache, pair));
	fails(refheap_cache_del(cache, pair), ENOKEY);
	ok(refheap_cache_clear(cache));
	assert_int_equal(info_of(cache).size, 0);
	assert_int_equal(info_of(cache).hits, 0);
	ok(refheap_drop_many(s, (refheap_id[]){ five, five, five, again, text,
						text, pair, pair, list }, 9));
	refheap_cache_close(cache);
	assert_int_equal(alive(f), before);
}

#define TTL 100
#define TURNS 4000
#define MODEL_MAX 8
#define MODEL_KEYS 13

/* What a cache must be: the oldest entry first. */
struct model {
	struct {
		int key;
		int64_t value;
		uint64_t over;
	} entries[MODEL_MAX];
	size_t count;
	uint64_t hits, misses, evicted, expired;
	bool timed;
	uint64_t now;
};

static uint64_t turned_clock(void *data)
{
	return ((struct model *)data)->now;
}

static int model_find(const struct model *model, int key)
{
	for (size_t i = 0; i < model->count; i++)
		if (model->entries[i].key == key)
			return (int)i;
	return -1;
}

static void model_remove(struct model *model, int at)
{
	model->count--;
	memmove(&model->entries[at], &model->entries[at + 1],
		(model->count - (size_t)at) * sizeof(model->entries[0]));
}

static bool model_get(struct model *model, int key, int64_t *value)
{
	int at = model_find(model, key);

	if (at >= 0 && model->timed && model->entries[at].over <= model->now) {
		model_remove(model, at);
		model->expired++;
		at = -1;
	}
	if (at < 0) {
		model->misses++;
		return false;
	}
	model->hits++;
	*value = model->entries[at].value;
	if (!model->timed) {
		model_remove(model, at);
		model->entries[model->count].key = key;
		model->entries[model->count++].value = *value;
	}
	return true;
}

static void model_put(struct model *model, int key, int64_t value)
{
	int at = model_find(model, key);

	if (at < 0 && model->count == MODEL_MAX) {
		model->evicted++;
		at = 0;
	}
	if (at >= 0)
		model_remove(model, at);
	model->entries[model->count].key = key;
	model->entries[model->count].value = value;
	model->entries[model->count++].over = model->now + TTL;
}

static int64_t model_expire(struct model *model)
{
	int64_t removed = 0;

	while (model->count && model->entries[0].over <= model->now) {
		model_remove(model, 0);
		removed++;
	}
	model->expired += (uint64_t)removed;
	return removed;
}

/* The same entries in the same order, and the same figures. */
static void compare(struct fixture *f, struct refheap_cache *cache,
		    const struct model *model)
{
	struct refheap_cache_info info = info_of(cache);
	struct refheap_cache_entry entry;
	uint64_t cursor = 0;

	assert_int_equal(info.size, model->count);
	assert_int_equal(info.hits, model->hits);
	assert_int_equal(info.misses, model->misses);
	assert_int_equal(info.evicted, model->evicted);
	assert_int_equal(info.expired, model->expired);
	for (size_t i = 0; i < model->count; i++) {
		char *key;

		if (model->timed && model->entries[i].over <= model->now)
			continue;
		assert_int_equal(refheap_cache_next(cache, &cursor, &entry), 1);
		ok(refheap_get_data(f->session, entry.key, &key, NULL));
		assert_int_equal(atoi(key + 1), model->entries[i].key);
		free(key);
		ok(refheap_drop(f->session, entry.key));
		assert_int(f->session, entry.value, model->entries[i].value);
		assert_int_equal(entry.expires_ns,
				 model->timed ? model->entries[i].over : 0);
	}
	assert_int_equal(refheap_cache_next(cache, &cursor, &entry), 0);
}

static void get_both(struct fixture *f, struct refheap_cache *cache,
		     struct model *model, int key)
{
	int64_t value = 0;
	refheap_id id;
	char text[16];

	snprintf(text, sizeof(text), "k%d", key);
	if (!model_get(model, key, &value)) {
		fails(refheap_cache_get_str(cache, text, &id), ENOKEY);
		return;
	}
	ok(refheap_cache_get_str(cache, text, &id));
	assert_int(f->session, id, value);
}

static void put_both(struct fixture *f, struct refheap_cache *cache,
		     struct model *model, int key, int64_t value)
{
	char text[16];

	snprintf(text, sizeof(text), "k%d", key);
	put_int(f->session, cache, text, value);
	model_put(model, key, value);
}

static void del_both(struct refheap_cache *cache, struct model *model, int key)
{
	int at = model_find(model, key);
	char text[16];

	snprintf(text, sizeof(text), "k%d", key);
	if (at < 0) {
		fails(refheap_cache_del_str(cache, text), ENOKEY);
		return;
	}
	ok(refheap_cache_del_str(cache, text));
	model_remove(model, at);
}

/* Peeking changes neither the order nor the figures. */
static void peek_both(struct fixture *f, struct refheap_cache *cache,
		      const struct model *model, int key)
{
	int at = model_find(model, key);
	refheap_id id;
	char text[16];

	snprintf(text, sizeof(text), "k%d", key);
	if (at < 0 ||
	    (model->timed && model->entries[at].over <= model->now)) {
		fails(refheap_cache_peek_str(cache, text, &id), ENOKEY);
		return;
	}
	ok(refheap_cache_peek_str(cache, text, &id));
	assert_int(f->session, id, model->entries[at].value);
}

static void turn(struct fixture *f, struct refheap_cache *cache,
		 struct model *model, unsigned int *seed, int64_t value)
{
	int key = rand_r(seed) % MODEL_KEYS;

	model->now += (uint64_t)rand_r(seed) % (TTL / 4);
	switch (rand_r(seed) % 20) {
	case 0 ... 8:
		get_both(f, cache, model, key);
		break;
	case 9 ... 16:
		put_both(f, cache, model, key, value);
		break;
	case 17:
		del_both(cache, model, key);
		break;
	case 18:
		peek_both(f, cache, model, key);
		break;
	default:
		assert_int_equal(refheap_cache_expire(cache),
				 model->timed ? model_expire(model) : 0);
	}
}

static void as_the_model(struct fixture *f, uint32_t kind, uint64_t ttl_ns)
{
	uint64_t before = alive_before(f);
	struct refheap_cache *cache = open_cache(f->session, NULL, kind,
						 MODEL_MAX, ttl_ns);
	struct model model = { .timed = ttl_ns, .now = 1 };
	unsigned int seed = (unsigned int)getpid();

	print_message("seed %u\n", seed);
	refheap_cache_set_clock(cache, turned_clock, &model);
	for (int i = 0; i < TURNS; i++) {
		turn(f, cache, &model, &seed, 1000 + i);
		if (i % 8 == 0)
			compare(f, cache, &model);
	}
	compare(f, cache, &model);
	refheap_cache_close(cache);
	assert_int_equal(alive(f), before);
}

static void lru_is_as_the_model(void **state)
{
	as_the_model(*state, REFHEAP_CACHE_LRU, 0);
}

static void ttl_is_as_the_model(void **state)
{
	as_the_model(*state, REFHEAP_CACHE_TTL, TTL);
}

/* Steady state: what was taken out must not make it slower and slower. */
static void lru_of_many(void **state)
{
	struct fixture *f = *state;
	uint64_t before = alive_before(f);
	struct refheap_cache *cache = open_cache(f->session, NULL,
						 REFHEAP_CACHE_LRU, 5000, 0);
	refheap_id value = new_int(f->session, 1000);
	char key[16];

	for (int i = 0; i < 30000; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		ok(refheap_cache_put_str(cache, key, value));
	}
	assert_int_equal(info_of(cache).size, 5000);
	assert_int_equal(info_of(cache).evicted, 25000);
	for (int i = 25000; i < 30000; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		ok(refheap_cache_peek_str(cache, key, &value));
	}
	ok(refheap_cache_clear(cache));
	for (int i = 25000; i < 30000; i++)
		ok(refheap_drop(f->session, value));
	ok(refheap_drop(f->session, value));
	refheap_cache_close(cache);
	assert_int_equal(alive(f), before);
}

/* Times that no int can say, and a clock that was set back. */
static void odd_times(void **state)
{
	struct fixture *f = *state;
	struct refheap_cache *cache = open_cache(f->session, NULL,
						 REFHEAP_CACHE_TTL, 0,
						 INT64_MAX);
	struct model model = { .now = UINT64_MAX };
	refheap_id value;

	refheap_cache_set_clock(cache, turned_clock, &model);
	put_int(f->session, cache, "a", 1000);
	fails(refheap_cache_get_str(cache, "a", &value), ENOKEY);
	model.now = 5;
	put_int(f->session, cache, "a", 1001);
	model.now = 0;
	ok(refheap_cache_get_str(cache, "a", &value));
	assert_int(f->session, value, 1001);
	refheap_cache_set_clock(cache, NULL, NULL);
	ok(refheap_cache_get_str(cache, "a", &value));
	assert_int(f->session, value, 1001);
	refheap_cache_close(cache);
}

static void entries_go_with_their_values(void **state)
{
	struct fixture *f = *state;
	struct refheap *s = f->session;
	uint64_t before = alive_before(f);
	struct refheap_cache *cache = open_cache(s, "w", REFHEAP_CACHE_WEAK, 0,
						 0);
	refheap_id a = new_list(s), b = new_list(s), value;

	ok(refheap_cache_put_str(cache, "a", a));
	ok(refheap_cache_put_str(cache, "b", b));
	fails(refheap_cache_put_str(cache, "i", new_int(s, 5)), EOPNOTSUPP);
	ok(refheap_cache_get_str(cache, "a", &value));
	assert_true(value == a);
	ok(refheap_drop(s, value));
	ok(refheap_drop(s, a));
	fails(refheap_cache_get_str(cache, "a", &value), ENOKEY);
	ok(refheap_cache_peek_str(cache, "b", &value));
	ok(refheap_drop(s, value));
	assert_int_equal(info_of(cache).size, 1);
	assert_int_equal(info_of(cache).hits, 1);
	assert_int_equal(info_of(cache).misses, 1);
	ok(refheap_append(s, b, b));
	ok(refheap_drop(s, b));
	ok(refheap_cache_get_str(cache, "b", &value));
	ok(refheap_drop(s, value));
	/* With the weak reference that its entry was made of. */
	assert_int_equal(refheap_collect(s, 2, NULL), 2);
	fails(refheap_cache_get_str(cache, "b", &value), ENOKEY);
	assert_int_equal(info_of(cache).size, 0);
	refheap_cache_close(cache);
	ok(refheap_del_name(s, "w"));
	assert_int_equal(alive(f), before);
}

static void usual_cases_are_one_call(void **state)
{
	static const struct {
		uint32_t kind;
		uint64_t maximum, ttl_ns;
	} kinds[] = {
		{ REFHEAP_CACHE_WEAK, 0, 0 }, { REFHEAP_CACHE_LRU, 3, 0 },
		{ REFHEAP_CACHE_TTL, 3, SECOND * 1000 },
	};
	struct fixture *f = *state;
	refheap_id list = new_list(f->session), value;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct refheap_cache *cache = open_cache(f->session, NULL,
							 kinds[i].kind,
							 kinds[i].maximum,
							 kinds[i].ttl_ns);
		unsigned long before = system_calls;
		char key[16];

		for (int k = 0; k < 10; k++) {
			snprintf(key, sizeof(key), "k%d", k);
			ok(refheap_cache_put_str(cache, key, list));
			ok(refheap_cache_get_str(cache, key, &value));
			fails(refheap_cache_get_str(cache, "x", &value),
			      ENOKEY);
		}
		assert_int_equal(system_calls - before, 30);
		refheap_cache_close(cache);
	}
	assert_int_equal(refheap_refcount(f->session, list), 31);
}

/* Remembering what a function makes. */

struct maker {
	int calls;
	int error;
	struct refheap_cache *meanwhile; /* puts the key, as others may */
};

static int make_value(struct refheap *session, refheap_id key,
		      const char *text, void *data, refheap_id *value)
{
	struct maker *maker = data;
	refheap_id other;

	assert_true(!key != !text);
	maker->calls++;
	if (maker->error)
		return maker->error;
	if (maker->meanwhile) {
		other = new_list(session);
		ok(refheap_cache_put_str(maker->meanwhile, text, other));
	}
	return refheap_new_list(session, NULL, 0, value);
}

static void calls_are_remembered(void **state)
{
	struct fixture *f = *state;
	struct refheap *s = f->session;
	struct refheap_cache *cache = open_cache(s, NULL, REFHEAP_CACHE_LRU, 2,
						 0);
	refheap_id one = new_int(s, 1000), first, value;
	struct maker maker = { 0 };

	ok(refheap_cache_call(cache, one, make_value, &maker, &first));
	assert_int_equal(refheap_refcount(s, first), 2);
	ok(refheap_cache_call(cache, one, make_value, &maker, &value));
	assert_true(value == first);
	assert_int_equal(maker.calls, 1);
	ok(refheap_cache_call_str(cache, "a", make_value, &maker, &value));
	ok(refheap_cache_call_str(cache, "b", make_value, &maker, &value));
	ok(refheap_cache_call(cache, one, make_value, &maker, &value));
	assert_int_equal(maker.calls, 4);
	assert_true(value != first);
	assert_int_equal(info_of(cache).hits, 1);
	assert_int_equal(info_of(cache).misses, 4);
	assert_int_equal(info_of(cache).evicted, 2);
	assert_int_equal(info_of(cache).size, 2);
	maker.error = -EFBIG;
	fails(refheap_cache_call_str(cache, "z", make_value, &maker, &value),
	      EFBIG);
	fails(refheap_cache_peek_str(cache, "z", &value), ENOKEY);
	refheap_cache_close(cache);
}

/* Of two that make the value of one key all get the first. */
static void the_first_value_stays(void **state)
{
	/* Value and weak reference; value; value, tuple and int. */
	static const struct {
		uint32_t kind;
		unsigned int objects;
	} kinds[] = {
		{ REFHEAP_CACHE_WEAK, 2 }, { REFHEAP_CACHE_LRU, 1 },
		{ REFHEAP_CACHE_TTL, 3 },
	};
	struct fixture *f = *state;
	struct refheap *s = f->session;

	alive_before(f);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		bool timed = kinds[i].kind == REFHEAP_CACHE_TTL;
		struct refheap_cache *cache = open_cache(s, NULL,
							 kinds[i].kind, 0,
							 timed ? SECOND * 1000 :
								 0);
		struct maker maker = { .meanwhile = cache };
		uint64_t before = alive(f);
		refheap_id called, found;

		ok(refheap_cache_call_str(cache, "k", make_value, &maker,
					  &called));
		ok(refheap_cache_get_str(cache, "k", &found));
		assert_true(called == found);
		/* The one that was too late is gone. */
		assert_int_equal(alive(f), before + kinds[i].objects);
		refheap_cache_close(cache);
	}
}

/* One that is over when the call comes back does not stay. */
static void the_first_value_may_be_over(void **state)
{
	struct fixture *f = *state;
	struct refheap *s = f->session;
	struct refheap_cache *cache = open_cache(s, "c", REFHEAP_CACHE_TTL, 0,
						 TTL);
	struct refheap_cache *late = open_cache(s, "c", REFHEAP_CACHE_TTL, 0,
						TTL);
	struct model early = { .now = 1000 }, later = { .now = 2000 };
	struct maker maker = { .meanwhile = cache };
	refheap_id called, found;

	refheap_cache_set_clock(cache, turned_clock, &early);
	refheap_cache_set_clock(late, turned_clock, &later);
	ok(refheap_cache_call_str(late, "k", make_value, &maker, &called));
	ok(refheap_cache_get_str(late, "k", &found));
	assert_true(called == found);
	assert_int_equal(refheap_refcount(s, found), 3);
	refheap_cache_close(late);
	refheap_cache_close(cache);
}

/* Many at once. */

#define CHILDREN 4
#define GETS 3000
#define SHARED_MAX 20
#define SHARED_KEYS 60

struct shared {
	struct fixture *f;
	uint32_t kind;
	uint64_t ttl_ns;
	unsigned int seed;
	unsigned int gets;	/* 0: until it is killed */
};

static int get_or_put(struct refheap *session, struct refheap_cache *cache,
		      unsigned int *seed)
{
	int key = rand_r(seed) % SHARED_KEYS;
	refheap_id value;
	int64_t number;
	char text[16];
	int err;

	snprintf(text, sizeof(text), "k%d", key);
	err = refheap_cache_get_str(cache, text, &value);
	if (err == -ENOKEY) {
		err = refheap_new_int(session, 1000 + key, &value);
		if (!err)
			err = refheap_cache_put_str(cache, text, value);
	} else if (!err) {
		err = refheap_get_int(session, value, &number);
		if (!err && number != 1000 + key)
			return -EBADMSG;
	}
	if (!err)
		err = refheap_drop(session, value);
	if (!err && rand_r(seed) % 32 == 0) {
		err = refheap_cache_del_str(cache, text);
		if (err == -ENOKEY)
			err = 0;
	}
	return err;
}

static void use_cache(void *data)
{
	const struct shared *shared = data;
	struct refheap *session = another_session(shared->f, 0);
	struct refheap_cache *cache = open_cache(session, "shared",
						 shared->kind, SHARED_MAX,
						 shared->ttl_ns);
	unsigned int seed = shared->seed + (unsigned int)getpid();

	for (unsigned int i = 0; !shared->gets || i < shared->gets; i++)
		if (get_or_put(session, cache, &seed))
			_exit(1);
	_exit(0);
}

static void start(pid_t *children, struct shared *shared)
{
	for (int i = 0; i < CHILDREN; i++) {
		children[i] = fork();
		assert_true(children[i] >= 0);
		if (!children[i])
			use_cache(shared);
	}
}

/* While others are at it, one entry too many for each of them at most. */
static void watch(struct refheap_cache *cache, const pid_t *children)
{
	for (int i = 0; i < CHILDREN;) {
		int status;
		pid_t ended = waitpid(children[i], &status, WNOHANG);

		assert_true(ended >= 0);
		assert_in_range(info_of(cache).size, 0, SHARED_MAX + CHILDREN);
		if (!ended)
			continue;
		assert_int_equal(status, 0);
		i++;
	}
}

/* Every entry is whole, and there are no more than the maximum. */
static void check_entries(struct fixture *f, struct refheap_cache *cache)
{
	struct refheap_cache_entry entry;
	uint64_t cursor = 0;
	int count = 0;

	while (refheap_cache_next(cache, &cursor, &entry) == 1) {
		char *key;

		ok(refheap_get_data(f->session, entry.key, &key, NULL));
		assert_int(f->session, entry.value, 1000 + atoi(key + 1));
		ok(refheap_drop(f->session, entry.key));
		free(key);
		count++;
	}
	assert_in_range(count, 0, SHARED_MAX);
}

static void processes_at_once(struct fixture *f, uint32_t kind,
			      uint64_t ttl_ns)
{
	struct shared shared = { f, kind, ttl_ns, 1, GETS };
	uint64_t before = alive_before(f);
	struct refheap_cache *cache = open_cache(f->session, "shared", kind,
						 SHARED_MAX, ttl_ns);
	struct refheap_cache_info info;
	pid_t children[CHILDREN];

	start(children, &shared);
	watch(cache, children);
	info = info_of(cache);
	assert_int_equal(info.hits + info.misses, CHILDREN * GETS);
	assert_in_range(info.size, 1, SHARED_MAX);
	check_entries(f, cache);
	refheap_cache_close(cache);
	ok(refheap_del_name(f->session, "shared"));
	eventually(alive(f) == before);
}

static void lru_by_processes(void **state)
{
	processes_at_once(*state, REFHEAP_CACHE_LRU, 0);
}

static void ttl_by_processes(void **state)
{
	processes_at_once(*state, REFHEAP_CACHE_TTL, SECOND / 1000);
}

static void killed_in_the_middle(struct fixture *f, uint32_t kind,
				 uint64_t ttl_ns)
{
	struct shared shared = { f, kind, ttl_ns, 1, 0 };
	uint64_t before = alive_before(f);
	struct refheap_cache *cache = open_cache(f->session, "shared", kind,
						 SHARED_MAX, ttl_ns);
	unsigned int seed = (unsigned int)getpid();
	pid_t children[CHILDREN];

	print_message("seed %u\n", seed);
	for (int round = 0; round < 15; round++) {
		shared.seed = seed + (unsigned int)round;
		start(children, &shared);
		usleep(1000 + (unsigned int)rand_r(&seed) % 30000);
		for (int i = 0; i < CHILDREN; i++) {
			ok(kill(children[i], SIGKILL));
			assert_int_equal(waitpid(children[i], NULL, 0),
					 children[i]);
		}
		assert_in_range(info_of(cache).size, 0, SHARED_MAX + CHILDREN);
		put_int(f->session, cache, "k0", 1000);
		assert_in_range(info_of(cache).size, 1, SHARED_MAX);
		check_entries(f, cache);
		assert_int_equal(refheap_verify(f->session, NULL, 0), 0);
	}
	refheap_cache_close(cache);
	ok(refheap_del_name(f->session, "shared"));
	eventually(alive(f) == before);
}

static void lru_and_killed_processes(void **state)
{
	killed_in_the_middle(*state, REFHEAP_CACHE_LRU, 0);
}

static void ttl_and_killed_processes(void **state)
{
	killed_in_the_middle(*state, REFHEAP_CACHE_TTL, SECOND / 1000);
}

/* What a killed process held is forgotten, and nothing else. */
static void weak_and_killed_processes(void **state)
{
	struct fixture *f = *state;
	struct refheap_cache *cache = open_cache(f->session, "w",
						 REFHEAP_CACHE_WEAK, 0, 0);
	refheap_id mine = new_list(f->session), value;
	int ready[2];
	pid_t child;
	char byte;

	ok(refheap_cache_put_str(cache, "mine", mine));
	ok(pipe(ready));
	child = fork();
	if (!child) {
		struct refheap *session = another_session(f, 0);
		struct refheap_cache *other = open_cache(session, "w",
							 REFHEAP_CACHE_WEAK, 0,
							 0);

		ok(refheap_cache_put_str(other, "theirs", new_list(session)));
		if (write(ready[1], "r", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	ok(refheap_cache_get_str(cache, "theirs", &value));
	ok(refheap_drop(f->session, value));
	ok(kill(child, SIGKILL));
	assert_int_equal(waitpid(child, NULL, 0), child);
	eventually(refheap_cache_peek_str(cache, "theirs", &value) == -ENOKEY);
	ok(refheap_cache_get_str(cache, "mine", &value));
	assert_int_equal(info_of(cache).size, 1);
	close(ready[0]);
	close(ready[1]);
	refheap_cache_close(cache);
}

/* Who comes at the same time gets the same cache. */
static void opened_at_once(void **state)
{
	struct fixture *f = *state;
	char name[16];
	int ids[2];

	ok(pipe(ids));
	for (int round = 0; round < 20; round++) {
		refheap_id id, first = 0;
		pid_t children[CHILDREN];

		snprintf(name, sizeof(name), "c%d", round);
		for (int i = 0; i < CHILDREN; i++) {
			children[i] = fork();
			if (children[i])
				continue;
			id = refheap_cache_object(
				open_cache(another_session(f, 0), name,
					   REFHEAP_CACHE_LRU, 5, 0));
			_exit(write(ids[1], &id, sizeof(id)) != sizeof(id));
		}
		for (int i = 0; i < CHILDREN; i++) {
			assert_int_equal(read(ids[0], &id, sizeof(id)),
					 sizeof(id));
			assert_true(!first || id == first);
			first = id;
			waitpid(children[i], NULL, 0);
		}
	}
	close(ids[0]);
	close(ids[1]);
}

struct thread_data {
	struct refheap *session;
	struct refheap_cache *cache;
	unsigned int seed;
};

static void *use_handle(void *argument)
{
	struct thread_data *data = argument;
	unsigned int seed = data->seed;

	for (int i = 0; i < GETS; i++)
		if (get_or_put(data->session, data->cache, &seed))
			return data;
	return NULL;
}

static void threads_share_a_handle(void **state)
{
	struct fixture *f = *state;
	uint64_t before = alive_before(f);
	struct thread_data data[CHILDREN];
	struct refheap_cache *cache = open_cache(f->session, NULL,
						 REFHEAP_CACHE_LRU, SHARED_MAX,
						 0);
	pthread_t threads[CHILDREN];
	void *failed;

	for (unsigned int i = 0; i < CHILDREN; i++) {
		data[i] = (struct thread_data){ f->session, cache, i };
		ok(pthread_create(&threads[i], NULL, use_handle, &data[i]));
	}
	for (int i = 0; i < CHILDREN; i++) {
		ok(pthread_join(threads[i], &failed));
		assert_null(failed);
	}
	assert_int_equal(info_of(cache).hits + info_of(cache).misses,
			 CHILDREN * GETS);
	check_entries(f, cache);
	refheap_cache_close(cache);
	assert_int_equal(alive(f), before);
}

/* A heap that is full refuses, and the cache is as it was. */
static void full_heap(void **state)
{
	struct fixture *f = *state;
	struct refheap *s = f->session;
	struct refheap_cache *cache = open_cache(s, NULL, REFHEAP_CACHE_TTL, 5,
						 SECOND * 1000);
	struct refheap_cache_options options = options_of(REFHEAP_CACHE_LRU, 5,
							  0);
	refheap_id five = new_int(s, 1005), value;
	struct refheap_cache *other;
	uint64_t before;

	put_int(s, cache, "a", 1000);
	before = alive(f);
	ok(refheap_heap_set_limits(f->ctl, f->heap, REFHEAP_KEEP, before));
	fails(refheap_cache_put_str(cache, "b", five), EDQUOT);
	fails(refheap_cache_open(s, "c", &options, &other), EDQUOT);
	assert_int_equal(alive(f), before);
	assert_int_equal(refheap_refcount(s, five), 1);
	ok(refheap_cache_get_str(cache, "a", &value));
	assert_int(s, value, 1000);
	ok(refheap_heap_set_limits(f->ctl, f->heap, REFHEAP_KEEP, 0));
	refheap_cache_close(cache);
}

static void set_room(struct fixture *f, uint64_t objects)
{
	ok(refheap_heap_set_limits(f->ctl, f->heap, REFHEAP_KEEP, objects));
}

/* Use a cache while there is room for so few objects; whether all went well. */
static bool use_with_room(struct fixture *f, uint32_t kind, uint64_t ttl_ns,
			  uint64_t room)
{
	struct refheap_cache_options options = options_of(kind, 0, ttl_ns);
	struct maker maker = { 0 };
	struct refheap_cache *cache;
	refheap_id list, value;
	int err;

	list = new_list(f->session);
	set_room(f, alive(f) + room);
	err = refheap_cache_open(f->session, "some cache", &options, &cache);
	if (!err) {
		err = refheap_cache_put_str(cache, "some key", list);
		if (!err)
			err = refheap_cache_call_str(cache, "another key",
						     make_value, &maker,
						     &value);
		if (!err)
			ok(refheap_drop(f->session, value));
		refheap_cache_close(cache);
		ok(refheap_del_name(f->session, "some cache"));
	}
	set_room(f, 0);
	ok(refheap_drop(f->session, list));
	assert_true(!err || err == -EDQUOT);
	return !err;
}

/* Whatever there is no room for, nothing of it stays. */
static void little_room(void **state)
{
	static const struct {
		uint32_t kind;
		uint64_t ttl_ns;
	} kinds[] = {
		{ REFHEAP_CACHE_WEAK, 0 }, { REFHEAP_CACHE_LRU, 0 },
		{ REFHEAP_CACHE_TTL, SECOND * 1000 },
	};
	struct fixture *f = *state;
	uint64_t before = alive_before(f), room;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		for (room = 0; !use_with_room(f, kinds[i].kind,
					      kinds[i].ttl_ns, room); room++)
			assert_int_equal(alive(f), before);
		assert_in_range(room, 5, 30);
		assert_int_equal(alive(f), before);
	}
}

static void heap_removed(void **state)
{
	struct fixture *f = *state;
	struct refheap *session;
	struct refheap_cache *cache;
	struct refheap_cache_info info;
	char name[REFHEAP_NAME_MAX];
	refheap_id value;

	snprintf(name, sizeof(name), "test.%d.gone", getpid());
	ok(refheap_open(name, REFHEAP_ATTACH_CREATE, &session));
	cache = open_cache(session, "c", REFHEAP_CACHE_LRU, 5, 0);
	ok(refheap_heap_remove(f->ctl, refheap_heap(session)));
	fails(refheap_cache_get_str(cache, "a", &value), EIDRM);
	fails(refheap_cache_put_str(cache, "a", 1), EIDRM);
	fails(refheap_cache_clear(cache), EIDRM);
	fails(refheap_cache_get_info(cache, &info), EIDRM);
	refheap_cache_close(cache);
	refheap_close(session);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		heap_test(options_are_checked),
		heap_test(what_is_there_must_agree),
		heap_test(what_is_there_must_be_a_cache),
		heap_test(what_is_there_must_be_whole),
		heap_test(handle_keeps_a_cache_without_name),
		heap_test(handle_outlives_a_frame),
		heap_test(readers),
		heap_test(keys_of_all_kinds),
		heap_test(lru_is_as_the_model),
		heap_test(ttl_is_as_the_model),
		heap_test(lru_of_many),
		heap_test(odd_times),
		heap_test(entries_go_with_their_values),
		heap_test(usual_cases_are_one_call),
		heap_test(calls_are_remembered),
		heap_test(the_first_value_stays),
		heap_test(the_first_value_may_be_over),
		heap_test(lru_by_processes),
		heap_test(ttl_by_processes),
		heap_test(lru_and_killed_processes),
		heap_test(ttl_and_killed_processes),
		heap_test(weak_and_killed_processes),
		heap_test(opened_at_once),
		heap_test(threads_share_a_handle),
		heap_test(full_heap),
		heap_test(little_room),
		heap_test(heap_removed),
	};

	return cmocka_run_group_tests_name("caches", tests, NULL, NULL);
}
