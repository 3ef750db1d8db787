// SPDX-License-Identifier: GPL-2.0
/* Is there a leak, what grows, why does it live, and what is to be done. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <refheap.h>

#include "cmd.h"
#include "heap.h"
#include "interrupt.h"
#include "leak.h"
#include "output.h"
#include "report.h"
#include "util.h"

#define SAMPLES		5
#define INTERVAL	2.0
#define INTERVAL_MAX	86400

/**
 * struct inquiry - how it is to be found out
 * @leak: what is found out
 * @samples: how many
 * @interval: seconds between them
 * @trace: book births meanwhile
 * @asks: waits for a key after each step
 * @started: tracing was started here, and is to be stopped
 * @before: what each line had at the first sample, or NULL
 */
struct inquiry {
	struct leak leak;
	uint64_t samples;
	double interval;
	bool trace;
	bool asks;
	bool started;
	struct refheap_snapshot *before;
};

/* Sites are worth much, but the heap may be one that is only to be read. */
static int begin_tracing(struct context *context, struct inquiry *inquiry)
{
	int error;

	if (!inquiry->trace)
		return STATUS_OK;
	error = refheap_trace_start(context->session);
	inquiry->started = !error;
	if (error < 0 && error != -EROFS)
		return report_error(context, error, "cannot trace the heap");
	error = refheap_snapshot_take(context->session, &inquiry->before);
	return error && error != -ENODATA ? report_error(context, error, "cannot trace the heap") :
					    STATUS_OK;
}

static void end_tracing(struct context *context, struct inquiry *inquiry)
{
	if (inquiry->started)
		refheap_trace_stop(context->session);
	inquiry->started = false;
}

static int find_sites(struct context *context, struct inquiry *inquiry,
		      struct refheap_snapshot **after)
{
	struct leak *leak = &inquiry->leak;
	ssize_t count;
	int error;

	if (!inquiry->before)
		return STATUS_OK;
	error = refheap_snapshot_take(context->session, after);
	/* Somebody else may have stopped it. */
	if (error == -ENODATA)
		return STATUS_OK;
	if (error)
		return report_error(context, error, "cannot trace the heap");
	count = refheap_snapshot_compare(*after, inquiry->before, REFHEAP_TRACE_LINENO,
					 &leak->sites);
	if (count < 0)
		return report_error(context, (int)count, "cannot trace the heap");
	leak->site_count = (size_t)count;
	return STATUS_OK;
}

static int take_samples(struct context *context, struct inquiry *inquiry)
{
	struct leak_samples *samples = &inquiry->leak.samples;
	int status = STATUS_OK;

	leak_samples_begin(samples, inquiry->samples);
	while (!status && samples->count < samples->wanted) {
		if (samples->count &&
		    interrupt_wait(-1, (int)(inquiry->interval * 1000)) == -EINTR)
			return report_refused(context, EINTR, "interrupted");
		status = leak_samples_add(context, samples);
		if (!status && inquiry->asks)
			printf("%zu of %zu: %" PRIu64 " %s, %" PRIu64 " bytes\n",
			       samples->count, samples->wanted,
			       samples->all.objects[samples->count - 1],
			       plural(samples->all.objects[samples->count - 1], "object",
				      "objects"),
			       samples->all.bytes[samples->count - 1]);
	}
	inquiry->leak.growing = leak_samples_sort(samples);
	return status;
}

static int ask_collector(struct context *context, struct leak *leak)
{
	struct refheap_gc_info info;
	struct refheap_ctl *control;
	uint32_t heap;
	int error, status = heap_inspect(context, &control, &heap);

	if (status)
		return status;
	error = refheap_gc_get(control, heap, &info);
	if (error)
		return report_error(context, error, "the collector");
	leak->collects = info.period_ms || (info.enabled && info.generation[0].threshold);
	return STATUS_OK;
}

/* Garbage that will be collected is none. */
static bool is_leak(const struct leak *leak)
{
	for (size_t i = 0; i < leak->suspects.count; i++) {
		if (leak->suspects.list[i].pattern != LEAK_CYCLES || !leak->collects)
			return true;
	}
	return false;
}

/* Between two steps. Returns false when it is enough. */
static bool goes_on(const struct inquiry *inquiry, const char *next)
{
	cleanup_free char *line = NULL;
	size_t room = 0;

	if (!inquiry->asks)
		return true;
	printf("\nEnter: %s, q: leave ", next);
	fflush(stdout);
	if (getline(&line, &room, stdin) < 0 || *line == 'q' || interrupted()) {
		putchar('\n');
		return false;
	}
	return true;
}

static bool says(const struct context *context)
{
	return !context->format.json;
}

static int find_suspects(struct context *context, struct inquiry *inquiry)
{
	struct leak *leak = &inquiry->leak;
	int status = leak_suspects_find(context, &leak->mark, &leak->samples, leak->growing,
					&leak->suspects);

	if (!status)
		status = ask_collector(context, leak);
	if (!status)
		leak->leaks = is_leak(leak);
	return status;
}

static int tell_growth(struct context *context, struct inquiry *inquiry)
{
	struct leak *leak = &inquiry->leak;
	int status;

	if (!goes_on(inquiry, "what grows"))
		return STATUS_OK;
	if (says(context))
		leak_print_growth(context, leak);
	if (!goes_on(inquiry, "why it lives"))
		return STATUS_OK;
	status = find_suspects(context, inquiry);
	if (status || !says(context))
		return status;
	leak_print_suspects(context, leak);
	if (goes_on(inquiry, "what to do about it"))
		leak_print_advice(context, leak);
	return STATUS_OK;
}

static int inquire(struct context *context, struct inquiry *inquiry)
{
	struct refheap_snapshot *after = NULL;
	struct leak *leak = &inquiry->leak;
	int status;

	status = begin_tracing(context, inquiry);
	if (!status)
		status = leak_mark_set(context, &leak->mark);
	if (!status)
		status = take_samples(context, inquiry);
	if (!status)
		status = find_sites(context, inquiry, &after);
	if (!status && says(context))
		leak_print_samples(context, leak);
	if (!status && leak->growing)
		status = tell_growth(context, inquiry);
	end_tracing(context, inquiry);
	if (!status && !says(context))
		output_json(context, leak_json(context, leak));
	free(leak->sites);
	refheap_snapshot_free(after);
	return status;
}

static void end_inquiry(struct inquiry *inquiry)
{
	refheap_snapshot_free(inquiry->before);
	leak_samples_free(&inquiry->leak.samples);
	leak_mark_free(&inquiry->leak.mark);
	leak_suspects_free(&inquiry->leak.suspects);
}

static int parse_interval(struct context *context, const struct arguments *arguments,
			  double *interval)
{
	const char *word = argument_option(arguments, "interval");
	char *end;

	*interval = INTERVAL;
	if (!word)
		return STATUS_OK;
	*interval = strtod(word, &end);
	if (end == word || *end || !(*interval > 0) || *interval > INTERVAL_MAX)
		return report_usage(context, "--interval needs a number of seconds, not '%s'", word);
	return STATUS_OK;
}

static int parse_inquiry(struct context *context, const struct arguments *arguments,
			 struct inquiry *inquiry)
{
	bool chosen = argument_option(arguments, "samples") ||
		      argument_option(arguments, "interval");
	int status;

	if (context->format.columns)
		return report_usage(context, "'leak' has no columns to choose from");
	inquiry->samples = SAMPLES;
	inquiry->trace = !argument_option(arguments, "no-trace");
	inquiry->asks = !chosen && !context->format.json && isatty(STDIN_FILENO) &&
			isatty(STDOUT_FILENO);
	status = argument_number(context, arguments, "samples", &inquiry->samples);
	if (!status && (inquiry->samples < LEAK_SAMPLES_MIN ||
			inquiry->samples > LEAK_SAMPLES_MAX))
		status = report_usage(context, "--samples is %d to %d", LEAK_SAMPLES_MIN,
				      LEAK_SAMPLES_MAX);
	return status ? status : parse_interval(context, arguments, &inquiry->interval);
}

static int run_leak(struct context *context, struct arguments *arguments)
{
	bool check = argument_option(arguments, "check");
	struct inquiry inquiry = { .trace = true };
	struct refheap *session;
	bool caught;
	int status;

	status = parse_inquiry(context, arguments, &inquiry);
	if (!status)
		status = heap_session(context, &session);
	if (status)
		return status;
	caught = interrupt_catch();
	status = inquire(context, &inquiry);
	if (!caught)
		interrupt_release();
	if (!status && check && inquiry.leak.leaks)
		status = STATUS_REFUSED;
	end_inquiry(&inquiry);
	return status;
}

static const struct option_spec options[] = {
	{ "samples", 'n', "N", "how many, 5 unless given" },
	{ "interval", 'i', "SECONDS", "between two samples, 2 unless given" },
	{ "no-trace", 'T', NULL, "do not trace the heap meanwhile" },
	{ "check", 'c', NULL, "end with status 1 when there is a leak" },
	{ 0 },
};

const struct command leak_command = {
	.name = "leak",
	.synopsis = "",
	.summary = "Find out whether a heap leaks, what, why, and what to do about it",
	.details = "In four steps, while others go on; on a terminal it waits after each, unless\n"
		   "samples or interval are chosen.",
	.options = options,
	.run = run_leak,
};
