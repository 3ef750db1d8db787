/* SPDX-License-Identifier: GPL-2.0 */
/* The part of a graph that is shown, as DOT, as a tree of text, or as JSON. */
#ifndef REFHEAP_CMD_GRAPH_PICTURE_H
#define REFHEAP_CMD_GRAPH_PICTURE_H

#include <stddef.h>
#include <stdio.h>

#include "graph_names.h"

enum picture_kind {
	PICTURE_OBJECT,
	PICTURE_NAMES,	/* the root namespace */
	PICTURE_ROOT,	/* a session or another holder */
	PICTURE_MANY,	/* stands for what is left out */
};

/**
 * struct picture_node - what is a box
 * @kind: what it stands for
 * @number: of an object in the graph
 * @depth: edges between it and what was asked for
 * @title: type and references; or what a root is
 * @value: of an object, else NULL
 * @root: of a root: who holds it
 */
struct picture_node {
	enum picture_kind kind;
	uint32_t number;
	unsigned int depth;
	char *title;
	char *value;
	struct graph_root root;
};

/* What is an arrow: @from refers to @to by the name @label. */
struct picture_edge {
	size_t from;
	size_t to;
	char *label;
};

enum picture_mode {
	PICTURE_BACKREFS,
	PICTURE_REFS,
	PICTURE_CHAIN,
};

/**
 * struct picture - what is shown
 * @mode: which way it was gone
 * @depth: how far at most
 * @max: neighbours of one object at most
 * @types: only objects of these types and kinds; NULL for all
 * @nodes: the first is what was asked for
 * @edges: in the order in which they were found
 */
struct picture {
	enum picture_mode mode;
	unsigned int depth;
	uint64_t max;
	char **types;
	struct picture_node *nodes;
	size_t node_count;
	size_t node_room;
	struct picture_edge *edges;
	size_t edge_count;
	size_t edge_room;
};

/**
 * picture_draw() - find what is to be shown
 * @picture: mode, depth, max and types are set; to be freed, also after an error
 * @target: the object asked for
 *
 * Return: 0 or a negative errno.
 */
int picture_draw(struct context *context, const struct graph *graph, uint32_t target,
		 struct picture *picture);
void picture_free(struct picture *picture);

#define cleanup_picture __attribute__((cleanup(picture_free)))

void picture_print_dot(FILE *file, const struct graph *graph, const struct picture *picture);
void picture_print_tree(FILE *file, const struct graph *graph, const struct picture *picture);
void picture_print_json(struct context *context, const struct graph *graph,
			const struct picture *picture);

#endif
