/* SPDX-License-Identifier: GPL-2.0 */
/* Ctrl-C in the shell ends what is being done, not the shell. */
#ifndef REFHEAP_CMD_INTERRUPT_H
#define REFHEAP_CMD_INTERRUPT_H

#include <stdbool.h>

/*
 * From now on SIGINT is remembered instead of ending the process. Returns
 * whether it was so before.
 */
bool interrupt_catch(void);

/* SIGINT ends the process again; what came so far is forgotten. */
void interrupt_release(void);

/*
 * From now on SIGTERM and SIGHUP count as SIGINT does, so that there is time to
 * tidy up, and end the process when they are released.
 */
void interrupt_catch_ends(void);
void interrupt_release_ends(void);

/* Forget what came so far. */
void interrupt_reset(void);

/* Whether SIGINT, or what counts as it, came; long loops ask. */
bool interrupted(void);

/*
 * Wait until @fd can be read, for @timeout_ms at most (-1: without limit). A
 * SIGINT that came before, however shortly, ends it as well as one that comes
 * meanwhile. Returns 1, 0 after the timeout, or -EINTR.
 */
int interrupt_wait(int fd, int timeout_ms);

#endif
