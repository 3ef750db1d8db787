/* SPDX-License-Identifier: GPL-2.0 */
/* VALUEs: from text to a tree; nothing here talks to the kernel. */
#ifndef REFHEAP_CMD_LITERAL_H
#define REFHEAP_CMD_LITERAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "context.h"

enum literal_type {
	LITERAL_NONE,
	LITERAL_BOOL,
	LITERAL_INT,
	LITERAL_FLOAT,
	LITERAL_STR,
	LITERAL_BYTES,
	LITERAL_BYTEARRAY,	/* of data, or of integer zeroes */
	LITERAL_TUPLE,
	LITERAL_LIST,
	LITERAL_DICT,		/* items: key, value, key, value */
	LITERAL_SET,
	LITERAL_WEAK_VALUE_DICT, /* items: as of a dict */
	LITERAL_WEAK_KEY_DICT,
	LITERAL_WEAK_SET,
	LITERAL_WEAKREF,	/* items: what it refers to */
	LITERAL_DEREF,		/* items: the path of a weak reference */
	LITERAL_INSTANCE,	/* data: the type; items: strings and values in turn */
	LITERAL_PATH,		/* data: the path */
};

/**
 * struct literal - one node
 * @type: what it is
 * @integer: value of an int or bool, length of a bytearray without data
 * @real: value of a float
 * @data: text, bytes, name of the type or path, with a NUL after it
 * @length: of @data
 * @items: children
 * @count: their number
 */
struct literal {
	enum literal_type type;
	int64_t integer;
	double real;
	char *data;
	size_t length;
	struct literal **items;
	size_t count;
};

/**
 * literal_parse() - parse a VALUE
 * @text: all of it must be one VALUE
 *
 * Return: the tree, to be freed with literal_free(), or NULL after a report.
 */
struct literal *literal_parse(struct context *context, const char *text);
void literal_free(struct literal *literal);

struct literal *literal_new(enum literal_type type);

/* Makes @item the last child of @literal. */
void literal_add(struct literal *literal, struct literal *item);

static inline void literal_cleanup(struct literal **literal)
{
	literal_free(*literal);
}

#define cleanup_literal __attribute__((cleanup(literal_cleanup)))

#endif
