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
	bool partial;		/* with little memory it may do less */
	/* Which type is arg. */
	enum { NO_TYPE, WITH_SLOTS, WITH_FINALIZER } type;
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
	{ "instance", OP(INSTANCE), .type = WITH_SLOTS },
	{ "instance with values", OP(INSTANCE), .ids = { LIST, ITEM }, .type = WITH_SLOTS },
	{ "instances", OP(INSTANCES, .a = 2), .ids = { LIST, ITEM, DICT, LIST },
	  .type = WITH_SLOTS },
	{ "take", OP(TAKE), .a = CYCLE },
	{ "drop", OP(DROP), .a = LOOSE },
	{ "drop the last", OP(DROP), .a = TUPLE },
	{ "len", OP(LEN), .a = LIST },
	{ "get index", OP(GET_INDEX, .b = 0), .a = TUPLE },
	{ "set index", OP(SET_INDEX, .b = 0), .a = LIST, .c = DICT },
	{ "delete index", OP(DEL_INDEX, .b = 0), .a = LIST },
	{ "append", OP(APPEND), .a = LIST, .c = DICT },
	{ "extend", OP(EXTEND), .a = LIST, .ids = { DICT, LIST, ITEM } },
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
	{ "next in list", OP(NEXT, .arg = 8), .a = LIST, .partial = true },
	{ "next in dict", OP(NEXT, .arg = 8), .a = DICT, .partial = true },
	{ "next in set", OP(NEXT, .arg = 8), .a = SET, .partial = true },
	{ "next in instance", OP(NEXT, .arg = 8), .a = OPEN, .partial = true },
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
	{ "weak reference", OP(WEAKREF), .a = OPEN },
	{ "weak reference again", OP(WEAKREF), .a = LIST },
	{ "weak reference with callback", OP(WEAKREF, .arg = REFHEAP_WEAKREF_CALLBACK, .b = 7),
	  .a = LIST },
	{ "weak reference until the end",
	  OP(WEAKREF, .arg = REFHEAP_WEAKREF_CALLBACK | REFHEAP_WEAKREF_ATEXIT, .b = 8),
	  .a = SLOTTED },
	{ "dereference", OP(DEREF), .a = REFERENCE },
	{ "weak references", OP(WEAKREFS, .arg = 8), .a = LIST },
	{ "disarm", OP(DISARM), .a = ARMED },
	{ "drop what is watched", OP(DROP), .a = WATCHED },
	{ "weak-valued dict", OP(WEAK_VALUE_DICT) },
	{ "weak-keyed dict", OP(WEAK_KEY_DICT) },
	{ "weak set", OP(WEAK_SET) },
	{ "set weak value", OP(SET_KEY), .a = WEAK_DICT, .b = STR, .c = LIST },
	{ "set another weak value", OP(SET_KEY), .a = WEAK_DICT, .b = KEY, .c = LIST },
	{ "get weak value", OP(GET_KEY), .a = WEAK_DICT, .b = KEY },
	{ "delete weak value", OP(DEL_KEY), .a = WEAK_DICT, .b = KEY },
	{ "pop weak value", OP(POP_KEY), .a = WEAK_DICT, .b = KEY },
	{ "set weak key", OP(SET_KEY), .a = KEY_DICT, .b = OPEN, .c = LIST },
	{ "set weak key again", OP(SET_KEY), .a = KEY_DICT, .b = SLOTTED, .c = LIST },
	{ "get by weak key", OP(GET_KEY), .a = KEY_DICT, .b = SLOTTED },
	{ "pop by weak key", OP(POP_KEY), .a = KEY_DICT, .b = SLOTTED },
	{ "add weak member", OP(ADD), .a = WEAK_SET, .b = OPEN },
	{ "discard weak member", OP(DISCARD), .a = WEAK_SET, .b = SLOTTED },
	{ "next in weak-valued dict", OP(NEXT, .arg = 8), .a = WEAK_DICT, .partial = true },
	{ "next in weak-keyed dict", OP(NEXT, .arg = 8), .a = KEY_DICT, .partial = true },
	{ "next in weak set", OP(NEXT, .arg = 8), .a = WEAK_SET, .partial = true },
	{ "clear weak-valued dict", OP(CLEAR), .a = WEAK_DICT },
	{ "clear weak-keyed dict", OP(CLEAR), .a = KEY_DICT },
	{ "clear weak set", OP(CLEAR), .a = WEAK_SET },
	{ "instance with finalizer", OP(INSTANCE), .type = WITH_FINALIZER },
	{ "drop with finalizer", OP(DROP), .a = FINAL },
	{ "finalizer has ended", OP(FINALIZED), .a = ENDING },
	{ "drop while finalizing", OP(DROP), .a = ENDING },
	{ "adopt", OP(ADOPT, .a = 1) },
	{ "adopt no more", OP(ADOPT) },
	{ "finish a collection", OP(COLLECT_FINISH) },
	{ "push a frame", OP(FRAME_PUSH) },
	{ "pop a frame", OP(FRAME_POP) },
	{ "hand out", OP(HAND_OUT), .a = FRAMED },
	{ "hand out of all frames", OP(HAND_OUT, .arg = 1), .a = FRAMED },
	{ "drop in a frame", OP(DROP), .a = FRAMED },
	{ "move to the end", OP(MOVE_TO_END), .a = DICT, .b = KEY },
	{ "pop the oldest", OP(POP_OLDEST, .b = 1), .a = DICT },
	{ "set default", OP(SET_DEFAULT), .a = DICT, .b = STR, .c = LIST },
	{ "set default of what is there", OP(SET_DEFAULT), .a = DICT, .b = KEY, .c = LIST },
	{ "site", OP(SITE), .text = "file.c:12" },
	{ "history", OP(HISTORY, .b = REFHEAP_HISTORY_MAX), .a = LIST },
	{ "no history", OP(HISTORY), .a = RECORDED },
	{ "longer history", OP(HISTORY, .b = 100), .a = RECORDED },
	{ "history of a type", OP(TYPE_HISTORY, .b = 8), .type = WITH_SLOTS },
	{ "read history", OP(HISTORY_READ), .a = RECORDED },
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
	p->partial = o->partial;
	p->a = o->a;
	p->b = o->b;
	p->c = o->c;
	if (o->a)
		op->a = w->thing[o->a];
	if (o->b)
		op->b = w->thing[o->b];
	if (o->c)
		op->c = w->thing[o->c];
	if (o->type)
		op->arg = o->type == WITH_SLOTS ? w->type : w->final_type;
	if (o->text)
		op->data_len = strlen(o->text);
	for (i = 0; !o->text && i < sizeof(o->ids) / sizeof(o->ids[0]) && o->ids[i]; i++) {
		p->ids[i] = w->thing[o->ids[i]];
		p->in = p->ids;
		op->data_len += sizeof(p->ids[i]);
	}
}
