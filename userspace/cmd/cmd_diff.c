// SPDX-License-Identifier: GPL-2.0
/* Two saved heaps compared, in the words of tracemalloc's compare_to(). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <refheap.h>

#include "cmd.h"
#include "escape.h"
#include "image.h"
#include "output.h"
#include "report.h"
#include "util.h"

#define OLD	0
#define NEW	1

/* All objects of a type, or of a kind, in both heaps. */
struct sum {
	char name[REFHEAP_NAME_MAX];
	bool instance;
	uint64_t bytes[2];
	uint64_t count[2];
};

/* A name and what it is of. */
struct entry {
	char *name;
	refheap_id id;
	char type[REFHEAP_NAME_MAX];
};

struct side {
	struct refheap_image *image;
	struct refheap_image_info info;
	size_t *sum;		/* by kind, then by type: place in the sums, from 1 */
	struct entry *entry;
	size_t entries;
};

struct diff {
	struct side side[2];
	struct sum *sum;
	size_t sums;
};

static void type_name(const struct refheap_image *image,
		      const struct refheap_image_object *object, char *name)
{
	struct refheap_type_info info;

	if (object->type && !refheap_image_type(image, object->type, &info))
		strcpy(name, info.name);
	else
		strcpy(name, refheap_kind_name(object->kind));
}

/* Types are the same when their names are. */
static size_t find_sum(struct diff *diff, const char *name, bool instance)
{
	for (size_t i = 0; i < diff->sums; i++) {
		if (diff->sum[i].instance == instance && !strcmp(diff->sum[i].name, name))
			return i + 1;
	}
	diff->sum = xrealloc(diff->sum, diff->sums + 1, sizeof(*diff->sum));
	diff->sum[diff->sums] = (struct sum){ .instance = instance };
	strcpy(diff->sum[diff->sums].name, name);
	return ++diff->sums;
}

static void add_objects(struct diff *diff, int which)
{
	struct side *side = &diff->side[which];
	struct refheap_image_object object;
	char name[REFHEAP_NAME_MAX];

	side->sum = xcalloc(side->info.types + __REFHEAP_KIND_MAX, sizeof(*side->sum));
	for (uint64_t i = 1; !refheap_image_object(side->image, i, &object); i++) {
		size_t place = object.type ? __REFHEAP_KIND_MAX - 1 + object.type : object.kind;
		struct sum *sum;

		if (!side->sum[place]) {
			type_name(side->image, &object, name);
			side->sum[place] = find_sum(diff, name, object.type);
		}
		sum = &diff->sum[side->sum[place] - 1];
		sum->bytes[which] += object.sizeof_;
		sum->count[which]++;
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

/* The names of a heap are the keys of its first object that are text. */
static void find_names(struct side *side)
{
	struct refheap_image_object root, key, value;

	refheap_image_object(side->image, 1, &root);
	for (uint64_t i = 0; i + 1 < root.n; i += 2) {
		struct entry *entry;

		if (refheap_image_object(side->image, root.edges[i], &key) ||
		    refheap_image_object(side->image, root.edges[i + 1], &value) ||
		    key.kind != REFHEAP_KIND_STR)
			continue;
		side->entry = xrealloc(side->entry, side->entries + 1, sizeof(*side->entry));
		entry = &side->entry[side->entries++];
		entry->name = xstrndup(key.payload, key.n);
		entry->id = value.id;
		type_name(side->image, &value, entry->type);
	}
	qsort(side->entry, side->entries, sizeof(*side->entry), by_name);
}

static int64_t grown(const uint64_t *both)
{
	return (int64_t)both[NEW] - (int64_t)both[OLD];
}

static int compare(uint64_t a, uint64_t b)
{
	return (a < b) - (a > b);
}

/* As tracemalloc sorts: by what changed most. */
static int by_change(const void *a, const void *b)
{
	const struct sum *x = a, *y = b;
	int order = compare((uint64_t)llabs(grown(x->bytes)), (uint64_t)llabs(grown(y->bytes)));

	if (!order)
		order = compare(x->bytes[NEW], y->bytes[NEW]);
	if (!order)
		order = compare((uint64_t)llabs(grown(x->count)),
				(uint64_t)llabs(grown(y->count)));
	if (!order)
		order = compare(x->count[NEW], y->count[NEW]);
	return order ? order : strcmp(x->name, y->name);
}

/* tracemalloc's _format_size(). */
static void format_size(double size, bool sign, char *text, size_t length)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	size_t unit = 0;

	for (; (size >= 10 * 1024.0 || size <= -10 * 1024.0) && unit + 1 < ARRAY_SIZE(units); unit++)
		size /= 1024;
	snprintf(text, length, unit && size < 100 && size > -100 ?
		 (sign ? "%+.1f %s" : "%.1f %s") : (sign ? "%+.0f %s" : "%.0f %s"),
		 size, units[unit]);
}

static void print_sum(const struct sum *sum)
{
	char size[32], change[32], average[32];

	format_size((double)sum->bytes[NEW], false, size, sizeof(size));
	format_size((double)grown(sum->bytes), true, change, sizeof(change));
	put_printable(stdout, sum->name);
	printf(": size=%s (%s), count=%" PRIu64 " (%+" PRId64 ")", size, change,
	       sum->count[NEW], grown(sum->count));
	if (sum->count[NEW]) {
		format_size((double)sum->bytes[NEW] / (double)sum->count[NEW], false, average,
			    sizeof(average));
		printf(", average=%s", average);
	}
	putchar('\n');
}

static bool has_changed(const struct sum *sum)
{
	return grown(sum->bytes) || grown(sum->count);
}

/* Walks both sides' names in order; what is in one only goes to @tell. */
static void each_name(const struct diff *diff, void (*tell)(const struct entry *entry,
							    int which, void *data), void *data)
{
	const struct side *old = &diff->side[OLD], *new = &diff->side[NEW];
	size_t i = 0, j = 0;

	while (i < old->entries || j < new->entries) {
		int order = i == old->entries ? 1 : j == new->entries ? -1 :
			    strcmp(old->entry[i].name, new->entry[j].name);

		if (order < 0)
			tell(&old->entry[i], OLD, data);
		else if (order > 0)
			tell(&new->entry[j], NEW, data);
		i += order <= 0;
		j += order >= 0;
	}
}

static void print_name(const struct entry *entry, int which, void *data)
{
	(void)data;
	fputs(which == OLD ? "gone name " : "new name ", stdout);
	escape_write(stdout, entry->name, strlen(entry->name), false);
	fputs(" (", stdout);
	put_printable(stdout, entry->type);
	puts(")");
}

static void add_name(const struct entry *entry, int which, void *data)
{
	struct json_object *document = data, *object = json_object_new_object();
	char id[REFHEAP_ID_TEXT];

	json_object_object_add(object, "name", json_object_new_string(entry->name));
	json_object_object_add(object, "id",
			       json_object_new_string(refheap_format_id(entry->id, id)));
	json_object_object_add(object, "type", json_object_new_string(entry->type));
	json_object_array_add(json_object_object_get(document,
						     which == OLD ? "gone" : "new"), object);
}

static struct json_object *sum_json(const struct sum *sum)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "type", json_object_new_string(sum->name));
	json_object_object_add(object, "size", json_object_new_uint64(sum->bytes[NEW]));
	json_object_object_add(object, "size_diff", json_object_new_int64(grown(sum->bytes)));
	json_object_object_add(object, "count", json_object_new_uint64(sum->count[NEW]));
	json_object_object_add(object, "count_diff", json_object_new_int64(grown(sum->count)));
	return object;
}

static void print_json(struct context *context, const struct diff *diff, bool all)
{
	struct json_object *document = json_object_new_object();
	struct json_object *types = json_object_new_array();

	for (size_t i = 0; i < diff->sums; i++) {
		if (all || has_changed(&diff->sum[i]))
			json_object_array_add(types, sum_json(&diff->sum[i]));
	}
	json_object_object_add(document, "types", types);
	json_object_object_add(document, "new", json_object_new_array());
	json_object_object_add(document, "gone", json_object_new_array());
	each_name(diff, add_name, document);
	output_json(context, document);
}

static void print_text(const struct diff *diff, bool all)
{
	struct sum total = { .name = "Total" };

	for (size_t i = 0; i < diff->sums; i++) {
		const struct sum *sum = &diff->sum[i];

		for (int which = OLD; which <= NEW; which++) {
			total.bytes[which] += sum->bytes[which];
			total.count[which] += sum->count[which];
		}
		if (all || has_changed(sum))
			print_sum(sum);
	}
	print_sum(&total);
	each_name(diff, print_name, NULL);
}

static void side_free(struct side *side)
{
	for (size_t i = 0; i < side->entries; i++)
		free(side->entry[i].name);
	free(side->entry);
	free(side->sum);
	refheap_image_close(side->image);
}

static int load(struct context *context, const struct arguments *arguments, struct diff *diff)
{
	int status = image_open(context, arguments->words[0], &diff->side[OLD].image);

	if (status)
		return status;
	if (arguments->count > 1)
		return image_open(context, arguments->words[1], &diff->side[NEW].image);
	return image_of_heap(context, &diff->side[NEW].image);
}

static int run_diff(struct context *context, struct arguments *arguments)
{
	bool all = argument_option(arguments, "all");
	struct diff diff = { 0 };
	int status = load(context, arguments, &diff);

	for (int which = OLD; !status && which <= NEW; which++) {
		refheap_image_info(diff.side[which].image, &diff.side[which].info);
		add_objects(&diff, which);
		find_names(&diff.side[which]);
	}
	if (!status) {
		qsort(diff.sum, diff.sums, sizeof(*diff.sum), by_change);
		if (context->format.json)
			print_json(context, &diff, all);
		else
			print_text(&diff, all);
	}
	side_free(&diff.side[OLD]);
	side_free(&diff.side[NEW]);
	free(diff.sum);
	return status;
}

static const struct option_spec diff_options[] = {
	{ "all", 'a', NULL, "types that have not changed, too" },
	{ 0 },
};

const struct command diff_command = {
	.name = "diff",
	.synopsis = "FILE [FILE]",
	.summary = "Compare two saved heaps, or a saved one with the heap as it is",
	.details = "Objects and bytes by type, what changed most first, then names that are new or\n"
		   "gone.",
	.options = diff_options,
	.minimum = 1,
	.maximum = 2,
	.flags = COMMAND_SAVED,
	.run = run_diff,
};
