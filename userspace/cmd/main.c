// SPDX-License-Identifier: GPL-2.0
/* refheap: makes, changes and inspects objects of a heap in the kernel. */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "arguments.h"
#include "command.h"
#include "heap.h"
#include "help.h"
#include "report.h"
#include "script.h"

static int apply(struct context *context, const struct globals *globals)
{
	const char *color = globals->values[GLOBAL_COLOR];

	context->format.json = globals->values[GLOBAL_JSON];
	context->format.pretty = globals->values[GLOBAL_PRETTY];
	context->format.columns = globals->values[GLOBAL_COLUMNS];
	if (color && !color_mode_parse(color, &context->format.color))
		return report_usage(context, "--color is auto, always or never, not '%s'", color);
	if (globals->values[GLOBAL_HEAP] && globals->values[GLOBAL_DUMP])
		return report_usage(context, "--heap and --dump exclude each other");
	if (globals->values[GLOBAL_HEAP])
		return heap_choose(context, globals->values[GLOBAL_HEAP]);
	if (globals->values[GLOBAL_DUMP])
		return heap_choose_saved(context, globals->values[GLOBAL_DUMP]);
	return STATUS_OK;
}

static int run(struct context *context, int count, const char **words,
	       const struct globals *globals)
{
	const char *batch = globals->values[GLOBAL_BATCH];

	if (globals->values[GLOBAL_HELP]) {
		help_all(context, stdout);
		return STATUS_OK;
	}
	if (globals->values[GLOBAL_VERSION])
		return command_run(context, 1, (const char *[]){ "version" });
	if (batch && count)
		return report_usage(context, "--batch and a command exclude each other");
	if (batch)
		return script_run(context, batch, globals->values[GLOBAL_KEEP_GOING]);
	if (globals->values[GLOBAL_KEEP_GOING])
		return report_usage(context, "--keep-going is for --batch");
	if (count)
		return command_run(context, count, words);
	help_all(context, stderr);
	return STATUS_USAGE;
}

int main(int argc, char **argv)
{
	struct context context = { .heap_default = true };
	const char **words = (const char **)argv + 1;
	struct globals globals;
	int next, status;

	setlocale(LC_CTYPE, "");
	status = arguments_globals(&context, argc - 1, words, &globals, &next);
	if (!status)
		status = apply(&context, &globals);
	if (!status)
		status = run(&context, argc - 1 - next, words + next, &globals);
	heap_close(&context);
	/* A full disk or a closed pipe must not look like success. */
	if (fflush(stdout) || ferror(stdout)) {
		report_refused(&context, EIO, "cannot write the output");
		status = status ? status : STATUS_REFUSED;
	}
	return status;
}
