/* SPDX-License-Identifier: GPL-2.0 */
/* From literals to objects: one batch, one system call, no temporaries left. */
#ifndef REFHEAP_CMD_VALUE_H
#define REFHEAP_CMD_VALUE_H

#include <refheap.h>

#include "context.h"
#include "literal.h"

/**
 * struct value_batch - a batch that makes objects from literals
 * @context: for reports
 * @session: where they are made
 * @builder: operations of the caller's may follow those of the literals
 * @makers: the literal that each operation is for
 * @makers_count: number of operations for literals
 * @held: objects that paths in literals named, held until value_end()
 * @held_count: their number
 */
struct value_batch {
	struct context *context;
	struct refheap *session;
	struct refheap_batch_builder *builder;
	const struct literal **makers;
	size_t makers_count;
	refheap_id *held;
	size_t held_count;
};

/* Open the session and begin a batch. Returns a status. */
int value_begin(struct context *context, struct value_batch *batch);

/**
 * value_add() - add what makes an object
 * @id: the object, for later operations of the batch; gone after the batch
 * unless one of them kept it
 *
 * Return: a status.
 */
int value_add(struct value_batch *batch, const struct literal *literal, refheap_id *id);

/**
 * value_submit() - execute the batch
 * @what: the path that the caller's own operations are about, or NULL
 *
 * Return: a status. After a failure the heap is as before, provided that only
 * the last operation changed something.
 */
int value_submit(struct value_batch *batch, const char *what);

/* The results are gone and paths' objects are given back. */
void value_end(struct value_batch *batch);

/* Add what stores an object where a path ends. */
void value_store(struct value_batch *batch, const struct refheap_place *place, refheap_id id);

/* Make one object; gives a reference. Returns a status. */
int value_make(struct context *context, const char *text, refheap_id *id);

#endif
