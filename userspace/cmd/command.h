/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The commands as data. Parsing, help, suggestions and completion all read the
 * same table; a command is one entry of it and one function.
 */
#ifndef REFHEAP_CMD_COMMAND_H
#define REFHEAP_CMD_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "context.h"

#define OPTIONS_MAX 16

/* An option of a command; the list ends with an empty entry. */
struct option_spec {
	const char *name;	/* without the dashes */
	char letter;		/* 0: none */
	const char *argument;	/* NULL: it takes none */
	const char *help;
};

struct arguments {
	int count;
	const char **words;
	const struct command *command;
	const char *values[OPTIONS_MAX]; /* by place in the command's options; "" for flags */
};

enum {
	COMMAND_SHELL = 1,	/* known in the shell only */
	COMMAND_HIDDEN = 2,	/* not in the help */
	COMMAND_NOT_IN_SHELL = 4,
	COMMAND_RAW = 8,	/* the words are taken as they are, options too */
	COMMAND_SAVED = 16,	/* works on a saved heap, too */
};

/**
 * struct command - a command or a group of them
 * @name: the word
 * @synopsis: its arguments; the capital words also say how to complete them
 * @summary: one line
 * @details: further help, or NULL
 * @options: or NULL
 * @minimum: fewest arguments
 * @maximum: most arguments, -1 for any number
 * @flags: COMMAND_*
 * @run: or NULL in a group; returns an enum status
 * @group: commands in this group, ending with NULL, or NULL
 * @fallback: what the name of the group alone means, or NULL
 */
struct command {
	const char *name;
	const char *synopsis;
	const char *summary;
	const char *details;
	const struct option_spec *options;
	int minimum;
	int maximum;
	unsigned int flags;
	int (*run)(struct context *context, struct arguments *arguments);
	const struct command *const *group;
	const char *fallback;
};

extern const struct command *const commands[];
extern const struct option_spec global_options[];

/* Places in global_options. */
enum {
	GLOBAL_HEAP,
	GLOBAL_DUMP,
	GLOBAL_JSON,
	GLOBAL_PRETTY,
	GLOBAL_COLUMNS,
	GLOBAL_COLOR,
	GLOBAL_BATCH,
	GLOBAL_KEEP_GOING,
	GLOBAL_HELP,
	GLOBAL_VERSION,
};

/* The command of that name in @list that @context knows, or NULL. */
const struct command *command_find(const struct context *context,
				   const struct command *const *list, const char *name);

/**
 * command_run() - execute a command line
 * @words: the command and its arguments, without global options in front
 *
 * Return: the status of the command.
 */
int command_run(struct context *context, int count, const char **words);

/* The value of an option that the command has, NULL when it was not given. */
const char *argument_option(const struct arguments *arguments, const char *name);

/**
 * argument_number() - the value of an option as a number
 * @value: left as it is when the option was not given
 *
 * Return: STATUS_OK, or STATUS_USAGE after a report.
 */
int argument_number(struct context *context, const struct arguments *arguments, const char *name,
		    uint64_t *value);

struct deadline;

/**
 * argument_deadline() - the value of the option --wait, in seconds
 * @fallback: when the option was not given; NULL for ever
 * @deadline: out: begins now
 *
 * Return: STATUS_OK, or STATUS_USAGE after a report.
 */
int argument_deadline(struct context *context, const struct arguments *arguments,
		      const char *fallback, struct deadline *deadline);

/* The words from @first on, joined with blanks. */
char *argument_join(const struct arguments *arguments, int first);

#endif
