/* SPDX-License-Identifier: GPL-2.0 */
/* Making an object and putting it somewhere, in one batch. */
#ifndef REFHEAP_CMD_STORE_H
#define REFHEAP_CMD_STORE_H

#include "command.h"
#include "literal.h"

/**
 * store_at() - make an object and put it where a path ends
 *
 * Return: a status. Prints what JSON output wants.
 */
int store_at(struct context *context, const char *path, const struct literal *literal);

/* What adds the caller's operation on @container to a batch. */
typedef int store_fn(struct refheap_batch_builder *builder, uint64_t container, int64_t index,
		     uint64_t item);

/**
 * store_into() - make an object and put it into the container at a path
 * @store: refheap_batch_append() or the like
 *
 * Return: a status. Prints what JSON output wants.
 */
int store_into(struct context *context, const char *path, const struct literal *literal,
	       store_fn *store, int64_t index);

/**
 * store_items() - make the items of a literal and append them to the list at a path
 * @literal: a list or tuple
 *
 * Return: a status. Prints what JSON output wants.
 */
int store_items(struct context *context, const char *path, const struct literal *literal);

/**
 * store_object() - put an object where a path ends; in the shell a plain name is a variable
 * @id: the caller's reference to it is used up, whether it succeeds or not
 *
 * Return: a status. Prints nothing.
 */
int store_object(struct context *context, const char *path, uint64_t id);

/* For commands without a result: JSON output says what was changed. */
void store_done(const struct context *context, const char *path, uint64_t id);

#endif
