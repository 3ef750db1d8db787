// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <refheap.h>

#include "cmd.h"
#include "heap.h"
#include "interrupt.h"
#include "output.h"
#include "report.h"
#include "util.h"

static const struct column columns[] = {
	{ "name", "NAME", "the type or built-in kind", COLUMN_NAME },
	{ "base", "BASE", "the type that it refines", 0 },
	{ "slots", "SLOTS", "its attributes, those of the base first", 0 },
	{ "dict", "DICT", "whether instances take any attribute", 0 },
	{ "objects", "OBJECTS", "how many are alive", COLUMN_NUMBER },
	{ "bytes", "BYTES", "what they occupy", COLUMN_NUMBER },
	{ "finalizer", "FINALIZER", "whether instances have a finalizer", COLUMN_ASKED },
	{ "legacy", "LEGACY", "whether it keeps cycles from being freed", COLUMN_ASKED },
	{ "number", "NUMBER", "of the type; 0 for a kind", COLUMN_NUMBER | COLUMN_ASKED },
};

/* @slots: the words of that column. */
static void set_cells(struct context *context, const struct refheap_type_info *info,
		      const struct text *slots, struct cell *cells)
{
	cells[0] = cell_text(info->name);
	cells[1] = cell_text(info->base ? heap_type_name(context, info->base) : NULL);
	cells[2] = cell_words(slots->data);
	cells[3] = info->type ? cell_flag(info->flags & REFHEAP_TYPE_DICT) : cell_text(NULL);
	cells[4] = cell_number(info->objects);
	cells[5] = cell_number(info->bytes);
	cells[6] = info->type ? cell_flag(info->flags & REFHEAP_TYPE_FINALIZER) : cell_text(NULL);
	cells[7] = info->type ? cell_flag(info->flags & REFHEAP_TYPE_LEGACY) : cell_text(NULL);
	cells[8] = cell_number(info->type);
}

/* @slots is scratch for the words of that column. */
static void type_cells(struct context *context, const struct refheap_type_info *info,
		       struct text *slots, struct cell *cells)
{
	text_free(slots);
	text_add(slots, "", 0);
	for (size_t i = 0; i < info->slot_count; i++) {
		if (i)
			text_add_string(slots, ", ");
		text_add_string(slots, info->slots[i]);
	}
	set_cells(context, info, slots, cells);
}

static int open_types(struct context *context, struct refheap_iter **iterator)
{
	struct refheap_ctl *control;
	uint32_t heap;
	int error, status;

	status = heap_inspect(context, &control, &heap);
	if (status)
		return status;
	error = refheap_iter_types(control, heap, iterator);
	return error ? report_error(context, error, "cannot list the types") : STATUS_OK;
}

/* A type that waits for being sorted. */
struct row {
	struct refheap_type_info info;
	struct text slots;
};

static int most_objects_first(const void *a, const void *b)
{
	const struct row *one = a, *other = b;

	if (one->info.objects != other->info.objects)
		return one->info.objects < other->info.objects ? 1 : -1;
	return strcmp(one->info.name, other->info.name);
}

static int list_types(struct context *context, struct refheap_iter *iterator, bool all,
		      struct listing *listing)
{
	cleanup_text struct text slots = { 0 };
	struct cell cells[ARRAY_SIZE(columns)];
	struct refheap_type_info info;
	int error = 0;

	while (!interrupted() && (error = refheap_next_type(iterator, &info)) == 1) {
		if (!info.type && !info.objects && !all)
			continue;
		type_cells(context, &info, &slots, cells);
		listing_row(listing, cells);
	}
	return error;
}

/* Put a type where it belongs among the @count first ones, of which @top stay. */
static size_t insert_row(struct row *rows, size_t count, uint64_t top, const struct row *row)
{
	size_t place = count;

	while (place && most_objects_first(row, &rows[place - 1]) < 0)
		place--;
	if (count == top)
		text_free(&rows[--count].slots);
	memmove(&rows[place + 1], &rows[place], (count - place) * sizeof(*rows));
	rows[place] = *row;
	return count + 1;
}

/* Only what is to be shown is kept. */
static int list_top_types(struct context *context, struct refheap_iter *iterator, uint64_t top,
			  struct listing *listing)
{
	struct cell cells[ARRAY_SIZE(columns)];
	struct row *rows = NULL;
	struct row row = { 0 };
	size_t count = 0;
	int error = 0;

	while (!interrupted() && (error = refheap_next_type(iterator, &row.info)) == 1) {
		/* The kind "instance" has all that the types have. */
		if (!row.info.objects || (!row.info.type && row.info.kind == REFHEAP_KIND_INSTANCE))
			continue;
		if (count == top && most_objects_first(&rows[count - 1], &row) <= 0)
			continue;
		type_cells(context, &row.info, &row.slots, cells);
		rows = xrealloc(rows, count + 1, sizeof(*rows));
		count = insert_row(rows, count, top, &row);
		row.slots = (struct text){ 0 };
	}
	for (size_t i = 0; i < count; i++) {
		set_cells(context, &rows[i].info, &rows[i].slots, cells);
		listing_row(listing, cells);
		text_free(&rows[i].slots);
	}
	free(rows);
	return error;
}

static int run_types(struct context *context, struct arguments *arguments)
{
	refheap_auto_iter struct refheap_iter *iterator = NULL;
	bool all = argument_option(arguments, "all");
	struct listing *listing;
	uint64_t top = 0;
	int error, status;

	status = argument_number(context, arguments, "top", &top);
	if (!status)
		status = open_types(context, &iterator);
	if (status)
		return status;
	listing = listing_begin(context, columns, ARRAY_SIZE(columns), &status);
	if (!listing)
		return status;
	if (top)
		error = list_top_types(context, iterator, top, listing);
	else
		error = list_types(context, iterator, all, listing);
	listing_end(listing);
	return listing_status(context, error, "types");
}

static const struct option_spec types_options[] = {
	{ "all", 'a', NULL, "built-in kinds without objects, too" },
	{ "top", 'n', "N", "the N of which there are most objects, the most first" },
	{ 0 },
};

const struct command types_command = {
	.name = "types",
	.synopsis = "",
	.summary = "List the types and kinds, with their objects and bytes",
	.options = types_options,
	.flags = COMMAND_SAVED,
	.run = run_types,
};

static const struct command list_command_entry = {
	.name = "list",
	.synopsis = "",
	.summary = "List the types and kinds, with their objects and bytes",
	.options = types_options,
	.flags = COMMAND_SAVED,
	.run = run_types,
};

static int find_base(struct context *context, const char *name, uint32_t *base)
{
	struct refheap *session;
	int error, status;

	status = heap_session(context, &session);
	if (status || !name)
		return status;
	error = refheap_type_find(session, name, base);
	if (error == -ENOENT)
		return report_refused(context, error, "there is no type '%s'", name);
	return error ? report_error(context, error, "type '%s'", name) : STATUS_OK;
}

static uint32_t type_flags(const struct arguments *arguments)
{
	uint32_t flags = 0;

	if (argument_option(arguments, "dict"))
		flags |= REFHEAP_TYPE_DICT;
	if (argument_option(arguments, "finalizer"))
		flags |= REFHEAP_TYPE_FINALIZER;
	if (argument_option(arguments, "legacy"))
		flags |= REFHEAP_TYPE_FINALIZER | REFHEAP_TYPE_LEGACY;
	return flags;
}

static int run_new(struct context *context, struct arguments *arguments)
{
	struct refheap_type_def definition = {
		.name = arguments->words[0],
		.flags = type_flags(arguments),
		.slots = arguments->words + 1,
		.slot_count = (size_t)arguments->count - 1,
	};
	struct json_object *document;
	uint32_t type;
	int error, status;

	if (!variables_valid_name(definition.name) || refheap_parse_kind(definition.name) >= 0)
		return report_usage(context, "'%s' cannot be the name of a type", definition.name);
	for (size_t i = 0; i < definition.slot_count; i++) {
		if (!variables_valid_name(definition.slots[i]))
			return report_usage(context, "'%s' cannot be the name of a slot",
					    definition.slots[i]);
	}
	status = find_base(context, argument_option(arguments, "base"), &definition.base);
	if (status)
		return status;
	error = refheap_type_define(context->session, &definition, &type);
	if (error == -EEXIST)
		return report_refused(context, error, "there is another type '%s' already",
				      definition.name);
	if (error)
		return report_error(context, error, "cannot make type '%s'", definition.name);
	if (context->format.json) {
		document = json_object_new_object();
		json_object_object_add(document, "name", json_object_new_string(definition.name));
		json_object_object_add(document, "number", json_object_new_int64(type));
		output_json(context, document);
	}
	return STATUS_OK;
}

static const struct option_spec new_options[] = {
	{ "base", 'B', "TYPE", "the type that it refines" },
	{ "dict", 'd', NULL, "instances take any attribute" },
	{ "finalizer", 'f', NULL, "who made an instance is told before it is freed" },
	{ "legacy", 'l', NULL, "likewise, but cycles with an instance are never freed" },
	{ 0 },
};

static const struct command new_command_entry = {
	.name = "new",
	.synopsis = "NAME [SLOT]...",
	.summary = "Make a type",
	.details = "Its instances have the slots of the base and its own, and no other attribute.\n"
		   "The same definition again is the same type.",
	.options = new_options,
	.minimum = 1,
	.maximum = -1,
	.run = run_new,
};

static int run_show(struct context *context, struct arguments *arguments)
{
	refheap_auto_iter struct refheap_iter *iterator = NULL;
	cleanup_text struct text slots = { 0 };
	struct cell cells[ARRAY_SIZE(columns)];
	struct refheap_type_info info;
	int error, status;

	status = open_types(context, &iterator);
	if (status)
		return status;
	while ((error = refheap_next_type(iterator, &info)) == 1) {
		if (strcmp(info.name, arguments->words[0]))
			continue;
		type_cells(context, &info, &slots, cells);
		return output_record(context, columns, ARRAY_SIZE(columns), cells);
	}
	if (error && error != -EINTR)
		return report_error(context, error, "type '%s'", arguments->words[0]);
	return report_refused(context, ENOENT, "there is no type '%s'", arguments->words[0]);
}

static const struct command show_command_entry = {
	.name = "show",
	.synopsis = "TYPE",
	.summary = "Print what is known of a type or kind",
	.minimum = 1,
	.maximum = 1,
	.flags = COMMAND_SAVED,
	.run = run_show,
};

static const struct command *const type_group[] = {
	&new_command_entry, &show_command_entry, &list_command_entry, NULL,
};

const struct command type_command = {
	.name = "type",
	.synopsis = "COMMAND",
	.summary = "Make and show types",
	.group = type_group,
	.fallback = "list",
};
