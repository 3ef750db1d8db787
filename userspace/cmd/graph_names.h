/* SPDX-License-Identifier: GPL-2.0 */
/* What to call the objects, edges and roots of a graph. */
#ifndef REFHEAP_CMD_GRAPH_NAMES_H
#define REFHEAP_CMD_GRAPH_NAMES_H

#include <json-c/json.h>

#include "graph.h"

/**
 * graph_value() - what an object is, shortened
 *
 * Return: text to be freed; "dead" when the object is not there any more.
 */
char *graph_value(struct context *context, const struct graph *graph, uint32_t number);

/* The name of its type or kind. Valid until the next call. */
const char *graph_type(struct context *context, const struct graph *graph, uint32_t number);

/**
 * graph_edge_name() - by what an object refers to another
 * @from: the object that refers
 * @cell: which of its edges
 *
 * As in paths: .attribute, ["text"], [5]; a name alone for the root namespace.
 *
 * Return: text to be freed.
 */
char *graph_edge_name(struct context *context, const struct graph *graph, uint32_t from,
		      uint32_t cell);

/* The first edge from one object to another, which there must be. */
uint32_t graph_first_cell(const struct graph *graph, uint32_t from, uint32_t to);

enum graph_root_kind {
	GRAPH_SESSION,
	GRAPH_EXPORT,	/* a descriptor that holds the object */
	GRAPH_GARBAGE,	/* the heap's list of what cannot be collected */
	GRAPH_INTERNED,	/* kept for whoever asks for it again */
	GRAPH_SAVED,	/* of a saved heap: whoever held it then, which is not saved */
	GRAPH_OTHER,	/* the heap itself, or who let go meanwhile */
};

/* What keeps an object alive from outside of the edges. */
struct graph_root {
	enum graph_root_kind kind;
	struct refheap_holder_info holder; /* SESSION, EXPORT */
};

typedef void graph_root_fn(const struct graph_root *root, void *data);

/**
 * graph_roots() - ask who holds an object now
 * @fn: called for each root
 *
 * Return: 0 or a negative errno.
 */
int graph_roots(struct context *context, const struct graph *graph, uint32_t number,
		graph_root_fn *fn, void *data);

/* A root as text to be freed; @separator between its parts. */
char *graph_root_text(const struct graph_root *root, const char *separator);

/* Add what is known of a root to a JSON object. */
void graph_root_json(const struct graph_root *root, struct json_object *json);

#endif
