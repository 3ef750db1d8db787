/* SPDX-License-Identifier: GPL-2.0 */
/* What every part of the command is given. */
#ifndef REFHEAP_CMD_CONTEXT_H
#define REFHEAP_CMD_CONTEXT_H

#include <stdbool.h>
#include <sys/types.h>

#include "color.h"
#include "variables.h"

struct command;
struct events;
struct refheap;
struct refheap_ctl;
struct script_call;
struct refheap_image;
struct type_names;

/* Exit statuses, documented in refheap(1). */
enum status {
	STATUS_OK = 0,
	STATUS_REFUSED = 1,	/* the operation was refused; nothing changed */
	STATUS_USAGE = 2,	/* the command line is wrong; nothing was tried */
	STATUS_NO_KERNEL = 3,	/* no module, or no right to talk to it */
	STATUS_BROKEN = 4,	/* verify found a broken invariant */
};

/* How to print; a line of a script may choose for itself. */
struct format {
	bool json;
	bool pretty;
	const char *columns;	/* NULL: the listing's own choice */
	enum color_mode color;
};

/**
 * struct context - one run of the command, or of a shell
 * @format: how to print
 * @heap_name: the heap to work on
 * @heap_owner: its owner, or -1 for the caller
 * @heap_default: nobody chose a heap, so the default one may be made
 * @image: the saved heap to look at instead of one in the kernel, or NULL
 * @session: opened by heap_session() when it is first needed
 * @control: likewise by heap_control()
 * @types: names of types by number, once they were asked for
 * @variables: those of the shell, and how many frames its session has
 * @events: callbacks and finalizers of the session, once there may be some
 * @source: file of the script, or NULL outside scripts
 * @line: line number in @source
 * @caller: where the script was called from, NULL when by no other
 * @command: what is being executed, for messages
 * @in_shell: shell commands are known, variables exist
 * @sites: the lines of scripts are named to the kernel, for histories
 * @verbose: print the lines of a script before they are executed
 * @quiet: say nothing about errors
 * @leave: the shell is to end
 */
struct context {
	struct format format;
	char *heap_name;
	uid_t heap_owner;
	bool heap_default;
	struct refheap_image *image;
	struct refheap *session;
	struct refheap_ctl *control;
	struct type_names *types;
	struct variables variables;
	struct events *events;
	const char *source;
	unsigned int line;
	const struct script_call *caller;
	const struct command *command;
	bool in_shell;
	bool sites;
	bool verbose;
	bool quiet;
	bool leave;
};

#endif
