// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>

#include "interrupt.h"

static const int ends[] = { SIGTERM, SIGHUP };
static volatile sig_atomic_t came, ended;

static void remember(int number)
{
	came = 1;
	if (number != SIGINT)
		ended = number;
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

/* Those that are ignored, as by nohup, stay so. */
static void handle_ends(void (*handler)(int number))
{
	struct sigaction action = { .sa_handler = handler }, before;
	size_t i;

	sigemptyset(&action.sa_mask);
	for (i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		if (!sigaction(ends[i], NULL, &before) && before.sa_handler != SIG_IGN)
			sigaction(ends[i], &action, NULL);
}

void interrupt_catch_ends(void)
{
	handle_ends(remember);
}

void interrupt_release_ends(void)
{
	handle_ends(SIG_DFL);
	if (ended)
		raise(ended);
}

void interrupt_reset(void)
{
	came = 0;
}

bool interrupted(void)
{
	return came;
}

int interrupt_wait(int fd, int timeout_ms)
{
	const struct timespec timeout = {
		.tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1000000L,
	};
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	sigset_t interrupt, before;
	int got, error;

	/* Between the look at @came and the wait nothing may come. */
	sigemptyset(&interrupt);
	sigaddset(&interrupt, SIGINT);
	sigprocmask(SIG_BLOCK, &interrupt, &before);
	if (came) {
		got = -1;
		errno = EINTR;
	} else {
		got = ppoll(&ready, 1, timeout_ms < 0 ? NULL : &timeout, &before);
	}
	error = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	return got < 0 ? -error : got;
}
