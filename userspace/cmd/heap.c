// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "events.h"
#include "heap.h"
#include "image.h"
#include "report.h"
#include "util.h"

#define DEVICE "/dev/" REFHEAP_DEVICE_NAME
#define MOST_AHEAD (1ULL << 32) /* bytes of a heap that room is made for at once */

struct type_names {
	char **names;	/* by number; NULL where there is none */
	size_t count;
};

static int find_user(struct context *context, const char *word, uint32_t *owner)
{
	const struct passwd *user = getpwnam(word);
	uint64_t number;

	if (user) {
		*owner = user->pw_uid;
		return STATUS_OK;
	}
	if (!parse_number(word, &number) || number >= REFHEAP_OWNER_SELF)
		return report_usage(context, "there is no user '%s'", word);
	*owner = (uint32_t)number;
	return STATUS_OK;
}

int heap_split(struct context *context, const char *word, char **name, uint32_t *owner)
{
	const char *slash = strrchr(word, '/');
	cleanup_free char *user = NULL;
	int status;

	*owner = REFHEAP_OWNER_SELF;
	if (slash) {
		user = xstrndup(word, (size_t)(slash - word));
		status = find_user(context, user, owner);
		if (status)
			return status;
		word = slash + 1;
	}
	if (!*word || strlen(word) >= REFHEAP_NAME_MAX)
		return report_usage(context, "'%s' is not the name of a heap", word);
	*name = xstrdup(word);
	return STATUS_OK;
}

int heap_choose(struct context *context, const char *word)
{
	int status = heap_split(context, word, &context->heap_name, &context->heap_owner);

	context->heap_default = false;
	return status;
}

int heap_choose_saved(struct context *context, const char *path)
{
	struct refheap_image_info info;
	int status = image_open(context, path, &context->image);

	if (status)
		return status;
	refheap_image_info(context->image, &info);
	context->heap_name = xstrdup(info.heap);
	context->heap_owner = REFHEAP_OWNER_SELF;
	context->heap_default = false;
	return STATUS_OK;
}

static int cannot_open(struct context *context, int error)
{
	const char *name = context->heap_name ? context->heap_name : "the default heap";

	if (error == -ENXIO || (error == -ENOENT && access(DEVICE, F_OK))) {
		report_refused(context, ENXIO, "the kernel module refheap is not loaded");
		return STATUS_NO_KERNEL;
	}
	if (error == -EACCES && access(DEVICE, R_OK | W_OK)) {
		report_refused(context, EACCES, "there is no permission to use " DEVICE
			       "; its group is 'refheap'");
		return STATUS_NO_KERNEL;
	}
	if (error == -ENOENT)
		return report_refused(context, ENOENT,
				      "there is no heap '%s'; 'refheap heap new' makes one", name);
	if (error == -EINVAL)
		return report_refused(context, EINVAL, "'%s' is not the name of a heap", name);
	return report_error(context, error, "cannot open %s", name);
}

static int open_session(struct context *context)
{
	struct refheap_options options = REFHEAP_OPTIONS_INIT;
	int error;

	if (context->image)
		return refheap_open_image(context->image, &context->session);
	if (!context->heap_default)
		options.owner = context->heap_owner;
	else
		options.flags = REFHEAP_ATTACH_CREATE;
	error = refheap_open_with(context->heap_name, &options, &context->session);
	if (error != -EACCES)
		return error;
	options.flags = REFHEAP_ATTACH_RDONLY;
	return refheap_open_with(context->heap_name, &options, &context->session);
}

int heap_session(struct context *context, struct refheap **session)
{
	int error = context->session ? 0 : open_session(context);

	if (error)
		return cannot_open(context, error);
	*session = context->session;
	return STATUS_OK;
}

int heap_control(struct context *context, struct refheap_ctl **control)
{
	int error;

	if (!context->control) {
		error = context->image ?
			refheap_ctl_open_image(context->image, &context->control) :
			refheap_ctl_open(&context->control);
		if (error)
			return cannot_open(context, error);
	}
	*control = context->control;
	return STATUS_OK;
}

int heap_inspect(struct context *context, struct refheap_ctl **control, uint32_t *heap)
{
	struct refheap *session;
	int status = heap_session(context, &session);

	if (status)
		return status;
	*heap = refheap_heap(session);
	return heap_control(context, control);
}

bool heap_extent(struct context *context, uint32_t *objects, uint64_t *bytes)
{
	struct refheap_heap_info info = { 0 };
	struct refheap_ctl *control;
	uint32_t heap;

	if (heap_inspect(context, &control, &heap) || refheap_heap_get(control, heap, &info))
		return false;
	if (info.objects > UINT32_MAX / 2 || info.bytes > MOST_AHEAD)
		return false;
	*objects = (uint32_t)info.objects;
	*bytes = info.bytes;
	return true;
}

static void remember_type(struct type_names *types, const struct refheap_type_info *info)
{
	if (info->type >= types->count) {
		types->names = xrealloc(types->names, info->type + 1, sizeof(*types->names));
		memset(types->names + types->count, 0,
		       (info->type + 1 - types->count) * sizeof(*types->names));
		types->count = info->type + 1;
	}
	free(types->names[info->type]);
	types->names[info->type] = xstrdup(info->name);
	make_printable(types->names[info->type]);
}

static void load_types(struct context *context)
{
	refheap_auto_iter struct refheap_iter *iterator = NULL;
	struct refheap_type_info info;
	struct refheap_ctl *control;
	uint32_t heap;

	if (!context->types)
		context->types = xcalloc(1, sizeof(*context->types));
	if (heap_inspect(context, &control, &heap) ||
	    refheap_iter_types(control, heap, &iterator))
		return;
	while (refheap_next_type(iterator, &info) == 1) {
		if (info.type)
			remember_type(context->types, &info);
	}
}

const char *heap_type_name(struct context *context, uint32_t type)
{
	const struct type_names *types = context->types;

	/* Types are made while the shell runs, and live as long as the heap. */
	if (!types || type >= types->count || !types->names[type]) {
		load_types(context);
		types = context->types;
	}
	return type < types->count && types->names[type] ? types->names[type] : "?";
}

const char *heap_kind_or_type(struct context *context, uint32_t kind, uint32_t type)
{
	if (kind == REFHEAP_KIND_INSTANCE && type)
		return heap_type_name(context, type);
	return refheap_kind_name(kind);
}

void heap_close(struct context *context)
{
	struct type_names *types = context->types;

	for (size_t i = 0; types && i < types->count; i++)
		free(types->names[i]);
	if (types)
		free(types->names);
	free(types);
	variables_free(&context->variables);
	events_free(context);
	refheap_ctl_close(context->control);
	refheap_close(context->session);
	refheap_image_close(context->image);
	free(context->heap_name);
	context->types = NULL;
	context->control = NULL;
	context->session = NULL;
	context->image = NULL;
	context->heap_name = NULL;
}
