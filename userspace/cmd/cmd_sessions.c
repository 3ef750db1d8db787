// SPDX-License-Identifier: GPL-2.0
#include <errno.h>

#include <refheap.h>

#include "clock.h"
#include "cmd.h"
#include "heap.h"
#include "interrupt.h"
#include "output.h"
#include "path.h"
#include "report.h"
#include "util.h"

static const struct column columns[] = {
	{ "session", "SESSION", "its number", COLUMN_NUMBER },
	{ "pid", "PID", "the process that opened it", COLUMN_NUMBER },
	{ "command", "COMMAND", "that process's name", COLUMN_NAME },
	{ "uid", "UID", "the user of that process", COLUMN_NUMBER },
	{ "held", "HELD", "references that it holds", COLUMN_NUMBER },
	{ "frames", "FRAMES", "frames that it has pushed", COLUMN_NUMBER },
	{ "events", "EVENTS", "callbacks and finalizers that it has not read", COLUMN_NUMBER },
	{ "age", "AGE", "seconds since it was opened", COLUMN_NUMBER },
	{ "exported", "EXPORTED", "whether it is a descriptor that was handed on", COLUMN_ASKED },
};

static int run_sessions(struct context *context, struct arguments *arguments)
{
	refheap_auto_iter struct refheap_iter *iterator = NULL;
	struct refheap_session_info info;
	struct refheap_ctl *control;
	struct listing *listing;
	uint32_t heap;
	int error, status;

	(void)arguments;
	status = heap_inspect(context, &control, &heap);
	if (status)
		return status;
	error = refheap_iter_sessions(control, heap, &iterator);
	if (error)
		return report_error(context, error, "cannot list the sessions");
	listing = listing_begin(context, columns, ARRAY_SIZE(columns), &status);
	if (!listing)
		return status;
	while (!interrupted() && (error = refheap_next_session(iterator, &info)) == 1) {
		listing_row(listing, (struct cell[]){
			cell_number(info.session),
			cell_number(info.pid),
			cell_text(info.comm),
			cell_number(info.uid),
			cell_number(info.held),
			cell_number(info.frames),
			cell_number(info.events),
			cell_real(clock_age(info.since_ns)),
			cell_flag(info.exported),
		});
	}
	listing_end(listing);
	return listing_status(context, error, "sessions");
}

const struct command sessions_command = {
	.name = "sessions",
	.synopsis = "",
	.summary = "List who has the heap open, and how many references each holds",
	.run = run_sessions,
};

static const struct column holder_columns[] = {
	{ "session", "SESSION", "its number", COLUMN_NUMBER },
	{ "pid", "PID", "the process that opened it", COLUMN_NUMBER },
	{ "command", "COMMAND", "that process's name", COLUMN_NAME },
	{ "uid", "UID", "the user of that process", COLUMN_NUMBER },
	{ "count", "COUNT", "references of that session to the object", COLUMN_NUMBER },
	{ "frame", "FRAME", "innermost frame that has one, 0 for none", COLUMN_NUMBER },
	{ "since", "SINCE", "the time of day since when it has one", 0 },
	{ "age", "AGE", "likewise, in seconds", COLUMN_NUMBER },
	{ "since_ns", "SINCE_NS", "likewise, CLOCK_MONOTONIC", COLUMN_NUMBER | COLUMN_ASKED },
	{ "exported", "EXPORTED", "whether it is a descriptor that was handed on", COLUMN_ASKED },
};

static int list_holders(struct context *context, struct refheap_iter *iterator)
{
	struct refheap_holder_info info;
	struct listing *listing = NULL;
	char since[CLOCK_TEXT];
	int error, status;

	/* The first answer says whether the object is alive. */
	error = refheap_next_holder(iterator, &info);
	if (error < 0 && error != -EINTR)
		return error;
	listing = listing_begin(context, holder_columns, ARRAY_SIZE(holder_columns), &status);
	if (!listing)
		return status;
	for (; error == 1 && !interrupted(); error = refheap_next_holder(iterator, &info)) {
		listing_row(listing, (struct cell[]){
			cell_number(info.session),
			cell_number(info.pid),
			cell_text(info.comm),
			cell_number(info.uid),
			cell_number(info.count),
			cell_number(info.frame),
			cell_text(clock_format(info.since_ns, since)),
			cell_real(clock_age(info.since_ns)),
			cell_number(info.since_ns),
			cell_flag(info.exported),
		});
	}
	listing_end(listing);
	return error < 0 && error != -EINTR ? error : listing_status(context, error, "holders");
}

static int run_holders(struct context *context, struct arguments *arguments)
{
	refheap_auto_iter struct refheap_iter *iterator = NULL;
	const char *path = arguments->words[0];
	struct refheap_ctl *control;
	uint32_t heap;
	refheap_id id;
	int error, status;

	status = heap_inspect(context, &control, &heap);
	if (status)
		return status;
	if (refheap_parse_id(path, &id)) {
		status = path_resolve(context, path, &id);
		if (status)
			return status;
		/* Else this session would be one of them. */
		refheap_drop(context->session, id);
	}
	error = refheap_iter_holders(control, heap, id, &iterator);
	if (!error)
		error = list_holders(context, iterator);
	/* Negative ones are errors, others are statuses. */
	return error < 0 ? path_error(context, error, path) : error;
}

const struct command holders_command = {
	.name = "holders",
	.synopsis = "PATH",
	.summary = "List the sessions that hold an object, and since when",
	.details = "Names and containers that refer to it are in 'referrers'.",
	.minimum = 1,
	.maximum = 1,
	.run = run_holders,
};
