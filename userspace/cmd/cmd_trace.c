// SPDX-License-Identifier: GPL-2.0
/* Where memory comes from, as Python's tracemalloc tells it. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <refheap.h>

#include "cmd.h"
#include "cmd_trace.h"
#include "heap.h"
#include "output.h"
#include "path.h"
#include "report.h"
#include "util.h"

static int change(struct context *context, int (*what)(struct refheap *session))
{
	struct refheap *session;
	int error, status = heap_session(context, &session);

	if (status)
		return status;
	error = what(session);
	return error < 0 ? report_error(context, error, "tracing") : STATUS_OK;
}

/* BYTES, or 1/N of the births. */
static bool parse_sample(const char *word, struct refheap_trace_options *options)
{
	bool births = !strncmp(word, "1/", 2);

	options->flags = births ? REFHEAP_TRACE_BIRTHS : 0;
	return parse_number(births ? word + 2 : word, &options->sample) && options->sample &&
	       options->sample <= (births ? REFHEAP_TRACE_SAMPLE_BIRTHS_MAX :
					    REFHEAP_TRACE_SAMPLE_MAX);
}

static int parse_start(struct context *context, const struct arguments *arguments,
		       struct refheap_trace_options *options)
{
	const char *sample = argument_option(arguments, "sample");
	uint64_t frames = 1;
	int status = argument_number(context, arguments, "frames", &frames);

	if (status)
		return status;
	if (!frames || frames > REFHEAP_TRACE_FRAMES_MAX)
		return report_usage(context, "--frames is 1 to %d", REFHEAP_TRACE_FRAMES_MAX);
	options->frames = (uint32_t)frames;
	if (sample && !parse_sample(sample, options))
		return report_usage(context, "--sample is a number of bytes up to 1G, or 1/N with "
				    "N up to %u, not '%s'",
				    REFHEAP_TRACE_SAMPLE_BIRTHS_MAX, sample);
	return STATUS_OK;
}

/* It goes on as it was; that must be what was asked for, if anything was. */
static int check_same(struct context *context, const struct arguments *arguments,
		      const struct refheap_trace_options *options)
{
	struct refheap_traced traced;
	int error = refheap_trace_get(context->session, &traced);

	if (!argument_option(arguments, "frames") && !argument_option(arguments, "sample"))
		return STATUS_OK;
	if (error)
		return report_error(context, error, "tracing");
	if (traced.frames == options->frames && traced.flags == options->flags &&
	    traced.sample == options->sample)
		return STATUS_OK;
	return report_refused(context, -EBUSY, "the heap is traced already, in another way; "
			      "'refheap trace stop' ends that");
}

static int run_start(struct context *context, struct arguments *arguments)
{
	struct refheap_trace_options options = { .frames = 1 };
	struct refheap *session;
	int before, status = parse_start(context, arguments, &options);

	if (!status)
		status = heap_session(context, &session);
	if (status)
		return status;
	before = refheap_trace_start_with(session, &options);
	if (before < 0)
		return report_error(context, before, "tracing");
	/* From now on the lines of this script are worth knowing. */
	context->sites = true;
	return before ? check_same(context, arguments, &options) : STATUS_OK;
}

static int run_stop(struct context *context, struct arguments *arguments)
{
	(void)arguments;
	return change(context, refheap_trace_stop);
}

static int run_clear(struct context *context, struct arguments *arguments)
{
	(void)arguments;
	return change(context, refheap_trace_clear);
}

static int run_reset_peak(struct context *context, struct arguments *arguments)
{
	(void)arguments;
	return change(context, refheap_trace_reset_peak);
}

static const struct option_spec start_options[] = {
	{ "frames", 'f', "N", "how many frames to book for each, 1 by default, at most 64" },
	{ "sample", 's', "SAMPLE", "only one birth for so many BYTES, or 1/N of them" },
	{ 0 },
};

static const struct command start_command = {
	.name = "start",
	.synopsis = "",
	.summary = "Book each birth from now on, of whatever process",
	.details =
		"With more than one frame, C programs need not name their lines. With a sample,\n"
		"figures are scaled up and come with their error.",
	.options = start_options,
	.run = run_start,
};

static const struct command stop_command = {
	.name = "stop",
	.synopsis = "",
	.summary = "Book nothing any more, and forget what was booked",
	.run = run_stop,
};

static const struct command clear_trace_command = {
	.name = "clear",
	.synopsis = "",
	.summary = "Forget what was booked, and go on",
	.run = run_clear,
};

static const struct command reset_peak_command = {
	.name = "reset-peak",
	.synopsis = "",
	.summary = "Let the peak be what there is now",
	.run = run_reset_peak,
};

static const struct column status_columns[] = {
	{ "traced", "traced", "births are booked", 0 },
	{ "current", "current", "bytes of what was traced and lives", COLUMN_NUMBER },
	{ "peak", "peak", "most of that", COLUMN_NUMBER },
	{ "objects", "objects", "how many objects that are", COLUMN_NUMBER },
	{ "births", "births", "objects born since the start", COLUMN_NUMBER },
	{ "sites", "sites", "lines of programs that they come from", COLUMN_NUMBER },
	{ "overhead", "overhead", "bytes that tracing takes", COLUMN_NUMBER },
	{ "frames", "frames", "booked for each birth, at most", COLUMN_NUMBER },
	{ "sample", "sample", "BYTES that one birth is booked for, or 1/N of them", 0 },
	{ "samples", "samples", "objects booked that stand for others, too", COLUMN_NUMBER },
	{ "current_error", "current ±", "how far from the truth, 95 %", COLUMN_NUMBER },
	{ "objects_error", "objects ±", "likewise", COLUMN_NUMBER },
};

/* The last of them are for samples only. */
#define WHOLE_COLUMNS (ARRAY_SIZE(status_columns) - 3)

/* As --sample takes it. */
static char *sample_text(const struct refheap_traced *traced)
{
	if (!traced->sample)
		return xstrdup("all");
	return xasprintf("%s%" PRIu64, traced->flags & REFHEAP_TRACE_BIRTHS ? "1/" : "",
			 (uint64_t)traced->sample);
}

static int run_status(struct context *context, struct arguments *arguments)
{
	cleanup_free char *sample = NULL;
	struct refheap_traced traced;
	double bytes, objects;
	struct refheap *session;
	int error, status = heap_session(context, &session);
	size_t columns = WHOLE_COLUMNS;

	(void)arguments;
	if (status)
		return status;
	error = refheap_trace_get(session, &traced);
	if (error)
		return report_error(context, error, "tracing");
	sample = sample_text(&traced);
	refheap_traced_errors(&traced, &bytes, &objects);
	if (traced.sample)
		columns = ARRAY_SIZE(status_columns);
	return output_record(context, status_columns, columns, (struct cell[]){
		cell_flag(traced.on),
		cell_number(traced.bytes),
		cell_number(traced.peak),
		cell_number(traced.count),
		cell_number(traced.births),
		cell_number(traced.sites),
		cell_number(traced.overhead),
		cell_number(traced.frames),
		cell_text(sample),
		cell_number(traced.samples),
		cell_number((uint64_t)(bytes + 0.5)),
		cell_number((uint64_t)(objects + 0.5)),
	});
}

static const struct command trace_status_command = {
	.name = "status",
	.synopsis = "",
	.summary = "Print whether the heap is traced, and how much is",
	.run = run_status,
};

static int show_traceback(struct context *context, const struct refheap_traceback *traceback)
{
	const struct refheap_trace_frame *recent = &traceback->frame[0];
	cleanup_free char *where = recent->line ?
		xasprintf("%s:%" PRIu32, recent->filename, recent->line) :
		xstrdup(recent->filename);
	cleanup_free char *text = refheap_traceback_format(traceback, 0, false);

	if (context->format.json) {
		struct json_object *document = json_object_new_object();

		json_object_object_add(document, "site", json_object_new_string(where));
		json_object_object_add(document, "traceback", trace_frames_json(traceback));
		output_json(context, document);
	} else if (traceback->count > 1 && text) {
		put_printable_lines(stdout, text);
	} else {
		put_printable(stdout, where);
		putchar('\n');
	}
	return STATUS_OK;
}

static int run_of(struct context *context, struct arguments *arguments)
{
	struct refheap_traceback *traceback = NULL;
	const char *path = arguments->words[0];
	cleanup_free char *where = NULL;
	refheap_id id, site = 0;
	int error, status = path_resolve(context, path, &id);

	if (status)
		return status;
	error = refheap_trace_of(context->session, id, &site);
	refheap_drop(context->session, id);
	if (error == -ENODATA)
		return report_refused(context, error, "the birth of '%s' was not traced", path);
	if (!error && site)
		error = refheap_get_data(context->session, site, &where, NULL);
	if (!error)
		error = refheap_traceback_read(where ? where : "<unknown>", &traceback);
	if (error)
		return path_error(context, error, path);
	status = show_traceback(context, traceback);
	refheap_traceback_free(traceback);
	return status;
}

static const struct command of_command = {
	.name = "of",
	.synopsis = "PATH",
	.summary = "Print where an object was born",
	.minimum = 1,
	.maximum = 1,
	.run = run_of,
};

static const struct command *const trace_group[] = {
	&start_command,	     &stop_command,	      &trace_status_command,
	&clear_trace_command, &reset_peak_command,    &trace_snapshot_command,
	&trace_top_command,  &trace_compare_command,  &of_command,
	NULL,
};

const struct command trace_command = {
	.name = "trace",
	.synopsis = "[COMMAND]",
	.summary = "See which lines of programs memory comes from",
	.group = trace_group,
	.fallback = "status",
};
