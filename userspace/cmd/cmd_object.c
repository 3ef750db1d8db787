// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <refheap.h>

#include "cmd.h"
#include "heap.h"
#include "interrupt.h"
#include "output.h"
#include "path.h"
#include "report.h"
#include "repr.h"
#include "store.h"
#include "util.h"
#include "value.h"

static int run_set(struct context *context, struct arguments *arguments)
{
	cleanup_free char *text = argument_join(arguments, 1);
	cleanup_literal struct literal *literal = literal_parse(context, text);

	return literal ? store_at(context, arguments->words[0], literal) : STATUS_USAGE;
}

const struct command set_command = {
	.name = "set",
	.synopsis = "PATH VALUE",
	.summary = "Put a value at a path: a name, item, key or attribute",
	.minimum = 2,
	.maximum = -1,
	.run = run_set,
};

static int print_json(struct context *context, refheap_id id, const struct repr_limits *limits)
{
	struct json_object *document;
	int error = repr_json(context, id, limits, &document);

	if (!error)
		output_json(context, document);
	return error;
}

static int run_get(struct context *context, struct arguments *arguments)
{
	const struct repr_limits limits = { .depth = 1, .items = 100, .containers = 1 };
	refheap_id id;
	int error, status;

	status = path_resolve(context, arguments->words[0], &id);
	if (status)
		return status;
	if (context->format.json) {
		error = print_json(context, id, &limits);
	} else {
		error = repr_print_plain(context, stdout, id, &limits);
		putchar('\n');
	}
	refheap_drop(context->session, id);
	return error ? path_error(context, error, arguments->words[0]) : STATUS_OK;
}

const struct command get_command = {
	.name = "get",
	.synopsis = "PATH",
	.summary = "Print a value for scripts: text without quotes",
	.minimum = 1,
	.maximum = 1,
	.flags = COMMAND_SAVED,
	.run = run_get,
};

static int delete_variable(struct context *context, struct variable *variable)
{
	cleanup_free char *name = xstrdup(variable->name);

	refheap_drop(context->session, variables_remove(&context->variables, variable));
	store_done(context, name, 0);
	return STATUS_OK;
}

static int run_del(struct context *context, struct arguments *arguments)
{
	const char *path = arguments->words[0];
	struct variable *variable = variables_find(&context->variables, path);
	struct refheap_place place;
	int error, status;

	if (variable)
		return delete_variable(context, variable);
	status = path_resolve_parent(context, path, &place);
	if (status)
		return status;
	error = refheap_place_del(context->session, &place);
	refheap_place_release(context->session, &place);
	if (error)
		return path_error(context, error, path);
	store_done(context, path, 0);
	return STATUS_OK;
}

const struct command del_command = {
	.name = "del",
	.synopsis = "PATH",
	.summary = "Delete a name, item, key, attribute or variable",
	.minimum = 1,
	.maximum = 1,
	.run = run_del,
};

static int run_show(struct context *context, struct arguments *arguments)
{
	struct repr_limits limits = REPR_LIMITS_DEFAULT;
	uint64_t depth = limits.depth;
	refheap_id id;
	int error, status;

	if (argument_number(context, arguments, "depth", &depth) ||
	    argument_number(context, arguments, "items", &limits.items) ||
	    argument_number(context, arguments, "containers", &limits.containers))
		return STATUS_USAGE;
	if (depth > REPR_DEPTH_MAX)
		return report_usage(context, "--depth is at most %d", REPR_DEPTH_MAX);
	limits.depth = (unsigned int)depth;
	status = path_resolve(context, arguments->words[0], &id);
	if (status)
		return status;
	if (context->format.json) {
		error = print_json(context, id, &limits);
	} else {
		error = repr_print(context, stdout, id, &limits);
		putchar('\n');
	}
	refheap_drop(context->session, id);
	return error ? path_error(context, error, arguments->words[0]) : STATUS_OK;
}

static const struct option_spec show_options[] = {
	{ "depth", 'd', "N", "containers in containers, at most 100 (10)" },
	{ "items", 'n', "N", "entries of one container (100)" },
	{ "containers", 'c', "N", "containers in all (10000)" },
	{ 0 },
};

const struct command show_command = {
	.name = "show",
	.synopsis = "PATH",
	.summary = "Print an object as Python's repr() does",
	.details = "A container inside of itself, or too deep, is [...]; further entries are ...\n"
		   "What is referred to on many ways is printed on each of them.",
	.options = show_options,
	.minimum = 1,
	.maximum = 1,
	.flags = COMMAND_SAVED,
	.run = run_show,
};

static const struct column name_columns[] = {
	{ "name", "NAME", "the name", COLUMN_NAME },
	{ "id", "ID", "the object's id", COLUMN_ID },
	{ "type", "TYPE", "its type or kind", 0 },
	{ "refcount", "REFCOUNT", "references to it", COLUMN_NUMBER },
	{ "size", "SIZE", "its bytes", COLUMN_NUMBER | COLUMN_ASKED },
	{ "value", "VALUE", "what it is, shortened", 0 },
};

static int list_entry(struct context *context, struct listing *listing,
		      const struct refheap_entry *entry)
{
	const struct repr_limits limits = REPR_LIMITS_SHORT;
	cleanup_free char *name = NULL;
	cleanup_free char *value = NULL;
	struct refheap_info info;
	char id[REFHEAP_ID_TEXT];
	int error;

	error = refheap_get_data(context->session, entry->key, &name, NULL);
	if (!error)
		error = refheap_inspect(context->session, entry->value, &info);
	if (error)
		return error;
	value = repr_text(context, entry->value, &limits);
	/* One of the references is this listing's own. */
	listing_row(listing, (struct cell[]){
		cell_text(name),
		cell_text(refheap_format_id(info.id, id)),
		cell_text(heap_kind_or_type(context, info.kind, info.type)),
		cell_number(info.refcount - 1),
		cell_number(info.sizeof_),
		cell_text(value),
	});
	return 0;
}

static int run_list(struct context *context, struct arguments *arguments)
{
	struct listing *listing;
	struct refheap_entry entry;
	struct refheap_info root;
	struct refheap *session;
	uint64_t cursor = 0;
	int error = 0, status;

	(void)arguments;
	status = heap_session(context, &session);
	if (status)
		return status;
	listing = listing_begin(context, name_columns, ARRAY_SIZE(name_columns), &status);
	if (!listing)
		return status;
	if (!refheap_inspect(session, REFHEAP_ID_ROOT, &root))
		listing_total(listing, "listing names", root.length);
	while (!interrupted() &&
	       (error = refheap_next(session, REFHEAP_ID_ROOT, &cursor, &entry)) == 1) {
		error = list_entry(context, listing, &entry);
		refheap_drop_entry(session, &entry);
		if (error)
			break;
	}
	listing_end(listing);
	return listing_status(context, error, "names");
}

const struct command list_command = {
	.name = "list",
	.synopsis = "",
	.summary = "List the names of the heap",
	.flags = COMMAND_SAVED,
	.run = run_list,
};

static int run_is(struct context *context, struct arguments *arguments)
{
	refheap_id a, b;
	int status;

	status = value_make(context, arguments->words[0], &a);
	if (status)
		return status;
	status = value_make(context, arguments->words[1], &b);
	if (!status) {
		if (context->format.json)
			puts(a == b ? "{\"is\":true}" : "{\"is\":false}");
		else
			puts(a == b ? "True" : "False");
		refheap_drop(context->session, b);
	}
	refheap_drop(context->session, a);
	return status;
}

const struct command is_command = {
	.name = "is",
	.synopsis = "VALUE VALUE",
	.summary = "Whether two values are one object",
	.minimum = 2,
	.maximum = 2,
	.flags = COMMAND_SAVED,
	.run = run_is,
};
