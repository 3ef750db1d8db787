/* SPDX-License-Identifier: GPL-2.0 */
/* Which objects and references of a heap are on a page. */
#ifndef REFHEAP_CMD_CMD_REPORT_CHOICE_H
#define REFHEAP_CMD_CMD_REPORT_CHOICE_H

#include "graph.h"
#include "retained.h"

/**
 * struct choice_type - what instances of a type are made of
 * @in_pairs: of names and values
 * @slots: else of these, in their order
 * @count: number of @slots
 */
struct choice_type {
	bool in_pairs;
	char **slots;
	size_t count;
};

/**
 * struct choice - objects of a graph that were chosen
 * @graph: what they are chosen from
 * @retained: likewise, who retains what
 * @types: by number
 * @type_count: entries of @types
 * @place: by number of an object: its place in @node, and one more; 0: not chosen
 * @node: numbers of those chosen; the first is the root namespace
 * @count: how many
 * @max: at most
 */
struct choice {
	struct graph graph;
	struct retained retained;
	struct choice_type *types;
	uint32_t type_count;
	uint32_t *place;
	uint32_t *node;
	uint32_t count;
	uint32_t max;
};

/**
 * choice_make() - look at the heap, and choose
 * @max: how many objects at most
 * @choice: out: to be freed with choice_free(), also after an error
 *
 * Half of them retain most, with what leads to them; the others are near the
 * names.
 *
 * Return: a status.
 */
int choice_make(struct context *context, uint32_t max, struct choice *choice);
void choice_free(struct choice *choice);

#define cleanup_choice __attribute__((cleanup(choice_free)))

/* Whether something outside of the edges keeps an object. */
bool choice_is_held(const struct choice *choice, uint32_t node);

static inline bool choice_is_leaf(const struct choice *choice, uint32_t node)
{
	return choice->graph.node[node].kind <= REFHEAP_KIND_BYTEARRAY;
}

/*
 * Whether the edge @i of an object is one to be shown. A key is the name of the
 * edge beside it, and is no more than that when it is a leaf.
 */
bool choice_shows(const struct choice *choice, uint32_t from, uint32_t i);

/* The name of a slot of an instance, NULL when it has none. */
const char *choice_slot(const struct choice *choice, uint32_t node, uint32_t cell);

#endif
