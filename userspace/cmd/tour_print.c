// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "color.h"
#include "tour_print.h"
#include "util.h"

#define WIDTH		100	/* where there is no terminal */
#define WIDTH_MAX	120
#define WIDTH_MIN	20
#define WIDTH_BESIDE	70	/* from which on there are two columns */
#define GAP		2

static int terminal_width(void)
{
	struct winsize size;
	int width = WIDTH;

	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col)
		width = size.ws_col;
	if (width > WIDTH_MAX)
		width = WIDTH_MAX;
	return width < WIDTH_MIN ? WIDTH_MIN : width;
}

/* The last character of the text that still fits, or the last blank before it. */
static size_t fit(const char *text, size_t width)
{
	size_t at = strlen(text);

	if (at <= width)
		return at;
	for (at = width; at && text[at] != ' '; at--)
		;
	return at ? at : width;
}

static void print_wrapped(const char *text, int indent, int width)
{
	while (*text) {
		size_t length = fit(text, (size_t)(width - indent));

		printf("%*s%.*s\n", indent, "", (int)length, text);
		text += length;
		text += strspn(text, " ");
	}
}

static void print_text(const struct tour_lines *text)
{
	for (size_t i = 0; i < text->count; i++)
		print_wrapped(text->list[i], 0, terminal_width());
}

static void print_heading(const struct context *context, const char *text)
{
	enum color_mode mode = context->format.color;

	printf("%s%s%s\n", color_code(mode, stdout, COLOR_HEADING), text,
	       color_code(mode, stdout, COLOR_RESET));
}

void tour_print_chapter(const struct context *context, const struct tour_chapter *chapter,
			size_t number)
{
	cleanup_free char *title = xasprintf("%zu. %s (%s)", number, chapter->title,
					     chapter->word);

	putchar('\n');
	print_heading(context, title);
	print_text(&chapter->text);
}

void tour_print_step(const struct context *context, const struct tour_step *step)
{
	cleanup_free char *title = xasprintf("-- %s", step->title);

	putchar('\n');
	print_heading(context, title);
	print_text(&step->text);
	if (step->file)
		printf("%s:\n", step->file);
	for (size_t i = 0; i < step->content.count; i++)
		print_wrapped(step->content.list[i], 4, terminal_width());
	if (terminal_width() >= WIDTH_BESIDE)
		printf("  %-*s%*s%s\n", (terminal_width() - 2 - GAP) / 2, "Python", GAP, "",
		       "refheap");
}

/**
 * struct side - what is in one column
 * @pieces: lines, cut into what fits
 * @code: so many of them are lines of the tour, the others were printed
 */
struct side {
	struct tour_lines pieces;
	size_t code;
};

static void add_pieces(struct tour_lines *pieces, const char *line, size_t width, const char *first)
{
	size_t length = fit(line, width - strlen(first));

	do {
		char *piece = xasprintf("%s%.*s", first, (int)length, line);

		pieces->list = xrealloc(pieces->list, pieces->count + 1, sizeof(*pieces->list));
		pieces->list[pieces->count++] = piece;
		line += length;
		line += strspn(line, " ");
		first = "      ";
		length = fit(line, width - strlen(first));
	} while (*line);
}

/* The lines of something printed, indented. */
static void add_printed(struct tour_lines *pieces, const char *printed, size_t width)
{
	while (*printed) {
		size_t length = strcspn(printed, "\n");
		cleanup_free char *line = xstrndup(printed, length);

		add_pieces(pieces, line, width, "    ");
		printed += length + (printed[length] == '\n');
	}
}

static void free_pieces(struct tour_lines *pieces)
{
	for (size_t i = 0; i < pieces->count; i++)
		free((char *)pieces->list[i]);
	free(pieces->list);
}

static void print_piece(const struct context *context, const struct side *side, size_t i,
			int width, bool wrong)
{
	enum color_mode mode = context->format.color;
	const char *piece = i < side->pieces.count ? side->pieces.list[i] : "";
	bool printed = i >= side->code && *piece;

	printf("%s%-*s%s",
	       printed ? color_code(mode, stdout, wrong ? COLOR_ERROR : COLOR_NAME) : "",
	       width, piece, printed ? color_code(mode, stdout, COLOR_RESET) : "");
}

static void print_beside(const struct context *context, const struct side *left,
			 const struct side *right, int width, bool wrong)
{
	for (size_t i = 0; i < left->pieces.count || i < right->pieces.count; i++) {
		bool both = i < right->pieces.count && *right->pieces.list[i];

		fputs("  ", stdout);
		print_piece(context, left, i, both ? width + GAP : 0, false);
		print_piece(context, right, i, 0, wrong);
		putchar('\n');
	}
}

static void print_below(const struct context *context, const char *who, const struct side *side,
			bool wrong)
{
	for (size_t i = 0; i < side->pieces.count; i++) {
		printf("%s ", who);
		print_piece(context, side, i, 0, wrong);
		putchar('\n');
	}
}

static void print_verdict(const struct tour_row *row, const struct tour_result *result)
{
	cleanup_free char *text = NULL;

	if (!result->agrees)
		text = xasprintf("NOT AS IT SHOULD BE%s%s", row->pattern ? ": expected " : "",
				 row->pattern ? row->pattern : "");
	else if (row->because)
		text = xasprintf("(differs: %s)", row->because);
	else
		return;
	print_wrapped(text, 6, terminal_width());
}

void tour_print_row(const struct context *context, const struct tour_row *row,
		    const struct tour_result *result)
{
	struct side left = { .code = 0 }, right = { .code = 0 };
	int width = terminal_width();
	bool beside = width >= WIDTH_BESIDE;
	int column = beside ? (width - 2 - GAP) / 2 : width - 4;

	for (size_t i = 0; i < row->python.count; i++)
		add_pieces(&left.pieces, row->python.list[i], (size_t)column, "");
	for (size_t i = 0; i < row->shell.count; i++)
		add_pieces(&right.pieces, row->shell.list[i] + 1, (size_t)column, "");
	/* What was printed is on one level. */
	while (beside && left.pieces.count < right.pieces.count)
		add_pieces(&left.pieces, "", (size_t)column, "");
	while (beside && right.pieces.count < left.pieces.count)
		add_pieces(&right.pieces, "", (size_t)column, "");
	left.code = left.pieces.count;
	right.code = right.pieces.count;
	if (row->value)
		add_printed(&left.pieces, row->value, (size_t)column);
	add_printed(&right.pieces, result->printed, (size_t)column);
	if (beside) {
		print_beside(context, &left, &right, column, !result->agrees);
	} else {
		print_below(context, "py>", &left, false);
		print_below(context, "rh>", &right, !result->agrees);
	}
	print_verdict(row, result);
	free_pieces(&left.pieces);
	free_pieces(&right.pieces);
}
