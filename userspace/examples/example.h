/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the examples do with errors: say what is wrong and end. */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <refheap.h>

/* Pass a result on, unless it is an error. */
#define try(call) example_check((call), #call)

static inline int64_t example_check(int64_t result, const char *call)
{
	if (result >= 0)
		return result;
	fprintf(stderr, "%s: %s\n", call, refheap_strerror((int)result));
	exit(EXIT_FAILURE);
}

#endif
