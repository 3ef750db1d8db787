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

uint64_t variables_set(struct variables *variables, const char *name, uint64_t id)
{
	struct variable *variable = variables_find(variables, name);
	uint64_t before = 0;

	if (variable) {
		before = variable->id;
	} else {
		variables->items = xrealloc(variables->items, variables->count + 1,
					    sizeof(*variables->items));
		variable = &variables->items[variables->count++];
		variable->name = xstrdup(name);
	}
	variable->id = id;
	return before;
}

uint64_t variables_remove(struct variables *variables, struct variable *variable)
{
	struct variable *last = &variables->items[--variables->count];
	uint64_t id = variable->id;

	free(variable->name);
	memmove(variable, variable + 1, (size_t)(last - variable) * sizeof(*variable));
	return id;
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
