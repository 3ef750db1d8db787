// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <refheap.h>

#include "cmd.h"
#include "heap.h"
#include "output.h"
#include "path.h"
#include "report.h"
#include "store.h"
#include "util.h"

/* Where a program that was given an object finds the descriptor's number. */
#define VARIABLE "REFHEAP_FD"

/* Only returns when the program cannot be executed. */
static int execute(struct context *context, struct arguments *arguments, int fd)
{
	cleanup_free char *number = xasprintf("%d", fd);
	cleanup_free char **words = xcalloc((size_t)arguments->count, sizeof(*words));

	/* Without the path there is room for the NULL at the end. */
	for (int i = 1; i < arguments->count; i++)
		words[i - 1] = xstrdup(arguments->words[i]);
	fflush(stdout);
	if (!fcntl(fd, F_SETFD, 0) && !setenv(VARIABLE, number, 1))
		execvp(words[0], words);
	report_refused(context, errno, "cannot execute '%s': %s", words[0], strerror(errno));
	for (int i = 1; i < arguments->count; i++)
		free(words[i - 1]);
	return STATUS_REFUSED;
}

static int run_export(struct context *context, struct arguments *arguments)
{
	refheap_id id;
	int fd, status;

	status = path_resolve(context, arguments->words[0], &id);
	if (status)
		return status;
	fd = refheap_export(context->session, id);
	refheap_drop(context->session, id);
	if (fd < 0)
		return path_error(context, fd, arguments->words[0]);
	status = execute(context, arguments, fd);
	close(fd);
	return status;
}

const struct command export_command = {
	.name = "export",
	.synopsis = "PATH -- COMMAND...",
	.summary = "Execute a program with a descriptor that holds an object",
	.details = "The program finds its number in the environment variable " VARIABLE
		   ", and 'refheap import'\nfinds the object. The descriptor holds it until all "
		   "who have it have closed it.",
	.minimum = 2,
	.maximum = -1,
	.flags = COMMAND_NOT_IN_SHELL,
	.run = run_export,
};

static int find_descriptor(struct context *context, const struct arguments *arguments, int *fd)
{
	const char *word = argument_option(arguments, "fd");
	uint64_t number;

	if (!word)
		word = getenv(VARIABLE);
	if (!word)
		return report_usage(context, VARIABLE " is not set, and --fd not given");
	if (!parse_number(word, &number) || number > INT32_MAX)
		return report_usage(context, "'%s' is not a descriptor", word);
	*fd = (int)number;
	return STATUS_OK;
}

static int import_error(struct context *context, int error, int fd)
{
	if (error == -EBADF)
		return report_refused(context, error, "descriptor %d holds no object", fd);
	if (error == -EXDEV)
		return report_refused(context, error, "descriptor %d holds an object of another "
				      "heap; choose it with --heap", fd);
	return report_error(context, error, "cannot import descriptor %d", fd);
}

static int run_import(struct context *context, struct arguments *arguments)
{
	const char *name = arguments->words[0];
	struct refheap *session;
	refheap_id id;
	int error, fd = -1, status;

	status = find_descriptor(context, arguments, &fd);
	if (!status)
		status = heap_session(context, &session);
	if (status)
		return status;
	error = refheap_import(session, fd, &id);
	if (error)
		return import_error(context, error, fd);
	status = store_object(context, name, id);
	if (!status)
		store_done(context, name, id);
	return status;
}

static const struct option_spec import_options[] = {
	{ "fd", 'f', "N", "the descriptor's number, instead of " VARIABLE },
	{ 0 },
};

const struct command import_command = {
	.name = "import",
	.synopsis = "PATH",
	.summary = "Put the object that a descriptor holds at a path",
	.details = "In the shell a plain name is a variable.",
	.options = import_options,
	.minimum = 1,
	.maximum = 1,
	.run = run_import,
};
