/* SPDX-License-Identifier: GPL-2.0 */
/* Help from the table of commands. */
#ifndef REFHEAP_CMD_HELP_H
#define REFHEAP_CMD_HELP_H

#include <stdio.h>

#include "command.h"

void help_all(const struct context *context, FILE *file);
void help_command(const struct context *context, const struct command *command,
		  const char *group, FILE *file);

extern const struct command help_command_entry;
extern const struct command version_command;

#endif
