/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The builder of batches, and how operations get into it. */
#ifndef LIBREFHEAP_BATCH_H
#define LIBREFHEAP_BATCH_H

#include "calls.h"

struct refheap_batch_builder {
	struct refheap_op *ops;
	size_t count;
	size_t ops_room;

	char *in;		/* input of all operations, each aligned to 8 */
	size_t in_len;
	size_t in_room;

	size_t output;		/* bytes that all operations may make */
	int error;		/* first error while building */
	uint32_t site;		/* that the operations come from */

	struct refheap_result *results; /* of the last submission */
	size_t results_room;
	char *out;
	size_t out_room;
	struct refheap_batch submitted;
	bool interrupted;	/* the next submission goes on */
	bool undone;
};

/* Add an operation; marks which of its objects are results of earlier ones. */
int rh_batch_call(struct refheap_batch_builder *builder, struct rh_call call);

#endif
