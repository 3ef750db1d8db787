// SPDX-License-Identifier: GPL-2.0
/*
 * Taking a seat at a heap, and leaving it.
 */
#include <linux/cred.h>
#include <linux/slab.h>
#include <linux/ktime.h>
#include <linux/sched/stat.h>
#include "limits.h"
#include "seat.h"
#include "watch.h"

/*
 * Steps that a closing process makes itself, while nobody else wants its processor;
 * the worker makes the others.
 */
#define LEAVE_STEPS	8

static struct refheap_seat *new_seat(struct refheap_events *events)
{
	struct refheap_seat *seat = kzalloc(sizeof(*seat), GFP_KERNEL_ACCOUNT);
	struct refheap_user *user;

	if (!seat)
		return ERR_PTR(-ENOMEM);
	user = refheap_user_get(current_uid());
	if (IS_ERR(user)) {
		kfree(seat);
		return ERR_CAST(user);
	}
	seat->user = user;
	INIT_LIST_HEAD(&seat->leaving);
	seat->events = events;
	seat->export = !events;
	seat->pid = get_task_pid(current, PIDTYPE_TGID);
	get_task_comm(seat->comm, current);
	seat->uid = current_uid();
	seat->since_ns = ktime_get_ns();
	return seat;
}

static int sit_down(struct refheap *heap, struct refheap_seat *seat)
{
	struct rh_holder *holder;
	int ret;

	refheap_assert_locked(heap);
	if (heap->removed)
		return -EIDRM;
	ret = xa_alloc_cyclic(&heap->seats, &seat->id, seat, xa_limit_31b,
			      &heap->next_seat, GFP_KERNEL);
	if (ret < 0)
		return ret;
	holder = rh_holder_new(heap->engine, seat->id, seat);
	if (IS_ERR(holder)) {
		xa_erase(&heap->seats, seat->id);
		return PTR_ERR(holder);
	}
	seat->holder = holder;
	heap->seat_count++;
	heap->seat_changes++;
	return 0;
}

/**
 * refheap_seat_take - make the calling process a holder of references
 * @heap: at which heap
 * @events: of the session, or NULL for an exported descriptor
 *
 * Context: may sleep; takes the heap lock.
 * Return: the seat, or ERR_PTR: -ENOMEM, -EDQUOT, -EIDRM, -EINTR (killed).
 */
struct refheap_seat *refheap_seat_take(struct refheap *heap,
				       struct refheap_events *events)
{
	struct refheap_seat *seat = new_seat(events);
	int ret;

	if (IS_ERR(seat))
		return seat;
	ret = refheap_lock_killable(heap);
	if (ret)
		goto err_free_seat;
	ret = sit_down(heap, seat);
	refheap_unlock(heap);
	if (ret)
		goto err_free_seat;
	refheap_tell_of_seat(heap, REFHEAP_NTF_SESSION_NEW, seat);
	return seat;

err_free_seat:
	refheap_seat_free(seat);
	return ERR_PTR(ret);
}

/**
 * refheap_seat_events - how many events that cannot be lost are yet to be read
 * @seat: the seat, which has not been emptied
 *
 * Context: the heap lock is held.
 * Return: those at the holder and those on their way to a reader.
 */
u64 refheap_seat_events(const struct refheap_seat *seat)
{
	u64 events = rh_holder_events(seat->holder);

	return seat->events ? events + refheap_events_staged(seat->events) : events;
}

/**
 * refheap_seat_empty_step - drop some of the references held at a seat
 * @heap: the heap
 * @seat: the seat
 *
 * Context: may sleep; the heap lock is held.
 * Return: RH_DONE when none is left.
 */
enum rh_progress refheap_seat_empty_step(struct refheap *heap,
					 struct refheap_seat *seat)
{
	enum rh_progress progress;

	refheap_assert_locked(heap);
	if (!seat->holder)
		return RH_DONE;
	refheap_look_for_watchers(heap);
	progress = rh_holder_release_step(heap->engine, seat->holder);
	refheap_tell_records(heap);
	if (progress == RH_MORE)
		return RH_MORE;
	rh_holder_free(heap->engine, seat->holder);
	seat->holder = NULL;
	return RH_DONE;
}

/* Return: true when the worker has to go on. */
static bool stand_up(struct refheap *heap, struct refheap_seat *seat)
{
	unsigned int steps = 0;

	refheap_assert_locked(heap);
	if (seat->events) {
		list_del_init(&seat->events->subscriber);
		/* An adopter may want what was on its way to a reader. */
		if (seat->holder)
			refheap_events_return(seat->events, heap, seat);
	}
	seat->events = NULL;
	/*
	 * The seat stays among the others meanwhile, so that a removal of the
	 * heap finds its holder before the engine is destroyed.
	 */
	while (refheap_seat_empty_step(heap, seat) == RH_MORE) {
		if (++steps == LEAVE_STEPS || !single_task_running())
			break;
		refheap_relax(heap);
	}
	xa_erase(&heap->seats, seat->id);
	heap->seat_count--;
	heap->seat_changes++;
	if (seat->holder)
		list_add_tail(&seat->leaving, &heap->leaving);
	return seat->holder || (heap->engine && rh_work_pending(heap->engine));
}

/**
 * refheap_seat_leave - drop what is held at a seat, soon
 * @heap: the heap
 * @seat: the seat, which is freed now or by the worker
 *
 * Context: may sleep; takes the heap lock.
 * Return: true when the worker has to go on.
 */
bool refheap_seat_leave(struct refheap *heap, struct refheap_seat *seat)
{
	bool left, more;

	/* Once it has been left, it is not ours to look at. */
	refheap_tell_of_seat(heap, REFHEAP_NTF_SESSION_END, seat);
	refheap_lock(heap);
	more = stand_up(heap, seat);
	left = !seat->holder;
	refheap_unlock(heap);
	if (left)
		refheap_seat_free(seat);
	return more;
}

/**
 * refheap_seat_free - free an empty seat that no list knows
 * @seat: the seat
 *
 * Context: may sleep; takes users_lock.
 */
void refheap_seat_free(struct refheap_seat *seat)
{
	refheap_user_put(seat->user);
	put_pid(seat->pid);
	kfree(seat);
}
