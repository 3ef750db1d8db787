// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <unistd.h>

#include <refheap.h>

#include "cmd.h"
#include "editor.h"
#include "events.h"
#include "heap.h"
#include "output.h"
#include "path.h"
#include "report.h"
#include "repr.h"
#include "script.h"
#include "util.h"
#include "value.h"

void shell_drop_variables(struct context *context)
{
	struct variables *variables = &context->variables;

	/* No line of a script does this. */
	refheap_set_site(context->session, 0);
	while (variables->count)
		refheap_drop(context->session,
			     variables_remove(variables, &variables->items[variables->count - 1]));
	events_run(context);
}

static int run_shell(struct context *context, struct arguments *arguments)
{
	bool keep_going = argument_option(arguments, "keep-going");
	const char *path = arguments->count ? arguments->words[0] : NULL;
	struct refheap *session;
	int status;

	/* Opened at once, so that a missing module is known before the first line. */
	status = heap_session(context, &session);
	if (status)
		return status;
	context->in_shell = true;
	context->verbose = argument_option(arguments, "verbose");
	script_name_lines(context, argument_option(arguments, "sites"));
	if (!path && isatty(STDIN_FILENO))
		status = editor_run(context);
	else
		status = script_run(context, path ? path : "-", keep_going);
	shell_drop_variables(context);
	context->in_shell = false;
	return status;
}

static const struct option_spec shell_options[] = {
	{ "keep-going", 'k', NULL, "in a script, go on after an error" },
	{ "verbose", 'v', NULL, "in a script, print each command before it is executed" },
	{ "sites", 's', NULL, "name each line to the kernel, for 'history' and 'trace'" },
	{ 0 },
};

const struct command shell_command = {
	.name = "shell",
	.synopsis = "[FILE]",
	.summary = "Work in one session, with variables; or execute a script",
	.details =
		"NAME = VALUE makes a variable, PATH = VALUE is set, # begins a comment; other\n"
		"lines are commands without 'refheap'. Leaving the shell frees the variables.",
	.options = shell_options,
	.maximum = 1,
	.flags = COMMAND_NOT_IN_SHELL | COMMAND_SAVED,
	.run = run_shell,
};

static int run_echo(struct context *context, struct arguments *arguments)
{
	struct json_object *document;

	if (context->format.json) {
		document = json_object_new_object();
		json_object_object_add(document, "echo",
				       json_object_new_string(arguments->words[0]));
		output_json(context, document);
	} else {
		puts(arguments->words[0]);
	}
	return STATUS_OK;
}

const struct command echo_command = {
	.name = "echo",
	.synopsis = "TEXT",
	.summary = "Print the rest of the line",
	.maximum = -1,
	.flags = COMMAND_SHELL | COMMAND_RAW | COMMAND_SAVED,
	.run = run_echo,
};

static int print_one(struct context *context, const char *word)
{
	const struct repr_limits limits = REPR_LIMITS_DEFAULT;
	struct json_object *document;
	refheap_id id;
	int error, status;

	status = value_make(context, word, &id);
	if (status)
		return status;
	if (context->format.json) {
		error = repr_json(context, id, &limits, &document);
		if (!error)
			output_json(context, document);
	} else {
		error = repr_print_plain(context, stdout, id, &limits);
	}
	refheap_drop(context->session, id);
	return error ? path_error(context, error, word) : STATUS_OK;
}

static int run_print(struct context *context, struct arguments *arguments)
{
	int status = STATUS_OK;

	for (int i = 0; !status && i < arguments->count; i++) {
		if (i && !context->format.json)
			putchar(' ');
		status = print_one(context, arguments->words[i]);
	}
	if (!status && !context->format.json)
		putchar('\n');
	return status;
}

const struct command print_command = {
	.name = "print",
	.synopsis = "[VALUE]...",
	.summary = "Print values as Python's print() does",
	.maximum = -1,
	.flags = COMMAND_SHELL | COMMAND_SAVED,
	.run = run_print,
};

static const struct column variable_columns[] = {
	{ "name", "NAME", "the variable", COLUMN_NAME },
	{ "id", "ID", "the object's id", COLUMN_ID },
	{ "type", "TYPE", "its type or kind", 0 },
	{ "refcount", "REFCOUNT", "references to it", COLUMN_NUMBER },
	{ "value", "VALUE", "what it is, shortened", 0 },
	{ "frame", "FRAME", "that its reference belongs to, 0 for none", COLUMN_NUMBER | COLUMN_ASKED },
};

static int print_variable(struct context *context, struct listing *listing,
			  const struct variable *variable)
{
	const struct repr_limits limits = REPR_LIMITS_SHORT;
	cleanup_free char *value = NULL;
	struct refheap_info info;
	char id[REFHEAP_ID_TEXT];
	int error = refheap_inspect(context->session, variable->id, &info);

	if (error)
		return error;
	value = repr_text(context, variable->id, &limits);
	listing_row(listing, (struct cell[]){
		cell_text(variable->name),
		cell_text(refheap_format_id(info.id, id)),
		cell_text(heap_kind_or_type(context, info.kind, info.type)),
		cell_number(info.refcount),
		cell_text(value),
		cell_number(variable->frame),
	});
	return 0;
}

static int run_vars(struct context *context, struct arguments *arguments)
{
	const struct variables *variables = &context->variables;
	struct listing *listing;
	int error = 0, status;

	(void)arguments;
	listing = listing_begin(context, variable_columns, ARRAY_SIZE(variable_columns), &status);
	if (!listing)
		return status;
	for (size_t i = 0; !error && i < variables->count; i++)
		error = print_variable(context, listing, &variables->items[i]);
	listing_end(listing);
	return error ? report_error(context, error, "cannot list the variables") : STATUS_OK;
}

const struct command vars_command = {
	.name = "vars",
	.synopsis = "",
	.summary = "List the variables",
	.flags = COMMAND_SHELL | COMMAND_SAVED,
	.run = run_vars,
};

static int run_exit(struct context *context, struct arguments *arguments)
{
	(void)arguments;
	context->leave = true;
	return STATUS_OK;
}

const struct command exit_command = {
	.name = "exit",
	.synopsis = "",
	.summary = "Leave the shell, which frees its variables",
	.flags = COMMAND_SHELL | COMMAND_SAVED,
	.run = run_exit,
};
