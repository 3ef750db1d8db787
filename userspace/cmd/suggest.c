// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "suggest.h"

#define WORD_MAX 31

static unsigned int smallest(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int least = a < b ? a : b;

	return least < c ? least : c;
}

/* Letters to insert, delete, replace or swap to make one word of the other. */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int rows[3][WORD_MAX + 1];
	size_t length = strlen(b);

	for (size_t j = 0; j <= length; j++)
		rows[0][j] = (unsigned int)j;
	for (size_t i = 1; i <= strlen(a); i++) {
		const unsigned int *above = rows[(i - 1) % 3];
		const unsigned int *before = rows[(i + 1) % 3];
		unsigned int *row = rows[i % 3];

		row[0] = (unsigned int)i;
		for (size_t j = 1; j <= length; j++) {
			row[j] = smallest(above[j] + 1, row[j - 1] + 1,
					  above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = smallest(row[j], before[j - 2] + 1, row[j]);
		}
	}
	return rows[strlen(a) % 3][length];
}

const char *suggest(const struct context *context, const struct command *const *list,
		    const char *word)
{
	size_t length = strlen(word);
	/* More than half of the letters wrong is another word. */
	unsigned int best = length < 6 ? (unsigned int)length / 2 + 1 : 4;
	const char *name = NULL;

	if (length > WORD_MAX)
		return NULL;
	for (; *list; list++) {
		unsigned int difference;

		if ((*list)->flags & COMMAND_HIDDEN)
			continue;
		if (!command_find(context, (const struct command *const[]){ *list, NULL },
				  (*list)->name))
			continue;
		difference = distance(word, (*list)->name);
		if (difference < best) {
			best = difference;
			name = (*list)->name;
		}
	}
	return name;
}
