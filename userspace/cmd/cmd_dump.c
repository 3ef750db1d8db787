// SPDX-License-Identifier: GPL-2.0
/* A heap to a file and back. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <refheap.h>

#include "cmd.h"
#include "heap.h"
#include "image.h"
#include "interrupt.h"
#include "output.h"
#include "replace.h"
#include "report.h"
#include "util.h"

static int dump_error(struct context *context, int64_t error, const char *path)
{
	if (error == -EAGAIN)
		return report_refused(context, EAGAIN, "the heap was changed each time that it "
				      "was looked at; try again");
	return report_error(context, (int)error, "cannot save the heap to '%s'", path);
}

static int save_file(struct context *context, const char *path, int64_t *objects)
{
	struct replacement file;
	int error = replace_begin(&file, path), status = STATUS_OK;

	if (error)
		return report_unwritten(context, error, path);
	*objects = refheap_dump(context->session, file.fd);
	if (*objects < 0)
		status = dump_error(context, *objects, path);
	error = replace_end(&file, !status);
	return error && !status ? report_unwritten(context, error, path) : status;
}

static int save(struct context *context, const char *path, int64_t *objects)
{
	if (strcmp(path, "-"))
		return save_file(context, path, objects);
	if (isatty(STDOUT_FILENO))
		return report_usage(context, "a saved heap is nothing for a terminal");
	*objects = refheap_dump(context->session, STDOUT_FILENO);
	return *objects < 0 ? dump_error(context, *objects, path) : STATUS_OK;
}

static int run_dump(struct context *context, struct arguments *arguments)
{
	const char *path = arguments->words[0];
	struct json_object *document;
	struct refheap *session;
	int64_t objects = 0;
	int status;

	status = heap_session(context, &session);
	if (!status)
		status = save(context, path, &objects);
	if (status || !strcmp(path, "-"))
		return status;
	if (!context->format.json) {
		printf("%" PRId64 " %s saved\n", objects,
		       plural((uint64_t)objects, "object", "objects"));
		return STATUS_OK;
	}
	document = json_object_new_object();
	json_object_object_add(document, "heap", json_object_new_string(refheap_name(session)));
	json_object_object_add(document, "objects", json_object_new_int64(objects));
	output_json(context, document);
	return STATUS_OK;
}

const struct command dump_command = {
	.name = "dump",
	.synopsis = "FILE",
	.summary = "Save the heap to a file",
	.details = "Nobody is stopped; all of it is of one moment. '-' is standard output.",
	.minimum = 1,
	.maximum = 1,
	.flags = COMMAND_SAVED,
	.run = run_dump,
};

/* The name for the heap; to be freed. */
static int restored_name(struct context *context, const struct arguments *arguments,
			 const struct refheap_image *image, char **name)
{
	struct refheap_image_info info;
	uint32_t owner;
	int status;

	if (arguments->count > 1) {
		status = heap_split(context, arguments->words[1], name, &owner);
		if (!status && owner != REFHEAP_OWNER_SELF)
			status = report_usage(context, "heaps are made for oneself only");
		return status;
	}
	refheap_image_info(image, &info);
	*name = xstrdup(context->heap_default ? info.heap : context->heap_name);
	return STATUS_OK;
}

static int restore_error(struct context *context, int error, const char *path, const char *name)
{
	if (error == -EEXIST)
		return report_refused(context, EEXIST, "there is a heap '%s' already; 'refheap "
				      "restore FILE NAME' gives it another name", name);
	if (error == -EINVAL)
		return report_refused(context, EINVAL, "'%s' is not the name of a heap", name);
	return report_error(context, error, "cannot make heap '%s' of '%s'", name, path);
}

static void print_restored(struct context *context, const char *name)
{
	struct refheap_heap_info info = { 0 };
	struct json_object *document;
	struct refheap_ctl *control;
	uint32_t heap;

	if (!heap_control(context, &control) &&
	    !refheap_heap_find(control, name, REFHEAP_OWNER_SELF, &heap))
		refheap_heap_get(control, heap, &info);
	if (!context->format.json) {
		printf("heap %s: %" PRIu64 " %s\n", name, info.names,
		       plural(info.names, "name", "names"));
		return;
	}
	document = json_object_new_object();
	json_object_object_add(document, "heap", json_object_new_string(name));
	json_object_object_add(document, "names", json_object_new_uint64(info.names));
	output_json(context, document);
}

static bool remove_heap(struct context *context, const char *name)
{
	struct refheap_ctl *control;
	uint32_t heap;

	return !heap_control(context, &control) &&
	       !refheap_heap_find(control, name, REFHEAP_OWNER_SELF, &heap) &&
	       !refheap_heap_remove(control, heap);
}

/* Signals leave nothing behind, also when they came too late for the library to see. */
static int restore(struct context *context, const struct refheap_image *image, const char *name)
{
	struct refheap_options options = REFHEAP_OPTIONS_INIT;
	bool caught = interrupt_catch();
	int error;

	interrupt_catch_ends();
	options.flags = REFHEAP_SUBMIT_INTERRUPTIBLE;
	error = refheap_restore(image, name, &options);
	if (!error && interrupted() && remove_heap(context, name))
		error = -EINTR;
	interrupt_release_ends();
	if (!caught)
		interrupt_release();
	return error;
}

static int run_restore(struct context *context, struct arguments *arguments)
{
	refheap_auto_image struct refheap_image *image = NULL;
	const char *path = arguments->words[0];
	cleanup_free char *name = NULL;
	int error, status;

	status = image_open(context, path, &image);
	if (!status)
		status = restored_name(context, arguments, image, &name);
	if (status)
		return status;
	error = restore(context, image, name);
	if (error)
		return restore_error(context, error, path, name);
	print_restored(context, name);
	return STATUS_OK;
}

const struct command restore_command = {
	.name = "restore",
	.synopsis = "FILE [HEAP]",
	.summary = "Make a heap of a saved one",
	.details = "It is called HEAP, or else as --heap says, or else as it was called. There must\n"
		   "be no heap of that name. What names keep alive comes back, with new ids.",
	.minimum = 1,
	.maximum = 2,
	.run = run_restore,
};
