/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sites as frames. */
#ifndef LIBREFHEAP_TRACEBACK_READ_H
#define LIBREFHEAP_TRACEBACK_READ_H

#include "symbols.h"

/*
 * Adds the frames of a site's text, the most recent first; at least one.
 * Return: 0 or -ENOMEM.
 */
int rh_site_read(const char *site, struct rh_symbols *symbols,
		 struct rh_strings *strings, struct rh_frames *frames);

/* Adds a place such as "file.c:12", of @length bytes, as a frame. */
int rh_place_add(const char *where, size_t length, struct rh_strings *strings,
		 struct rh_frames *frames);

#endif
