// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <refheap.h>

#include "clock.h"
#include "cmd.h"
#include "heap.h"
#include "output.h"
#include "path.h"
#include "report.h"
#include "util.h"

static const struct column columns[] = {
	{ "number", "NUMBER", "of the change, the first one is 1", COLUMN_NUMBER },
	{ "time", "TIME", "the time of day", 0 },
	{ "time_ns", "TIME_NS", "likewise, CLOCK_MONOTONIC", COLUMN_NUMBER | COLUMN_ASKED },
	{ "change", "CHANGE", "take or drop", 0 },
	{ "refcount", "REFCOUNT", "references after it", COLUMN_NUMBER },
	{ "session", "SESSION", "that did it, 0 for the heap itself", COLUMN_NUMBER },
	{ "site", "SITE", "where in its program", COLUMN_NAME },
};

/**
 * struct found - an object, and whether finding it took it for a moment
 * @id: object
 * @path: as it was given
 * @taken: a reference is held
 */
struct found {
	refheap_id id;
	const char *path;
	bool taken;
};

/* An id or a variable needs no look into the heap, which history would show. */
static int find(struct context *context, const char *path, struct found *found)
{
	const struct variable *variable = variables_find(&context->variables, path);
	struct refheap *session;
	int status = heap_session(context, &session);

	*found = (struct found){ .path = path };
	if (status)
		return status;
	if (variable)
		found->id = variable->id;
	if (variable || !refheap_parse_id(path, &found->id))
		return STATUS_OK;
	found->taken = true;
	return path_resolve(context, path, &found->id);
}

static void leave(struct context *context, const struct found *found)
{
	if (found->taken)
		refheap_drop(context->session, found->id);
}

/* The number of this run's session, 0 when it cannot be told. */
static uint32_t own_session(struct context *context)
{
	refheap_auto_iter struct refheap_iter *iterator = NULL;
	struct refheap_session_info info;
	struct refheap_ctl *control;
	uint32_t heap;

	if (heap_inspect(context, &control, &heap) ||
	    refheap_iter_sessions(control, heap, &iterator))
		return 0;
	while (refheap_next_session(iterator, &info) == 1) {
		if (info.pid == (uint32_t)getpid() && !info.exported)
			return info.session;
	}
	return 0;
}

/* Leave out the take by which the object was found just now. */
static int drop_own_look(struct context *context, struct refheap_change *changes, int count)
{
	uint32_t session = own_session(context);

	for (int i = count - 1; i >= 0; i--) {
		if (changes[i].session != session || changes[i].what != REFHEAP_CHANGE_TAKE)
			continue;
		memmove(&changes[i], &changes[i + 1],
			(size_t)(count - i - 1) * sizeof(*changes));
		return count - 1;
	}
	return count;
}

/* The most recent frame of what may be a traceback; NULL when it is not known. */
static char *place_of(struct context *context, refheap_id site)
{
	struct refheap_traceback *traceback;
	cleanup_free char *text = NULL;
	char *place;

	if (!site || refheap_get_data(context->session, site, &text, NULL) ||
	    refheap_traceback_read(text, &traceback))
		return NULL;
	place = traceback->frame->line ?
		xasprintf("%s:%" PRIu32, traceback->frame->filename, traceback->frame->line) :
		xstrdup(traceback->frame->filename);
	refheap_traceback_free(traceback);
	return place;
}

static void print_change(struct context *context, struct listing *listing,
			 const struct refheap_change *change, uint64_t number)
{
	cleanup_free char *site = place_of(context, change->site);
	char time[CLOCK_TEXT];

	listing_row(listing, (struct cell[]){
		cell_number(number),
		cell_text(clock_format(change->time_ns, time)),
		cell_number(change->time_ns),
		cell_text(change->what == REFHEAP_CHANGE_TAKE ? "take" : "drop"),
		cell_number(change->refcount),
		cell_number(change->session),
		cell_text(site),
	});
}

static int show(struct context *context, const char *path)
{
	struct refheap_change changes[REFHEAP_HISTORY_MAX];
	struct listing *listing;
	struct found found;
	uint64_t total = 0;
	int count, status;

	status = find(context, path, &found);
	if (status)
		return status;
	count = refheap_history(context->session, found.id, changes, ARRAY_SIZE(changes), &total);
	leave(context, &found);
	if (count == -ENODATA)
		return report_refused(context, count,
				      "no history of '%s' is kept; 'refheap history --on N %s' does",
				      path, path);
	if (count < 0)
		return path_error(context, count, path);
	total -= (uint64_t)count;
	if (found.taken)
		count = drop_own_look(context, changes, count);
	listing = listing_begin(context, columns, ARRAY_SIZE(columns), &status);
	if (!listing)
		return status;
	for (int i = 0; i < count; i++)
		print_change(context, listing, &changes[i], ++total);
	listing_end(listing);
	return STATUS_OK;
}

static int keep_of_type(struct context *context, const char *name, uint32_t keep)
{
	struct refheap *session;
	uint32_t type;
	int error, status;

	status = heap_session(context, &session);
	if (status)
		return status;
	error = refheap_type_find(session, name, &type);
	if (!error)
		error = refheap_type_history(session, type, keep);
	if (error == -ENOENT)
		return report_refused(context, error, "there is no type '%s'", name);
	return error ? report_error(context, error, "type '%s'", name) : STATUS_OK;
}

static int keep_of_object(struct context *context, const char *path, uint32_t keep)
{
	struct found found;
	int error, status;

	status = find(context, path, &found);
	if (status)
		return status;
	error = refheap_set_history(context->session, found.id, keep);
	leave(context, &found);
	return error ? path_error(context, error, path) : STATUS_OK;
}

/* Whether to change what is kept, and how much. */
static int parse_keep(struct context *context, const struct arguments *arguments, bool *change,
		      uint32_t *keep)
{
	const char *on = argument_option(arguments, "on");
	bool off = argument_option(arguments, "off");
	uint64_t number = 0;

	*change = on || off;
	if (on && off)
		return report_usage(context, "--on and --off exclude each other");
	if (on && (!parse_number(on, &number) || !number || number > REFHEAP_HISTORY_MAX))
		return report_usage(context, "--on needs a number from 1 to %d, not '%s'",
				    REFHEAP_HISTORY_MAX, on);
	*keep = (uint32_t)number;
	return STATUS_OK;
}

static int run_history(struct context *context, struct arguments *arguments)
{
	const char *type = argument_option(arguments, "type");
	bool change = false;
	uint32_t keep = 0;

	if (parse_keep(context, arguments, &change, &keep))
		return STATUS_USAGE;
	if (type && !change)
		return report_usage(context, "--type needs --on or --off");
	if (type ? arguments->count : !arguments->count)
		return report_usage(context, "history is of a PATH or of a --type");
	/* From now on the lines of this script are worth knowing. */
	if (keep)
		context->sites = true;
	if (type)
		return keep_of_type(context, type, keep);
	if (change)
		return keep_of_object(context, arguments->words[0], keep);
	return show(context, arguments->words[0]);
}

static const struct option_spec options[] = {
	{ "on", 0, "N", "keep the last N changes from now on, at most 256" },
	{ "off", 0, NULL, "keep none any more" },
	{ "type", 't', "TYPE", "with --on or --off: of all its instances made from now on" },
	{ 0 },
};

const struct command history_command = {
	.name = "history",
	.synopsis = "[PATH]",
	.summary = "Print who took and dropped an object, and where",
	.details =
		"To look for a PATH is a take and a drop, too, which the next history shows; to look\n"
		"for an @ID is not. Lines of scripts are named after 'history --on', or in all of\n"
		"'refheap shell --sites'.",
	.options = options,
	.maximum = 1,
	.run = run_history,
};
