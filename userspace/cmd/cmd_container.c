// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <refheap.h>

#include "cmd.h"
#include "output.h"
#include "path.h"
#include "report.h"
#include "repr.h"
#include "store.h"
#include "util.h"
#include "value.h"

/* A list gets a new last item, a set a member. */
static int add_to_list(struct refheap_batch_builder *builder, uint64_t list, int64_t index,
		       uint64_t item)
{
	(void)index;
	return refheap_batch_append(builder, list, item);
}

static int add_to_set(struct refheap_batch_builder *builder, uint64_t set, int64_t index,
		      uint64_t item)
{
	(void)index;
	return refheap_batch_add_member(builder, set, item);
}

static int kind_at(struct context *context, const char *path, int *kind)
{
	refheap_id id;
	int status = path_resolve(context, path, &id);

	if (status)
		return status;
	*kind = refheap_kind_of(context->session, id);
	refheap_drop(context->session, id);
	return *kind < 0 ? path_error(context, *kind, path) : STATUS_OK;
}

static int run_append(struct context *context, struct arguments *arguments)
{
	cleanup_free char *text = argument_join(arguments, 1);
	cleanup_literal struct literal *literal = literal_parse(context, text);
	const char *path = arguments->words[0];
	int kind, status;
	bool set;

	if (!literal)
		return STATUS_USAGE;
	status = kind_at(context, path, &kind);
	if (status)
		return status;
	set = kind == REFHEAP_KIND_SET || kind == REFHEAP_KIND_WEAK_SET;
	return store_into(context, path, literal, set ? add_to_set : add_to_list, 0);
}

const struct command append_command = {
	.name = "append",
	.synopsis = "PATH VALUE",
	.summary = "Append a value to a list, or add it to a set",
	.minimum = 2,
	.maximum = -1,
	.run = run_append,
};

static int run_extend(struct context *context, struct arguments *arguments)
{
	cleanup_free char *text = argument_join(arguments, 1);
	cleanup_literal struct literal *literal = literal_parse(context, text);

	if (!literal)
		return STATUS_USAGE;
	if (literal->type != LITERAL_LIST && literal->type != LITERAL_TUPLE)
		return report_usage(context, "extend needs a list of values, such as [1, 2], not '%s'",
				    text);
	return store_items(context, arguments->words[0], literal);
}

const struct command extend_command = {
	.name = "extend",
	.synopsis = "PATH [VALUE, ...]",
	.summary = "Append several values to a list at once",
	.minimum = 2,
	.maximum = -1,
	.run = run_extend,
};

static int parse_index(struct context *context, const char *word, int64_t *index)
{
	char *end;

	errno = 0;
	*index = strtoll(word, &end, 10);
	if (errno || end == word || *end)
		return report_usage(context, "'%s' is not an index", word);
	return STATUS_OK;
}

static int run_insert(struct context *context, struct arguments *arguments)
{
	cleanup_free char *text = argument_join(arguments, 2);
	cleanup_literal struct literal *literal = NULL;
	int64_t index;

	if (parse_index(context, arguments->words[1], &index))
		return STATUS_USAGE;
	literal = literal_parse(context, text);
	if (!literal)
		return STATUS_USAGE;
	return store_into(context, arguments->words[0], literal, refheap_batch_insert, index);
}

const struct command insert_command = {
	.name = "insert",
	.synopsis = "PATH INDEX VALUE",
	.summary = "Insert a value into a list before an index",
	.minimum = 3,
	.maximum = -1,
	.run = run_insert,
};

/* By index from a list, by any value from a dict. */
static int pop_from(struct context *context, struct arguments *arguments, refheap_id container,
		    refheap_id *item)
{
	const char *path = arguments->words[0];
	int kind = refheap_kind_of(context->session, container);
	int64_t index = -1;
	refheap_id key;
	int error, status;

	if (kind == REFHEAP_KIND_DICT || kind == REFHEAP_KIND_WEAK_VALUE_DICT ||
	    kind == REFHEAP_KIND_WEAK_KEY_DICT) {
		if (arguments->count < 2)
			return report_usage(context, "'%s' is a dict: pop needs a key", path);
		status = value_make(context, arguments->words[1], &key);
		if (status)
			return status;
		error = refheap_pop_key(context->session, container, key, item);
		refheap_drop(context->session, key);
	} else {
		if (arguments->count > 1 && parse_index(context, arguments->words[1], &index))
			return STATUS_USAGE;
		error = refheap_pop(context->session, container, index, item);
	}
	return error ? path_error(context, error, path) : STATUS_OK;
}

static int run_pop(struct context *context, struct arguments *arguments)
{
	refheap_id container, item;
	int error, status;

	status = path_resolve(context, arguments->words[0], &container);
	if (status)
		return status;
	status = pop_from(context, arguments, container, &item);
	if (!status) {
		error = repr_show(context, item);
		if (error)
			status = path_error(context, error, arguments->words[0]);
		refheap_drop(context->session, item);
	}
	refheap_drop(context->session, container);
	return status;
}

const struct command pop_command = {
	.name = "pop",
	.synopsis = "PATH [INDEX|KEY]",
	.summary = "Remove an item from a list or a key from a dict, and print it",
	.minimum = 1,
	.maximum = 2,
	.run = run_pop,
};

static int run_clear(struct context *context, struct arguments *arguments)
{
	refheap_id container;
	int error, status;

	status = path_resolve(context, arguments->words[0], &container);
	if (status)
		return status;
	error = refheap_clear(context->session, container);
	refheap_drop(context->session, container);
	if (error)
		return path_error(context, error, arguments->words[0]);
	store_done(context, arguments->words[0], 0);
	return STATUS_OK;
}

const struct command clear_command = {
	.name = "clear",
	.synopsis = "PATH",
	.summary = "Empty a list, dict, set, bytearray or dict-backed instance",
	.minimum = 1,
	.maximum = 1,
	.run = run_clear,
};
