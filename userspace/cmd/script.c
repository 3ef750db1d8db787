// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <refheap.h>

#include "cmd.h"
#include "events.h"
#include "heap.h"
#include "report.h"
#include "script.h"
#include "store.h"
#include "util.h"
#include "value.h"
#include "words.h"

static int assign_variable(struct context *context, const char *name, const char *text)
{
	refheap_id id, before;
	int status = value_make(context, text, &id);

	if (status)
		return status;
	before = variables_set(&context->variables, name, id);
	if (before)
		refheap_drop(context->session, before);
	store_done(context, name, id);
	return STATUS_OK;
}

/* A plain name is a variable; anything longer is a place in an object. */
static int assign(struct context *context, const char *left, const char *right)
{
	cleanup_literal struct literal *literal = NULL;

	if (!right[strspn(right, " \t")])
		return report_usage(context, "'%s =' needs a value", left);
	if (variables_valid_name(left))
		return assign_variable(context, left, right);
	if (refheap_path_check(left, NULL))
		return report_usage(context, "'%s' is neither a variable nor a path", left);
	literal = literal_parse(context, right);
	return literal ? store_at(context, left, literal) : STATUS_USAGE;
}

/* Commands that take the rest of the line as it is. */
static bool run_raw(struct context *context, char *line, int *status)
{
	char *rest = line + strcspn(line, " \t\r\n");
	cleanup_free char *name = xstrndup(line, (size_t)(rest - line));
	const struct command *command = command_find(context, commands, name);
	const char *words[2] = { name, rest };

	if (!command || !(command->flags & COMMAND_RAW) || !context->in_shell)
		return false;
	if (*rest)
		memmove(rest, rest + 1, strlen(rest));
	rest[strcspn(rest, "\r\n")] = '\0';
	*status = command_run(context, 2, words);
	return true;
}

static int execute(struct context *context, char *line)
{
	const char *left, *right;
	struct words words;
	int status;

	if (run_raw(context, line, &status))
		return status;
	if (context->in_shell && words_assignment(line, &left, &right))
		return assign(context, left, right);
	words_split(line, &words);
	status = words.count ? command_run(context, (int)words.count, words.items) : STATUS_OK;
	words_free(&words);
	return status;
}

#define CALLS_MAX 64

/* A line that has called another script. */
struct script_call {
	const struct script_call *caller;
	const char *source;
	unsigned int line;
};

static void add_frame(FILE *where, const char *source, unsigned int line)
{
	fprintf(where, "%s%s:%u", ftell(where) ? "\n" : "", source ? source : "<shell>", line);
}

/*
 * Histories and tracebacks show where in a script an object was taken, made and
 * dropped: the line, and those that have called its script.
 */
static void set_site(struct context *context)
{
	cleanup_free char *where = NULL;
	size_t length;
	int64_t site;
	FILE *file;

	if (!context->sites || !context->session)
		return;
	file = open_memstream(&where, &length);
	if (!file)
		return;
	add_frame(file, context->source, context->line);
	for (const struct script_call *call = context->caller; call; call = call->caller)
		add_frame(file, call->source, call->line);
	if (fclose(file))
		return;
	site = refheap_site(context->session, where);
	refheap_set_site(context->session, site > 0 ? (uint32_t)site : 0);
}

void script_name_lines(struct context *context, bool asked)
{
	struct refheap_traced traced;

	context->sites = asked ||
			 (!refheap_trace_get(context->session, &traced) && traced.on);
}

int script_line(struct context *context, char *line)
{
	int status;

	while (isspace((unsigned char)*line))
		line++;
	if (!*line || *line == '#')
		return STATUS_OK;
	set_site(context);
	status = execute(context, line);
	events_run(context);
	return status;
}

/* What is executed, as if it had been typed; what echo says is seen anyway. */
static void print_line(const struct context *context, const char *line)
{
	enum color_mode mode = context->format.color;
	size_t length;

	line += strspn(line, " \t");
	length = strcspn(line, "\r\n");
	if (!length || *line == '#' || !strncmp(line, "echo", strlen("echo")))
		return;
	printf("%srefheap> %.*s%s\n", color_code(mode, stdout, COLOR_HEADING), (int)length, line,
	       color_code(mode, stdout, COLOR_RESET));
}

static int run_lines(struct context *context, FILE *file, bool keep_going)
{
	cleanup_free char *line = NULL;
	int first = STATUS_OK;
	size_t room = 0;

	context->line = 0;
	while (!context->leave && getline(&line, &room, file) >= 0) {
		int status;

		context->line++;
		if (context->verbose)
			print_line(context, line);
		status = script_line(context, line);
		/* What a line printed is seen before the next one is tried. */
		fflush(stdout);
		if (!first)
			first = status;
		if (status && !keep_going)
			break;
	}
	return first;
}

static int run_source(struct context *context, struct arguments *arguments)
{
	const struct script_call call = { context->caller, context->source, context->line };
	unsigned int depth = 0;
	int status;

	for (const struct script_call *at = &call; at; at = at->caller)
		depth++;
	if (depth > CALLS_MAX)
		return report_refused(context, -ELOOP, "scripts call each other too deeply");
	context->caller = &call;
	status = script_run(context, arguments->words[0], false);
	context->caller = call.caller;
	context->source = call.source;
	context->line = call.line;
	set_site(context);
	return status;
}

const struct command source_command = {
	.name = "source",
	.synopsis = "FILE",
	.summary = "Execute the lines of a file as if they were here",
	.details = "Its variables are those of this shell.",
	.minimum = 1,
	.maximum = 1,
	.flags = COMMAND_SHELL,
	.run = run_source,
};

int script_run(struct context *context, const char *path, bool keep_going)
{
	bool standard = !strcmp(path, "-");
	FILE *file = standard ? stdin : fopen(path, "re");
	int status;

	if (!file)
		return report_usage(context, "cannot read '%s': %s", path, strerror(errno));
	context->source = standard ? "<stdin>" : path;
	status = run_lines(context, file, keep_going);
	context->source = NULL;
	if (!standard)
		fclose(file);
	return status;
}
