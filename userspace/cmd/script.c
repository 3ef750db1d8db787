// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <refheap.h>

#include "command.h"
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

/* Histories show where in a script an object was taken and dropped. */
static void set_site(struct context *context)
{
	cleanup_free char *where = NULL;
	int64_t site;

	if (!context->sites || !context->session)
		return;
	where = xasprintf("%s:%u", context->source ? context->source : "<shell>", context->line);
	site = refheap_site(context->session, where);
	refheap_set_site(context->session, site > 0 ? (uint32_t)site : 0);
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
static void print_command(const struct context *context, const char *line)
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
			print_command(context, line);
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
