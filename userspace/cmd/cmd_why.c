// SPDX-License-Identifier: GPL-2.0
/*
 * From the object backwards along the edges, nearest first: the first way back
 * to a root is the shortest chain from it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "graph_names.h"
#include "interrupt.h"
#include "output.h"
#include "path.h"
#include "report.h"
#include "util.h"

#define MAX_ROOTS	10
#define INDENT_MAX	40	/* levels; deeper lines have the same indent */

/**
 * struct search - the way back from one object
 * @target: its number
 * @next: by number: the next of the chain towards the target; 0: not seen
 * @queue: objects seen, nearest first
 * @at: those before it have been looked at
 * @count: in @queue
 * @max: roots to show
 * @roots: so many were found
 * @here: the object whose roots are being told
 * @list: of the roots, in JSON
 */
struct search {
	struct context *context;
	const struct graph *graph;
	uint32_t target;
	uint32_t *next;
	uint32_t *queue;
	uint32_t at;
	uint32_t count;
	uint64_t max;
	uint64_t roots;
	uint32_t here;
	struct json_object *list;
};

/* What the chain comes by to the object @number. */
static char *step_name(const struct search *search, uint32_t from, uint32_t number)
{
	return graph_edge_name(search->context, search->graph, from,
			       graph_first_cell(search->graph, from, number));
}

static void print_object(const struct search *search, uint32_t number)
{
	cleanup_free char *value = graph_value(search->context, search->graph, number);
	char id[REFHEAP_ID_TEXT];

	printf("%s %s, %s\n", graph_type(search->context, search->graph, number),
	       refheap_format_id(graph_id(search->graph, number), id), value);
}

static void print_chain(const struct search *search, uint32_t number)
{
	for (int depth = 1; number != search->target && !interrupted(); depth += depth < INDENT_MAX) {
		uint32_t next = search->next[number];
		cleanup_free char *name = step_name(search, number, next);

		printf("%*s%s: ", 2 * depth, "", name);
		print_object(search, next);
		number = next;
	}
}

static struct json_object *json_step(const struct search *search, uint32_t number, const char *edge)
{
	cleanup_free char *value = graph_value(search->context, search->graph, number);
	struct json_object *step = json_object_new_object();
	char id[REFHEAP_ID_TEXT];

	if (edge)
		json_object_object_add(step, "edge", json_object_new_string(edge));
	json_object_object_add(step, "id", json_object_new_string(
				       refheap_format_id(graph_id(search->graph, number), id)));
	json_object_object_add(step, "type", json_object_new_string(
				       graph_type(search->context, search->graph, number)));
	json_object_object_add(step, "value", json_object_new_string(value));
	return step;
}

static struct json_object *json_chain(const struct search *search, uint32_t number, const char *edge)
{
	struct json_object *chain = json_object_new_array();

	json_object_array_add(chain, json_step(search, number, edge));
	while (number != search->target) {
		cleanup_free char *name = step_name(search, number, search->next[number]);

		number = search->next[number];
		json_object_array_add(chain, json_step(search, number, name));
	}
	return chain;
}

/* @text: the object is not what the name leads to, but the text that it is. */
static void tell_name(struct search *search, const char *name, bool text)
{
	struct json_object *root;

	if (!search->list) {
		printf("name %s%s: ", name, text ? " itself" : "");
		print_object(search, search->here);
		print_chain(search, search->here);
		return;
	}
	root = json_object_new_object();
	json_object_object_add(root, "root", json_object_new_string("name"));
	json_object_object_add(root, "name", json_object_new_string(name));
	if (text)
		json_object_object_add(root, "text", json_object_new_boolean(true));
	json_object_object_add(root, "chain", json_chain(search, search->here, NULL));
	json_object_array_add(search->list, root);
}

static void tell_root(const struct graph_root *root, void *data)
{
	cleanup_free char *text = NULL;
	struct search *search = data;
	struct json_object *json;

	if (search->roots++ >= search->max)
		return;
	if (!search->list) {
		text = graph_root_text(root, ", ");
		printf("%s: ", text);
		print_object(search, search->here);
		print_chain(search, search->here);
		return;
	}
	json = json_object_new_object();
	graph_root_json(root, json);
	json_object_object_add(json, "chain", json_chain(search, search->here, NULL));
	json_object_array_add(search->list, json);
}

/* Each name of an object is a root of its own. */
static void tell_names(struct search *search)
{
	const struct graph *graph = search->graph;

	for (uint32_t i = graph->first[GRAPH_ROOT]; i < graph->first[GRAPH_ROOT + 1]; i++) {
		uint32_t cell = i - graph->first[GRAPH_ROOT];
		cleanup_free char *name = NULL;

		if (graph->edge[i] != search->here || search->roots++ >= search->max)
			continue;
		name = graph_edge_name(search->context, graph, GRAPH_ROOT, cell | 1);
		tell_name(search, name, !(cell % 2));
	}
}

/* What refers to the object joins the queue; the root namespace is told. */
static int look_back(struct search *search, uint32_t number)
{
	const struct graph *graph = search->graph;
	bool named = number == GRAPH_ROOT;
	int error = 0;

	for (uint32_t i = graph->reverse_first[number]; i < graph->reverse_first[number + 1]; i++) {
		uint32_t from = graph->reverse[i];

		named |= from == GRAPH_ROOT;
		if (from == GRAPH_ROOT || search->next[from] || from == search->target)
			continue;
		search->next[from] = number;
		search->queue[search->count++] = from;
	}
	search->here = number;
	if (named)
		tell_names(search);
	if (graph->node[number].outside || graph->disturbed)
		error = graph_roots(search->context, graph, number, tell_root, search);
	/* It may have died since: then nobody holds it. */
	return error == -ESTALE || error == -ENOENT ? 0 : error;
}

static int run_search(struct search *search)
{
	int error = 0;

	search->queue[search->count++] = search->target;
	while (!error && search->at < search->count && search->roots <= search->max) {
		error = look_back(search, search->queue[search->at++]);
		if (interrupted())
			error = -EINTR;
	}
	return error;
}

static const char *nothing_found(const struct search *search)
{
	if (search->target == GRAPH_ROOT)
		return "it is the names of the heap, and lives as long as the heap";
	if (search->graph->disturbed)
		return "no root was found; the heap has changed too much meanwhile";
	return "nothing keeps it alive; a collection will find it";
}

static void print_result(struct search *search)
{
	struct json_object *document;
	char id[REFHEAP_ID_TEXT];

	if (!search->list) {
		if (!search->roots)
			puts(nothing_found(search));
		if (search->roots > search->max)
			puts("... and further roots; --max shows more");
		return;
	}
	document = json_object_new_object();
	json_object_object_add(document, "id", json_object_new_string(refheap_format_id(
				       graph_id(search->graph, search->target), id)));
	json_object_object_add(document, "refcount", json_object_new_int64(
				       search->graph->refcount[search->target]));
	json_object_object_add(document, "roots", search->list);
	json_object_object_add(document, "more",
			       json_object_new_boolean(search->roots > search->max));
	json_object_object_add(document, "disturbed",
			       json_object_new_boolean(search->graph->disturbed));
	output_json(search->context, document);
}

static int why(struct context *context, const struct graph *graph, uint32_t target, uint64_t max)
{
	struct search search = {
		.context = context, .graph = graph, .target = target, .max = max,
		.next = xcalloc(graph->nodes, sizeof(*search.next)),
		.queue = xcalloc(graph->nodes, sizeof(*search.queue)),
		.list = context->format.json ? json_object_new_array() : NULL,
	};
	int error = run_search(&search);

	free(search.next);
	free(search.queue);
	if (!error) {
		print_result(&search);
		return STATUS_OK;
	}
	json_object_put(search.list);
	return report_error(context, error, "cannot follow the references");
}

static int run_why(struct context *context, struct arguments *arguments)
{
	cleanup_graph struct graph graph = { 0 };
	uint64_t max = MAX_ROOTS;
	uint32_t target;
	refheap_id id;
	int status;

	status = argument_number(context, arguments, "max", &max);
	if (!status)
		status = path_resolve(context, arguments->words[0], &id);
	if (status)
		return status;
	/* Else this session would be one of the roots. */
	refheap_drop(context->session, id);
	status = graph_load(context, &graph);
	if (status)
		return status;
	target = graph_find(&graph, id);
	if (!target)
		return path_error(context, -ESTALE, arguments->words[0]);
	return why(context, &graph, target, max);
}

static const struct option_spec why_options[] = {
	{ "max", 'm', "N", "show that many roots (10)" },
	{ 0 },
};

const struct command why_command = {
	.name = "why",
	.synopsis = "PATH",
	.summary = "Print the shortest chain from each root that keeps an object alive",
	.details = "Roots are names, sessions with their processes and frames, descriptors, and\n"
		   "the garbage of collections. The nearest come first.",
	.options = why_options,
	.minimum = 1,
	.maximum = 1,
	.flags = COMMAND_SAVED,
	.run = run_why,
};
