/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What addresses in files of programs mean: their lines and functions. */
#ifndef LIBREFHEAP_SYMBOLS_H
#define LIBREFHEAP_SYMBOLS_H

#include <refheap.h>

/* Texts that are kept once each, and all together until they are freed. */
struct rh_strings {
	void *root;
};

/* Return: a copy that belongs to @strings, or NULL. */
const char *rh_strings_keep(struct rh_strings *strings, const char *text,
			    size_t length);
void rh_strings_free(struct rh_strings *strings);

/* Frames one after the other. */
struct rh_frames {
	struct refheap_trace_frame *frame;
	size_t count;
	size_t room;
};

int rh_frames_add(struct rh_frames *frames,
		  const struct refheap_trace_frame *frame);

/*
 * Files that have been looked into, to be looked into again, and what was found,
 * in texts of the same strings.
 */
struct rh_symbols {
	struct rh_symbol_file *files;
};

void rh_symbols_free(struct rh_symbols *symbols);

/* Where something is, in words. */
struct rh_address {
	const char *path;	/* of the file */
	const char *build_id;	/* that it must have, "-" for any */
	uint64_t address;	/* as the file has it */
};

/*
 * Adds the frame of an address, and before it one for each function that the
 * compiler has put there instead of a call. A file that is not there any more,
 * is another one by now, or has no lines gives path and address.
 * Return: 0 or -ENOMEM.
 */
int rh_symbols_add(struct rh_symbols *symbols, struct rh_strings *strings,
		   const struct rh_address *address, struct rh_frames *frames);

/* Opens a regular file to be read, whatever else may be there; or -1. */
int rh_open_regular(const char *path);

#endif
