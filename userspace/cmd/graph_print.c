// SPDX-License-Identifier: GPL-2.0
/* Pictures as the programs of Graphviz read them, and as text. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "graph_picture.h"
#include "output.h"
#include "util.h"

static const char legend[] =
	"  subgraph cluster_legend {\n"
	"    label=\"legend\";\n"
	"    fontsize=10;\n"
	"    node[fontsize=9, height=0.2];\n"
	"    legend_asked[label=\"type [references]\\nvalue: asked for\", fontcolor=red];\n"
	"    legend_object[label=\"further away: darker\", fillcolor=\"0,0,0.533333\"];\n"
	"    legend_names[label=\"names of the heap\", fillcolor=\"0.3,1,0.766667\"];\n"
	"    legend_root[label=\"who holds it\", shape=ellipse, fillcolor=\"0.6,0.4,1\"];\n"
	"    legend_many[label=\"what is left out\", color=red, fillcolor=\"0,1,0.766667\", "
	"fontcolor=white];\n"
	"    legend_root -> legend_object [style=bold];\n"
	"    legend_names -> legend_object [label=\"name\", fontsize=9];\n"
	"    legend_object -> legend_asked [label=\"attribute, [key], [index]\", fontsize=9];\n"
	"    legend_many -> legend_asked [color=red, style=dotted];\n"
	"  }\n";

/* Between double quotes; lines end with \n. */
static void put_quoted(FILE *file, const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			fputs("\\n", file);
		else if (*text == '"' || *text == '\\')
			fprintf(file, "\\%c", *text);
		else
			putc(*text, file);
	}
}

static void put_box(FILE *file, const struct picture *picture, size_t place)
{
	const struct picture_node *node = &picture->nodes[place];
	static const char *const prefixes[] = { "o", "names", "root", "too_many_" };

	fputs(prefixes[node->kind], file);
	if (node->kind == PICTURE_OBJECT)
		fprintf(file, "%" PRIu32, node->number);
	else if (node->kind != PICTURE_NAMES)
		fprintf(file, "%zu", place);
}

/* From white to dark, the further away; @hue and @saturation of one's own. */
static void put_color(FILE *file, const struct picture *picture,
		      const struct picture_node *node, double hue, double saturation)
{
	double far = picture->depth ? (double)node->depth / picture->depth : 0;
	double value = 1 - 0.7 * (far > 1 ? 1 : far);

	fprintf(file, ", fillcolor=\"%g,%g,%g\"", hue, saturation, value);
	if (value < 0.5)
		fputs(", fontcolor=white", file);
}

static void put_object(FILE *file, const struct graph *graph, const struct picture *picture,
		       const struct picture_node *node)
{
	char id[REFHEAP_ID_TEXT];

	put_quoted(file, node->value);
	fprintf(file, "\", tooltip=\"%s\"", refheap_format_id(graph_id(graph, node->number), id));
	put_color(file, picture, node, 0, 0);
	if (node == picture->nodes)
		fputs(", fontcolor=red", file);
}

static void put_node(FILE *file, const struct graph *graph, const struct picture *picture,
		     size_t place)
{
	const struct picture_node *node = &picture->nodes[place];

	fputs("  ", file);
	put_box(file, picture, place);
	fputs("[label=\"", file);
	put_quoted(file, node->title);
	switch (node->kind) {
	case PICTURE_OBJECT:
		fputs("\\n", file);
		put_object(file, graph, picture, node);
		break;
	case PICTURE_NAMES:
		putc('"', file);
		put_color(file, picture, node, 0.3, 1);
		break;
	case PICTURE_ROOT:
		fputs("\", shape=ellipse, fillcolor=\"0.6,0.4,1\"", file);
		break;
	case PICTURE_MANY:
		fputs("\", height=0.25, fontsize=6, color=red", file);
		fputs(", fillcolor=\"0,1,0.766667\", fontcolor=white", file);
		break;
	}
	fputs("];\n", file);
}

static void put_edge(FILE *file, const struct picture *picture, const struct picture_edge *edge)
{
	bool many = picture->nodes[edge->from].kind == PICTURE_MANY ||
		    picture->nodes[edge->to].kind == PICTURE_MANY;
	const char *label = edge->label + (edge->label[0] == '.');

	fputs("  ", file);
	put_box(file, picture, edge->from);
	fputs(" -> ", file);
	put_box(file, picture, edge->to);
	if (many) {
		fputs(" [color=red,style=dotted,len=0.25,weight=10]", file);
	} else if (picture->nodes[edge->from].kind == PICTURE_ROOT) {
		fputs(" [style=bold]", file);
	} else {
		fputs(" [label=\"", file);
		put_quoted(file, label);
		fputs("\",weight=2]", file);
	}
	fputs(";\n", file);
}

void picture_print_dot(FILE *file, const struct graph *graph, const struct picture *picture)
{
	fputs("digraph ObjectGraph {\n", file);
	fputs("  node[shape=box, style=filled, fillcolor=white];\n", file);
	for (size_t i = 0; i < picture->node_count; i++)
		put_node(file, graph, picture, i);
	for (size_t i = 0; i < picture->edge_count; i++)
		put_edge(file, picture, &picture->edges[i]);
	fputs(legend, file);
	fputs("}\n", file);
}

#define INDENT_MAX	40	/* levels; deeper lines have the same indent */
#define NO_EDGE		SIZE_MAX

/**
 * struct tree - a picture as lines
 * @first: by box: the first edge of its branch
 * @next: by edge: the next of the same branch
 * @shown: by box: its branch has been printed already
 * @stack: by level: the edge that comes next
 */
struct tree {
	FILE *file;
	const struct graph *graph;
	const struct picture *picture;
	size_t *first;
	size_t *next;
	bool *shown;
	size_t *stack;
};

static void make_branches(struct tree *tree)
{
	const struct picture *picture = tree->picture;
	bool refs = picture->mode == PICTURE_REFS;

	for (size_t i = 0; i < picture->node_count; i++)
		tree->first[i] = NO_EDGE;
	for (size_t i = picture->edge_count; i-- > 0;) {
		size_t *first = &tree->first[refs ? picture->edges[i].from : picture->edges[i].to];

		tree->next[i] = *first;
		*first = i;
	}
}

static void put_line(const struct tree *tree, size_t place)
{
	const struct picture_node *node = &tree->picture->nodes[place];
	char id[REFHEAP_ID_TEXT];

	for (const char *at = node->title; *at; at++) {
		if (*at == '\n')
			fputs(", ", tree->file);
		else
			putc(*at, tree->file);
	}
	if (node->kind == PICTURE_OBJECT)
		fprintf(tree->file, " %s, %s",
			refheap_format_id(graph_id(tree->graph, node->number), id), node->value);
	if (tree->shown[place] && tree->first[place] != NO_EDGE)
		fputs(" (see above)", tree->file);
	putc('\n', tree->file);
}

/* Backwards, a line says by what it refers to the one that it hangs on. */
static void put_branches(struct tree *tree)
{
	const struct picture *picture = tree->picture;
	bool refs = picture->mode == PICTURE_REFS;
	size_t level = 0;

	put_line(tree, 0);
	tree->shown[0] = true;
	tree->stack[0] = tree->first[0];
	for (;;) {
		size_t at = tree->stack[level];
		const struct picture_edge *edge;
		size_t place;

		if (at == NO_EDGE && !level)
			break;
		if (at == NO_EDGE) {
			level--;
			continue;
		}
		tree->stack[level] = tree->next[at];
		edge = &picture->edges[at];
		place = refs ? edge->to : edge->from;
		fprintf(tree->file, "%*s%s %s%s",
			2 * (int)(level < INDENT_MAX ? level + 1 : INDENT_MAX), "",
			refs ? "->" : "<-", edge->label, edge->label[0] ? ": " : "");
		put_line(tree, place);
		if (!tree->shown[place])
			tree->stack[++level] = tree->first[place];
		tree->shown[place] = true;
	}
}

void picture_print_tree(FILE *file, const struct graph *graph, const struct picture *picture)
{
	struct tree tree = {
		.file = file, .graph = graph, .picture = picture,
		.first = xcalloc(picture->node_count, sizeof(*tree.first)),
		.next = xcalloc(picture->edge_count + 1, sizeof(*tree.next)),
		.shown = xcalloc(picture->node_count, sizeof(*tree.shown)),
		.stack = xcalloc(picture->node_count + 1, sizeof(*tree.stack)),
	};

	make_branches(&tree);
	put_branches(&tree);
	free(tree.first);
	free(tree.next);
	free(tree.shown);
	free(tree.stack);
}

static struct json_object *node_to_json(const struct graph *graph, const struct picture_node *node)
{
	static const char *const words[] = { "object", "names", "root", "more" };
	struct json_object *json = json_object_new_object();
	char id[REFHEAP_ID_TEXT];

	json_object_object_add(json, "kind", json_object_new_string(words[node->kind]));
	json_object_object_add(json, "label", json_object_new_string(node->title));
	if (node->kind == PICTURE_OBJECT) {
		refheap_format_id(graph_id(graph, node->number), id);
		json_object_object_add(json, "id", json_object_new_string(id));
		json_object_object_add(json, "refcount", json_object_new_int64(
					       graph->refcount[node->number]));
		json_object_object_add(json, "size", json_object_new_uint64(
					       graph->node[node->number].sizeof_));
		json_object_object_add(json, "value", json_object_new_string(node->value));
	}
	if (node->kind == PICTURE_ROOT)
		graph_root_json(&node->root, json);
	json_object_object_add(json, "depth", json_object_new_int64(node->depth));
	return json;
}

void picture_print_json(struct context *context, const struct graph *graph,
			const struct picture *picture)
{
	struct json_object *document = json_object_new_object();
	struct json_object *nodes = json_object_new_array();
	struct json_object *edges = json_object_new_array();

	for (size_t i = 0; i < picture->node_count; i++)
		json_object_array_add(nodes, node_to_json(graph, &picture->nodes[i]));
	for (size_t i = 0; i < picture->edge_count; i++) {
		const struct picture_edge *edge = &picture->edges[i];
		struct json_object *json = json_object_new_object();

		json_object_object_add(json, "from", json_object_new_uint64(edge->from));
		json_object_object_add(json, "to", json_object_new_uint64(edge->to));
		json_object_object_add(json, "label", json_object_new_string(edge->label));
		json_object_array_add(edges, json);
	}
	json_object_object_add(document, "nodes", nodes);
	json_object_object_add(document, "edges", edges);
	json_object_object_add(document, "disturbed", json_object_new_boolean(graph->disturbed));
	output_json(context, document);
}
