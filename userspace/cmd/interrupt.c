// SPDX-License-Identifier: GPL-2.0
#include <signal.h>
#include <stddef.h>

#include "interrupt.h"

static volatile sig_atomic_t came;

static void remember(int number)
{
	(void)number;
	came = 1;
}

bool interrupt_catch(void)
{
	/* Without SA_RESTART: waiting for a key is to end, too. */
	struct sigaction action = { .sa_handler = remember }, before;

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, &before);
	return before.sa_handler == remember;
}

void interrupt_release(void)
{
	signal(SIGINT, SIG_DFL);
	came = 0;
}

void interrupt_reset(void)
{
	came = 0;
}

bool interrupted(void)
{
	return came;
}
