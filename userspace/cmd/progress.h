/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How far a long walk has got, on the terminal.
 *
 * A line on standard error, drawn again and again once a walk has taken a
 * second, and gone when it ends. A thread draws it, since walks wait in the
 * kernel. Nothing is drawn when standard error is no terminal, or another
 * program has the terminal for itself.
 */
#ifndef REFHEAP_CMD_PROGRESS_H
#define REFHEAP_CMD_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct progress - a walk, on the stack of who does it
 * @what: what it does, such as "reading objects"
 * @total: how many it will be, about; 0 when that is not known
 * @tick: called five times a second, or NULL; the lock is held
 * @data: for @tick
 * @silent: not to be drawn
 * @done: how many it has been, by progress_add()
 * @began_ns: by clock_now()
 * @outer: the walk that this one is part of
 *
 * What is not set is zero before progress_begin().
 */
struct progress {
	const char *what;
	uint64_t total;
	void (*tick)(void *data);
	void *data;
	bool silent;
	_Atomic uint64_t done;
	uint64_t began_ns;
	struct progress *outer;
};

/* A walk begins; inside of another one it is shown in its place. */
void progress_begin(struct progress *progress);

/* So many more are done. */
static inline void progress_add(struct progress *progress, uint64_t count)
{
	progress->done += count;
}

/* A walk ends, the innermost one first, and with it its line. */
void progress_end(struct progress *progress);

/* Keep the line from being drawn, and @tick from being called. */
void progress_lock(void);
void progress_unlock(void);

/* Take the line away before something else is printed; the lock is held. */
void progress_erase(void);

#endif
