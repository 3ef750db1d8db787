// SPDX-License-Identifier: LGPL-2.1-or-later
/* Sessions: opening, closing, and the one system call behind every function. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "image-door.h"
#include "session.h"
#include "traceback.h"

#define DEVICE "/dev/" REFHEAP_DEVICE_NAME

int refheap_default_name(uint32_t owner, char *name)
{
	if (owner == REFHEAP_OWNER_SELF)
		owner = geteuid();
	snprintf(name, REFHEAP_NAME_MAX, "user.%u", owner);
	return 0;
}

/* What the caller asks for, in the form of the kernel. */
static int make_attach(const char *name, const struct refheap_options *options,
		       struct refheap_attach *attach)
{
	static const uint64_t zeroes[4];

	if (options->reserved0 ||
	    memcmp(options->reserved, zeroes, sizeof(zeroes)))
		return -EINVAL;
	if (name && strlen(name) >= REFHEAP_NAME_MAX)
		return -EINVAL;

	*attach = (struct refheap_attach){
		.size = sizeof(*attach),
		.flags = options->flags,
		.owner = options->owner,
		.mode = options->mode,
		.max_bytes = options->max_bytes,
		.max_objects = options->max_objects,
	};
	if (name) {
		memcpy(attach->name, name, strlen(name) + 1);
		return 0;
	}
	if (options->owner == REFHEAP_OWNER_SELF)
		attach->flags |= REFHEAP_ATTACH_CREATE;
	return refheap_default_name(options->owner, attach->name);
}

/*
 * Non-blocking, since two threads may have seen the same event before one of
 * them reads it.
 */
static int open_device(void)
{
	int fd = open(DEVICE, O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0)
		return fd;
	/* Neither a missing node nor a static one tells of a heap. */
	return errno == ENOENT || errno == ENODEV ? -ENXIO : -errno;
}

static void init_parts(struct refheap *made)
{
	rh_liveness_init(&made->liveness);
	rh_callbacks_init(&made->callbacks);
	pthread_mutex_init(&made->places.lock, NULL);
}

static int attach_session(struct refheap *made, struct refheap_attach *attach)
{
	int err;

	made->fd = open_device();
	if (made->fd < 0)
		return made->fd;
	while (ioctl(made->fd, REFHEAP_IOC_ATTACH, attach)) {
		if (errno == EINTR)
			continue;
		err = -errno;
		close(made->fd);
		return err;
	}
	init_parts(made);
	made->heap = attach->heap;
	made->created = attach->created;
	memcpy(made->name, attach->name, sizeof(made->name));
	return 0;
}

int refheap_open_with(const char *name, const struct refheap_options *options,
		      struct refheap **session)
{
	static const struct refheap_options none = REFHEAP_OPTIONS_INIT;
	struct refheap_attach attach;
	struct refheap *made;
	int err;

	err = make_attach(name, options ? options : &none, &attach);
	if (err)
		return err;
	made = calloc(1, sizeof(*made));
	if (!made)
		return -ENOMEM;
	made->tracebacks = rh_tracebacks_new();
	err = made->tracebacks ? attach_session(made, &attach) : -ENOMEM;
	if (err) {
		if (made->tracebacks)
			rh_tracebacks_free(made->tracebacks);
		free(made);
		return err;
	}
	*session = made;
	return 0;
}

int refheap_open(const char *name, uint32_t flags, struct refheap **session)
{
	struct refheap_options options = REFHEAP_OPTIONS_INIT;

	options.flags = flags;
	return refheap_open_with(name, &options, session);
}

static void free_saved(struct rh_saved *saved)
{
	if (saved)
		free((void *)saved->held);
	free(saved);
}

static struct rh_saved *make_saved(const struct refheap_image *image)
{
	struct rh_saved *saved = calloc(1, sizeof(*saved));

	if (!saved)
		return NULL;
	saved->image = image;
	saved->held = calloc(image->count, sizeof(*saved->held));
	if (saved->held)
		return saved;
	free(saved);
	return NULL;
}

int refheap_open_image(const struct refheap_image *image, struct refheap **session)
{
	struct refheap *made = calloc(1, sizeof(*made));

	if (!made)
		return -ENOMEM;
	made->tracebacks = rh_tracebacks_new();
	made->saved = make_saved(image);
	if (!made->tracebacks || !made->saved) {
		if (made->tracebacks)
			rh_tracebacks_free(made->tracebacks);
		free_saved(made->saved);
		free(made);
		return -ENOMEM;
	}
	made->fd = -1;
	memcpy(made->name, image->head->heap, sizeof(made->name));
	init_parts(made);
	*session = made;
	return 0;
}

void refheap_close(struct refheap *session)
{
	if (!session)
		return;
	rh_run_at_exit(session);
	if (session->fd >= 0)
		close(session->fd);
	free_saved(session->saved);
	rh_liveness_end(&session->liveness);
	rh_callbacks_end(&session->callbacks);
	pthread_mutex_destroy(&session->places.lock);
	free(session->places.place);
	rh_tracebacks_free(session->tracebacks);
	free(session);
}

int refheap_fd(const struct refheap *session)
{
	return session->fd;
}

uint32_t refheap_heap(const struct refheap *session)
{
	return session->heap;
}

const char *refheap_name(const struct refheap *session)
{
	return session->name;
}

bool refheap_was_created(const struct refheap *session)
{
	return session->created;
}

bool rh_batch_interrupted(const struct refheap_batch *batch)
{
	const struct refheap_result *results =
		(const struct refheap_result *)(uintptr_t)batch->results;

	if (batch->done >= batch->count)
		return false;
	if (batch->flags & REFHEAP_BATCH_CONTINUE)
		return true;
	return batch->done == 0 || results[batch->done - 1].error == 0;
}

int rh_batch_ioctl(const struct refheap *session, struct refheap_batch *batch)
{
	if (session->saved)
		return rh_saved_batch(session->saved, batch);
	if (!batch->site)
		batch->site = rh_site_of(session, batch);
	return ioctl(session->fd, REFHEAP_IOC_BATCH, batch) ? -errno : 0;
}

int rh_execute(const struct refheap *session, struct refheap_batch *batch)
{
	int err;

	do
		err = rh_batch_ioctl(session, batch);
	while (err == -EINTR || (!err && rh_batch_interrupted(batch)));
	return err;
}

int rh_run(const struct refheap *session, const struct rh_call *call,
	   void *out, struct refheap_result *result)
{
	struct refheap_op op = call->op;
	struct refheap_batch batch = {
		.size = sizeof(batch),
		.ops = (uintptr_t)&op,
		.results = (uintptr_t)result,
		.in = (uintptr_t)call->data,
		.out = (uintptr_t)out,
		.count = 1,
		.in_len = (uint32_t)call->data_len,
		.out_len = (uint32_t)call->output,
	};
	int err;

	if (call->data_len > REFHEAP_MAX_DATA ||
	    call->output > REFHEAP_MAX_DATA)
		return -E2BIG;
	op.data_len = (uint32_t)call->data_len;
	*result = (struct refheap_result){ 0 };
	err = rh_execute(session, &batch);
	return err ? err : result->error;
}

int rh_run_together(const struct refheap *session, const struct rh_call *calls,
		    uint32_t count, struct refheap_result *results)
{
	struct refheap_op ops[RH_TOGETHER];
	struct refheap_batch batch = {
		.size = sizeof(batch),
		.flags = REFHEAP_BATCH_CONTINUE,
		.ops = (uintptr_t)ops,
		.results = (uintptr_t)results,
		.count = count,
	};

	for (uint32_t i = 0; i < count; i++)
		ops[i] = calls[i].op;
	memset(results, 0, count * sizeof(*results));
	return rh_execute(session, &batch);
}

int rh_do(const struct refheap *session, struct rh_call call)
{
	struct refheap_result result;

	return rh_run(session, &call, NULL, &result);
}

int64_t rh_number(const struct refheap *session, struct rh_call call)
{
	struct refheap_result result;
	int err = rh_run(session, &call, NULL, &result);

	return err ? err : (int64_t)result.value;
}

int rh_object(const struct refheap *session, struct rh_call call,
	      refheap_id *id)
{
	struct refheap_result result;
	int err = rh_run(session, &call, NULL, &result);

	if (!err)
		*id = result.value;
	return err;
}
