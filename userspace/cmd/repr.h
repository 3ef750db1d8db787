/* SPDX-License-Identifier: GPL-2.0 */
/* Objects as Python's repr() has them, and as JSON. */
#ifndef REFHEAP_CMD_REPR_H
#define REFHEAP_CMD_REPR_H

#include <stdio.h>

#include <json-c/json.h>
#include <refheap.h>

#include "context.h"

/**
 * struct repr_limits - where to stop
 * @depth: containers in containers; a deeper one is "..."
 * @items: entries of one container; further ones are "..."
 * @containers: in all; further ones are "...". What refers to the same object on
 *	many ways has it that often, so that depth and items bound nothing
 * @bytes: of one text; "..." behind the quote says that there are more. 0 for all
 */
struct repr_limits {
	unsigned int depth;
	uint64_t items;
	uint64_t containers;
	size_t bytes;
};

#define REPR_DEPTH_MAX 100
#define REPR_LIMITS_DEFAULT { 10, 100, 10000, 0 }
/* Of a column. */
#define REPR_LIMITS_SHORT { 2, 5, 100, 60 }

/**
 * repr_print() - write an object as Python's repr() has it
 * @id: object; the caller sees to it that it stays alive
 *
 * A container inside of itself is "[...]", as in Python.
 *
 * Return: 0 or a negative errno.
 */
int repr_print(struct context *context, FILE *file, refheap_id id,
	       const struct repr_limits *limits);

/* The same, but text and bytes as they are, as Python's print() has them. */
int repr_print_plain(struct context *context, FILE *file, refheap_id id,
		     const struct repr_limits *limits);

/* As repr_print(), as text to be freed; for columns. NULL after an error. */
char *repr_text(struct context *context, refheap_id id, const struct repr_limits *limits);

/**
 * repr_json() - an object and what is in it
 * @document: out: as refheap(1) describes it
 *
 * Return: 0 or a negative errno.
 */
int repr_json(struct context *context, refheap_id id, const struct repr_limits *limits,
	      struct json_object **document);

/* Prints an object in the format that was asked for. Return: 0 or a negative errno. */
int repr_show(struct context *context, refheap_id id);

#endif
