/* SPDX-License-Identifier: GPL-2.0 */
/* Files that take the place of others when they are complete. */
#ifndef REFHEAP_CMD_REPLACE_H
#define REFHEAP_CMD_REPLACE_H

#include <stdbool.h>

struct replacement {
	int fd;			/* to write to */
	char *path;
	char *fresh;		/* what will be renamed; NULL: @path is written to as it is */
};

/*
 * Begin to write a file that is its owner's alone. Nothing takes the place of a
 * device or a pipe: that is written to. Returns 0, or an errno with nothing to end.
 */
int replace_begin(struct replacement *replacement, const char *path);

/*
 * End it, with what is written kept or not; closes the descriptor. Returns 0 or an
 * errno; what was there before is left as it was then.
 */
int replace_end(struct replacement *replacement, bool keep);

#endif
