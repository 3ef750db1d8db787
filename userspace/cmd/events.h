/* SPDX-License-Identifier: GPL-2.0 */
/* Callbacks of weak references, and finalizers, of this run's own session. */
#ifndef REFHEAP_CMD_EVENTS_H
#define REFHEAP_CMD_EVENTS_H

#include <refheap.h>

#include "clock.h"
#include "context.h"

/* From now on the library calls back for events, unless they are paused. */
void events_begin(struct context *context);

/* Print and run what is there, unless they are paused. Nothing is waited for. */
void events_run(struct context *context);

/* Leave events where they are until events_follow(), or no longer. */
void events_pause(struct context *context, bool pause);

/**
 * events_follow() - print and run events as they come
 * @deadline: when to end
 * @count: end after so many; 0: when the deadline is over
 * @seen: out: how many there were; may be NULL
 *
 * Ctrl-C ends it, too, and is no error.
 *
 * Return: a status.
 */
int events_follow(struct context *context, const struct deadline *deadline, uint64_t count,
		  uint64_t *seen);

/**
 * events_watch() - remember what a callback is about
 * @path: how the referent was called
 *
 * Return: the cookie for the weak reference.
 */
uint64_t events_watch(struct context *context, const char *path);

/* The session itself keeps the weak reference of that cookie until it is told. */
void events_keep(struct context *context, uint64_t cookie);

/* A frame has been popped, and with it all that was kept in it. */
void events_pop_frame(struct context *context, unsigned int frame);

/* Set the line that is executed for each finalizer; NULL or empty: none. */
void events_set_finalizer(struct context *context, const char *line);

void events_free(struct context *context);

#endif
