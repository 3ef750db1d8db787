// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>
#include <refheap.h>

#include "command.h"
#include "progress.h"
#include "report.h"
#include "util.h"

static void print_json(const struct context *context, const char *code, const char *message)
{
	struct json_object *error = json_object_new_object();
	struct json_object *document = json_object_new_object();
	int flags = context->format.pretty ? JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED :
					     JSON_C_TO_STRING_PLAIN;

	json_object_object_add(error, "code", json_object_new_string(code));
	json_object_object_add(error, "message", json_object_new_string(message));
	if (context->source) {
		json_object_object_add(error, "file", json_object_new_string(context->source));
		json_object_object_add(error, "line", json_object_new_int64(context->line));
	}
	json_object_object_add(document, "error", error);
	flags |= JSON_C_TO_STRING_NOSLASHESCAPE;
	fprintf(stderr, "%s\n", json_object_to_json_string_ext(document, flags));
	json_object_put(document);
}

static void print_text(const struct context *context, const char *message)
{
	enum color_mode mode = context->format.color;

	fputs(color_code(mode, stderr, COLOR_ERROR), stderr);
	if (context->source)
		fprintf(stderr, "%s:%u:", context->source, context->line);
	else
		fputs("refheap:", stderr);
	fputs(color_code(mode, stderr, COLOR_RESET), stderr);
	fprintf(stderr, " %s\n", message);
}

static void print(const struct context *context, const char *code, const char *message)
{
	if (context->quiet)
		return;
	/* What was printed before the error comes first on a terminal, too. */
	fflush(stdout);
	progress_lock();
	progress_erase();
	if (context->format.json)
		print_json(context, code, message);
	else
		print_text(context, message);
	progress_unlock();
}

int report_usage(struct context *context, const char *format, ...)
{
	cleanup_free char *message = NULL;
	va_list values;

	va_start(values, format);
	if (vasprintf(&message, format, values) < 0)
		message = NULL;
	va_end(values);
	print(context, "USAGE", message ? message : format);
	return STATUS_USAGE;
}

int report_refused(struct context *context, int error, const char *format, ...)
{
	cleanup_free char *message = NULL;
	const char *code = strerrorname_np(abs(error));
	va_list values;

	va_start(values, format);
	if (vasprintf(&message, format, values) < 0)
		message = NULL;
	va_end(values);
	print(context, code ? code : "EUNKNOWN", message ? message : format);
	return STATUS_REFUSED;
}

int report_error(struct context *context, int error, const char *format, ...)
{
	cleanup_free char *action = NULL;
	va_list values;

	va_start(values, format);
	if (vasprintf(&action, format, values) < 0)
		action = NULL;
	va_end(values);
	report_refused(context, error, "%s: %s", action ? action : format,
		       context->image && abs(error) == EROFS ?
			       "a saved heap can be looked at, but not changed" :
			       refheap_strerror(error));
	return abs(error) == ENXIO ? STATUS_NO_KERNEL : STATUS_REFUSED;
}

int report_unwritten(struct context *context, int error, const char *path)
{
	return report_refused(context, error, "cannot write '%s': %s", path, strerror(error));
}
