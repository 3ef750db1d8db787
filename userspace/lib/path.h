/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Paths as text, taken apart. Knows nothing of objects. */
#ifndef LIBREFHEAP_PATH_H
#define LIBREFHEAP_PATH_H

#include <refheap.h>

enum rh_step_kind {
	RH_STEP_NAME,	/* at the beginning: @text */
	RH_STEP_ID,	/* at the beginning: @id */
	RH_STEP_ATTR,	/* .@text */
	RH_STEP_INDEX,	/* [@index] */
	RH_STEP_TEXT,	/* ["@text"] */
	RH_STEP_KEY,	/* [@id] */
};

struct rh_step {
	enum rh_step_kind kind;
	int64_t index;
	refheap_id id;
	char *text;
};

struct rh_path {
	struct rh_step *steps;
	size_t count;
	char *texts;	/* of all steps, one after the other */
};

/*
 * Returns 0, -ENOMEM, or -EINVAL and the offset of what is wrong. A path that
 * was parsed is to be freed.
 */
int rh_path_parse(const char *text, struct rh_path *path, size_t *where);
void rh_path_free(struct rh_path *path);

#endif
