/* SPDX-License-Identifier: GPL-2.0 */
/* The shell on a terminal: editing, history, completion. */
#ifndef REFHEAP_CMD_EDITOR_H
#define REFHEAP_CMD_EDITOR_H

#include "context.h"

/* Read and execute lines until the user leaves. Returns a status. */
int editor_run(struct context *context);

#endif
