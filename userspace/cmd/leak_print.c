// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "graph_names.h"
#include "leak.h"
#include "output.h"
#include "util.h"

#define TYPES_MAX	10
#define SITES_MAX	5
#define CHAIN_MAX	20
#define VALUE_MAX	40

static void print_heading(const struct context *context, const char *text)
{
	enum color_mode mode = context->format.color;

	printf("%s%s%s\n", color_code(mode, stdout, COLOR_HEADING), text,
	       color_code(mode, stdout, COLOR_RESET));
}

static struct cell cell_difference(int64_t value)
{
	return (struct cell){ .type = CELL_SIGNED, .integer = value };
}

static const struct column sample_columns[] = {
	{ "time", "TIME", "of the sample", 0 },
	{ "objects", "OBJECTS", "in the heap", COLUMN_NUMBER },
	{ "more", "MORE", "than in the sample before", COLUMN_NUMBER },
	{ "bytes", "BYTES", "of them", COLUMN_NUMBER },
	{ "more_bytes", "MORE", "likewise", COLUMN_NUMBER },
};

static int64_t since(const uint64_t *values, size_t i)
{
	return i ? (int64_t)(values[i] - values[i - 1]) : 0;
}

void leak_print_samples(struct context *context, const struct leak *leak)
{
	const struct leak_samples *samples = &leak->samples;
	struct listing *listing;
	char time[CLOCK_TEXT];
	int status;

	print_heading(context, "Step 1: is there a leak?");
	listing = listing_begin(context, sample_columns, ARRAY_SIZE(sample_columns), &status);
	for (size_t i = 0; listing && i < samples->count; i++) {
		listing_row(listing, (struct cell[]){
			cell_text(clock_format(samples->time_ns[i], time)),
			cell_number(samples->all.objects[i]),
			cell_difference(since(samples->all.objects, i)),
			cell_number(samples->all.bytes[i]),
			cell_difference(since(samples->all.bytes, i)),
		});
	}
	if (listing)
		listing_end(listing);
	if (leak->growing)
		printf("%zu type%s: what there was least of later is more than there was most of "
		       "before.\n", leak->growing, plural(leak->growing, " grows", "s grow"));
	else
		puts("No type grows: there is no leak.");
}

static const struct column type_columns[] = {
	{ "type", "TYPE", "or kind", COLUMN_NAME },
	{ "objects", "OBJECTS", "of it", COLUMN_NUMBER },
	{ "more", "MORE", "than in the first sample", COLUMN_NUMBER },
	{ "bytes", "BYTES", "of them", COLUMN_NUMBER },
	{ "more_bytes", "MORE", "likewise", COLUMN_NUMBER },
};

static void print_sites(const struct leak *leak)
{
	for (size_t i = 0; i < leak->site_count && i < SITES_MAX; i++) {
		int length = refheap_statistic_format(&leak->sites[i], true, NULL, 0);
		cleanup_free char *line = xcalloc((size_t)length + 1, 1);

		if (leak->sites[i].size_diff <= 0)
			continue;
		refheap_statistic_format(&leak->sites[i], true, line, (size_t)length + 1);
		put_printable(stdout, line);
		putchar('\n');
	}
}

void leak_print_growth(struct context *context, const struct leak *leak)
{
	const struct leak_samples *samples = &leak->samples;
	struct listing *listing;
	int status;

	print_heading(context, "Step 2: what grows, and which lines make it?");
	listing = listing_begin(context, type_columns, ARRAY_SIZE(type_columns), &status);
	for (size_t i = 0; listing && i < leak->growing && i < TYPES_MAX; i++) {
		const struct leak_series *type = &samples->types[i];

		listing_row(listing, (struct cell[]){
			cell_text(type->name),
			cell_number(type->objects[samples->count - 1]),
			cell_difference(leak_growth(samples, type->objects)),
			cell_number(type->bytes[samples->count - 1]),
			cell_difference(leak_growth(samples, type->bytes)),
		});
	}
	if (listing)
		listing_end(listing);
	if (leak->sites)
		print_sites(leak);
	else
		puts("The heap is not traced, so lines are not known.");
}

static void print_node(struct context *context, const struct leak *leak, uint32_t number)
{
	cleanup_free char *value = graph_value(context, &leak->suspects.graph, number);
	char id[REFHEAP_ID_TEXT];

	printf("%s %s, %.*s\n", graph_type(context, &leak->suspects.graph, number),
	       refheap_format_id(graph_id(&leak->suspects.graph, number), id), VALUE_MAX, value);
}

static void print_root(const struct graph_root *root, void *data)
{
	cleanup_free char *text = graph_root_text(root, ", ");
	bool *told = data;

	if (!*told)
		printf("   %s: ", text);
	*told = true;
}

/* From where the way begins to an object that hangs on the suspect. */
static void print_chain(struct context *context, const struct leak *leak, uint32_t number)
{
	const struct graph *graph = &leak->suspects.graph;
	uint32_t step[CHAIN_MAX], steps = 0;
	bool told = false;

	for (; leak->suspects.ways[number] != number && steps < CHAIN_MAX;
	     number = leak->suspects.ways[number])
		step[steps++] = number;
	if (number != GRAPH_ROOT) {
		graph_roots(context, graph, number, print_root, &told);
		if (!told)
			printf("   nothing keeps it alive: ");
		print_node(context, leak, number);
	}
	for (int depth = number != GRAPH_ROOT; steps; depth++) {
		uint32_t to = step[--steps];
		cleanup_free char *name = graph_edge_name(context, graph, number,
							  graph_first_cell(graph, number, to));

		if (number == GRAPH_ROOT)
			printf("   name %s: ", name);
		else
			printf("   %*s%s: ", 2 * depth, "", name);
		print_node(context, leak, to);
		number = to;
	}
}

static void print_title(struct context *context, const struct leak *leak,
			const struct leak_suspect *suspect, size_t number)
{
	const struct graph *graph = &leak->suspects.graph;

	printf("%zu. ", number);
	if (suspect->pattern == LEAK_CYCLES)
		fputs("cycles that nothing keeps alive", stdout);
	else if (suspect->pattern == LEAK_SESSION)
		fputs("references of sessions", stdout);
	else if (suspect->holder == GRAPH_ROOT)
		printf("names of the heap: %" PRIu64 ", %+" PRId64, suspect->length,
		       (int64_t)(suspect->length - suspect->before));
	else
		printf("%s, %s: %" PRIu64 " %s, %+" PRId64, suspect->path,
		       graph_type(context, graph, suspect->holder), suspect->length,
		       plural(suspect->length, "entry", "entries"),
		       (int64_t)(suspect->length - suspect->before));
	printf("; %" PRIu64 " new %s, %" PRIu64 " bytes", suspect->objects,
	       plural(suspect->objects, "object", "objects"), suspect->bytes);
	if (suspect->member && suspect->bulk)
		printf("; most are %s, most bytes are in %s", suspect->member, suspect->bulk);
	putchar('\n');
}

void leak_print_suspects(struct context *context, const struct leak *leak)
{
	print_heading(context, "Step 3: why does it live?");
	if (!leak->suspects.count)
		puts("Nothing that has come since the first sample is left, or it is interned, of "
		     "which there is one for ever.");
	for (size_t i = 0; i < leak->suspects.count; i++) {
		const struct leak_suspect *suspect = &leak->suspects.list[i];

		print_title(context, leak, suspect, i + 1);
		print_chain(context, leak, suspect->example);
		if (!suspect->site)
			continue;
		fputs("   born at ", stdout);
		put_printable(stdout, suspect->site);
		putchar('\n');
	}
}

void leak_print_advice(struct context *context, const struct leak *leak)
{
	print_heading(context, "Step 4: what to do about it");
	for (size_t i = 0; i < leak->suspects.count; i++) {
		cleanup_free char *advice = leak_advice(leak, &leak->suspects.list[i]);

		printf("%zu. %s\n", i + 1, advice);
	}
	puts(leak->leaks ? "There is a leak." :
			   "There is no leak: what has grown is freed by collections, or interned.");
}

static struct json_object *json_number(uint64_t number)
{
	return json_object_new_uint64(number);
}

static struct json_object *json_text(const char *text)
{
	return text ? json_object_new_string(text) : NULL;
}

static struct json_object *json_samples(const struct leak_samples *samples)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < samples->count; i++) {
		struct json_object *json = json_object_new_object();

		json_object_object_add(json, "time_ns", json_number(samples->time_ns[i]));
		json_object_object_add(json, "objects", json_number(samples->all.objects[i]));
		json_object_object_add(json, "bytes", json_number(samples->all.bytes[i]));
		json_object_array_add(list, json);
	}
	return list;
}

static struct json_object *json_types(const struct leak *leak)
{
	const struct leak_samples *samples = &leak->samples;
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < leak->growing; i++) {
		const struct leak_series *type = &samples->types[i];
		struct json_object *json = json_object_new_object();

		json_object_object_add(json, "type", json_text(type->name));
		json_object_object_add(json, "objects",
				       json_number(type->objects[samples->count - 1]));
		json_object_object_add(json, "more", json_object_new_int64(
					       leak_growth(samples, type->objects)));
		json_object_object_add(json, "bytes",
				       json_number(type->bytes[samples->count - 1]));
		json_object_object_add(json, "more_bytes", json_object_new_int64(
					       leak_growth(samples, type->bytes)));
		json_object_array_add(list, json);
	}
	return list;
}

static struct json_object *json_sites(const struct leak *leak)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < leak->site_count && i < SITES_MAX; i++) {
		const struct refheap_statistic *site = &leak->sites[i];
		struct json_object *json = json_object_new_object();

		json_object_object_add(json, "file", json_text(site->filename));
		json_object_object_add(json, "line", json_number(site->line));
		json_object_object_add(json, "size_diff", json_object_new_int64(site->size_diff));
		json_object_object_add(json, "count_diff",
				       json_object_new_int64(site->count_diff));
		json_object_array_add(list, json);
	}
	return list;
}

static struct json_object *json_suspect(struct context *context, const struct leak *leak,
					const struct leak_suspect *suspect)
{
	const struct leak_suspects *suspects = &leak->suspects;
	struct json_object *json = json_object_new_object();
	cleanup_free char *advice = leak_advice(leak, suspect);
	cleanup_free char *example = retained_path(context, &suspects->graph, suspects->ways,
						   suspect->example);

	json_object_object_add(json, "pattern", json_text(leak_pattern_word(suspect->pattern)));
	json_object_object_add(json, "path", json_text(suspect->path));
	json_object_object_add(json, "type", suspect->holder ? json_text(
				       graph_type(context, &suspects->graph, suspect->holder)) :
							       NULL);
	json_object_object_add(json, "entries", json_number(suspect->length));
	json_object_object_add(json, "entries_before", json_number(suspect->before));
	json_object_object_add(json, "objects", json_number(suspect->objects));
	json_object_object_add(json, "bytes", json_number(suspect->bytes));
	json_object_object_add(json, "member", json_text(suspect->member));
	json_object_object_add(json, "bulk", json_text(suspect->bulk));
	json_object_object_add(json, "example", json_text(example));
	json_object_object_add(json, "site", json_text(suspect->site));
	json_object_object_add(json, "advice", json_text(advice));
	return json;
}

struct json_object *leak_json(struct context *context, const struct leak *leak)
{
	struct json_object *json = json_object_new_object();
	struct json_object *suspects = json_object_new_array();

	for (size_t i = 0; i < leak->suspects.count; i++)
		json_object_array_add(suspects, json_suspect(context, leak,
							     &leak->suspects.list[i]));
	json_object_object_add(json, "leak", json_object_new_boolean(leak->leaks));
	json_object_object_add(json, "samples", json_samples(&leak->samples));
	json_object_object_add(json, "types", json_types(leak));
	json_object_object_add(json, "sites", leak->sites ? json_sites(leak) : NULL);
	json_object_object_add(json, "suspects", suspects);
	json_object_object_add(json, "disturbed",
			       json_object_new_boolean(leak->suspects.graph.disturbed));
	return json;
}
