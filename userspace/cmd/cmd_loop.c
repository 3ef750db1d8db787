// SPDX-License-Identifier: GPL-2.0
/* Lines that are executed again and again, and a pause between them. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <refheap.h>

#include "clock.h"
#include "cmd.h"
#include "escape.h"
#include "heap.h"
#include "interrupt.h"
#include "path.h"
#include "report.h"
#include "script.h"
#include "util.h"

/**
 * struct loop - a line that was taken apart
 * @name: of the variable, to be freed
 * @start: of a range
 * @stop: of a range
 * @path: what is walked over when it is no range, to be freed
 * @body: lines, with ; between them
 */
struct loop {
	char *name;
	int64_t start;
	int64_t stop;
	char *path;
	const char *body;
};

/* The end of the text up to @end, outside of quotes and brackets. */
static const char *find_outside(const char *text, char end)
{
	unsigned int depth = 0;

	while (*text && (depth || *text != end)) {
		size_t quoted = *text == '"' || *text == '\'' ? escape_skip(text) : 0;

		if (strchr("([{", *text))
			depth++;
		else if (depth && strchr(")]}", *text))
			depth--;
		text += quoted ? quoted : 1;
	}
	return text;
}

static const char *skip_blanks(const char *text)
{
	while (isspace((unsigned char)*text))
		text++;
	return text;
}

static bool parse_range(const char *text, size_t length, struct loop *loop)
{
	cleanup_free char *word = xstrndup(text, length);
	int end = 0;

	loop->start = 0;
	if (sscanf(word, "range ( %" SCNd64 " ) %n", &loop->stop, &end) == 1 && end && !word[end])
		return true;
	end = 0;
	return sscanf(word, "range ( %" SCNd64 " , %" SCNd64 " ) %n", &loop->start, &loop->stop,
		      &end) == 2 && end && !word[end];
}

/* NAME in range(N): BODY, or NAME in PATH: BODY */
static bool parse_loop(const char *text, struct loop *loop)
{
	const char *in, *colon;
	size_t length;

	text = skip_blanks(text);
	for (length = 0; isalnum((unsigned char)text[length]) || text[length] == '_';)
		length++;
	loop->name = xstrndup(text, length);
	in = skip_blanks(text + length);
	if (!variables_valid_name(loop->name) || strncmp(in, "in", 2) ||
	    !isspace((unsigned char)in[2]))
		return false;
	in = skip_blanks(in + 2);
	colon = find_outside(in, ':');
	if (!*colon)
		return false;
	loop->body = skip_blanks(colon + 1);
	length = (size_t)(colon - in);
	while (length && isspace((unsigned char)in[length - 1]))
		length--;
	if (!parse_range(in, length, loop))
		loop->path = xstrndup(in, length);
	return *loop->body;
}

/* One line of the body; $NAME in it is the number. */
static char *substitute(const struct loop *loop, const char *text, size_t length, int64_t number)
{
	size_t name = strlen(loop->name);
	struct text line = { 0 };

	text_add(&line, "", 0);
	for (size_t i = 0; i < length; i++) {
		bool whole = length - i > name && text[i] == '$' &&
			     !strncmp(text + i + 1, loop->name, name) &&
			     !isalnum((unsigned char)text[i + 1 + name]) &&
			     text[i + 1 + name] != '_';
		cleanup_free char *digits = NULL;

		if (!whole || loop->path) {
			text_add_char(&line, text[i]);
			continue;
		}
		digits = xasprintf("%" PRId64, number);
		text_add_string(&line, digits);
		i += name;
	}
	return line.data;
}

static int run_body(struct context *context, const struct loop *loop, int64_t number)
{
	const char *at = loop->body;
	int status = STATUS_OK;

	while (!status && *at && !context->leave) {
		/* A loop in the body has all that follows. */
		bool inner = !strncmp(at, "for", 3) && isspace((unsigned char)at[3]);
		const char *end = inner ? at + strlen(at) : find_outside(at, ';');
		cleanup_free char *line = substitute(loop, at, (size_t)(end - at), number);

		if (interrupted())
			return report_error(context, -EINTR, "the loop");
		status = script_line(context, line);
		at = *end ? skip_blanks(end + 1) : end;
	}
	return status;
}

static int set_variable(struct context *context, const char *name, refheap_id id)
{
	refheap_id before = variables_set(&context->variables, name, id);

	return before ? refheap_drop(context->session, before) : 0;
}

static int run_range(struct context *context, const struct loop *loop)
{
	int error, status = STATUS_OK;
	refheap_id id;

	for (int64_t i = loop->start; !status && i < loop->stop && !context->leave; i++) {
		error = refheap_new_int(context->session, i, &id);
		if (!error)
			error = set_variable(context, loop->name, id);
		if (error)
			return report_error(context, error, "cannot set '%s'", loop->name);
		status = run_body(context, loop, i);
	}
	return status;
}

/* Items, members, or keys, as Python's for has them. */
static int run_walk(struct context *context, const struct loop *loop)
{
	struct refheap *session = context->session;
	int error = 0, status;
	struct refheap_entry entry;
	uint64_t cursor = 0;
	refheap_id container;

	status = path_resolve(context, loop->path, &container);
	if (status)
		return status;
	while (!status && !context->leave &&
	       (error = refheap_next(session, container, &cursor, &entry)) == 1) {
		refheap_id item = entry.key ? entry.key : entry.value;

		error = refheap_take(session, item);
		refheap_drop_entry(session, &entry);
		if (!error)
			error = set_variable(context, loop->name, item);
		if (error)
			break;
		status = run_body(context, loop, 0);
	}
	refheap_drop(session, container);
	return error < 0 ? path_error(context, error, loop->path) : status;
}

static int run_for(struct context *context, struct arguments *arguments)
{
	struct loop loop = { 0 };
	struct refheap *session;
	int status;

	if (!parse_loop(arguments->words[0], &loop))
		status = report_usage(context,
				      "a loop is 'for NAME in range(N): LINE; LINE...' or 'for "
				      "NAME in PATH: LINE; LINE...'");
	else
		status = heap_session(context, &session);
	if (!status && loop.path)
		status = run_walk(context, &loop);
	else if (!status)
		status = run_range(context, &loop);
	free(loop.name);
	free(loop.path);
	return status;
}

const struct command for_command = {
	.name = "for",
	.synopsis = "NAME in range(N)|PATH: LINE [; LINE]...",
	.summary = "Execute lines again and again, with a variable",
	.details =
		"range(START, STOP), too. Of a list, tuple or set the variable is each item, of a\n"
		"dict each key. In the lines of a range $NAME stands for the number itself.",
	.maximum = -1,
	.flags = COMMAND_SHELL | COMMAND_RAW | COMMAND_SAVED,
	.run = run_for,
};

static int run_sleep(struct context *context, struct arguments *arguments)
{
	struct deadline deadline;

	if (!parse_deadline(arguments->words[0], &deadline))
		return report_usage(context, "'sleep' needs a number of seconds, not '%s'",
				    arguments->words[0]);
	fflush(stdout);
	while (deadline_left(&deadline) && !interrupted())
		poll(NULL, 0, deadline_left(&deadline));
	return STATUS_OK;
}

const struct command sleep_command = {
	.name = "sleep",
	.synopsis = "SECONDS",
	.summary = "Wait",
	.minimum = 1,
	.maximum = 1,
	.flags = COMMAND_SHELL | COMMAND_SAVED,
	.run = run_sleep,
};
