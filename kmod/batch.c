// SPDX-License-Identifier: GPL-2.0
/*
 * REFHEAP_IOC_BATCH. All input is copied in before the heap lock is taken and
 * all output copied out after it was given away; see heap.h for why.
 *
 * One piece of memory holds operations, results, input and output. For a few
 * operations it is on the stack, since entering the kernel is most of the cost
 * then.
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "limits.h"
#include "seat.h"
#include "session.h"
#include "trace.h"
#include "watch.h"
#include "worker.h"

#define STACK_BYTES	384
/* From here on the memory is charged to the user and not only to the cgroup. */
#define CHARGE_BYTES	(64 << 10)
#define COPY_BYTES	((size_t)1 << 20)

/**
 * struct buffer - the memory of one call
 * @mem: @small, or allocated
 * @bytes: used of it
 * @charged: to the seat's user
 * @small: enough for a few operations
 */
struct buffer {
	void *mem;
	size_t bytes;
	bool charged;
	u64 small[STACK_BYTES / sizeof(u64)];
};

/* Megabytes are copied with a chance for others in between. */
static int copy_in(void *to, u64 from, size_t bytes)
{
	const char __user *user = u64_to_user_ptr(from);
	size_t n;

	for (; bytes; bytes -= n, to += n, user += n) {
		n = min(bytes, COPY_BYTES);
		if (copy_from_user(to, user, n))
			return -EFAULT;
		cond_resched();
	}
	return 0;
}

static int copy_out(u64 to, const void *from, size_t bytes)
{
	char __user *user = u64_to_user_ptr(to);
	size_t n;

	for (; bytes; bytes -= n, from += n, user += n) {
		n = min(bytes, COPY_BYTES);
		if (copy_to_user(user, from, n))
			return -EFAULT;
		cond_resched();
	}
	return 0;
}

/* Return: 0, -EINVAL or -E2BIG. */
static int check_batch(const struct refheap_batch *args)
{
	if (args->flags & ~REFHEAP_BATCH_CONTINUE)
		return -EINVAL;
	if (args->count > REFHEAP_MAX_OPS || args->in_len > REFHEAP_MAX_DATA ||
	    args->out_len > REFHEAP_MAX_DATA)
		return -E2BIG;
	/* Also when there is nothing to do: count is 1 at least. */
	if (args->done >= args->count)
		return -EINVAL;
	if (args->out_used > args->out_len || (args->out_used && !args->done))
		return -EINVAL;
	return 0;
}

static int get_buffer(struct refheap_session *session, struct buffer *buffer)
{
	int ret;

	buffer->charged = false;
	buffer->mem = buffer->small;
	if (buffer->bytes <= sizeof(buffer->small))
		return 0;
	if (buffer->bytes >= CHARGE_BYTES) {
		ret = refheap_user_charge(session->seat->user, buffer->bytes);
		if (ret)
			return ret;
		buffer->charged = true;
	}
	/* Nobody is to be killed for it, as with the memory of a heap. */
	buffer->mem = kvmalloc(buffer->bytes, GFP_KERNEL_ACCOUNT | __GFP_NOWARN |
					      __GFP_RETRY_MAYFAIL);
	if (buffer->mem)
		return 0;
	if (buffer->charged)
		refheap_user_uncharge(session->seat->user, buffer->bytes);
	return -ENOMEM;
}

static void put_buffer(struct refheap_session *session, struct buffer *buffer)
{
	if (buffer->mem != buffer->small)
		kvfree(buffer->mem);
	if (buffer->charged)
		refheap_user_uncharge(session->seat->user, buffer->bytes);
}

/*
 * Lays the batch out in the buffer and fills it with what the caller gave.
 * Results begin zeroed, so that nothing else of the kernel's memory can leave
 * with them. Output need not: the engine fills all of what it says is used.
 */
static noinline_for_stack int fill_batch(struct refheap_session *session, struct buffer *buffer,
					 const struct refheap_batch *args, struct rh_batch *batch)
{
	size_t ops = (size_t)args->count * sizeof(struct refheap_op);
	size_t results = (size_t)args->count * sizeof(struct refheap_result);
	size_t in = ALIGN((size_t)args->in_len, sizeof(u64));
	void *mem;
	int ret;

	buffer->bytes = ops + results + in + args->out_len;
	ret = get_buffer(session, buffer);
	if (ret)
		return ret;
	mem = buffer->mem;
	*batch = (struct rh_batch) {
		.rdonly = session->rdonly,
		.ops = mem,
		.results = mem + ops,
		.in = mem + ops + results,
		.out = mem + ops + results + in,
		.count = args->count,
		.done = args->done,
		.in_len = args->in_len,
		.out_len = args->out_len,
		.out_used = args->out_used,
		.flags = args->flags,
		.site = args->site,
	};
	memset(batch->results, 0, results);
	ret = copy_in(mem, args->ops, ops);
	if (!ret)
		ret = copy_in(batch->results, args->results,
			      (size_t)args->done * sizeof(struct refheap_result));
	if (!ret)
		ret = copy_in(mem + ops + results, args->in, args->in_len);
	if (ret)
		put_buffer(session, buffer);
	return ret;
}

/*
 * Once the last operation is done, what is left is to drop temporaries and to
 * let objects die. A caller could not ask for that again, so only its own end
 * stops it there.
 */
static bool must_stop(const struct rh_batch *batch)
{
	bool ended = batch->done == batch->count;

	if (batch->done && !(batch->flags & REFHEAP_BATCH_CONTINUE))
		ended |= batch->results[batch->done - 1].error;
	return ended ? fatal_signal_pending(current) : signal_pending(current);
}

/*
 * Has the next operation begun? To begin it again means to do what it did once
 * more, a whole collection perhaps; with a timer that comes sooner than it
 * ends, for ever. So it is the caller who says whether to try again.
 */
static bool has_begun(const struct rh_batch *batch)
{
	return batch->state.begun || batch->state.ticket ||
	       batch->state.cursor || batch->state.collect;
}

/*
 * Return: 0 when the batch has ended or was stopped after an operation;
 * -EIDRM; when it was stopped and none has been executed, -EINTR, or
 * -ERESTARTSYS if none has begun either.
 */
static int run_batch(struct refheap_session *session, struct refheap *heap,
		     struct rh_batch *batch)
{
	enum rh_progress progress;
	u32 begin = batch->done;
	int ret;

	ret = refheap_lock_killable(heap);
	if (ret)
		return ret;
	for (;;) {
		if (heap->removed) {
			ret = -EIDRM;
			break;
		}
		batch->heap = heap->engine;
		batch->holder = session->seat->holder;
		refheap_look_for_watchers(heap);
		progress = rh_batch_step(batch);
		refheap_tell_records(heap);
		if (progress == RH_DONE) {
			/* A finalizer that has ended lets a collection go on. */
			if (rh_work_pending(heap->engine))
				refheap_kick(heap);
			break;
		}
		if (must_stop(batch)) {
			if (rh_work_pending(heap->engine))
				refheap_kick(heap);
			if (batch->done == begin)
				ret = has_begun(batch) ? -EINTR : -ERESTARTSYS;
			break;
		}
		ret = refheap_relax_killable(heap);
		if (ret) {
			/* There may be work left, which only the lock can tell. */
			refheap_kick(heap);
			return ret;
		}
	}
	refheap_unlock(heap);
	return ret;
}

static void trace_refusals(struct refheap *heap, struct refheap_session *session,
			   const struct rh_batch *batch, u32 begin)
{
	u32 i;

	if (!trace_refheap_refusal_enabled())
		return;
	for (i = begin; i < batch->done; i++)
		if (batch->results[i].error)
			trace_refheap_refusal(heap->id, session->seat->id,
					      batch->ops[i].code,
					      batch->results[i].error);
}

static int give_results(struct refheap_batch __user *user, u32 size,
			const struct refheap_batch *args,
			const struct rh_batch *batch)
{
	size_t begin = args->done * sizeof(struct refheap_result);
	size_t end = batch->done * sizeof(struct refheap_result);
	int ret;

	ret = copy_out(args->results + begin, (void *)batch->results + begin,
		       end - begin);
	if (!ret)
		ret = copy_out(args->out + args->out_used,
			       batch->out + args->out_used,
			       batch->out_used - args->out_used);
	if (!ret && size >= offsetofend(struct refheap_batch, done))
		ret = put_user(batch->done, &user->done);
	if (!ret && batch->out_used != args->out_used &&
	    size >= offsetofend(struct refheap_batch, out_used))
		ret = put_user(batch->out_used, &user->out_used);
	return ret;
}

/**
 * refheap_session_batch - REFHEAP_IOC_BATCH
 * @session: the session
 * @user: the caller's structure
 * @size: its size as the caller knows it
 *
 * When the results cannot be copied to the caller, the operations have been
 * executed all the same, and what they took stays the session's.
 *
 * Context: may sleep and fault; the caller holds no lock of the module.
 * Return: 0 or a negative errno, as the UAPI header lists them.
 */
int refheap_session_batch(struct refheap_session *session,
			  struct refheap_batch __user *user, u32 size)
{
	struct refheap *heap = refheap_session_heap(session);
	struct refheap_batch args;
	struct buffer buffer;
	struct rh_batch batch;
	int ret;

	ret = copy_struct_from_user(&args, sizeof(args), user, size);
	if (ret)
		return ret;
	ret = check_batch(&args);
	if (ret)
		return ret;
	if (!heap)
		return -ENXIO;
	ret = fill_batch(session, &buffer, &args, &batch);
	if (ret)
		return ret;
	ret = run_batch(session, heap, &batch);
	if (!ret) {
		trace_refusals(heap, session, &batch, args.done);
		ret = give_results(user, size, &args, &batch);
	}
	put_buffer(session, &buffer);
	return ret;
}
