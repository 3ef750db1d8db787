// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "tour.h"
#include "util.h"

extern const char tour_text[];

static void add_line(struct tour_lines *lines, const char *line)
{
	lines->list = xrealloc(lines->list, lines->count + 1, sizeof(*lines->list));
	lines->list[lines->count++] = line;
}

static struct tour_chapter *last_chapter(struct tour *tour)
{
	return &tour->chapters[tour->count - 1];
}

static struct tour_step *last_step(struct tour *tour)
{
	struct tour_chapter *chapter = last_chapter(tour);

	return &chapter->steps[chapter->count - 1];
}

static struct tour_row *last_row(struct tour *tour)
{
	struct tour_step *step = last_step(tour);

	return &step->rows[step->count - 1];
}

static void add_chapter(struct tour *tour, char *text)
{
	char *title = text + strcspn(text, " ");

	*title++ = '\0';
	tour->chapters = xrealloc(tour->chapters, tour->count + 1, sizeof(*tour->chapters));
	tour->chapters[tour->count++] = (struct tour_chapter){ .word = text, .title = title };
}

static void add_step(struct tour *tour, const char *title)
{
	struct tour_chapter *chapter = last_chapter(tour);

	chapter->steps = xrealloc(chapter->steps, chapter->count + 1, sizeof(*chapter->steps));
	chapter->steps[chapter->count++] = (struct tour_step){ .title = title };
}

static void add_text(struct tour *tour, const char *text)
{
	struct tour_chapter *chapter = last_chapter(tour);

	add_line(chapter->count ? &last_step(tour)->text : &chapter->text, text);
}

static void add_row(struct tour *tour)
{
	struct tour_step *step = last_step(tour);

	step->rows = xrealloc(step->rows, step->count + 1, sizeof(*step->rows));
	step->rows[step->count++] = (struct tour_row){ 0 };
}

/* A line of Python begins a row, unless it follows another one. */
static void add_python(struct tour *tour, const char *line)
{
	const struct tour_step *step = last_step(tour);

	if (!step->count || last_row(tour)->shell.count || last_row(tour)->value)
		add_row(tour);
	add_line(&last_row(tour)->python, line);
}

static void add_shell(struct tour *tour, char *line)
{
	const struct tour_step *step = last_step(tour);

	/* One character before the line itself. */
	if (*line != ' ') {
		line[1] = *line;
		line++;
	}
	if (!step->count || last_row(tour)->value)
		add_row(tour);
	add_line(&last_row(tour)->shell, line);
}

/* What follows a word and a colon. */
static char *after(char *line, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(line, word, length) || line[length] != ':')
		return NULL;
	line += length + 1;
	return line + (*line == ' ');
}

static void read_line(struct tour *tour, char *line)
{
	char *text;

	if ((text = after(line, "chapter")))
		add_chapter(tour, text);
	else if ((text = after(line, "step")))
		add_step(tour, text);
	else if ((text = after(line, "text")))
		add_text(tour, text);
	else if ((text = after(line, "file")))
		last_step(tour)->file = text;
	else if (*line == '|')
		add_line(&last_step(tour)->content, line + 1 + (line[1] == ' '));
	else if (*line == '>')
		add_python(tour, line + 1 + (line[1] == ' '));
	else if (*line == '$')
		add_shell(tour, line + 1);
	else if ((text = after(line, "same")) || (text = after(line, "python")))
		last_row(tour)->value = text;
	else if ((text = after(line, "refheap")))
		last_row(tour)->pattern = text;
	else if ((text = after(line, "because")))
		last_row(tour)->because = text;
}

void tour_read(struct tour *tour)
{
	char *line, *end;

	*tour = (struct tour){ .copy = xstrdup(tour_text) };
	for (line = tour->copy; *line; line = end) {
		end = line + strcspn(line, "\n");
		if (*end)
			*end++ = '\0';
		read_line(tour, line);
	}
}

static void free_step(struct tour_step *step)
{
	for (size_t i = 0; i < step->count; i++) {
		free(step->rows[i].python.list);
		free(step->rows[i].shell.list);
	}
	free(step->rows);
	free(step->text.list);
	free(step->content.list);
}

void tour_free(struct tour *tour)
{
	for (size_t i = 0; i < tour->count; i++) {
		struct tour_chapter *chapter = &tour->chapters[i];

		for (size_t j = 0; j < chapter->count; j++)
			free_step(&chapter->steps[j]);
		free(chapter->steps);
		free(chapter->text.list);
	}
	free(tour->chapters);
	free(tour->copy);
}

/* Blanks are all alike, and those at the ends are nothing. */
static char *plain(const char *printed)
{
	struct text text = { 0 };

	text_add(&text, "", 0);
	for (; *printed; printed++) {
		if (!isspace((unsigned char)*printed))
			text_add_char(&text, *printed);
		else if (text.length && text.data[text.length - 1] != ' ')
			text_add_char(&text, ' ');
	}
	if (text.length && text.data[text.length - 1] == ' ')
		text.data[--text.length] = '\0';
	return text.data;
}

static bool is_value(const char *word, size_t length)
{
	static const char *const words[] = { "True", "False", "None" };
	cleanup_free char *copy = xstrndup(word, length);
	char *end;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (!strcmp(copy, words[i]))
			return true;
	}
	if (!isdigit((unsigned char)copy[*copy == '-' || *copy == '+']))
		return false;
	strtod(copy, &end);
	return !*end;
}

/* The numbers in what was printed, and True, False and None, a blank after each. */
static char *values(const char *printed)
{
	struct text text = { 0 };

	text_add(&text, "", 0);
	while (*printed) {
		size_t length = 0;

		while (isalnum((unsigned char)printed[length]) ||
		       (printed[length] && strchr("_.+-@", printed[length])))
			length++;
		/* The end of a sentence. */
		while (length > 1 && printed[length - 1] == '.')
			length--;
		if (is_value(printed, length)) {
			text_add(&text, printed, length);
			text_add_char(&text, ' ');
		}
		printed += length ? length : 1;
	}
	return text.data;
}

static bool same_values(const char *one, const char *other)
{
	cleanup_free char *first = values(one);
	cleanup_free char *second = values(other);

	return *first && !strcmp(first, second);
}

bool tour_row_agrees(const struct tour_row *row, const char *printed)
{
	cleanup_free char *text = plain(printed);

	if (!row->value)
		return true;
	if (!row->pattern)
		return !strcmp(row->value, text) || same_values(row->value, text);
	return !fnmatch(row->pattern, text, 0) || same_values(row->pattern, text);
}
