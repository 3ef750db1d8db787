// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>

#include <refheap.h>

#include "cmd.h"
#include "heap.h"
#include "interrupt.h"
#include "output.h"
#include "report.h"
#include "util.h"

static const struct column columns[] = {
	{ "name", "NAME", "of the heap", COLUMN_NAME },
	{ "owner", "OWNER", "the user who owns it", 0 },
	{ "uid", "UID", "the owner's number", COLUMN_NUMBER | COLUMN_ASKED },
	{ "gid", "GID", "the group's number", COLUMN_NUMBER | COLUMN_ASKED },
	{ "mode", "MODE", "permission bits, octal", COLUMN_NUMBER },
	{ "objects", "OBJECTS", "objects alive", COLUMN_NUMBER },
	{ "max_objects", "MAX_OBJECTS", "limit, 0 for none", COLUMN_NUMBER | COLUMN_ASKED },
	{ "bytes", "BYTES", "what objects occupy", COLUMN_NUMBER },
	{ "max_bytes", "MAX_BYTES", "limit, 0 for none", COLUMN_NUMBER | COLUMN_ASKED },
	{ "reserved", "RESERVED", "bytes of arenas and tables", COLUMN_NUMBER },
	{ "names", "NAMES", "entries of the root dict", COLUMN_NUMBER },
	{ "sessions", "SESSIONS", "open sessions", COLUMN_NUMBER },
	{ "births", "BIRTHS", "objects ever made", COLUMN_NUMBER | COLUMN_ASKED },
	{ "deaths", "DEATHS", "objects that died", COLUMN_NUMBER | COLUMN_ASKED },
	{ "number", "NUMBER", "of the heap", COLUMN_NUMBER | COLUMN_ASKED },
};

/* Cells and the texts that they refer to. */
struct row {
	struct cell cells[ARRAY_SIZE(columns)];
	char owner[64];
	char mode[8];
};

static void fill_row(struct row *row, const struct refheap_heap_info *info)
{
	const struct passwd *user = getpwuid(info->owner);
	struct cell *cell = row->cells;

	if (user)
		snprintf(row->owner, sizeof(row->owner), "%s", user->pw_name);
	else
		snprintf(row->owner, sizeof(row->owner), "%u", info->owner);
	snprintf(row->mode, sizeof(row->mode), "%04o", info->mode & 0777);
	*cell++ = cell_text(info->name);
	*cell++ = cell_text(row->owner);
	*cell++ = cell_number(info->owner);
	*cell++ = cell_number(info->group);
	*cell++ = cell_text(row->mode);
	*cell++ = cell_number(info->objects);
	*cell++ = cell_number(info->max_objects);
	*cell++ = cell_number(info->bytes);
	*cell++ = cell_number(info->max_bytes);
	*cell++ = cell_number(info->reserved_bytes);
	*cell++ = cell_number(info->names);
	*cell++ = cell_number(info->sessions);
	*cell++ = cell_number(info->births);
	*cell++ = cell_number(info->deaths);
	*cell++ = cell_number(info->heap);
}

static int run_list(struct context *context, struct arguments *arguments)
{
	refheap_auto_iter struct refheap_iter *iterator = NULL;
	struct refheap_heap_info info;
	struct refheap_ctl *control;
	struct listing *listing;
	struct row row;
	int error, status;

	(void)arguments;
	status = heap_control(context, &control);
	if (status)
		return status;
	error = refheap_iter_heaps(control, &iterator);
	if (error)
		return report_error(context, error, "cannot list the heaps");
	listing = listing_begin(context, columns, ARRAY_SIZE(columns), &status);
	if (!listing)
		return status;
	while (!interrupted() && (error = refheap_next_heap(iterator, &info)) == 1) {
		fill_row(&row, &info);
		listing_row(listing, row.cells);
	}
	listing_end(listing);
	return listing_status(context, error, "heaps");
}

static const struct command list_entry = {
	.name = "list",
	.synopsis = "",
	.summary = "List the heaps that one may read",
	.run = run_list,
};

/* The heap in the first argument, or the one that is worked on. */
static int find_heap(struct context *context, const struct arguments *arguments,
		     struct refheap_ctl **control, uint32_t *heap)
{
	const char *word = arguments->count ? arguments->words[0] : NULL;
	cleanup_free char *name = NULL;
	uint32_t owner = REFHEAP_OWNER_SELF;
	int error, status;

	if (word) {
		status = heap_split(context, word, &name, &owner);
		if (status)
			return status;
	} else if (!context->heap_default) {
		name = xstrdup(context->heap_name);
		owner = context->heap_owner;
	}
	status = heap_control(context, control);
	if (status)
		return status;
	error = refheap_heap_find(*control, name, owner, heap);
	if (error == -ENOENT)
		return report_refused(context, error, "there is no heap '%s'",
				      word ? word : name ? name : "user.UID, the default one");
	return error ? report_error(context, error, "heap '%s'", word ? word : "") : STATUS_OK;
}

static int run_show(struct context *context, struct arguments *arguments)
{
	struct refheap_heap_info info;
	struct refheap_ctl *control;
	struct row row;
	uint32_t heap;
	int error, status;

	status = find_heap(context, arguments, &control, &heap);
	if (status)
		return status;
	error = refheap_heap_get(control, heap, &info);
	if (error)
		return report_error(context, error, "cannot read the heap");
	fill_row(&row, &info);
	return output_record(context, columns, ARRAY_SIZE(columns), row.cells);
}

static const struct command show_entry = {
	.name = "show",
	.synopsis = "[HEAP]",
	.summary = "Print what is known of a heap",
	.maximum = 1,
	.flags = COMMAND_SAVED,
	.run = run_show,
};

/* What the options ask for; REFHEAP_KEEP and -1 where they do not. */
struct wishes {
	uint64_t max_bytes;
	uint64_t max_objects;
	int64_t mode;
	int64_t group;
};

static int parse_mode(struct context *context, const char *word, int64_t *mode)
{
	char *end;

	if (!word)
		return STATUS_OK;
	*mode = strtol(word, &end, 8);
	if (end == word || *end || *mode < 0 || *mode > 0777)
		return report_usage(context, "'%s' is not a mode: it is octal, such as 0640", word);
	return STATUS_OK;
}

static int parse_group(struct context *context, const char *word, int64_t *group)
{
	const struct group *known;
	uint64_t number;

	if (!word)
		return STATUS_OK;
	known = getgrnam(word);
	if (known)
		number = known->gr_gid;
	else if (!parse_number(word, &number) || number >= UINT32_MAX)
		return report_usage(context, "there is no group '%s'", word);
	*group = (int64_t)number;
	return STATUS_OK;
}

static int parse_wishes(struct context *context, const struct arguments *arguments,
			struct wishes *wishes)
{
	*wishes = (struct wishes){ REFHEAP_KEEP, REFHEAP_KEEP, -1, -1 };
	if (argument_number(context, arguments, "max-bytes", &wishes->max_bytes) ||
	    argument_number(context, arguments, "max-objects", &wishes->max_objects) ||
	    parse_mode(context, argument_option(arguments, "mode"), &wishes->mode) ||
	    parse_group(context, argument_option(arguments, "group"), &wishes->group))
		return STATUS_USAGE;
	return STATUS_OK;
}

static void print_name(const struct context *context, const char *name)
{
	struct json_object *document;

	if (!context->format.json)
		return;
	document = json_object_new_object();
	json_object_object_add(document, "name", json_object_new_string(name));
	output_json(context, document);
}

static int run_new(struct context *context, struct arguments *arguments)
{
	refheap_auto_close struct refheap *session = NULL;
	struct refheap_options options = REFHEAP_OPTIONS_INIT;
	const char *name = arguments->words[0];
	struct refheap_ctl *control;
	struct wishes wishes;
	int error, status;

	if (parse_wishes(context, arguments, &wishes))
		return STATUS_USAGE;
	/* Asked first, since it knows best what is wrong when nobody is there. */
	status = heap_control(context, &control);
	if (status)
		return status;
	options.flags = REFHEAP_ATTACH_CREATE | REFHEAP_ATTACH_EXCL;
	options.max_bytes = wishes.max_bytes == REFHEAP_KEEP ? 0 : wishes.max_bytes;
	options.max_objects = wishes.max_objects == REFHEAP_KEEP ? 0 : wishes.max_objects;
	options.mode = wishes.mode < 0 ? 0 : (uint32_t)wishes.mode;
	error = refheap_open_with(name, &options, &session);
	if (!error && wishes.group >= 0)
		error = refheap_heap_set_group(control, refheap_heap(session),
					       (uint32_t)wishes.group);
	if (error == -EEXIST)
		return report_refused(context, error, "there is a heap '%s' already", name);
	if (error == -EINVAL)
		return report_refused(context, error, "'%s' is not the name of a heap", name);
	if (error)
		return report_error(context, error, "cannot make heap '%s'", name);
	print_name(context, name);
	return STATUS_OK;
}

static const struct option_spec heap_options[] = {
	{ "mode", 'm', "MODE", "permission bits, octal: read 4, change 2 (0600)" },
	{ "group", 'G', "GROUP", "the group whose members the mode is about" },
	{ "max-bytes", 0, "N", "limit of bytes; K, M, G may follow; 0 for none" },
	{ "max-objects", 0, "N", "limit of objects; likewise" },
	{ 0 },
};

static const struct command new_entry = {
	.name = "new",
	.synopsis = "NAME",
	.summary = "Make a heap",
	.options = heap_options,
	.minimum = 1,
	.maximum = 1,
	.run = run_new,
};

static const struct command add_entry = {
	.name = "add",
	.synopsis = "NAME",
	.summary = "Make a heap; the same as new",
	.options = heap_options,
	.minimum = 1,
	.maximum = 1,
	.flags = COMMAND_HIDDEN,
	.run = run_new,
};

static int apply_wishes(struct refheap_ctl *control, uint32_t heap, const struct wishes *wishes)
{
	int error = 0;

	if (wishes->max_bytes != REFHEAP_KEEP || wishes->max_objects != REFHEAP_KEEP)
		error = refheap_heap_set_limits(control, heap, wishes->max_bytes,
						wishes->max_objects);
	if (!error && wishes->group >= 0)
		error = refheap_heap_set_group(control, heap, (uint32_t)wishes->group);
	if (!error && wishes->mode >= 0)
		error = refheap_heap_set_mode(control, heap, (uint32_t)wishes->mode);
	return error;
}

static int run_set(struct context *context, struct arguments *arguments)
{
	struct refheap_ctl *control;
	struct wishes wishes;
	uint32_t heap;
	int error, status;

	if (parse_wishes(context, arguments, &wishes))
		return STATUS_USAGE;
	if (wishes.max_bytes == REFHEAP_KEEP && wishes.max_objects == REFHEAP_KEEP &&
	    wishes.mode < 0 && wishes.group < 0)
		return report_usage(context, "'heap set' needs something to set: --mode, --group, "
				    "--max-bytes or --max-objects");
	status = find_heap(context, arguments, &control, &heap);
	if (status)
		return status;
	error = apply_wishes(control, heap, &wishes);
	if (error)
		return report_error(context, error, "cannot change the heap");
	if (context->format.json)
		return run_show(context, arguments);
	return STATUS_OK;
}

static const struct command set_entry = {
	.name = "set",
	.synopsis = "[HEAP]",
	.summary = "Change the mode, group or limits of a heap",
	.options = heap_options,
	.maximum = 1,
	.run = run_set,
};

static int run_del(struct context *context, struct arguments *arguments)
{
	struct refheap_ctl *control;
	uint32_t heap;
	int error, status;

	status = find_heap(context, arguments, &control, &heap);
	if (status)
		return status;
	error = refheap_heap_remove(control, heap);
	if (error)
		return report_error(context, error, "cannot remove heap '%s'",
				    arguments->words[0]);
	print_name(context, arguments->words[0]);
	return STATUS_OK;
}

static const struct command del_entry = {
	.name = "del",
	.synopsis = "HEAP",
	.summary = "Remove a heap and all that is in it",
	.details = "Sessions on it, those of other processes too, can do nothing from then on.",
	.minimum = 1,
	.maximum = 1,
	.run = run_del,
};

static const struct command *const group[] = {
	&list_entry, &show_entry, &new_entry, &add_entry, &set_entry, &del_entry, NULL,
};

const struct command heap_command = {
	.name = "heap",
	.synopsis = "COMMAND",
	.summary = "Make, list, change and remove heaps",
	.group = group,
	.fallback = "show",
};
