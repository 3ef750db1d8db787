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

void interrupt_catch(void)
{
	/* Without SA_RESTART: waiting for a key is to end, too. */
	struct sigaction action = { .sa_handler = remember };

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
}

void interrupt_reset(void)
{
	came = 0;
}

bool interrupted(void)
{
	return came;
}
