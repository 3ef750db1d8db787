/* SPDX-License-Identifier: GPL-2.0 */
/* What the operations work on, and what can be observed of it. */
#ifndef TESTS_FAILNTH_WORLD_H
#define TESTS_FAILNTH_WORLD_H

#include <stdbool.h>
#include <refheap.h>

#define WORLD_HEAP	"failnth"
#define WORLD_SECOND	"failnth.second"
#define WORLD_MADE	"failnth.made"	/* perhaps, by what is tried */

/* Objects that every world has. */
enum thing {
	NO_THING, ROOT, INT, STR, KEY, BYTES, BYTEARRAY, ITEM, TUPLE, LIST, DICT, SET, SLOTTED,
	OPEN, CYCLE, LOOSE,
	REFERENCE, /* weak, to LIST */
	ARMED,	/* likewise, with a callback */
	WATCHED, /* with a callback somewhere, and one reference */
	WEAK_DICT, KEY_DICT, WEAK_SET,
	FINAL,	/* with a finalizer, and one reference */
	ENDING,	/* whose finalizer the session runs */
	FRAMED,	/* with one reference of the topmost frame */
	RECORDED, /* with a history */
	UNKNOWN, /* no object was ever known by it */
	DEAD,
	THINGS
};

/*
 * A heap with some objects, a session on it that the tests use, and a second
 * heap. The session has a frame, and a WEAKREF and a FINALIZE event to read. Made
 * without faults for each try.
 */
struct world {
	struct refheap *session;
	int fd;			/* of the session */
	struct refheap *other;	/* session on the second heap */
	struct refheap_cache *cache; /* "cache", LRU with room for two, and one entry */
	struct refheap_ctl *ctl; /* used under faults */
	uint32_t heap, second;
	uint32_t type;		/* with slots */
	uint32_t dict_type;
	uint32_t final_type;	/* with a finalizer */
	refheap_id thing[THINGS];
	unsigned int nth;	/* which fault a try is to meet; 0 for none */
	bool injected;		/* whether it has */
	int exported;		/* a descriptor with a reference to LIST */
	/* Filled in by what is tried, taken apart afterwards. */
	int extra_fd;
	struct refheap_ctl *extra_ctl;
	struct refheap_monitor *monitor;
	void *map;
	size_t map_length;
};

/* @fill: entries in each container. */
void world_make(struct world *w, unsigned int fill);
void world_destroy(struct world *w);

/* One operation. Return: 0 or a negative errno; *@whole: the call failed. */
int world_op(struct world *w, const struct refheap_op *op, const void *in, void *out,
	     uint32_t out_len, struct refheap_result *result, int *whole);

/* What can be observed, as text. To be freed. */
char *world_snapshot(struct world *w);

/* Broken invariants of the heap, as REFHEAP_OP_VERIFY finds them. */
uint64_t world_verify(struct world *w, char *text, size_t size);

/* How many heaps there are. */
unsigned int world_heaps(void);

#endif
