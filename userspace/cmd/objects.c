// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "escape.h"
#include "heap.h"
#include "interrupt.h"
#include "objects.h"
#include "output.h"
#include "report.h"
#include "util.h"

static const struct column columns[] = {
	{ "id", "ID", "the object's id", COLUMN_ID },
	{ "type", "TYPE", "its type or kind", 0 },
	{ "kind", "KIND", "its kind", COLUMN_ASKED },
	{ "refcount", "REFCOUNT", "references to it", COLUMN_NUMBER },
	{ "generation", "GEN", "its generation, 3 for the permanent one", COLUMN_NUMBER },
	{ "tracked", "TRACKED", "whether the collector looks at it", 0 },
	{ "garbage", "GARBAGE", "whether it is in garbage", COLUMN_ASKED },
	{ "size", "SIZE", "its bytes", COLUMN_NUMBER },
	{ "length", "LENGTH", "entries or bytes in it", COLUMN_NUMBER | COLUMN_ASKED },
	{ "weakrefs", "WEAKREFS", "weak references to it", COLUMN_NUMBER | COLUMN_ASKED },
	{ "value", "VALUE", "what it is, shortened", 0 },
	/* The last column is for referrers only. */
	{ "edges", "EDGES", "how often it refers to the object", COLUMN_NUMBER },
};

static void preview_number(FILE *file, const struct refheap_object_info *info)
{
	char text[32];
	int64_t integer;
	double real;

	memcpy(&integer, info->preview, sizeof(integer));
	memcpy(&real, info->preview, sizeof(real));
	if (info->kind == REFHEAP_KIND_FLOAT) {
		escape_float(real, text, sizeof(text));
		fputs(text, file);
	} else if (info->kind == REFHEAP_KIND_BOOL) {
		fputs(integer ? "True" : "False", file);
	} else {
		fprintf(file, "%" PRId64, integer);
	}
}

/* A cut must not leave half a character behind. */
static size_t whole_characters(const struct refheap_object_info *info)
{
	size_t length = info->preview_length;

	if (info->kind != REFHEAP_KIND_STR || length == info->length)
		return length;
	while (length && (info->preview[length - 1] & 0xc0) == 0x80)
		length--;
	return length && info->preview[length - 1] & 0x80 ? length - 1 : length;
}

static void preview_payload(FILE *file, const struct refheap_object_info *info)
{
	bool text = info->kind == REFHEAP_KIND_STR;

	if (!text)
		putc('b', file);
	escape_write(file, (const char *)info->preview, whole_characters(info), !text);
	if (info->preview_length < info->length)
		fputs("...", file);
}

void objects_preview(FILE *file, const struct refheap_object_info *info)
{
	char id[REFHEAP_ID_TEXT];

	switch (info->kind) {
	case REFHEAP_KIND_NONE:
		fputs("None", file);
		break;
	case REFHEAP_KIND_BOOL:
	case REFHEAP_KIND_INT:
	case REFHEAP_KIND_FLOAT:
		if (info->preview_length >= sizeof(int64_t))
			preview_number(file, info);
		break;
	case REFHEAP_KIND_STR:
	case REFHEAP_KIND_BYTES:
	case REFHEAP_KIND_BYTEARRAY:
		preview_payload(file, info);
		break;
	case REFHEAP_KIND_WEAKREF:
		if (info->referent)
			fprintf(file, "to %s", refheap_format_id(info->referent, id));
		else
			fputs("dead", file);
		break;
	default:
		if (info->id == REFHEAP_ID_ROOT)
			fputs("the names, ", file);
		fprintf(file, "%" PRIu64 " %s", info->length,
			info->kind == REFHEAP_KIND_INSTANCE ?
				plural(info->length, "attribute", "attributes") :
				plural(info->length, "item", "items"));
		break;
	}
}

/* What objects are is written into @value, which @file is the stream to. */
struct preview {
	char value[512];
	FILE *file;
};

static void print_object(struct context *context, struct listing *listing,
			 struct preview *preview, const struct refheap_object_info *info)
{
	char id[REFHEAP_ID_TEXT];

	preview->value[0] = '\0';
	if (preview->file) {
		rewind(preview->file);
		objects_preview(preview->file, info);
		putc('\0', preview->file);
		fflush(preview->file);
		preview->value[sizeof(preview->value) - 1] = '\0';
	}
	listing_row(listing, (struct cell[]){
		cell_text(refheap_format_id(info->id, id)),
		cell_text(heap_kind_or_type(context, info->kind, info->type)),
		cell_text(refheap_kind_name(info->kind)),
		cell_number(info->refcount),
		cell_number(info->generation),
		cell_flag(info->flags & REFHEAP_INFO_TRACKED),
		cell_flag(info->flags & REFHEAP_INFO_GARBAGE),
		cell_number(info->sizeof_),
		cell_number(info->length),
		cell_number(info->weakrefs),
		cell_text(preview->value),
		cell_number(info->edges),
	});
}

/* Tracked objects of a generation, of all when it is -1. */
static uint64_t tracked(const struct refheap_gc_info *info, int generation)
{
	uint64_t sum = 0;

	for (int i = 0; i < REFHEAP_GENERATIONS; i++)
		sum += generation < 0 || generation == i ? info->generation[i].objects : 0;
	return sum + (generation < 0 || generation == REFHEAP_GENERATIONS ? info->frozen : 0);
}

/* How many objects a listing will have, about; 0 when there is no telling. */
static uint64_t expected(struct refheap_ctl *control, uint32_t heap,
			 const struct refheap_filter *filter)
{
	struct refheap_heap_info info;
	struct refheap_gc_info gc;

	if (filter->kind || filter->type || filter->garbage || filter->referrers_of ||
	    filter->referents_of)
		return 0;
	if (filter->tracked || filter->generation >= 0)
		return refheap_gc_get(control, heap, &gc) ? 0 : tracked(&gc, filter->generation);
	return refheap_heap_get(control, heap, &info) ? 0 : info.objects;
}

int objects_list(struct context *context, const struct refheap_filter *filter,
		 unsigned int flags)
{
	size_t count = ARRAY_SIZE(columns) - !(flags & OBJECTS_EDGES);
	refheap_auto_iter struct refheap_iter *iterator = NULL;
	struct refheap_object_info info;
	struct refheap_ctl *control;
	struct preview preview;
	struct listing *listing;
	uint32_t heap;
	int error, status;

	status = heap_inspect(context, &control, &heap);
	if (status)
		return status;
	error = refheap_iter_objects(control, heap, filter, &iterator);
	if (error)
		return report_error(context, error, "cannot list the objects");
	listing = listing_begin(context, columns, count, &status);
	if (!listing)
		return status;
	preview.file = fmemopen(preview.value, sizeof(preview.value), "w");
	listing_total(listing, "listing objects", expected(control, heap, filter));
	while (!interrupted() && (error = refheap_next_object(iterator, &info)) == 1)
		print_object(context, listing, &preview, &info);
	listing_end(listing);
	if (preview.file)
		fclose(preview.file);
	return listing_status(context, error, "objects");
}

static int filter_generation(struct context *context, const char *word,
			     struct refheap_filter *filter)
{
	uint64_t generation = 3;

	if (!word)
		return STATUS_OK;
	if (strcmp(word, "permanent") && (!parse_number(word, &generation) || generation > 3))
		return report_usage(context, "there is no generation '%s': it is 0, 1, 2 or permanent",
				    word);
	filter->generation = (int32_t)generation;
	return STATUS_OK;
}

int objects_filter(struct context *context, const struct arguments *arguments,
		   struct refheap_filter *filter)
{
	const char *kind = argument_option(arguments, "kind");
	const char *type = argument_option(arguments, "type");
	struct refheap *session;
	int error, status;

	status = filter_generation(context, argument_option(arguments, "generation"), filter);
	if (status)
		return status;
	if (kind) {
		int number = refheap_parse_kind(kind);

		if (number < 0)
			return report_usage(context, "there is no kind '%s'", kind);
		filter->kind = (uint32_t)number;
	}
	if (!type)
		return STATUS_OK;
	status = heap_session(context, &session);
	if (status)
		return status;
	error = refheap_type_find(session, type, &filter->type);
	if (error == -ENOENT)
		return report_refused(context, error, "there is no type '%s'", type);
	return error ? report_error(context, error, "type '%s'", type) : STATUS_OK;
}
