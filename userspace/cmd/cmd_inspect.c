// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include <refheap.h>

#include "cmd.h"
#include "heap.h"
#include "objects.h"
#include "output.h"
#include "path.h"
#include "progress.h"
#include "report.h"

/* What is known of the object at a path, without the reference taken to look. */
static int inspect(struct context *context, const char *path, struct refheap_info *info)
{
	refheap_id id;
	int error, status;

	status = path_resolve(context, path, &id);
	if (status)
		return status;
	error = refheap_inspect(context->session, id, info);
	refheap_drop(context->session, id);
	if (error)
		return path_error(context, error, path);
	info->refcount--;
	return STATUS_OK;
}

static int print_number(struct context *context, const char *key, const struct refheap_info *info,
			uint64_t number)
{
	struct json_object *document;
	char id[REFHEAP_ID_TEXT];

	if (!context->format.json) {
		printf("%" PRIu64 "\n", number);
		return STATUS_OK;
	}
	document = json_object_new_object();
	json_object_object_add(document, "id",
			       json_object_new_string(refheap_format_id(info->id, id)));
	json_object_object_add(document, key, json_object_new_uint64(number));
	output_json(context, document);
	return STATUS_OK;
}

static int run_refcount(struct context *context, struct arguments *arguments)
{
	struct refheap_info info;
	int status = inspect(context, arguments->words[0], &info);

	return status ? status : print_number(context, "refcount", &info, info.refcount);
}

const struct command refcount_command = {
	.name = "refcount",
	.synopsis = "PATH",
	.summary = "Print how many references there are to an object",
	.details = "Names, items, keys, attributes, sessions and variables count; looking does not.",
	.minimum = 1,
	.maximum = 1,
	.flags = COMMAND_SAVED,
	.run = run_refcount,
};

static int run_is_tracked(struct context *context, struct arguments *arguments)
{
	struct refheap_info info;
	int status = inspect(context, arguments->words[0], &info);
	bool tracked;

	if (status)
		return status;
	tracked = info.flags & REFHEAP_INFO_TRACKED;
	if (context->format.json)
		puts(tracked ? "{\"tracked\":true}" : "{\"tracked\":false}");
	else
		puts(tracked ? "True" : "False");
	return STATUS_OK;
}

const struct command is_tracked_command = {
	.name = "is-tracked",
	.synopsis = "PATH",
	.summary = "Whether the collector looks at an object",
	.minimum = 1,
	.maximum = 1,
	.flags = COMMAND_SAVED,
	.run = run_is_tracked,
};

/* Lists what is around an object; none of it is kept alive meanwhile. */
static int run_neighbours(struct context *context, struct arguments *arguments, bool referrers)
{
	struct refheap_filter filter = REFHEAP_FILTER_INIT;
	refheap_id id;
	int status;

	status = objects_filter(context, arguments, &filter);
	if (status)
		return status;
	status = path_resolve(context, arguments->words[0], &id);
	if (status)
		return status;
	if (referrers)
		filter.referrers_of = id;
	else
		filter.referents_of = id;
	status = objects_list(context, &filter, referrers ? OBJECTS_EDGES : 0);
	refheap_drop(context->session, id);
	return status;
}

static int run_referrers(struct context *context, struct arguments *arguments)
{
	return run_neighbours(context, arguments, true);
}

static int run_referents(struct context *context, struct arguments *arguments)
{
	return run_neighbours(context, arguments, false);
}

static const struct option_spec neighbours_options[] = { OBJECTS_OPTIONS, { 0 } };

const struct command referents_command = {
	.name = "referents",
	.synopsis = "PATH",
	.summary = "List the objects that an object refers to",
	.options = neighbours_options,
	.minimum = 1,
	.maximum = 1,
	.flags = COMMAND_SAVED,
	.run = run_referents,
};

const struct command referrers_command = {
	.name = "referrers",
	.synopsis = "PATH",
	.summary = "List the objects that refer to an object",
	.options = neighbours_options,
	.minimum = 1,
	.maximum = 1,
	.flags = COMMAND_SAVED,
	.run = run_referrers,
};

static void print_verified(struct context *context, uint64_t broken, const char *text)
{
	struct json_object *document;

	if (!context->format.json) {
		if (broken)
			printf("%" PRIu64 " broken: %s\n", broken, text);
		else
			puts("ok");
		return;
	}
	document = json_object_new_object();
	json_object_object_add(document, "broken", json_object_new_uint64(broken));
	if (broken)
		json_object_object_add(document, "first", json_object_new_string(text));
	output_json(context, document);
}

static int run_verify(struct context *context, struct arguments *arguments)
{
	struct progress progress = { .what = "verifying" };
	struct refheap *session;
	char text[512] = "";
	int64_t broken;
	int status;

	(void)arguments;
	status = heap_session(context, &session);
	if (status)
		return status;
	progress_begin(&progress);
	broken = refheap_verify(session, text, sizeof(text));
	progress_end(&progress);
	if (broken < 0)
		return report_error(context, (int)broken, "cannot verify the heap");
	print_verified(context, (uint64_t)broken, text);
	return broken ? STATUS_BROKEN : STATUS_OK;
}

const struct command verify_command = {
	.name = "verify",
	.synopsis = "",
	.summary = "Check every invariant of the heap",
	.details = "Counts are computed again from edges, names and sessions, and compared.",
	.run = run_verify,
};
