/* SPDX-License-Identifier: GPL-2.0 */
/* Lines: of batch files, of scripts, and of the shell. */
#ifndef REFHEAP_CMD_SCRIPT_H
#define REFHEAP_CMD_SCRIPT_H

#include "context.h"

/**
 * script_name_lines() - let lines be known to histories and traces
 * @asked: by the user; they are anyway when births are booked on them
 *
 * The session is open.
 */
void script_name_lines(struct context *context, bool asked);

/**
 * script_line() - execute one line
 * @line: changed
 *
 * Return: a status.
 */
int script_line(struct context *context, char *line);

/**
 * script_run() - execute the lines of a file
 * @path: file, or "-" for standard input
 * @keep_going: go on after an error
 *
 * Return: the status of the first line that failed, or STATUS_OK.
 */
int script_run(struct context *context, const char *path, bool keep_going);

/*
 * Ends a shell or a script: what only its variables held is finalized while
 * this session is there to do it.
 */
void shell_drop_variables(struct context *context);

#endif
