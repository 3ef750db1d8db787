// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include <refheap.h>

#include "cmd.h"
#include "events.h"
#include "heap.h"
#include "output.h"
#include "path.h"
#include "report.h"
#include "util.h"

static void print_depth(const struct context *context)
{
	struct json_object *document;

	if (!context->format.json)
		return;
	document = json_object_new_object();
	json_object_object_add(document, "frames",
			       json_object_new_int64(context->variables.frame));
	output_json(context, document);
}

static int run_push(struct context *context, struct arguments *arguments)
{
	struct refheap *session;
	int depth, status;

	(void)arguments;
	status = heap_session(context, &session);
	if (status)
		return status;
	depth = refheap_frame_push(session);
	if (depth < 0)
		return report_error(context, depth, "cannot push a frame");
	context->variables.frame = (unsigned int)depth;
	print_depth(context);
	return STATUS_OK;
}

static const struct command push_entry = {
	.name = "push",
	.synopsis = "",
	.summary = "Open a frame, to which the variables belong that are made from now on",
	.flags = COMMAND_SHELL,
	.run = run_push,
};

static int run_pop(struct context *context, struct arguments *arguments)
{
	unsigned int frame = context->variables.frame;
	int error;

	(void)arguments;
	if (!frame)
		return report_refused(context, EINVAL, "there is no frame");
	error = refheap_frame_pop(context->session, (int)frame);
	if (error)
		return report_error(context, error, "cannot pop the frame");
	events_pop_frame(context, frame);
	variables_pop_frame(&context->variables);
	print_depth(context);
	return STATUS_OK;
}

static const struct command pop_entry = {
	.name = "pop",
	.synopsis = "",
	.summary = "Close the topmost frame, and forget the variables that belong to it",
	.flags = COMMAND_SHELL,
	.run = run_pop,
};

/* One object may have several variables: the one that was named, if one was. */
static struct variable *find_variable(const struct variables *variables, const char *path,
				      refheap_id id)
{
	struct variable *named = variables_find(variables, path);

	if (!named)
		return variables_in_frame(variables, id);
	return named->frame == variables->frame ? named : NULL;
}

static int run_hand_out(struct context *context, struct arguments *arguments)
{
	const char *path = arguments->words[0];
	struct variable *variable;
	refheap_id id;
	int error, status;

	if (!context->variables.frame)
		return report_refused(context, EINVAL, "there is no frame");
	status = path_resolve(context, path, &id);
	if (status)
		return status;
	refheap_drop(context->session, id);
	variable = find_variable(&context->variables, path, id);
	if (!variable)
		return report_refused(context, ENOTUNIQ,
				      "'%s' is no variable's of the topmost frame", path);
	error = refheap_hand_out(context->session, id);
	if (error)
		return path_error(context, error, path);
	variable->frame--;
	print_depth(context);
	return STATUS_OK;
}

static const struct command hand_out_entry = {
	.name = "hand-out",
	.synopsis = "PATH",
	.summary = "Give a variable to the frame below, so that it outlives this one",
	.minimum = 1,
	.maximum = 1,
	.flags = COMMAND_SHELL,
	.run = run_hand_out,
};

static const struct column columns[] = {
	{ "frame", "FRAME", "its number, 0 for the session itself", COLUMN_NUMBER },
	{ "variables", "VARIABLES", "that belong to it", 0 },
};

static int run_show(struct context *context, struct arguments *arguments)
{
	const struct variables *variables = &context->variables;
	struct listing *listing;
	int status;

	(void)arguments;
	listing = listing_begin(context, columns, ARRAY_SIZE(columns), &status);
	if (!listing)
		return status;
	for (unsigned int frame = 0; frame <= variables->frame; frame++) {
		cleanup_text struct text names = { 0 };

		text_add(&names, "", 0);
		for (size_t i = 0; i < variables->count; i++) {
			if (variables->items[i].frame != frame)
				continue;
			if (names.length)
				text_add_string(&names, ", ");
			text_add_string(&names, variables->items[i].name);
		}
		listing_row(listing, (struct cell[]){
			cell_number(frame), cell_words(names.data) });
	}
	listing_end(listing);
	return STATUS_OK;
}

static const struct command show_entry = {
	.name = "show",
	.synopsis = "",
	.summary = "List the frames and their variables",
	.flags = COMMAND_SHELL,
	.run = run_show,
};

static const struct command *const frame_group[] = {
	&push_entry, &pop_entry, &hand_out_entry, &show_entry, NULL,
};

const struct command frame_command = {
	.name = "frame",
	.synopsis = "COMMAND",
	.summary = "Work in frames, which drop what was made in them",
	.group = frame_group,
	.flags = COMMAND_SHELL,
	.fallback = "show",
};
