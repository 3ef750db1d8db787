/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The heap in the kernel, through the library.
 */
#ifndef REFHEAP_BENCH_LIBRARY_H
#define REFHEAP_BENCH_LIBRARY_H

#include <refheap.h>
#include <string.h>
#include <unistd.h>
#include "contender.h"

/* The value of a call of the library, which must not fail. */
#define must(call) ({							\
	__typeof__(call) value_ = (call);				\
									\
	if (value_ < 0)							\
		fail("%s: %s", #call, refheap_strerror((int)value_));	\
	value_;								\
})

/* A session on a heap, which is made when there is none. */
static inline struct refheap *library_open_name(const char *name)
{
	struct refheap *session;

	must(refheap_open(name, REFHEAP_ATTACH_CREATE, &session));
	return session;
}

/* Likewise, on the heap of the contender @pid. */
static inline struct refheap *library_open(pid_t pid)
{
	char name[REFHEAP_NAME_MAX];

	snprintf(name, sizeof(name), "bench.%d", pid);
	return library_open_name(name);
}

/* An instance of a type with two slots, as the objects of graphs are. */
static inline uint32_t library_type(struct refheap *session, uint32_t flags)
{
	const struct refheap_type_def definition = {
		.name = "Node", .flags = flags,
		.slots = (const char *const []){ "a", "b" }, .slot_count = 2,
	};
	uint32_t type;

	must(refheap_type_define(session, &definition, &type));
	return type;
}

/* Waits for an event of that type. */
static inline struct refheap_event library_event(struct refheap *session, uint32_t type)
{
	struct refheap_event event;

	must(refheap_read_events(session, &event, 1, -1));
	if (event.type != type)
		fail("an event of type %u", event.type);
	return event;
}

#endif
