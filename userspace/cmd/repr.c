// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "heap.h"
#include "repr.h"
#include "util.h"
#include "walk.h"

/* How a kind of container is written. */
struct brackets {
	const char *open;
	const char *close;
	const char *empty;
	const char *again;	/* inside of itself, or too deep */
};

static const struct brackets brackets[] = {
	[REFHEAP_KIND_TUPLE] = { "(", ")", "()", "(...)" },
	[REFHEAP_KIND_LIST] = { "[", "]", "[]", "[...]" },
	[REFHEAP_KIND_DICT] = { "{", "}", "{}", "{...}" },
	[REFHEAP_KIND_SET] = { "{", "}", "set()", "{...}" },
	[REFHEAP_KIND_INSTANCE] = { "(", ")", "()", "(...)" },
	[REFHEAP_KIND_WEAK_VALUE_DICT] = { "weakvaluedict({", "})", "weakvaluedict()",
					   "weakvaluedict(...)" },
	[REFHEAP_KIND_WEAK_KEY_DICT] = { "weakkeydict({", "})", "weakkeydict()",
					 "weakkeydict(...)" },
	[REFHEAP_KIND_WEAK_SET] = { "weakset({", "})", "weakset()", "weakset(...)" },
};

struct printer {
	FILE *file;
	uint32_t kind;
};

static int print_object(struct walk *walk, FILE *file, refheap_id id);

/* The first bytes of a longer payload, without half a character at the end. */
static int read_beginning(const struct walk *walk, const struct refheap_info *info, char **data,
			  size_t *length)
{
	ssize_t got;

	*data = xrealloc(NULL, walk->limits.bytes + 1, 1);
	got = refheap_read(walk->context->session, info->id, 0, *data, walk->limits.bytes + 1);
	if (got < 0)
		return (int)got;
	*length = (size_t)got;
	if (*length <= walk->limits.bytes)
		return 0;
	*length = walk->limits.bytes;
	while (info->kind == REFHEAP_KIND_STR && *length && ((*data)[*length] & 0xc0) == 0x80)
		(*length)--;
	return 0;
}

static int print_payload(const struct walk *walk, FILE *file, const struct refheap_info *info)
{
	bool cut = walk->limits.bytes && info->length > walk->limits.bytes;
	cleanup_free char *data = NULL;
	size_t length;
	int error = cut ? read_beginning(walk, info, &data, &length) :
			  refheap_get_data(walk->context->session, info->id, &data, &length);

	if (error)
		return error;
	if (info->kind == REFHEAP_KIND_BYTEARRAY)
		fputs("bytearray(", file);
	if (info->kind != REFHEAP_KIND_STR)
		putc('b', file);
	escape_write(file, data, length, info->kind != REFHEAP_KIND_STR);
	if (cut)
		fputs("...", file);
	if (info->kind == REFHEAP_KIND_BYTEARRAY)
		putc(')', file);
	return 0;
}

/* An attribute's name is written without quotes. */
static int print_attribute_name(struct walk *walk, FILE *file, refheap_id name)
{
	cleanup_free char *data = NULL;
	int error;

	/* A file need not have the name of a slot. */
	if (!name) {
		fputs("?=", file);
		return 0;
	}
	error = refheap_get_data(walk->context->session, name, &data, NULL);
	if (error)
		return error;
	make_printable(data);
	fprintf(file, "%s=", data);
	return 0;
}

static int print_entry(struct walk *walk, const struct refheap_entry *entry, uint64_t index,
		       void *data)
{
	struct printer *printer = data;
	FILE *file = printer->file;
	int error = 0;

	if (index)
		fputs(", ", file);
	if (printer->kind == REFHEAP_KIND_SET || printer->kind == REFHEAP_KIND_WEAK_SET)
		return print_object(walk, file, entry->key);
	if (printer->kind == REFHEAP_KIND_INSTANCE) {
		error = print_attribute_name(walk, file, entry->key);
	} else if (entry->key) {
		error = print_object(walk, file, entry->key);
		fputs(": ", file);
	}
	return error ? error : print_object(walk, file, entry->value);
}

static int print_container(struct walk *walk, FILE *file, const struct refheap_info *info)
{
	const struct brackets *marks = &brackets[info->kind];
	struct printer printer = { file, info->kind };
	bool cut;
	int error;

	if (info->kind == REFHEAP_KIND_INSTANCE)
		fputs(heap_type_name(walk->context, info->type), file);
	if (!info->length) {
		fputs(marks->empty, file);
		return 0;
	}
	if (!walk_enter(walk, info->id)) {
		fputs(marks->again, file);
		return 0;
	}
	fputs(marks->open, file);
	error = walk_each(walk, info->id, print_entry, &printer, &cut);
	walk_leave(walk);
	if (error)
		return error;
	if (cut)
		fputs(", ...", file);
	else if (info->kind == REFHEAP_KIND_TUPLE && info->length == 1)
		putc(',', file);
	fputs(marks->close, file);
	return 0;
}

static int print_float(FILE *file, uint64_t bits)
{
	char text[32];
	double value;

	memcpy(&value, &bits, sizeof(value));
	escape_float(value, text, sizeof(text));
	fputs(text, file);
	return 0;
}

/* As Python has it, with ids for addresses. */
static int print_weakref(struct context *context, FILE *file, const struct refheap_info *info)
{
	char weakref[REFHEAP_ID_TEXT], id[REFHEAP_ID_TEXT];
	struct refheap_info referent;
	int error = info->value ? refheap_inspect(context->session, info->value, &referent) :
				  -ESTALE;

	refheap_format_id(info->id, weakref);
	if (!error)
		fprintf(file, "<weakref at %s; to '%s' at %s>", weakref,
			heap_kind_or_type(context, referent.kind, referent.type),
			refheap_format_id(referent.id, id));
	else if (error == -ESTALE || error == -ENOENT)
		fprintf(file, "<weakref at %s; dead>", weakref);
	else
		return error;
	return 0;
}

static int print_object(struct walk *walk, FILE *file, refheap_id id)
{
	struct refheap_info info;
	int error = refheap_inspect(walk->context->session, id, &info);

	if (error)
		return error;
	switch (info.kind) {
	case REFHEAP_KIND_NONE:
		fputs("None", file);
		return 0;
	case REFHEAP_KIND_BOOL:
		fputs(info.value ? "True" : "False", file);
		return 0;
	case REFHEAP_KIND_INT:
		fprintf(file, "%" PRId64, (int64_t)info.value);
		return 0;
	case REFHEAP_KIND_FLOAT:
		return print_float(file, info.value);
	case REFHEAP_KIND_STR:
	case REFHEAP_KIND_BYTES:
	case REFHEAP_KIND_BYTEARRAY:
		return print_payload(walk, file, &info);
	case REFHEAP_KIND_TUPLE:
	case REFHEAP_KIND_LIST:
	case REFHEAP_KIND_DICT:
	case REFHEAP_KIND_SET:
	case REFHEAP_KIND_INSTANCE:
	case REFHEAP_KIND_WEAK_VALUE_DICT:
	case REFHEAP_KIND_WEAK_KEY_DICT:
	case REFHEAP_KIND_WEAK_SET:
		return print_container(walk, file, &info);
	case REFHEAP_KIND_WEAKREF:
		return print_weakref(walk->context, file, &info);
	default:
		fprintf(file, "<%s>", refheap_kind_name(info.kind));
		return 0;
	}
}

int repr_print(struct context *context, FILE *file, refheap_id id,
	       const struct repr_limits *limits)
{
	struct walk walk;

	walk_begin(&walk, context, limits);
	return print_object(&walk, file, id);
}

int repr_print_plain(struct context *context, FILE *file, refheap_id id,
		     const struct repr_limits *limits)
{
	int kind = refheap_kind_of(context->session, id);
	cleanup_free char *data = NULL;
	size_t length;
	int error;

	if (kind < 0)
		return kind;
	if (kind != REFHEAP_KIND_STR && kind != REFHEAP_KIND_BYTES &&
	    kind != REFHEAP_KIND_BYTEARRAY)
		return repr_print(context, file, id, limits);
	error = refheap_get_data(context->session, id, &data, &length);
	if (!error)
		fwrite(data, 1, length, file);
	return error;
}

char *repr_text(struct context *context, refheap_id id, const struct repr_limits *limits)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);
	int error;

	if (!file)
		return NULL;
	error = repr_print(context, file, id, limits);
	fclose(file);
	if (!error)
		return text;
	free(text);
	return NULL;
}
