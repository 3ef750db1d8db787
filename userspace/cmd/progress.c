// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "progress.h"

#define SECOND		1000000000ULL
#define INTERVAL	(SECOND / 5)
#define LINE_MAX_BYTES	256

static const char erase[] = "\r\033[K";

/* Guards the walks, and what their ticks work on. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct progress *innermost;
static bool started;
static bool terminal;
static volatile sig_atomic_t drawn;

/* A tick that found the lock taken, or has to be done again, for who has it. */
static _Atomic bool due;

/* For the thread to sleep on: whether there is a walk. Taken inside of the lock. */
static pthread_mutex_t sleep_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t awake;
static bool walking;

static void write_all(const char *text, size_t length)
{
	ssize_t ignored = write(STDERR_FILENO, text, length);

	(void)ignored;
}

void progress_erase(void)
{
	if (!drawn)
		return;
	write_all(erase, sizeof(erase) - 1);
	drawn = 0;
	due = true;
}

/* Ctrl-C that ends the program leaves no half line behind. */
static void erase_and_die(int number)
{
	if (drawn)
		write_all(erase, sizeof(erase) - 1);
	raise(number);
}

/* Who wants to know of Ctrl-C has said so already. */
static void watch_interrupt(bool watch)
{
	struct sigaction action = { .sa_flags = SA_RESETHAND | SA_NODEFER }, before;

	if (!terminal)
		return;
	action.sa_handler = watch ? erase_and_die : SIG_DFL;
	sigemptyset(&action.sa_mask);
	if (!sigaction(SIGINT, NULL, &before) &&
	    before.sa_handler == (watch ? SIG_DFL : erase_and_die))
		sigaction(SIGINT, &action, NULL);
}

/*
 * A terminal that one can write to: ours, this program in its foreground, and
 * no pager or editor that reads single keys.
 */
static bool may_draw(void)
{
	const char *kind = getenv("TERM");
	struct termios settings;

	return terminal && kind && *kind && strcmp(kind, "dumb") && !tcgetattr(STDERR_FILENO, &settings) &&
	       (settings.c_lflag & ICANON) && tcgetpgrp(STDERR_FILENO) == getpgrp();
}

static size_t terminal_width(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || !size.ws_col)
		return 80;
	return size.ws_col;
}

static void draw(const struct progress *progress, uint64_t elapsed_ns)
{
	uint64_t done = progress->done, seconds = elapsed_ns / SECOND;
	char text[LINE_MAX_BYTES];
	size_t length, width;

	length = (size_t)snprintf(text, sizeof(text), "\r%s", progress->what);
	if (progress->total)
		length += (size_t)snprintf(text + length, sizeof(text) - length,
					   ": %" PRIu64 " of %" PRIu64 " (%u %%)", done,
					   progress->total,
					   done < progress->total ?
						   (unsigned int)(done * 100 / progress->total) :
						   100);
	else if (done)
		length += (size_t)snprintf(text + length, sizeof(text) - length, ": %" PRIu64,
					   done);
	length += (size_t)snprintf(text + length, sizeof(text) - length, ", %" PRIu64 " s",
				   seconds);
	/* The last column would begin a new line. */
	width = terminal_width();
	if (length > width)
		length = width;
	memcpy(text + length, "\033[K", 3);
	write_all(text, length + 3);
	drawn = 1;
}

static void tick(void)
{
	const struct progress *outermost = innermost;
	uint64_t elapsed;

	for (const struct progress *walk = innermost; walk; walk = walk->outer) {
		if (walk->tick)
			walk->tick(walk->data);
		outermost = walk;
	}
	elapsed = clock_now() - outermost->began_ns;
	if (elapsed >= SECOND && !innermost->silent && may_draw())
		draw(innermost, elapsed);
}

void progress_lock(void)
{
	pthread_mutex_lock(&lock);
}

void progress_unlock(void)
{
	if (due && innermost)
		tick();
	due = false;
	pthread_mutex_unlock(&lock);
}

/* A walk that takes the lock all the time would never let go of it in time. */
static void tick_or_leave_it(void)
{
	if (pthread_mutex_trylock(&lock)) {
		due = true;
		return;
	}
	if (innermost)
		tick();
	pthread_mutex_unlock(&lock);
}

static void *run(void *unused)
{
	struct timespec when;
	uint64_t until;

	(void)unused;
	for (;;) {
		pthread_mutex_lock(&sleep_lock);
		while (!walking)
			pthread_cond_wait(&awake, &sleep_lock);
		until = clock_now() + INTERVAL;
		when = (struct timespec){ (time_t)(until / SECOND), (long)(until % SECOND) };
		while (!pthread_cond_timedwait(&awake, &sleep_lock, &when))
			;
		pthread_mutex_unlock(&sleep_lock);
		tick_or_leave_it();
	}
	return NULL;
}

static void set_walking(bool now)
{
	pthread_mutex_lock(&sleep_lock);
	walking = now;
	pthread_cond_signal(&awake);
	pthread_mutex_unlock(&sleep_lock);
}

/* Without the thread all works the same, but nothing is drawn. */
static void start(void)
{
	pthread_condattr_t attributes;
	sigset_t all, before;
	pthread_t thread;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&awake, &attributes);
	pthread_condattr_destroy(&attributes);
	/* Signals are for the thread that walks. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (!pthread_create(&thread, NULL, run, NULL))
		pthread_detach(thread);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	terminal = isatty(STDERR_FILENO);
	started = true;
}

void progress_begin(struct progress *progress)
{
	progress->began_ns = clock_now();
	progress_lock();
	if (!started)
		start();
	progress->outer = innermost;
	progress->silent |= innermost && innermost->silent;
	innermost = progress;
	if (!progress->outer) {
		watch_interrupt(true);
		set_walking(true);
	}
	progress_unlock();
}

void progress_end(struct progress *progress)
{
	progress_lock();
	progress_erase();
	innermost = progress->outer;
	if (!innermost) {
		set_walking(false);
		watch_interrupt(false);
	}
	progress_unlock();
}
