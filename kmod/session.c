// SPDX-License-Identifier: GPL-2.0
/*
 * Attaching a session to a heap, subscribing to its events, and closing.
 */
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/user_namespace.h>
#include "mapping.h"
#include "registry.h"
#include "seat.h"
#include "session.h"
#include "trace.h"
#include "worker.h"

#define ATTACH_FLAGS \
	(REFHEAP_ATTACH_CREATE | REFHEAP_ATTACH_EXCL | REFHEAP_ATTACH_RDONLY)
#define MODE_DEFAULT	0600

/**
 * refheap_session_new - a session that is not attached
 *
 * Context: may sleep.
 * Return: the session or NULL.
 */
struct refheap_session *refheap_session_new(void)
{
	struct refheap_session *session;

	session = kzalloc(sizeof(*session), GFP_KERNEL_ACCOUNT);
	if (!session)
		return NULL;
	mutex_init(&session->lock);
	refheap_events_init(&session->events);
	return session;
}

/**
 * refheap_session_close - drop everything that a session holds, and free it
 * @session: the session; nobody else uses it
 *
 * What takes longer is left to the worker, so that the end of a process that
 * held a million references is not waited for.
 *
 * Context: may sleep; the caller holds no lock of the module.
 */
void refheap_session_close(struct refheap_session *session)
{
	struct refheap *heap = session->heap;

	if (heap) {
		trace_refheap_session_close(heap->id, session->seat->id);
		if (refheap_seat_leave(heap, session->seat))
			refheap_kick(heap);
		fput(session->mapping);
		refheap_put(heap);
	}
	refheap_events_free(&session->events);
	kfree(session);
}

/* Return: 0 or -EINVAL. */
static int check_attach(const struct refheap_attach *args)
{
	if (args->flags & ~ATTACH_FLAGS)
		return -EINVAL;
	if ((args->flags & REFHEAP_ATTACH_EXCL) &&
	    !(args->flags & REFHEAP_ATTACH_CREATE))
		return -EINVAL;
	if (args->mode & ~0777U)
		return -EINVAL;
	if (strnlen(args->name, sizeof(args->name)) == sizeof(args->name) ||
	    !refheap_name_valid(args->name))
		return -EINVAL;
	return 0;
}

static struct refheap *create_heap(const struct refheap_attach *args)
{
	struct refheap_options options = {
		.owner = current_fsuid(),
		.group = current_fsgid(),
		.mode = args->mode ? args->mode : MODE_DEFAULT,
		.max_bytes = args->max_bytes,
		.max_objects = args->max_objects,
		.name = args->name,
	};

	return refheap_create(&options);
}

/*
 * Return: the heap to attach to, with a reference; @created says whether it is
 * a new one.
 */
static struct refheap *find_or_create(const struct refheap_attach *args,
				      kuid_t owner, unsigned int access,
				      bool *created)
{
	bool create = (args->flags & REFHEAP_ATTACH_CREATE) &&
		      uid_eq(owner, current_fsuid());
	struct refheap *heap;

	*created = false;
	for (;;) {
		heap = refheap_find_name(owner, args->name, NULL, access);
		if (heap != ERR_PTR(-ENOENT)) {
			if (heap != ERR_PTR(-EACCES) && IS_ERR(heap))
				return heap;
			if (!(args->flags & REFHEAP_ATTACH_EXCL))
				return heap;
			if (!IS_ERR(heap))
				refheap_put(heap);
			return ERR_PTR(-EEXIST);
		}
		if (!create)
			return heap;
		heap = create_heap(args);
		if (heap != ERR_PTR(-EEXIST)) {
			*created = !IS_ERR(heap);
			return heap;
		}
		/* Somebody made it meanwhile, so it can be found now. */
		if (signal_pending(current))
			return ERR_PTR(-EINTR);
		cond_resched();
	}
}

/*
 * Gets everything that attaching needs, or nothing; -EIDRM when the heap was
 * removed before there was a seat at it.
 */
static int attach(struct refheap_session *session, struct refheap_attach *args,
		  kuid_t owner, unsigned int access, struct refheap **result)
{
	struct refheap_seat *seat;
	struct refheap *heap;
	bool created;

	heap = find_or_create(args, owner, access, &created);
	if (IS_ERR(heap))
		return PTR_ERR(heap);
	seat = refheap_seat_take(heap, &session->events);
	if (IS_ERR(seat)) {
		/* A heap that nobody came to attach to should not stay behind. */
		if (created)
			refheap_remove_unused(heap, 0);
		refheap_put(heap);
		return PTR_ERR(seat);
	}
	session->seat = seat;
	args->heap = heap->id;
	args->created = created;
	*result = heap;
	return 0;
}

static void detach(struct refheap_session *session, struct refheap *heap,
		   bool created)
{
	if (refheap_seat_leave(heap, session->seat))
		refheap_kick(heap);
	/* We have come and gone. */
	if (created)
		refheap_remove_unused(heap, 2);
	refheap_put(heap);
}

static int attach_locked(struct refheap_session *session, bool rdonly,
			 struct refheap_attach *args,
			 struct refheap_attach __user *user, u32 size)
{
	unsigned int access = rdonly ? REFHEAP_READ : REFHEAP_READ | REFHEAP_WRITE;
	struct refheap *heap;
	kuid_t owner;
	int ret;

	lockdep_assert_held(&session->lock);
	if (session->heap)
		return -EBUSY;
	owner = args->owner == REFHEAP_OWNER_SELF ?
			current_fsuid() : make_kuid(current_user_ns(), args->owner);
	if (!uid_valid(owner))
		return -EINVAL;
	/* Somebody who makes and removes it for ever must not keep us here. */
	do {
		ret = attach(session, args, owner, access, &heap);
		cond_resched();
	} while (ret == -EIDRM && !signal_pending(current));
	if (ret == -EIDRM)
		ret = -EINTR;
	if (ret)
		return ret;
	session->mapping = refheap_mapping_file(heap);
	if (IS_ERR(session->mapping)) {
		ret = PTR_ERR(session->mapping);
		goto err_detach;
	}
	if (copy_to_user(user, args, min_t(size_t, size, sizeof(*args)))) {
		ret = -EFAULT;
		goto err_put_mapping;
	}
	session->rdonly = rdonly;
	trace_refheap_session_attach(heap->id, session->seat->id);
	/* Pairs with the acquire in refheap_session_heap(). */
	smp_store_release(&session->heap, heap);
	return 0;

err_put_mapping:
	fput(session->mapping);
err_detach:
	detach(session, heap, args->created);
	return ret;
}

/**
 * refheap_session_attach - REFHEAP_IOC_ATTACH
 * @session: the session
 * @rdonly: its file is not open for writing
 * @user: the caller's structure
 * @size: its size as the caller knows it
 *
 * Context: may sleep and fault; the caller holds no lock of the module.
 * Return: 0 or a negative errno, as the UAPI header lists them.
 */
int refheap_session_attach(struct refheap_session *session, bool rdonly,
			   struct refheap_attach __user *user, u32 size)
{
	struct refheap_attach args;
	int ret;

	ret = copy_struct_from_user(&args, sizeof(args), user, size);
	if (ret)
		return ret;
	args.size = size;
	ret = check_attach(&args);
	if (ret)
		return ret;
	if (mutex_lock_interruptible(&session->lock))
		return -EINTR;
	ret = attach_locked(session,
			    rdonly || (args.flags & REFHEAP_ATTACH_RDONLY),
			    &args, user, size);
	mutex_unlock(&session->lock);
	return ret;
}

/**
 * refheap_session_subscribe - REFHEAP_IOC_SUBSCRIBE
 * @session: the session
 * @user: the caller's structure
 * @size: its size as the caller knows it
 *
 * Context: may sleep and fault; the caller holds no lock of the module.
 * Return: 0 or a negative errno, as the UAPI header lists them.
 */
int refheap_session_subscribe(struct refheap_session *session,
			      struct refheap_subscribe __user *user, u32 size)
{
	struct refheap *heap = refheap_session_heap(session);
	struct refheap_events *events = &session->events;
	struct refheap_subscribe args;
	int ret;

	ret = copy_struct_from_user(&args, sizeof(args), user, size);
	if (ret)
		return ret;
	if (args.mask & ~REFHEAP_EVENT_ALL)
		return -EINVAL;
	if (!heap)
		return -ENXIO;
	if (args.mask) {
		ret = refheap_events_prepare(events);
		if (ret)
			return ret;
	}

	ret = refheap_lock_killable(heap);
	if (ret)
		return ret;
	if (heap->removed) {
		ret = -EIDRM;
		goto unlock;
	}
	refheap_events_select(events, args.mask);
	list_del_init(&events->subscriber);
	if (args.mask)
		list_add_tail(&events->subscriber, &heap->subscribers);
unlock:
	refheap_unlock(heap);
	return ret;
}
