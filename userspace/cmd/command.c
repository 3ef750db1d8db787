// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "arguments.h"
#include "clock.h"
#include "cmd.h"
#include "command.h"
#include "help.h"
#include "report.h"
#include "suggest.h"
#include "util.h"

/* In the order of the help: objects, inspection, collector, heap, shell, the rest. */
const struct command *const commands[] = {
	&new_command,	      &set_command,	  &get_command,	     &del_command,
	&append_command,      &extend_command,	  &insert_command,   &pop_command,
	&clear_command,
	&show_command,	      &list_command,	  &refcount_command, &is_command,
	&len_command,	      &id_command,	  &view_command,
	&is_tracked_command,  &referents_command, &referrers_command, &sizeof_command,
	&retained_command,    &why_command,	  &graph_command,    &growth_command,
	&leak_command,	      &tour_command,
	&weakref_command,     &deref_command,	  &weakrefs_command, &alive_command,
	&holders_command,     &history_command,	  &gc_command,	     &adopt_command,
	&types_command,	      &type_command,	  &arenas_command,   &verify_command,
	&heap_command,	      &sessions_command,  &monitor_command,  &cache_command,
	&metrics_command,     &report_command,
	&top_command,	      &alert_command,
	&export_command,      &import_command,	  &dump_command,     &restore_command,
	&diff_command,	      &trace_command,	  &shell_command,    &run_command,    &source_command,
	&echo_command,	      &print_command,	  &vars_command,     &for_command,
	&sleep_command,
	&events_command,      &finalizer_command, &frame_command,    &exit_command,
	&complete_command,    &help_command_entry, &version_command, NULL,
};

const struct command *command_find(const struct context *context,
				   const struct command *const *list, const char *name)
{
	unsigned int unknown = context->in_shell ? COMMAND_NOT_IN_SHELL : COMMAND_SHELL;

	for (; *list; list++) {
		if (!strcmp((*list)->name, name) && !((*list)->flags & unknown))
			return *list;
	}
	return NULL;
}

static int unknown_command(struct context *context, const struct command *group, const char *word)
{
	const char *near = suggest(context, group ? group->group : commands, word);
	const char *of = group ? group->name : "refheap";

	if (near)
		return report_usage(context, "'%s' has no command '%s'; did you mean '%s'?", of,
				    word, near);
	return report_usage(context, "'%s' has no command '%s'; see 'refheap help%s%s'", of, word,
			    group ? " " : "", group ? of : "");
}

/* The options that a single line may choose for itself. */
static int apply_globals(struct context *context, const struct globals *globals)
{
	if (globals->values[GLOBAL_JSON])
		context->format.json = true;
	if (globals->values[GLOBAL_PRETTY])
		context->format.pretty = true;
	if (globals->values[GLOBAL_COLUMNS])
		context->format.columns = globals->values[GLOBAL_COLUMNS];
	if (globals->values[GLOBAL_COLOR] &&
	    !color_mode_parse(globals->values[GLOBAL_COLOR], &context->format.color))
		return report_usage(context, "--color is auto, always or never, not '%s'",
				    globals->values[GLOBAL_COLOR]);
	for (size_t i = 0; i < OPTIONS_MAX; i++) {
		if (!globals->values[i] || i == GLOBAL_JSON || i == GLOBAL_PRETTY ||
		    i == GLOBAL_COLUMNS || i == GLOBAL_COLOR)
			continue;
		return report_usage(context, "option --%s comes before the command",
				    global_options[i].name);
	}
	return STATUS_OK;
}

static int check_arity(struct context *context, const struct arguments *arguments)
{
	const struct command *command = arguments->command;

	if (arguments->count < command->minimum)
		return report_usage(context, "'%s' needs more arguments: %s %s", command->name,
				    command->name, command->synopsis);
	if (command->maximum >= 0 && arguments->count > command->maximum)
		return report_usage(context, "'%s' does not know what to do with '%s'",
				    command->name, arguments->words[command->maximum]);
	return STATUS_OK;
}

static int run_parsed(struct context *context, struct arguments *arguments,
		      const struct globals *globals, const struct command *group)
{
	const struct command *command = arguments->command;
	int status;

	if (globals->values[GLOBAL_HELP]) {
		help_command(context, command, group ? group->name : NULL, stdout);
		return STATUS_OK;
	}
	status = apply_globals(context, globals);
	if (!status)
		status = check_arity(context, arguments);
	return status ? status : command->run(context, arguments);
}

static int needs_live_heap(struct context *context, const struct command *group,
			   const struct command *command)
{
	return report_refused(context, EROFS, "'%s%s%s' is for heaps in the kernel: a saved one is "
			      "objects, names and types, to be looked at",
			      group ? group->name : "", group ? " " : "", command->name);
}

static int run_single(struct context *context, const struct command *command,
		      const struct command *group, int count, const char **words)
{
	struct arguments arguments = { .command = command };
	struct format saved = context->format;
	struct globals globals = { 0 };
	int status;

	context->command = command;
	status = arguments_parse(context, count, words, &arguments, &globals);
	if (!status && context->image && !(command->flags & COMMAND_SAVED) &&
	    !globals.values[GLOBAL_HELP])
		status = needs_live_heap(context, group, command);
	if (!status)
		status = run_parsed(context, &arguments, &globals, group);
	context->format = saved;
	return status;
}

static int run_group(struct context *context, const struct command *group, int count,
		     const char **words)
{
	const struct command *command;
	const char *name = group->fallback;

	if (count && words[0][0] != '-') {
		name = words[0];
		count--;
		words++;
	} else if (count && (!strcmp(words[0], "--help") || !strcmp(words[0], "-h"))) {
		help_command(context, group, NULL, stdout);
		return STATUS_OK;
	}
	if (!name)
		return report_usage(context, "'%s' needs a command; see 'refheap help %s'",
				    group->name, group->name);
	command = command_find(context, group->group, name);
	if (!command)
		return unknown_command(context, group, name);
	return run_single(context, command, group, count, words);
}

int command_run(struct context *context, int count, const char **words)
{
	const struct command *command = command_find(context, commands, words[0]);
	int status;

	if (!command)
		return unknown_command(context, NULL, words[0]);
	if (command->group)
		status = run_group(context, command, count - 1, words + 1);
	else
		status = run_single(context, command, NULL, count - 1, words + 1);
	context->command = NULL;
	return status;
}

const char *argument_option(const struct arguments *arguments, const char *name)
{
	const struct option_spec *options = arguments->command->options;

	for (int i = 0; options && options[i].name; i++) {
		if (!strcmp(options[i].name, name))
			return arguments->values[i];
	}
	return NULL;
}

int argument_number(struct context *context, const struct arguments *arguments, const char *name,
		    uint64_t *value)
{
	const char *word = argument_option(arguments, name);

	if (word && !parse_number(word, value))
		return report_usage(context, "--%s needs a number, not '%s'", name, word);
	return STATUS_OK;
}

int argument_deadline(struct context *context, const struct arguments *arguments,
		      const char *fallback, struct deadline *deadline)
{
	const char *word = argument_option(arguments, "wait");

	if (!parse_deadline(word ? word : fallback, deadline))
		return report_usage(context, "--wait needs a number of seconds, not '%s'", word);
	return STATUS_OK;
}

char *argument_join(const struct arguments *arguments, int first)
{
	struct text text = { 0 };

	text_add(&text, "", 0);
	for (int i = first; i < arguments->count; i++) {
		if (i > first)
			text_add_char(&text, ' ');
		text_add_string(&text, arguments->words[i]);
	}
	return text.data;
}
