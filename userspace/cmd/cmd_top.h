/* SPDX-License-Identifier: GPL-2.0 */
/* What top shows: views of rows that are read again and again. */
#ifndef REFHEAP_CMD_CMD_TOP_H
#define REFHEAP_CMD_CMD_TOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <refheap.h>

#include "context.h"
#include "output.h"

enum top_view {
	TOP_HEAPS,
	TOP_TYPES,
	TOP_SITES,
	TOP_GENERATIONS,
	TOP_SESSIONS,
	TOP_VIEWS,
};

#define TOP_NUMBERS	9	/* figures of a row */
#define TOP_ROWS	1000	/* rows that are kept, those that sort first */
#define TOP_FILTER	64

enum top_form {
	TOP_NAME,	/* text, on the left; the first column only */
	TOP_COUNT,
	TOP_BYTES,
	TOP_CHANGE,	/* with its sign */
	TOP_RATE,	/* a second */
	TOP_PERCENT,
};

/**
 * struct top_layout - what a view consists of
 * @name: the word for it, which is that for its rows
 * @one: the word for one row
 * @columns: the name, then the figures in their order
 * @count: number of @columns
 * @forms: of each column
 * @sort: the column that rows are sorted by at first
 */
struct top_layout {
	const char *name;
	const char *one;
	const struct column *columns;
	size_t count;
	const enum top_form *forms;
	size_t sort;
};

extern const struct top_layout top_layouts[TOP_VIEWS];

/**
 * struct top_row - a row of a view
 * @key: tells it from the others, now and later
 * @name: for people
 * @numbers: its figures; NAN for what is not known
 * @raw: what rates are computed of
 */
struct top_row {
	uint64_t key;
	char name[192];
	double numbers[TOP_NUMBERS];
	double raw[2];
};

/**
 * struct top - what is looked at
 * @context: of this run
 * @control: control handle
 * @heap: number of the heap; of the views other than TOP_HEAPS
 * @heap_name: its name, empty when there is none to look at
 * @heap_owner: its owner
 * @view: enum top_view
 * @sort: column by which each view is sorted
 * @reverse: whether it is sorted the other way round
 * @filter: only rows with that text in their name; empty for all
 * @info: of the heap, as it was at the last look
 * @traced: likewise, of the view TOP_SITES
 * @rows: the rows, sorted
 * @count: number of @rows
 * @total: how many there were, those that were not kept included
 * @before: those of the look before, sorted by key
 * @before_count: number of @before
 * @whole: whether a row that is not in @before was not there then
 * @looked_ns: when the last look was, 0 when there was none at this view
 * @seconds: between the last two looks
 * @session: that sites are read by, while they are looked at
 * @note: why there are no rows, or NULL
 */
struct top {
	struct context *context;
	struct refheap_ctl *control;
	uint32_t heap;
	char heap_name[REFHEAP_NAME_MAX];
	uint32_t heap_owner;
	enum top_view view;
	size_t sort[TOP_VIEWS];
	bool reverse[TOP_VIEWS];
	char filter[TOP_FILTER];
	struct refheap_heap_info info;
	struct refheap_traced traced;
	struct top_row *rows;
	size_t count;
	uint64_t total;
	struct top_row *before;
	size_t before_count;
	bool whole;
	uint64_t looked_ns;
	double seconds;
	struct refheap *session;
	const char *note;
};

/* Go to a view; what was read of the other one is forgotten. */
void top_go(struct top *top, enum top_view view);

/* Look at another heap. */
void top_choose(struct top *top, uint32_t heap, const char *name, uint32_t owner);

/* Show only rows with that text in their name, from the next look on. */
void top_show_only(struct top *top, const char *text);

/**
 * top_look() - read what there is now, and sort it
 *
 * Changes nothing in any heap. Memory is bounded by TOP_ROWS.
 *
 * Return: 0 or a negative errno.
 */
int top_look(struct top *top);

/* Sort the rows again, after the column has been changed. */
void top_sort(struct top *top);

/* What a figure is in a listing, and on a screen. Returns @text. */
struct cell top_cell(const struct top_row *row, enum top_form form, size_t column);
char *top_text(const struct top_row *row, enum top_form form, size_t column, char *text,
	       size_t room);

void top_free(struct top *top);

/**
 * top_screen() - show it on the terminal until the user has had enough
 * @delay: seconds between two looks
 * @count: end after so many looks, 0 for never
 *
 * Return: a status.
 */
int top_screen(struct top *top, double delay, uint64_t count);

#endif
