// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"
#include "variables.h"

bool variables_valid_name(const char *word)
{
	if (!isalpha((unsigned char)*word) && *word != '_')
		return false;
	for (; *word; word++) {
		if (!isalnum((unsigned char)*word) && *word != '_')
			return false;
	}
	return true;
}

struct variable *variables_find(const struct variables *variables, const char *name)
{
	for (size_t i = 0; i < variables->count; i++) {
		if (!strcmp(variables->items[i].name, name))
			return &variables->items[i];
	}
	return NULL;
}

/*
 * Of several references to one object the session gives back that of the
 * topmost frame, whichever variable it was for: they change places.
 */
static void settle(struct variables *variables, uint64_t id, unsigned int frame)
{
	struct variable *top = NULL;

	for (size_t i = 0; i < variables->count; i++) {
		struct variable *other = &variables->items[i];

		if (other->id == id && other->frame > (top ? top->frame : frame))
			top = other;
	}
	if (top)
		top->frame = frame;
}

uint64_t variables_set(struct variables *variables, const char *name, uint64_t id)
{
	struct variable *variable = variables_find(variables, name);
	unsigned int frame = 0;
	uint64_t before = 0;

	if (variable) {
		before = variable->id;
		frame = variable->frame;
	} else {
		variables->items = xrealloc(variables->items, variables->count + 1,
					    sizeof(*variables->items));
		variable = &variables->items[variables->count++];
		variable->name = xstrdup(name);
	}
	variable->id = id;
	variable->frame = variables->frame;
	if (before)
		settle(variables, before, frame);
	return before;
}

uint64_t variables_remove(struct variables *variables, struct variable *variable)
{
	struct variable *last = &variables->items[--variables->count];
	unsigned int frame = variable->frame;
	uint64_t id = variable->id;

	free(variable->name);
	memmove(variable, variable + 1, (size_t)(last - variable) * sizeof(*variable));
	settle(variables, id, frame);
	return id;
}

void variables_pop_frame(struct variables *variables)
{
	size_t kept = 0;

	for (size_t i = 0; i < variables->count; i++) {
		if (variables->items[i].frame == variables->frame)
			free(variables->items[i].name);
		else
			variables->items[kept++] = variables->items[i];
	}
	variables->count = kept;
	variables->frame--;
}

struct variable *variables_in_frame(const struct variables *variables, uint64_t id)
{
	for (size_t i = 0; i < variables->count; i++) {
		if (variables->items[i].id == id &&
		    variables->items[i].frame == variables->frame)
			return &variables->items[i];
	}
	return NULL;
}

void variables_free(struct variables *variables)
{
	for (size_t i = 0; i < variables->count; i++)
		free(variables->items[i].name);
	free(variables->items);
	*variables = (struct variables){ 0 };
}

int variables_lookup(void *data, const char *name, uint64_t *id)
{
	const struct variable *variable = variables_find(data, name);

	if (!variable)
		return -ENOKEY;
	*id = variable->id;
	return 0;
}
