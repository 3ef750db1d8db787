// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The operations of a session on a saved heap, as the kernel would execute them:
 * those that read give the same, those that would change something are refused.
 */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "image-door.h"

/**
 * struct task - one operation
 * @saved: what it is done on
 * @image: its file
 * @batch: that it is part of
 * @op: operation
 * @result: out
 * @a: of the operation, or the result that it stands for
 * @b: likewise
 * @object: number from 0 of @a, of operations on objects
 */
struct task {
	struct rh_saved *saved;
	const struct refheap_image *image;
	struct refheap_batch *batch;
	const struct refheap_op *op;
	struct refheap_result *result;
	uint64_t a;
	uint64_t b;
	uint32_t object;
};

static const struct rh_image_record *record_of(const struct task *task)
{
	return &task->image->record[task->object];
}

static const char *data_of(const struct task *task)
{
	return (const char *)(uintptr_t)(task->batch->in + task->op->data_off);
}

/* Room in the output, or NULL. */
static void *output(struct task *task, uint64_t bytes)
{
	struct refheap_batch *batch = task->batch;
	void *at = (void *)(uintptr_t)(batch->out + batch->out_used);

	if (bytes > batch->out_len - batch->out_used)
		return NULL;
	if (!task->result->out_len)
		task->result->out_off = batch->out_used;
	task->result->out_len += (uint32_t)bytes;
	batch->out_used += (uint32_t)bytes;
	return at;
}

static refheap_id id_of(const struct task *task, uint32_t number)
{
	return number ? task->image->record[number - 1].id : 0;
}

/* One reference more to an object; numbers from 1, 0 for none. */
static refheap_id hold(struct task *task, uint32_t number)
{
	if (number)
		task->saved->held[number - 1]++;
	return id_of(task, number);
}

static int give(struct task *task, uint32_t number)
{
	task->result->value = hold(task, number);
	return 0;
}

static int do_nothing(struct task *task)
{
	(void)task;
	return 0;
}

/* An int is needed for a moment when a path has one for a key. */
static int do_int(struct task *task)
{
	return task->op->flags & REFHEAP_OPF_TEMP ? 0 : -EROFS;
}

static int do_take(struct task *task)
{
	return give(task, task->object + 1);
}

static int do_drop(struct task *task)
{
	_Atomic uint32_t *held = &task->saved->held[task->object];
	uint32_t now = *held;

	do {
		if (!now)
			return -ENOTUNIQ;
	} while (!atomic_compare_exchange_weak(held, &now, now - 1));
	return 0;
}

static int do_len(struct task *task)
{
	unsigned int kind = record_of(task)->kind;

	if (kind < REFHEAP_KIND_STR || kind == REFHEAP_KIND_INSTANCE ||
	    kind == REFHEAP_KIND_WEAKREF)
		return -EOPNOTSUPP;
	task->result->value = rh_image_length(task->image, task->object);
	return 0;
}

static bool is_sequence(unsigned int kind)
{
	return kind == REFHEAP_KIND_LIST || kind == REFHEAP_KIND_TUPLE;
}

static int do_get_index(struct task *task)
{
	const struct rh_image_record *record = record_of(task);
	int64_t index = (int64_t)task->b;

	if (!is_sequence(record->kind))
		return -EOPNOTSUPP;
	if (index < 0)
		index += (int64_t)record->n;
	if (index < 0 || (uint64_t)index >= record->n)
		return -ERANGE;
	return give(task, rh_image_edges(task->image, task->object)[index]);
}

static bool can_be_key(const struct refheap_image *image, uint32_t object)
{
	unsigned int kind = image->record[object].kind;

	return kind <= REFHEAP_KIND_BYTES || kind == REFHEAP_KIND_TUPLE ||
	       kind == REFHEAP_KIND_INSTANCE || kind == REFHEAP_KIND_WEAKREF;
}

/* The int that an earlier operation of the batch was to make. */
static const struct refheap_op *made_int(const struct task *task)
{
	const struct refheap_op *ops = (const void *)(uintptr_t)task->batch->ops;
	const struct refheap_op *made;

	if (!(task->op->flags & REFHEAP_OPF_B_RESULT))
		return NULL;
	made = &ops[task->op->b];
	return made->code == REFHEAP_OP_INT ? made : NULL;
}

static int decode_key(const struct task *task, struct rh_image_key *key)
{
	const struct refheap_op *made = made_int(task);
	int err;

	*key = (struct rh_image_key){
		.by = RH_KEY_TEXT, .text = data_of(task), .length = task->op->data_len,
	};
	if (task->op->flags & REFHEAP_OPF_KEY_STR)
		return 0;
	if (made) {
		key->by = RH_KEY_INTEGER;
		key->integer = made->a;
		return 0;
	}
	key->by = RH_KEY_OBJECT;
	err = rh_image_find(task->image, task->b, &key->object);
	if (!err && !can_be_key(task->image, key->object))
		err = -EOPNOTSUPP;
	return err;
}

static bool is_set(unsigned int kind)
{
	return kind == REFHEAP_KIND_SET || kind == REFHEAP_KIND_WEAK_SET;
}

static bool is_dict(unsigned int kind)
{
	return kind == REFHEAP_KIND_DICT || kind == REFHEAP_KIND_WEAK_VALUE_DICT ||
	       kind == REFHEAP_KIND_WEAK_KEY_DICT;
}

static int do_get_key(struct task *task)
{
	struct rh_image_key key;
	uint32_t value;
	int err = is_dict(record_of(task)->kind) ? decode_key(task, &key) : -EOPNOTSUPP;

	if (err)
		return err;
	if (!rh_image_lookup(task->image, task->object, &key, &value))
		return -ENOKEY;
	return give(task, value);
}

static bool has_item(const struct task *task, uint32_t object)
{
	const uint32_t *edge = rh_image_edges(task->image, task->object);

	for (uint64_t i = 0; i < record_of(task)->n; i++) {
		if (edge[i] == object + 1)
			return true;
	}
	return false;
}

static int do_contains(struct task *task)
{
	unsigned int kind = record_of(task)->kind;
	struct rh_image_key key;
	uint32_t value;
	int err;

	if (!is_sequence(kind) && !is_dict(kind) && !is_set(kind))
		return -EOPNOTSUPP;
	err = decode_key(task, &key);
	if (err)
		return err;
	if (!is_sequence(kind))
		task->result->value = rh_image_lookup(task->image, task->object, &key, &value);
	else if (key.by == RH_KEY_OBJECT)
		task->result->value = has_item(task, key.object);
	else
		return -EOPNOTSUPP;
	return 0;
}

static int get_slot(struct task *task, const struct rh_image_type_info *type)
{
	const uint32_t *edge = rh_image_edges(task->image, task->object);
	size_t length = task->op->data_len;

	for (size_t i = 0; i < type->slot_count; i++) {
		if (strlen(type->slots[i]) == length &&
		    !memcmp(type->slots[i], data_of(task), length))
			return edge[i] ? give(task, edge[i]) : -ENODATA;
	}
	return -ENODATA;
}

static int do_get_attr(struct task *task)
{
	const struct rh_image_key key = {
		.by = RH_KEY_TEXT, .text = data_of(task), .length = task->op->data_len,
	};
	const struct rh_image_record *record = record_of(task);
	uint32_t value;

	if (record->kind != REFHEAP_KIND_INSTANCE)
		return -EOPNOTSUPP;
	if (!rh_image_has_dict(task->image, task->object))
		return get_slot(task, &task->image->type[record->type]);
	if (!rh_image_lookup(task->image, task->object, &key, &value))
		return -ENODATA;
	return give(task, value);
}

static bool is_map(const struct task *task)
{
	unsigned int kind = record_of(task)->kind;

	return is_dict(kind) || is_set(kind) ||
	       (kind == REFHEAP_KIND_INSTANCE && rh_image_has_dict(task->image, task->object));
}

/* What is in a place of a container. Return: whether something is. */
static bool read_place(const struct task *task, uint64_t place, uint32_t *key, uint32_t *value)
{
	const struct rh_image_record *record = record_of(task);

	if (is_map(task))
		return rh_image_entry(task->image, task->object, place, key, value);
	*key = 0;
	*value = rh_image_edges(task->image, task->object)[place];
	if (*value && record->kind == REFHEAP_KIND_INSTANCE)
		*key = rh_image_slot_name(task->image, record->type, place);
	return *value;
}

static uint64_t count_places(const struct task *task)
{
	const struct rh_image_record *record = record_of(task);

	if (record->kind == REFHEAP_KIND_WEAKREF)
		return 0;
	return record->n / rh_image_stride(task->image, task->object);
}

static int do_next(struct task *task)
{
	uint32_t want = task->op->arg ? task->op->arg : 1, key, value;
	uint64_t places, at = task->b;
	struct refheap_entry *entry;

	if (rh_kind_is_leaf(record_of(task)->kind))
		return -EOPNOTSUPP;
	if (want > REFHEAP_MAX_IDS)
		return -E2BIG;
	places = count_places(task);
	for (; at < places && task->result->info < want; at++) {
		if (!read_place(task, at, &key, &value))
			continue;
		entry = output(task, sizeof(*entry));
		if (!entry && task->result->info)
			break;
		if (!entry)
			return -ENOSPC;
		*entry = (struct refheap_entry){
			.key = hold(task, key), .value = hold(task, value),
			.index = is_sequence(record_of(task)->kind) ? at : 0,
		};
		task->result->info++;
	}
	task->result->value = at < places ? at : 0;
	return 0;
}

/* Payload as it is in memory: numbers in the order of the machine. */
static const char *payload(const struct refheap_image *image, uint32_t object,
			   uint64_t *scalar)
{
	if (!rh_image_is_number(image, object))
		return rh_image_payload(image, object);
	*scalar = rh_image_scalar(image, object);
	return (const char *)scalar;
}

static int do_read(struct task *task)
{
	const struct rh_image_record *record = record_of(task);
	uint64_t scalar, n;
	void *out;

	if (!rh_kind_is_leaf(record->kind))
		return -EOPNOTSUPP;
	if (task->b > record->n)
		return -ERANGE;
	n = record->n - task->b;
	if (n > task->op->c)
		n = task->op->c;
	out = output(task, n);
	if (!out)
		return -ENOSPC;
	memcpy(out, payload(task->image, task->object, &scalar) + task->b, n);
	task->result->value = n;
	return 0;
}

static int do_info(struct task *task)
{
	const struct rh_image_record *record = record_of(task);
	struct refheap_info *info = output(task, sizeof(*info));

	if (!info)
		return -ENOSPC;
	*info = (struct refheap_info){
		.id = record->id,
		.sizeof_ = record->sizeof_,
		.length = rh_image_length(task->image, task->object),
		.held = task->saved->held[task->object],
		.kind = record->kind,
		.generation = record->generation,
		.type = record->type,
		.flags = record->flags,
		.weakrefs = task->image->weakrefs[task->object],
	};
	info->refcount = record->refcount + info->held;
	if (rh_image_is_number(task->image, task->object))
		info->value = rh_image_scalar(task->image, task->object);
	if (record->kind == REFHEAP_KIND_WEAKREF)
		info->value = id_of(task, rh_image_referent(task->image, task->object + 1));
	return 0;
}

static int do_type_find(struct task *task)
{
	for (uint32_t i = 1; i <= task->image->types; i++) {
		const char *name = task->image->type[i].name;

		if (strlen(name) == task->op->data_len &&
		    !memcmp(name, data_of(task), task->op->data_len)) {
			task->result->value = i;
			return 0;
		}
	}
	return -ENOENT;
}

static int do_deref(struct task *task)
{
	if (record_of(task)->kind != REFHEAP_KIND_WEAKREF)
		return -EOPNOTSUPP;
	return give(task, rh_image_referent(task->image, task->object + 1));
}

/* Which is the newest is not saved: they come in the order of their slots. */
static int do_weakrefs(struct task *task)
{
	uint32_t want = task->op->arg ? task->op->arg : 1, from = 0;
	const struct refheap_image *image = task->image;
	uint64_t *out;
	int err = task->b ? rh_image_find(image, task->b, &from) : 0;

	if (err)
		return err;
	from += !!task->b;
	task->result->value = image->weakrefs[task->object];
	for (uint32_t i = from; task->result->value && i < image->count; i++) {
		if (task->result->info == want)
			break;
		if (image->record[i].kind != REFHEAP_KIND_WEAKREF ||
		    rh_image_referent(image, i + 1) != task->object + 1)
			continue;
		out = output(task, sizeof(*out));
		if (!out)
			return task->result->info ? 0 : -ENOSPC;
		*out = hold(task, i + 1);
		task->result->info++;
	}
	return 0;
}

/* How much of an object goes into one record, from edge @first on. */
static uint32_t scan_n(const struct task *task, uint32_t object, uint32_t first)
{
	const struct rh_image_record *record = &task->image->record[object];

	if (rh_kind_is_leaf(record->kind))
		return task->op->arg & REFHEAP_SCAN_PAYLOAD &&
		       record->n <= REFHEAP_SCAN_PAYLOAD_MAX ? (uint32_t)record->n : 0;
	if (!(task->op->arg & REFHEAP_SCAN_EDGES))
		return 0;
	return record->n - first < REFHEAP_SCAN_EDGES_MAX ? (uint32_t)(record->n - first) :
							    REFHEAP_SCAN_EDGES_MAX;
}

static void scan_tail(const struct refheap_image *image, uint32_t object,
		      struct refheap_scan *record)
{
	const uint32_t *edge = rh_image_edges(image, object) + record->first;
	uint32_t *slot = (uint32_t *)(record + 1);
	uint64_t scalar;

	if (rh_kind_is_leaf(record->kind)) {
		memcpy(record + 1, payload(image, object, &scalar), record->n);
		return;
	}
	for (uint32_t i = 0; i < record->n; i++)
		slot[i] = edge[i] ? REFHEAP_ID_SLOT(image->record[edge[i] - 1].id) : 0;
}

/* Return: false when there is no room. */
static bool scan_record(struct task *task, uint32_t object, uint32_t first, uint32_t n)
{
	const struct rh_image_record *from = &task->image->record[object];
	uint64_t bytes = rh_kind_is_leaf(from->kind) ? n : n * sizeof(uint32_t);
	struct refheap_scan *record = output(task, sizeof(*record) + rh_padded(bytes));

	if (!record)
		return false;
	memset((char *)record + sizeof(*record) + bytes, 0, rh_padded(bytes) - bytes);
	*record = (struct refheap_scan){
		.id = from->id,
		.changes = 1,
		.sizeof_ = from->sizeof_,
		.length = rh_image_length(task->image, object),
		.refcount = from->refcount,
		.type = from->type,
		.flags = from->flags,
		.first = first,
		.n = n,
		.kind = from->kind,
		.generation = from->generation,
	};
	scan_tail(task->image, object, record);
	task->result->info++;
	return true;
}

/* The cursor is an object and, above it, how many of its edges have been told. */
static int do_scan(struct task *task)
{
	uint32_t object = (uint32_t)task->b, first = (uint32_t)(task->b >> 32), n;

	if (task->op->arg & ~(REFHEAP_SCAN_EDGES | REFHEAP_SCAN_PAYLOAD))
		return -EINVAL;
	while (object < task->image->count) {
		bool leaf = rh_kind_is_leaf(task->image->record[object].kind);

		if (first > task->image->record[object].n)
			return -EINVAL;
		n = scan_n(task, object, first);
		if ((n || !first) && !scan_record(task, object, first, n))
			break;
		first = !leaf && n == REFHEAP_SCAN_EDGES_MAX ? first + n : 0;
		object += !first;
	}
	task->result->value = object < task->image->count ?
			      (uint64_t)first << 32 | object : 0;
	return task->result->value && !task->result->info ? -ENOSPC : 0;
}

static int do_history_read(struct task *task)
{
	(void)task;
	return -ENODATA;
}

static int do_trace_stat(struct task *task)
{
	struct refheap_traced *traced = output(task, sizeof(*traced));

	if (!traced)
		return -ENOSPC;
	*traced = (struct refheap_traced){ 0 };
	return 0;
}

/* What reads; @object: a is one. All else changes something. */
static const struct {
	int (*run)(struct task *task);
	bool object;
} reads[__REFHEAP_OP_MAX] = {
	[REFHEAP_OP_NOP] = { do_nothing, false },
	[REFHEAP_OP_INT] = { do_int, false },
	[REFHEAP_OP_TAKE] = { do_take, true },
	[REFHEAP_OP_DROP] = { do_drop, true },
	[REFHEAP_OP_LEN] = { do_len, true },
	[REFHEAP_OP_GET_INDEX] = { do_get_index, true },
	[REFHEAP_OP_GET_KEY] = { do_get_key, true },
	[REFHEAP_OP_CONTAINS] = { do_contains, true },
	[REFHEAP_OP_GET_ATTR] = { do_get_attr, true },
	[REFHEAP_OP_NEXT] = { do_next, true },
	[REFHEAP_OP_READ] = { do_read, true },
	[REFHEAP_OP_INFO] = { do_info, true },
	[REFHEAP_OP_TYPE_FIND] = { do_type_find, false },
	[REFHEAP_OP_DEREF] = { do_deref, true },
	[REFHEAP_OP_WEAKREFS] = { do_weakrefs, true },
	[REFHEAP_OP_SCAN] = { do_scan, false },
	[REFHEAP_OP_HISTORY_READ] = { do_history_read, true },
	[REFHEAP_OP_TRACE_STAT] = { do_trace_stat, false },
	[REFHEAP_OP_TRACE_OF] = { do_nothing, true },
};

/* What an operand stands for. Return: 0, -EINVAL or -ECANCELED. */
static int operand(const struct task *task, uint16_t flag, uint64_t given, uint64_t *value)
{
	const struct refheap_result *results = (const void *)(uintptr_t)task->batch->results;

	*value = given;
	if (!(task->op->flags & flag))
		return 0;
	if (given >= (uint64_t)(task->result - results))
		return -EINVAL;
	*value = results[given].value;
	return results[given].error ? -ECANCELED : 0;
}

static int execute(struct task *task)
{
	const struct refheap_op *op = task->op;
	int err;

	if (op->code >= __REFHEAP_OP_MAX || !reads[op->code].run)
		return -EROFS;
	if (op->data_off > task->batch->in_len ||
	    op->data_len > task->batch->in_len - op->data_off)
		return -EINVAL;
	err = operand(task, REFHEAP_OPF_A_RESULT, op->a, &task->a);
	if (!err)
		err = operand(task, REFHEAP_OPF_B_RESULT, op->b, &task->b);
	if (!err && reads[op->code].object)
		err = rh_image_find(task->image, task->a, &task->object);
	return err ? err : reads[op->code].run(task);
}

/* What was taken for the time of the batch only. */
static void drop_temporary(struct rh_saved *saved, const struct refheap_batch *batch)
{
	const struct refheap_op *op = (const void *)(uintptr_t)batch->ops;
	const struct refheap_result *result = (const void *)(uintptr_t)batch->results;
	uint32_t object;

	for (uint32_t i = 0; i < batch->done; i++) {
		if (op[i].flags & REFHEAP_OPF_TEMP && !result[i].error && result[i].value &&
		    !rh_image_find(saved->image, result[i].value, &object))
			saved->held[object]--;
	}
}

int rh_saved_batch(struct rh_saved *saved, struct refheap_batch *batch)
{
	const struct refheap_op *ops = (const void *)(uintptr_t)batch->ops;
	struct refheap_result *results = (void *)(uintptr_t)batch->results;
	bool ended = false;

	for (; batch->done < batch->count && !ended; batch->done++) {
		struct task task = {
			.saved = saved, .image = saved->image, .batch = batch,
			.op = &ops[batch->done], .result = &results[batch->done],
		};

		*task.result = (struct refheap_result){ 0 };
		task.result->error = execute(&task);
		ended = task.result->error && !(batch->flags & REFHEAP_BATCH_CONTINUE);
	}
	drop_temporary(saved, batch);
	return 0;
}
