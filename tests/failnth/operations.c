// SPDX-License-Identifier: GPL-2.0
/* Every operation of a batch, alone in its batch. */
#include <stddef.h>
#include <string.h>

#include "operations.h"

#define LONG	300000

/*
 * Where a thing is named it takes the place of the number in the operation.
 */
struct operation {
	const char *name;
	struct refheap_op op;
	enum thing a, b, c;
	const char *text;	/* its input */
	enum thing ids[4];	/* or this */
	bool of_type;		/* arg is the type with slots */
};

#define OP(code_, ...)	.op = { .code = REFHEAP_OP_##code_, ##__VA_ARGS__ }
#define BY_STR		.flags = REFHEAP_OPF_KEY_STR

static const struct operation operations[] = {
	{ "nop", OP(NOP) },
	{ "none", OP(NONE) },
	{ "bool", OP(BOOL, .a = 1) },
	{ "int", OP(INT, .a = 123456789) },
	{ "small int", OP(INT, .a = 1) },
	{ "float", OP(FLOAT, .a = 0x3ff8000000000000) },
	{ "str", OP(STR), .text = "a new text" },
	{ "interned str", OP(STR, .arg = 1), .text = "interned" },
	{ "bytes", OP(BYTES), .text = "some bytes" },
	{ "bytearray", OP(BYTEARRAY), .text = "some bytes" },
	{ "long bytearray", OP(BYTEARRAY, .a = LONG) },
	{ "empty tuple", OP(TUPLE) },
	{ "tuple", OP(TUPLE), .ids = { LIST, DICT } },
	{ "list", OP(LIST), .ids = { LIST, DICT, ITEM } },
	{ "dict", OP(DICT), .ids = { KEY, LIST, STR, DICT } },
	{ "set", OP(SET), .ids = { KEY, STR } },
	{ "instance", OP(INSTANCE), .of_type = true },
	{ "take", OP(TAKE), .a = CYCLE },
	{ "drop", OP(DROP), .a = LOOSE },
	{ "drop the last", OP(DROP), .a = TUPLE },
	{ "len", OP(LEN), .a = LIST },
	{ "get index", OP(GET_INDEX, .b = 0), .a = TUPLE },
	{ "set index", OP(SET_INDEX, .b = 0), .a = LIST, .c = DICT },
	{ "delete index", OP(DEL_INDEX, .b = 0), .a = LIST },
	{ "append", OP(APPEND), .a = LIST, .c = DICT },
	{ "insert", OP(INSERT, .b = 0), .a = LIST, .c = DICT },
	{ "pop", OP(POP, .b = -1), .a = LIST },
	{ "get key", OP(GET_KEY), .a = DICT, .b = KEY },
	{ "get key by text", OP(GET_KEY, BY_STR), .a = DICT, .text = "entry0" },
	{ "set key", OP(SET_KEY), .a = DICT, .b = KEY, .c = LIST },
	{ "set another key", OP(SET_KEY), .a = DICT, .b = STR, .c = LIST },
	{ "set key by text", OP(SET_KEY, BY_STR), .a = DICT, .c = LIST, .text = "one more" },
	{ "set name", OP(SET_KEY, BY_STR), .a = ROOT, .c = LIST, .text = "a name" },
	{ "delete key", OP(DEL_KEY), .a = DICT, .b = KEY },
	{ "delete name", OP(DEL_KEY, BY_STR), .a = ROOT, .text = "cycle" },
	{ "pop key", OP(POP_KEY), .a = DICT, .b = KEY },
	{ "contains", OP(CONTAINS), .a = SET, .b = KEY },
	{ "add", OP(ADD), .a = SET, .b = INT },
	{ "add text", OP(ADD, BY_STR), .a = SET, .text = "one more" },
	{ "discard", OP(DISCARD), .a = SET, .b = KEY },
	{ "get attribute", OP(GET_ATTR), .a = SLOTTED, .text = "left" },
	{ "set attribute", OP(SET_ATTR), .a = SLOTTED, .c = LIST, .text = "right" },
	{ "set open attribute", OP(SET_ATTR), .a = OPEN, .c = LIST, .text = "one more" },
	{ "delete attribute", OP(DEL_ATTR), .a = OPEN, .text = "left" },
	{ "clear list", OP(CLEAR), .a = LIST },
	{ "clear dict", OP(CLEAR), .a = DICT },
	{ "clear set", OP(CLEAR), .a = SET },
	{ "next in list", OP(NEXT, .arg = 8), .a = LIST },
	{ "next in dict", OP(NEXT, .arg = 8), .a = DICT },
	{ "next in set", OP(NEXT, .arg = 8), .a = SET },
	{ "next in instance", OP(NEXT, .arg = 8), .a = OPEN },
	{ "read", OP(READ, .c = 5000), .a = BYTEARRAY },
	{ "write", OP(WRITE, .b = 4090), .a = BYTEARRAY, .text = "over a page" },
	{ "grow", OP(RESIZE, .b = LONG), .a = BYTEARRAY },
	{ "shrink", OP(RESIZE, .b = 10), .a = BYTEARRAY },
	{ "view", OP(VIEW), .a = BYTEARRAY },
	{ "view of text", OP(VIEW), .a = STR },
	{ "info", OP(INFO), .a = DICT },
	{ "find type", OP(TYPE_FIND), .text = "slotted" },
	{ "collect 0", OP(COLLECT, .arg = 0) },
	{ "collect 1", OP(COLLECT, .arg = 1) },
	{ "collect 2", OP(COLLECT, .arg = 2) },
	{ "freeze", OP(FREEZE) },
	{ "unfreeze", OP(UNFREEZE) },
	{ "clear garbage", OP(GARBAGE_CLEAR) },
	{ "verify", OP(VERIFY) },
};

const size_t operation_count = sizeof(operations) / sizeof(operations[0]);

const char *operation_name(size_t n)
{
	return operations[n].name;
}

void operation_prepare(const struct world *w, size_t n, struct prepared *p)
{
	const struct operation *o = &operations[n];
	struct refheap_op *op = &p->op;
	size_t i;

	*op = o->op;
	p->in = o->text;
	p->a = o->a;
	p->b = o->b;
	p->c = o->c;
	if (o->a)
		op->a = w->thing[o->a];
	if (o->b)
		op->b = w->thing[o->b];
	if (o->c)
		op->c = w->thing[o->c];
	if (o->of_type)
		op->arg = w->type;
	if (o->text)
		op->data_len = strlen(o->text);
	for (i = 0; !o->text && i < sizeof(o->ids) / sizeof(o->ids[0]) && o->ids[i]; i++) {
		p->ids[i] = w->thing[o->ids[i]];
		p->in = p->ids;
		op->data_len += sizeof(p->ids[i]);
	}
}
