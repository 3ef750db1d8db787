/* SPDX-License-Identifier: GPL-2.0 */
/* What was probably meant by a mistyped word. */
#ifndef REFHEAP_CMD_SUGGEST_H
#define REFHEAP_CMD_SUGGEST_H

#include "command.h"

/* The nearest name in @list, or NULL when none is near. */
const char *suggest(const struct context *context, const struct command *const *list,
		    const char *word);

#endif
