// SPDX-License-Identifier: GPL-2.0
/* What Python does, and what the heap does, side by side. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "interrupt.h"
#include "output.h"
#include "report.h"
#include "tour.h"
#include "tour_print.h"
#include "tour_run.h"
#include "util.h"

/**
 * struct guide - who leads through the tour
 * @list: of steps in JSON, or NULL
 * @asks: waits for a key after each step
 * @chapter: goes on to the end of this chapter without waiting
 * @leave: it is enough
 * @steps: that were gone through
 * @same: values that were the same
 * @meant: that differed as they should
 * @wrong: rows that are not as they should be
 */
struct guide {
	struct context *context;
	struct json_object *list;
	bool asks;
	const struct tour_chapter *chapter;
	bool leave;
	size_t steps;
	size_t same;
	size_t meant;
	size_t wrong;
};

static void count_row(struct guide *guide, const struct tour_row *row, bool agrees)
{
	if (!agrees)
		guide->wrong++;
	else if (row->pattern)
		guide->meant++;
	else if (row->value)
		guide->same++;
}

static struct json_object *json_lines(const struct tour_lines *lines, size_t skip)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < lines->count; i++)
		json_object_array_add(list, json_object_new_string(lines->list[i] + skip));
	return list;
}

static void add_string(struct json_object *json, const char *key, const char *text)
{
	json_object_object_add(json, key, text ? json_object_new_string(text) : NULL);
}

static struct json_object *json_row(const struct tour_row *row, const struct tour_result *result)
{
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "python", json_lines(&row->python, 0));
	json_object_object_add(json, "refheap", json_lines(&row->shell, 1));
	add_string(json, "python_value", row->value);
	add_string(json, "refheap_value", result->printed);
	add_string(json, "expected", row->pattern ? row->pattern : row->value);
	add_string(json, "because", row->because);
	json_object_object_add(json, "agrees", json_object_new_boolean(result->agrees));
	return json;
}

static void go_through_row(struct guide *guide, struct tour_run *run, const struct tour_row *row,
			   struct json_object *rows)
{
	bool failed;
	cleanup_free char *printed = tour_run_row(run, row, &failed);
	const struct tour_result result = {
		.printed = printed,
		.agrees = !failed && tour_row_agrees(row, printed),
	};

	count_row(guide, row, result.agrees);
	if (rows)
		json_object_array_add(rows, json_row(row, &result));
	else
		tour_print_row(guide->context, row, &result);
}

static struct json_object *json_step(const struct tour_chapter *chapter,
				     const struct tour_step *step, struct json_object *rows)
{
	struct json_object *json = json_object_new_object();

	add_string(json, "chapter", chapter->word);
	add_string(json, "step", step->title);
	json_object_object_add(json, "text", json_lines(&step->text, 0));
	json_object_object_add(json, "rows", rows);
	return json;
}

static int go_through_step(struct guide *guide, const struct tour_chapter *chapter,
			   const struct tour_step *step)
{
	struct json_object *rows = guide->list ? json_object_new_array() : NULL;
	struct tour_run *run = NULL;
	int status = tour_run_begin(guide->context, step, &run);

	if (!status && !rows)
		tour_print_step(guide->context, step);
	for (size_t i = 0; !status && i < step->count && !interrupted(); i++)
		go_through_row(guide, run, &step->rows[i], rows);
	tour_run_end(run);
	guide->steps++;
	if (rows && !status)
		json_object_array_add(guide->list, json_step(chapter, step, rows));
	else
		json_object_put(rows);
	return status;
}

/* Between two steps, on a terminal. */
static void ask(struct guide *guide, const struct tour_chapter *chapter)
{
	cleanup_free char *line = NULL;
	size_t room = 0;

	if (!guide->asks || guide->chapter == chapter)
		return;
	fputs("\nEnter: the next step, c: the rest of the chapter, a: all, q: leave ", stdout);
	fflush(stdout);
	if (getline(&line, &room, stdin) < 0 || *line == 'q' || interrupted()) {
		putchar('\n');
		guide->leave = true;
	} else if (*line == 'c') {
		guide->chapter = chapter;
	} else if (*line == 'a') {
		guide->asks = false;
	}
}

static int go_through_chapter(struct guide *guide, const struct tour *tour, size_t number,
			      size_t only)
{
	const struct tour_chapter *chapter = &tour->chapters[number];
	bool last = number + 1 == tour->count;
	int status = STATUS_OK;

	if (!guide->list)
		tour_print_chapter(guide->context, chapter, number + 1);
	for (size_t i = 0; !status && i < chapter->count && !guide->leave && !interrupted(); i++) {
		if (only && i + 1 != only)
			continue;
		status = go_through_step(guide, chapter, &chapter->steps[i]);
		if (!status && !only && !(last && i + 1 == chapter->count))
			ask(guide, chapter);
	}
	return status;
}

static int conclude(struct guide *guide)
{
	if (guide->list) {
		output_json(guide->context, guide->list);
	} else {
		printf("\nSteps: %zu. Values: %zu, of them %zu the same and %zu different as meant. "
		       "Wrong: %zu.\n", guide->steps, guide->same + guide->meant + guide->wrong,
		       guide->same, guide->meant, guide->wrong);
	}
	if (interrupted())
		return report_refused(guide->context, EINTR, "the tour was interrupted");
	return guide->wrong ? STATUS_REFUSED : STATUS_OK;
}

static int go_through(struct guide *guide, const struct tour *tour, size_t chapter, size_t step)
{
	bool caught = interrupt_catch();
	int status = STATUS_OK;

	for (size_t i = 0; !status && i < tour->count && !guide->leave && !interrupted(); i++) {
		if (!chapter || i + 1 == chapter)
			status = go_through_chapter(guide, tour, i, step);
	}
	if (!status)
		status = conclude(guide);
	else
		json_object_put(guide->list);
	if (!caught)
		interrupt_release();
	return status;
}

static const struct column columns[] = {
	{ "number", "NR", "of the chapter", COLUMN_NUMBER },
	{ "chapter", "CHAPTER", "its word", COLUMN_NAME },
	{ "steps", "STEPS", "in it", COLUMN_NUMBER },
	{ "values", "VALUES", "that are compared", COLUMN_NUMBER },
	{ "meant", "MEANT", "of them: differences that are meant", COLUMN_NUMBER },
	{ "title", "TITLE", "what it is about", 0 },
};

static size_t count_values(const struct tour_chapter *chapter, bool meant)
{
	size_t count = 0;

	for (size_t i = 0; i < chapter->count; i++) {
		for (size_t j = 0; j < chapter->steps[i].count; j++) {
			const struct tour_row *row = &chapter->steps[i].rows[j];

			count += meant ? !!row->pattern : !!row->value;
		}
	}
	return count;
}

static int list_chapters(struct context *context, const struct tour *tour)
{
	struct listing *listing;
	int status;

	listing = listing_begin(context, columns, ARRAY_SIZE(columns), &status);
	if (!listing)
		return status;
	for (size_t i = 0; i < tour->count; i++) {
		const struct tour_chapter *chapter = &tour->chapters[i];

		listing_row(listing, (struct cell[]){
			cell_number(i + 1),
			cell_text(chapter->word),
			cell_number(chapter->count),
			cell_number(count_values(chapter, false)),
			cell_number(count_values(chapter, true)),
			cell_text(chapter->title),
		});
	}
	listing_end(listing);
	return STATUS_OK;
}

/* By word or number. */
static int find_chapter(struct context *context, const struct tour *tour, const char *word,
			size_t *chapter)
{
	uint64_t number;

	for (size_t i = 0; i < tour->count; i++) {
		if (!strcmp(tour->chapters[i].word, word)) {
			*chapter = i + 1;
			return STATUS_OK;
		}
	}
	if (!parse_number(word, &number) || !number || number > tour->count)
		return report_usage(context, "there is no chapter '%s'; --list lists them", word);
	*chapter = (size_t)number;
	return STATUS_OK;
}

static int choose(struct context *context, const struct arguments *arguments,
		  const struct tour *tour, size_t *chapter, size_t *step)
{
	uint64_t number;
	int status;

	*chapter = *step = 0;
	if (!arguments->count)
		return STATUS_OK;
	status = find_chapter(context, tour, arguments->words[0], chapter);
	if (status || arguments->count < 2)
		return status;
	if (!parse_number(arguments->words[1], &number) || !number ||
	    number > tour->chapters[*chapter - 1].count)
		return report_usage(context, "the chapter has steps 1 to %zu, not '%s'",
				    tour->chapters[*chapter - 1].count, arguments->words[1]);
	*step = (size_t)number;
	return STATUS_OK;
}

static int run_tour(struct context *context, struct arguments *arguments)
{
	bool list = argument_option(arguments, "list");
	struct guide guide = { .context = context };
	size_t chapter, step;
	struct tour tour;
	int status;

	tour_read(&tour);
	status = choose(context, arguments, &tour, &chapter, &step);
	if (!status && list) {
		status = list_chapters(context, &tour);
	} else if (!status) {
		guide.list = context->format.json ? json_object_new_array() : NULL;
		guide.asks = !guide.list && !argument_option(arguments, "all") &&
			     isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
		status = go_through(&guide, &tour, chapter, step);
	}
	tour_free(&tour);
	return status;
}

static const struct option_spec options[] = {
	{ "list", 'l', NULL, "list the chapters" },
	{ "all", 'a', NULL, "on a terminal: do not wait after each step" },
	{ 0 },
};

const struct command tour_command = {
	.name = "tour",
	.synopsis = "[CHAPTER [STEP]]",
	.summary = "Show Python's memory management beside this one, step by step",
	.details =
		"Each step is executed in a heap of its own, which is removed afterwards. What is\n"
		"printed is compared with what Python 3.11 prints for its lines.",
	.options = options,
	.maximum = 2,
	.flags = COMMAND_NOT_IN_SHELL,
	.run = run_tour,
};
