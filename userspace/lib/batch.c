// SPDX-License-Identifier: LGPL-2.1-or-later
/* Batches: building, submitting, reading results. */
#include <errno.h>
#include <stdlib.h>

#include "batch.h"

#define ALIGNMENT 8
#define RESULT_MARK REFHEAP_ID_TAG(REFHEAP_ID_RESULT(0))

static size_t aligned(size_t bytes)
{
	return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* Make an array hold @count entries, growing in powers of two. */
static int grow(void **array, size_t *room, size_t count, size_t each)
{
	size_t wanted = *room ? *room : 16;
	void *grown;

	if (count <= *room)
		return 0;
	while (wanted < count)
		wanted *= 2;
	grown = realloc(*array, wanted * each);
	if (!grown)
		return -ENOMEM;
	*array = grown;
	*room = wanted;
	return 0;
}

int refheap_batch_alloc(struct refheap_batch_builder **builder)
{
	struct refheap_batch_builder *made = calloc(1, sizeof(*made));

	if (!made)
		return -ENOMEM;
	*builder = made;
	return 0;
}

void refheap_batch_free(struct refheap_batch_builder *builder)
{
	if (!builder)
		return;
	free(builder->ops);
	free(builder->in);
	free(builder->results);
	free(builder->out);
	free(builder);
}

void refheap_batch_reset(struct refheap_batch_builder *builder)
{
	builder->count = 0;
	builder->in_len = 0;
	builder->output = 0;
	builder->error = 0;
	builder->site = 0;
	builder->submitted = (struct refheap_batch){ 0 };
	builder->interrupted = false;
	builder->undone = false;
}

size_t refheap_batch_count(const struct refheap_batch_builder *builder)
{
	return builder->count;
}

static int make_room(struct refheap_batch_builder *builder, size_t data_len,
		     size_t output)
{
	int err;

	if (builder->count >= REFHEAP_MAX_OPS ||
	    data_len > REFHEAP_MAX_DATA - builder->in_len ||
	    output > REFHEAP_MAX_DATA - builder->output)
		return -E2BIG;
	err = grow((void **)&builder->ops, &builder->ops_room,
		   builder->count + 1, sizeof(*builder->ops));
	if (err)
		return err;
	return grow((void **)&builder->in, &builder->in_room,
		    builder->in_len + aligned(data_len), 1);
}

int refheap_batch_add(struct refheap_batch_builder *builder,
		      const struct refheap_op *op, const void *data,
		      size_t data_len, size_t output)
{
	struct refheap_op *added;
	int err;

	err = make_room(builder, data_len, output);
	if (err) {
		if (!builder->error)
			builder->error = err;
		return err;
	}
	added = &builder->ops[builder->count];
	*added = *op;
	/* Operations without input must not say where it is. */
	added->data_off = data_len ? (uint32_t)builder->in_len : 0;
	added->data_len = (uint32_t)data_len;
	if (data_len)
		memcpy(builder->in + builder->in_len, data, data_len);
	builder->in_len += aligned(data_len);
	if (builder->in_len > REFHEAP_MAX_DATA)
		builder->in_len = REFHEAP_MAX_DATA;
	/* The kernel aligns the output of each, too. */
	builder->output += aligned(output);
	if (builder->output > REFHEAP_MAX_DATA)
		builder->output = REFHEAP_MAX_DATA;
	return (int)builder->count++;
}

/* Whether @id stands for an earlier result; then it becomes its number. */
static bool take_mark(__u64 *id)
{
	if (REFHEAP_ID_TAG(*id) != RESULT_MARK)
		return false;
	*id = REFHEAP_ID_SLOT(*id);
	return true;
}

static bool has_marks(const struct rh_call *call)
{
	const char *ids = call->data;
	refheap_id id;

	/* The array is the caller's and may lie anywhere. */
	for (size_t at = 0; at < call->data_len; at += sizeof(id)) {
		memcpy(&id, ids + at, sizeof(id));
		if (REFHEAP_ID_TAG(id) == RESULT_MARK)
			return true;
	}
	return false;
}

int rh_batch_call(struct refheap_batch_builder *builder, struct rh_call call)
{
	struct refheap_op *op = &call.op;

	if (call.objects & RH_OBJECT_A && take_mark(&op->a))
		op->flags |= REFHEAP_OPF_A_RESULT;
	if (call.objects & RH_OBJECT_B && take_mark(&op->b))
		op->flags |= REFHEAP_OPF_B_RESULT;
	if (call.objects & RH_OBJECT_C && take_mark(&op->c))
		op->flags |= REFHEAP_OPF_C_RESULT;
	if (call.objects & RH_OBJECT_IDS &&
	    call.data_len <= REFHEAP_MAX_DATA && has_marks(&call))
		op->flags |= REFHEAP_OPF_IDS_RESULT;
	return refheap_batch_add(builder, op, call.data, call.data_len,
				 call.output);
}

int refheap_batch_temp(struct refheap_batch_builder *builder, int n)
{
	if (n >= 0 && (size_t)n < builder->count)
		builder->ops[n].flags |= REFHEAP_OPF_TEMP;
	return n;
}

/* A submission from the first operation on. */
static int begin(struct refheap_batch_builder *builder, uint32_t flags)
{
	int err;

	err = grow((void **)&builder->results, &builder->results_room,
		   builder->count, sizeof(*builder->results));
	if (err)
		return err;
	err = grow((void **)&builder->out, &builder->out_room, builder->output,
		   1);
	if (err)
		return err;
	memset(builder->results, 0,
	       builder->count * sizeof(*builder->results));
	builder->undone = false;
	builder->submitted = (struct refheap_batch){
		.size = sizeof(builder->submitted),
		.flags = flags & ~REFHEAP_SUBMIT_INTERRUPTIBLE,
		.ops = (uintptr_t)builder->ops,
		.results = (uintptr_t)builder->results,
		.in = (uintptr_t)builder->in,
		.out = (uintptr_t)builder->out,
		.count = (uint32_t)builder->count,
		.in_len = (uint32_t)builder->in_len,
		.out_len = (uint32_t)builder->output,
		.site = builder->site,
	};
	return 0;
}

/* Execute until it ends, or, for those who want to know, a signal comes. */
static int go_on(struct refheap_batch_builder *builder,
		 const struct refheap *session, bool interruptible)
{
	int err;

	if (!interruptible)
		return rh_execute(session, &builder->submitted);
	err = rh_batch_ioctl(session, &builder->submitted);
	if (!err && rh_batch_interrupted(&builder->submitted))
		err = -EINTR;
	builder->interrupted = err == -EINTR;
	return err;
}

int refheap_batch_submit(struct refheap_batch_builder *builder,
			 struct refheap *session, uint32_t flags)
{
	int failed;
	int err;

	if (builder->error)
		return builder->error;
	if (!builder->count)
		return -EINVAL;
	if (!builder->interrupted) {
		err = begin(builder, flags);
		if (err)
			return err;
	}
	builder->interrupted = false;
	err = go_on(builder, session, flags & REFHEAP_SUBMIT_INTERRUPTIBLE);
	if (err)
		return err;
	failed = refheap_batch_failed(builder);
	return failed < 0 ? 0 : builder->results[failed].error;
}

int refheap_batch_failed(const struct refheap_batch_builder *builder)
{
	for (size_t n = 0; n < builder->submitted.done; n++)
		if (builder->results[n].error)
			return (int)n;
	return -1;
}

size_t refheap_batch_done(const struct refheap_batch_builder *builder)
{
	return builder->submitted.done;
}

int refheap_batch_error(const struct refheap_batch_builder *builder, size_t n)
{
	if (n >= builder->count)
		return -ERANGE;
	if (n >= builder->submitted.done)
		return -ECANCELED;
	return builder->results[n].error;
}

/* The result of an operation that succeeded, or NULL. */
static const struct refheap_result *
success(const struct refheap_batch_builder *builder, size_t n)
{
	return refheap_batch_error(builder, n) ? NULL : &builder->results[n];
}

uint64_t refheap_batch_value(const struct refheap_batch_builder *builder,
			     size_t n)
{
	const struct refheap_result *result = success(builder, n);

	return result ? result->value : 0;
}

uint32_t refheap_batch_info(const struct refheap_batch_builder *builder,
			    size_t n)
{
	const struct refheap_result *result = success(builder, n);

	return result ? result->info : 0;
}

const void *refheap_batch_output(const struct refheap_batch_builder *builder,
				 size_t n, size_t *length)
{
	const struct refheap_result *result = success(builder, n);

	if (length)
		*length = result ? result->out_len : 0;
	return result && result->out_len ? builder->out + result->out_off :
					   NULL;
}

/* Whether the value of an operation is an object that the session holds. */
static bool gives_reference(const struct refheap_op *op)
{
	if (op->flags & REFHEAP_OPF_TEMP)
		return false;
	switch (op->code) {
	case REFHEAP_OP_NONE ... REFHEAP_OP_INSTANCE:
	case REFHEAP_OP_TAKE:
	case REFHEAP_OP_GET_INDEX:
	case REFHEAP_OP_POP:
	case REFHEAP_OP_GET_KEY:
	case REFHEAP_OP_POP_KEY:
	case REFHEAP_OP_GET_ATTR:
	case REFHEAP_OP_WEAKREF:
	case REFHEAP_OP_DEREF:
	case REFHEAP_OP_WEAK_VALUE_DICT ... REFHEAP_OP_WEAK_SET:
	case REFHEAP_OP_MOVE_TO_END:
	case REFHEAP_OP_SET_DEFAULT:
		return true;
	default:
		return false;
	}
}

static int undo_one(struct refheap_batch_builder *builder,
		    struct refheap *session, size_t n)
{
	const struct refheap_entry *entries;
	const void *output;
	size_t length;

	if (!success(builder, n))
		return 0;
	if (gives_reference(&builder->ops[n]))
		return refheap_drop_many(session, &(refheap_id){
						builder->results[n].value }, 1);
	output = refheap_batch_output(builder, n, &length);
	entries = output;
	switch (builder->ops[n].code) {
	case REFHEAP_OP_NEXT:
		return refheap_drop_entries(session, entries,
					    length / sizeof(*entries));
	case REFHEAP_OP_WEAKREFS:
	case REFHEAP_OP_INSTANCES:
		return refheap_drop_many(session, output,
					 length / sizeof(refheap_id));
	default:
		return 0;
	}
}

int refheap_batch_undo(struct refheap_batch_builder *builder,
		       struct refheap *session)
{
	int first = 0;

	if (builder->undone)
		return 0;
	builder->undone = true;
	/* Backwards, so that containers die before what they hold. */
	for (size_t n = builder->submitted.done; n-- > 0;) {
		int err = undo_one(builder, session, n);

		if (!first)
			first = err;
	}
	return first;
}
