/* SPDX-License-Identifier: GPL-2.0 */
/* From a line of a script or of the shell to words. */
#ifndef REFHEAP_CMD_WORDS_H
#define REFHEAP_CMD_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct words - the words of a line
 * @items: NULL-terminated
 * @count: their number
 */
struct words {
	const char **items;
	size_t count;
};

/**
 * words_split() - split at blanks outside of quotes and brackets
 * @line: changed, and what the words point into
 *
 * A VALUE is one word, quotes and all. Outside of quotes, # after a blank or
 * at the beginning ends the line.
 */
void words_split(char *line, struct words *words);
void words_free(struct words *words);

/**
 * words_assignment() - take "PATH = VALUE" apart
 * @line: left alone unless it is one
 * @left: out: the path
 * @right: out: the value, possibly empty
 *
 * Return: whether it is one.
 */
bool words_assignment(char *line, const char **left, const char **right);

/* The line without blanks around it and, outside of quotes, without a comment. */
char *words_trim(char *line);

#endif
