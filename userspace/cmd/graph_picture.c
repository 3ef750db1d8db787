// SPDX-License-Identifier: GPL-2.0
/*
 * The nearest objects first, as many as the limits let through. Roots are boxes
 * of their own where references are followed backwards.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "graph_names.h"
#include "graph_picture.h"
#include "interrupt.h"
#include "util.h"

/**
 * struct drawing - what is known while a picture comes into being
 * @box: by number: its place in the picture and one, 0 when it has none
 * @told_to: by number: the last box, and one, that it was told to be a referent of
 * @here: the box whose roots are being told
 * @neighbours: of that box, so far
 * @left_out: likewise
 */
struct drawing {
	struct context *context;
	const struct graph *graph;
	struct picture *picture;
	size_t *box;
	size_t *told_to;
	size_t here;
	uint64_t neighbours;
	uint64_t left_out;
};

static size_t add_node(struct picture *picture, const struct picture_node *node)
{
	if (picture->node_count == picture->node_room) {
		picture->node_room = picture->node_room * 2 + 16;
		picture->nodes = xrealloc(picture->nodes, picture->node_room,
					  sizeof(*picture->nodes));
	}
	picture->nodes[picture->node_count] = *node;
	return picture->node_count++;
}

static void add_edge(struct picture *picture, size_t from, size_t to, char *label)
{
	if (picture->edge_count == picture->edge_room) {
		picture->edge_room = picture->edge_room * 2 + 16;
		picture->edges = xrealloc(picture->edges, picture->edge_room,
					  sizeof(*picture->edges));
	}
	picture->edges[picture->edge_count++] = (struct picture_edge){ from, to, label };
}

static void add_object(struct drawing *drawing, uint32_t number, unsigned int depth)
{
	const struct graph *graph = drawing->graph;
	bool names = number == GRAPH_ROOT;
	struct picture_node node = {
		.kind = names ? PICTURE_NAMES : PICTURE_OBJECT,
		.number = number,
		.depth = depth,
	};

	node.title = names ? xstrdup("names") :
			     xasprintf("%s [%" PRIu32 "]",
				       graph_type(drawing->context, graph, number),
				       graph->refcount[number]);
	node.value = names ? NULL : graph_value(drawing->context, graph, number);
	drawing->box[number] = add_node(drawing->picture, &node) + 1;
}

/* The name of an object, rather than that it is the text of a name, if it is both. */
static uint32_t first_cell(const struct graph *graph, uint32_t from, uint32_t to)
{
	uint32_t cells = graph->first[from + 1] - graph->first[from];

	for (uint32_t cell = 1; from == GRAPH_ROOT && cell < cells; cell += 2) {
		if (graph->edge[graph->first[from] + cell] == to)
			return cell;
	}
	return graph_first_cell(graph, from, to);
}

/* By what one refers to the other; how often, when that is more than once. */
static char *edge_label(struct drawing *drawing, uint32_t from, uint32_t to)
{
	const struct graph *graph = drawing->graph;
	uint32_t first = first_cell(graph, from, to), more = 0;
	cleanup_free char *name = NULL;

	for (uint32_t cell = first + 1; cell < graph->first[from + 1] - graph->first[from]; cell++)
		more += graph->edge[graph->first[from] + cell] == to;
	name = graph_edge_name(drawing->context, graph, from, first);
	return more ? xasprintf("%s and %" PRIu32 " more", name, more) : xstrdup(name);
}

static bool let_through(const struct drawing *drawing, uint32_t number)
{
	char **types = drawing->picture->types;
	const char *type;

	if (!types || number == GRAPH_ROOT)
		return true;
	type = graph_type(drawing->context, drawing->graph, number);
	while (*types && strcmp(*types, type))
		types++;
	return *types;
}

static void add_neighbour(struct drawing *drawing, uint32_t number)
{
	struct picture *picture = drawing->picture;
	size_t here = drawing->here;
	uint32_t self = picture->nodes[here].number;
	size_t there;

	if (!let_through(drawing, number))
		return;
	if (drawing->neighbours == picture->max) {
		drawing->left_out++;
		return;
	}
	drawing->neighbours++;
	if (!drawing->box[number])
		add_object(drawing, number, picture->nodes[here].depth + 1);
	there = drawing->box[number] - 1;
	if (picture->mode == PICTURE_REFS)
		add_edge(picture, here, there, edge_label(drawing, self, number));
	else
		add_edge(picture, there, here, edge_label(drawing, number, self));
}

static void add_root(const struct graph_root *root, void *data)
{
	struct drawing *drawing = data;
	struct picture *picture = drawing->picture;
	struct picture_node node = {
		.kind = PICTURE_ROOT,
		.root = *root,
		.depth = picture->nodes[drawing->here].depth + 1,
	};

	if (drawing->neighbours == picture->max) {
		drawing->left_out++;
		return;
	}
	drawing->neighbours++;
	node.title = graph_root_text(root, "\n");
	add_edge(picture, add_node(picture, &node), drawing->here, xstrdup(""));
}

static void add_many(struct drawing *drawing)
{
	struct picture *picture = drawing->picture;
	bool refs = picture->mode == PICTURE_REFS;
	size_t here = drawing->here, there;
	struct picture_node node = {
		.kind = PICTURE_MANY,
		.depth = picture->nodes[here].depth + 1,
	};

	node.title = xasprintf("%" PRIu64 " more %sreferences", drawing->left_out,
			       refs ? "" : "back");
	there = add_node(picture, &node);
	add_edge(picture, refs ? here : there, refs ? there : here, xstrdup(""));
}

/* What one object refers to comes in the order of its cells, each once. */
static void add_referents(struct drawing *drawing, uint32_t number)
{
	const struct graph *graph = drawing->graph;

	for (uint32_t i = graph->first[number]; i < graph->first[number + 1]; i++) {
		uint32_t to = graph->edge[i];

		if (!to || drawing->told_to[to] == drawing->here + 1)
			continue;
		drawing->told_to[to] = drawing->here + 1;
		add_neighbour(drawing, to);
	}
}

/* The edges of one object to another are side by side. */
static int add_referrers(struct drawing *drawing, uint32_t number)
{
	const struct graph *graph = drawing->graph;
	uint32_t last = 0;
	int error = 0;

	if (graph->node[number].outside || graph->disturbed)
		error = graph_roots(drawing->context, graph, number, add_root, drawing);
	for (uint32_t i = graph->reverse_first[number]; i < graph->reverse_first[number + 1]; i++) {
		if (graph->reverse[i] != last)
			add_neighbour(drawing, graph->reverse[i]);
		last = graph->reverse[i];
	}
	/* It may have died since: then nobody holds it. */
	return error == -ESTALE || error == -ENOENT ? 0 : error;
}

static int add_neighbours(struct drawing *drawing)
{
	const struct picture_node *node = &drawing->picture->nodes[drawing->here];
	uint32_t number = node->number;
	int error = 0;

	/* Everything with a name hangs on the names: they lead nowhere. */
	if (node->kind != PICTURE_OBJECT && drawing->here)
		return 0;
	if (node->kind > PICTURE_NAMES || node->depth >= drawing->picture->depth)
		return 0;
	drawing->neighbours = 0;
	drawing->left_out = 0;
	if (drawing->picture->mode == PICTURE_REFS)
		add_referents(drawing, number);
	else
		error = add_referrers(drawing, number);
	if (drawing->left_out)
		add_many(drawing);
	return error;
}

static int draw_around(struct drawing *drawing)
{
	int error = 0;

	for (; !error && drawing->here < drawing->picture->node_count; drawing->here++) {
		error = add_neighbours(drawing);
		if (interrupted())
			error = -EINTR;
	}
	return error;
}

/**
 * struct trail - the way back to the nearest root
 * @next: by number: the next towards the target; 0: not seen
 * @queue: objects seen, nearest first
 */
struct trail {
	uint32_t *next;
	uint32_t *queue;
	uint32_t count;
};

/* Return: whether the object has a name. */
static bool step_back(struct trail *trail, const struct graph *graph, uint32_t target,
		      uint32_t number)
{
	for (uint32_t i = graph->reverse_first[number]; i < graph->reverse_first[number + 1]; i++) {
		uint32_t from = graph->reverse[i];

		if (from == GRAPH_ROOT)
			return true;
		if (trail->next[from] || from == target)
			continue;
		trail->next[from] = number;
		trail->queue[trail->count++] = from;
	}
	return false;
}

/* Shows the way from @number to the target, which is the first box. */
static void draw_trail(struct drawing *drawing, const struct trail *trail, uint32_t target,
		       uint32_t number)
{
	struct picture *picture = drawing->picture;
	size_t last;

	if (number != target)
		add_object(drawing, number, 1);
	drawing->here = drawing->box[number] - 1;
	for (last = drawing->here; number != target; last = drawing->box[number] - 1) {
		uint32_t next = trail->next[number];

		if (!drawing->box[next])
			add_object(drawing, next, 1);
		add_edge(picture, last, drawing->box[next] - 1, edge_label(drawing, number, next));
		number = next;
	}
}

static void draw_name(struct drawing *drawing, uint32_t number)
{
	size_t named = drawing->here;

	add_object(drawing, GRAPH_ROOT, 1);
	add_edge(drawing->picture, drawing->box[GRAPH_ROOT] - 1, named,
		 edge_label(drawing, GRAPH_ROOT, number));
}

static int draw_chain(struct drawing *drawing, uint32_t target)
{
	const struct graph *graph = drawing->graph;
	struct trail trail = {
		.next = xcalloc(graph->nodes, sizeof(*trail.next)),
		.queue = xcalloc(graph->nodes, sizeof(*trail.queue)),
		.count = 1,
	};
	int error = 0;

	trail.queue[0] = target;
	for (uint32_t at = 0; at < trail.count && !error; at++) {
		uint32_t number = trail.queue[at];
		bool named = step_back(&trail, graph, target, number);

		if (!named && !graph->node[number].outside)
			continue;
		draw_trail(drawing, &trail, target, number);
		if (named)
			draw_name(drawing, number);
		else
			error = graph_roots(drawing->context, graph, number, add_root, drawing);
		break;
	}
	free(trail.next);
	free(trail.queue);
	return error == -ESTALE || error == -ENOENT ? 0 : error;
}

int picture_draw(struct context *context, const struct graph *graph, uint32_t target,
		 struct picture *picture)
{
	struct drawing drawing = {
		.context = context, .graph = graph, .picture = picture,
		.box = xcalloc(graph->nodes, sizeof(*drawing.box)),
		.told_to = xcalloc(graph->nodes, sizeof(*drawing.told_to)),
	};
	int error;

	add_object(&drawing, target, 0);
	if (picture->mode == PICTURE_CHAIN)
		error = draw_chain(&drawing, target);
	else
		error = draw_around(&drawing);
	free(drawing.box);
	free(drawing.told_to);
	return error;
}

void picture_free(struct picture *picture)
{
	for (size_t i = 0; i < picture->node_count; i++) {
		free(picture->nodes[i].title);
		free(picture->nodes[i].value);
	}
	for (size_t i = 0; i < picture->edge_count; i++)
		free(picture->edges[i].label);
	for (size_t i = 0; picture->types && picture->types[i]; i++)
		free(picture->types[i]);
	free(picture->types);
	free(picture->nodes);
	free(picture->edges);
	*picture = (struct picture){ 0 };
}
