// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <refheap.h>

#include "escape.h"
#include "util.h"
#include "words.h"

static bool blank(char c)
{
	return isspace((unsigned char)c);
}

/*
 * The end of what begins at @at: quoted text or one character. An open quote
 * is a character like others; whoever reads the value will complain.
 */
static char *next(char *at, unsigned int *depth)
{
	if (*at == '"' || *at == '\'') {
		size_t quoted = escape_skip(at);

		return at + (quoted ? quoted : 1);
	}
	if (strchr("([{", *at))
		++*depth;
	else if (*depth && strchr(")]}", *at))
		--*depth;
	return at + 1;
}

char *words_trim(char *line)
{
	unsigned int depth = 0;
	char *end;

	while (blank(*line))
		line++;
	for (end = line; *end; end = next(end, &depth)) {
		if (*end == '#' && (end == line || blank(end[-1])))
			break;
	}
	while (end > line && blank(end[-1]))
		end--;
	*end = '\0';
	return line;
}

static void add(struct words *words, const char *word)
{
	words->items = xrealloc(words->items, words->count + 2, sizeof(*words->items));
	words->items[words->count++] = word;
	words->items[words->count] = NULL;
}

void words_split(char *line, struct words *words)
{
	char *at = words_trim(line);

	*words = (struct words){ 0 };
	while (*at) {
		unsigned int depth = 0;
		char *word = at;

		while (*at && (depth || !blank(*at)))
			at = next(at, &depth);
		add(words, word);
		if (!*at)
			break;
		*at++ = '\0';
		while (blank(*at))
			at++;
	}
}

void words_free(struct words *words)
{
	free(words->items);
}

bool words_assignment(char *line, const char **left, const char **right)
{
	char *start = words_trim(line);
	unsigned int depth = 0;
	char *equals, *end;

	for (equals = start; *equals && (depth || *equals != '='); equals = next(equals, &depth))
		;
	if (!*equals || *start == '-')
		return false;
	for (end = equals; end > start && blank(end[-1]);)
		end--;
	*left = start;
	*right = equals + 1;
	if (end == equals) {
		*equals = '\0';
		if (!refheap_path_check(start, NULL))
			return true;
		*equals = '=';
		return false;
	}
	depth = 0;
	for (char *at = start; at < end; at = next(at, &depth)) {
		if (!depth && blank(*at))
			return false;
	}
	*end = '\0';
	return true;
}
