// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <refheap.h>

#include "cmd.h"
#include "heap.h"
#include "output.h"
#include "report.h"
#include "util.h"

/* The collector that a command is about. */
struct collector {
	struct refheap_ctl *control;
	uint32_t heap;
	struct refheap_gc_info info;
};

static int open_collector(struct context *context, struct collector *collector)
{
	int error, status;

	status = heap_inspect(context, &collector->control, &collector->heap);
	if (status)
		return status;
	error = refheap_gc_get(collector->control, collector->heap, &collector->info);
	return error ? report_error(context, error, "cannot read the collector's state") :
		       STATUS_OK;
}

static int changed(struct context *context, int error)
{
	return error ? report_error(context, error, "cannot change the collector's settings") :
		       STATUS_OK;
}

/* Three figures, one of each generation, as Python's tuples. */
static void print_three(struct context *context, const char *key, const uint32_t *figures)
{
	struct json_object *document, *array;

	if (!context->format.json) {
		printf("(%" PRIu32 ", %" PRIu32 ", %" PRIu32 ")\n", figures[0], figures[1],
		       figures[2]);
		return;
	}
	document = json_object_new_object();
	array = json_object_new_array();
	for (size_t i = 0; i < REFHEAP_GENERATIONS; i++)
		json_object_array_add(array, json_object_new_int64(figures[i]));
	json_object_object_add(document, key, array);
	output_json(context, document);
}

static int run_count(struct context *context, struct arguments *arguments)
{
	uint32_t counts[REFHEAP_GENERATIONS];
	struct collector collector;
	int status = open_collector(context, &collector);

	(void)arguments;
	if (status)
		return status;
	for (size_t i = 0; i < REFHEAP_GENERATIONS; i++)
		counts[i] = collector.info.generation[i].count;
	print_three(context, "count", counts);
	return STATUS_OK;
}

const struct command gc_count_command = {
	.name = "count",
	.synopsis = "",
	.summary = "Print the counts of the three generations",
	.run = run_count,
};

static int parse_thresholds(struct context *context, const struct arguments *arguments,
			    uint32_t *thresholds)
{
	for (int i = 0; i < arguments->count; i++) {
		uint64_t number;

		if (!parse_number(arguments->words[i], &number) || number > UINT32_MAX)
			return report_usage(context, "'%s' is not a threshold",
					    arguments->words[i]);
		thresholds[i] = (uint32_t)number;
	}
	return STATUS_OK;
}

static int run_threshold(struct context *context, struct arguments *arguments)
{
	uint32_t thresholds[REFHEAP_GENERATIONS];
	uint32_t asked[REFHEAP_GENERATIONS];
	struct collector collector;
	int status;

	if (parse_thresholds(context, arguments, asked))
		return STATUS_USAGE;
	status = open_collector(context, &collector);
	if (status)
		return status;
	for (int i = 0; i < REFHEAP_GENERATIONS; i++)
		thresholds[i] = i < arguments->count ? asked[i] :
						       collector.info.generation[i].threshold;
	if (arguments->count) {
		status = changed(context,
				 refheap_gc_set_thresholds(collector.control, collector.heap, asked,
							   (size_t)arguments->count));
		if (status || !context->format.json)
			return status;
	}
	print_three(context, "threshold", thresholds);
	return STATUS_OK;
}

const struct command gc_threshold_command = {
	.name = "threshold",
	.synopsis = "[N [N [N]]]",
	.summary = "Print or set the thresholds of the three generations",
	.details = "A first threshold of 0 turns automatic collections off.",
	.maximum = 3,
	.run = run_threshold,
};

static int print_enabled(struct context *context, bool enabled)
{
	if (context->format.json)
		puts(enabled ? "{\"enabled\":true}" : "{\"enabled\":false}");
	return STATUS_OK;
}

static int run_enable(struct context *context, struct arguments *arguments)
{
	struct collector collector;
	int status = open_collector(context, &collector);

	(void)arguments;
	if (!status)
		status = changed(context, refheap_gc_enable(collector.control, collector.heap));
	return status ? status : print_enabled(context, true);
}

const struct command gc_enable_command = {
	.name = "enable",
	.synopsis = "",
	.summary = "Turn automatic collections on",
	.run = run_enable,
};

static int run_disable(struct context *context, struct arguments *arguments)
{
	struct collector collector;
	int status = open_collector(context, &collector);

	(void)arguments;
	if (!status)
		status = changed(context, refheap_gc_disable(collector.control, collector.heap));
	return status ? status : print_enabled(context, false);
}

const struct command gc_disable_command = {
	.name = "disable",
	.synopsis = "",
	.summary = "Turn automatic collections off",
	.run = run_disable,
};

static int run_is_enabled(struct context *context, struct arguments *arguments)
{
	struct collector collector;
	int status = open_collector(context, &collector);

	(void)arguments;
	if (status)
		return status;
	if (!context->format.json)
		puts(collector.info.enabled ? "True" : "False");
	return print_enabled(context, collector.info.enabled);
}

const struct command gc_is_enabled_command = {
	.name = "is-enabled",
	.synopsis = "",
	.summary = "Whether automatic collections are on",
	.run = run_is_enabled,
};

static void print_period(struct context *context, uint64_t period, uint32_t generation)
{
	struct json_object *document;

	if (!context->format.json) {
		if (period)
			printf("every %" PRIu64 " ms, generation %" PRIu32 "\n", period, generation);
		else
			puts("off");
		return;
	}
	document = json_object_new_object();
	json_object_object_add(document, "period_ms", json_object_new_uint64(period));
	json_object_object_add(document, "generation", json_object_new_int64(generation));
	output_json(context, document);
}

static int parse_period(struct context *context, const struct arguments *arguments,
			uint64_t *period, uint64_t *generation)
{
	const char *word = arguments->count ? arguments->words[0] : "off";

	if (!arguments->count && argument_option(arguments, "generation"))
		return report_usage(context, "--generation needs a period");
	if (strcmp(word, "off") && !parse_number(word, period))
		return report_usage(context, "'%s' is neither milliseconds nor 'off'", word);
	if (argument_number(context, arguments, "generation", generation))
		return STATUS_USAGE;
	if (*generation > 2)
		return report_usage(context, "there is no generation '%" PRIu64 "': it is 0, 1 or 2",
				    *generation);
	return STATUS_OK;
}

static int set_period(struct context *context, const struct collector *collector,
		      uint64_t period, uint32_t generation)
{
	int error = refheap_gc_set_period(collector->control, collector->heap, period, generation);

	if (error == -ERANGE)
		return report_refused(context, error,
				      "a timer collects every 10 ms at most and once a day at least");
	return changed(context, error);
}

static int run_period(struct context *context, struct arguments *arguments)
{
	uint64_t period = 0, generation = 2;
	struct collector collector;
	int status;

	if (parse_period(context, arguments, &period, &generation))
		return STATUS_USAGE;
	status = open_collector(context, &collector);
	if (status)
		return status;
	if (arguments->count) {
		status = set_period(context, &collector, period, (uint32_t)generation);
		if (status || !context->format.json)
			return status;
	} else {
		period = collector.info.period_ms;
		generation = collector.info.period_generation;
	}
	print_period(context, period, (uint32_t)generation);
	return STATUS_OK;
}

static const struct option_spec period_options[] = {
	{ "generation", 'g', "GENERATION", "collect that one and all younger ones (2)" },
	{ 0 },
};

const struct command gc_period_command = {
	.name = "period",
	.synopsis = "[MS]",
	.summary = "Print or set how often a timer collects, in milliseconds; or 'off'",
	.details = "The timer runs whether automatic collections are on or not.",
	.options = period_options,
	.maximum = 1,
	.run = run_period,
};

static const struct {
	const char *name;
	uint32_t flag;
} debug_flags[] = {
	{ "LEAK", REFHEAP_DEBUG_LEAK },
	{ "STATS", REFHEAP_DEBUG_STATS },
	{ "COLLECTABLE", REFHEAP_DEBUG_COLLECTABLE },
	{ "UNCOLLECTABLE", REFHEAP_DEBUG_UNCOLLECTABLE },
	{ "SAVEALL", REFHEAP_DEBUG_SAVEALL },
};

/* "STATS, SAVEALL"; "none" */
static void format_debug(uint32_t debug, struct text *text)
{
	text_add(text, "", 0);
	for (size_t i = 0; i < ARRAY_SIZE(debug_flags); i++) {
		if ((debug & debug_flags[i].flag) != debug_flags[i].flag)
			continue;
		debug &= ~debug_flags[i].flag;
		if (text->length)
			text_add_string(text, ", ");
		text_add_string(text, debug_flags[i].name);
	}
}

static bool find_debug(const char *word, uint32_t *debug)
{
	uint64_t number;

	if (!strncasecmp(word, "DEBUG_", strlen("DEBUG_")))
		word += strlen("DEBUG_");
	for (size_t i = 0; i < ARRAY_SIZE(debug_flags); i++) {
		if (!strcasecmp(word, debug_flags[i].name)) {
			*debug |= debug_flags[i].flag;
			return true;
		}
	}
	if (!strcasecmp(word, "none"))
		return true;
	if (!parse_number(word, &number) || number > UINT32_MAX)
		return false;
	*debug |= (uint32_t)number;
	return true;
}

static void print_debug(struct context *context, uint32_t debug)
{
	static const struct column columns[] = {
		{ "debug", "DEBUG", "the number, as Python has it", 0 },
		{ "flags", "FLAGS", "the names", 0 },
	};
	cleanup_text struct text names = { 0 };

	format_debug(debug, &names);
	if (context->format.json)
		output_record(context, columns, ARRAY_SIZE(columns), (struct cell[]){
			cell_number(debug), cell_words(names.data) });
	else
		puts(names.length ? names.data : "none");
}

static int run_debug(struct context *context, struct arguments *arguments)
{
	struct collector collector;
	uint32_t debug = 0;
	int status;

	for (int i = 0; i < arguments->count; i++) {
		if (!find_debug(arguments->words[i], &debug))
			return report_usage(context, "there is no debug flag '%s'",
					    arguments->words[i]);
	}
	status = open_collector(context, &collector);
	if (status)
		return status;
	if (!arguments->count) {
		print_debug(context, collector.info.debug);
		return STATUS_OK;
	}
	status = changed(context, refheap_gc_set_debug(collector.control, collector.heap, debug));
	if (!status && context->format.json)
		print_debug(context, debug);
	return status;
}

const struct command gc_debug_command = {
	.name = "debug",
	.synopsis = "[FLAG]...",
	.summary = "Print or set the debug flags",
	.details = "FLAG is STATS, COLLECTABLE, UNCOLLECTABLE, SAVEALL, LEAK, none, or a number.",
	.maximum = -1,
	.run = run_debug,
};

static const struct column stats_columns[] = {
	{ "generation", "GENERATION", "0, 1 or 2", COLUMN_NUMBER },
	{ "collections", "COLLECTIONS", "how often it was collected", COLUMN_NUMBER },
	{ "collected", "COLLECTED", "objects freed by that", COLUMN_NUMBER },
	{ "uncollectable", "UNCOLLECTABLE", "objects that could not be freed", COLUMN_NUMBER },
	{ "objects", "OBJECTS", "tracked objects in it", COLUMN_NUMBER },
	{ "count", "COUNT", "its count", COLUMN_NUMBER },
	{ "threshold", "THRESHOLD", "the count at which it is collected", COLUMN_NUMBER },
};

static int run_stats(struct context *context, struct arguments *arguments)
{
	struct collector collector;
	struct listing *listing;
	int status = open_collector(context, &collector);

	(void)arguments;
	if (status)
		return status;
	listing = listing_begin(context, stats_columns, ARRAY_SIZE(stats_columns), &status);
	if (!listing)
		return status;
	for (size_t i = 0; i < REFHEAP_GENERATIONS; i++) {
		const struct refheap_generation *generation = &collector.info.generation[i];

		listing_row(listing, (struct cell[]){
			cell_number(i),
			cell_number(generation->collections),
			cell_number(generation->collected),
			cell_number(generation->uncollectable),
			cell_number(generation->objects),
			cell_number(generation->count),
			cell_number(generation->threshold),
		});
	}
	listing_end(listing);
	return STATUS_OK;
}

const struct command gc_stats_command = {
	.name = "stats",
	.synopsis = "",
	.summary = "Print what was collected, by generation",
	.run = run_stats,
};

static const struct column show_columns[] = {
	{ "enabled", "ENABLED", "whether automatic collections are on", 0 },
	{ "debug", "DEBUG", "the debug flags", 0 },
	{ "collecting", "COLLECTING", "whether a collection runs now", 0 },
	{ "frozen", "FROZEN", "objects in the permanent generation", COLUMN_NUMBER },
	{ "garbage", "GARBAGE", "objects in garbage", COLUMN_NUMBER },
	{ "long_lived_pending", "PENDING", "survivors waiting for a full collection", COLUMN_NUMBER },
	{ "long_lived_total", "TOTAL", "survivors of the last full collection", COLUMN_NUMBER },
	{ "duration_ns", "DURATION", "time of the last full collection", COLUMN_NUMBER },
	{ "longest_hold_ns", "HOLD", "longest time that it kept others waiting", COLUMN_NUMBER },
	{ "period_ms", "PERIOD", "milliseconds between collections on a timer, 0 for none",
	  COLUMN_NUMBER },
	{ "period_generation", "PERIOD_GENERATION", "what the timer collects", COLUMN_NUMBER },
	{ "finalizers_pending", "FINALIZERS_PENDING", "finalizers that have not ended",
	  COLUMN_NUMBER },
	{ "finalized", "FINALIZED", "finalizers ever handed out", COLUMN_NUMBER },
	{ "skipped", "SKIPPED", "finalizers that nobody was there for", COLUMN_NUMBER },
};

static int run_show(struct context *context, struct arguments *arguments)
{
	const struct refheap_gc_info *info;
	cleanup_text struct text debug = { 0 };
	struct collector collector;
	int status = open_collector(context, &collector);

	(void)arguments;
	if (status)
		return status;
	info = &collector.info;
	format_debug(info->debug, &debug);
	return output_record(context, show_columns, ARRAY_SIZE(show_columns), (struct cell[]){
		cell_flag(info->enabled),
		cell_words(debug.data),
		cell_flag(info->collecting),
		cell_number(info->frozen),
		cell_number(info->garbage),
		cell_number(info->long_lived_pending),
		cell_number(info->long_lived_total),
		cell_number(info->duration_ns),
		cell_number(info->longest_hold_ns),
		cell_number(info->period_ms),
		cell_number(info->period_generation),
		cell_number(info->pending),
		cell_number(info->finalized),
		cell_number(info->skipped),
	});
}

const struct command gc_show_command = {
	.name = "show",
	.synopsis = "",
	.summary = "Print the collector's state",
	.run = run_show,
};
