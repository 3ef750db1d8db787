/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tour: chapters of steps, in each Python's lines beside those of the
 * shell, and what both print. Its text, tour/[0-9]*.tour in their order, is part
 * of the program:
 *
 *	# COMMENT
 *	chapter: WORD TITLE
 *	step: TITLE
 *	text: PARAGRAPH		of the chapter, or of the step
 *	file: NAME		that the step has, and
 *	| LINE			what is in it
 *	> LINE			of Python
 *	$ LINE			of the shell, beside the lines of Python before it; with
 *				refheap before it, as another process would execute it
 *	$# LINE			likewise; what counts is how many rows it lists
 *	$! LINE			likewise; it is refused
 *	same: VALUE		what both print
 *	python: VALUE		what Python prints,
 *	refheap: PATTERN	what the shell prints, for fnmatch(3), and
 *	because: TEXT		why the difference is meant
 *
 * Each step has a heap of its own and a Python of its own. Numbers are compared
 * where there are any, and text where there are none, blanks being all alike.
 */
#ifndef REFHEAP_CMD_TOUR_H
#define REFHEAP_CMD_TOUR_H

#include <stdbool.h>
#include <stddef.h>

/* Lines, or paragraphs. */
struct tour_lines {
	const char **list;
	size_t count;
};

/**
 * struct tour_row - some lines of Python and of the shell that do the same
 * @python: lines
 * @shell: lines, with # or ! before those that are special, else a blank
 * @value: what Python prints, or NULL when that is not compared
 * @pattern: what the shell prints when that is something else, or NULL
 * @because: why, then
 */
struct tour_row {
	struct tour_lines python;
	struct tour_lines shell;
	const char *value;
	const char *pattern;
	const char *because;
};

struct tour_step {
	const char *title;
	struct tour_lines text;
	const char *file;
	struct tour_lines content;
	struct tour_row *rows;
	size_t count;
};

struct tour_chapter {
	const char *word;
	const char *title;
	struct tour_lines text;
	struct tour_step *steps;
	size_t count;
};

struct tour {
	char *copy;	/* what all strings point into */
	struct tour_chapter *chapters;
	size_t count;
};

/* Take the text apart; to be freed with tour_free(). */
void tour_read(struct tour *tour);
void tour_free(struct tour *tour);

/* Whether what the shell printed is what it has to be. */
bool tour_row_agrees(const struct tour_row *row, const char *printed);

#endif
