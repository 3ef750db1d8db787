/* SPDX-License-Identifier: GPL-2.0 */
/* Variables of the shell: names for references that the session holds. */
#ifndef REFHEAP_CMD_VARIABLES_H
#define REFHEAP_CMD_VARIABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* @frame: of the session, that its reference belongs to. */
struct variable {
	char *name;
	uint64_t id;
	unsigned int frame;
};

/* @frame: how many frames the session has. */
struct variables {
	struct variable *items;
	size_t count;
	unsigned int frame;
};

/* Whether a word can be the name of a variable. */
bool variables_valid_name(const char *word);

/* The variable of that name, or NULL. */
struct variable *variables_find(const struct variables *variables, const char *name);

/**
 * variables_set() - make a variable or give it another object
 * @id: object; the variable takes over the caller's reference to it
 *
 * Return: the object that it had, whose reference the caller has to give
 * back, or 0.
 */
uint64_t variables_set(struct variables *variables, const char *name, uint64_t id);

/* Forget a variable; returns its object, whose reference the caller gets. */
uint64_t variables_remove(struct variables *variables, struct variable *variable);

/* The topmost frame is gone, and with it the references of its variables. */
void variables_pop_frame(struct variables *variables);

/* A variable of the topmost frame that has that object, or NULL. */
struct variable *variables_in_frame(const struct variables *variables, uint64_t id);

/* Forget all, leaving their references to the session. */
void variables_free(struct variables *variables);

/* For paths: struct refheap_scope's lookup, with the variables as its data. */
int variables_lookup(void *data, const char *name, uint64_t *id);

#endif
