// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libsmartcols.h>

#include "interrupt.h"
#include "output.h"
#include "progress.h"
#include "report.h"
#include "util.h"

#define COLUMNS_MAX 32

/*
 * Rows that a table holds at a time, unless they come slowly: then what is
 * there is printed a few times a second. The first lot decides the widths;
 * later ones keep them, and a wider value shifts only what is printed with it.
 */
#define LOT 512

#define PLAIN_LINE 512	/* longest row that is printed without a table */

static const char changed_text[] =
	"refheap: the heap changed meanwhile; %s may be missing or twice\n";
static const char changed_json[] =
	"{\"warning\":{\"code\":\"EINTR\",\"message\":\"the heap changed meanwhile; "
	"%s may be missing or twice\"}}\n";

/**
 * struct listing - rows on their way out
 * @context: of this run
 * @columns: what there could be of a row
 * @count: their number
 * @chosen: the columns that are printed
 * @nchosen: their number
 * @rows: how many there have been
 * @held: how many of them wait in @table
 * @widths: of the columns, once a lot has been printed
 * @table: NULL for JSON
 * @colors: colour it
 * @terminal: standard output is one, perhaps the one that shows progress
 * @progress: how far it has got; its lock guards @table
 */
struct listing {
	struct context *context;
	const struct column *columns;
	size_t count;
	size_t chosen[COLUMNS_MAX];
	size_t nchosen;
	uint64_t rows;
	unsigned int held;
	size_t widths[COLUMNS_MAX];
	struct libscols_table *table;
	bool colors;
	bool terminal;
	struct progress progress;
};

int output_json_flags(const struct context *context)
{
	if (context->format.pretty)
		return JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
		       JSON_C_TO_STRING_NOSLASHESCAPE;
	return JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE;
}

void output_json(const struct context *context, struct json_object *document)
{
	puts(json_object_to_json_string_ext(document, output_json_flags(context)));
	json_object_put(document);
}

static struct json_object *words_to_json(const char *text)
{
	struct json_object *array = json_object_new_array();
	cleanup_free char *copy = xstrdup(text);
	char *rest;

	for (char *word = strtok_r(copy, ", ", &rest); word; word = strtok_r(NULL, ", ", &rest))
		json_object_array_add(array, json_object_new_string(word));
	return array;
}

/* Without the digits that only say that the number is binary. */
static struct json_object *real_to_json(double real)
{
	cleanup_free char *text = xasprintf("%.9g", real);

	return json_object_new_double_s(real, text);
}

struct json_object *cell_json(const struct cell *cell)
{
	switch (cell->type) {
	case CELL_TEXT:
		return json_object_new_string(cell->text);
	case CELL_NUMBER:
		return json_object_new_uint64(cell->number);
	case CELL_SIGNED:
		return json_object_new_int64(cell->integer);
	case CELL_REAL:
		return real_to_json(cell->real);
	case CELL_FLAG:
		return json_object_new_boolean(cell->flag);
	case CELL_WORDS:
		return words_to_json(cell->text);
	case CELL_NOTHING:
		break;
	}
	return NULL;
}

static char *cell_to_text(const struct cell *cell)
{
	switch (cell->type) {
	case CELL_TEXT:
	case CELL_WORDS:
		return xstrdup(cell->text);
	case CELL_NUMBER:
		return xasprintf("%" PRIu64, cell->number);
	case CELL_SIGNED:
		return xasprintf("%" PRId64, cell->integer);
	case CELL_REAL:
		return xasprintf("%.3f", cell->real);
	case CELL_FLAG:
		return xstrdup(cell->flag ? "yes" : "no");
	case CELL_NOTHING:
		break;
	}
	return xstrdup("");
}

static int find_column(const struct listing *listing, const char *name)
{
	for (size_t i = 0; i < listing->count; i++) {
		if (!strcmp(listing->columns[i].name, name))
			return (int)i;
	}
	return -1;
}

static void choose_default(struct listing *listing, bool all)
{
	for (size_t i = 0; i < listing->count; i++) {
		if (all || !(listing->columns[i].flags & COLUMN_ASKED))
			listing->chosen[listing->nchosen++] = i;
	}
}

static void print_columns(const struct listing *listing)
{
	for (size_t i = 0; i < listing->count; i++)
		printf("%-20s %s\n", listing->columns[i].name, listing->columns[i].help);
}

static int choose_columns(struct listing *listing)
{
	const char *list = listing->context->format.columns;
	cleanup_free char *copy = NULL;
	char *rest;

	if (!list || *list == '+')
		choose_default(listing, !list && listing->context->format.json);
	if (!list)
		return STATUS_OK;
	copy = xstrdup(*list == '+' ? list + 1 : list);
	for (char *name = strtok_r(copy, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
		int found = find_column(listing, name);

		if (found < 0)
			return report_usage(listing->context,
					    "there is no column '%s'; --columns help lists them",
					    name);
		if (listing->nchosen == COLUMNS_MAX)
			return report_usage(listing->context, "too many columns");
		listing->chosen[listing->nchosen++] = (size_t)found;
	}
	if (!listing->nchosen)
		return report_usage(listing->context, "--columns needs a list of columns");
	return STATUS_OK;
}

/*
 * Terminals cut the last column, so that a row stays a line. In later lots a
 * heading of blanks, which is not printed, makes a column as wide as before.
 */
static void add_column(struct listing *listing, size_t place)
{
	const struct column *column = &listing->columns[listing->chosen[place]];
	bool last = place + 1 == listing->nchosen;
	int flags = column->flags & COLUMN_NUMBER ? SCOLS_FL_RIGHT : last ? SCOLS_FL_TRUNC : 0;
	int blanks = flags & SCOLS_FL_TRUNC ? 0 : (int)listing->widths[place];
	cleanup_free char *heading = listing->widths[place] ? xasprintf("%*s", blanks, "") :
							       xstrdup(column->heading);
	struct libscols_column *added = scols_table_new_column(listing->table, heading, 1, flags);

	/* Escapes of quoted text are no harm to a terminal, and not escaped again. */
	scols_column_set_safechars(added, "\\");
	if (listing->colors) {
		scols_cell_set_color(scols_column_get_header(added), color_sequence(COLOR_HEADING));
		if (column->flags & COLUMN_NAME)
			scols_column_set_color(added, color_sequence(COLOR_NAME));
		if (column->flags & COLUMN_ID)
			scols_column_set_color(added, color_sequence(COLOR_ID));
	}
}

static void begin_table(struct listing *listing)
{
	listing->colors = color_enabled(listing->context->format.color, stdout);
	listing->table = scols_new_table();
	scols_table_set_stream(listing->table, stdout);
	scols_table_enable_colors(listing->table, listing->colors);
	for (size_t i = 0; i < listing->nchosen; i++)
		add_column(listing, i);
}

/* The next lots have no headings and are as wide as this one. */
static void begin_next_table(struct listing *listing)
{
	for (size_t i = 0; i < listing->nchosen; i++)
		listing->widths[i] =
			scols_column_get_width(scols_table_get_column(listing->table, i));
	scols_unref_table(listing->table);
	begin_table(listing);
	scols_table_enable_noheadings(listing->table, 1);
}

static void flush_table(struct listing *listing)
{
	if (listing->terminal)
		progress_erase();
	scols_print_table(listing->table);
	if (listing->widths[0])
		scols_table_remove_lines(listing->table);
	else
		begin_next_table(listing);
	listing->held = 0;
}

/* Whoever reads sees what has been found so far, even when the rest is slow. */
static void show_rows(void *data)
{
	struct listing *listing = data;

	if (listing->table && listing->held)
		flush_table(listing);
	fflush(stdout);
}

/* A row of JSON is open until the next one or the end, so no line can follow. */
static void begin_progress(struct listing *listing)
{
	listing->terminal = isatty(STDOUT_FILENO);
	listing->progress = (struct progress){
		.what = "listing",
		.tick = show_rows,
		.data = listing,
		.silent = !listing->table && listing->terminal,
	};
	progress_begin(&listing->progress);
}

static void row_to_table(struct listing *listing, const struct cell *cells)
{
	struct libscols_line *line = scols_table_new_line(listing->table, NULL);

	for (size_t i = 0; i < listing->nchosen; i++)
		scols_line_refer_data(line, i, cell_to_text(&cells[listing->chosen[i]]));
	listing->held++;
}

struct listing *listing_begin(struct context *context, const struct column *columns,
			      size_t count, int *status)
{
	struct listing *listing = xcalloc(1, sizeof(*listing));

	listing->context = context;
	listing->columns = columns;
	listing->count = count;
	if (context->format.columns && !strcmp(context->format.columns, "help")) {
		print_columns(listing);
		*status = STATUS_OK;
		free(listing);
		return NULL;
	}
	*status = choose_columns(listing);
	if (*status) {
		free(listing);
		return NULL;
	}
	if (context->format.json)
		putchar('[');
	else
		begin_table(listing);
	begin_progress(listing);
	return listing;
}

void listing_total(struct listing *listing, const char *what, uint64_t total)
{
	progress_lock();
	listing->progress.what = what;
	listing->progress.total = total;
	progress_unlock();
}

static struct json_object *row_to_json(const struct listing *listing, const struct cell *cells)
{
	struct json_object *row = json_object_new_object();

	for (size_t i = 0; i < listing->nchosen; i++)
		json_object_object_add(row, listing->columns[listing->chosen[i]].name,
				       cell_json(&cells[listing->chosen[i]]));
	return row;
}

/* Text of a cell that needs no memory; NULL when it does, or is not plain ASCII. */
static const char *plain_text(const struct cell *cell, char *scratch, size_t room)
{
	const char *text = cell->text;

	switch (cell->type) {
	case CELL_NUMBER:
		snprintf(scratch, room, "%" PRIu64, cell->number);
		return scratch;
	case CELL_SIGNED:
		snprintf(scratch, room, "%" PRId64, cell->integer);
		return scratch;
	case CELL_FLAG:
		return cell->flag ? "yes" : "no";
	case CELL_TEXT:
		while (*text >= ' ' && *text <= '~' && *text != '\\')
			text++;
		return *text ? NULL : cell->text;
	default:
		return NULL;
	}
}

/* Adds a cell to a line, as wide as those above it. Returns whether it could. */
static bool add_plain(const struct listing *listing, size_t place, const struct cell *cells,
		      char *line, size_t *length)
{
	const struct column *column = &listing->columns[listing->chosen[place]];
	bool right = column->flags & COLUMN_NUMBER, last = place + 1 == listing->nchosen;
	size_t size, padding, width = listing->widths[place];
	char scratch[32];
	const char *text = plain_text(&cells[listing->chosen[place]], scratch, sizeof(scratch));

	size = text ? strlen(text) : 0;
	if (!text || (size > width && (right || !last)) || *length + size + width + 2 > PLAIN_LINE)
		return false;
	padding = size < width && (right || !last) ? width - size : 0;
	if (right) {
		memset(line + *length, ' ', padding);
		*length += padding;
	}
	memcpy(line + *length, text, size);
	*length += size;
	if (!right) {
		memset(line + *length, ' ', padding);
		*length += padding;
	}
	line[(*length)++] = last ? '\n' : ' ';
	return true;
}

/*
 * A table takes microseconds for a row. What is plain, fits below the rows
 * before it, and does not go to a terminal is printed without it.
 */
static bool print_plain(struct listing *listing, const struct cell *cells)
{
	char line[PLAIN_LINE];
	size_t length = 0;

	if (listing->terminal || listing->colors || listing->rows < LOT)
		return false;
	for (size_t i = 0; i < listing->nchosen; i++) {
		if (!add_plain(listing, i, cells, line, &length))
			return false;
	}
	if (listing->held)
		flush_table(listing);
	fwrite(line, 1, length, stdout);
	return true;
}

static void print_json_row(struct listing *listing, const struct cell *cells)
{
	struct json_object *row = row_to_json(listing, cells);

	fputs(listing->rows ? ",\n" : "", stdout);
	fputs(json_object_to_json_string_ext(row, output_json_flags(listing->context)), stdout);
	json_object_put(row);
}

void listing_row(struct listing *listing, const struct cell *cells)
{
	if (listing->table) {
		progress_lock();
		if (!print_plain(listing, cells))
			row_to_table(listing, cells);
		if (listing->held == LOT)
			flush_table(listing);
		progress_unlock();
	} else {
		print_json_row(listing, cells);
	}
	listing->rows++;
	progress_add(&listing->progress, 1);
}

void listing_end(struct listing *listing)
{
	progress_end(&listing->progress);
	if (listing->table) {
		if (listing->held)
			flush_table(listing);
		scols_unref_table(listing->table);
	} else {
		puts("]");
	}
	free(listing);
}

int listing_status(struct context *context, int error, const char *what)
{
	if (interrupted())
		return report_error(context, -EINTR, "the listing is not complete");
	if (error == -EINTR) {
		/* Not an error: the heap is shared, and others work on it. */
		fflush(stdout);
		fprintf(stderr, context->format.json ? changed_json : changed_text, what);
		error = 0;
	}
	return error ? report_error(context, error, "cannot list the %s", what) : STATUS_OK;
}

static void print_record(const struct listing *chosen, const struct cell *cells)
{
	static const struct column pair[] = {
		{ "name", "", "", COLUMN_NAME },
		{ "value", "", "", 0 },
	};
	struct listing lines = {
		.context = chosen->context,
		.columns = pair,
		.count = 2,
		.chosen = { 0, 1 },
		.nchosen = 2,
	};

	begin_table(&lines);
	scols_table_enable_noheadings(lines.table, 1);
	for (size_t i = 0; i < chosen->nchosen; i++) {
		size_t place = chosen->chosen[i];
		cleanup_free char *value = cell_to_text(&cells[place]);

		row_to_table(&lines, (struct cell[]){
			cell_text(chosen->columns[place].name), cell_text(value) });
	}
	scols_print_table(lines.table);
	scols_unref_table(lines.table);
}

int output_record(struct context *context, const struct column *columns, size_t count,
		  const struct cell *cells)
{
	struct listing chosen = { .context = context, .columns = columns, .count = count };
	int status;

	if (context->format.columns && !strcmp(context->format.columns, "help")) {
		print_columns(&chosen);
		return STATUS_OK;
	}
	if (context->format.columns)
		status = choose_columns(&chosen);
	else
		status = (choose_default(&chosen, true), STATUS_OK);
	if (status)
		return status;
	if (context->format.json)
		output_json(context, row_to_json(&chosen, cells));
	else
		print_record(&chosen, cells);
	return STATUS_OK;
}
