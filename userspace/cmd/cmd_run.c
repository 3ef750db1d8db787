// SPDX-License-Identifier: GPL-2.0
/* Scripts, and what each of their lines costs, as memory_profiler prints it. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <refheap.h>

#include "cmd.h"
#include "heap.h"
#include "output.h"
#include "report.h"
#include "script.h"
#include "util.h"

#define MIB (1024.0 * 1024.0)
#define PRECISION_MAX 6

/* A line of a script, and the bytes of the heap before and after it. */
struct measure {
	char *text;
	bool executed;
	uint64_t before;
	uint64_t after;
};

struct profile {
	struct measure *lines;
	size_t count;
};

static int heap_bytes(struct context *context, uint64_t *bytes)
{
	struct refheap_heap_info info;
	struct refheap_ctl *control;
	uint32_t heap;
	int error, status = heap_inspect(context, &control, &heap);

	if (status)
		return status;
	error = refheap_heap_get(control, heap, &info);
	if (error)
		return report_error(context, error, "the heap");
	*bytes = info.bytes;
	return STATUS_OK;
}

static bool does_something(const char *line)
{
	while (isspace((unsigned char)*line))
		line++;
	return *line && *line != '#';
}

static struct measure *add_line(struct profile *profile, const char *text)
{
	struct measure *measure;

	profile->lines = xrealloc(profile->lines, profile->count + 1, sizeof(*profile->lines));
	measure = &profile->lines[profile->count++];
	*measure = (struct measure){ .text = xstrndup(text, strcspn(text, "\r\n")) };
	return measure;
}

/* Executes a line, which it changes, between two looks at the heap. */
static int measure_line(struct context *context, struct measure *measure, char *line)
{
	int status = heap_bytes(context, &measure->before), executed;

	if (status)
		return status;
	executed = script_line(context, line);
	fflush(stdout);
	measure->executed = true;
	status = heap_bytes(context, &measure->after);
	return executed ? executed : status;
}

static int measure_lines(struct context *context, FILE *file, bool keep_going,
			 struct profile *profile)
{
	cleanup_free char *line = NULL;
	struct measure *measure;
	int first = STATUS_OK, status;
	bool ended = false;
	size_t room = 0;

	context->line = 0;
	while (getline(&line, &room, file) >= 0) {
		context->line++;
		measure = add_line(profile, line);
		if (ended || context->leave || !does_something(line))
			continue;
		status = measure_line(context, measure, line);
		if (!first)
			first = status;
		ended = status && !keep_going;
	}
	return first;
}

static void print_mib(uint64_t bytes, bool negative, int precision)
{
	printf("%*.*f MiB", precision + 4, precision, (negative ? -1 : 1) * ((double)bytes / MIB));
}

/* In the columns of memory_profiler, whose heading is one wider than its numbers. */
static void print_measure(const struct measure *measure, size_t number, int precision)
{
	bool less = measure->after < measure->before;
	/* As wide as the heading, and wider with more digits. */
	int pad = precision > 4 ? 0 : 4 - precision;

	printf("%6zu ", number);
	if (measure->executed) {
		printf("%*s", pad, "");
		print_mib(measure->after, false, precision);
		printf(" %*s", pad, "");
		print_mib(less ? measure->before - measure->after :
				 measure->after - measure->before, less, precision);
		printf("  %10d   ", 1);
	} else {
		printf("%12s %12s  %10s   ", "", "", "");
	}
	puts(measure->text);
}

static void print_profile(const struct profile *profile, const char *path, int precision)
{
	int length;

	printf("Filename: %s\n\n", path);
	length = printf("%6s %12s %12s  %11s   %s\n", "Line #", "Mem usage", "Increment",
			"Occurrences", "Line Contents");
	while (--length > 0)
		putchar('=');
	putchar('\n');
	for (size_t i = 0; i < profile->count; i++)
		print_measure(&profile->lines[i], i + 1, precision);
}

static const struct column columns[] = {
	{ "line", "LINE", "of the script", COLUMN_NUMBER },
	{ "bytes", "BYTES", "of the heap after it", COLUMN_NUMBER },
	{ "increment", "INCREMENT", "against before it", COLUMN_NUMBER },
	{ "text", "TEXT", "the line itself", 0 },
};

static int list_profile(struct context *context, const struct profile *profile)
{
	struct listing *listing;
	int status;

	listing = listing_begin(context, columns, ARRAY_SIZE(columns), &status);
	if (!listing)
		return status;
	for (size_t i = 0; i < profile->count; i++) {
		const struct measure *measure = &profile->lines[i];
		const struct cell nothing = { .type = CELL_NOTHING };
		const struct cell increment = {
			.type = CELL_SIGNED,
			.integer = (int64_t)(measure->after - measure->before),
		};

		listing_row(listing, (struct cell[]){
			cell_number(i + 1),
			measure->executed ? cell_number(measure->after) : nothing,
			measure->executed ? increment : nothing,
			cell_text(measure->text),
		});
	}
	listing_end(listing);
	return STATUS_OK;
}

static void free_profile(struct profile *profile)
{
	for (size_t i = 0; i < profile->count; i++)
		free(profile->lines[i].text);
	free(profile->lines);
}

static int run_profile(struct context *context, const char *path, bool keep_going,
		       int precision)
{
	struct profile profile = { .lines = NULL };
	FILE *file = fopen(path, "re");
	int status, listed = STATUS_OK;

	if (!file)
		return report_usage(context, "cannot read '%s': %s", path, strerror(errno));
	context->source = path;
	status = measure_lines(context, file, keep_going, &profile);
	context->source = NULL;
	fclose(file);
	if (context->format.json || context->format.columns)
		listed = list_profile(context, &profile);
	else
		print_profile(&profile, path, precision);
	free_profile(&profile);
	return status ? status : listed;
}

static int run_run(struct context *context, struct arguments *arguments)
{
	bool keep_going = argument_option(arguments, "keep-going");
	bool profiled = argument_option(arguments, "profile");
	uint64_t precision = 1;
	struct refheap *session;
	int status;

	status = argument_number(context, arguments, "precision", &precision);
	if (!status && precision > PRECISION_MAX)
		status = report_usage(context, "--precision is at most %d", PRECISION_MAX);
	if (!status)
		status = heap_session(context, &session);
	if (status)
		return status;
	context->in_shell = true;
	script_name_lines(context, argument_option(arguments, "sites"));
	if (profiled)
		status = run_profile(context, arguments->words[0], keep_going, (int)precision);
	else
		status = script_run(context, arguments->words[0], keep_going);
	shell_drop_variables(context);
	context->in_shell = false;
	return status;
}

static const struct option_spec options[] = {
	{ "profile", 'p', NULL, "print what each line costs, after all of them" },
	{ "precision", 'P', "N", "with --profile: digits behind the point, 1 by default" },
	{ "sites", 's', NULL, "name each line to the kernel, for 'history' and 'trace'" },
	{ "keep-going", 'k', NULL, "go on after an error" },
	{ 0 },
};

const struct command run_command = {
	.name = "run",
	.synopsis = "FILE",
	.summary = "Execute a script, and print what each line costs",
	.details =
		"The heap's memory is measured before and after each line; what others do at the\n"
		"same time is in it, too.",
	.options = options,
	.minimum = 1,
	.maximum = 1,
	.flags = COMMAND_NOT_IN_SHELL,
	.run = run_run,
};
