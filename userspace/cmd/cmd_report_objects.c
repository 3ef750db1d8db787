// SPDX-License-Identifier: GPL-2.0
/* Objects as rows: what each is, what retains it, and what it refers to. */
#include <stdlib.h>
#include <string.h>

#include <json-c/linkhash.h>
#include <refheap.h>

#include "cmd_report.h"
#include "cmd_report_choice.h"
#include "graph_names.h"
#include "util.h"

#define TEXT_MAX	60	/* bytes of an object's value */
#define LABEL_MAX	40	/* of an edge's name */
#define EDGES_A_NODE	4	/* on average, at most */

enum {
	NODE_ROOT = 1,		/* the names */
	NODE_HELD = 2,		/* from outside of the edges */
	NODE_WEAK = 4,		/* keeps nothing alive */
	NODE_LEAF = 8,		/* has a value rather than references */
};

#define ABOVE_ALL	(-1)	/* nothing retains it but what holds it from outside */
#define ABOVE_UNKNOWN	(-2)	/* what retains it is not in the page */

/* Texts that are used again and again have numbers. */
struct texts {
	struct lh_table *table;
	struct json_object *list;
};

static void forget_text(struct lh_entry *entry)
{
	free(lh_entry_k(entry));
}

static void texts_begin(struct texts *texts)
{
	texts->table = lh_kchar_table_new(256, forget_text);
	texts->list = json_object_new_array();
}

static int text_number(struct texts *texts, const char *text)
{
	struct lh_entry *entry = lh_table_lookup_entry(texts->table, text);
	intptr_t number;

	if (entry)
		return (int)(intptr_t)lh_entry_v(entry);
	number = (intptr_t)json_object_array_length(texts->list);
	lh_table_insert(texts->table, xstrdup(text), (void *)number);
	json_object_array_add(texts->list, json_object_new_string(text));
	return (int)number;
}

/* No longer than @max bytes, and cut between two characters. */
static void cut(char *text, size_t max)
{
	static const char more[] = "…";
	size_t at = max - strlen(more);

	if (strlen(text) <= max)
		return;
	while (at && ((unsigned char)text[at] & 0xc0) == 0x80)
		at--;
	memcpy(text + at, more, sizeof(more));
}

static void append(struct json_object *array, int64_t number)
{
	json_object_array_add(array, json_object_new_int64(number));
}

static uint32_t count_refs(const struct choice *choice, uint32_t node)
{
	const struct graph *graph = &choice->graph;
	uint32_t count = 0;

	for (uint32_t i = graph->first[node]; i < graph->first[node + 1]; i++)
		count += choice_shows(choice, node, i);
	return count;
}

static int above_of(const struct choice *choice, uint32_t node)
{
	uint32_t above = choice->retained.found.above[node];

	if (!above)
		return ABOVE_ALL;
	return choice->place[above] ? (int)choice->place[above] - 1 : ABOVE_UNKNOWN;
}

static int flags_of(const struct choice *choice, uint32_t node)
{
	return (node == GRAPH_ROOT ? NODE_ROOT : 0) |
	       (choice_is_held(choice, node) ? NODE_HELD : 0) |
	       (graph_keeps(&choice->graph, node) ? 0 : NODE_WEAK) |
	       (choice_is_leaf(choice, node) ? NODE_LEAF : 0);
}

static struct json_object *node_json(struct context *context, const struct choice *choice,
				     struct texts *types, uint32_t node)
{
	const struct graph *graph = &choice->graph;
	const struct graph_node *info = &graph->node[node];
	cleanup_free char *text = graph_value(context, graph, node);
	struct json_object *row = json_object_new_array();
	char id[REFHEAP_ID_TEXT];

	cut(text, TEXT_MAX);
	json_object_array_add(row, json_object_new_string(
		refheap_format_id(graph_id(graph, node), id)));
	append(row, text_number(types, graph_type(context, graph, node)));
	append(row, (int64_t)info->sizeof_);
	append(row, graph->refcount[node]);
	append(row, info->flags & REFHEAP_INFO_TRACKED ? info->generation : -1);
	append(row, (int64_t)choice->retained.bytes[node]);
	append(row, choice->retained.objects[node]);
	append(row, count_refs(choice, node));
	append(row, graph->reverse_first[node + 1] - graph->reverse_first[node]);
	append(row, above_of(choice, node));
	append(row, flags_of(choice, node));
	json_object_array_add(row, json_object_new_string(text));
	return row;
}

/* As graph_edge_name(), which asks for the slots of a type each time. */
static char *edge_name(struct context *context, const struct choice *choice, uint32_t from,
		       uint32_t cell)
{
	const char *slot = choice_slot(choice, from, cell);

	return slot ? xasprintf(".%s", slot) :
		      graph_edge_name(context, &choice->graph, from, cell);
}

static void add_edge(struct context *context, const struct choice *choice, struct texts *labels,
		     struct json_object *edges, uint32_t from, uint32_t i)
{
	cleanup_free char *label = edge_name(context, choice, from,
					     i - choice->graph.first[from]);

	cut(label, LABEL_MAX);
	append(edges, (int64_t)choice->place[from] - 1);
	append(edges, (int64_t)choice->place[choice->graph.edge[i]] - 1);
	append(edges, text_number(labels, label));
}

/* Those of the objects that were chosen first come first. */
static struct json_object *edges_json(struct context *context, const struct choice *choice,
				      struct texts *labels)
{
	uint64_t room = (uint64_t)choice->max * EDGES_A_NODE;
	struct json_object *edges = json_object_new_array();
	const struct graph *graph = &choice->graph;

	for (uint32_t n = 0; n < choice->count; n++) {
		uint32_t from = choice->node[n];

		for (uint32_t i = graph->first[from]; room && i < graph->first[from + 1]; i++) {
			if (!choice_shows(choice, from, i) || !choice->place[graph->edge[i]])
				continue;
			add_edge(context, choice, labels, edges, from, i);
			room--;
		}
	}
	return edges;
}

static struct json_object *objects_json(struct context *context, const struct choice *choice)
{
	struct json_object *objects = json_object_new_object();
	struct json_object *nodes = json_object_new_array();
	struct texts types, labels;

	texts_begin(&types);
	texts_begin(&labels);
	for (uint32_t i = 0; i < choice->count; i++)
		json_object_array_add(nodes, node_json(context, choice, &types,
						       choice->node[i]));
	report_add_number(objects, "total", choice->graph.nodes - 1);
	report_add_number(objects, "start", 0);
	json_object_object_add(objects, "nodes", nodes);
	json_object_object_add(objects, "edges", edges_json(context, choice, &labels));
	json_object_object_add(objects, "types", types.list);
	json_object_object_add(objects, "labels", labels.list);
	lh_table_free(types.table);
	lh_table_free(labels.table);
	return objects;
}

int report_add_objects(struct context *context, const struct report_limits *limits,
		       struct json_object *snapshot)
{
	cleanup_choice struct choice choice;
	int status = choice_make(context, limits->objects, &choice);

	if (status)
		return status;
	json_object_object_add(snapshot, "disturbed",
			       json_object_new_boolean(choice.graph.disturbed));
	json_object_object_add(snapshot, "objects", objects_json(context, &choice));
	return STATUS_OK;
}
