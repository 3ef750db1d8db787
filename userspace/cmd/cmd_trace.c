// SPDX-License-Identifier: GPL-2.0
/* Where memory comes from, as Python's tracemalloc tells it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <refheap.h>

#include "cmd.h"
#include "heap.h"
#include "output.h"
#include "path.h"
#include "report.h"
#include "util.h"

#define FILTERS_MAX 64

#define cleanup_snapshot __attribute__((cleanup(free_snapshot)))

static void free_snapshot(struct refheap_snapshot **snapshot)
{
	refheap_snapshot_free(*snapshot);
}

static int not_traced(struct context *context)
{
	return report_refused(context, -ENODATA,
			      "the heap is not traced; 'refheap trace start' does");
}

static int change(struct context *context, int (*what)(struct refheap *session))
{
	struct refheap *session;
	int error, status = heap_session(context, &session);

	if (status)
		return status;
	error = what(session);
	return error < 0 ? report_error(context, error, "tracing") : STATUS_OK;
}

static int run_start(struct context *context, struct arguments *arguments)
{
	(void)arguments;
	/* From now on the lines of this script are worth knowing. */
	context->sites = true;
	return change(context, refheap_trace_start);
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

static const struct command start_command = {
	.name = "start",
	.synopsis = "",
	.summary = "Book each birth from now on, of whatever process",
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
};

static int run_status(struct context *context, struct arguments *arguments)
{
	struct refheap_traced traced;
	struct refheap *session;
	int error, status = heap_session(context, &session);

	(void)arguments;
	if (status)
		return status;
	error = refheap_trace_get(session, &traced);
	if (error)
		return report_error(context, error, "tracing");
	return output_record(context, status_columns, ARRAY_SIZE(status_columns), (struct cell[]){
		cell_flag(traced.on),
		cell_number(traced.bytes),
		cell_number(traced.peak),
		cell_number(traced.count),
		cell_number(traced.births),
		cell_number(traced.sites),
		cell_number(traced.overhead),
	});
}

static const struct command trace_status_command = {
	.name = "status",
	.synopsis = "",
	.summary = "Print whether the heap is traced, and how much is",
	.run = run_status,
};

static int run_of(struct context *context, struct arguments *arguments)
{
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
	if (error)
		return path_error(context, error, path);
	if (context->format.json) {
		struct json_object *document = json_object_new_object();

		json_object_object_add(document, "site",
				       where ? json_object_new_string(where) : NULL);
		output_json(context, document);
	} else {
		puts(where ? where : "<unknown>");
	}
	return STATUS_OK;
}

static const struct command of_command = {
	.name = "of",
	.synopsis = "PATH",
	.summary = "Print where an object was born",
	.minimum = 1,
	.maximum = 1,
	.run = run_of,
};

/* The filters of one option: PATTERN or PATTERN:LINE, with commas between. */
static bool parse_filters(char *list, bool exclude, struct refheap_trace_filter *filters,
			  size_t *count)
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
		filters[(*count)++] = (struct refheap_trace_filter){
			.pattern = word, .line = (uint32_t)line, .exclude = exclude,
		};
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
	size_t count = 0;

	if (!parse_filters(included, false, filters, &count) ||
	    !parse_filters(excluded, true, filters, &count))
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
		return not_traced(context);
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
 * @diff: they are of a comparison
 */
struct view {
	enum refheap_trace_key key;
	uint64_t limit;
	bool diff;
};

static int parse_view(struct context *context, const struct arguments *arguments,
		      struct view *view)
{
	const char *by = argument_option(arguments, "by");

	view->limit = 10;
	view->key = REFHEAP_TRACE_LINENO;
	if (by && !strcmp(by, "file"))
		view->key = REFHEAP_TRACE_FILENAME;
	else if (by && strcmp(by, "line"))
		return report_usage(context, "--by is line or file, not '%s'", by);
	return argument_number(context, arguments, "number", &view->limit);
}

static const struct column statistic_columns[] = {
	{ "file", "FILE", "of the program", COLUMN_NAME },
	{ "line", "LINE", "of the file, 0 for all or none", COLUMN_NUMBER },
	{ "size", "SIZE", "bytes of what lives", COLUMN_NUMBER },
	{ "count", "COUNT", "objects alive", COLUMN_NUMBER },
	{ "births", "BIRTHS", "objects born", COLUMN_NUMBER },
	{ "size_diff", "SIZE_DIFF", "against the older snapshot", COLUMN_NUMBER },
	{ "count_diff", "COUNT_DIFF", "likewise", COLUMN_NUMBER },
};

static struct cell cell_signed(int64_t integer)
{
	return (struct cell){ .type = CELL_SIGNED, .integer = integer };
}

static int list_statistics(struct context *context, const struct view *view,
			   const struct refheap_statistic *statistics, size_t count)
{
	/* The differences come last. */
	size_t columns = ARRAY_SIZE(statistic_columns) - (view->diff ? 0 : 2);
	struct listing *listing;
	int status;

	listing = listing_begin(context, statistic_columns, columns, &status);
	if (!listing)
		return status;
	for (size_t i = 0; i < count; i++)
		listing_row(listing, (struct cell[]){
			cell_text(statistics[i].filename),
			cell_number(statistics[i].line),
			cell_signed(statistics[i].size),
			cell_signed(statistics[i].count),
			cell_number(statistics[i].births),
			cell_signed(statistics[i].size_diff),
			cell_signed(statistics[i].count_diff),
		});
	listing_end(listing);
	return STATUS_OK;
}

static void print_statistic(const struct refheap_statistic *statistic, bool diff)
{
	int length = refheap_statistic_format(statistic, diff, NULL, 0);
	cleanup_free char *line = xcalloc((size_t)length + 1, 1);

	refheap_statistic_format(statistic, diff, line, (size_t)length + 1);
	puts(line);
}

static int show(struct context *context, const struct view *view,
		const struct refheap_statistic *statistics, ssize_t count)
{
	size_t shown = (size_t)count;

	if (count < 0)
		return report_error(context, (int)count, "tracing");
	if (view->limit && view->limit < shown)
		shown = view->limit;
	if (context->format.json || context->format.columns)
		return list_statistics(context, view, statistics, shown);
	for (size_t i = 0; i < shown; i++)
		print_statistic(&statistics[i], view->diff);
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
	{ "exclude", 'x', "PATTERNS", "not those files" }

#define VIEW_OPTIONS \
	{ "by", 'b', "KEY", "line (default) or file: what belongs together" }, \
	{ "number", 'n', "N", "how many to show, 10 by default, 0 for all" }

static const struct option_spec filter_options[] = { FILTER_OPTIONS, { 0 } };
static const struct option_spec view_options[] = { VIEW_OPTIONS, FILTER_OPTIONS, { 0 } };

static const struct command snapshot_command = {
	.name = "snapshot",
	.synopsis = "FILE",
	.summary = "Write what each site has to a file",
	.options = filter_options,
	.minimum = 1,
	.maximum = 1,
	.run = run_snapshot,
};

static const struct command trace_top_command = {
	.name = "top",
	.synopsis = "[FILE]",
	.summary = "Print which lines have the most memory",
	.details = "With a FILE of 'trace snapshot', as it was then.",
	.options = view_options,
	.maximum = 1,
	.run = run_top,
};

static const struct command compare_command = {
	.name = "compare",
	.synopsis = "FILE [FILE]",
	.summary = "Print what has changed since a snapshot, the most first",
	.details = "With two FILEs from the first to the second, otherwise until now.",
	.options = view_options,
	.minimum = 1,
	.maximum = 2,
	.run = run_compare,
};

static const struct command *const trace_group[] = {
	&start_command,	   &stop_command,	 &trace_status_command, &clear_trace_command,
	&reset_peak_command, &snapshot_command,	 &trace_top_command,	&compare_command,
	&of_command,	   NULL,
};

const struct command trace_command = {
	.name = "trace",
	.synopsis = "[COMMAND]",
	.summary = "See which lines of programs memory comes from",
	.group = trace_group,
	.fallback = "status",
};
