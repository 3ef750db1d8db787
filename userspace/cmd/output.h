/* SPDX-License-Identifier: GPL-2.0 */
/* Listings and records, as tables for people or as JSON for programs. */
#ifndef REFHEAP_CMD_OUTPUT_H
#define REFHEAP_CMD_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

#include "color.h"
#include "context.h"

enum {
	COLUMN_NUMBER = 1,	/* aligned to the right */
	COLUMN_ASKED = 2,	/* in tables only when asked for */
	COLUMN_NAME = 4,	/* coloured as a name */
	COLUMN_ID = 8,		/* coloured as an id */
};

/**
 * struct column - one figure of a listing
 * @name: the word for --columns and the key in JSON
 * @heading: of the table
 * @help: what it shows
 * @flags: COLUMN_*
 */
struct column {
	const char *name;
	const char *heading;
	const char *help;
	unsigned int flags;
};

enum cell_type {
	CELL_NOTHING,	/* empty in tables, null in JSON */
	CELL_TEXT,
	CELL_NUMBER,
	CELL_SIGNED,
	CELL_REAL,
	CELL_FLAG,	/* yes or no, true or false */
	CELL_WORDS,	/* text that is a list of words with ", " between them */
};

struct cell {
	enum cell_type type;
	union {
		const char *text;
		uint64_t number;
		int64_t integer;
		double real;
		bool flag;
	};
};

static inline struct cell cell_text(const char *text)
{
	return (struct cell){ .type = text ? CELL_TEXT : CELL_NOTHING, .text = text };
}

static inline struct cell cell_words(const char *text)
{
	return (struct cell){ .type = CELL_WORDS, .text = text };
}

static inline struct cell cell_number(uint64_t number)
{
	return (struct cell){ .type = CELL_NUMBER, .number = number };
}

static inline struct cell cell_real(double real)
{
	return (struct cell){ .type = CELL_REAL, .real = real };
}

static inline struct cell cell_flag(bool flag)
{
	return (struct cell){ .type = CELL_FLAG, .flag = flag };
}

/* What a cell is in JSON; NULL is null. */
struct json_object *cell_json(const struct cell *cell);

struct listing;

/**
 * listing_begin() - begin a table or an array
 * @columns: what rows consist of; must outlive the listing
 *
 * Rows are printed as they come, in constant memory, whatever their number. A
 * long one shows its progress.
 *
 * Return: the listing, or NULL when --columns is wrong (reported) or was
 * "help" (answered); *@status then says which.
 */
struct listing *listing_begin(struct context *context, const struct column *columns,
			      size_t count, int *status);
void listing_row(struct listing *listing, const struct cell *cells);
void listing_end(struct listing *listing);

/* What progress says that it lists, and how many that will be, 0 for unknown. */
void listing_total(struct listing *listing, const char *what, uint64_t total);

/**
 * listing_status() - how a listing that has ended went
 * @error: of the walk; -EINTR, that something changed meanwhile, is a warning
 * @what: is listed, such as "objects"
 *
 * Says, too, when Ctrl-C has ended it.
 *
 * Return: a status.
 */
int listing_status(struct context *context, int error, const char *what);

/* One thing: a line for each column, or one JSON object. Returns a status. */
int output_record(struct context *context, const struct column *columns, size_t count,
		  const struct cell *cells);

/* Print a JSON document and drop the reference to it. */
void output_json(const struct context *context, struct json_object *document);

/* The flags with which every JSON text is made. */
int output_json_flags(const struct context *context);

#endif
