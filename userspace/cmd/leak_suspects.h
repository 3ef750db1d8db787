/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What keeps the objects that have come since a mark alive: the nearest object
 * on the way to each that was there before, and what it looks like.
 */
#ifndef REFHEAP_CMD_LEAK_SUSPECTS_H
#define REFHEAP_CMD_LEAK_SUSPECTS_H

#include "graph.h"
#include "leak_samples.h"
#include "retained.h"

/* An object that was there at the mark, as struct refheap_scan tells it. */
struct leak_mark_entry {
	refheap_id id;
	uint64_t sizeof_;
	uint64_t length;
	uint32_t type;
	uint16_t kind;
	uint16_t flags;
};

/* All objects that were there, in the order of their slots. */
struct leak_mark {
	struct leak_mark_entry *list;
	size_t count;
	size_t room;
};

/* Remember what is there now. Returns a status. */
int leak_mark_set(struct context *context, struct leak_mark *mark);
void leak_mark_free(struct leak_mark *mark);

enum leak_pattern {
	LEAK_COLLECTION,	/* a collection that only grows */
	LEAK_CALLBACKS,		/* callbacks that are never taken back */
	LEAK_CACHE,		/* a dict of a class, or another cache without a bound */
	LEAK_CYCLES,		/* cycles that nobody collects */
	LEAK_NAMES,		/* names of the heap */
	LEAK_CHAIN,		/* what a name leads to grows */
	LEAK_OBJECT,		/* one object gets larger */
	LEAK_SESSION,		/* references that a session keeps */
};

/**
 * struct leak_suspect - something that keeps objects that have come
 * @pattern: what it looks like
 * @holder: number of the object in the graph; 0 for LEAK_CYCLES and LEAK_SESSION
 * @path: a way to it, or NULL
 * @objects: that have come and hang on it
 * @bytes: of them, and that it has itself become larger by
 * @length: entries of the holder now
 * @before: at the mark
 * @member: type of most of those that it refers to, or NULL
 * @bulk: type of those that have most of the bytes, or NULL
 * @example: number of an object of the latter
 * @site: where that was born, or NULL
 */
struct leak_suspect {
	enum leak_pattern pattern;
	uint32_t holder;
	char *path;
	uint64_t objects;
	uint64_t bytes;
	uint64_t length;
	uint64_t before;
	char *member;
	char *bulk;
	uint32_t example;
	char *site;
};

/**
 * struct leak_suspects - what was found
 * @graph: the heap
 * @retained: who retains what in it
 * @ways: a shortest way to every object
 * @list: suspects, the most bytes first
 * @count: their number
 */
struct leak_suspects {
	struct graph graph;
	struct retained retained;
	uint32_t *ways;
	struct leak_suspect *list;
	size_t count;
};

/**
 * leak_suspects_find() - look at the whole heap
 * @mark: what was there at the first of the samples
 * @samples: of which the first @growing types have grown
 * @suspects: out: to be freed with leak_suspects_free(), also after an error
 *
 * What is interned is left out: there is one of each for ever, and no more.
 *
 * Return: a status.
 */
int leak_suspects_find(struct context *context, const struct leak_mark *mark,
		       const struct leak_samples *samples, size_t growing,
		       struct leak_suspects *suspects);
void leak_suspects_free(struct leak_suspects *suspects);

/* The word for JSON. */
const char *leak_pattern_word(enum leak_pattern pattern);

#endif
