// SPDX-License-Identifier: GPL-2.0
/* What Python has as built-in functions: len(), id(), memoryview(). */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <refheap.h>

#include "cmd.h"
#include "escape.h"
#include "heap.h"
#include "output.h"
#include "path.h"
#include "report.h"
#include "util.h"
#include "value.h"

static int run_len(struct context *context, struct arguments *arguments)
{
	const char *path = arguments->words[0];
	struct json_object *document;
	int64_t length;
	refheap_id id;
	int status;

	status = path_resolve(context, path, &id);
	if (status)
		return status;
	length = refheap_len(context->session, id);
	refheap_drop(context->session, id);
	if (length < 0)
		return path_error(context, (int)length, path);
	if (context->format.json) {
		document = json_object_new_object();
		json_object_object_add(document, "length", json_object_new_int64(length));
		output_json(context, document);
	} else {
		printf("%" PRId64 "\n", length);
	}
	return STATUS_OK;
}

const struct command len_command = {
	.name = "len",
	.synopsis = "PATH",
	.summary = "Print how many entries, or bytes, an object has",
	.minimum = 1,
	.maximum = 1,
	.flags = COMMAND_SAVED,
	.run = run_len,
};

static int run_id(struct context *context, struct arguments *arguments)
{
	struct json_object *document;
	char text[REFHEAP_ID_TEXT];
	refheap_id id;
	int status = value_make(context, arguments->words[0], &id);

	if (status)
		return status;
	refheap_drop(context->session, id);
	refheap_format_id(id, text);
	if (context->format.json) {
		document = json_object_new_object();
		json_object_object_add(document, "id", json_object_new_string(text));
		output_json(context, document);
	} else {
		puts(text);
	}
	return STATUS_OK;
}

const struct command id_command = {
	.name = "id",
	.synopsis = "VALUE",
	.summary = "Print the id of an object",
	.minimum = 1,
	.maximum = 1,
	.flags = COMMAND_SAVED,
	.run = run_id,
};

static bool parse_offset(const char *word, int64_t *offset)
{
	char *end;

	errno = 0;
	*offset = strtoll(word, &end, 10);
	return end != word && !*end && !errno;
}

/* Hexadecimal digits, as for bytes everywhere. */
static void print_slice(const struct context *context, const struct refheap_slice *slice)
{
	struct json_object *document;
	struct text digits = { 0 };
	const unsigned char *data = slice->data;

	if (!context->format.json) {
		fwrite(slice->data, 1, slice->length, stdout);
		putchar('\n');
		return;
	}
	text_add(&digits, "", 0);
	for (size_t i = 0; i < slice->length; i++) {
		text_add_char(&digits, "0123456789abcdef"[data[i] >> 4]);
		text_add_char(&digits, "0123456789abcdef"[data[i] & 15]);
	}
	document = json_object_new_object();
	json_object_object_add(document, "length", json_object_new_uint64(slice->length));
	json_object_object_add(document, "value", json_object_new_string(digits.data));
	output_json(context, document);
	text_free(&digits);
}

/* A saved heap has nothing to map: @copy is its payload then. */
static int open_payload(struct context *context, refheap_id id, struct refheap_view *view,
			char **copy)
{
	int error = refheap_view_open(context->session, id, 0, view);
	int64_t length;
	ssize_t got;

	if (error != -EOPNOTSUPP || !context->image)
		return error;
	length = refheap_len(context->session, id);
	if (length < 0)
		return (int)length;
	*copy = xcalloc((size_t)length + 1, 1);
	got = refheap_read(context->session, id, 0, *copy, (size_t)length + 1);
	if (got < 0)
		return (int)got;
	*view = (struct refheap_view){ .data = *copy, .length = (size_t)got };
	return 0;
}

static int run_view(struct context *context, struct arguments *arguments)
{
	const char *path = arguments->words[0];
	int64_t start = 0, stop = INT64_MAX;
	cleanup_free char *copy = NULL;
	struct refheap_slice slice;
	struct refheap_view view;
	refheap_id id;
	int error, status;

	if (arguments->count > 1 && !parse_offset(arguments->words[1], &start))
		return report_usage(context, "'%s' is not an offset", arguments->words[1]);
	if (arguments->count > 2 && !parse_offset(arguments->words[2], &stop))
		return report_usage(context, "'%s' is not an offset", arguments->words[2]);
	status = path_resolve(context, path, &id);
	if (status)
		return status;
	error = open_payload(context, id, &view, &copy);
	if (!error) {
		slice = refheap_view_slice(&view, start, stop);
		print_slice(context, &slice);
		refheap_view_close(&view);
	}
	refheap_drop(context->session, id);
	return error ? path_error(context, error, path) : STATUS_OK;
}

const struct command view_command = {
	.name = "view",
	.synopsis = "PATH [START [STOP]]",
	.summary = "Print a part of a str, bytes or bytearray where it is, without a copy",
	.details = "The payload is mapped. Negative offsets count from the end.",
	.minimum = 1,
	.maximum = 3,
	.flags = COMMAND_SAVED,
	.run = run_view,
};
