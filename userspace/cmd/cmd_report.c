// SPDX-License-Identifier: GPL-2.0
/* A page of a heap, or of several looks at heaps. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <refheap.h>

#include "clock.h"
#include "cmd.h"
#include "cmd_report.h"
#include "cmd_report_course.h"
#include "heap.h"
#include "interrupt.h"
#include "output.h"
#include "report.h"
#include "util.h"

#define FORMAT		1	/* of the data, which the viewer knows */
#define COUNT_DEFAULT	10
#define SNAPSHOTS_MAX	50
#define EVERY_MAX_S	86400
#define MS_NS		1000000ULL

/* What all snapshots of a page have together. */
#define OBJECTS_MAX	12000
#define ARENAS_MAX	1024
#define SITES_MAX	6000
#define TYPES_MAX	6000

/* What one has. */
#define OBJECTS_EACH	4000
#define ARENAS_EACH	256
#define SITES_EACH	1500
#define TYPES_EACH	500

/* How many snapshots, and of what. */
struct plan {
	const char *output;
	uint64_t every_ns;
	uint64_t count;
	struct report_limits limits;
};

static uint32_t share(uint32_t all, uint32_t each, uint64_t count)
{
	return all / count < each ? (uint32_t)(all / count) : each;
}

static int parse_every(struct context *context, const char *word, struct plan *plan)
{
	double seconds;
	char *end;

	if (!word)
		return STATUS_OK;
	seconds = strtod(word, &end);
	if (end == word || *end || !(seconds >= 0.1) || seconds > EVERY_MAX_S)
		return report_usage(context, "--every needs a number of seconds, 0.1 to %d, not "
				    "'%s'", EVERY_MAX_S, word);
	plan->every_ns = (uint64_t)(seconds * 1e9);
	plan->count = COUNT_DEFAULT;
	return STATUS_OK;
}

static int check_plan(struct context *context, const struct arguments *arguments,
		      const struct plan *plan)
{
	if (!plan->output)
		return report_usage(context, "'report' needs --output FILE.html");
	if (argument_option(arguments, "count") && !plan->every_ns)
		return report_usage(context, "--count needs --every SECONDS");
	if (plan->every_ns && (arguments->count || context->image))
		return report_usage(context, "a saved heap does not change: --every is for a live one");
	if (arguments->count && context->image)
		return report_usage(context, "give all saved heaps behind 'report', without --dump");
	if (!plan->count || plan->count > SNAPSHOTS_MAX)
		return report_usage(context, "a report has 1 to %d snapshots", SNAPSHOTS_MAX);
	if (!strcmp(plan->output, "-") && context->format.json)
		return report_usage(context, "the page and JSON cannot both go to standard output");
	return STATUS_OK;
}

static int parse_plan(struct context *context, const struct arguments *arguments,
		      struct plan *plan)
{
	int status;

	*plan = (struct plan){
		.output = argument_option(arguments, "output"),
		.count = arguments->count ? (uint64_t)arguments->count : 1,
	};
	status = parse_every(context, argument_option(arguments, "every"), plan);
	if (!status)
		status = argument_number(context, arguments, "count", &plan->count);
	if (!status)
		status = check_plan(context, arguments, plan);
	if (status)
		return status;
	plan->limits = (struct report_limits){
		.objects = share(OBJECTS_MAX, OBJECTS_EACH, plan->count),
		.arenas = share(ARENAS_MAX, ARENAS_EACH, plan->count),
		.sites = share(SITES_MAX, SITES_EACH, plan->count),
		.types = share(TYPES_MAX, TYPES_EACH, plan->count),
	};
	return STATUS_OK;
}

static char *time_text(uint64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	char text[16] = "";
	struct tm local;

	if (localtime_r(&seconds, &local))
		strftime(text, sizeof(text), "%H:%M:%S", &local);
	return xstrdup(text);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static uint64_t time_of(const struct context *context)
{
	struct refheap_image_info info;

	if (!context->image)
		return report_now();
	refheap_image_info(context->image, &info);
	return info.time_ns / MS_NS;
}

/* @file: of a saved heap, else NULL. */
static int add_snapshot(struct context *context, const struct plan *plan, const char *file,
			struct json_object *snapshots)
{
	struct json_object *snapshot = json_object_new_object();
	uint64_t time = time_of(context);
	cleanup_free char *title = file ? xstrdup(base_name(file)) : time_text(time);
	int status;

	report_add_text(snapshot, "title", title);
	report_add_number(snapshot, "time", time);
	report_add_text(snapshot, "source", context->image ? "dump" : "heap");
	status = report_add_figures(context, &plan->limits, snapshot);
	if (!status)
		status = report_add_objects(context, &plan->limits, snapshot);
	if (!status)
		status = report_add_trace(context, &plan->limits, snapshot);
	if (status)
		json_object_put(snapshot);
	else
		json_object_array_add(snapshots, snapshot);
	return status;
}

static int add_saved(struct context *context, const struct plan *plan, const char *path,
		     struct json_object *snapshots)
{
	struct context saved = {
		.format = context->format,
		.command = context->command,
		.source = context->source,
		.line = context->line,
		.quiet = context->quiet,
	};
	int status = heap_choose_saved(&saved, path);

	if (!status)
		status = add_snapshot(&saved, plan, path, snapshots);
	heap_close(&saved);
	free(saved.heap_name);
	return status;
}

static int add_live(struct context *context, const struct plan *plan, struct course **course,
		    struct json_object *snapshots)
{
	int status = course_begin(context, plan->every_ns / MS_NS, course);
	struct deadline deadline = { 0 };

	for (uint64_t i = 0; !status && !interrupted() && i < plan->count; i++) {
		status = add_snapshot(context, plan, NULL, snapshots);
		deadline.end_ns = clock_now() + plan->every_ns;
		if (!status && i + 1 < plan->count)
			status = course_follow(*course, &deadline);
	}
	/* What there is by then is worth a page. */
	return interrupted() && json_object_array_length(snapshots) ? STATUS_OK : status;
}

static int add_snapshots(struct context *context, const struct arguments *arguments,
			 const struct plan *plan, struct course **course,
			 struct json_object *snapshots)
{
	int status = STATUS_OK;

	if (context->image)
		return add_snapshot(context, plan, context->heap_name, snapshots);
	if (!arguments->count)
		return add_live(context, plan, course, snapshots);
	for (int i = 0; !status && i < arguments->count; i++)
		status = add_saved(context, plan, arguments->words[i], snapshots);
	return status;
}

static struct json_object *data_json(const char *heap, struct json_object *snapshots,
				     const struct course *course)
{
	struct json_object *data = json_object_new_object();
	struct json_object *about = json_object_new_object();

	report_add_text(about, "name", heap);
	report_add_number(data, "format", FORMAT);
	report_add_text(data, "version", refheap_version());
	report_add_number(data, "made", report_now());
	json_object_object_add(data, "heap", about);
	json_object_object_add(data, "snapshots", snapshots);
	json_object_object_add(data, "timeline", course_json(course));
	return data;
}

static void print_done(struct context *context, const char *path, size_t snapshots)
{
	struct json_object *document;

	if (!strcmp(path, "-"))
		return;
	if (!context->format.json) {
		printf("Report written to %s (%zu %s)\n", path, snapshots,
		       plural(snapshots, "snapshot", "snapshots"));
		return;
	}
	document = json_object_new_object();
	report_add_text(document, "file", path);
	report_add_number(document, "snapshots", snapshots);
	output_json(context, document);
}

/* What the page is called: the heap, or the files. */
static char *heading(const struct context *context, const struct arguments *arguments)
{
	if (arguments->count == 1)
		return xstrdup(base_name(arguments->words[0]));
	if (arguments->count)
		return xasprintf("%s … %s", base_name(arguments->words[0]),
				 base_name(arguments->words[arguments->count - 1]));
	return xstrdup(context->session ? refheap_name(context->session) : context->heap_name);
}

/* What was seen of a live heap is kept, whatever came then. */
static int finish(struct context *context, const struct arguments *arguments,
		  const struct plan *plan, const struct course *course,
		  struct json_object *snapshots, int status)
{
	size_t count = json_object_array_length(snapshots);
	cleanup_free char *name = NULL;
	struct json_object *data;
	int written;

	if (!status && !count)
		status = report_refused(context, EINTR, "interrupted before there was a snapshot");
	if (status && !(course && count)) {
		json_object_put(snapshots);
		return status;
	}
	name = heading(context, arguments);
	data = data_json(name, snapshots, course);
	written = report_write(context, plan->output, data);
	if (!written)
		print_done(context, plan->output, count);
	json_object_put(data);
	return status ? status : written;
}

static int run_report(struct context *context, struct arguments *arguments)
{
	struct json_object *snapshots;
	struct course *course = NULL;
	struct plan plan;
	bool caught;
	int status = parse_plan(context, arguments, &plan);

	if (!status)
		status = report_check_viewer(context);
	if (status)
		return status;
	snapshots = json_object_new_array();
	caught = interrupt_catch();
	status = add_snapshots(context, arguments, &plan, &course, snapshots);
	if (!caught)
		interrupt_release();
	status = finish(context, arguments, &plan, course, snapshots, status);
	course_end(course);
	return status;
}

static const struct option_spec report_options[] = {
	{ "output", 'o', "FILE.html", "where to write the page; - for standard output" },
	{ "every", 'e', "SECONDS", "take several snapshots, with that time between two" },
	{ "count", 'n', "N", "so many, 10 unless given; Ctrl-C ends it earlier" },
	{ 0 },
};

const struct command report_command = {
	.name = "report",
	.synopsis = "[FILE...]",
	.summary = "Write a page that shows a heap, for a browser",
	.details = "Shows the heap, or saved heaps, which are its snapshots then. The page is one\n"
		   "file that needs nothing else, no network either.",
	.options = report_options,
	.maximum = -1,
	.flags = COMMAND_SAVED,
	.run = run_report,
};
