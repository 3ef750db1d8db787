// SPDX-License-Identifier: GPL-2.0
/*
 * Sizes: of an object alone, of all that it reaches, and of what would be freed
 * if it died now. Nothing is collected for that, and nobody stopped.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <refheap.h>

#include "cmd.h"
#include "deep.h"
#include "graph_names.h"
#include "heap.h"
#include "interrupt.h"
#include "output.h"
#include "path.h"
#include "report.h"
#include "retained.h"
#include "util.h"

#define TOP_DEFAULT 10

/* The session's own reference would keep what is looked at, so it is dropped first. */
static int resolve(struct context *context, const char *path, struct refheap_info *info)
{
	refheap_id id;
	int error, status;

	status = path_resolve(context, path, &id);
	if (status)
		return status;
	error = refheap_inspect(context->session, id, info);
	refheap_drop(context->session, id);
	return error ? path_error(context, error, path) : STATUS_OK;
}

/* The sizes that were asked for. */
struct answer {
	refheap_id id;
	uint64_t size;
	uint64_t deep;
	uint64_t retained;
	bool wants_deep;
	bool wants_retained;
};

static void print_answer(struct context *context, const struct answer *answer)
{
	struct json_object *document;
	char id[REFHEAP_ID_TEXT];

	if (!context->format.json && answer->wants_deep && answer->wants_retained)
		printf("size      %" PRIu64 "\ndeep      %" PRIu64 "\nretained  %" PRIu64 "\n",
		       answer->size, answer->deep, answer->retained);
	else if (!context->format.json)
		printf("%" PRIu64 "\n", answer->wants_deep ? answer->deep :
		       answer->wants_retained ? answer->retained : answer->size);
	if (!context->format.json)
		return;
	document = json_object_new_object();
	json_object_object_add(document, "id",
			       json_object_new_string(refheap_format_id(answer->id, id)));
	json_object_object_add(document, "size", json_object_new_uint64(answer->size));
	if (answer->wants_deep)
		json_object_object_add(document, "deep", json_object_new_uint64(answer->deep));
	if (answer->wants_retained)
		json_object_object_add(document, "retained",
				       json_object_new_uint64(answer->retained));
	output_json(context, document);
}

static int find_retained(struct context *context, const struct graph *graph,
			 struct retained *retained)
{
	int error = retained_find(graph, retained);

	return error ? report_error(context, error, "cannot find out who retains what") :
		       STATUS_OK;
}

static int find_answer(struct context *context, const char *path, struct answer *answer)
{
	cleanup_retained struct retained retained = { 0 };
	cleanup_graph struct graph graph = { 0 };
	uint32_t number;
	int status = graph_load_forward(context, &graph);

	if (status)
		return status;
	number = graph_find(&graph, answer->id);
	if (!number)
		return path_error(context, -ESTALE, path);
	answer->size = graph.node[number].sizeof_;
	if (answer->wants_deep)
		answer->deep = deep_size_of_node(&graph, number);
	if (!answer->wants_retained)
		return STATUS_OK;
	status = find_retained(context, &graph, &retained);
	if (!status)
		answer->retained = retained.bytes[number];
	return status;
}

/* A graph is needed only for what is retained, and when nobody holds still. */
static int find_sizes(struct context *context, const char *path, struct answer *answer)
{
	int error = -EAGAIN;

	if (!answer->wants_retained)
		error = deep_size(context, answer->id, &answer->size, &answer->deep);
	if (error == -EAGAIN)
		return find_answer(context, path, answer);
	return error ? path_error(context, error, path) : STATUS_OK;
}

static int run_sizeof(struct context *context, struct arguments *arguments)
{
	struct answer answer = {
		.wants_deep = argument_option(arguments, "deep"),
		.wants_retained = argument_option(arguments, "retained"),
	};
	struct refheap_info info;
	int status = resolve(context, arguments->words[0], &info);

	if (status)
		return status;
	answer.id = info.id;
	answer.size = info.sizeof_;
	if (answer.wants_deep || answer.wants_retained)
		status = find_sizes(context, arguments->words[0], &answer);
	if (!status)
		print_answer(context, &answer);
	return status;
}

static const struct option_spec sizeof_options[] = {
	{ "deep", 'd', NULL, "with all that it reaches, each once" },
	{ "retained", 'r', NULL, "with what would be freed if it died now" },
	{ 0 },
};

const struct command sizeof_command = {
	.name = "sizeof",
	.synopsis = "PATH",
	.summary = "Print the bytes that an object itself occupies",
	.details = "Weak references reach nothing. What others refer to, too, is not retained.",
	.options = sizeof_options,
	.minimum = 1,
	.maximum = 1,
	.flags = COMMAND_SAVED,
	.run = run_sizeof,
};

static const struct column columns[] = {
	{ "id", "ID", "of the object", COLUMN_ID },
	{ "type", "TYPE", "its type or kind", 0 },
	{ "size", "SIZE", "bytes that it occupies itself", COLUMN_NUMBER },
	{ "retained", "RETAINED", "bytes that would be freed with it", COLUMN_NUMBER },
	{ "objects", "OBJECTS", "objects that would be freed with it", COLUMN_NUMBER },
	{ "path", "PATH", "a shortest way to it", COLUMN_NAME },
};

struct ranked {
	uint64_t bytes;
	uint32_t number;
};

static int by_bytes(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	return x->number < y->number ? -1 : 1;
}

/*
 * The @top largest of all but the root dict, the largest first. Those that may
 * be among them gather behind them, as many again, and then the rest is dropped.
 */
static struct ranked *rank(const struct graph *graph, const struct retained *retained,
			   uint64_t top, uint32_t *count)
{
	uint32_t most = top < graph->nodes ? (uint32_t)top : graph->nodes, n = 0;
	struct ranked *ranked = xcalloc(2ULL * most + 1, sizeof(*ranked));
	uint64_t least = 0;

	for (uint32_t node = GRAPH_ROOT + 1; node < graph->nodes; node++) {
		if (retained->bytes[node] < least)
			continue;
		ranked[n++] = (struct ranked){ retained->bytes[node], node };
		if (n < 2ULL * most + 1)
			continue;
		qsort(ranked, n, sizeof(*ranked), by_bytes);
		n = most;
		least = most ? ranked[most - 1].bytes : UINT64_MAX;
	}
	qsort(ranked, n, sizeof(*ranked), by_bytes);
	*count = n < most ? n : most;
	return ranked;
}

static void print_row(struct context *context, struct listing *listing, const struct graph *graph,
		      const struct retained *retained, const uint32_t *ways, uint32_t number)
{
	cleanup_free char *path = retained_path(context, graph, ways, number);
	struct cell cells[ARRAY_SIZE(columns)];
	char id[REFHEAP_ID_TEXT];

	cells[0] = cell_text(refheap_format_id(graph_id(graph, number), id));
	cells[1] = cell_text(graph_type(context, graph, number));
	cells[2] = cell_number(graph->node[number].sizeof_);
	cells[3] = cell_number(retained->bytes[number]);
	cells[4] = cell_number(retained->objects[number]);
	cells[5] = cell_text(path);
	listing_row(listing, cells);
}

static int print_top(struct context *context, const struct graph *graph,
		     const struct retained *retained, uint64_t top)
{
	struct listing *listing;
	struct ranked *ranked;
	uint32_t *ways, count;
	int status;

	listing = listing_begin(context, columns, ARRAY_SIZE(columns), &status);
	if (!listing)
		return status;
	ways = retained_ways(graph, retained);
	ranked = rank(graph, retained, top, &count);
	for (uint32_t i = 0; i < count && !interrupted(); i++)
		print_row(context, listing, graph, retained, ways, ranked[i].number);
	listing_end(listing);
	free(ranked);
	free(ways);
	return interrupted() ? report_error(context, -EINTR, "the listing is not complete") :
			       STATUS_OK;
}

static int run_retained(struct context *context, struct arguments *arguments)
{
	cleanup_retained struct retained retained = { 0 };
	cleanup_graph struct graph graph = { 0 };
	uint64_t top = TOP_DEFAULT;
	int status = argument_number(context, arguments, "top", &top);

	if (!status)
		status = graph_load_forward(context, &graph);
	if (!status)
		status = find_retained(context, &graph, &retained);
	return status ? status : print_top(context, &graph, &retained, top);
}

static const struct option_spec retained_options[] = {
	{ "top", 'n', "N", "so many, 10 unless given" },
	{ 0 },
};

const struct command retained_command = {
	.name = "retained",
	.synopsis = "",
	.summary = "List the objects with which most would be freed",
	.details = "What an object retains is what nothing else keeps alive. Nothing is collected to\n"
		   "find out.",
	.options = retained_options,
	.flags = COMMAND_SAVED,
	.run = run_retained,
};
