/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the library share about sessions and operations. */
#ifndef LIBREFHEAP_SESSION_H
#define LIBREFHEAP_SESSION_H

#include <stdatomic.h>
#include <time.h>

#include <refheap.h>

#include "callbacks.h"
#include "liveness.h"

/* The site of a line of the program. */
struct rh_place {
	const char *where;
	uint32_t site;
	const void *here;	/* of the last call from there */
};

struct rh_places {
	pthread_mutex_t lock;	/* of all that follows */
	struct rh_place *place;
	size_t count;
	size_t room;
};

struct rh_saved;

struct refheap {
	int fd;			/* -1 on a saved heap */
	struct rh_saved *saved;	/* or NULL */
	uint32_t heap;
	bool created;
	char name[REFHEAP_NAME_MAX];
	_Atomic uint32_t site;	/* that operations come from, 0 for none */
	_Atomic bool site_is_given; /* it is no line of REFHEAP_HERE() */
	struct rh_liveness liveness;
	struct rh_callbacks callbacks;
	struct rh_places places;
	struct rh_tracebacks *tracebacks;
};

/* struct rh_call: which fields of the operation are objects. */
#define RH_OBJECT_A	(1U << 0)
#define RH_OBJECT_B	(1U << 1)
#define RH_OBJECT_C	(1U << 2)
#define RH_OBJECT_IDS	(1U << 3)

/*
 * One operation before it is known whether it is executed at once or put into
 * a batch. Only a batch needs to know which fields are objects: a number that
 * looks like the result of an earlier operation must not be taken for one.
 */
struct rh_call {
	struct refheap_op op;
	unsigned int objects;
	const void *data;
	size_t data_len;
	size_t output;
};

/* Whether an object is a str, bytes or bytearray. */
static inline bool rh_has_payload(const struct refheap_info *info)
{
	return info->kind == REFHEAP_KIND_STR ||
	       info->kind == REFHEAP_KIND_BYTES ||
	       info->kind == REFHEAP_KIND_BYTEARRAY;
}

/* A signal stopped the batch: its operations are neither done nor failed. */
bool rh_batch_interrupted(const struct refheap_batch *batch);

/* One system call; 0 or a negative errno. */
int rh_batch_ioctl(const struct refheap *session, struct refheap_batch *batch);

/*
 * Execute @count operations, restarting after signals. Returns the error of
 * the call; those of the operations are in @results.
 */
int rh_execute(const struct refheap *session, struct refheap_batch *batch);

/* Execute one; its output goes to @out, which has room for call->output bytes. */
int rh_run(const struct refheap *session, const struct rh_call *call,
	   void *out, struct refheap_result *result);

/*
 * Execute @count operations without input and output, up to RH_TOGETHER,
 * whatever becomes of each. Returns the error of the call.
 */
#define RH_TOGETHER	4
int rh_run_together(const struct refheap *session, const struct rh_call *calls,
		    uint32_t count, struct refheap_result *results);

/* The same for operations without output: nothing, a value, an object. */
int rh_do(const struct refheap *session, struct rh_call call);
int64_t rh_number(const struct refheap *session, struct rh_call call);
int rh_object(const struct refheap *session, struct rh_call call,
	      refheap_id *id);

/* CLOCK_MONOTONIC */
static inline uint64_t rh_monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

#endif
