// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>

#include <refheap.h>

#include "cmd.h"
#include "events.h"
#include "heap.h"
#include "report.h"

/* Follows as long as the options say; @fallback: for how many seconds else. */
static int follow(struct context *context, struct arguments *arguments, const char *fallback)
{
	struct deadline deadline;
	uint64_t count = 0;
	int status;

	if (argument_number(context, arguments, "count", &count))
		return STATUS_USAGE;
	/* Whoever wants so many waits for them. */
	if (count)
		fallback = NULL;
	status = argument_deadline(context, arguments, fallback, &deadline);
	return status ? status : events_follow(context, &deadline, count, NULL);
}

static int run_events(struct context *context, struct arguments *arguments)
{
	struct refheap *session;
	int status;

	status = heap_session(context, &session);
	if (status)
		return status;
	if (argument_option(arguments, "pause") || argument_option(arguments, "resume")) {
		events_pause(context, argument_option(arguments, "pause"));
		return STATUS_OK;
	}
	return follow(context, arguments, argument_option(arguments, "follow") ? NULL : "0");
}

static const struct option_spec events_options[] = {
	{ "follow", 'f', NULL, "wait for more, until Ctrl-C" },
	{ "wait", 'w', "SECONDS", "wait for more, no longer than that" },
	{ "count", 'n', "N", "end after so many" },
	{ "pause", 0, NULL, "from now on leave them until 'events'" },
	{ "resume", 0, NULL, "from now on show them after each line again" },
	{ 0 },
};

const struct command events_command = {
	.name = "events",
	.synopsis = "",
	.summary = "Show callbacks and finalizers of this session as they come",
	.details = "Those that have come are shown after each line anyway.",
	.options = events_options,
	.flags = COMMAND_SHELL,
	.run = run_events,
};

static int run_finalizer(struct context *context, struct arguments *arguments)
{
	events_set_finalizer(context, arguments->count ? arguments->words[0] : NULL);
	return STATUS_OK;
}

const struct command finalizer_command = {
	.name = "finalizer",
	.synopsis = "[LINE]",
	.summary = "Set the line to be executed when an object is to be finalized",
	.details =
		"LINE is any line of the shell, in which the variable 'it' is the object. To store\n"
		"it brings it back. Without LINE, finalizers are only shown.",
	.maximum = -1,
	.flags = COMMAND_SHELL | COMMAND_RAW,
	.run = run_finalizer,
};

static int run_adopt(struct context *context, struct arguments *arguments)
{
	bool off = argument_option(arguments, "off");
	const char *line = argument_option(arguments, "run");
	struct refheap *session;
	int error, status;

	status = heap_session(context, &session);
	if (status)
		return status;
	if (line)
		events_set_finalizer(context, line);
	/* Before the first can come. */
	events_begin(context);
	error = refheap_adopt(session, !off);
	if (error)
		return report_error(context, error, "cannot adopt");
	return off || context->in_shell ? STATUS_OK : follow(context, arguments, NULL);
}

static const struct option_spec adopt_options[] = {
	{ "run", 'r', "LINE", "execute that for each, with 'it' for the object" },
	{ "wait", 'w', "SECONDS", "end after that; in the shell it does not wait at all" },
	{ "count", 'n', "N", "end after so many" },
	{ "off", 0, NULL, "in the shell: no longer" },
	{ 0 },
};

const struct command adopt_command = {
	.name = "adopt",
	.synopsis = "",
	.summary = "Run the finalizers of sessions that are gone, until Ctrl-C",
	.options = adopt_options,
	.run = run_adopt,
};
