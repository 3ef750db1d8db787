/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Libraries that few commands need, with many others that these need: starting
 * would take every command several times as long if they were linked.
 */
#ifndef REFHEAP_CMD_LATE_H
#define REFHEAP_CMD_LATE_H

#include "context.h"

/* For a list of functions: members of a table of them, and their names. */
#define LATE_DECLARE(name) __typeof__(name) *name;
#define LATE_NAME(name) #name,

/**
 * late_load() - load a library
 * @library: name of the shared object
 * @names: of functions, in the order of the table; NULL ends them
 * @functions: out: a table of pointers to these functions
 *
 * The library stays until the end. It may be missing, or be another one than this
 * was made for: then that is said.
 *
 * Return: a status.
 */
int late_load(struct context *context, const char *library, const char *const *names,
	      void *functions);

#endif
