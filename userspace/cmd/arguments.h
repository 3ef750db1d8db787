/* SPDX-License-Identifier: GPL-2.0 */
/* Options: the global ones and those of the commands. */
#ifndef REFHEAP_CMD_ARGUMENTS_H
#define REFHEAP_CMD_ARGUMENTS_H

#include "command.h"

/* What the global options of one command line ask for. */
struct globals {
	const char *values[OPTIONS_MAX]; /* by place in global_options */
};

/**
 * arguments_globals() - take the options before the command
 * @globals: filled
 * @next: the place of the first word that is no option
 *
 * Return: STATUS_OK, or STATUS_USAGE after a report.
 */
int arguments_globals(struct context *context, int count, const char **words,
		      struct globals *globals, int *next);

/**
 * arguments_parse() - sort the words after the command
 * @count: how many @words
 * @words: sorted in place: the arguments come to the front
 * @arguments: filled; its command must be set
 * @globals: filled with the global options among the words
 *
 * Return: STATUS_OK, or STATUS_USAGE after a report.
 */
int arguments_parse(struct context *context, int count, const char **words,
		    struct arguments *arguments, struct globals *globals);

#endif
