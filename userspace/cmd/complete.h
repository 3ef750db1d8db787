/* SPDX-License-Identifier: GPL-2.0 */
/* What could be meant, from the table of commands and from the heap. */
#ifndef REFHEAP_CMD_COMPLETE_H
#define REFHEAP_CMD_COMPLETE_H

#include <stddef.h>

#include "context.h"

struct candidates {
	char **words;
	size_t count;
};

/**
 * complete_line() - candidates for the last word of a line of the shell
 * @line: changed
 *
 * Return: how many bytes of the word are there already.
 */
size_t complete_line(struct context *context, char *line, struct candidates *candidates);

/* What all candidates begin with; to be freed. */
char *candidates_common(const struct candidates *candidates);
void candidates_free(struct candidates *candidates);

#endif
