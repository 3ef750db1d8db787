// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <refheap.h>

#include "cmd.h"
#include "cmd_cache.h"
#include "heap.h"
#include "interrupt.h"
#include "literal.h"
#include "output.h"
#include "report.h"
#include "repr.h"
#include "util.h"
#include "value.h"

#define SECOND 1000000000ULL

static const char *const kind_names[] = {
	[REFHEAP_CACHE_WEAK] = "weak",
	[REFHEAP_CACHE_LRU] = "lru",
	[REFHEAP_CACHE_TTL] = "ttl",
};

int cache_error(struct context *context, int error, const char *name)
{
	if (error == -ENOKEY)
		return report_refused(context, error, "there is no cache '%s' in heap '%s'", name,
				      refheap_name(context->session));
	if (error == -EOPNOTSUPP)
		return report_refused(context, error, "'%s' is not a cache", name);
	return report_error(context, error, "cache '%s'", name);
}

int cache_open(struct context *context, const char *name, struct refheap_cache **cache)
{
	struct refheap *session;
	int error, status;

	status = heap_session(context, &session);
	if (status)
		return status;
	error = refheap_cache_open(session, name, NULL, cache);
	return error ? cache_error(context, error, name) : STATUS_OK;
}

/* A duration such as 90, 1.5s, 200ms or 5m; in seconds without a unit. */
static bool parse_duration(const char *word, uint64_t *ns)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = {
		{ "", 1e9 }, { "ns", 1 }, { "us", 1e3 }, { "ms", 1e6 }, { "s", 1e9 },
		{ "m", 60e9 }, { "h", 3600e9 }, { "d", 86400e9 },
	};
	char *end;
	double number = strtod(word, &end);

	if (end == word || !(number >= 0))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (strcmp(end, units[i].name))
			continue;
		number *= units[i].ns;
		if (number >= (double)INT64_MAX)
			return false;
		*ns = (uint64_t)number;
		return true;
	}
	return false;
}

static int parse_kind(struct context *context, const char *word, uint32_t *kind)
{
	for (*kind = REFHEAP_CACHE_WEAK; *kind < ARRAY_SIZE(kind_names); ++*kind)
		if (!strcmp(word, kind_names[*kind]))
			return STATUS_OK;
	return report_usage(context, "--kind is weak, lru or ttl, not '%s'", word);
}

/* What the options ask for; without --kind they tell it. */
static int parse_options(struct context *context, const struct arguments *arguments,
			 struct refheap_cache_options *options)
{
	const char *kind = argument_option(arguments, "kind");
	const char *ttl = argument_option(arguments, "ttl");

	options->kind = ttl ? REFHEAP_CACHE_TTL : REFHEAP_CACHE_LRU;
	if (kind && parse_kind(context, kind, &options->kind))
		return STATUS_USAGE;
	if (argument_number(context, arguments, "max", &options->maximum))
		return STATUS_USAGE;
	if (ttl && !parse_duration(ttl, &options->ttl_ns))
		return report_usage(context, "--ttl needs a time such as 30s or 5m, not '%s'", ttl);
	if (options->kind == REFHEAP_CACHE_TTL && !options->ttl_ns)
		return report_usage(context, "a ttl cache needs --ttl, a time that is not 0");
	if (options->kind != REFHEAP_CACHE_TTL && ttl)
		return report_usage(context, "--ttl is for ttl caches");
	if (options->kind == REFHEAP_CACHE_WEAK && options->maximum)
		return report_usage(context, "a weak cache has no --max");
	if (argument_option(arguments, "exclusive"))
		options->flags |= REFHEAP_CACHE_EXCL;
	return STATUS_OK;
}

static const struct column info_columns[] = {
	{ "name", "NAME", "of the cache", COLUMN_NAME },
	{ "kind", "KIND", "weak, lru or ttl", 0 },
	{ "size", "SIZE", "entries", COLUMN_NUMBER },
	{ "maximum", "MAX", "of entries, 0 for no limit", COLUMN_NUMBER },
	{ "ttl", "TTL", "how long an entry stays, in seconds", COLUMN_NUMBER },
	{ "hits", "HITS", "gets that found a value", COLUMN_NUMBER },
	{ "misses", "MISSES", "gets that did not", COLUMN_NUMBER },
	{ "hit_rate", "RATE", "hits among all gets", COLUMN_NUMBER },
	{ "evicted", "EVICTED", "entries that went for others", COLUMN_NUMBER },
	{ "expired", "EXPIRED", "entries removed since their time was over", COLUMN_NUMBER },
};

static void fill_info(struct cell *cell, const char *name, const struct refheap_cache_info *info)
{
	const uint64_t gets = info->hits + info->misses;
	const struct cell nothing = { .type = CELL_NOTHING };

	*cell++ = cell_text(name);
	*cell++ = cell_text(kind_names[info->kind]);
	*cell++ = cell_number(info->size);
	*cell++ = cell_number(info->maximum);
	*cell++ = info->ttl_ns ? cell_real((double)info->ttl_ns / SECOND) : nothing;
	*cell++ = cell_number(info->hits);
	*cell++ = cell_number(info->misses);
	*cell++ = gets ? cell_real((double)info->hits / (double)gets) : nothing;
	*cell++ = cell_number(info->evicted);
	*cell++ = cell_number(info->expired);
}

static int print_info(struct context *context, struct refheap_cache *cache, const char *name)
{
	struct cell cells[ARRAY_SIZE(info_columns)];
	struct refheap_cache_info info;
	int error = refheap_cache_get_info(cache, &info);

	if (error)
		return cache_error(context, error, name);
	fill_info(cells, name, &info);
	return output_record(context, info_columns, ARRAY_SIZE(info_columns), cells);
}

static int run_new(struct context *context, struct arguments *arguments)
{
	struct refheap_cache_options options = REFHEAP_CACHE_OPTIONS_INIT;
	refheap_auto_cache struct refheap_cache *cache = NULL;
	const char *name = arguments->words[0];
	struct refheap *session;
	int error, status;

	if (parse_options(context, arguments, &options))
		return STATUS_USAGE;
	status = heap_session(context, &session);
	if (status)
		return status;
	error = refheap_cache_open(session, name, &options, &cache);
	if (error == -EEXIST)
		return report_refused(context, error, "there is a cache '%s' already%s", name,
				      options.flags ? "" : ", and it is another");
	if (error)
		return cache_error(context, error, name);
	return context->format.json ? print_info(context, cache, name) : STATUS_OK;
}

static const struct option_spec new_options[] = {
	{ "kind", 'K', "KIND", "weak, lru or ttl (lru; ttl with --ttl)" },
	{ "max", 'm', "N", "entries at most; K, M, G may follow; 0 for no limit (0)" },
	{ "ttl", 't', "TIME", "how long an entry stays: 30, 1.5s, 200ms, 5m, 2h, 1d" },
	{ "exclusive", 'x', NULL, "fail when there is such a cache" },
	{ 0 },
};

static const struct command new_entry = {
	.name = "new",
	.synopsis = "NAME",
	.summary = "Make a cache, unless there is the same already",
	.options = new_options,
	.minimum = 1,
	.maximum = 1,
	.run = run_new,
};

/* A key of the command line: text, or an object that the session holds. */
struct key {
	const char *text;
	refheap_id id;
};

/* Text, unless it is in quotes or was said to be a VALUE. */
static int make_key(struct context *context, const struct arguments *arguments, struct key *key)
{
	const char *word = arguments->words[1];

	*key = (struct key){ .text = word };
	if (word[0] != '"' && word[0] != '\'' && !argument_option(arguments, "literal"))
		return STATUS_OK;
	key->text = NULL;
	return value_make(context, word, &key->id);
}

static void drop_key(struct context *context, const struct key *key)
{
	if (key->id)
		refheap_drop(context->session, key->id);
}

static int get(struct refheap_cache *cache, const struct key *key, bool peek, refheap_id *value)
{
	if (key->text)
		return peek ? refheap_cache_peek_str(cache, key->text, value) :
			      refheap_cache_get_str(cache, key->text, value);
	return peek ? refheap_cache_peek(cache, key->id, value) :
		      refheap_cache_get(cache, key->id, value);
}

static int put(struct refheap_cache *cache, const struct key *key, refheap_id value)
{
	if (key->text)
		return refheap_cache_put_str(cache, key->text, value);
	return refheap_cache_put(cache, key->id, value);
}

static int del(struct refheap_cache *cache, const struct key *key)
{
	if (key->text)
		return refheap_cache_del_str(cache, key->text);
	return refheap_cache_del(cache, key->id);
}

/* Why something about an entry failed. */
static int entry_error(struct context *context, int error, const struct arguments *arguments)
{
	const char *name = arguments->words[0];
	const char *key = arguments->words[1];

	if (error == -ENOKEY)
		return report_refused(context, error, "cache '%s' does not have '%s'", name, key);
	if (error == -EOPNOTSUPP)
		return report_refused(context, error, "'%s' of cache '%s': the key cannot be hashed, "
				      "or the value cannot be weakly referenced", key, name);
	return report_error(context, error, "'%s' of cache '%s'", key, name);
}

/* A cache and a key of it, as the first two arguments say. */
static int begin_entry(struct context *context, const struct arguments *arguments,
		       struct refheap_cache **cache, struct key *key)
{
	int status = cache_open(context, arguments->words[0], cache);

	return status ? status : make_key(context, arguments, key);
}

static int print_value(struct context *context, refheap_id id)
{
	const struct repr_limits limits = REPR_LIMITS_DEFAULT;
	struct json_object *document;
	int error;

	if (!context->format.json) {
		error = repr_print_plain(context, stdout, id, &limits);
		putchar('\n');
		return error;
	}
	error = repr_json(context, id, &limits, &document);
	if (!error)
		output_json(context, document);
	return error;
}

static int run_get(struct context *context, struct arguments *arguments)
{
	refheap_auto_cache struct refheap_cache *cache = NULL;
	struct key key = { 0 };
	refheap_id value;
	int error, status;

	status = begin_entry(context, arguments, &cache, &key);
	if (status)
		return status;
	error = get(cache, &key, argument_option(arguments, "peek"), &value);
	drop_key(context, &key);
	if (!error) {
		error = print_value(context, value);
		refheap_drop(context->session, value);
	}
	return error ? entry_error(context, error, arguments) : STATUS_OK;
}

#define LITERAL_OPTION { "literal", 'l', NULL, "KEY is a VALUE, such as 5 or (1, 2)" }

static const struct option_spec get_options[] = {
	LITERAL_OPTION,
	{ "peek", 'P', NULL, "count and change nothing" },
	{ 0 },
};

static const struct option_spec key_options[] = {
	LITERAL_OPTION,
	{ 0 },
};

static const struct command get_entry = {
	.name = "get",
	.synopsis = "NAME KEY",
	.summary = "Print the value of a key, and count a hit or a miss",
	.options = get_options,
	.minimum = 2,
	.maximum = 2,
	.run = run_get,
};

/* What a change prints with --json. */
static void print_key(struct context *context, const struct arguments *arguments)
{
	struct json_object *document;

	if (!context->format.json)
		return;
	document = json_object_new_object();
	json_object_object_add(document, "cache", json_object_new_string(arguments->words[0]));
	json_object_object_add(document, "key", json_object_new_string(arguments->words[1]));
	output_json(context, document);
}

static int run_put(struct context *context, struct arguments *arguments)
{
	refheap_auto_cache struct refheap_cache *cache = NULL;
	cleanup_free char *text = argument_join(arguments, 2);
	struct key key = { 0 };
	refheap_id value;
	int error, status;

	status = begin_entry(context, arguments, &cache, &key);
	if (status)
		return status;
	status = value_make(context, text, &value);
	if (!status) {
		error = put(cache, &key, value);
		refheap_drop(context->session, value);
		if (error)
			status = entry_error(context, error, arguments);
		else
			print_key(context, arguments);
	}
	drop_key(context, &key);
	return status;
}

static const struct command put_entry = {
	.name = "put",
	.synopsis = "NAME KEY VALUE",
	.summary = "Remember a value",
	.details = "A weak cache forgets it at once unless VALUE is a path of what stays alive.",
	.options = key_options,
	.minimum = 3,
	.maximum = -1,
	.run = run_put,
};

static int run_del(struct context *context, struct arguments *arguments)
{
	refheap_auto_cache struct refheap_cache *cache = NULL;
	struct key key = { 0 };
	int error, status;

	status = begin_entry(context, arguments, &cache, &key);
	if (status)
		return status;
	error = del(cache, &key);
	drop_key(context, &key);
	if (error)
		return entry_error(context, error, arguments);
	print_key(context, arguments);
	return STATUS_OK;
}

static const struct command del_entry = {
	.name = "del",
	.synopsis = "NAME KEY",
	.summary = "Forget a key",
	.details = "'refheap del NAME' removes the cache itself.",
	.options = key_options,
	.minimum = 2,
	.maximum = 2,
	.run = run_del,
};

static int run_info(struct context *context, struct arguments *arguments)
{
	refheap_auto_cache struct refheap_cache *cache = NULL;
	int status = cache_open(context, arguments->words[0], &cache);

	return status ? status : print_info(context, cache, arguments->words[0]);
}

static const struct command info_entry = {
	.name = "info",
	.synopsis = "NAME",
	.summary = "Print what is known of a cache: Python's cache_info()",
	.minimum = 1,
	.maximum = 1,
	.run = run_info,
};

static int list_cache(struct context *context, struct listing *listing, const char *name)
{
	refheap_auto_cache struct refheap_cache *cache = NULL;
	struct cell cells[ARRAY_SIZE(info_columns)];
	struct refheap_cache_info info;
	int error;

	error = refheap_cache_open(context->session, name, NULL, &cache);
	if (!error)
		error = refheap_cache_get_info(cache, &info);
	/* It may be something else, or be gone by now. */
	if (error == -EOPNOTSUPP || error == -ENOKEY || error == -ESTALE)
		return 0;
	if (error)
		return error;
	fill_info(cells, name, &info);
	listing_row(listing, cells);
	return 0;
}

static int list_name(struct context *context, struct listing *listing,
		     const struct refheap_entry *entry)
{
	cleanup_free char *name = NULL;
	int error;

	if (refheap_kind_of(context->session, entry->value) != REFHEAP_KIND_INSTANCE)
		return 0;
	error = refheap_get_data(context->session, entry->key, &name, NULL);
	return error ? error : list_cache(context, listing, name);
}

static int run_list(struct context *context, struct arguments *arguments)
{
	struct listing *listing;
	struct refheap_entry entry;
	struct refheap *session;
	uint64_t cursor = 0;
	int error = 0, status;

	(void)arguments;
	status = heap_session(context, &session);
	if (status)
		return status;
	listing = listing_begin(context, info_columns, ARRAY_SIZE(info_columns), &status);
	if (!listing)
		return status;
	while (!interrupted() &&
	       (error = refheap_next(session, REFHEAP_ID_ROOT, &cursor, &entry)) == 1) {
		error = list_name(context, listing, &entry);
		refheap_drop_entry(session, &entry);
		if (error)
			break;
	}
	listing_end(listing);
	return listing_status(context, error, "caches");
}

static const struct command list_entry = {
	.name = "list",
	.synopsis = "",
	.summary = "List the caches that have a name",
	.run = run_list,
};

static const struct column entry_columns[] = {
	{ "key", "KEY", "the key, shortened", COLUMN_NAME },
	{ "id", "ID", "the value's id", COLUMN_ID },
	{ "value", "VALUE", "what it is, shortened", 0 },
	{ "expires", "EXPIRES", "seconds that are left", COLUMN_NUMBER },
};

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

static void show_entry(struct context *context, struct listing *listing,
		       const struct refheap_cache_entry *entry)
{
	const struct repr_limits limits = REPR_LIMITS_SHORT;
	cleanup_free char *key = repr_text(context, entry->key, &limits);
	cleanup_free char *value = repr_text(context, entry->value, &limits);
	uint64_t time = now();
	char id[REFHEAP_ID_TEXT];

	listing_row(listing, (struct cell[]){
		cell_text(key),
		cell_text(refheap_format_id(entry->value, id)),
		cell_text(value),
		entry->expires_ns > time ? cell_real((double)(entry->expires_ns - time) / SECOND) :
					   (struct cell){ .type = CELL_NOTHING },
	});
}

static int run_show(struct context *context, struct arguments *arguments)
{
	refheap_auto_cache struct refheap_cache *cache = NULL;
	struct refheap_cache_entry entry;
	struct listing *listing;
	uint64_t cursor = 0;
	int error = 0, status;

	status = cache_open(context, arguments->words[0], &cache);
	if (status)
		return status;
	listing = listing_begin(context, entry_columns, ARRAY_SIZE(entry_columns), &status);
	if (!listing)
		return status;
	while (!interrupted() && (error = refheap_cache_next(cache, &cursor, &entry)) == 1) {
		show_entry(context, listing, &entry);
		refheap_drop_many(context->session, (refheap_id[]){ entry.key, entry.value }, 2);
	}
	listing_end(listing);
	if (error && error != -EINTR)
		return cache_error(context, error, arguments->words[0]);
	return listing_status(context, error, "entries");
}

static const struct command show_entry_command = {
	.name = "show",
	.synopsis = "NAME",
	.summary = "List the entries of a cache, the oldest first",
	.minimum = 1,
	.maximum = 1,
	.run = run_show,
};

static int run_clear(struct context *context, struct arguments *arguments)
{
	refheap_auto_cache struct refheap_cache *cache = NULL;
	int error, status;

	status = cache_open(context, arguments->words[0], &cache);
	if (status)
		return status;
	error = refheap_cache_clear(cache);
	if (error)
		return cache_error(context, error, arguments->words[0]);
	return context->format.json ? print_info(context, cache, arguments->words[0]) : STATUS_OK;
}

static const struct command clear_entry = {
	.name = "clear",
	.synopsis = "NAME",
	.summary = "Forget all keys and counts",
	.minimum = 1,
	.maximum = 1,
	.run = run_clear,
};

static int run_expire(struct context *context, struct arguments *arguments)
{
	refheap_auto_cache struct refheap_cache *cache = NULL;
	int64_t removed;
	int status;

	status = cache_open(context, arguments->words[0], &cache);
	if (status)
		return status;
	removed = refheap_cache_expire(cache);
	if (removed < 0)
		return cache_error(context, (int)removed, arguments->words[0]);
	if (context->format.json)
		printf("{\"removed\":%lld}\n", (long long)removed);
	else
		printf("%lld\n", (long long)removed);
	return STATUS_OK;
}

static const struct command expire_entry = {
	.name = "expire",
	.synopsis = "NAME",
	.summary = "Remove entries whose time is over; prints how many",
	.minimum = 1,
	.maximum = 1,
	.run = run_expire,
};

static const struct command *const group[] = {
	&list_entry, &new_entry, &info_entry, &show_entry_command, &get_entry, &put_entry,
	&del_entry, &clear_entry, &expire_entry, &cache_bench_command, NULL,
};

const struct command cache_command = {
	.name = "cache",
	.synopsis = "COMMAND",
	.summary = "Make, inspect and exercise caches that processes share",
	.group = group,
	.fallback = "list",
};
