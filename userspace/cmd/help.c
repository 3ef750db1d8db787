// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "help.h"
#include "output.h"
#include "report.h"
#include "suggest.h"

#define LEFT_WIDTH 28

static const char exit_statuses[] =
	"Exit status: 0 done, 1 refused, 2 wrong usage, 3 no kernel module or no right\n"
	"to use it, 4 verify found a broken invariant.\n";

static void print_options(const struct option_spec *options, FILE *file)
{
	for (; options && options->name; options++) {
		char left[64];

		snprintf(left, sizeof(left), "%c%c%c --%s%s%s", options->letter ? '-' : ' ',
			 options->letter ? options->letter : ' ', options->letter ? ',' : ' ',
			 options->name, options->argument ? " " : "",
			 options->argument ? options->argument : "");
		fprintf(file, "  %-*s  %s\n", LEFT_WIDTH, left, options->help);
	}
}

static void print_list(const struct context *context, const struct command *const *list,
		       FILE *file)
{
	for (; *list; list++) {
		char left[64];

		if ((*list)->flags & COMMAND_HIDDEN ||
		    !command_find(context, (const struct command *const[]){ *list, NULL },
				  (*list)->name))
			continue;
		snprintf(left, sizeof(left), "%s %s", (*list)->name,
			 (*list)->group ? "..." : (*list)->synopsis);
		fprintf(file, "  %-*s  %s\n", LEFT_WIDTH, left, (*list)->summary);
	}
}

void help_all(const struct context *context, FILE *file)
{
	if (!context->in_shell)
		fputs("Usage: refheap [OPTION]... COMMAND [ARGUMENT]...\n"
		      "       refheap [OPTION]... --batch FILE\n\n"
		      "Makes, changes and inspects objects of a heap that the kernel owns.\n\n", file);
	fputs("Commands:\n", file);
	print_list(context, commands, file);
	fputs("\nOptions:\n", file);
	print_options(global_options, file);
	fputs("\nA PATH is a name and what follows: a, a.parent, a.children[0], d[\"key\"], @ID.\n"
	      "A VALUE is None, True, 5, 1.5, \"text\", b\"bytes\", [1, a], (1,), {\"k\": 1}, {1, 2},\n"
	      "set(), bytearray(100), Type(x=1), weakref(a), weakset({a}), weakvaluedict({\"k\": a}),\n"
	      "weakkeydict({a: 1}), deref(w) or a PATH.\n\n", file);
	fputs(exit_statuses, file);
}

void help_command(const struct context *context, const struct command *command,
		  const char *group, FILE *file)
{
	const char *program = context->in_shell ? "" : "refheap ";

	fprintf(file, "Usage: %s%s%s%s%s%s%s\n\n%s.\n", program, group ? group : "",
		group ? " " : "", command->name, command->options ? " [OPTION]..." : "",
		command->synopsis[0] ? " " : "", command->synopsis, command->summary);
	if (command->details)
		fprintf(file, "\n%s\n", command->details);
	if (command->group) {
		fputs("\nCommands:\n", file);
		print_list(context, command->group, file);
	}
	if (command->options) {
		fputs("\nOptions:\n", file);
		print_options(command->options, file);
	}
}

static int unknown(struct context *context, const struct command *const *list, const char *word)
{
	const char *near = suggest(context, list, word);

	if (near)
		return report_usage(context, "there is no command '%s'; did you mean '%s'?", word,
				    near);
	return report_usage(context, "there is no command '%s'; see 'refheap help'", word);
}

static int run_help(struct context *context, struct arguments *arguments)
{
	const struct command *const *list = commands;
	const struct command *found = NULL;
	const char *group = NULL;

	for (int i = 0; i < arguments->count; i++) {
		if (found)
			group = found->name;
		found = list ? command_find(context, list, arguments->words[i]) : NULL;
		if (!found)
			return unknown(context, list ? list : commands, arguments->words[i]);
		list = found->group;
	}
	if (found)
		help_command(context, found, group, stdout);
	else
		help_all(context, stdout);
	return STATUS_OK;
}

static int run_version(struct context *context, struct arguments *arguments)
{
	struct json_object *document;

	(void)arguments;
	if (!context->format.json) {
		puts("refheap " REFHEAP_VERSION);
		return STATUS_OK;
	}
	document = json_object_new_object();
	json_object_object_add(document, "version", json_object_new_string(REFHEAP_VERSION));
	output_json(context, document);
	return STATUS_OK;
}

const struct command help_command_entry = {
	.name = "help",
	.synopsis = "[COMMAND [COMMAND]]",
	.summary = "Show help",
	.maximum = 2,
	.flags = COMMAND_SAVED,
	.run = run_help,
};

const struct command version_command = {
	.name = "version",
	.synopsis = "",
	.summary = "Show the version",
	.flags = COMMAND_SAVED,
	.run = run_version,
};
