// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include <refheap.h>

#include "clock.h"
#include "cmd.h"
#include "events.h"
#include "heap.h"
#include "interrupt.h"
#include "objects.h"
#include "output.h"
#include "report.h"
#include "util.h"

/* Seconds that a collection waits for the finalizers of other sessions. */
#define FINALIZERS_WAIT "1"

/* Python's lines for DEBUG_STATS before a collection. */
static void print_start(FILE *file, unsigned int generation, const struct refheap_gc_info *info)
{
	fprintf(file, "gc: collecting generation %u...\n", generation);
	fputs("gc: objects in each generation:", file);
	for (size_t i = 0; i < REFHEAP_GENERATIONS; i++)
		fprintf(file, " %" PRIu64, info->generation[i].objects);
	fprintf(file, "\ngc: objects in permanent generation: %" PRIu64 "\n", info->frozen);
}

static void print_collected(struct context *context, unsigned int generation,
			    const struct refheap_collection *result)
{
	uint64_t unreachable = result->collected + result->uncollectable;
	struct json_object *document;

	if (!context->format.json) {
		printf("%" PRIu64 "\n", unreachable);
		fflush(stdout);
		if (result->pending)
			fprintf(stderr, "refheap: %" PRIu64 " %s not ended; what waits for that is "
				"not freed\n", result->pending,
				plural(result->pending, "finalizer has", "finalizers have"));
		return;
	}
	document = json_object_new_object();
	json_object_object_add(document, "generation", json_object_new_int64(generation));
	json_object_object_add(document, "unreachable", json_object_new_uint64(unreachable));
	json_object_object_add(document, "collected", json_object_new_uint64(result->collected));
	json_object_object_add(document, "uncollectable",
			       json_object_new_uint64(result->uncollectable));
	json_object_object_add(document, "pending", json_object_new_uint64(result->pending));
	output_json(context, document);
}

/* The finalizers of other sessions take the time that those take. */
static int wait_for_finalizers(struct context *context, const struct deadline *deadline,
			       struct refheap_collection *result)
{
	int error = 0;

	while (!error && result->pending && deadline_left(deadline) && !interrupted()) {
		struct timespec pause = { .tv_nsec = 5000000 };

		nanosleep(&pause, NULL);
		events_run(context);
		error = refheap_collect_finish(context->session, result);
	}
	return error;
}

static int collect(struct context *context, unsigned int generation,
		   const struct deadline *deadline)
{
	struct refheap_collection result = { 0 };
	struct refheap_gc_info info = { 0 };
	struct refheap_ctl *control;
	uint64_t start;
	uint32_t heap;
	int error, status;

	status = heap_inspect(context, &control, &heap);
	if (status)
		return status;
	/* Whoever may not read the settings gets no lines, but the collection. */
	if (!refheap_gc_get(control, heap, &info) && info.debug & REFHEAP_DEBUG_STATS)
		print_start(stderr, generation, &info);
	events_begin(context);
	start = clock_now();
	error = refheap_collect_result(context->session, generation, &result);
	if (!error)
		error = wait_for_finalizers(context, deadline, &result);
	if (error)
		return report_error(context, error, "cannot collect");
	if (info.debug & REFHEAP_DEBUG_STATS)
		fprintf(stderr, "gc: done, %" PRIu64 " unreachable, %" PRIu64
			" uncollectable, %.4fs elapsed\n",
			result.collected + result.uncollectable, result.uncollectable,
			clock_age(start));
	print_collected(context, generation, &result);
	return STATUS_OK;
}

static int run_collect(struct context *context, struct arguments *arguments)
{
	struct deadline deadline;
	uint64_t generation = 2;

	if (arguments->count && (!parse_number(arguments->words[0], &generation) || generation > 2))
		return report_usage(context, "there is no generation '%s': it is 0, 1 or 2",
				    arguments->words[0]);
	if (argument_deadline(context, arguments, FINALIZERS_WAIT, &deadline))
		return STATUS_USAGE;
	return collect(context, (unsigned int)generation, &deadline);
}

static const struct option_spec collect_options[] = {
	{ "wait", 'w', "SECONDS", "for finalizers of other sessions, no longer than that (1)" },
	{ 0 },
};

static const struct command collect_command = {
	.name = "collect",
	.synopsis = "[GENERATION]",
	.summary = "Collect cycles, and print how many objects were unreachable",
	.details =
		"GENERATION is the oldest one that is collected: 0, 1 or 2 (2).\n"
		"With the debug flag STATS, Python's lines about it go to standard error.\n"
		"When finalizers have not ended by then, it says how many.",
	.options = collect_options,
	.maximum = 1,
	.run = run_collect,
};

static int run_move(struct context *context, int (*move)(struct refheap *session),
		    const char *what)
{
	struct refheap_gc_info info;
	struct refheap_ctl *control;
	struct json_object *document;
	uint32_t heap;
	int error, status;

	status = heap_inspect(context, &control, &heap);
	if (status)
		return status;
	error = move(context->session);
	if (!error)
		error = refheap_gc_get(control, heap, &info);
	if (error)
		return report_error(context, error, "cannot %s", what);
	if (context->format.json) {
		document = json_object_new_object();
		json_object_object_add(document, "frozen", json_object_new_uint64(info.frozen));
		output_json(context, document);
	}
	return STATUS_OK;
}

static int run_freeze(struct context *context, struct arguments *arguments)
{
	(void)arguments;
	return run_move(context, refheap_freeze, "freeze");
}

static int run_unfreeze(struct context *context, struct arguments *arguments)
{
	(void)arguments;
	return run_move(context, refheap_unfreeze, "unfreeze");
}

static const struct command freeze_command = {
	.name = "freeze",
	.synopsis = "",
	.summary = "Move all that is tracked to the permanent generation",
	.run = run_freeze,
};

static const struct command unfreeze_command = {
	.name = "unfreeze",
	.synopsis = "",
	.summary = "Move the permanent generation to generation 2",
	.run = run_unfreeze,
};

static int clear_garbage(struct context *context)
{
	struct json_object *document;
	struct refheap *session;
	int64_t count;
	int status;

	status = heap_session(context, &session);
	if (status)
		return status;
	count = refheap_clear_garbage(session);
	if (count < 0)
		return report_error(context, (int)count, "cannot clear the garbage");
	if (!context->format.json) {
		printf("%" PRId64 "\n", count);
		return STATUS_OK;
	}
	document = json_object_new_object();
	json_object_object_add(document, "cleared", json_object_new_int64(count));
	output_json(context, document);
	return STATUS_OK;
}

static int run_garbage(struct context *context, struct arguments *arguments)
{
	struct refheap_filter filter = REFHEAP_FILTER_INIT;

	if (argument_option(arguments, "clear"))
		return clear_garbage(context);
	filter.garbage = true;
	return objects_list(context, &filter, 0);
}

static const struct option_spec garbage_options[] = {
	{ "clear", 'c', NULL, "empty it instead, and print how many objects were in it" },
	{ 0 },
};

static const struct command garbage_command = {
	.name = "garbage",
	.synopsis = "",
	.summary = "List what could not be freed, or was saved by the flag SAVEALL",
	.options = garbage_options,
	.flags = COMMAND_SAVED,
	.run = run_garbage,
};

static int run_objects(struct context *context, struct arguments *arguments)
{
	struct refheap_filter filter = REFHEAP_FILTER_INIT;
	int status = objects_filter(context, arguments, &filter);

	if (status)
		return status;
	filter.tracked = !argument_option(arguments, "all");
	return objects_list(context, &filter, 0);
}

static const struct option_spec objects_options[] = {
	OBJECTS_OPTIONS,
	{ "all", 'a', NULL, "untracked objects, too" },
	{ 0 },
};

static const struct command objects_command = {
	.name = "objects",
	.synopsis = "",
	.summary = "List the objects that the collector looks at",
	.options = objects_options,
	.flags = COMMAND_SAVED,
	.run = run_objects,
};

static const struct command *const gc_group[] = {
	&collect_command,   &gc_show_command,    &gc_count_command,
	&gc_threshold_command, &gc_enable_command, &gc_disable_command,
	&gc_is_enabled_command, &gc_period_command, &gc_stats_command,
	&gc_debug_command,  &freeze_command,     &unfreeze_command,
	&garbage_command,   &objects_command,    NULL,
};

const struct command gc_command = {
	.name = "gc",
	.synopsis = "COMMAND",
	.summary = "Control and watch the collector",
	.group = gc_group,
	.fallback = "show",
};
