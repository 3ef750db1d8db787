// SPDX-License-Identifier: GPL-2.0
/* Snapshots of tracing: written, read, added up, compared, printed. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <refheap.h>

#include "cmd_trace.h"
#include "heap.h"
#include "output.h"
#include "report.h"
#include "util.h"

#define FILTERS_MAX 64

#define cleanup_snapshot __attribute__((cleanup(free_snapshot)))

static void free_snapshot(struct refheap_snapshot **snapshot)
{
	refheap_snapshot_free(*snapshot);
}

/* The filters of one option: PATTERN or PATTERN:LINE, with commas between. */
static bool parse_filters(char *list, struct refheap_trace_filter kind,
			  struct refheap_trace_filter *filters, size_t *count)
{
	char *save, *word, *colon;
	uint64_t line;

	for (word = strtok_r(list, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		if (*count == FILTERS_MAX)
			return false;
		colon = strrchr(word, ':');
		if (!colon || !parse_number(colon + 1, &line) || line > UINT32_MAX)
			line = 0;
		else
			*colon = '\0';
		filters[*count] = kind;
		filters[*count].pattern = word;
		filters[(*count)++].line = (uint32_t)line;
	}
	return true;
}

static int filter(struct context *context, const struct arguments *arguments,
		  struct refheap_snapshot *snapshot)
{
	const char *include = argument_option(arguments, "include");
	const char *exclude = argument_option(arguments, "exclude");
	cleanup_free char *included = xstrdup(include ? include : "");
	cleanup_free char *excluded = xstrdup(exclude ? exclude : "");
	struct refheap_trace_filter filters[FILTERS_MAX];
	struct refheap_trace_filter kind = {
		.all_frames = argument_option(arguments, "all-frames"),
	};
	size_t count = 0;
	bool parsed;

	parsed = parse_filters(included, kind, filters, &count);
	kind.exclude = true;
	if (!parsed || !parse_filters(excluded, kind, filters, &count))
		return report_usage(context, "there may be %d patterns at most", FILTERS_MAX);
	refheap_snapshot_filter(snapshot, filters, count);
	return STATUS_OK;
}

/* A snapshot from a file, or of the heap as it is when there is none. */
static int get_snapshot(struct context *context, const struct arguments *arguments,
			const char *file, struct refheap_snapshot **snapshot)
{
	struct refheap *session;
	int error, status;

	if (file) {
		error = refheap_snapshot_load(file, snapshot);
		if (error)
			return report_refused(context, error, "cannot read '%s': %s", file,
					      error == -EUCLEAN ? refheap_strerror(error) :
								  strerror(-error));
		return filter(context, arguments, *snapshot);
	}
	status = heap_session(context, &session);
	if (status)
		return status;
	error = refheap_snapshot_take(session, snapshot);
	if (error == -ENODATA)
		return report_refused(context, error,
				      "the heap is not traced; 'refheap trace start' does");
	if (error)
		return report_error(context, error, "tracing");
	return filter(context, arguments, *snapshot);
}

static int run_snapshot(struct context *context, struct arguments *arguments)
{
	cleanup_snapshot struct refheap_snapshot *snapshot = NULL;
	const char *file = arguments->words[0];
	int error, status = get_snapshot(context, arguments, NULL, &snapshot);

	if (status)
		return status;
	error = refheap_snapshot_save(snapshot, file);
	if (error)
		return report_refused(context, error, "cannot write '%s': %s", file,
				      strerror(-error));
	return STATUS_OK;
}

/**
 * struct view - how statistics are to be shown
 * @key: what belongs together
 * @limit: how many at most, 0 for all
 * @frames: how many of a traceback, 0 for all
 * @diff: they are of a comparison
 */
struct view {
	enum refheap_trace_key key;
	uint64_t limit;
	uint64_t frames;
	bool diff;
};

static int parse_key(struct context *context, const struct arguments *arguments,
		     enum refheap_trace_key *key)
{
	const char *by = argument_option(arguments, "by");

	if (!by || !strcmp(by, "line"))
		*key = REFHEAP_TRACE_LINENO;
	else if (!strcmp(by, "file"))
		*key = REFHEAP_TRACE_FILENAME;
	else if (!strcmp(by, "traceback"))
		*key = REFHEAP_TRACE_TRACEBACK;
	else
		return report_usage(context, "--by is line, file or traceback, not '%s'", by);
	if (!argument_option(arguments, "cumulative"))
		return STATUS_OK;
	if (*key == REFHEAP_TRACE_TRACEBACK)
		return report_usage(context, "--cumulative goes with --by line or file");
	*key |= REFHEAP_TRACE_CUMULATIVE;
	return STATUS_OK;
}

static int parse_view(struct context *context, const struct arguments *arguments,
		      struct view *view)
{
	int status = parse_key(context, arguments, &view->key);

	view->limit = 10;
	if (!status)
		status = argument_number(context, arguments, "number", &view->limit);
	if (!status)
		status = argument_number(context, arguments, "frames", &view->frames);
	return status;
}

static struct json_object *string_or_null(const char *text)
{
	return text ? json_object_new_string(text) : NULL;
}

struct json_object *trace_frames_json(const struct refheap_traceback *traceback)
{
	struct json_object *frames = json_object_new_array();

	for (size_t i = 0; i < traceback->count; i++) {
		const struct refheap_trace_frame *frame = &traceback->frame[i];
		struct json_object *object = json_object_new_object();

		json_object_object_add(object, "file", json_object_new_string(frame->filename));
		json_object_object_add(object, "line", json_object_new_uint64(frame->line));
		json_object_object_add(object, "function", string_or_null(frame->function));
		json_object_object_add(object, "module", string_or_null(frame->module));
		json_object_array_add(frames, object);
	}
	return frames;
}

static const struct column statistic_columns[] = {
	{ "file", "FILE", "of the program", COLUMN_NAME },
	{ "line", "LINE", "of the file, 0 for all or none", COLUMN_NUMBER },
	{ "size", "SIZE", "bytes of what lives", COLUMN_NUMBER },
	{ "count", "COUNT", "objects alive", COLUMN_NUMBER },
	{ "births", "BIRTHS", "objects born", COLUMN_NUMBER },
	{ "size_error", "SIZE_ERROR", "how far from the truth, 95 %", COLUMN_NUMBER },
	{ "count_error", "COUNT_ERROR", "likewise", COLUMN_NUMBER },
	{ "size_diff", "SIZE_DIFF", "against the older snapshot", COLUMN_NUMBER },
	{ "count_diff", "COUNT_DIFF", "likewise", COLUMN_NUMBER },
};

/* The differences come last. */
#define DIFF_COLUMNS 2

static struct cell cell_signed(int64_t integer)
{
	return (struct cell){ .type = CELL_SIGNED, .integer = integer };
}

static void fill_cells(const struct refheap_statistic *statistic, struct cell *cells)
{
	const struct cell made[ARRAY_SIZE(statistic_columns)] = {
		cell_text(statistic->filename),
		cell_number(statistic->line),
		cell_signed(statistic->size),
		cell_signed(statistic->count),
		cell_number(statistic->births),
		cell_number((uint64_t)(statistic->size_error + 0.5)),
		cell_number((uint64_t)(statistic->count_error + 0.5)),
		cell_signed(statistic->size_diff),
		cell_signed(statistic->count_diff),
	};

	memcpy(cells, made, sizeof(made));
}

static int list_statistics(struct context *context, const struct view *view,
			   const struct refheap_statistic *statistics, size_t count)
{
	size_t columns = ARRAY_SIZE(statistic_columns) - (view->diff ? 0 : DIFF_COLUMNS);
	struct cell cells[ARRAY_SIZE(statistic_columns)];
	struct listing *listing;
	int status;

	listing = listing_begin(context, statistic_columns, columns, &status);
	if (!listing)
		return status;
	for (size_t i = 0; i < count; i++) {
		fill_cells(&statistics[i], cells);
		listing_row(listing, cells);
	}
	listing_end(listing);
	return STATUS_OK;
}

/* As a listing has it, and all frames. */
static int list_tracebacks(struct context *context, const struct view *view,
			   const struct refheap_statistic *statistics, size_t count)
{
	size_t columns = ARRAY_SIZE(statistic_columns) - (view->diff ? 0 : DIFF_COLUMNS);
	struct json_object *document = json_object_new_array();
	struct cell cells[ARRAY_SIZE(statistic_columns)];

	for (size_t i = 0; i < count; i++) {
		struct json_object *object = json_object_new_object();

		fill_cells(&statistics[i], cells);
		/* File and line are in the frames. */
		for (size_t j = 2; j < columns; j++)
			json_object_object_add(object, statistic_columns[j].name,
					       cell_json(&cells[j]));
		json_object_object_add(object, "traceback",
				       trace_frames_json(&statistics[i].traceback));
		json_object_array_add(document, object);
	}
	output_json(context, document);
	return STATUS_OK;
}

static void print_line(const struct refheap_statistic *statistic, bool diff)
{
	int length = refheap_statistic_format(statistic, diff, NULL, 0);
	cleanup_free char *line = xcalloc((size_t)length + 1, 1);

	refheap_statistic_format(statistic, diff, line, (size_t)length + 1);
	put_printable(stdout, line);
	putchar('\n');
}

/* In the words of the manual of tracemalloc. */
static void print_blocks(const struct refheap_statistic *statistic)
{
	printf("%" PRIi64, statistic->count);
	if (statistic->count_error > 0)
		printf(" ±%.0f", statistic->count_error);
	printf(" memory blocks: %.1f", (double)statistic->size / 1024);
	if (statistic->size_error > 0)
		printf(" ±%.1f", statistic->size_error / 1024);
	puts(" KiB");
}

static void print_statistic(const struct view *view, const struct refheap_statistic *statistic)
{
	cleanup_free char *text = NULL;

	if (view->key != REFHEAP_TRACE_TRACEBACK) {
		print_line(statistic, view->diff);
		return;
	}
	if (view->diff)
		print_line(statistic, true);
	else
		print_blocks(statistic);
	text = refheap_traceback_format(&statistic->traceback, view->frames, false);
	put_printable_lines(stdout, text ? text : "");
}

static int show(struct context *context, const struct view *view,
		const struct refheap_statistic *statistics, ssize_t count)
{
	size_t shown = (size_t)count;

	if (count < 0)
		return report_error(context, (int)count, "tracing");
	if (view->limit && view->limit < shown)
		shown = view->limit;
	if (context->format.json && view->key == REFHEAP_TRACE_TRACEBACK)
		return list_tracebacks(context, view, statistics, shown);
	if (context->format.json || context->format.columns)
		return list_statistics(context, view, statistics, shown);
	for (size_t i = 0; i < shown; i++)
		print_statistic(view, &statistics[i]);
	return STATUS_OK;
}

static int run_top(struct context *context, struct arguments *arguments)
{
	const char *file = arguments->count ? arguments->words[0] : NULL;
	cleanup_snapshot struct refheap_snapshot *snapshot = NULL;
	struct refheap_statistic *statistics = NULL;
	struct view view = { .diff = false };
	ssize_t count;
	int status;

	status = parse_view(context, arguments, &view);
	if (!status)
		status = get_snapshot(context, arguments, file, &snapshot);
	if (status)
		return status;
	count = refheap_snapshot_statistics(snapshot, view.key, &statistics);
	status = show(context, &view, statistics, count);
	free(statistics);
	return status;
}

static int run_compare(struct context *context, struct arguments *arguments)
{
	const char *file = arguments->count > 1 ? arguments->words[1] : NULL;
	cleanup_snapshot struct refheap_snapshot *older = NULL;
	cleanup_snapshot struct refheap_snapshot *snapshot = NULL;
	struct refheap_statistic *statistics = NULL;
	struct view view = { .diff = true };
	ssize_t count;
	int status;

	status = parse_view(context, arguments, &view);
	if (!status)
		status = get_snapshot(context, arguments, arguments->words[0], &older);
	if (!status)
		status = get_snapshot(context, arguments, file, &snapshot);
	if (status)
		return status;
	count = refheap_snapshot_compare(snapshot, older, view.key, &statistics);
	status = show(context, &view, statistics, count);
	free(statistics);
	return status;
}

#define FILTER_OPTIONS \
	{ "include", 'i', "PATTERNS", "only files that match: PATTERN[:LINE],..." }, \
	{ "exclude", 'x', "PATTERNS", "not those files" }, \
	{ "all-frames", 'a', NULL, "any frame may match, not only the most recent" }

#define VIEW_OPTIONS \
	{ "by", 'b', "KEY", "line (default), file or traceback: what belongs together" }, \
	{ "cumulative", 'c', NULL, "count what is called from there, too" }, \
	{ "frames", 'f', "N", "of tracebacks, the most recent N frames" }, \
	{ "number", 'n', "N", "how many to show, 10 by default, 0 for all" }

static const struct option_spec filter_options[] = { FILTER_OPTIONS, { 0 } };
static const struct option_spec view_options[] = { VIEW_OPTIONS, FILTER_OPTIONS, { 0 } };

const struct command trace_snapshot_command = {
	.name = "snapshot",
	.synopsis = "FILE",
	.summary = "Write what each site has to a file",
	.options = filter_options,
	.minimum = 1,
	.maximum = 1,
	.run = run_snapshot,
};

const struct command trace_top_command = {
	.name = "top",
	.synopsis = "[FILE]",
	.summary = "Print which lines have the most memory",
	.details = "With a FILE of 'trace snapshot', as it was then.",
	.options = view_options,
	.maximum = 1,
	.run = run_top,
};

const struct command trace_compare_command = {
	.name = "compare",
	.synopsis = "FILE [FILE]",
	.summary = "Print what has changed since a snapshot, the most first",
	.details = "With two FILEs from the first to the second, otherwise until now.",
	.options = view_options,
	.minimum = 1,
	.maximum = 2,
	.run = run_compare,
};

