/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where births come from, when whoever traces the heap wants more than a line.
 *
 * A traceback is the text of a site: a line for each frame, the most recent
 * first. A frame is a place, such as "file.c:12", or "+" and a hexadecimal
 * address within a module, as its file has it. Before the first frame of a
 * module is a line with "@", its build id ("-": none), a blank, and its path;
 * later "@" and the number of that line among those, from 0 on. So a text means
 * the same to whoever reads it, and equal stacks of any processes are one site.
 */
#ifndef LIBREFHEAP_TRACEBACK_H
#define LIBREFHEAP_TRACEBACK_H

#include <refheap.h>

#include "session.h"

#define RH_SITE_BYTES_MAX 4096	/* of a text */

/* Of a session: what stacks that were seen last became. */
struct rh_tracebacks;

struct rh_tracebacks *rh_tracebacks_new(void);
void rh_tracebacks_free(struct rh_tracebacks *tracebacks); /* NULL: nothing */

/* The site for a batch that names none. */
uint32_t rh_site_of(const struct refheap *session,
		    const struct refheap_batch *batch);

/**
 * struct rh_stack - a stack of this process
 * @where: place that the program has named itself, or NULL
 * @here: return address of the call that named it
 * @address: return addresses, the most recent first
 * @count: their number
 */
struct rh_stack {
	const char *where;
	const void *here;
	void *const *address;
	size_t count;
};

/*
 * The text of a stack. Frames of the library on top are left out, and the first
 * one when @where is in the same function and takes its place. At most @frames.
 * Return: to be freed, or NULL when there is no memory, or no frame.
 */
char *rh_traceback_text(const struct rh_stack *stack, size_t frames);

/* Counts modules that have been unloaded: addresses may mean others since. */
unsigned long long rh_modules_unloaded(void);

#endif
