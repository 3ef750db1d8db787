// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <time.h>

#include <refheap.h>

#include "cmd.h"
#include "heap.h"
#include "output.h"
#include "report.h"
#include "util.h"

static const struct column columns[] = {
	{ "session", "SESSION", "its number", COLUMN_NUMBER },
	{ "pid", "PID", "the process that opened it", COLUMN_NUMBER },
	{ "command", "COMMAND", "that process's name", COLUMN_NAME },
	{ "uid", "UID", "the user of that process", COLUMN_NUMBER },
	{ "held", "HELD", "references that it holds", COLUMN_NUMBER },
	{ "age", "AGE", "seconds since it was opened", COLUMN_NUMBER },
};

static double age_of(const struct refheap_session_info *info)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9 - (double)info->since_ns / 1e9;
}

static int run_sessions(struct context *context, struct arguments *arguments)
{
	refheap_auto_iter struct refheap_iter *iterator = NULL;
	struct refheap_session_info info;
	struct refheap_ctl *control;
	struct listing *listing;
	uint32_t heap;
	int error, status;

	(void)arguments;
	status = heap_inspect(context, &control, &heap);
	if (status)
		return status;
	error = refheap_iter_sessions(control, heap, &iterator);
	if (error)
		return report_error(context, error, "cannot list the sessions");
	listing = listing_begin(context, columns, ARRAY_SIZE(columns), &status);
	if (!listing)
		return status;
	while ((error = refheap_next_session(iterator, &info)) == 1) {
		listing_row(listing, (struct cell[]){
			cell_number(info.session),
			cell_number(info.pid),
			cell_text(info.comm),
			cell_number(info.uid),
			cell_number(info.held),
			cell_real(age_of(&info)),
		});
	}
	listing_end(listing);
	return error && error != -EINTR ?
		       report_error(context, error, "cannot list the sessions") : STATUS_OK;
}

const struct command sessions_command = {
	.name = "sessions",
	.synopsis = "",
	.summary = "List who has the heap open, and how many references each holds",
	.run = run_sessions,
};
