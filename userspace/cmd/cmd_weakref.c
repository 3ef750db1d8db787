// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <refheap.h>

#include "cmd.h"
#include "events.h"
#include "heap.h"
#include "interrupt.h"
#include "output.h"
#include "path.h"
#include "report.h"
#include "repr.h"
#include "store.h"
#include "util.h"
#include "value.h"

/* Weak references that are asked for in one call. */
#define PIECE 64

/* With a callback when @cookie is not 0. Gives a reference. */
static int make_weakref(struct context *context, refheap_id object, uint64_t cookie,
			uint32_t flags, refheap_id *weakref)
{
	if (!cookie)
		return refheap_new_weakref(context->session, object, weakref);
	return refheap_new_weakref_cookie(context->session, object, cookie, flags, weakref);
}

/* Outside of the shell nobody would be left to be told. */
static int wait_for_death(struct context *context, struct arguments *arguments,
			  const struct deadline *deadline)
{
	uint64_t seen;
	int status;

	fflush(stdout);
	status = events_follow(context, deadline, 1, &seen);
	if (status || seen)
		return status;
	return report_refused(context, ETIMEDOUT, "'%s' is still alive", arguments->words[0]);
}

/* The reference to the weak reference is given back, or kept until it is told. */
static int finish(struct context *context, struct arguments *arguments, refheap_id weakref,
		  uint64_t cookie)
{
	const char *name = argument_option(arguments, "name");
	int error = repr_show(context, weakref);

	if (error) {
		refheap_drop(context->session, weakref);
		return report_error(context, error, "cannot print the weak reference");
	}
	if (name)
		return store_object(context, name, weakref);
	if (cookie)
		events_keep(context, cookie);
	else
		refheap_drop(context->session, weakref);
	return STATUS_OK;
}

static int run_weakref(struct context *context, struct arguments *arguments)
{
	const char *path = arguments->words[0];
	bool atexit = argument_option(arguments, "atexit");
	bool callback = argument_option(arguments, "callback") || atexit;
	struct deadline deadline;
	refheap_id object, weakref;
	uint64_t cookie = 0;
	int error, status;

	status = argument_deadline(context, arguments, NULL, &deadline);
	if (status)
		return status;
	status = value_make(context, path, &object);
	if (status)
		return status;
	if (callback) {
		cookie = events_watch(context, path);
		events_begin(context);
	}
	error = make_weakref(context, object, cookie, atexit ? REFHEAP_WEAKREF_ATEXIT : 0,
			     &weakref);
	refheap_drop(context->session, object);
	if (error == -EOPNOTSUPP)
		return report_refused(context, error, "'%s' cannot be weakly referenced", path);
	if (error)
		return path_error(context, error, path);
	status = finish(context, arguments, weakref, cookie);
	if (!status && callback && !context->in_shell)
		status = wait_for_death(context, arguments, &deadline);
	return status;
}

static const struct option_spec weakref_options[] = {
	{ "name", 'n', "PATH", "put it there; in the shell a plain name is a variable" },
	{ "callback", 'c', NULL, "say when the object dies; outside of the shell, wait for it" },
	{ "atexit", 'e', NULL, "likewise, and tell an adopter when this session ends" },
	{ "wait", 'w', "SECONDS", "outside of the shell: wait no longer than that" },
	{ 0 },
};

const struct command weakref_command = {
	.name = "weakref",
	.synopsis = "PATH",
	.summary = "Make a weak reference, which does not keep the object alive",
	.details =
		"PATH may be deref(PATH), too. Without a callback there is one for all. Integers,\n"
		"texts, bytes and tuples cannot be weakly referenced. As a VALUE it is weakref(PATH).",
	.options = weakref_options,
	.minimum = 1,
	.maximum = 1,
	.run = run_weakref,
};

static int print_none(struct context *context)
{
	struct json_object *document;

	if (!context->format.json) {
		puts("None");
		return 0;
	}
	document = json_object_new_object();
	json_object_object_add(document, "kind", json_object_new_string("none"));
	json_object_object_add(document, "value", NULL);
	output_json(context, document);
	return 0;
}

static int run_deref(struct context *context, struct arguments *arguments)
{
	refheap_id weakref, object;
	int error, status;

	status = path_resolve(context, arguments->words[0], &weakref);
	if (status)
		return status;
	error = refheap_deref(context->session, weakref, &object);
	refheap_drop(context->session, weakref);
	if (error == 1) {
		error = repr_show(context, object);
		refheap_drop(context->session, object);
	} else if (!error) {
		error = print_none(context);
	}
	if (error == -EOPNOTSUPP)
		return report_refused(context, error, "'%s' is not a weak reference",
				      arguments->words[0]);
	return error ? path_error(context, error, arguments->words[0]) : STATUS_OK;
}

const struct command deref_command = {
	.name = "deref",
	.synopsis = "PATH",
	.summary = "Print what a weak reference refers to, None when that is dead",
	.details = "As a VALUE it is deref(PATH).",
	.minimum = 1,
	.maximum = 1,
	.flags = COMMAND_SAVED,
	.run = run_deref,
};

static const struct column columns[] = {
	{ "id", "ID", "the weak reference's id", COLUMN_ID },
	{ "refcount", "REFCOUNT", "references to it", COLUMN_NUMBER },
	{ "callback", "CALLBACK", "whether its callback has yet to run", 0 },
};

static int list_piece(struct context *context, struct listing *listing, const refheap_id *ids,
		      size_t count)
{
	struct refheap_info info;
	char id[REFHEAP_ID_TEXT];

	for (size_t i = 0; i < count; i++) {
		int error = refheap_inspect(context->session, ids[i], &info);

		if (error)
			return error;
		/* One of the references is this listing's own. */
		listing_row(listing, (struct cell[]){
			cell_text(refheap_format_id(ids[i], id)),
			cell_number(info.refcount - 1),
			cell_flag(info.flags & REFHEAP_INFO_CALLBACK),
		});
	}
	return 0;
}

/* The last one of a piece is held until the next piece is there. */
static int list_weakrefs(struct context *context, struct listing *listing, refheap_id object)
{
	refheap_id ids[PIECE], after = 0;
	int count, error = 0;

	do {
		count = refheap_weakrefs(context->session, object, after, ids, PIECE);
		if (after)
			refheap_drop(context->session, after);
		after = 0;
		if (count <= 0)
			break;
		error = list_piece(context, listing, ids, (size_t)count);
		after = ids[count - 1];
		refheap_drop_many(context->session, ids, (size_t)count - 1);
	} while (!error && !interrupted());
	if (after)
		refheap_drop(context->session, after);
	return error ? error : count < 0 ? count : 0;
}

static int run_weakrefs(struct context *context, struct arguments *arguments)
{
	struct listing *listing;
	refheap_id object;
	int error = 0, status;

	status = path_resolve(context, arguments->words[0], &object);
	if (status)
		return status;
	listing = listing_begin(context, columns, ARRAY_SIZE(columns), &status);
	if (listing) {
		error = list_weakrefs(context, listing, object);
		listing_end(listing);
	}
	refheap_drop(context->session, object);
	if (error && error != -EINTR)
		return path_error(context, error, arguments->words[0]);
	return status ? status : listing_status(context, error, "weak references");
}

const struct command weakrefs_command = {
	.name = "weakrefs",
	.synopsis = "PATH",
	.summary = "List the weak references to an object",
	.details = "First the one without callback, then the others, the newest first.",
	.minimum = 1,
	.maximum = 1,
	.flags = COMMAND_SAVED,
	.run = run_weakrefs,
};

/* Of a weak reference it is what it refers to that matters. */
static int alive_at(struct context *context, const char *path, bool *alive)
{
	refheap_id id, object;
	int error, status;

	status = path_resolve(context, path, &id);
	if (status)
		return status;
	*alive = true;
	error = refheap_kind_of(context->session, id);
	if (error == REFHEAP_KIND_WEAKREF) {
		error = refheap_deref(context->session, id, &object);
		*alive = error == 1;
		if (*alive)
			refheap_drop(context->session, object);
	}
	refheap_drop(context->session, id);
	return error < 0 ? path_error(context, error, path) : STATUS_OK;
}

static int run_alive(struct context *context, struct arguments *arguments)
{
	const char *path = arguments->words[0];
	struct refheap *session;
	bool alive = false;
	refheap_id id;
	int found, status;

	status = heap_session(context, &session);
	if (status)
		return status;
	if (refheap_parse_id(path, &id)) {
		status = alive_at(context, path, &alive);
	} else {
		found = refheap_alive(session, id);
		if (found < 0)
			status = path_error(context, found, path);
		alive = found > 0;
	}
	if (status)
		return status;
	if (context->format.json)
		puts(alive ? "{\"alive\":true}" : "{\"alive\":false}");
	else
		puts(alive ? "True" : "False");
	return STATUS_OK;
}

const struct command alive_command = {
	.name = "alive",
	.synopsis = "PATH",
	.summary = "Whether an object is alive: that of a weak reference, or of an @ID",
	.minimum = 1,
	.maximum = 1,
	.flags = COMMAND_SAVED,
	.run = run_alive,
};
