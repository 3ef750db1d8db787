// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <refheap.h>

#include "clock.h"
#include "cmd.h"
#include "cmd_top.h"
#include "heap.h"
#include "interrupt.h"
#include "output.h"
#include "report.h"
#include "util.h"

#define SHORTEST	0.05	/* seconds between two looks */
#define LONGEST		86400.0

/* What the options ask for. */
struct wishes {
	bool batch;
	uint64_t count;
	uint64_t rows;
	double delay;
};

static void fill_cells(const struct top *top, size_t row, struct cell *cells)
{
	const struct top_layout *layout = &top_layouts[top->view];

	for (size_t column = 0; column < layout->count; column++)
		cells[column] = top_cell(&top->rows[row], layout->forms[column], column);
}

static void print_head(const struct top *top)
{
	const struct top_layout *layout = &top_layouts[top->view];
	const char *rows = plural(top->total, layout->one, layout->name);
	char time[CLOCK_TEXT];

	clock_format(top->looked_ns, time);
	if (top->view == TOP_HEAPS)
		printf("%s %" PRIu64 " %s\n", time, top->total, rows);
	else
		printf("%s %" PRIu64 " %s of %s: %" PRIu64 " %s, %" PRIu64 " bytes, %" PRIu32
		       " %s\n", time, top->total, rows, top->heap_name, top->info.objects,
		       plural(top->info.objects, "object", "objects"), top->info.bytes,
		       top->info.sessions, plural(top->info.sessions, "session", "sessions"));
}

/* *@end: the columns were only to be listed. */
static int print_text(const struct top *top, uint64_t limit, bool *end)
{
	const struct top_layout *layout = &top_layouts[top->view];
	struct cell cells[TOP_NUMBERS + 1];
	struct listing *listing;
	int status;

	listing = listing_begin(top->context, layout->columns, layout->count, &status);
	*end = !listing;
	if (!listing)
		return status;
	print_head(top);
	for (size_t i = 0; i < top->count && i < limit; i++) {
		fill_cells(top, i, cells);
		listing_row(listing, cells);
	}
	listing_end(listing);
	if (top->note)
		puts(top->note);
	return STATUS_OK;
}

static void add_number(struct json_object *document, const char *key, uint64_t number)
{
	json_object_object_add(document, key, json_object_new_uint64(number));
}

static void print_json(const struct top *top, uint64_t limit)
{
	const struct top_layout *layout = &top_layouts[top->view];
	struct json_object *document = json_object_new_object();
	struct json_object *rows = json_object_new_array();
	struct cell cells[TOP_NUMBERS + 1];

	add_number(document, "time_ns", top->looked_ns);
	json_object_object_add(document, "view", json_object_new_string(layout->name));
	if (top->view != TOP_HEAPS) {
		json_object_object_add(document, "heap", json_object_new_string(top->heap_name));
		add_number(document, "objects", top->info.objects);
		add_number(document, "bytes", top->info.bytes);
		add_number(document, "sessions", top->info.sessions);
	}
	add_number(document, "total", top->total);
	for (size_t i = 0; i < top->count && i < limit; i++) {
		struct json_object *row = json_object_new_object();

		fill_cells(top, i, cells);
		for (size_t column = 0; column < layout->count; column++)
			json_object_object_add(row, layout->columns[column].name,
					       cell_json(&cells[column]));
		json_object_array_add(rows, row);
	}
	json_object_object_add(document, "rows", rows);
	output_json(top->context, document);
}

/* What is not there is an error here, where nobody can look elsewhere. */
static int look(struct top *top)
{
	int error = top_look(top);
	/* Before it was looked for, or while it was read. */
	bool removed = error ? error == -ENOENT || error == -EIDRM : !*top->heap_name;

	if (removed && top->view != TOP_HEAPS)
		return report_refused(top->context, ENOENT, "the heap has been removed");
	if (error)
		return report_error(top->context, error, "cannot read the %s",
				    top_layouts[top->view].name);
	return STATUS_OK;
}

static int run_batch(struct top *top, const struct wishes *wishes)
{
	bool end = false;
	int status = STATUS_OK;

	for (uint64_t n = 1; !interrupted() && !ferror(stdout); n++) {
		status = look(top);
		if (!status && top->context->format.json)
			print_json(top, wishes->rows);
		else if (!status)
			status = print_text(top, wishes->rows, &end);
		fflush(stdout);
		if (status || end || n == wishes->count)
			break;
		interrupt_wait(-1, (int)(wishes->delay * 1000));
	}
	return status;
}

static int find_view(struct context *context, const char *word, enum top_view *view)
{
	for (size_t i = 0; i < TOP_VIEWS; i++) {
		if (strcmp(word, top_layouts[i].name))
			continue;
		*view = (enum top_view)i;
		return STATUS_OK;
	}
	return report_usage(context, "there is no view '%s': there are heaps, types, sites, "
			    "generations, sessions", word);
}

static int find_column(struct top *top, const char *word)
{
	const struct top_layout *layout = &top_layouts[top->view];
	bool reverse = *word == '-';

	for (size_t i = 0; i < layout->count; i++) {
		if (strcmp(word + reverse, layout->columns[i].name))
			continue;
		top->sort[top->view] = i;
		top->reverse[top->view] = reverse;
		return STATUS_OK;
	}
	return report_usage(top->context, "%s have no column '%s'; --columns help lists them",
			    layout->name, word + reverse);
}

static int parse_delay(struct context *context, const char *word, double *delay)
{
	char *end;

	*delay = strtod(word, &end);
	if (end == word || *end || !(*delay >= SHORTEST && *delay <= LONGEST))
		return report_usage(context, "--delay needs %g to %g seconds, not '%s'", SHORTEST,
				    LONGEST, word);
	return STATUS_OK;
}

static int choose(struct top *top, const struct arguments *arguments, struct wishes *wishes)
{
	struct context *context = top->context;
	const char *view = argument_option(arguments, "view");
	const char *sort = argument_option(arguments, "sort");
	const char *filter = argument_option(arguments, "filter");
	const char *delay = argument_option(arguments, "delay");
	int status = STATUS_OK;

	wishes->batch = argument_option(arguments, "batch") || context->format.json;
	top->view = context->heap_default ? TOP_HEAPS : TOP_TYPES;
	for (size_t i = 0; i < TOP_VIEWS; i++)
		top->sort[i] = top_layouts[i].sort;
	if (view)
		status = find_view(context, view, &top->view);
	if (!status && sort)
		status = find_column(top, sort);
	if (!status && delay)
		status = parse_delay(context, delay, &wishes->delay);
	if (!status && filter && strlen(filter) >= sizeof(top->filter))
		status = report_usage(context, "--filter takes at most %zu bytes",
				      sizeof(top->filter) - 1);
	if (filter)
		top_show_only(top, filter);
	if (!status)
		status = argument_number(context, arguments, "count", &wishes->count);
	return status ? status : argument_number(context, arguments, "rows", &wishes->rows);
}

/* A heap is only looked for, never made. */
static int find_heap(struct top *top, bool needed)
{
	struct context *context = top->context;
	uint32_t owner = context->heap_default ? REFHEAP_OWNER_SELF : context->heap_owner;
	char name[REFHEAP_NAME_MAX];
	uint32_t heap;
	int error, status;

	status = heap_control(context, &top->control);
	if (status)
		return status;
	if (context->heap_default)
		refheap_default_name(owner, name);
	else
		snprintf(name, sizeof(name), "%s", context->heap_name);
	error = refheap_heap_find(top->control, name, owner, &heap);
	if (!error)
		top_choose(top, heap, name, owner);
	else if (needed)
		return report_refused(context, error, "there is no heap '%s'", name);
	return STATUS_OK;
}

static int run_top(struct context *context, struct arguments *arguments)
{
	struct wishes wishes = { .rows = UINT64_MAX, .delay = 2 };
	struct top top = { .context = context };
	bool caught;
	int status;

	status = choose(&top, arguments, &wishes);
	if (!status && !wishes.batch && !(isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)))
		status = report_usage(context, "top needs a terminal; --batch prints");
	if (!status)
		status = find_heap(&top, !context->heap_default ||
				   (wishes.batch && top.view != TOP_HEAPS));
	if (status)
		return status;
	caught = interrupt_catch();
	status = wishes.batch ? run_batch(&top, &wishes) :
				top_screen(&top, wishes.delay, wishes.count);
	if (!caught)
		interrupt_release();
	top_free(&top);
	return status;
}

static const struct option_spec options[] = {
	{ "view", 'v', "VIEW", "heaps, types, sites, generations or sessions" },
	{ "sort", 's', "COLUMN", "by that column; with - in front the other way round" },
	{ "filter", 'f', "TEXT", "only rows with that text in their name" },
	{ "delay", 'd', "SECONDS", "between two looks (2)" },
	{ "count", 'n', "N", "end after so many looks" },
	{ "batch", 'b', NULL, "print each look; as --json does, a document a line" },
	{ "rows", 'r', "N", "with --batch: so many rows of each" },
	{ 0 },
};

const struct command top_command = {
	.name = "top",
	.synopsis = "",
	.summary = "Watch heaps, types, sites, generations and sessions, live",
	.details =
		"Changes nothing. Keys: Tab or 1 to 5 another view, < and > another column to sort\n"
		"by, r reverse, Space pause, / filter, d delay, Enter choose a heap, ? all keys,\n"
		"q quit. Only the 1000 rows that sort first are kept.",
	.options = options,
	.run = run_top,
};
