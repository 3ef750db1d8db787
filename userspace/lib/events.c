// SPDX-License-Identifier: LGPL-2.1-or-later
/* Events of a session: waiting, reading, calling back. */
#include <errno.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "session.h"

#define EVENTS_AT_ONCE 16

int refheap_subscribe_events(struct refheap *session, uint32_t mask)
{
	struct refheap_subscribe subscribe = {
		.size = sizeof(subscribe),
		.mask = mask,
	};

	while (ioctl(session->fd, REFHEAP_IOC_SUBSCRIBE, &subscribe))
		if (errno != EINTR)
			return -errno;
	return 0;
}

int refheap_read_events(struct refheap *session, struct refheap_event *events,
			size_t count, int timeout_ms)
{
	struct pollfd wait = { .fd = session->fd, .events = POLLIN };
	ssize_t got;
	int ready;

	if (!count)
		return -EINVAL;
	do {
		ready = poll(&wait, 1, timeout_ms);
		if (ready <= 0)
			return ready ? -errno : 0;
		got = read(session->fd, events, count * sizeof(*events));
		/* Another thread was faster: wait again. */
	} while (got < 0 && errno == EAGAIN && timeout_ms < 0);
	if (got >= 0)
		return (int)((size_t)got / sizeof(*events));
	return errno == EAGAIN ? 0 : -errno;
}

int refheap_dispatch_events(struct refheap *session, refheap_event_fn *fn,
			    void *data, int timeout_ms)
{
	struct refheap_event events[EVENTS_AT_ONCE];
	int calls = 0;
	int got;

	do {
		got = refheap_read_events(session, events, EVENTS_AT_ONCE,
					  calls ? 0 : timeout_ms);
		for (int i = 0; i < got; i++)
			fn(session, &events[i], data);
		if (got > 0)
			calls += got;
		/* A read may give fewer than there are. */
	} while (got > 0);
	return calls ? calls : got;
}
