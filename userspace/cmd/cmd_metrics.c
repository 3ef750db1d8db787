// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "cmd_metrics.h"
#include "heap.h"
#include "output.h"
#include "report.h"
#include "util.h"

#define TYPES_USUAL 10

static int choose_format(struct context *context, const char *word, enum metrics_format *format)
{
	if (!word || !strcmp(word, "openmetrics"))
		*format = METRICS_OPENMETRICS;
	else if (!strcmp(word, "prometheus"))
		*format = METRICS_PROMETHEUS;
	else
		return report_usage(context, "--format is openmetrics or prometheus, not '%s'",
				    word);
	return STATUS_OK;
}

static int choose(struct context *context, const struct arguments *arguments,
		  struct metrics_choice *choice, enum metrics_format *format)
{
	int status;

	*choice = (struct metrics_choice){
		.name = context->heap_default ? NULL : context->heap_name,
		.owner = context->heap_default ? REFHEAP_OWNER_SELF : context->heap_owner,
		.types = TYPES_USUAL,
	};
	status = argument_number(context, arguments, "types", &choice->types);
	if (!status && choice->types > METRICS_TYPES_MAX)
		status = report_usage(context, "--types is %d at most", METRICS_TYPES_MAX);
	if (!status)
		status = choose_format(context, argument_option(arguments, "format"), format);
	if (status || argument_option(arguments, "listen"))
		return status;
	if (argument_option(arguments, "public"))
		return report_usage(context, "--public is for --listen");
	return STATUS_OK;
}

static int print_once(struct context *context, const struct metrics_choice *choice,
		      enum metrics_format format)
{
	struct metrics metrics;
	int error = metrics_gather(choice, &metrics);

	if (error == -ENOENT && choice->name)
		return report_refused(context, error, "there is no heap '%s'", choice->name);
	if (error)
		return report_error(context, error, "cannot get the figures");
	if (context->format.json)
		output_json(context, metrics_json(&metrics));
	else
		metrics_write(stdout, &metrics, format);
	metrics_free(&metrics);
	return STATUS_OK;
}

static int run_metrics(struct context *context, struct arguments *arguments)
{
	const char *listen = argument_option(arguments, "listen");
	enum metrics_format format = METRICS_OPENMETRICS;
	struct metrics_choice choice;
	struct refheap_ctl *control;
	int status;

	status = choose(context, arguments, &choice, &format);
	if (!status && listen && argument_option(arguments, "format"))
		status = report_usage(context, "with --listen each client chooses the format");
	/* Says whether the module is there, in the words of all commands. */
	if (!status)
		status = heap_control(context, &control);
	if (status)
		return status;
	if (listen)
		return metrics_serve(context, &choice, listen,
				     argument_option(arguments, "public"));
	return print_once(context, &choice, format);
}

static const struct option_spec options[] = {
	{ "types", 't', "N", "the N types of each heap with the most bytes (10)" },
	{ "format", 'f', "FORMAT", "openmetrics, or the older prometheus (openmetrics)" },
	{ "listen", 'l', "[ADDRESS:]PORT", "answer GET /metrics there, on loopback; 0: any port" },
	{ "public", 0, NULL, "with --listen: addresses that others can reach, too" },
	{ 0 },
};

const struct command metrics_command = {
	.name = "metrics",
	.synopsis = "",
	.summary = "Print the figures of all heaps that one may read, for Prometheus",
	.details =
		"As text of OpenMetrics 1.0. With --heap before the command, only of that heap.\n"
		"With --listen it prints the URL and answers until Ctrl-C or SIGTERM.",
	.options = options,
	.run = run_metrics,
};
